package scanner_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/insights-scanner/insights-scanner/scanner"
	"github.com/insights-scanner/insights-scanner/scanner/bus"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// busyBus cannot tell whether anything is on its way for some accounts: others are busy.
type busyBus struct {
	*bus.Bus
	busy func(schemas.AccountID) bool

	mu    sync.Mutex
	asked map[schemas.AccountID]bool
}

// Watermark is never passed for accounts that are busy.
func (b *busyBus) Watermark(ctx context.Context, a schemas.AccountID) (func(context.Context) (bool, error), error) {
	passed, err := b.Bus.Watermark(ctx, a)
	return func(ctx context.Context) (bool, error) {
		b.mu.Lock()
		b.asked[a] = true
		b.mu.Unlock()
		if b.busy(a) {
			return false, nil
		}
		return passed(ctx)
	}, err
}

func (b *busyBus) seen() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.asked)
}

// Accounts that wait for what is on its way do not keep others from being counted.
func TestAccountsThatWaitLetOthersBy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := &busyBus{Bus: w.bus, busy: func(a schemas.AccountID) bool { return a != account }, asked: map[schemas.AccountID]bool{}}
	w.deps.Bus = b
	w.control = scanner.NewControl(w.deps)
	w.workers()
	w.run(w.control.Run)
	for i := range 8 {
		w.control.Replayed(schemas.AccountID(fmt.Sprintf("aws-00000000000%d", i)))
	}
	w.eventually("others wait", func() bool { return b.seen() >= 4 })
	w.store.mu.Lock()
	postures := w.store.postures
	w.store.mu.Unlock()
	w.control.Replayed(account)
	w.eventually("the account is counted", func() bool {
		w.store.mu.Lock()
		defer w.store.mu.Unlock()
		return w.store.postures > postures
	})
}

// What a killed process wrote in part shows only when its messages come again: until then
// an account is counted, whether it seems to have changed or not.
func TestAnAccountIsCountedWhileAnythingIsOnItsWay(t *testing.T) {
	t.Parallel()
	for _, busy := range []bool{true, false} {
		w := newWorld(t)
		w.deps.Bus = &busyBus{Bus: w.bus, busy: func(schemas.AccountID) bool { return busy }, asked: map[schemas.AccountID]bool{}}
		w.control = scanner.NewControl(w.deps)
		w.workers()
		if left, err := w.control.Refresh(t.Context(), account); err != nil || left != 0 {
			t.Fatalf("%d left, %v", left, err)
		}
		w.store.mu.Lock()
		if counted, refreshed := w.store.postures == 1, w.store.refreshed == 1; counted != busy || refreshed == busy {
			t.Errorf("on its way %t: counted %t, refreshed %t", busy, counted, refreshed)
		}
		w.store.mu.Unlock()
	}
}

// What is tried again and again ends a scan, too.
func TestAScanOfWhatIsNeverJudgedEnds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var rejudged atomic.Bool
	var later atomic.Int64 // a quarter of an hour with every look at what is on its way
	w.deps.Bus = &busyBus{Bus: w.bus, asked: map[schemas.AccountID]bool{}, busy: func(schemas.AccountID) bool {
		if rejudged.Load() {
			later.Add(int64(15 * time.Minute))
		}
		return true
	}}
	w.deps.Now = func() time.Time { return time.Now().Add(time.Duration(later.Load())) }
	w.control = scanner.NewControl(w.deps)
	w.store.held[schemas.Key{ID: "old"}] = schemas.Resource{Key: schemas.Key{ID: "old"}}
	w.judge = func(b *schemas.SnapshotBatch) error {
		if b.Rejudge {
			rejudged.Store(true)
			return schemas.Errorf(schemas.CodeInvalid, "poison")
		}
		return nil
	}
	w.workers()
	w.run(w.control.Run)
	w.want(w.ended(w.start().ID), schemas.ScanPartial)
}

// lossy loses what is published first of a unit and of each scope.
type lossy struct {
	*bus.Bus
	unit atomic.Bool

	mu     sync.Mutex
	closes map[schemas.Scope]bool
}

func (b *lossy) PublishUnit(ctx context.Context, u schemas.Unit) error {
	if u.Unit == unitEC2 && b.unit.CompareAndSwap(false, true) {
		return nil
	}
	return b.Bus.PublishUnit(ctx, u)
}

func (b *lossy) PublishClose(ctx context.Context, c *schemas.Close) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.closes[c.Scope] {
		b.closes[c.Scope] = true
		return nil
	}
	return b.Bus.PublishClose(ctx, c)
}

// chatter keeps the evaluators busy with another account: what is next is published before
// they let go of the last. It gives the number of the newest.
func (w *world) chatter(other schemas.AccountID) *atomic.Uint64 {
	w.t.Helper()
	if err := w.Resolve(w.ctx(), other); err != nil {
		w.t.Fatal(err)
	}
	said := new(atomic.Uint64)
	say := func(n uint64) error {
		said.Store(n)
		return w.bus.PublishRejudge(context.Background(), &schemas.SnapshotBatch{
			AccountID: other, Account: "other", Unit: unitIAM, Seq: n, Number: 1, Route: schemas.RouteNative, Rejudge: true,
		})
	}
	w.judge = func(b *schemas.SnapshotBatch) error {
		if b.AccountID == other {
			return say(b.Seq + 1)
		}
		return nil
	}
	if err := say(1); err != nil {
		w.t.Fatal(err)
	}
	return said
}

// Units and closes that are lost are noticed while other accounts are busy all the time, and
// what cannot be judged ends the scan.
func TestLossesAreNoticedWhileOthersAreBusy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deps.Bus = &lossy{Bus: w.bus, closes: map[schemas.Scope]bool{}}
	w.control = scanner.NewControl(w.deps)
	said := w.chatter("aws-000000000001")
	w.store.held[schemas.Key{ID: "old"}] = schemas.Resource{Key: schemas.Key{ID: "old"}}
	w.rests = func(k schemas.Key) bool { return k.ID == "old" }
	w.workers()
	w.run(w.control.Run)
	s := w.ended(w.start().ID)
	w.want(s, schemas.ScanPartial)
	if s.Reason != "1 resources could not be judged" || s.Rereads[unitEC2.String()].Count != 1 || len(s.Rereads) != 1 || s.Progress.ScopesClosed != 2 {
		t.Errorf("%+v", s)
	}
	last := said.Load()
	w.eventually("the other account is busy still", func() bool { return said.Load() > last })
}
