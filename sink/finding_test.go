package sink

import (
	"slices"
	"strings"
	"testing"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// Every violation is found by its id or by the beginning of it, with exactly its
// own events, which tell its life without gaps.
func askDetails(t *testing.T, w *world) {
	short := false
	for id, row := range w.m.violations {
		named := id
		if short = !short; short { // each second one, others at each run
			named = id[:schemas.ShortFinding]
		}
		d, err := w.s.Violation(t.Context(), named, schemas.Record{})
		if err != nil {
			t.Fatalf("%s: %v", named, err)
		}
		sameText(t, "violation "+named, d.Violation, w.m.violation(row))
		var want []schemas.ViolationEvent
		for _, e := range w.m.eventsOf(schemas.AccountID(row.AccountID), "") {
			if e.Finding == id {
				want = append(want, e)
			}
		}
		slices.SortFunc(want, func(a, b schemas.ViolationEvent) int {
			if b.Order.Newer(a.Order) {
				return -1
			}
			return 1
		})
		sameText(t, "events of "+named, d.Events, want)
		opens(t, d.Events)
		if d.Title == "" || d.RemediationSteps != "mend it" || len(d.Controls) != 1 {
			t.Errorf("%s: nothing of its policy: %+v", named, d)
		}
		for _, e := range d.Events {
			if e.OpenedAt.IsZero() || e.Transition == schemas.Fixed && e.At.Before(e.OpenedAt) || e.Transition != schemas.Fixed && !e.At.Equal(e.OpenedAt) {
				t.Errorf("%s: %s at %s of a period since %s", named, e.Transition, e.At, e.OpenedAt)
			}
		}
	}
	for named, code := range map[string]schemas.Code{
		strings.Repeat("0", 32): schemas.CodeNotFound, "ffffffff": schemas.CodeNotFound, "' OR 1=1": schemas.CodeNotFound, "": schemas.CodeConflict,
	} {
		if d, err := w.s.Violation(t.Context(), named, schemas.Record{}); err == nil || schemas.CodeOf(err) != code {
			t.Errorf("%q: %+v, %v", named, d, err)
		}
	}
}
