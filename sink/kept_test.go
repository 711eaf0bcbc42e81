package sink

import (
	"testing"
	"time"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// What is asked about a time that is kept is answered alike, whether or not what
// happened before is still there.
func TestThePastThatIsKeptDoesNotHangOnWhatHasLeft(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, dsn string) {
		s := newStore(t, dsn)
		sc := sceneIn(t, s, "aws-123456789012", "prod")
		now := time.Now().UTC().Truncate(time.Second)
		sc.packs = []schemas.JudgedPack{{Pack: "p", Version: "1", Policies: []string{"a"}}}
		bad := map[string]bool{"stays": true, "fixed lately": true, "changes": true, "goes": true}
		sc.says = func(k schemas.Key, _, _ string) schemas.PolicyResult {
			if bad[k.ID] {
				return failed(schemas.SeverityHigh, "no")
			}
			return schemas.PolicyResult{Outcome: schemas.Passed}
		}
		on := func(days int) { sc.start = now.AddDate(0, 0, -days).Add(-time.Duration(sc.seq) * time.Minute) }
		key := func(id string) schemas.Key { return sceneKey(bucketType, id) }
		step := func(scan string, days int) schemas.Scan {
			sc.scan = scan
			on(days)
			sc.end(schemas.ScopeEnd{Scope: bucketScope(), State: schemas.ScopeComplete})
			return schemas.Scan{ID: scan, AccountID: sc.id, State: schemas.ScanSucceeded, EndedAt: sc.at(sc.seq)}
		}
		on(100)
		sc.judge(key("stays"), key("fixed lately"), key("changes"), key("goes"), key("fixed long ago"))
		on(20)
		sc.judge(key("new"))
		first := step("first", 19)
		on(10)
		bad["fixed lately"], bad["new"] = false, true
		sc.content[key("fixed lately")], sc.content[key("changes")], sc.content[key("new")] = "2", "2", "2"
		sc.judge(key("fixed lately"), key("changes"), key("new"))
		sc.close(bucketScope(), schemas.FixResourceGone, key("goes"))
		second := step("second", 9)

		type answers struct {
			Then []string
			Open map[schemas.Severity]uint64
			Diff schemas.Diff
		}
		ask := func() (a answers) {
			t.Helper()
			kept, err := s.Kept(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			rec := schemas.Record{Kept: kept}
			page, err := s.Violations(t.Context(), schemas.ViolationQuery{AsOf: now.AddDate(0, 0, -15), Sort: "resource", Limit: 100}, rec)
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range page.Violations {
				a.Then = append(a.Then, v.ID)
			}
			r, err := s.Report(t.Context(), schemas.ReportQuery{AsOf: now.AddDate(0, 0, -15)}, rec)
			if err != nil || len(r.Accounts) != 1 {
				t.Fatalf("%+v, %v", r, err)
			}
			a.Open = r.Accounts[0].Open
			if a.Diff, err = s.Diff(t.Context(), first, second, schemas.DiffQuery{Limit: 100}); err != nil {
				t.Fatal(err)
			}
			for i := range a.Diff.Resources.List { // the contents of before are not kept
				a.Diff.Resources.List[i].Properties = nil
			}
			return a
		}
		want := ask()
		if len(want.Then) != 4 || want.Open[schemas.SeverityHigh] != 4 {
			t.Fatalf("the story: %+v", want)
		}
		if d := want.Diff; d.Resources.Changed != 3 || d.Resources.Removed != 1 || d.Resources.Added != 0 || d.Violations.Opened != 1 || d.Violations.Fixed != 2 || d.Violations.Unchanged != 2 {
			t.Fatalf("the story: %+v", d)
		}
		if err := s.KeepHistory(t.Context(), 30, now); err != nil {
			t.Fatal(err)
		}
		merge(t, s)
		rows := rowsOf(t, s, sc.id)
		if rows["violation_events"] != 3 || rows["resource_versions"] != 5 {
			t.Fatalf("left are %v", rows)
		}
		sameText(t, "after what was before has left", ask(), want)
		// What has left does not come back when more is kept.
		if err := s.KeepHistory(t.Context(), schemas.Forever, now); err != nil {
			t.Fatal(err)
		}
		kept, err := s.Kept(t.Context())
		for _, since := range []time.Time{kept.Events, kept.Versions} {
			if days := now.Sub(since).Hours() / 24; err != nil || days > 30.5 || days < 29.5 {
				t.Errorf("kept for %.1f days, %v", days, err)
			}
		}
		sameText(t, "later", ask(), want)
	})
}
