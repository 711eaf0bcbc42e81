package bus

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// turns shares the handlers of a process among the accounts and services that wait. A
// unit may take hours, and those of a big account or service come many in a row: left to
// their order they would hold every handler. While others wait, an account has its even
// part of the handlers, and of that a service leaves one to the account's other services.
// When nobody else waits, everything may be had.
type turns struct {
	b        *Bus
	parallel int

	mu   sync.Mutex
	held map[turn]int

	asking sync.Mutex // held while the server is asked: all who ask get one answer
	queued []turn     // of all units that were not settled then
	asked  time.Time
}

type turn struct {
	account schemas.AccountID
	unit    schemas.UnitKey
}

// errNotNow is not a failure: others wait for the handler.
var errNotNow = errors.New("other accounts or services wait")

func newTurns(b *Bus, parallel int) *turns {
	return &turns{b: b, parallel: max(parallel, 1), held: map[turn]int{}}
}

// with runs fn unless others have a better right to the handler: then it returns errNotNow.
func (s *turns) with(ctx context.Context, u schemas.Unit, fn func() error) error {
	t := turn{u.Account.ID, u.Unit}
	ofAccount, ofService := s.enter(t)
	defer s.leave(t)
	if ofAccount > 0 {
		accounts, services, err := s.waiting(ctx, t)
		if err != nil {
			return err
		}
		mine := (s.parallel + accounts) / (accounts + 1) // rounded up: no handler is left over
		if ofAccount >= mine || services > 0 && ofService >= max(mine-1, 1) {
			return errNotNow
		}
	}
	return fn()
}

// enter notes a unit and tells how many others of its account, and of its service in the
// account, came before.
func (s *turns) enter(t turn) (ofAccount, ofService int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for h, n := range s.held {
		if h.account == t.account {
			ofAccount += n
			if h.unit.Service == t.unit.Service {
				ofService += n
			}
		}
	}
	s.held[t]++
	return ofAccount, ofService
}

func (s *turns) leave(t turn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.held[t]--; s.held[t] == 0 {
		delete(s.held, t)
	}
}

// waiting counts the other accounts, and the other services of the account, with units
// that this process has not in hand. Those that another process reads are among them.
func (s *turns) waiting(ctx context.Context, t turn) (accounts, services int, err error) {
	queued, err := s.unsettled(ctx)
	if err != nil {
		return 0, 0, err
	}
	others, beside := map[schemas.AccountID]bool{}, map[string]bool{}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, w := range queued {
		switch {
		case s.held[w] > 0:
		case w.account != t.account:
			others[w.account] = true
		case w.unit.Service != t.unit.Service:
			beside[w.unit.Service] = true
		}
	}
	return len(others), len(beside), nil
}

// unsettled are the subjects of all units, those in hand among them. The answer grows with
// the accounts under way, and every unit that is put off asks again: it is kept for a part
// of the time that a unit is put off for.
func (s *turns) unsettled(ctx context.Context) ([]turn, error) {
	s.asking.Lock()
	defer s.asking.Unlock()
	if time.Since(s.asked) < s.b.putOffDelay()/5 {
		return s.queued, nil
	}
	stream, err := s.b.js.Stream(ctx, schemas.StreamUnits)
	if err != nil {
		return nil, wrap(err, "open stream", schemas.StreamUnits)
	}
	info, err := stream.Info(ctx, jetstream.WithSubjectFilter(schemas.SubjectsUnits[0]))
	if err != nil {
		return nil, wrap(err, "count units of", "all accounts")
	}
	queued := make([]turn, 0, len(info.State.Subjects))
	for subject := range info.State.Subjects {
		if p := strings.Split(subject, "."); len(p) == 4 {
			queued = append(queued, turn{schemas.AccountID(p[1]), schemas.UnitKey{Region: p[2], Service: p[3]}})
		}
	}
	s.queued, s.asked = queued, time.Now()
	return queued, nil
}
