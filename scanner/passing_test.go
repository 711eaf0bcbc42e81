package scanner_test

import (
	"testing"
	"time"

	"github.com/insights-scanner/insights-scanner/scanner"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// hastened has control's clock go 45 seconds with every look at the store.
type hastened struct{ *memory }

func (h hastened) now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return time.Now().Add(45 * time.Second * time.Duration(h.asked))
}

// A unit that met with trouble is read again after a while, and the scan counts what
// it saw then; when the trouble stays, the scan ends all the same.
func TestAUnitIsReadAgainAfterTrouble(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		passes bool
		scope  schemas.ScopeState // while there is trouble
		reads  int
		state  schemas.ScanState
	}{
		"that passes":         {true, schemas.ScopeFailed, 2, schemas.ScanSucceeded},
		"that stays":          {false, schemas.ScopeFailed, 4, schemas.ScanPartial},
		"of a property alone": {false, schemas.ScopeComplete, 4, schemas.ScanPartial},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.deps.Now = hastened{w.store}.now
			w.control = scanner.NewControl(w.deps)
			w.passing = func(u schemas.Unit) bool { return u.Unit == unitEC2 && (u.Retry == 0 || !c.passes) }
			w.read = func(u schemas.Unit) (schemas.ScopeState, error) {
				if w.passing(u) {
					return c.scope, nil
				}
				return schemas.ScopeComplete, nil
			}
			w.workers()
			w.run(w.control.Run)
			s := w.ended(w.start().ID)
			w.want(s, c.state)
			w.mu.Lock()
			defer w.mu.Unlock()
			if w.reads[unitEC2] != c.reads || w.reads[unitIAM] != 1 {
				t.Errorf("read %v", w.reads)
			}
		})
	}
}
