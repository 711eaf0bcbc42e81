package bus

import (
	"context"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// QueuedUnits are the units of an account that have been asked for and not
// finished, whether they wait or are being read.
func (b *Bus) QueuedUnits(ctx context.Context, a schemas.AccountID) (map[schemas.UnitKey]bool, error) {
	s, err := b.js.Stream(ctx, schemas.StreamUnits)
	if err != nil {
		return nil, wrap(err, "open stream", schemas.StreamUnits)
	}
	info, err := s.Info(ctx, jetstream.WithSubjectFilter(unitsOf(a)))
	if err != nil {
		return nil, wrap(err, "count units of", string(a))
	}
	out := map[schemas.UnitKey]bool{}
	for subject, n := range info.State.Subjects {
		p := strings.Split(subject, ".")
		if len(p) == 4 && n > 0 {
			out[schemas.UnitKey{Region: p[2], Service: p[3]}] = true
		}
	}
	return out, nil
}

// PurgeUnits takes back the units of an account that were asked for. A worker
// that has begun one is not interrupted by this.
func (b *Bus) PurgeUnits(ctx context.Context, a schemas.AccountID) error {
	s, err := b.js.Stream(ctx, schemas.StreamUnits)
	if err != nil {
		return wrap(err, "open stream", schemas.StreamUnits)
	}
	if err := s.Purge(ctx, jetstream.WithPurgeSubject(unitsOf(a))); err != nil {
		return wrap(err, "purge units of", string(a))
	}
	return nil
}

func unitsOf(a schemas.AccountID) string { return "units." + string(a) + ".>" }

func isIdle(info *jetstream.ConsumerInfo) bool {
	return info.NumPending == 0 && info.NumAckPending == 0
}

func (b *Bus) consumerInfo(ctx context.Context, d durable) (*jetstream.ConsumerInfo, error) {
	c, err := b.js.Consumer(ctx, d.stream, d.name)
	if err != nil {
		return nil, wrap(err, "open consumer", d.name)
	}
	info, err := c.Info(ctx)
	if err != nil {
		return nil, wrap(err, "ask consumer", d.name)
	}
	return info, nil
}

// Queue is a stream with what waits in it.
type Queue struct {
	Stream   string
	Messages uint64
	Bytes    uint64
	Limit    uint64 // bytes; a full work stream is back-pressure
	// Oldest is when the oldest message was published; zero in an empty stream.
	Oldest    time.Time
	Consumers []QueueConsumer
}

// QueueConsumer is a durable consumer of a stream.
type QueueConsumer struct {
	Name    string
	Waiting uint64 // messages that nobody has been given yet
	InHand  uint64 // messages that were given out and not settled
}

// Queues looks at every stream. On a cluster the counters may lag behind.
func (b *Bus) Queues(ctx context.Context) ([]Queue, error) {
	var out []Queue
	for _, c := range b.streams() {
		s, err := b.js.Stream(ctx, c.Name) // with fresh information
		if err != nil {
			return nil, wrap(err, "open stream", c.Name)
		}
		state := s.CachedInfo().State
		q := Queue{Stream: c.Name, Messages: state.Msgs, Bytes: state.Bytes, Limit: uint64(c.MaxBytes), Oldest: state.FirstTime}
		list := s.ListConsumers(ctx)
		for info := range list.Info() {
			if info.Config.Durable != "" {
				q.Consumers = append(q.Consumers, QueueConsumer{info.Name, info.NumPending, uint64(info.NumAckPending)})
			}
		}
		if err := list.Err(); err != nil {
			return nil, wrap(err, "list consumers of", c.Name)
		}
		out = append(out, q)
	}
	return out, nil
}

// Ping asks the server for an answer: CodeUnavailable without one.
func (b *Bus) Ping(ctx context.Context) error {
	if err := b.nc.FlushWithContext(ctx); err != nil {
		return schemas.Errorf(schemas.CodeUnavailable, "NATS at %s does not answer: %w", b.opt.where(), err)
	}
	return nil
}
