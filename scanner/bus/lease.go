package bus

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// Lease runs fn while this owner holds the lease on key, then gives it back.
// It returns CodeConflict at once when another owner holds it. fn's context
// ends when the lease can no longer be trusted; Lease then returns CodeFenced
// after fn has returned.
//
// A lease that is not renewed disappears at the server after Options.LeaseTTL.
// It is trusted here for three quarters of that since the last renewal was
// sent, so a holder that was paused stops before another one starts, as far as
// clocks run at the same speed. What fn writes must still be fenced or
// idempotent.
func (b *Bus) Lease(ctx context.Context, key, owner string, fn func(ctx context.Context) error) error {
	kv, err := b.kv(ctx, schemas.BucketLeases)
	if err != nil {
		return err
	}
	// The random part keeps two holders apart that were given one name. The
	// real clock is right here: the window is a duration, and monotonic.
	value := owner + " " + rand.Text()
	sent := time.Now()
	rev, err := kv.Create(ctx, key, []byte(value))
	if err != nil {
		return wrap(err, "take lease", key)
	}
	held, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	l := &lease{kv: kv, key: key, value: value, ttl: b.opt.LeaseTTL, rev: rev, trusted: sent}
	renewed := make(chan struct{})
	go func() {
		defer close(renewed)
		l.keep(held, cancel)
	}()
	err = fn(held)
	lost := errors.Is(context.Cause(held), errLeaseLost)
	cancel(nil)
	<-renewed
	if lost {
		return errLeaseLost
	}
	l.release(ctx)
	return err
}

var errLeaseLost = &schemas.Error{Code: schemas.CodeFenced, Message: "the lease was lost"}

type lease struct {
	kv         jetstream.KeyValue
	key, value string
	ttl        time.Duration
	rev        uint64
	trusted    time.Time // when the last successful renewal was sent
}

// keep renews until ctx ends, or cancels it when the lease can no longer be
// trusted: then, and not at the next renewal.
func (l *lease) keep(ctx context.Context, cancel context.CancelCauseFunc) {
	t := time.NewTicker(l.ttl / 5)
	defer t.Stop()
	end := time.NewTimer(time.Until(l.end()))
	defer end.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-end.C:
			cancel(errLeaseLost)
			return
		case <-t.C:
			if !l.renew(ctx) {
				cancel(errLeaseLost)
				return
			}
			end.Reset(time.Until(l.end()))
		}
	}
}

// end is until when the lease is trusted.
func (l *lease) end() time.Time { return l.trusted.Add(l.ttl * 3 / 4) }

// renew tells whether the lease may still be trusted. A renewal that got no
// answer is repeated while the trust window lasts.
func (l *lease) renew(ctx context.Context) bool {
	end := l.end()
	sent := time.Now()
	if !sent.Before(end) {
		return false
	}
	try, cancel := context.WithDeadline(ctx, end)
	defer cancel()
	rev, err := l.kv.Update(try, l.key, []byte(l.value), l.rev)
	if err == nil {
		l.rev, l.trusted = rev, sent
		return true
	}
	if codeOf(err) == schemas.CodeConflict {
		return l.reread(try, end)
	}
	return time.Now().Before(end)
}

// reread settles a conflict: an earlier renewal whose answer was lost may have
// moved the revision while the lease is still ours.
func (l *lease) reread(ctx context.Context, end time.Time) bool {
	e, err := l.kv.Get(ctx, l.key)
	if err != nil || string(e.Value()) != l.value {
		return false
	}
	// trusted stays where it was: when that renewal was sent is not known.
	l.rev = e.Revision()
	return time.Now().Before(end)
}

// release gives the lease back even when ctx has ended, so that a clean
// shutdown hands over at once.
func (l *lease) release(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	// An error only means that the next owner waits for the TTL.
	_ = l.kv.Delete(ctx, l.key, jetstream.LastRevision(l.rev))
}

// ClearLeases drops every lease. Only for a process that has the server to
// itself, as with the embedded one: what is left there is of a process that died.
func (b *Bus) ClearLeases(ctx context.Context) error {
	s, err := b.js.Stream(ctx, "KV_"+schemas.BucketLeases)
	if err != nil {
		return wrap(err, "open bucket", schemas.BucketLeases)
	}
	if err := s.Purge(ctx); err != nil {
		return wrap(err, "clear bucket", schemas.BucketLeases)
	}
	return nil
}
