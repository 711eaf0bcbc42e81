package sink

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// unitStatuses counts what was stored of the newest attempt of every unit.
func (m *model) unitStatuses(a schemas.AccountID, scan string) (out []schemas.UnitStatus) {
	newest := map[schemas.UnitKey]uint64{}
	for b := range m.batches {
		u := schemas.UnitKey{Region: b.UnitRegion, Service: b.Service}
		if b.AccountID == string(a) && b.Scan == scan {
			newest[u] = max(newest[u], b.Seq)
		}
	}
	for e := range m.ends {
		u := schemas.UnitKey{Region: e.UnitRegion, Service: e.Service}
		if e.AccountID == string(a) && e.Scan == scan {
			newest[u] = max(newest[u], e.Seq)
		}
	}
	for u, seq := range newest {
		st := schemas.UnitStatus{Unit: u}
		for b := range m.batches {
			if b.AccountID != string(a) || b.Scan != scan || b.UnitRegion != u.Region || b.Service != u.Service || b.Seq != seq {
				continue
			}
			st.Mismatch = st.Mismatch || b.Mismatch != 0
			if b.Kind == "snapshot" {
				st.Snapshots++
			} else {
				st.VerdictBatches++
			}
		}
		for e := range m.ends {
			if e.AccountID == string(a) && e.Scan == scan && e.UnitRegion == u.Region && e.Service == u.Service && e.Seq == seq {
				_ = json.Unmarshal([]byte(e.Document), &st.End)
			}
		}
		out = append(out, st)
	}
	slices.SortFunc(out, func(a, b schemas.UnitStatus) int { return compareText(a.Unit.String(), b.Unit.String()) })
	return out
}

func askUnitStatuses(t *testing.T, w *world) {
	done, open := 0, 0
	for _, a := range histories {
		for _, scan := range append(w.scans(a), "no-such-scan", "' OR '1'='1") {
			got, err := w.s.UnitStatuses(t.Context(), a, scan)
			if err != nil {
				t.Fatal(err)
			}
			sameText(t, "units of "+scan, got, w.m.unitStatuses(a, scan))
			for _, st := range got {
				if st.Done() {
					done++
				} else {
					open++
				}
			}
		}
	}
	if done == 0 || open == 0 {
		t.Errorf("%d units are done and %d are not: the history shows one side only", done, open)
	}
}

func askCloses(t *testing.T, w *world) {
	for _, a := range append(histories, "aws-999999999999") {
		got, err := w.s.ClosedSeqs(t.Context(), a)
		if err != nil {
			t.Fatal(err)
		}
		want := map[schemas.Scope]uint64{}
		for k, c := range w.m.closes {
			if k.account == a {
				want[k.Scope] = c.Seq
			}
		}
		if len(got) != len(want) {
			t.Errorf("%s: %d closes, want %d", a, len(got), len(want))
		}
		for sc, seq := range want {
			if got[sc] != seq {
				t.Errorf("%s %s: closed at %d, want %d", a, sc, got[sc], seq)
			}
		}
	}
}

// openScopes own live resources or were tried after they last left the plan.
func (m *model) openScopes(a schemas.AccountID) []schemas.Scope {
	open := map[schemas.Scope]bool{}
	for k, e := range m.scopeEnds {
		c := m.closes[k]
		if k.account == a && (c.Cause != string(schemas.FixOutOfScope) || c.Seq <= e.Seq) {
			open[k.Scope] = true
		}
	}
	for _, r := range m.live(a) {
		open[schemas.Scope{Region: r.ScopeRegion, Type: r.Type, Route: r.Route}] = true
	}
	var out []schemas.Scope
	for sc := range open {
		out = append(out, sc)
	}
	slices.SortFunc(out, func(a, b schemas.Scope) int { return compareText(a.String(), b.String()) })
	return out
}

func askOpenScopes(t *testing.T, w *world) {
	for _, a := range append(histories, "aws-999999999999") {
		got, err := w.s.OpenScopes(t.Context(), a)
		if err != nil {
			t.Fatal(err)
		}
		sameText(t, "open scopes of "+string(a), got, w.m.openScopes(a))
	}
}

// A scope that left the plan is closed; it opens again with the next attempt,
// also with one that died before it could say how it ended.
func TestOpenScopesFollowTheLifeOfAScope(t *testing.T) {
	t.Parallel()
	sc := newScene(t)
	is := func(what string, want ...schemas.Scope) {
		t.Helper()
		got, err := sc.s.OpenScopes(t.Context(), sc.id)
		if err != nil {
			t.Fatal(err)
		}
		sameText(t, what, got, want)
	}
	bucket := schemas.Scope{Region: "global", Type: bucketType, Route: schemas.RouteNative}
	volume := schemas.Scope{Region: "global", Type: volumeType, Route: schemas.RouteNative}
	is("nothing happened")
	sc.end(schemas.ScopeEnd{Scope: bucket, State: schemas.ScopeDenied})
	is("tried and denied", bucket)
	sc.see(sceneKey(volumeType, "v"))
	is("a resource of an attempt without an end", volume, bucket)
	sc.close(bucket, schemas.FixOutOfScope)
	is("buckets left the plan", volume)
	sc.close(volume, schemas.FixOutOfScope)
	is("volumes left it too")
	sc.end(schemas.ScopeEnd{Scope: volume, State: schemas.ScopeFailed})
	is("volumes are tried again, in vain", volume)
	sc.close(volume, schemas.FixOutOfScope)
	is("and left the plan again")
	sc.see(sceneKey(bucketType, "b"))
	is("buckets are back", bucket)
	sc.close(bucket, schemas.FixResourceGone)
	is("a complete run closes nothing for good", bucket)
}

// A sighting that contradicts the store is noted, for its attempt only, and is
// not taken back by a later copy of the batch.
func TestAMismatchIsToldUntilTheUnitIsReadAgain(t *testing.T) {
	t.Parallel()
	sc := newScene(t)
	k := sceneKey(bucketType, "b")
	sc.see(k)
	sc.seq++
	b := sc.batch()
	b.Unchanged = []schemas.Sighting{{Key: k, Hash: "another"}}
	sc.write(schemas.Message{Snapshot: b})
	is := func(what string, mismatch bool) {
		t.Helper()
		got, err := sc.s.UnitStatuses(t.Context(), sc.id, sc.scan)
		if err != nil || len(got) != 1 || got[0].Mismatch != mismatch {
			t.Errorf("%s: %+v, %v", what, got, err)
		}
	}
	is("a sighting of other content", true)
	right := *b
	right.Unchanged = []schemas.Sighting{{Key: k, Hash: contentOf(k)}}
	sc.write(schemas.Message{Snapshot: &right})
	is("the same number without it", true)
	for _, gone := range []schemas.Key{sceneKey(bucketType, "never"), sceneKey(volumeType, "b")} {
		sc.seq++
		b := sc.batch()
		b.Unchanged = []schemas.Sighting{{Key: gone, Hash: contentOf(gone)}}
		sc.write(schemas.Message{Snapshot: b})
		is("a sighting of what is not held", true)
	}
	sc.see(k)
	is("read again", false)
}

// A unit is done when its end and as many batches of both kinds are stored.
func TestAUnitIsDoneWhenEverythingIsStored(t *testing.T) {
	t.Parallel()
	sc := newScene(t)
	sc.seq++
	b := sc.batch()
	end := &schemas.UnitEnd{Scan: sc.scan, AccountID: sc.id, Account: sc.name, Unit: b.Unit, Seq: sc.seq, Batches: 1, Calls: 7, StartedAt: b.At}
	for i, m := range []schemas.Message{{End: end}, {Verdicts: sc.answer(b)}, {Snapshot: b}, {Snapshot: b}} {
		sc.write(m)
		got, err := sc.s.UnitStatuses(t.Context(), sc.id, sc.scan)
		if err != nil || len(got) != 1 || got[0].End == nil || got[0].Done() != (i >= 2) {
			t.Errorf("after message %d: %+v, %v", i, got, err)
		}
	}
	older := *end
	older.Seq, older.Batches, older.StartedAt = sc.seq-1, 9, end.StartedAt.Add(-time.Hour)
	sc.write(schemas.Message{End: &older})
	got, err := sc.s.UnitStatuses(t.Context(), sc.id, sc.scan)
	if err != nil || len(got) != 1 || !got[0].Done() || got[0].End.Calls != 7 {
		t.Errorf("after the end of an older attempt: %+v, %v", got, err)
	}
}
