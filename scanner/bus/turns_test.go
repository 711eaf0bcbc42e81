package bus_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/insights-scanner/insights-scanner/scanner/bus/bustest"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// handlers hold every unit that they are given until the test says so.
type handlers struct {
	begun  chan schemas.Unit
	finish chan struct{} // one for each unit that may end
}

func (h handlers) handle(ctx context.Context, u schemas.Unit) error {
	h.begun <- u
	select {
	case <-h.finish:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// startHandlers has four of them at work in one process.
func startHandlers(t *testing.T, ctx context.Context, units ...schemas.Unit) (handlers, func(...schemas.Unit)) {
	t.Helper()
	b := bustest.Connect(t, bustest.Server(t))
	publish := func(units ...schemas.Unit) {
		t.Helper()
		for _, u := range units {
			if err := b.PublishUnit(ctx, u); err != nil {
				t.Fatal(err)
			}
		}
	}
	publish(units...)
	h := handlers{begun: make(chan schemas.Unit, 64), finish: make(chan struct{}, 64)}
	consume(t, func(ctx context.Context) error { return b.Units(ctx, 4, h.handle) })
	return h, publish
}

// An account with many units that take for ever has all handlers of a process only as
// long as nobody else waits: then those that become free are for the others.
func TestABigAccountLeavesHandlersToSmallOnes(t *testing.T) {
	t.Parallel()
	ctx := testContext(t)
	var big, small []schemas.Unit
	for i := range 32 {
		big = append(big, unit(fmt.Sprintf("s%02d", i), 0))
	}
	for i := range 5 {
		u := unit("s3", 0)
		u.Account = schemas.Account{ID: schemas.AccountID(fmt.Sprintf("aws-%012d", i)), Name: fmt.Sprintf("small-%d", i)}
		u.Scan = fmt.Sprintf("%012d-1", i)
		small = append(small, u)
	}
	h, publish := startHandlers(t, ctx, big...)
	for range 4 {
		receive(t, ctx, h.begun) // all that there is
	}
	publish(small...)
	seen, rest := map[schemas.AccountID]bool{}, len(big)-4
	for n := 0; len(seen) < len(small); n++ {
		h.finish <- struct{}{} // some unit ends, and another one gets its handler
		switch u := receive(t, ctx, h.begun); {
		case u.Account.ID != account:
			seen[u.Account.ID] = true
		case n >= 2*len(small): // it has its even part meanwhile, in turns with the others
			t.Fatalf("%s of the big account was begun while %d others waited", u.Unit, len(small)-len(seen))
		default:
			rest--
		}
	}
	for range rest + 4 {
		h.finish <- struct{}{}
	}
	for range rest {
		if u := receive(t, ctx, h.begun); u.Account.ID != account {
			t.Errorf("%s was begun twice", u.Account.Name)
		}
	}
}

// The same within an account: a service with units in many regions leaves a handler to
// the other services.
func TestABigServiceLeavesAHandlerToOthers(t *testing.T) {
	t.Parallel()
	ctx := testContext(t)
	var units []schemas.Unit
	for i := range 12 {
		u := unit("logs", 0)
		u.Unit.Region = fmt.Sprintf("eu-west-%d", i)
		units = append(units, u)
	}
	h, _ := startHandlers(t, ctx, append(units, unit("s3", 0))...)
	var first []string
	for range 4 {
		first = append(first, receive(t, ctx, h.begun).Unit.Service)
	}
	logs := 0
	for _, s := range first {
		if s == "logs" {
			logs++
		}
	}
	if logs != 3 {
		t.Errorf("began with %v", first)
	}
	for range units {
		h.finish <- struct{}{}
	}
	for range len(units) - 3 {
		receive(t, ctx, h.begun) // with s3 in hand, logs has the rest
	}
}
