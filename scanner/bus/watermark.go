package bus

import (
	"context"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// idlePolls is how many polls in a row must find a consumer idle before that is
// believed: in a cluster its counters may lag behind.
const idlePolls = 3

// Watermark notes what was published up to now. What it returns tells whether all of that
// which is of the account has been judged and stored, however much of it and of others was
// published since: it comes true also where it is never quiet. A true answer is certain, a
// false one is not. It is to be asked again until then, and not concurrently.
func (b *Bus) Watermark(ctx context.Context, a schemas.AccountID) (passed func(context.Context) (bool, error), err error) {
	snapshots, _ := schemas.SinkSnapshots(schemas.Partition(a))
	verdicts, _ := schemas.SinkVerdicts(schemas.Partition(a))
	last, err := b.lastSeq(ctx, schemas.StreamSnapshots)
	if err != nil {
		return nil, err
	}
	// In the order of the flow: what leaves the evaluators is in the next stream before it
	// is acknowledged.
	left := []*level{
		{durable: durable{stream: schemas.StreamSnapshots, name: schemas.ConsumerEvaluator}, seq: last, noted: true},
		{durable: durable{stream: schemas.StreamSnapshots, name: snapshots}, seq: last, noted: true},
		{durable: durable{stream: schemas.StreamVerdicts, name: verdicts}},
	}
	return func(ctx context.Context) (bool, error) {
		for len(left) > 0 {
			if through, err := b.through(ctx, left[0]); err != nil || !through {
				return false, err
			}
			left = left[1:]
		}
		return true, nil
	}, nil
}

// level is how far a consumer has to come.
type level struct {
	durable
	seq   uint64 // of its stream
	noted bool
	idle  int // polls in a row
}

// through tells whether a consumer has settled everything up to a level. Where it has been
// sent all that there is for it, it will not come as far as what others are sent.
func (b *Bus) through(ctx context.Context, l *level) (bool, error) {
	if !l.noted {
		seq, err := b.lastSeq(ctx, l.stream)
		if err != nil {
			return false, err
		}
		l.seq, l.noted = seq, true
	}
	info, err := b.consumerInfo(ctx, l.durable)
	if err != nil {
		return false, err
	}
	if l.idle++; !isIdle(info) {
		l.idle = 0
	}
	return info.AckFloor.Stream >= l.seq || l.idle >= idlePolls, nil
}

// lastSeq is that of the newest message which a stream was given.
func (b *Bus) lastSeq(ctx context.Context, stream string) (uint64, error) {
	s, err := b.js.Stream(ctx, stream) // with fresh information
	if err != nil {
		return 0, wrap(err, "open stream", stream)
	}
	return s.CachedInfo().State.LastSeq, nil
}
