package scanner_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/insights-scanner/insights-scanner/scanner"
	"github.com/insights-scanner/insights-scanner/scanner/bus/bustest"
	"github.com/insights-scanner/insights-scanner/schemas"
)

func TestAScanRunsToItsEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.workers()
	w.run(w.control.Run)
	s := w.start()
	if s.ID != "123456789012-1" || s.State != schemas.ScanRunning || len(s.Units) != 2 {
		t.Errorf("started %+v", s)
	}
	s = w.ended(s.ID)
	w.want(s, schemas.ScanSucceeded)
	want := schemas.Progress{UnitsTotal: 2, UnitsEnded: 2, ScopesClosed: 2, Resources: 2, Calls: 6}
	if s.Progress != want {
		t.Errorf("progress %+v, want %+v", s.Progress, want)
	}
	if s.EndedAt.IsZero() || s.RequestedBy != "test" || s.Trigger != schemas.TriggerManual {
		t.Errorf("record %+v", s)
	}
	if s.Changes != (schemas.Changes{Opened: 3, Fixed: 2}) {
		t.Errorf("changes %+v", s.Changes)
	}
	for _, u := range s.Units {
		if got := closedAt(w, scopeOf(u)); strings.HasPrefix(got, "0") || !strings.HasSuffix(got, string(schemas.FixResourceGone)) {
			t.Errorf("scope of %s closed at %s", u, got)
		}
	}
	w.store.mu.Lock() // what was started with the account may go on
	if len(w.store.recorded) == 0 || w.store.recorded[0].State != schemas.ScanSucceeded || w.store.postures == 0 {
		t.Errorf("recorded %v, %d postures", w.store.recorded, w.store.postures)
	}
	w.store.mu.Unlock()
	second := w.start()
	if second.ID != "123456789012-2" {
		t.Errorf("second scan is %s", second.ID)
	}
	w.want(w.ended(second.ID), schemas.ScanSucceeded)
	list, err := w.control.List(w.ctx(), "prod", 1)
	if err != nil || len(list) != 1 || list[0].ID != second.ID {
		t.Errorf("list %v, %v", list, err)
	}
}

func TestOneScanAtATime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.start()
	_, err := w.control.Start(w.ctx(), string(account), scanner.StartOptions{})
	wantCode(t, err, schemas.CodeConflict)
	if !strings.Contains(err.Error(), s.ID) {
		t.Errorf("%q does not name the running scan", err)
	}
	_, err = w.control.Start(w.ctx(), "nobody", scanner.StartOptions{})
	wantCode(t, err, schemas.CodeNotFound)
	_, err = w.control.Get(w.ctx(), "123456789012-9")
	wantCode(t, err, schemas.CodeNotFound)
}

func TestPartialAndFailedScopesAreNotClosed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.read = func(u schemas.Unit) (schemas.ScopeState, error) {
		if u.Unit == unitIAM {
			return schemas.ScopeDenied, nil
		}
		return schemas.ScopeComplete, nil
	}
	w.workers()
	w.run(w.control.Run)
	s := w.ended(w.start().ID)
	w.want(s, schemas.ScanPartial)
	if got := closedAt(w, scopeOf(unitIAM)); got != "0 " {
		t.Errorf("the denied scope was closed: %s", got)
	}
	if got := closedAt(w, scopeOf(unitEC2)); strings.HasPrefix(got, "0") {
		t.Error("the complete scope was not closed")
	}
	if s.Progress.Gaps != 1 {
		t.Errorf("progress %+v", s.Progress)
	}
	w.mu.Lock()
	w.read = func(schemas.Unit) (schemas.ScopeState, error) { return schemas.ScopeFailed, nil }
	w.mu.Unlock()
	w.want(w.ended(w.start().ID), schemas.ScanFailed)
}

func TestMismatchIsReadAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.store.mismatch[unitEC2] = 2
	w.workers()
	w.run(w.control.Run)
	w.want(w.ended(w.start().ID), schemas.ScanSucceeded)
	if n := w.readsOf(unitEC2); n != 3 {
		t.Errorf("read %d times, want 3", n)
	}
}

func TestAMismatchThatStaysFailsTheUnit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.store.mismatch[unitEC2] = 4 // the first attempt and three re-reads
	w.workers()
	w.run(w.control.Run)
	s := w.ended(w.start().ID)
	w.want(s, schemas.ScanPartial)
	if n := w.readsOf(unitEC2); n != 4 {
		t.Errorf("read %d times, want 4", n)
	}
	if got := closedAt(w, scopeOf(unitEC2)); got != "0 " {
		t.Errorf("the failed scope was closed: %s", got)
	}
}

func TestADeadUnitFailsAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.read = func(u schemas.Unit) (schemas.ScopeState, error) {
		if u.Unit == unitIAM {
			return "", schemas.Errorf(schemas.CodeInvalid, "cannot be read")
		}
		return schemas.ScopeComplete, nil
	}
	other := schemas.Scope{Region: "global", Type: "aws:iam/other:Other", Route: schemas.RouteNative}
	w.store.open = []schemas.Scope{other}
	w.workers()
	w.run(w.control.Run)
	s := w.ended(w.start().ID)
	w.want(s, schemas.ScanPartial)
	if n := w.readsOf(unitIAM); n != 1 {
		t.Errorf("read %d times, want once", n)
	}
	if want := "1 of 2 scopes could not be read completely, for example iam:* in global: failed cannot be read"; s.Reason != want {
		t.Errorf("reason %q, want %q", s.Reason, want)
	}
	if got := closedAt(w, other); got != "0 " {
		t.Errorf("a scope of the unit that was not looked at was closed: %s", got)
	}
}

func TestADeadBatchIsReadAgainThenFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.judge = func(b *schemas.SnapshotBatch) error {
		if b.Unit == unitEC2 {
			return schemas.Errorf(schemas.CodeInvalid, "poison")
		}
		return nil
	}
	w.workers()
	w.run(w.control.Run)
	s := w.ended(w.start().ID)
	w.want(s, schemas.ScanPartial)
	if n := w.readsOf(unitEC2); n != 3 {
		t.Errorf("read %d times, want 3", n)
	}
}

func TestScopesThatLeftThePlanAreClosed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	dropped := schemas.Scope{Region: "eu-west-1", Type: "aws:ec2/thing:Thing", Route: schemas.RouteNative}
	w.store.open = []schemas.Scope{dropped, scopeOf(unitEC2)}
	w.workers()
	w.run(w.control.Run)
	w.want(w.ended(w.start().ID), schemas.ScanSucceeded)
	if got := closedAt(w, dropped); !strings.HasSuffix(got, string(schemas.FixOutOfScope)) {
		t.Errorf("the dropped scope is closed at %q", got)
	}
	if got := closedAt(w, scopeOf(unitEC2)); !strings.HasSuffix(got, string(schemas.FixResourceGone)) {
		t.Errorf("the covered scope is closed at %q", got)
	}
}

func TestAnEmptyPlanIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.units = nil
	_, err := w.control.Start(w.ctx(), "prod", scanner.StartOptions{})
	wantCode(t, err, schemas.CodeInvalid)
}

func TestLostWorkIsReadAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run(w.control.Run)
	s := w.start()
	w.eventually("units are asked for", func() bool {
		q, err := w.bus.QueuedUnits(w.ctx(), account)
		return err == nil && len(q) == 2
	})
	if err := w.bus.PurgeUnits(w.ctx(), account); err != nil { // the stream was lost
		t.Fatal(err)
	}
	w.workers()
	w.want(w.ended(s.ID), schemas.ScanSucceeded)
}

// What a cancelled scan has read is stored after its end, and counted then.
func TestWhatACancelledScanBroughtIsCounted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.discovery() // nobody judges or stores yet
	w.run(w.control.Run)
	s := w.start()
	w.eventually("both units are read", func() bool {
		q, err := w.bus.QueuedUnits(w.ctx(), account)
		return err == nil && len(q) == 0 && w.readsOf(unitEC2) == 1 && w.readsOf(unitIAM) == 1
	})
	if err := w.control.Cancel(w.ctx(), s.ID); err != nil {
		t.Fatal(err)
	}
	w.want(w.ended(s.ID), schemas.ScanCancelled)
	w.evaluator()
	w.sink()
	w.eventually("what was read is judged, stored and counted", func() bool {
		w.store.mu.Lock()
		defer w.store.mu.Unlock()
		return len(w.store.judged) == 2 && w.store.postures > w.store.counted
	})
}

// A replayed message comes when no scan waits for it, and perhaps when it is never quiet.
func TestWhatIsReplayedIsCounted(t *testing.T) {
	t.Parallel()
	for what, busy := range map[string]bool{"when it is quiet": false, "while another account is busy": true} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			said := new(atomic.Uint64)
			if busy {
				said = w.chatter("aws-000000000001")
			}
			w.workers()
			w.run(w.control.Run)
			w.want(w.ended(w.start().ID), schemas.ScanSucceeded)
			k := schemas.Key{Region: "us-east-1", Type: scopeOf(unitEC2).Type, ID: "late"}
			b := &schemas.SnapshotBatch{
				Scan: "123456789012-1", AccountID: account, Account: "prod", Unit: unitEC2, Seq: 1, Number: 9, Route: schemas.RouteNative,
				Resources: []schemas.Resource{{Key: k, Version: 1}},
			}
			if err := w.bus.PublishBatch(w.ctx(), b); err != nil {
				t.Fatal(err)
			}
			w.control.Replayed(account)
			w.eventually("it is judged, stored and counted", func() bool {
				w.store.mu.Lock()
				defer w.store.mu.Unlock()
				return w.store.judged[k] > 0 && w.store.postures > w.store.counted
			})
			last := said.Load()
			w.eventually("the other account is busy still", func() bool { return !busy || said.Load() > last })
		})
	}
}

func TestCancel(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run(w.control.Run)
	s := w.start()
	cancelled := scanner.NewCancelled(w.deps.Scans)
	if c, err := cancelled.Cancelled(w.ctx(), account, s.ID); err != nil || c {
		t.Errorf("cancelled before it is: %v, %v", c, err)
	}
	if err := w.control.Cancel(w.ctx(), s.ID); err != nil {
		t.Fatal(err)
	}
	if c, err := cancelled.Cancelled(w.ctx(), account, s.ID); err != nil || !c {
		t.Errorf("got %v, %v, want cancelled", c, err)
	}
	w.want(w.ended(s.ID), schemas.ScanCancelled) // although no worker runs
	if q, err := w.bus.QueuedUnits(w.ctx(), account); err != nil || len(q) != 0 {
		t.Errorf("left in the queue: %v, %v", q, err)
	}
	wantCode(t, w.control.Cancel(w.ctx(), s.ID), schemas.CodeConflict)
	wantCode(t, w.control.Cancel(w.ctx(), "123456789012-77"), schemas.CodeNotFound)
}

func TestChangedPacksRejudgeWithoutReading(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.workers()
	w.run(w.control.Run)
	w.want(w.ended(w.start().ID), schemas.ScanSucceeded)
	reads := w.readsOf(unitEC2) + w.readsOf(unitIAM)
	_, rev, err := w.deps.Effective.Get(w.ctx(), string(account))
	if err != nil {
		t.Fatal(err)
	}
	w.store.mu.Lock()
	postures := w.store.postures
	w.store.mu.Unlock()
	next, err := w.deps.Effective.Update(w.ctx(), string(account), schemas.Effective{AccountID: account, Packs: []schemas.EffectivePack{{}}}, rev)
	if err != nil {
		t.Fatal(err)
	}
	w.eventually("everything is judged at the new revision", func() bool {
		n, _, err := w.store.UnjudgedCount(w.ctx(), account, next)
		w.store.mu.Lock()
		defer w.store.mu.Unlock()
		return err == nil && n == 0 && w.store.postures > postures
	})
	if n := w.readsOf(unitEC2) + w.readsOf(unitIAM); n != reads {
		t.Errorf("re-judging read the cloud")
	}
}

func TestWhatCannotBeJudgedMakesTheScanPartial(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.store.held[schemas.Key{ID: "old"}] = schemas.Resource{Key: schemas.Key{ID: "old"}}
	w.judge = func(b *schemas.SnapshotBatch) error {
		if b.Rejudge {
			return schemas.Errorf(schemas.CodeInvalid, "poison")
		}
		return nil
	}
	w.workers()
	w.run(w.control.Run)
	s := w.ended(w.start().ID)
	w.want(s, schemas.ScanPartial)
	if s.Reason != "1 resources could not be judged" {
		t.Errorf("reason %q", s.Reason)
	}
}

// A pack that rests for more resources than a round has does not keep others from
// being judged again.
func TestUnsettledVerdictsDoNotHoldUpOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.control.InRounds(20)
	const stuck, all = 24, 48
	for i := range all {
		k := schemas.Key{ID: fmt.Sprintf("old-%02d", i)}
		w.store.held[k] = schemas.Resource{Key: k}
	}
	var mu sync.Mutex
	tries := map[schemas.Key]int{}
	w.rests = func(k schemas.Key) bool {
		mu.Lock()
		defer mu.Unlock()
		tries[k]++
		return k.ID < fmt.Sprintf("old-%02d", stuck) || strings.HasPrefix(k.ID, "old-") && tries[k] == 1
	}
	w.workers()
	w.run(w.control.Run)
	s := w.ended(w.start().ID)
	w.want(s, schemas.ScanPartial)
	if want := fmt.Sprintf("%d resources could not be judged", stuck); s.Reason != want {
		t.Errorf("%q, want %q", s.Reason, want)
	}
}

func TestAnotherControlTakesOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.run(w.control.Run)
	s := w.start()
	w.eventually("units are asked for", func() bool {
		q, err := w.bus.QueuedUnits(w.ctx(), account)
		return err == nil && len(q) == 2
	})
	first() // control goes away in the middle
	w.workers()
	other := scanner.NewControl(w.depsOf(bustest.Connect(t, w.server), "control-2"))
	w.run(other.Run)
	w.want(w.ended(s.ID), schemas.ScanSucceeded)
	if a, b := w.readsOf(unitEC2), w.readsOf(unitIAM); a != 1 || b != 1 {
		t.Errorf("units were read %d and %d times, want once", a, b)
	}
}

func TestTwoControlsDriveOneScan(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.workers()
	w.run(w.control.Run)
	w.run(scanner.NewControl(w.depsOf(bustest.Connect(t, w.server), "control-2")).Run)
	for range 3 {
		w.want(w.ended(w.start().ID), schemas.ScanSucceeded)
	}
	if n := w.readsOf(unitEC2); n != 3 {
		t.Errorf("three scans read the unit %d times", n)
	}
}

func TestACrashBetweenEndAndReleaseIsMadeGood(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.start()
	rec, rev, err := w.deps.Scans.Get(w.ctx(), string(account)+"."+s.ID)
	if err != nil {
		t.Fatal(err)
	}
	rec.State, rec.EndedAt = schemas.ScanSucceeded, time.Now()
	if _, err := w.deps.Scans.Update(w.ctx(), string(account)+"."+s.ID, rec, rev); err != nil {
		t.Fatal(err)
	}
	if next := w.start(); next.ID != "123456789012-2" {
		t.Errorf("got %s", next.ID)
	}
	if len(w.store.recorded) != 1 || w.store.recorded[0].ID != s.ID {
		t.Errorf("recorded %v", w.store.recorded)
	}
}

func TestAStoreThatFailsIsWaitedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.store.fail = errors.New("down")
	w.workers()
	w.run(w.control.Run)
	s := w.start()
	w.eventually("the store is asked again and again", func() bool {
		w.store.mu.Lock()
		defer w.store.mu.Unlock()
		return w.store.asked > 3
	})
	if got, err := w.control.Get(w.ctx(), s.ID); err != nil || got.State != schemas.ScanRunning {
		t.Errorf("got %+v, %v", got, err)
	}
	w.store.mu.Lock()
	w.store.fail = nil
	w.store.mu.Unlock()
	w.want(w.ended(s.ID), schemas.ScanSucceeded)
}

func TestControlKilledAgainAndAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.store.mismatch[unitEC2] = 1
	dropped := schemas.Scope{Region: "eu-west-1", Type: "aws:ec2/thing:Thing", Route: schemas.RouteNative}
	w.store.open = []schemas.Scope{dropped}
	w.store.held[schemas.Key{ID: "old"}] = schemas.Resource{Key: schemas.Key{ID: "old"}}
	w.workers()
	s := w.start()
	over := func() bool {
		act, _, err := w.deps.Active.Get(w.ctx(), string(account))
		return err == nil && act.Scan == nil
	}
	for i := 0; !over(); i++ {
		if i > 500 {
			t.Fatal("the scan does not end")
		}
		stop := w.run(scanner.NewControl(w.depsOf(w.bus, fmt.Sprintf("control-%d", i))).Run)
		lives := time.NewTimer(time.Duration(20+i*5) * time.Millisecond)
		<-lives.C
		stop()
	}
	w.want(w.ended(s.ID), schemas.ScanSucceeded)
	if n, _, err := w.store.UnjudgedCount(w.ctx(), account, 1); err != nil || n != 0 {
		t.Errorf("%d resources left unjudged, %v", n, err)
	}
	if got := closedAt(w, dropped); !strings.HasSuffix(got, string(schemas.FixOutOfScope)) {
		t.Errorf("the dropped scope is closed at %q", got)
	}
}
