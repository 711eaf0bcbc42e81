package bus

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/errgroup"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// Units hands units to h, at most parallel at a time, until ctx ends; it then
// waits for the running handlers, whose context ends Options.Grace later. A unit is
// acknowledged after h returned nil, and given back when h was interrupted.
// While h runs the server is told that it is alive. Units of one account and region are
// read by one process at a time; another that is given one puts it off, as is one that
// would take more handlers than its account's or service's part while others wait. It returns nil when ctx
// ended and an error only when the consumer cannot be used at all.
func (b *Bus) Units(ctx context.Context, parallel int, h func(ctx context.Context, u schemas.Unit) error) error {
	turns := newTurns(b, parallel)
	return b.each(ctx, schemas.StreamUnits, schemas.ConsumerDiscovery, parallel, func(ctx context.Context, m jetstream.Msg) error {
		var u schemas.Unit
		if err := b.decode(ctx, m, &u); err != nil {
			return err
		}
		if untilDue(m) > 0 {
			return errElsewhere
		}
		return turns.with(ctx, u, func() error {
			return b.budgets.with(ctx, u, func(ctx context.Context) error { return h(ctx, u) })
		})
	})
}

// Snapshots hands snapshot batches, re-judgements among them, to h. See Units.
func (b *Bus) Snapshots(ctx context.Context, parallel int, h func(ctx context.Context, s *schemas.SnapshotBatch) error) error {
	return b.each(ctx, schemas.StreamSnapshots, schemas.ConsumerEvaluator, parallel, func(ctx context.Context, m jetstream.Msg) error {
		s := new(schemas.SnapshotBatch)
		if err := b.decode(ctx, m, s); err != nil {
			return err
		}
		return h(ctx, s)
	})
}

type handler func(ctx context.Context, m jetstream.Msg) error

// each runs parallel loops that pull one message at a time: nothing waits in a
// buffer of this process while another process is idle.
func (b *Bus) each(ctx context.Context, stream, durable string, parallel int, h handler) error {
	c, err := b.js.Consumer(ctx, stream, durable)
	if err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return wrap(err, "open consumer", durable)
	}
	work, end := b.Grace(ctx)
	defer end()
	var g errgroup.Group
	for range max(parallel, 1) {
		g.Go(func() error {
			b.pullOne(ctx, work, c, h)
			return nil
		})
	}
	return g.Wait()
}

// pullWait is how long one pull request stays open.
const pullWait = 5 * time.Second

// pullOne pulls until ctx ends; what it pulled is handled under work.
func (b *Bus) pullOne(ctx, work context.Context, c jetstream.Consumer, h handler) {
	delay := newBackoff(100*time.Millisecond, 5*time.Second)
	for ctx.Err() == nil {
		m, err := next(ctx, c)
		if err != nil {
			b.log.Warn().Err(err).Msg("pull")
			if wait(ctx, delay.next()) != nil {
				return
			}
			continue
		}
		delay = newBackoff(100*time.Millisecond, 5*time.Second)
		switch {
		case m == nil:
		case ctx.Err() != nil:
			b.giveBack(m)
		default:
			b.handleOne(work, m, h)
		}
	}
}

// next pulls one message; nil without an error when there is none yet.
func next(ctx context.Context, c jetstream.Consumer) (jetstream.Msg, error) {
	pull, cancel := context.WithTimeout(ctx, pullWait)
	defer cancel()
	batch, err := c.Fetch(1, jetstream.FetchContext(pull))
	if err != nil {
		return nil, ignoreEnd(pull, err)
	}
	for m := range batch.Messages() {
		return m, nil
	}
	return nil, ignoreEnd(pull, batch.Error())
}

func ignoreEnd(ctx context.Context, err error) error {
	if err == nil || ctx.Err() != nil || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, jetstream.ErrNoMessages) {
		return nil
	}
	return err
}

// handleOne runs h with signs of life and settles the message. ctx is
// passed on: a handler is expected to stop when ctx ends.
//
// A message that was delivered more often than any error allows ended the process
// that handled it, time and again: it is given up before it does so once more.
func (b *Bus) handleOne(ctx context.Context, m jetstream.Msg, h handler) {
	if n := deliveryOf(m); n > maxOutage {
		b.bury(ctx, m, schemas.Errorf(schemas.CodeInternal, "handled %d times without an end: it may have ended the process, out of memory perhaps", n-1), n)
		return
	}
	alive := b.keepAlive(func() []jetstream.Msg { return []jetstream.Msg{m} })
	err := protect(func() error { return h(ctx, m) })
	alive()
	b.settle(ctx, m, err)
}

// keepAlive tells the server every third of AckWait that messages are being
// worked on, until the returned function is called.
func (b *Bus) keepAlive(held func() []jetstream.Msg) (stop func()) {
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		t := time.NewTicker(b.opt.AckWait / 3)
		defer t.Stop()
		for {
			select {
			case <-done:
				return
			case <-t.C:
				for _, m := range held() {
					if err := m.InProgress(); !errors.Is(err, jetstream.ErrMsgAlreadyAckd) { // it ended meanwhile
						b.note(m, err, "report progress")
					}
				}
			}
		}
	})
	return func() {
		close(done)
		wg.Wait()
	}
}

// protect turns a panic of a handler into an error: one poison message must not
// stop the work on all the others.
func protect(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = schemas.Errorf(schemas.CodeInternal, "handler panicked: %s", fmt.Sprint(r))
		}
	}()
	return f()
}
