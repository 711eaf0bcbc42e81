package bus

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// budgets are the leases of this process on account-regions. A cloud counts calls per
// account and region: while one process reads units of one, with one limiter for all of
// them, no other reads it. Any number of handlers of this process share a lease; it is
// given back with the last of them.
type budgets struct {
	b *Bus

	mu   sync.Mutex
	held map[string]*budget
}

// budget is one lease. taken is closed when it is known whether it was had.
type budget struct {
	users int
	taken chan struct{}
	err   error           // that it was not had
	ctx   context.Context // ends when it is lost
	done  chan struct{}   // closed with the last user
	over  chan struct{}   // closed when it has been given back
}

// errElsewhere is not a failure: the unit is for the process that holds its budget.
var errElsewhere = errors.New("another process reads this account and region")

// with runs fn while this process holds the budget of a unit. It returns errElsewhere at
// once when another one does, and when fn failed after the lease was lost, with which its
// context ends.
func (s *budgets) with(ctx context.Context, u schemas.Unit, fn func(context.Context) error) error {
	key := "budget." + string(u.Account.ID) + "." + u.Unit.Region
	g, err := s.join(ctx, key)
	if err != nil {
		return err
	}
	defer s.leave(g)
	select {
	case <-g.taken:
	case <-ctx.Done():
		return ctx.Err()
	}
	switch {
	case g.err == nil:
	case schemas.CodeOf(g.err) == schemas.CodeConflict:
		return errElsewhere
	default:
		return g.err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stop := context.AfterFunc(g.ctx, func() { cancel(context.Cause(g.ctx)) })
	defer stop()
	err = fn(ctx)
	if err != nil && g.ctx.Err() != nil {
		return errElsewhere // it failed of the lost lease: nobody has read the unit yet
	}
	return err
}

// join is the budget that is held or being taken, with one user more. One that is being
// given back is waited for.
func (s *budgets) join(ctx context.Context, key string) (*budget, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		g, ok := s.held[key]
		if !ok {
			break
		}
		if g.users > 0 {
			g.users++
			return g, nil
		}
		s.mu.Unlock()
		select {
		case <-g.over:
		case <-ctx.Done():
		}
		s.mu.Lock()
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	g := &budget{users: 1, taken: make(chan struct{}), done: make(chan struct{}), over: make(chan struct{})}
	s.held[key] = g
	// Of all users, not of the first: it ends when the last one leaves.
	go s.hold(context.WithoutCancel(ctx), key, g)
	return g, nil
}

func (s *budgets) hold(ctx context.Context, key string, g *budget) {
	defer func() {
		s.forget(key, g)
		close(g.over)
	}()
	had := false
	err := s.b.Lease(ctx, key, s.b.opt.Name, func(ctx context.Context) error {
		had, g.ctx = true, ctx
		close(g.taken)
		select {
		case <-g.done:
		case <-ctx.Done(): // lost: who comes now has to take it anew
			s.forget(key, g)
		}
		return nil
	})
	if !had {
		g.err = err
		close(g.taken)
	}
}

// leave ends the budget with its last user, and waits until it has been given back:
// whoever asks next may be another process.
func (s *budgets) leave(g *budget) {
	s.mu.Lock()
	g.users--
	last := g.users == 0
	s.mu.Unlock()
	if last {
		close(g.done)
		<-g.over
	}
}

func (s *budgets) forget(key string, g *budget) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.held[key] == g {
		delete(s.held, key)
	}
}

// maxDeferred is how often in a row a delivery is put off before the message is published
// anew: deliveries count towards giving a message up, and this one has not failed.
const maxDeferred = maxDeliveries / 2

// putOffDelay is how long a unit is put off that is not due later.
func (b *Bus) putOffDelay() time.Duration { return b.opt.RetryDelay / 2 }

// putOff has a message delivered again a little later, or when it is due, to whichever process.
func (b *Bus) putOff(ctx context.Context, m jetstream.Msg) {
	delay := max(b.putOffDelay(), untilDue(m))
	if deliveryOf(m) < maxDeferred {
		b.note(m, m.NakWithDelay(delay), "put off")
		b.settled(m, Deferred)
		return
	}
	again := &nats.Msg{Subject: m.Subject(), Header: carried(m.Headers()), Data: m.Data()}
	if _, err := b.js.PublishMsg(ctx, again); err != nil {
		b.note(m, m.NakWithDelay(delay), "put off")
	} else {
		b.note(m, m.Ack(), "ack")
	}
	b.settled(m, Deferred)
}
