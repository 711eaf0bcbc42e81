package schedule

import (
	"context"
	"maps"
	"sync"
	"time"

	"github.com/robfig/cron/v3"
	"github.com/rs/zerolog"
	"golang.org/x/sync/errgroup"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// Clock is the time; tests bring their own.
type Clock interface {
	Now() time.Time
	// After is a channel that yields once d has passed.
	After(d time.Duration) <-chan time.Time
}

// System is the real clock.
type System struct{}

// Now is time.Now.
func (System) Now() time.Time { return time.Now() }

// After is time.After.
func (System) After(d time.Duration) <-chan time.Time { return time.After(d) }

// Tick is the record of an account's schedule, under "tick.<account id>" in the
// scans bucket.
type Tick struct {
	// Cron is the schedule that Due belongs to.
	Cron string `json:"cron"`
	// Due is up to when ticks are settled: claimed, or before the schedule was noticed.
	Due time.Time `json:"due"`
}

// Ticks is the table of ticks; see bus.Table.
type Ticks interface {
	Get(ctx context.Context, key string) (v Tick, rev uint64, err error)
	Create(ctx context.Context, key string, v Tick) (rev uint64, err error)
	Update(ctx context.Context, key string, v Tick, rev uint64) (uint64, error)
}

// Accounts is watched for schedules; see bus.Table.
type Accounts interface {
	Watch(ctx context.Context, fn func(key string, v *schemas.Account, rev uint64), synced func()) error
}

// Deps is what a scheduler needs.
type Deps struct {
	Accounts Accounts
	Ticks    Ticks
	// Start starts a scan of an account; CodeConflict when one runs.
	Start func(ctx context.Context, account schemas.AccountID) error
	// Wait tells whether something runs in an account that is no scan of all of it:
	// a tick then waits for its end. May be nil.
	Wait  func(ctx context.Context, account schemas.AccountID) (bool, error)
	Clock Clock
	Log   zerolog.Logger
}

// Scheduler starts scans when they are due.
type Scheduler struct {
	d Deps

	mu      sync.Mutex
	entries map[schemas.AccountID]entry
	changed chan struct{}
}

type entry struct {
	name   string
	cron   string
	when   cron.Schedule
	jitter time.Duration
}

// New returns a scheduler. Nothing happens before Run.
func New(d Deps) *Scheduler {
	return &Scheduler{d: d, entries: map[schemas.AccountID]entry{}, changed: make(chan struct{}, 1)}
}

// maxSleep bounds the time between two looks at the clock, so that a machine
// that slept or whose clock was set does not oversleep.
const maxSleep = time.Minute

// waitSleep is after how long a tick that waits looks again.
const waitSleep = 5 * time.Second

// startParallel bounds how many accounts are settled at once.
const startParallel = 8

// Run starts scans when they are due until ctx ends, then returns nil.
func (s *Scheduler) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() { s.watch(ctx) })
	for ctx.Err() == nil {
		sleep := s.round(ctx)
		select {
		case <-ctx.Done():
		case <-s.changed:
		case <-s.d.Clock.After(sleep):
		}
	}
	return nil
}

func (s *Scheduler) watch(ctx context.Context) {
	for ctx.Err() == nil {
		err := s.d.Accounts.Watch(ctx, func(key string, a *schemas.Account, _ uint64) {
			s.set(schemas.AccountID(key), a)
		}, nil)
		if ctx.Err() != nil {
			return
		}
		s.d.Log.Warn().Err(err).Msg("watch schedules, will try again")
		select {
		case <-ctx.Done():
		case <-s.d.Clock.After(time.Second):
		}
	}
}

func (s *Scheduler) set(id schemas.AccountID, a *schemas.Account) {
	e, ok := s.entry(id, a)
	s.mu.Lock()
	defer s.mu.Unlock()
	if ok {
		s.entries[id] = e
	} else {
		delete(s.entries, id)
	}
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

func (s *Scheduler) entry(id schemas.AccountID, a *schemas.Account) (entry, bool) {
	if a == nil {
		return entry{}, false
	}
	when, err := parse(a.Schedule.Cron)
	if err != nil {
		s.d.Log.Error().Err(err).Str("account", a.Name).Msg("account is not scheduled")
	}
	if err != nil || when == nil {
		return entry{}, false
	}
	return entry{a.Name, a.Schedule.Cron, when, jitter(id, a.Schedule.JitterSeconds)}, true
}

// round settles what is due and returns how long to sleep.
func (s *Scheduler) round(ctx context.Context) time.Duration {
	s.mu.Lock()
	entries := make(map[schemas.AccountID]entry, len(s.entries))
	maps.Copy(entries, s.entries)
	s.mu.Unlock()
	var mu sync.Mutex
	sleep := maxSleep
	var g errgroup.Group
	// Starting a scan asks the cloud for its plan: a thousand accounts that are
	// due together must not wait for each other.
	g.SetLimit(startParallel)
	for id, e := range entries {
		g.Go(func() error {
			d := s.one(ctx, id, e)
			mu.Lock()
			defer mu.Unlock()
			sleep = min(sleep, d)
			return nil
		})
	}
	_ = g.Wait()
	return sleep
}

// one settles an account and returns how long it can be left alone.
func (s *Scheduler) one(ctx context.Context, id schemas.AccountID, e entry) time.Duration {
	next, err := s.tick(ctx, id, e)
	if err == nil {
		return max(next.Sub(s.d.Clock.Now()), time.Millisecond)
	}
	if ctx.Err() == nil {
		s.d.Log.Warn().Err(err).Str("account", e.name).Msg("schedule, will try again")
	}
	return time.Second
}

// tick claims and fires the newest due tick of an account, if there is one,
// and returns when to look again.
func (s *Scheduler) tick(ctx context.Context, id schemas.AccountID, e entry) (next time.Time, err error) {
	now := s.d.Clock.Now().UTC()
	// In the schedule's own time: jitter shifts the moment, not the calendar.
	base := now.Add(-e.jitter)
	next = e.when.Next(base).Add(e.jitter)
	rec, rev, err := s.record(ctx, id, e, base)
	if err != nil {
		return next, err
	}
	due := newest(e.when, rec.Due, base)
	if due.IsZero() {
		return next, nil
	}
	if s.d.Wait != nil {
		if wait, err := s.d.Wait(ctx, id); err != nil || wait {
			return now.Add(waitSleep), err
		}
	}
	_, err = s.d.Ticks.Update(ctx, key(id), Tick{Cron: e.cron, Due: due.UTC()}, rev)
	if err != nil && schemas.CodeOf(err) == schemas.CodeConflict {
		return next, nil // another process has claimed it
	}
	if err != nil {
		return next, err
	}
	s.fire(ctx, id, e, due)
	return next, nil
}

// record returns the account's tick; a new or changed schedule starts now.
func (s *Scheduler) record(ctx context.Context, id schemas.AccountID, e entry, base time.Time) (Tick, uint64, error) {
	fresh := Tick{Cron: e.cron, Due: base}
	rec, rev, err := s.d.Ticks.Get(ctx, key(id))
	switch {
	case err != nil && schemas.CodeOf(err) == schemas.CodeNotFound:
		rev, err = s.d.Ticks.Create(ctx, key(id), fresh)
	case err != nil || rec.Cron == e.cron:
		return rec, rev, err
	default:
		rev, err = s.d.Ticks.Update(ctx, key(id), fresh, rev)
	}
	if err != nil && schemas.CodeOf(err) == schemas.CodeConflict {
		return s.d.Ticks.Get(ctx, key(id)) // another process wrote the same
	}
	return fresh, rev, err
}

func (s *Scheduler) fire(ctx context.Context, id schemas.AccountID, e entry, due time.Time) {
	log := s.d.Log.With().Str("account", e.name).Time("due", due).Logger()
	err := s.d.Start(ctx, id)
	switch {
	case err == nil:
		log.Info().Msg("scheduled scan started")
	case schemas.CodeOf(err) == schemas.CodeConflict:
		log.Warn().Err(err).Msg("scheduled scan skipped: one is running")
	default:
		log.Error().Err(err).Msg("scheduled scan could not start; the next tick tries again")
	}
}

func key(id schemas.AccountID) string { return "tick." + string(id) }
