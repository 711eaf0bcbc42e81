package sink

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// openAt are the findings that were open at a time, by going through every event.
func (m *model) openAt(at time.Time) map[string]bool {
	last := map[string]eventRow{}
	for _, e := range m.events {
		l, seen := last[e.Finding]
		newer := schemas.Order{Version: e.Version, Revision: e.Revision, Attempt: e.Attempt}.Newer(schemas.Order{Version: l.Version, Revision: l.Revision, Attempt: l.Attempt})
		if !e.At.After(at) && (!seen || newer) {
			last[e.Finding] = e
		}
	}
	open := map[string]bool{}
	for id, e := range last {
		if e.Transition != "fixed" {
			open[id] = true
		}
	}
	return open
}

// What was open at any past moment is what the events say, and now what is open.
func askPast(t *testing.T, w *world) {
	some := false
	for _, hours := range []int{0, 1, 2, 3, 5, 8, 13, 100} {
		at := w.h.now.Add(time.Duration(13-hours) * time.Hour / 2).Add(-6 * time.Hour)
		want := w.m.openAt(at)
		got := pageThrough(t, w.s, schemas.ViolationQuery{AsOf: at, Limit: maxLimit})
		var ids, wanted []string
		for _, v := range got {
			ids = append(ids, v.Finding)
			if v.State != schemas.ViolationOpen || !v.FixedAt.IsZero() {
				t.Errorf("as of %s: %+v", at, v)
			}
		}
		for id := range want {
			wanted = append(wanted, id)
			some = some || w.m.violations[id].State == "fixed"
		}
		slices.Sort(ids)
		slices.Sort(wanted)
		sameText(t, fmt.Sprintf("open as of %d hours", hours), ids, wanted)
	}
	if !some {
		t.Error("nothing that is fixed now was open then")
	}
	var now []string
	for id, v := range w.m.violations {
		if v.State == "open" {
			now = append(now, id)
		}
	}
	if open := w.m.openAt(w.h.now.Add(1000 * time.Hour)); len(open) != len(now) {
		t.Errorf("the events leave %d open, %d are", len(open), len(now))
	}
}

// What differs between any two scans is what the model's states differ by.
func askDiff(t *testing.T, w *world) {
	differences := uint64(0)
	for _, a := range histories {
		cuts := map[string]uint64{} // the last attempt of each scan that has an end
		for e := range w.m.ends {
			if e.AccountID == string(a) {
				cuts[e.Scan] = max(cuts[e.Scan], e.Seq)
			}
		}
		for _, from := range w.scans(a) {
			for _, to := range w.scans(a) {
				// By seqs alone: what the scan's end adds has a test of its own.
				scan := func(id string) schemas.Scan { return schemas.Scan{ID: id, AccountID: a, State: schemas.ScanSucceeded} }
				d, err := w.s.Diff(t.Context(), scan(from), scan(to), schemas.DiffQuery{Limit: 1000})
				if err != nil {
					t.Fatal(err)
				}
				var added, changed, removed uint64
				was, is := w.m.contentAt(a, cuts[from]), w.m.contentAt(a, cuts[to])
				for k, h := range is {
					switch old, had := was[k]; {
					case !had:
						added++
					case old != h:
						changed++
					}
				}
				for k := range was {
					if _, has := is[k]; !has {
						removed++
					}
				}
				r := d.Resources
				if r.Added != added || r.Changed != changed || r.Removed != removed || uint64(len(r.List)) != added+changed+removed {
					t.Errorf("resources from %s to %s: %+v, want +%d ~%d -%d", from, to, r, added, changed, removed)
				}
				var opened, fixed, same uint64
				before, after := w.m.openUpTo(a, cuts[from]), w.m.openUpTo(a, cuts[to])
				for id := range after {
					if before[id] {
						same++
					} else {
						opened++
					}
				}
				for id := range before {
					if !after[id] {
						fixed++
					}
				}
				v := d.Violations
				if v.Opened != opened || v.Fixed != fixed || v.Unchanged != same || uint64(len(v.List)) != opened+fixed {
					t.Errorf("violations from %s to %s: %+v, want +%d -%d =%d", from, to, v, opened, fixed, same)
				}
				askDiffPages(t, w, scan(from), scan(to), d)
				differences += added + changed + removed + opened + fixed
			}
		}
	}
	if differences < 100 {
		t.Errorf("only %d differences", differences)
	}
}

// askDiffPages compares pages of a diff with the whole.
func askDiffPages(t *testing.T, w *world, from, to schemas.Scan, whole schemas.Diff) {
	t.Helper()
	if all := w.scans(from.AccountID); from.ID != all[0] || to.ID != all[len(all)-1] {
		return // one of an account is enough
	}
	var got schemas.Diff
	q := schemas.DiffQuery{Limit: 7}
	for pages := 0; ; pages++ {
		page, err := w.s.Diff(t.Context(), from, to, q)
		if err != nil || pages > 100 || len(page.Resources.List) > q.Limit || len(page.Violations.List) > q.Limit {
			t.Fatalf("page %d: %+v, %v", pages, page, err)
		}
		resources, violations := got.Resources.List, got.Violations.List
		got = page
		got.Resources.List, got.Violations.List = slices.Concat(resources, page.Resources.List), slices.Concat(violations, page.Violations.List)
		if q.Cursor = page.Next; q.Cursor == "" {
			break
		}
	}
	sameText(t, "pages of "+from.ID+" to "+to.ID, got, whole)
	first, err := w.s.Diff(t.Context(), from, to, schemas.DiffQuery{Limit: 1})
	if err != nil || first.Next == "" {
		t.Fatalf("%+v, %v", first, err)
	}
	if _, err := w.s.Diff(t.Context(), to, from, schemas.DiffQuery{Limit: 1, Cursor: first.Next}); schemas.CodeOf(err) != schemas.CodeInvalid {
		t.Errorf("a cursor of other scans: %v", err)
	}
}

// contentAt is what was held after an attempt: the hash of each live resource.
func (m *model) contentAt(a schemas.AccountID, seq uint64) map[schemas.Key]string {
	newest := map[schemas.Key]versionRow{}
	for _, v := range m.versions {
		k := schemas.Key{Region: v.Region, Type: v.Type, ID: v.ID}
		if v.AccountID == string(a) && v.Version <= seq && v.Version >= newest[k].Version {
			newest[k] = v
		}
	}
	out := map[schemas.Key]string{}
	for k, v := range newest {
		if !v.Tombstone {
			out[k] = v.Hash
		}
	}
	return out
}

// openUpTo are the findings that attempts up to one left open.
func (m *model) openUpTo(a schemas.AccountID, seq uint64) map[string]bool {
	some := newModel()
	for id, e := range m.events {
		if e.AccountID == string(a) && e.Attempt <= seq {
			some.events[id] = e
		}
	}
	return some.openAt(time.Now().Add(10000 * time.Hour))
}
