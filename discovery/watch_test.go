package discovery_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// A read that waits for the cloud ends soon after its scan was cancelled. Times
// are those of a clock that jumps when everybody waits.
func TestACancelledReadEndsSoon(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		w := world{listed: map[string]string{"a": "1"}, stuck: true, cancelAt: start.Add(90*time.Minute + time.Second/2)}
		w.handle(t)
		if late := time.Since(w.cancelAt); late < 0 || late > time.Second {
			t.Errorf("ended %s after the scan was cancelled", late)
		}
		if w.end == nil || len(w.end.Scopes) != 0 || w.end.Batches != len(w.batches) || w.end.Calls != 7 {
			t.Errorf("end %+v after %d batches; want one without a scope", w.end, len(w.batches))
		}
		// It told how far it is, though nobody heard it.
		want := schemas.UnitProgress{Scan: "s", AccountID: account.ID, Unit: w.end.Unit, Seq: 42, Resources: 1, Calls: 7, Throttles: 1}
		if n := len(w.progress); n < 5000 || n > 5500 || w.progress[n-1] != want {
			t.Errorf("told %d times in 90 minutes, at last %+v", n, w.progress[n-1])
		}
	})
}

func TestAUnitOfACancelledScanIsNotRead(t *testing.T) {
	t.Parallel()
	w := world{listed: map[string]string{"a": "1"}, cancelAt: time.Now()}
	w.handle(t)
	if w.opened != 0 || w.end != nil || len(w.batches) != 0 {
		t.Errorf("opened %d times, end %+v, %d batches", w.opened, w.end, len(w.batches))
	}
}
