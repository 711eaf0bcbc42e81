package bus_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/insights-scanner/insights-scanner/scanner/bus"
	"github.com/insights-scanner/insights-scanner/scanner/bus/bustest"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// readers notes which process reads which region, and how often a unit was handled.
type readers struct {
	mu      sync.Mutex
	reading map[string]map[string]int // region: process: units under way
	handled map[schemas.UnitKey]int
	both    []string
	done    chan schemas.UnitKey
}

func (r *readers) as(process string, while func(schemas.Unit) error) func(context.Context, schemas.Unit) error {
	return func(_ context.Context, u schemas.Unit) error {
		r.mu.Lock()
		if r.reading[u.Unit.Region] == nil {
			r.reading[u.Unit.Region] = map[string]int{}
		}
		now := r.reading[u.Unit.Region]
		now[process]++
		for other, n := range now {
			if other != process && n > 0 {
				r.both = append(r.both, fmt.Sprint(u.Unit))
			}
		}
		r.mu.Unlock()
		err := while(u)
		r.mu.Lock()
		now[process]--
		if err != nil {
			r.mu.Unlock()
			return err
		}
		r.handled[u.Unit]++
		r.mu.Unlock()
		r.done <- u.Unit
		return nil
	}
}

// Units of a region are read by one process at a time, those of several by several,
// and one that a process cannot have is not given up, however often it is put off.
func TestARegionIsReadByOneProcess(t *testing.T) {
	t.Parallel()
	ctx := testContext(t)
	s := bustest.Server(t)
	var mu sync.Mutex
	deferred, dead := 0, 0
	settled := func(o *bus.Options) {
		o.Settled = func(_ string, f bus.Fate) {
			mu.Lock()
			defer mu.Unlock()
			switch f {
			case bus.Deferred:
				deferred++
			case bus.DeadLetter:
				dead++
			}
		}
	}
	a, b := bustest.Connect(t, s, settled), bustest.Connect(t, s, settled)
	r := &readers{reading: map[string]map[string]int{}, handled: map[schemas.UnitKey]int{}, done: make(chan schemas.UnitKey, 64)}
	first := unit("s0", 0)
	// The first one is held until the others of its region have been put off
	// far more often than a message is delivered.
	held, release := make(chan struct{}), make(chan struct{})
	let := sync.OnceFunc(func() { close(release) })
	defer let()
	var failed atomic.Bool
	// What was put off so often has not failed: its first failure is no reason to give it up.
	once := func(u schemas.Unit) error {
		if u.Unit.Region == first.Unit.Region && failed.CompareAndSwap(false, true) {
			return errors.New("this time")
		}
		return nil
	}
	if err := a.PublishUnit(ctx, first); err != nil {
		t.Fatal(err)
	}
	consume(t, func(ctx context.Context) error {
		return a.Units(ctx, 1, r.as("a", func(u schemas.Unit) error {
			if u.Unit == first.Unit {
				close(held)
				select {
				case <-release:
					return nil
				case <-ctx.Done():
					return ctx.Err()
				}
			}
			return once(u)
		}))
	})
	receive(t, ctx, held)
	const n = 6
	for i := 1; i < n; i++ {
		for _, region := range []string{"us-east-1", "eu-west-1"} {
			u := unit(fmt.Sprintf("s%d", i), 0)
			u.Unit.Region = region
			if err := a.PublishUnit(ctx, u); err != nil {
				t.Fatal(err)
			}
		}
	}
	consume(t, func(ctx context.Context) error {
		return b.Units(ctx, 4, r.as("b", once))
	})
	for range n - 1 { // the other region is read meanwhile
		if u := receive(t, ctx, r.done); u.Region != "eu-west-1" {
			t.Errorf("%s was read beside %s", u, first.Unit)
		}
	}
	eventually(t, ctx, "units put off", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return deferred > 20*n
	})
	let()
	for range n {
		receive(t, ctx, r.done)
	}
	eventually(t, ctx, "an empty queue", func() bool {
		queued, err := a.QueuedUnits(ctx, account)
		return err == nil && len(queued) == 0
	})
	if len(r.both) > 0 {
		t.Errorf("read by two processes: %v", r.both)
	}
	for u, times := range r.handled {
		if times != 1 {
			t.Errorf("%s was read %d times", u, times)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if dead > 0 {
		t.Errorf("%d units were given up", dead)
	}
}
