package sink

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// unjudged are the live resources without a verdict of their content,
// projection and the revision, in the order of the table.
func (m *model) unjudged(a schemas.AccountID, revision uint64) (out []resourceRow) {
	for _, r := range m.live(a) {
		j, ok := m.judged[r.key()]
		if !ok || j.Tombstone || j.Hash != r.Hash || j.Projection < r.Projection || j.Revision != revision {
			out = append(out, r)
		}
	}
	return out
}

func collectUnjudged(t *testing.T, s *Store, a schemas.AccountID, revision uint64, limit int) (out []schemas.Resource) {
	t.Helper()
	err := s.Unjudged(t.Context(), a, revision, 0, limit, func(rs []schemas.Resource) error {
		if len(rs) == 0 || len(rs) > documentPage {
			t.Errorf("a page of %d resources", len(rs))
		}
		out = append(out, rs...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func askUnjudged(t *testing.T, w *world) {
	for _, a := range histories {
		for _, revision := range []uint64{w.h.revision, w.h.revision - 1, w.h.revision + 1} {
			held := w.m.unjudged(a, revision)
			n, _, err := w.s.UnjudgedCount(t.Context(), a, revision)
			if err != nil || n != uint64(len(held)) {
				t.Errorf("%s at %d: %d are not judged, want %d: %v", a, revision, n, len(held), err)
			}
			for _, limit := range []int{0, 1, len(held), len(held) + 10} {
				got := collectUnjudged(t, w.s, a, revision, max(0, limit))
				if want := min(len(held), max(0, limit)); len(got) != want {
					t.Fatalf("%s at %d: %d of limit %d, want %d", a, revision, len(got), limit, want)
				}
				rows := map[resourceKey]resourceRow{} // what is not settled comes last: TestUnsettledComesLast
				for _, row := range held {
					rows[row.key()] = row
				}
				for _, r := range got {
					row, ok := rows[resourceKey{a, r.Key}]
					if !ok {
						t.Fatalf("%s at %d: %v is judged, or comes twice", a, revision, r.Key)
					}
					delete(rows, row.key())
					isToBeJudged(t, w, row, r, revision)
				}
			}
		}
	}
}

// isToBeJudged checks that a resource comes whole, as stored, and with a version
// at which a verdict of this revision beats the one there is.
func isToBeJudged(t *testing.T, w *world, row resourceRow, r schemas.Resource, revision uint64) {
	t.Helper()
	want := resourceOf(row.key(), row.Hash, r.Version)
	want.Projection = int(row.Projection)
	sameText(t, "a resource to judge", r, want)
	j, ok := w.m.judged[row.key()]
	verdict := schemas.Order{Version: r.Version, Revision: revision, Attempt: w.h.seq[row.key().account] + 1}
	if r.Version < row.Version || ok && j.Revision <= revision && !verdict.Newer(j.order()) {
		t.Errorf("%v is to be judged as %+v, its verdict is %+v, its content %d", row.key(), verdict, j.order(), row.Version)
	}
}

// judgeAgain answers what is not judged, as control does, until nothing is left.
func judgeAgain(t *testing.T, w *world) {
	for _, a := range histories {
		before := len(w.m.unjudged(a, w.h.revision))
		w.h.seq[a]++
		b := schemas.SnapshotBatch{
			AccountID: a, Account: "acct-" + a.AWSAccount(), Unit: schemas.UnitKey{Region: "-", Service: "rejudge"},
			Seq: w.h.seq[a], Number: 1, At: w.h.now, Rejudge: true,
			Resources: collectUnjudged(t, w.s, a, w.h.revision, 1000),
		}
		m := schemas.Message{Verdicts: w.h.judge(&b)}
		w.m.write(m)
		if err := w.s.Write(t.Context(), []schemas.Message{m}); err != nil {
			t.Fatal(err)
		}
		n, _, err := w.s.UnjudgedCount(t.Context(), a, w.h.revision)
		if err != nil || n != 0 || before == 0 {
			t.Errorf("%s: %d of %d are left: %v", a, n, before, err)
		}
		if got := collectUnjudged(t, w.s, a, w.h.revision, 1000); len(got) != 0 {
			t.Errorf("%s: left after everything was judged: %v", a, got)
		}
	}
	same(t, "judged again", dumpAll(t, w.s), w.m.dump())
}

// What makes a verdict stale, one by one; each is mended by one answer.
func TestWhatIsJudgedAgain(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(sc *scene, k schemas.Key)
		want   int
	}{
		"nothing":          {func(*scene, schemas.Key) {}, 0},
		"a new revision":   {func(sc *scene, _ schemas.Key) { sc.revision++ }, 1},
		"an older one":     {func(sc *scene, _ schemas.Key) { sc.revision += 2; sc.rejudge(); sc.revision-- }, 1},
		"the same content": {func(sc *scene, k schemas.Key) { sc.see(k) }, 0},
		"other content":    {func(sc *scene, k schemas.Key) { sc.content[k] = "other"; sc.see(k) }, 1},
		"a higher projection of the same content": {func(sc *scene, k schemas.Key) {
			sc.seq++
			b := sc.batch()
			b.Resources = []schemas.Resource{sc.resource(k)}
			b.Resources[0].Projection = 2
			sc.write(schemas.Message{Snapshot: b})
		}, 1},
		"gone": {func(sc *scene, k schemas.Key) { sc.revision++; sc.close(bucketScope(), schemas.FixResourceGone, k) }, 0},
		"gone and there again": {func(sc *scene, k schemas.Key) {
			sc.close(bucketScope(), schemas.FixResourceGone, k)
			sc.see(k)
		}, 1},
		"an error that passes by itself": {func(sc *scene, k schemas.Key) {
			sc.seq++
			b := sc.batch()
			b.Resources = []schemas.Resource{sc.resource(k)}
			v := sc.answer(b)
			v.Verdicts[0].Unsettled = true
			sc.write(schemas.Message{Snapshot: b}, schemas.Message{Verdicts: v})
		}, 1},
		// The verdict of an attempt's other content is stored, its snapshot comes
		// after a later attempt closed the scope and so is refused: the newest
		// verdict is of content that nothing holds, at a version nothing has.
		"a verdict of content that is not held": {func(sc *scene, k schemas.Key) {
			sc.seq++
			late := sc.batch()
			sc.content[k] = "other"
			late.Resources = []schemas.Resource{sc.resource(k)}
			sc.write(schemas.Message{Verdicts: sc.answer(late)})
			sc.seq++
			b := sc.batch()
			b.Unchanged = []schemas.Sighting{{Key: k, Hash: contentOf(k)}}
			sc.write(schemas.Message{Snapshot: b})
			sc.close(bucketScope(), schemas.FixResourceGone)
			sc.write(schemas.Message{Snapshot: late})
		}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sc := newScene(t)
			sc.packs = []schemas.JudgedPack{{Pack: "p", Version: "1", Policies: []string{"a"}}}
			k := sceneKey(bucketType, "b")
			sc.judge(k)
			c.change(sc, k)
			if n := sc.rejudge(); n != c.want {
				t.Errorf("%d are not judged, want %d", n, c.want)
			}
			if n := sc.rejudge(); n != 0 && name != "an older one" { // a newer verdict stays
				t.Errorf("%d are not judged after an answer", n)
			}
		})
	}
}

// What a pack that rests could not judge comes after what nobody judged yet.
func TestUnsettledComesLast(t *testing.T) {
	t.Parallel()
	sc := newScene(t)
	var resources []resourceRow
	var judged []judgedRow
	for _, id := range []string{"a-unsettled", "b-new", "c-unsettled", "d-settled", "e-older", "f-unsettled"} {
		resources = append(resources, resourceRow{
			AccountID: string(sc.id), Account: sc.name, Type: bucketType, Region: "r", ID: id, ScopeRegion: "r", Route: schemas.RouteNative,
			Seq: 1, Number: 1, Version: 1, Hash: "h", Projection: 1, FirstSeen: sc.at(1), ChangedAt: sc.at(1), At: sc.at(1),
		})
		j := judgedRow{AccountID: string(sc.id), Type: bucketType, Region: "r", ID: id, Version: 1, Revision: 1, Attempt: 1, Hash: "h"}
		switch id[2:] {
		case "new":
			continue
		case "settled":
			j.Projection = 1
		case "older":
			j.Hash = "before"
		}
		judged = append(judged, j)
	}
	if err := errors.Join(insert(t.Context(), sc.s, "resources", resources), insert(t.Context(), sc.s, "judged", judged)); err != nil {
		t.Fatal(err)
	}
	if n, unsettled, err := sc.s.UnjudgedCount(t.Context(), sc.id, 1); n != 5 || unsettled != 3 || err != nil {
		t.Errorf("%d, of which %d are not settled: %v", n, unsettled, err)
	}
	for _, c := range []struct {
		skip, limit int
		want        string
	}{{0, 9, "b e a c f"}, {0, 3, "b e a"}, {1, 9, "b e c f"}, {2, 3, "b e f"}, {3, 9, "b e"}, {9, 1, "b"}} {
		var got []string
		err := sc.s.Unjudged(t.Context(), sc.id, 1, c.skip, c.limit, func(rs []schemas.Resource) error {
			for _, r := range rs {
				got = append(got, r.ID[:1])
			}
			return nil
		})
		if err != nil || strings.Join(got, " ") != c.want {
			t.Errorf("without %d, at most %d: %v, want %s: %v", c.skip, c.limit, got, c.want, err)
		}
	}
}

// What the receiver says ends the stream.
func TestUnjudgedStopsWithItsReceiver(t *testing.T) {
	t.Parallel()
	sc := newScene(t)
	sc.see(sceneKey(bucketType, "a"), sceneKey(volumeType, "b"))
	full := errors.New("the bus is full")
	if err := sc.s.Unjudged(t.Context(), sc.id, 1, 0, 10, func([]schemas.Resource) error { return full }); !errors.Is(err, full) {
		t.Errorf("error %v", err)
	}
}

// Pages of every kind are longer than one: comparing, reading whole, listing
// keys, closing. The rows are put there directly, without the batches.
func TestLargeScopes(t *testing.T) {
	t.Parallel()
	sc := newScene(t)
	const n, judgedEvery = judgedPage + 2*closePage + 1, 3
	resources, judged, gone := make([]resourceRow, n), []judgedRow{}, []goneRow{}
	for i := range resources {
		region := "r0"
		if i%8 == 0 {
			region = "r1" // few enough that the other one takes several pages
		}
		r := resourceRow{
			AccountID: string(sc.id), Account: sc.name, Type: bucketType, Region: region, ID: fmt.Sprintf("%06d", i),
			ScopeRegion: "global", Route: schemas.RouteNative, Seq: 1, Number: 1, Version: 1, Hash: "h", Projection: 1,
			Properties: `{"is":"h"}`, FirstSeen: sc.at(1), ChangedAt: sc.at(1), At: sc.at(1),
		}
		if i%judgedEvery == 0 {
			judged = append(judged, judgedRow{AccountID: r.AccountID, Type: r.Type, Region: r.Region, ID: r.ID, Version: 1, Revision: 1, Attempt: 1, Hash: "h", Projection: 1})
		}
		if i >= judgedPage {
			gone = append(gone, goneRow{AccountID: r.AccountID, Seq: 2, Type: r.Type, ScopeRegion: "global", Route: r.Route, Region: r.Region, ID: r.ID, At: sc.at(2)})
		}
		resources[i] = r
	}
	older := slices.Clone(judged) // verdicts of before, also such that come late
	for i := range older {
		older[i].Version, older[i].Hash = 0, "before"
	}
	for _, err := range []error{
		insert(t.Context(), sc.s, "judged", older[:len(older)/2]), insert(t.Context(), sc.s, "judged", judged), insert(t.Context(), sc.s, "judged", older[len(older)/2:]),
		insert(t.Context(), sc.s, "resources", resources), insert(t.Context(), sc.s, "gone_marks", gone),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	count := func(want int) {
		t.Helper()
		if got, _, err := sc.s.UnjudgedCount(t.Context(), sc.id, 1); err != nil || got != uint64(want) {
			t.Errorf("%d are not judged, want %d: %v", got, want, err)
		}
	}
	count(n - len(judged))
	if got := collectUnjudged(t, sc.s, sc.id, 1, 2*documentPage+1); len(got) != 2*documentPage+1 || got[0].ID != "000001" {
		t.Errorf("%d resources, the first %s", len(got), got[0].ID)
	}
	sc.seq = 1
	sc.close(bucketScope(), schemas.FixResourceGone)
	live := (judgedPage + judgedEvery - 1) / judgedEvery
	count(judgedPage - live)
	keys := pagedKeys(t, sc.s, sc.id, bucketScope(), maxKeys)
	seen := map[schemas.Key]bool{}
	for _, k := range keys {
		seen[k] = true
	}
	if len(keys) != judgedPage || len(seen) != judgedPage {
		t.Errorf("%d keys, %d different, want %d", len(keys), len(seen), judgedPage)
	}
}

// A batch that was given up is replayed after a later attempt found the content
// of before: its verdict is of other content than what is held, and the next
// re-judgement takes it back.
func TestAReplayedVerdictOfOtherContentIsJudgedAnew(t *testing.T) {
	t.Parallel()
	sc := newScene(t)
	sc.packs = []schemas.JudgedPack{{Pack: "p", Version: "1.0", Policies: []string{"no"}}}
	bad := false
	sc.says = func(schemas.Key, string, string) schemas.PolicyResult {
		if bad {
			return failed(schemas.SeverityHigh, "bad")
		}
		return schemas.PolicyResult{Outcome: schemas.Passed}
	}
	k := sceneKey(bucketType, "b")
	sc.judge(k)
	good := sc.resource(k).Hash
	sc.seq++
	dead := sc.batch()
	changed := sc.resource(k)
	changed.Hash = "changed"
	dead.Resources = []schemas.Resource{changed}
	bad = true
	verdict := sc.answer(dead)
	bad = false
	sc.seq++
	later := sc.batch()
	later.Unchanged = []schemas.Sighting{{Key: k, Hash: good}}
	sc.write(schemas.Message{Snapshot: later})
	sc.write(schemas.Message{Snapshot: dead}, schemas.Message{Verdicts: verdict})
	if n := sc.rejudge(); n != 1 {
		t.Errorf("%d resources are judged anew, want 1", n)
	}
	page, err := sc.s.Violations(t.Context(), schemas.ViolationQuery{}, schemas.Record{})
	if err != nil || len(page.Violations) != 0 {
		t.Errorf("open violations %+v, %v", page.Violations, err)
	}
}
