package bus

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/insights-scanner/insights-scanner/schemas"
)

const memberPrefix = "member.sink."

// share spreads the partitions evenly: every owner keeps a member key alive and
// holds at most its even part of the partitions.
type share struct {
	b     *Bus
	owner string

	mu    sync.Mutex
	limit int
	held  int
}

func newShare(b *Bus, owner string) *share {
	return &share{b: b, owner: owner, limit: schemas.Partitions}
}

func (s *share) run(ctx context.Context) {
	t := time.NewTicker(s.b.opt.LeaseTTL / 3)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			s.withdraw(ctx)
			return
		case <-t.C:
			if err := s.refresh(ctx); err != nil && ctx.Err() == nil {
				s.b.log.Warn().Err(err).Msg("count sink members")
			}
		}
	}
}

// refresh keeps the member key alive and counts the members.
func (s *share) refresh(ctx context.Context) error {
	kv, err := s.b.kv(ctx, schemas.BucketLeases)
	if err != nil {
		return err
	}
	if _, err := kv.Put(ctx, s.key(), nil); err != nil {
		return wrap(err, "announce", s.owner)
	}
	w, err := kv.Watch(ctx, memberPrefix+">", jetstream.IgnoreDeletes(), jetstream.MetaOnly())
	if err != nil {
		return wrap(err, "list members of", "sink")
	}
	defer func() { _ = w.Stop() }()
	members := 0
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case e, ok := <-w.Updates():
			if !ok || e == nil {
				s.set(members)
				return nil
			}
			members++
		}
	}
}

func (s *share) set(members int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	members = max(members, 1)
	s.limit = (schemas.Partitions + members - 1) / members
}

func (s *share) withdraw(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	if kv, err := s.b.kv(ctx, schemas.BucketLeases); err == nil {
		// An error only means that the others wait for the TTL.
		_ = kv.Delete(ctx, s.key())
	}
}

// key maps characters that a key may not have to dashes.
func (s *share) key() string {
	return memberPrefix + strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' {
			return r
		}
		return '-'
	}, s.owner)
}

// enter reserves a place within the limit.
func (s *share) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.held >= s.limit {
		return false
	}
	s.held++
	return true
}

func (s *share) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held--
}

// shed gives up one place when this owner holds more than its part, as after
// another one has joined, and tells whether it did; leave is then not called.
func (s *share) shed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.held <= s.limit {
		return false
	}
	s.held--
	return true
}
