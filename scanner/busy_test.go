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

func (b *busyBus) Drained(ctx context.Context, a schemas.AccountID) (bool, error) {
	b.mu.Lock()
	b.asked[a] = true
	b.mu.Unlock()
	if b.busy(a) {
		return false, nil
	}
	return b.Bus.Drained(ctx, a)
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

// What cannot be judged ends a scan also where other accounts are never quiet.
func TestAScanAmongBusyOnesEnds(t *testing.T) {
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
