package scanner_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/insights-scanner/insights-scanner/scanner"
	"github.com/insights-scanner/insights-scanner/schemas"
)

const more = "ec2:DescribeMore"

// onDemand makes a control that reads more of the things of EC2 on demand, and
// workers that read what they are asked for: then it is not unread any more, unless
// stays says so.
func (w *world) onDemand(stays func(schemas.Key) bool) (units chan schemas.Unit) {
	w.deps.ReadOnDemand = true
	w.deps.OnDemand = func(_ schemas.Key, call string) (schemas.UnitKey, bool) { return unitEC2, call == more }
	w.control = scanner.NewControl(w.deps)
	units = make(chan schemas.Unit, 100)
	w.run(func(ctx context.Context) error {
		return w.bus.Units(ctx, 1, func(ctx context.Context, u schemas.Unit) error {
			units <- u
			seq, err := w.bus.NextSeq(ctx, u.Account.ID)
			if err != nil {
				return err
			}
			end := &schemas.UnitEnd{Scan: u.Scan, AccountID: u.Account.ID, Unit: u.Unit, Seq: seq, StartedAt: time.Now(), Direct: &schemas.DirectEnd{}}
			for _, k := range u.Keys {
				end.Direct.Read = append(end.Direct.Read, schemas.ResourceRead{Key: k, State: schemas.ResourceChanged})
			}
			w.store.mu.Lock()
			w.store.unread = slices.DeleteFunc(w.store.unread, func(r schemas.Unread) bool {
				return slices.Contains(u.Facets, r.Call) && slices.Contains(u.Keys, r.Key) && !stays(r.Key)
			})
			w.store.mu.Unlock()
			return w.bus.PublishEnd(ctx, end)
		})
	})
	w.evaluator()
	w.sink()
	return units
}

// enrolled has a pack apply that could not judge things without the call.
func (w *world) enrolled(things int, calls ...string) {
	w.t.Helper()
	packs := []schemas.EffectivePack{{PackRef: schemas.PackRef{Name: "own"}}}
	if _, err := w.deps.Effective.Create(w.ctx(), string(account), schemas.Effective{AccountID: account, Account: "prod", Packs: packs}); err != nil {
		w.t.Fatal(err)
	}
	if _, err := w.deps.Active.Create(w.ctx(), string(account), schemas.ActiveScan{Count: 1}); err != nil {
		w.t.Fatal(err)
	}
	for i := range things {
		for _, call := range calls {
			w.store.unread = append(w.store.unread, schemas.Unread{Key: thing(fmt.Sprintf("%05d", i)), Pack: "own", Call: call})
		}
	}
}

// idleAfter waits until a number of scans has ended and nothing goes on.
func (w *world) idleAfter(count uint64) schemas.ActiveScan {
	w.t.Helper()
	var act schemas.ActiveScan
	w.eventually("the scans have ended", func() bool {
		var err error
		act, _, err = w.deps.Active.Get(w.ctx(), string(account))
		return err == nil && act.Count >= count && act.Scan == nil
	})
	return act
}

// Exactly what packs wait for is read, at most a thousand resources at a time, and
// the record says for whom.
func TestWhatPacksNeedIsRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	units := w.onDemand(func(schemas.Key) bool { return false })
	w.enrolled(2300, "ec2:NobodyReads", more)
	w.run(w.control.Run)
	act := w.idleAfter(4)
	close(units)
	seen := map[schemas.Key]bool{}
	var sizes []int
	for u := range units {
		if u.Unit != unitEC2 || !slices.Equal(u.Facets, []string{more}) {
			t.Errorf("asked for %s with %v", u.Unit, u.Facets)
		}
		sizes = append(sizes, len(u.Keys))
		for _, k := range u.Keys {
			seen[k] = true
		}
	}
	if !slices.Equal(sizes, []int{1000, 1000, 300}) || len(seen) != 2300 || act.Count != 4 {
		t.Errorf("read were %v, %d different ones, in %d scans", sizes, len(seen), act.Count-1)
	}
	if want := []schemas.WantedFacet{{Pack: "own", Call: more}}; !slices.Equal(act.Wanted, want) {
		t.Errorf("wanted are %v", act.Wanted)
	}
	s, err := w.control.Get(w.ctx(), schemas.ScanID(account, 2))
	if err != nil || s.Trigger != schemas.TriggerPack || s.RequestedBy != "own" || s.State != schemas.ScanSucceeded {
		t.Errorf("the scan by %s of %s ended %s: %s, %v", s.Trigger, s.RequestedBy, s.State, s.Reason, err)
	}
}

// What is read and stays unread is not read for ever.
func TestWhatCannotBeReadIsAskedForOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	units := w.onDemand(func(k schemas.Key) bool { return k.ID == "00001" })
	w.enrolled(2, more)
	w.run(w.control.Run)
	w.idleAfter(3) // the second has one resource less, the third would have the same
	for range 2 {  // what the first decided has been done when the second begins
		asked := w.store.unreadAsked()
		w.control.Replayed(account)
		w.eventually("the account was looked at again", func() bool { return w.store.unreadAsked() > asked })
	}
	if act := w.idleAfter(3); act.Count != 3 || len(units) != 2 {
		t.Errorf("%d scans asked %d times", act.Count-1, len(units))
	}
}

// A facet of a pack that does not apply any more is not read.
func TestFacetsOfPacksThatWentAreNotRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	units := w.onDemand(func(schemas.Key) bool { return false })
	w.enrolled(1, more)
	w.run(w.control.Run)
	w.idleAfter(2)
	_, rev, err := w.deps.Effective.Get(w.ctx(), string(account))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.deps.Effective.Update(w.ctx(), string(account), schemas.Effective{AccountID: account, Account: "prod"}, rev); err != nil {
		t.Fatal(err)
	}
	<-units
	s := w.start()
	if u := <-units; len(s.Facets) != 0 || len(u.Facets) != 0 {
		t.Errorf("the scan reads %v, the unit %v", s.Facets, u.Facets)
	}
}
