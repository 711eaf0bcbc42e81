package scanner_test

import (
	"context"
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
