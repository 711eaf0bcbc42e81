package schedule

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/insights-scanner/insights-scanner/scanner/bus"
	"github.com/insights-scanner/insights-scanner/scanner/bus/bustest"
	"github.com/insights-scanner/insights-scanner/schemas"
)

const account schemas.AccountID = "aws-123456789012"

// fakeClock stands still until it is advanced.
type fakeClock struct {
	mu     sync.Mutex
	now    time.Time
	timers []timer
	asked  chan time.Duration // every After
}

type timer struct {
	at time.Time
	ch chan time.Time
}

func newClock(now string) *fakeClock {
	return &fakeClock{now: at(now), asked: make(chan time.Duration, 100)}
}

func at(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return t
}

func (c *fakeClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *fakeClock) After(d time.Duration) <-chan time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	ch := make(chan time.Time, 1)
	c.timers = append(c.timers, timer{c.now.Add(d), ch})
	c.asked <- d
	return ch
}

func (c *fakeClock) set(s string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = at(s)
	for _, t := range c.timers {
		if !t.at.After(c.now) {
			select {
			case t.ch <- c.now:
			default:
			}
		}
	}
}

func TestValidate(t *testing.T) {
	t.Parallel()
	for _, ok := range []string{"", "0 6 * * 1-5", "*/15 * * * *", "@daily", "@every 6h", "CRON_TZ=Europe/Zurich 30 2 * * *", "CRON_TZ=Asia/Tokyo @daily"} {
		if err := Validate(ok); err != nil {
			t.Errorf("%q: %v", ok, err)
		}
	}
	for _, bad := range []string{"0 6 * *", "0 0 6 * * *", "61 * * * *", "@sometimes", "CRON_TZ=Nowhere/City 0 0 * * *", "CRON_TZ=UTC", "TZ=UTC ", "0 0 30 2 *"} {
		err := Validate(bad)
		if err == nil || schemas.CodeOf(err) != schemas.CodeInvalid || !strings.Contains(err.Error(), "five fields") {
			t.Errorf("%q: got %v, want an invalid error with a hint", bad, err)
		}
	}
}

func TestDueTimesAcrossSummerTime(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		expr, from, to string
		want           []string
	}{
		"a time that does not exist is left out": {
			"CRON_TZ=Europe/Zurich 30 2 * * *", "2026-03-28T00:00:00Z", "2026-03-31T00:00:00Z",
			[]string{"2026-03-28T01:30:00Z", "2026-03-30T00:30:00Z"},
		},
		"a time that exists twice fires once": {
			"CRON_TZ=Europe/Zurich 30 2 * * *", "2026-10-24T00:00:00Z", "2026-10-27T00:00:00Z",
			[]string{"2026-10-24T00:30:00Z", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"},
		},
		"an interval goes on": {
			"CRON_TZ=Europe/Zurich 0 * * * *", "2026-10-24T23:30:00Z", "2026-10-25T03:00:00Z",
			[]string{"2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z", "2026-10-25T02:00:00Z", "2026-10-25T03:00:00Z"},
		},
		"without a zone it is UTC":       {"0 6 * * *", "2026-03-29T00:00:00Z", "2026-03-30T00:00:00Z", []string{"2026-03-29T06:00:00Z"}},
		"every is counted from an epoch": {"@every 6h", "2026-03-29T01:23:45Z", "2026-03-29T13:00:00Z", []string{"2026-03-29T06:00:00Z", "2026-03-29T12:00:00Z"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := parse(c.expr)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for d := s.Next(at(c.from)); !d.After(at(c.to)); d = s.Next(d) {
				got = append(got, d.UTC().Format(time.RFC3339))
			}
			if fmt.Sprint(got) != fmt.Sprint(c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
			if n := newest(s, at(c.from), at(c.to)); n.UTC().Format(time.RFC3339) != c.want[len(c.want)-1] {
				t.Errorf("newest is %s, want %s", n, c.want[len(c.want)-1])
			}
		})
	}
}

func TestNewestAfterAYear(t *testing.T) {
	t.Parallel()
	s, err := parse("* * * * *")
	if err != nil {
		t.Fatal(err)
	}
	if got := newest(s, at("2025-01-01T00:00:00Z"), at("2026-01-01T00:00:30Z")); !got.Equal(at("2026-01-01T00:00:00Z")) {
		t.Errorf("got %s", got)
	}
	if got := newest(s, at("2026-01-01T00:00:00Z"), at("2026-01-01T00:00:30Z")); !got.IsZero() {
		t.Errorf("got %s, want none: the bound is not included", got)
	}
}

// rig is a scheduler on real tables whose rounds the test runs itself.
type rig struct {
	*Scheduler
	clock *fakeClock
	mu    sync.Mutex
	fired []string
	err   error
}

func newRig(b *bus.Bus, clock *fakeClock) *rig {
	r := &rig{clock: clock}
	r.Scheduler = New(Deps{
		Accounts: bus.NewTable[schemas.Account](b, schemas.BucketAccounts),
		Ticks:    bus.NewTable[Tick](b, schemas.BucketScans),
		Start: func(context.Context, schemas.AccountID) error {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.fired = append(r.fired, clock.Now().UTC().Format("15:04:05"))
			return r.err
		},
		Clock: clock, Log: zerolog.Nop(),
	})
	return r
}

func (r *rig) schedule(cron string, jitterSeconds int) {
	r.set(account, &schemas.Account{ID: account, Name: "prod", Schedule: schemas.Schedule{Cron: cron, JitterSeconds: jitterSeconds}})
}

func (r *rig) at(t *testing.T, now string, want ...string) {
	t.Helper()
	r.clock.set(now)
	r.round(t.Context())
	r.mu.Lock()
	defer r.mu.Unlock()
	if fmt.Sprint(r.fired) != fmt.Sprint(want) {
		t.Errorf("at %s: fired %v, want %v", now, r.fired, want)
	}
}

func TestTicksFireOnceAndMissedOnesOnce(t *testing.T) {
	t.Parallel()
	b := bustest.Start(t)
	clock := newClock("2026-01-01T00:00:30Z")
	r := newRig(b, clock)
	r.schedule("0 * * * *", 0)
	r.at(t, "2026-01-01T00:00:30Z") // noticed: midnight has passed and does not fire
	r.at(t, "2026-01-01T00:59:59Z")
	r.at(t, "2026-01-01T01:00:00Z", "01:00:00")
	r.at(t, "2026-01-01T01:00:01Z", "01:00:00")

	again := newRig(b, clock) // another process, after five hours without any
	again.schedule("0 * * * *", 0)
	again.at(t, "2026-01-01T06:10:00Z", "06:10:00")
	again.at(t, "2026-01-01T06:59:00Z", "06:10:00")
	again.at(t, "2026-01-01T07:00:00Z", "06:10:00", "07:00:00")

	again.schedule("30 * * * *", 0) // a changed schedule does not make up for 06:30
	again.at(t, "2026-01-01T07:01:00Z", "06:10:00", "07:00:00")
	again.at(t, "2026-01-01T07:30:00Z", "06:10:00", "07:00:00", "07:30:00")
	again.set(account, nil)
	again.at(t, "2026-01-01T12:00:00Z", "06:10:00", "07:00:00", "07:30:00")
}

func TestARunningScanSkipsTheTick(t *testing.T) {
	t.Parallel()
	r := newRig(bustest.Start(t), newClock("2026-01-01T00:30:00Z"))
	r.err = schemas.Errorf(schemas.CodeConflict, "running")
	r.schedule("@hourly", 0)
	r.at(t, "2026-01-01T00:30:00Z")
	r.at(t, "2026-01-01T01:00:00Z", "01:00:00")
	r.at(t, "2026-01-01T01:30:00Z", "01:00:00") // skipped, not postponed
}

// A scan of one bucket must not cost an account its nightly scan.
func TestATickWaitsForTheScanOfAPart(t *testing.T) {
	t.Parallel()
	r := newRig(bustest.Start(t), newClock("2026-01-01T00:30:00Z"))
	partial, failure := true, error(nil)
	r.d.Wait = func(context.Context, schemas.AccountID) (bool, error) { return partial, failure }
	r.schedule("@hourly", 0)
	r.at(t, "2026-01-01T00:30:00Z")
	r.at(t, "2026-01-01T01:00:00Z")
	if sleep := r.round(t.Context()); sleep != waitSleep {
		t.Errorf("looks again after %s", sleep)
	}
	failure = schemas.Errorf(schemas.CodeUnavailable, "away")
	r.at(t, "2026-01-01T01:00:05Z")
	partial, failure = false, nil
	r.at(t, "2026-01-01T01:00:10Z", "01:00:10")
	r.at(t, "2026-01-01T01:00:15Z", "01:00:10") // once
	r.at(t, "2026-01-01T02:00:00Z", "01:00:10", "02:00:00")
}

func TestJitterIsFixedAndBounded(t *testing.T) {
	t.Parallel()
	r := newRig(bustest.Start(t), newClock("2026-01-01T00:30:00Z"))
	delay := jitter(account, 600)
	if delay != jitter(account, 600) || delay < 0 || delay > 600*time.Second {
		t.Fatalf("jitter %s", delay)
	}
	seen := map[time.Duration]bool{}
	for i := range 50 {
		seen[jitter(schemas.NewAccountID("aws", fmt.Sprintf("%012d", i)), 600)] = true
	}
	if len(seen) < 25 {
		t.Errorf("50 accounts share %d delays", len(seen))
	}
	r.schedule("0 * * * *", 600)
	r.at(t, "2026-01-01T00:30:00Z")
	due := at("2026-01-01T01:00:00Z").Add(delay)
	r.at(t, due.Add(-time.Second).Format(time.RFC3339))
	r.at(t, due.Format(time.RFC3339), due.Format("15:04:05"))
}

func TestTwoProcessesFireOnce(t *testing.T) {
	t.Parallel()
	s := bustest.Server(t)
	clock := newClock("2026-01-01T00:30:00Z")
	rigs := []*rig{newRig(bustest.Connect(t, s), clock), newRig(bustest.Connect(t, s), clock), newRig(bustest.Connect(t, s), clock)}
	for _, r := range rigs {
		r.schedule("*/10 * * * *", 0)
		r.round(t.Context())
	}
	for _, now := range []string{"2026-01-01T00:40:00Z", "2026-01-01T00:50:00Z", "2026-01-01T01:00:00Z"} {
		clock.set(now)
		var wg sync.WaitGroup
		for _, r := range rigs {
			wg.Go(func() { r.round(t.Context()) })
		}
		wg.Wait()
	}
	n := 0
	for _, r := range rigs {
		n += len(r.fired)
	}
	if n != 3 {
		t.Errorf("three ticks fired %d times", n)
	}
}

func TestRunFollowsTheAccountsTable(t *testing.T) {
	t.Parallel()
	b := bustest.Start(t)
	clock := newClock("2026-01-01T00:30:00Z")
	fired := make(chan schemas.AccountID, 10)
	s := New(Deps{
		Accounts: bus.NewTable[schemas.Account](b, schemas.BucketAccounts),
		Ticks:    bus.NewTable[Tick](b, schemas.BucketScans),
		Start:    func(_ context.Context, a schemas.AccountID) error { fired <- a; return nil },
		Clock:    clock, Log: zerolog.Nop(),
	})
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	a := schemas.Account{ID: account, Name: "prod", Schedule: schemas.Schedule{Cron: "@hourly"}}
	if _, err := bus.NewTable[schemas.Account](b, schemas.BucketAccounts).Put(ctx, string(account), a); err != nil {
		t.Fatal(err)
	}
	ticks := bus.NewTable[Tick](b, schemas.BucketScans)
	noticed := make(chan struct{}, 1)
	go func() {
		_ = ticks.Watch(ctx, func(string, *Tick, uint64) {
			select {
			case noticed <- struct{}{}:
			default:
			}
		}, nil)
	}()
	<-noticed
	clock.set("2026-01-01T01:00:00Z")
	for {
		select {
		case got := <-fired:
			if got != account {
				t.Fatalf("got %s", got)
			}
			cancel()
			if err := <-done; err != nil {
				t.Fatal(err)
			}
			return
		case d := <-clock.asked:
			clock.set(clock.Now().Add(d).Format(time.RFC3339Nano)) // wakes whoever sleeps since
		case <-ctx.Done():
			t.Fatal("nothing fired")
		}
	}
}
