package main

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/insights-scanner/insights-scanner/scanner/bus"
)

// queues is a collector that looks at the streams whenever it is asked. All
// processes would say the same, so only those with the control role have it.
type queues struct {
	look func(context.Context) ([]bus.Queue, error)
	now  func() time.Time

	messages, bytes, limit, oldest, waiting, inHand *prometheus.Desc
}

func newQueues(look func(context.Context) ([]bus.Queue, error), now func() time.Time) *queues {
	perStream, perConsumer := []string{"stream"}, []string{"stream", "consumer"}
	return &queues{
		look: look, now: now,
		messages: prometheus.NewDesc("insights_queue_messages", "Messages in a stream.", perStream, nil),
		bytes:    prometheus.NewDesc("insights_queue_bytes", "Bytes in a stream.", perStream, nil),
		limit:    prometheus.NewDesc("insights_queue_limit_bytes", "Bytes at which a stream is full.", perStream, nil),
		oldest:   prometheus.NewDesc("insights_queue_oldest_age_seconds", "Age of the oldest message in a stream; 0 when there is none.", perStream, nil),
		waiting:  prometheus.NewDesc("insights_consumer_waiting_messages", "Messages that no process has been given yet.", perConsumer, nil),
		inHand:   prometheus.NewDesc("insights_consumer_in_hand_messages", "Messages that a process was given and has not settled.", perConsumer, nil),
	}
}

// Describe implements prometheus.Collector.
func (q *queues) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{q.messages, q.bytes, q.limit, q.oldest, q.waiting, q.inHand} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (q *queues) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), checkTimeout)
	defer cancel()
	list, err := q.look(ctx)
	if err != nil {
		ch <- prometheus.NewInvalidMetric(q.messages, err)
		return
	}
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	for _, s := range list {
		age := 0.0
		if !s.Oldest.IsZero() {
			age = max(q.now().Sub(s.Oldest).Seconds(), 0)
		}
		gauge(q.messages, float64(s.Messages), s.Stream)
		gauge(q.bytes, float64(s.Bytes), s.Stream)
		gauge(q.limit, float64(s.Limit), s.Stream)
		gauge(q.oldest, age, s.Stream)
		for _, c := range s.Consumers {
			gauge(q.waiting, float64(c.Waiting), s.Stream, c.Name)
			gauge(q.inHand, float64(c.InHand), s.Stream, c.Name)
		}
	}
}
