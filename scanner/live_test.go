package scanner_test

import (
	"slices"
	"testing"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// While a unit is read the record says so, and how far it is; what workers say
// is gone from it when the scan has ended.
func TestAScanIsWatchedWhileUnitsAreRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	goOn := make(chan struct{})
	said := schemas.UnitProgress{AccountID: account, Unit: unitEC2, Seq: 1, Resources: 1000, Calls: 40, Throttles: 7}
	w.read = func(u schemas.Unit) (schemas.ScopeState, error) {
		if u.Unit != unitEC2 {
			return schemas.ScopeComplete, nil
		}
		said.Scan = u.Scan
		other := said
		other.Scan, other.Resources = "another", 99999
		w.eventually("somebody has heard how far it is", func() bool {
			for _, p := range []*schemas.UnitProgress{&said, &other} {
				if err := w.bus.PublishProgress(w.ctx(), p); err != nil {
					t.Error(err)
				}
			}
			select {
			case <-goOn:
				return true
			default:
				return false
			}
		})
		return schemas.ScopeComplete, nil
	}
	w.workers()
	w.run(w.control.Run)
	id := w.start().ID
	want := schemas.Progress{UnitsTotal: 2, UnitsEnded: 1, Resources: 1001, Calls: 43, Throttles: 7}
	w.eventually("the record says what is read", func() bool {
		s, err := w.control.Get(w.ctx(), id)
		return err == nil && s.Progress == want && slices.Equal(s.Reading, []schemas.UnitKey{unitEC2})
	})
	close(goOn)
	s := w.ended(id)
	w.want(s, schemas.ScanSucceeded)
	if want := (schemas.Progress{UnitsTotal: 2, UnitsEnded: 2, ScopesClosed: 2, Resources: 2, Calls: 6}); s.Progress != want || len(s.Reading) != 0 {
		t.Errorf("at its end: %+v, reading %v, want %+v", s.Progress, s.Reading, want)
	}
}
