package sink

import (
	"cmp"
	"fmt"
	"slices"
	"testing"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// eventsOf are the transitions of an account ("" every one) and scan ("" every
// one), oldest first.
func (m *model) eventsOf(a schemas.AccountID, scan string) (out []schemas.ViolationEvent) {
	for _, e := range m.events {
		if (a == "" || e.AccountID == string(a)) && (scan == "" || e.Scan == scan) {
			out = append(out, schemas.ViolationEvent{
				EventID: e.EventID, Finding: e.Finding, AccountID: schemas.AccountID(e.AccountID), Key: schemas.Key{Region: e.Region, Type: e.Type, ID: e.ID},
				Pack: e.Pack, Policy: e.Policy, Transition: schemas.Transition(e.Transition), Cause: schemas.FixCause(e.Cause), Scan: e.Scan,
				Order: schemas.Order{Version: e.Version, Revision: e.Revision, Attempt: e.Attempt}, At: e.At,
				Severity: schemas.Severity(e.Severity), OpenedAt: e.OpenedAt,
			})
		}
	}
	return out
}

func askEvents(t *testing.T, w *world) {
	byID := func(a, b schemas.ViolationEvent) int { return compareText(a.EventID, b.EventID) }
	ask := func(a schemas.AccountID, scan string) []schemas.ViolationEvent {
		t.Helper()
		got, err := w.s.Events(t.Context(), a, scan)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.IsSortedFunc(got, func(a, b schemas.ViolationEvent) int {
			return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Order.Version, b.Order.Version))
		}) {
			t.Errorf("events of %q %q are not in order", a, scan)
		}
		list, want := slices.SortedFunc(slices.Values(got), byID), w.m.eventsOf(a, scan)
		slices.SortFunc(want, byID)
		sameText(t, fmt.Sprintf("events of %q %q", a, scan), list, want)
		return got
	}
	ask("", "")
	askEventPages(t, w)
	for _, a := range append(histories, "aws-999999999999") {
		opens(t, ask(a, ""))
		// Re-judgements belong to no scan, and so do their events.
		for _, scan := range append(w.scans(a), "", "no-such-scan", "' OR 1=1 --") {
			want := map[schemas.Transition]uint64{}
			for _, e := range w.m.eventsOf(a, "") {
				if e.Scan == scan {
					want[e.Transition]++
				}
			}
			got, err := w.s.Changes(t.Context(), a, scan)
			if err != nil || got != (schemas.Changes{Opened: want[schemas.Opened], Fixed: want[schemas.Fixed], Reopened: want[schemas.Reopened]}) {
				t.Errorf("changes of %q %q: %+v, want %v: %v", a, scan, got, want, err)
			}
			if scan != "" {
				ask(a, scan)
			}
		}
		ask("", w.scans(a)[0])
		ask(histories[0], w.scans(histories[1])[0]) // a scan of another account
	}
}

// askEventPages compares pages of any size with the whole list.
func askEventPages(t *testing.T, w *world) {
	t.Helper()
	for _, a := range histories {
		for _, scan := range []string{"", w.scans(a)[0]} {
			want, err := w.s.Events(t.Context(), a, scan)
			if err != nil || scan == "" && len(want) < 20 {
				t.Fatalf("%d events: %v", len(want), err)
			}
			byOrder := func(a, b schemas.ViolationEvent) int {
				return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Order.Version, b.Order.Version), cmp.Compare(a.Order.Revision, b.Order.Revision),
					cmp.Compare(a.Order.Attempt, b.Order.Attempt), compareText(a.EventID, b.EventID))
			}
			slices.SortFunc(want, byOrder)
			for _, limit := range []int{7, len(want), 1000} {
				var got []schemas.ViolationEvent
				q := schemas.EventQuery{Scan: scan, Limit: max(limit, 1)}
				for pages := 0; ; pages++ {
					page, err := w.s.EventPage(t.Context(), a, q)
					if err != nil || len(page.Events) > q.Limit || pages > len(want) {
						t.Fatalf("page %d: %d events, %v", pages, len(page.Events), err)
					}
					got = append(got, page.Events...)
					if q.Cursor = page.Next; q.Cursor == "" {
						break
					}
				}
				sameText(t, fmt.Sprintf("events of %q %q in pages of %d", a, scan, limit), got, want)
			}
		}
	}
	for _, q := range []schemas.EventQuery{{Limit: 1001}, {Limit: -1}, {Cursor: "x"}} {
		if _, err := w.s.EventPage(t.Context(), histories[0], q); schemas.CodeOf(err) != schemas.CodeInvalid {
			t.Errorf("%+v: %v", q, err)
		}
	}
}

// opens checks that every life is opened, fixed, reopened, fixed, …
func opens(t *testing.T, events []schemas.ViolationEvent) {
	t.Helper()
	last := map[string]schemas.Transition{}
	for _, e := range events {
		before := last[e.Finding]
		ok := map[schemas.Transition]bool{
			schemas.Opened: before == "", schemas.Reopened: before == schemas.Fixed,
			schemas.Fixed: before == schemas.Opened || before == schemas.Reopened,
		}[e.Transition]
		if !ok || (e.Transition == schemas.Fixed) != (e.Cause != "") {
			t.Errorf("finding %s: %q after %q, cause %q", e.Finding, e.Transition, before, e.Cause)
		}
		last[e.Finding] = e.Transition
	}
}

// The life of one violation as people see it, with the events it makes.
func TestTheLifeOfAViolation(t *testing.T) {
	t.Parallel()
	sc := newScene(t)
	sc.packs = []schemas.JudgedPack{{Pack: "p", Version: "1", Group: "g", Policies: []string{"a"}}}
	k := sceneKey(bucketType, "b")
	says := schemas.PolicyResult{}
	sc.says = func(schemas.Key, string, string) schemas.PolicyResult { return says }
	step := func(what string, said schemas.PolicyResult, state schemas.ViolationState, opened, last, fixed, reopened int, cause schemas.FixCause) {
		t.Helper()
		says = said
		sc.content[k] = what
		sc.judge(k)
		page, err := sc.s.Violations(t.Context(), schemas.ViolationQuery{State: []schemas.ViolationState{schemas.ViolationOpen, schemas.ViolationFixed}}, schemas.Record{})
		if err != nil || len(page.Violations) != 1 {
			t.Fatalf("%s: %+v, %v", what, page, err)
		}
		v := page.Violations[0]
		got := []int{minutes(sc, v.FirstSeen), minutes(sc, v.OpenedAt), minutes(sc, v.LastSeen), int(v.Reopened)}
		if !slices.Equal(got, []int{1, opened, last, reopened}) || v.State != state || v.FixCause != cause || fixed > 0 && minutes(sc, v.FixedAt) != fixed || fixed == 0 && !v.FixedAt.IsZero() {
			t.Errorf("%s: first seen, opened, last seen, reopened %v, want 1 %d %d %d: %+v", what, got, opened, last, reopened, v)
		}
		if state == schemas.ViolationOpen && said.Outcome == schemas.Failed {
			sameText(t, what, v.Messages, said.Messages)
		}
	}
	open, ended := schemas.ViolationOpen, schemas.ViolationFixed
	step("opened", failed(schemas.SeverityLow, "one", "two"), open, 1, 1, 0, 0, "")
	step("still open, other words", failed(schemas.SeverityHigh, "three"), open, 1, 2, 0, 0, "")
	step("not known is not fixed", schemas.PolicyResult{Outcome: schemas.Unknown}, open, 1, 3, 0, 0, "")
	step("errored is not fixed", schemas.PolicyResult{Outcome: schemas.Errored}, open, 1, 4, 0, 0, "")
	step("fixed", schemas.PolicyResult{Outcome: schemas.Passed}, ended, 1, 5, 5, 0, schemas.FixResourceChanged)
	step("fixed stays", schemas.PolicyResult{Outcome: schemas.NotApplicable}, ended, 1, 5, 5, 0, schemas.FixResourceChanged)
	step("not known opens nothing", schemas.PolicyResult{Outcome: schemas.Unknown}, ended, 1, 5, 5, 0, schemas.FixResourceChanged)
	step("reopened", failed(schemas.SeverityHigh), open, 8, 8, 0, 1, "")
	step("disabled", schemas.PolicyResult{Outcome: schemas.Disabled}, ended, 8, 9, 9, 1, schemas.FixResourceChanged)
	got, err := sc.s.Changes(t.Context(), sc.id, sc.scan)
	if err != nil || got != (schemas.Changes{Opened: 1, Fixed: 2, Reopened: 1}) {
		t.Errorf("changes %+v, %v", got, err)
	}
}

// Open violations are seen with their resource, and only with it.
func TestAnOpenViolationIsSeenWithItsScope(t *testing.T) {
	t.Parallel()
	sc := newScene(t)
	sc.packs = []schemas.JudgedPack{{Pack: "p", Version: "1", Policies: []string{"a"}}}
	sc.says = func(schemas.Key, string, string) schemas.PolicyResult { return failed(schemas.SeverityHigh, "bad") }
	k := sceneKey(bucketType, "b")
	is := func(what string, last int) {
		t.Helper()
		page, err := sc.s.Violations(t.Context(), schemas.ViolationQuery{State: []schemas.ViolationState{schemas.ViolationOpen, schemas.ViolationFixed}}, schemas.Record{})
		if err != nil || len(page.Violations) != 1 || minutes(sc, page.Violations[0].LastSeen) != last {
			t.Errorf("%s: want last seen %d: %+v, %v", what, last, page, err)
		}
	}
	sc.judge(k)
	is("opened", 1)
	sc.end(schemas.ScopeEnd{Scope: bucketScope(), State: schemas.ScopeDenied})
	is("a run that was denied", 1)
	sc.close(bucketScope(), schemas.FixResourceGone)
	is("a complete run", 3)
	sc.close(schemas.Scope{Region: "us-east-1", Type: bucketType, Route: schemas.RouteNative}, schemas.FixResourceGone)
	is("a complete run of another scope", 3)
	sc.close(bucketScope(), schemas.FixResourceGone, k)
	is("gone", 5)
	sc.close(bucketScope(), schemas.FixResourceGone)
	is("fixed stays as it was", 5)
}
