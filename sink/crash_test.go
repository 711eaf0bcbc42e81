package sink

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// crashing is a store that is told of changes and ends in the middle of writes.
type crashing struct {
	*Store
	mu      sync.Mutex
	told    map[string]schemas.ViolationChange
	left    int // statements until the crash; negative: none
	crash   context.CancelFunc
	crashes int

	restore  func() // the record of a backup
	restores int
}

func newCrashing(t *testing.T, dsn string) *crashing {
	c := &crashing{Store: newStore(t, dsn), told: map[string]schemas.ViolationChange{}, left: -1}
	c.inserted = func(string, int, time.Duration) { c.step() }
	c.announce = func(_ context.Context, changes []schemas.ViolationChange) error {
		c.mu.Lock()
		for _, ch := range changes {
			c.told[ch.EventID] = ch
		}
		c.mu.Unlock()
		c.step()
		return nil
	}
	return c
}

// step is a statement that was made.
func (c *crashing) step() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.left--; c.left == 0 {
		c.crash()
	}
}

// write writes messages while people act, and crashes after some statements when
// left is not negative. Then another process starts.
func (c *crashing) write(t *testing.T, p *people, ms []schemas.Message, left int) (crashed bool) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	c.mu.Lock()
	c.left, c.crash = left, cancel
	c.mu.Unlock()
	at, done := timeOf(ms[len(ms)-1]), make(chan error, 1)
	go func() { done <- p.acts(ctx, c.Store, at, 3) }()
	err := errors.Join(c.Write(ctx, ms), <-done)
	if ctx.Err() == nil {
		if err != nil {
			t.Fatal(err)
		}
		return false
	}
	c.crashes++
	c.settle(t)
	c.start(t, p, at)
	return true
}

// start is another process, now and then with the record of a backup; people act
// while it looks at what there is.
func (c *crashing) start(t *testing.T, p *people, at time.Time) {
	t.Helper()
	if c.restore != nil && c.crashes%3 == 0 {
		c.restore()
		c.restores++
		c.restore = nil
	} else if c.restore == nil {
		c.restore = p.backup()
	}
	if err := p.restart(t.Context(), c.Store, func() error { return p.acts(t.Context(), c.Store, at, 2) }); err != nil {
		t.Fatal(err)
	}
}

// settle waits for statements of before the crash: afterwards nobody makes any.
func (c *crashing) settle(t *testing.T) {
	t.Helper()
	c.joints.Range(func(_, j any) bool {
		for running := true; running; {
			j := j.(*joint)
			j.mu.Lock()
			running = j.running
			j.mu.Unlock()
		}
		return true
	})
}

// After crashes at any statement, with what was not acknowledged coming again in
// any order and mixture, exactly what became state was told, and every life is
// opened, fixed, reopened, fixed, …
func TestWhatIsToldIsWhatBecameState(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, dsn string) {
		for seed := range uint64(2) {
			t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
				t.Parallel()
				c, rnd := newCrashing(t, dsn), rand.New(rand.NewPCG(seed, 3))
				h, p := newHistory(seed+40), newPeople(seed)
				coming := h.live(2)
				for len(coming) > 0 {
					near := coming[:min(len(coming), 80)]
					rnd.Shuffle(len(near), func(i, j int) { near[i], near[j] = near[j], near[i] })
					n, left := min(len(coming), 1+rnd.IntN(12)), -1
					if rnd.IntN(3) > 0 {
						left = 1 + rnd.IntN(8)
					}
					if !c.write(t, p, coming[:n], left) {
						coming = coming[n:]
					}
				}
				if c.crashes < 8 || c.restores < 2 {
					t.Fatalf("it crashed %d times, and %d backups were restored", c.crashes, c.restores)
				}
				c.isConsistent(t)
				if err := p.tell(t.Context(), c.Store, p.late); err != nil {
					t.Fatal(err)
				}
				w := &world{s: c.Store, m: modelOf(t, c.Store), h: h, p: p, unlawful: true}
				w.m.said = p.said
				w.record(t)
				same(t, "what was said", dumpAll(t, c.Store), tables{"triage": w.m.dump()["triage"]})
				askPeople(t, w)
			})
		}
	})
}

func (c *crashing) isConsistent(t *testing.T) {
	t.Helper()
	events, err := c.Events(t.Context(), "", "")
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(events, func(a, b schemas.ViolationEvent) int {
		return cmp.Or(cmp.Compare(a.Order.Version, b.Order.Version), cmp.Compare(a.Order.Revision, b.Order.Revision), cmp.Compare(a.Order.Attempt, b.Order.Attempt))
	})
	opens(t, events)
	last := map[string]schemas.ViolationEvent{}
	for _, e := range events {
		last[e.Finding] = e
		if told, is := c.told[e.EventID]; !is {
			t.Errorf("nobody was told of %+v", e)
		} else if told.ViolationEvent != e {
			t.Errorf("told of %+v, is %+v", told.ViolationEvent, e)
		}
	}
	if len(c.told) != len(events) {
		t.Errorf("told of %d changes, %d events", len(c.told), len(events))
	}
	open, violations := 0, 0
	err = c.query(t.Context(), "read violations", "SELECT "+columnsOf(new(violationRow))+" FROM @db.violations FINAL", nil, func(r driver.Rows) error {
		var v violationRow
		if err := r.ScanStruct(&v); err != nil {
			return err
		}
		violations++
		e := last[v.Finding]
		isOpen := v.State == string(schemas.ViolationOpen)
		if isOpen {
			open++
		}
		if isOpen == (e.Transition == schemas.Fixed) || e.Transition == "" {
			t.Errorf("%s is %s, last event %+v", v.Finding, v.State, e)
		}
		return nil
	})
	if err != nil || violations != len(last) || violations == 0 {
		t.Errorf("%d violations, events of %d: %v", violations, len(last), err)
	}
	var differ uint64
	err = c.query(t.Context(), "compare the list of the open ones", `SELECT count() FROM (
		SELECT account_id, canonical, region, id, pack, policy, severity FROM @db.violations FINAL WHERE state = 'open') AS v
		FULL JOIN (SELECT account_id, canonical, region, id, pack, policy, severity AS listed FROM @db.open_violations FINAL) AS o
		USING (account_id, canonical, region, id, pack, policy) WHERE v.severity != o.listed OR (v.account_id = '') != (o.account_id = '')`, nil,
		func(r driver.Rows) error { return r.Scan(&differ) })
	if err != nil || differ != 0 || open == 0 {
		t.Errorf("of %d open violations %d differ in their list: %v", open, differ, err)
	}
}
