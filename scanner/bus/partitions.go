package bus

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// What one call of a partition's handler takes at most.
const (
	foldMessages = 64
	foldBytes    = 8 << 20
	foldWait     = 50 * time.Millisecond
	maxFoldWait  = time.Second
)

// foldsAtOnce is how many partitions of a process are decoded and handled at a time:
// what is decoded is in memory, and one is enough to keep the store busy while another
// is decoded. What comes for the others gathers, so the busier the store is, the larger
// calls get.
const foldsAtOnce = 2

// gather is how long to wait for more messages before a call. A small scan is
// stored at once; the longer messages flow, the longer it waits, since every call
// has costs of its own in the store.
func gather(flowing time.Duration) time.Duration {
	return max(foldWait, min(flowing/10, maxFoldWait))
}

// Partitions hands the messages of the sink's partitions to h. A partition is
// consumed by one owner at a time, under a lease; partitions of an owner that
// died are taken over when its lease runs out. Owners that are alive share the
// partitions evenly. owner must differ between processes.
//
// h gets up to 64 messages or 8 MiB, or what arrived within 50 ms to 1 s, in any
// order, and is called concurrently for different partitions only, two at a time. All
// are acknowledged after it returned nil. When it fails they are handed over one by
// one, so that a message that cannot be handled is found and given up alone.
// It blocks until ctx ends and the running calls have returned, whose context ends
// Options.Grace later, then returns nil.
func (b *Bus) Partitions(ctx context.Context, owner string, h func(ctx context.Context, partition int, ms []schemas.Message) error) error {
	s := newShare(b, owner)
	if err := s.refresh(ctx); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	var wg sync.WaitGroup
	wg.Go(func() { s.run(ctx) })
	turn := make(chan struct{}, foldsAtOnce)
	for p := range schemas.Partitions {
		wg.Go(func() { b.partition(ctx, s, p, turn, h) })
	}
	wg.Wait()
	return nil
}

// partition takes the lease of one partition whenever it is free and within
// this owner's share, and consumes until the lease or ctx ends.
func (b *Bus) partition(ctx context.Context, s *share, p int, turn chan struct{}, h func(context.Context, int, []schemas.Message) error) {
	work, end := b.Grace(ctx)
	defer end()
	for ctx.Err() == nil {
		if !s.enter() {
			_ = wait(ctx, b.opt.LeaseTTL/10)
			continue
		}
		shed := false
		err := b.Lease(work, fmt.Sprintf("sink.%02d", p), s.owner, func(held context.Context) (err error) {
			shed, err = b.consumePartition(ctx, held, s, p, turn, h)
			return err
		})
		if !shed {
			s.leave()
		}
		switch {
		case err == nil || ctx.Err() != nil:
		case schemas.CodeOf(err) == schemas.CodeConflict:
		default:
			b.log.Warn().Err(err).Int("partition", p).Msg("consume partition")
		}
		_ = wait(ctx, b.opt.LeaseTTL/10)
	}
}

// consumePartition consumes until ctx or the lease's context held ends, or this
// owner gives the partition up to another one, which shed tells.
func (b *Bus) consumePartition(ctx, held context.Context, s *share, p int, turn chan struct{}, h func(context.Context, int, []schemas.Message) error) (shed bool, err error) {
	snapshots, _ := schemas.SinkSnapshots(p)
	verdicts, _ := schemas.SinkVerdicts(p)
	q := newQueue()
	pulling, cancel := context.WithCancel(held)
	defer context.AfterFunc(ctx, cancel)()
	var wg sync.WaitGroup
	// Cancel first, then wait: the pumps end with the context.
	defer wg.Wait()
	defer cancel()
	for stream, durable := range map[string]string{schemas.StreamSnapshots: snapshots, schemas.StreamVerdicts: verdicts} {
		c, err := b.js.Consumer(pulling, stream, durable)
		if err != nil {
			return false, wrap(err, "open consumer", durable)
		}
		wg.Go(func() { b.pump(pulling, c, q) })
	}
	alive := b.keepAlive(q.held)
	defer alive()
	since := time.Now() // when messages began to flow
	for pulling.Err() == nil {
		if shed = s.shed(); shed {
			break
		}
		if !q.gathered(pulling, foldMessages, foldBytes, gather(time.Since(since)), b.opt.LeaseTTL/5) {
			since = time.Now()
			continue
		}
		select {
		case <-pulling.Done():
			continue
		case turn <- struct{}{}:
		}
		if pulling.Err() == nil {
			b.fold(held, p, q.take(foldMessages, foldBytes), h)
			q.done()
		}
		<-turn
	}
	cancel()
	wg.Wait()
	for _, m := range q.held() {
		b.giveBack(m)
	}
	return shed, nil
}

// pumpBatch bounds one pull; with the queue's limits it bounds what a partition
// holds in memory.
const pumpBatch = 16

// pump pulls messages into the queue while there is room.
func (b *Bus) pump(ctx context.Context, c jetstream.Consumer, q *queue) {
	delay := newBackoff(100*time.Millisecond, 5*time.Second)
	for q.room(ctx) {
		pull, cancel := context.WithTimeout(ctx, pullWait)
		batch, err := c.Fetch(pumpBatch, jetstream.FetchContext(pull))
		if err == nil {
			for m := range batch.Messages() {
				q.push(m)
			}
			err = batch.Error()
		}
		err = ignoreEnd(pull, err)
		cancel()
		if err != nil {
			b.log.Warn().Err(err).Msg("pull")
			_ = wait(ctx, delay.next())
			continue
		}
		delay = newBackoff(100*time.Millisecond, 5*time.Second)
	}
}

// fold decodes, calls the handler and settles every message.
func (b *Bus) fold(ctx context.Context, p int, ms []jetstream.Msg, h func(context.Context, int, []schemas.Message) error) {
	good := make([]jetstream.Msg, 0, len(ms))
	decoded := make([]schemas.Message, 0, len(ms))
	for _, m := range ms {
		d, err := b.message(ctx, m)
		if err != nil {
			b.settle(ctx, m, err)
			continue
		}
		good, decoded = append(good, m), append(decoded, d)
	}
	if len(good) == 0 {
		return
	}
	err := protect(func() error { return h(ctx, p, decoded) })
	if err == nil || ctx.Err() != nil || len(good) == 1 || outage(err) {
		for _, m := range good {
			b.settle(ctx, m, err)
		}
		return
	}
	b.log.Warn().Err(err).Int("partition", p).Int("messages", len(good)).Msg("handling failed, trying one by one")
	for i, m := range good {
		err := ctx.Err()
		if err == nil {
			err = protect(func() error { return h(ctx, p, decoded[i:i+1]) })
		}
		b.settle(ctx, m, err)
	}
}

// outage tells whether a dependency is to blame, not a message: then trying one
// by one would only multiply the time outs.
func outage(err error) bool {
	c := schemas.CodeOf(err)
	return c == schemas.CodeUnavailable || c == schemas.CodeThrottled
}
