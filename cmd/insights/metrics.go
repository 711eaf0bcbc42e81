package main

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/insights-scanner/insights-scanner/discovery"
	"github.com/insights-scanner/insights-scanner/evaluator"
	"github.com/insights-scanner/insights-scanner/scanner/bus"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// metrics is what this process counts, in a registry of its own. The packages
// know nothing of it: they call the methods, or are wrapped. docs/operations.md
// says what each means; a test holds one against the other.
type metrics struct {
	registry *prometheus.Registry

	deliveries   *prometheus.CounterVec
	units        *prometheus.CounterVec
	resources    *prometheus.CounterVec
	verdicts     *prometheus.CounterVec
	insertRows   *prometheus.HistogramVec
	insertTime   *prometheus.HistogramVec
	calls        *prometheus.CounterVec
	throttles    *prometheus.CounterVec
	loads        *prometheus.HistogramVec
	evaluations  *prometheus.HistogramVec
	scans        *prometheus.HistogramVec
	requests     *prometheus.CounterVec
	requestTimes *prometheus.HistogramVec
}

func newMetrics() *metrics {
	m := &metrics{registry: prometheus.NewRegistry()}
	m.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	build := m.gauge("insights_build_info", "Always 1; the label says which version runs.", "version")
	build.WithLabelValues(version).Set(1)

	m.deliveries = m.counter("insights_deliveries_total", "Messages this process was given, by consumer and what became of them.", "consumer", "fate")
	m.units = m.counter("insights_units_total", "Attempts at reading a unit, by service and outcome.", "service", "outcome")
	m.resources = m.counter("insights_resources_total", "Resources seen, by service and whether they were new or changed, unchanged, or gone.", "service", "kind")
	m.verdicts = m.counter("insights_verdicts_total", "Outcomes of a policy on a resource, by pack.", "pack", "outcome")
	m.insertRows = m.histogram("insights_sink_insert_rows", "Rows of an insert, by table.", prometheus.ExponentialBuckets(1, 4, 9), "table")
	m.insertTime = m.histogram("insights_sink_insert_duration_seconds", "Duration of an insert, by table.", prometheus.DefBuckets, "table")
	m.calls = m.counter("insights_aws_calls_total", "Attempts to call the AWS API, repeated ones too.", "service", "operation")
	m.throttles = m.counter("insights_aws_throttles_total", "Attempts that AWS throttled.", "service", "operation")
	m.loads = m.histogram("insights_engine_load_duration_seconds", "Duration of loading a pack, by runtime.",
		[]float64{.01, .05, .1, .5, 1, 5, 10, 30, 60}, "runtime")
	m.evaluations = m.histogram("insights_engine_evaluation_duration_seconds", "Duration of judging one resource by one pack, by runtime.",
		[]float64{.0001, .0005, .001, .005, .01, .05, .1, .5, 1, 5, 30}, "runtime")
	m.scans = m.histogram("insights_scan_duration_seconds", "Duration of a scan, by the state in which it ended.",
		[]float64{1, 5, 15, 60, 300, 900, 1800, 3600, 7200, 14400, 43200}, "state")
	m.requests = m.counter("insights_api_requests_total", "Requests of the HTTP API, by route and status.", "route", "status")
	m.requestTimes = m.histogram("insights_api_request_duration_seconds", "Duration of requests of the HTTP API, by route.", prometheus.DefBuckets, "route")
	m.begin()
	return m
}

// begin shows series of which the first event must not be missed at 0: Prometheus
// sees no increase in a series that appears.
func (m *metrics) begin() {
	snapshots, _ := schemas.SinkSnapshots(0)
	verdicts, _ := schemas.SinkVerdicts(0)
	for _, c := range []string{schemas.ConsumerDiscovery, schemas.ConsumerEvaluator, snapshots, verdicts} {
		for _, f := range []bus.Fate{bus.Acked, bus.Superseded, bus.Retried, bus.Deferred, bus.GivenBack, bus.DeadLetter} {
			m.deliveries.WithLabelValues(consumerLabel(c), string(f))
		}
	}
	for _, s := range []schemas.ScanState{schemas.ScanSucceeded, schemas.ScanPartial, schemas.ScanFailed, schemas.ScanCancelled} {
		m.scans.WithLabelValues(string(s))
	}
}

func (m *metrics) counter(name, help string, labels ...string) *prometheus.CounterVec {
	v := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	m.registry.MustRegister(v)
	return v
}

func (m *metrics) gauge(name, help string, labels ...string) *prometheus.GaugeVec {
	v := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, labels)
	m.registry.MustRegister(v)
	return v
}

func (m *metrics) histogram(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	v := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, labels)
	m.registry.MustRegister(v)
	return v
}

// consumerLabel takes the sink's partitions together.
func consumerLabel(consumer string) string { return strings.TrimRight(consumer, "-0123456789") }

func (m *metrics) settled(consumer string, fate bus.Fate) {
	m.deliveries.WithLabelValues(consumerLabel(consumer), string(fate)).Inc()
}

func (m *metrics) inserted(table string, rows int, took time.Duration) {
	m.insertRows.WithLabelValues(table).Observe(float64(rows))
	m.insertTime.WithLabelValues(table).Observe(took.Seconds())
}

func (m *metrics) called(service, operation string, throttled bool) {
	m.calls.WithLabelValues(service, operation).Inc()
	throttles := m.throttles.WithLabelValues(service, operation) // from 0 on: see begin
	if throttled {
		throttles.Inc()
	}
}

func (m *metrics) loaded(r schemas.Runtime, took time.Duration) {
	m.loads.WithLabelValues(string(r)).Observe(took.Seconds())
}

func (m *metrics) evaluated(r schemas.Runtime, took time.Duration) {
	m.evaluations.WithLabelValues(string(r)).Observe(took.Seconds())
}

func (m *metrics) scanEnded(s schemas.Scan) {
	m.scans.WithLabelValues(string(s.State)).Observe(s.EndedAt.Sub(s.StartedAt).Seconds())
}

func (m *metrics) answered(route string, status int, took time.Duration) {
	m.requests.WithLabelValues(route, strconv.Itoa(status)).Inc()
	m.requestTimes.WithLabelValues(route).Observe(took.Seconds())
}

// attempted counts the attempts that end in an error, and are repeated.
func (m *metrics) attempted(h func(context.Context, schemas.Unit) error) func(context.Context, schemas.Unit) error {
	return func(ctx context.Context, u schemas.Unit) error {
		err := h(ctx, u)
		if err != nil {
			m.units.WithLabelValues(u.Unit.Service, "error").Inc()
		}
		return err
	}
}

// countedSnapshots counts what a discovery worker publishes.
type countedSnapshots struct {
	discovery.Publisher
	m *metrics
}

func (c countedSnapshots) PublishBatch(ctx context.Context, b *schemas.SnapshotBatch) error {
	err := c.Publisher.PublishBatch(ctx, b)
	if err == nil {
		for kind, n := range map[string]int{"changed": len(b.Resources), "unchanged": len(b.Unchanged), "gone": len(b.Gone)} {
			c.m.resources.WithLabelValues(b.Unit.Service, kind).Add(float64(n))
		}
	}
	return err
}

func (c countedSnapshots) PublishEnd(ctx context.Context, e *schemas.UnitEnd) error {
	err := c.Publisher.PublishEnd(ctx, e)
	if err == nil {
		c.m.units.WithLabelValues(e.Unit.Service, unitOutcome(e)).Inc()
	}
	return err
}

// unitOutcome is complete, partial (some scopes), failed (no scope) or cancelled.
// A unit of single resources has no scope: it is complete when all could be read.
func unitOutcome(e *schemas.UnitEnd) string {
	if d := e.Direct; d != nil {
		switch {
		case d.Failure == "":
			return "complete"
		case len(d.Read) > 0:
			return "partial"
		default:
			return "failed"
		}
	}
	complete := 0
	for _, s := range e.Scopes {
		if s.State == schemas.ScopeComplete || s.State == schemas.ScopeUnsupported {
			complete++
		}
	}
	switch {
	case len(e.Scopes) == 0:
		return "cancelled"
	case complete == len(e.Scopes):
		return "complete"
	case complete > 0:
		return "partial"
	default:
		return "failed"
	}
}

// countedVerdicts counts what an evaluator publishes.
type countedVerdicts struct {
	evaluator.Publisher
	m *metrics
}

func (c countedVerdicts) PublishVerdicts(ctx context.Context, b *schemas.VerdictBatch) error {
	if err := c.Publisher.PublishVerdicts(ctx, b); err != nil {
		return err
	}
	for i, p := range b.Packs {
		counts := map[schemas.Outcome]int{schemas.Errored: 0} // see begin
		for _, v := range b.Verdicts {
			v.Packs[i].Count(counts)
		}
		for o, n := range counts {
			c.m.verdicts.WithLabelValues(p.Pack, string(o)).Add(float64(n))
		}
	}
	return nil
}
