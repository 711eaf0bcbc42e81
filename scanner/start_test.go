package scanner_test

import (
	"context"
	"encoding/json"
	"sync/atomic"
	"testing"

	"github.com/insights-scanner/insights-scanner/scanner"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// recordsSlowly is a store in which something else happens while a scan is recorded.
type recordsSlowly struct {
	*memory
	meanwhile func()
}

func (r *recordsSlowly) RecordScan(ctx context.Context, s schemas.Scan) error {
	r.meanwhile()
	return r.memory.RecordScan(ctx, s)
}

// A scan can be started the moment the last one has ended, also when its driver lets
// go of the account just then.
func TestAScanStartsWhileTheLastOneLetsGo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.start()
	key := string(account) + "." + first.ID
	s, rev, err := w.deps.Scans.Get(w.ctx(), key)
	if err != nil {
		t.Fatal(err)
	}
	s.State = schemas.ScanSucceeded
	if _, err := w.deps.Scans.Update(w.ctx(), key, s, rev); err != nil {
		t.Fatal(err)
	}
	freed := 0
	w.deps.Store = &recordsSlowly{w.store, func() {
		act, rev, err := w.deps.Active.Get(w.ctx(), string(account))
		if err != nil || act.Scan == nil || act.Scan.ID != first.ID {
			return
		}
		act.Scan = nil
		if _, err := w.deps.Active.Update(w.ctx(), string(account), act, rev); err != nil {
			t.Error(err)
		}
		freed++
	}}
	w.control = scanner.NewControl(w.deps)
	if next := w.start(); next.ID == first.ID || freed != 1 {
		t.Errorf("scan %s after %s, freed %d times", next.ID, first.ID, freed)
	}
}

// A scan that is started while the last one is being stored stores that one, too, and alike:
// what is stored by either is one row.
func TestAScanThatIsStoredTwiceIsStoredAlike(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var began atomic.Bool
	started := make(chan schemas.Scan, 1)
	w.deps.Store = &recordsSlowly{w.store, func() {
		if began.CompareAndSwap(false, true) {
			started <- w.start()
		}
	}}
	w.control = scanner.NewControl(w.deps)
	w.workers()
	w.run(w.control.Run)
	first := w.start()
	w.want(w.ended(first.ID), schemas.ScanSucceeded)
	second := <-started
	w.want(w.ended(second.ID), schemas.ScanSucceeded)
	w.store.mu.Lock()
	defer w.store.mu.Unlock()
	var said []string
	for _, s := range w.store.recorded {
		if s.ID == first.ID {
			raw, err := json.Marshal(s)
			if err != nil {
				t.Fatal(err)
			}
			said = append(said, string(raw))
		}
	}
	if len(said) != 2 || said[0] != said[1] || second.ID == first.ID {
		t.Errorf("scan %s after %s, which is stored as %q", second.ID, first.ID, said)
	}
}
