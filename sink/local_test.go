package sink

import (
	"errors"
	"slices"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// localScene is two buckets under an enforced pack that fails one of them.
func localScene(t *testing.T) (sc *scene, keys []schemas.Key) {
	t.Helper()
	sc = newScene(t)
	sc.packs = []schemas.JudgedPack{{Pack: "base", Version: "1", Policies: []string{"encrypt"}}}
	keys = []schemas.Key{sceneKey(bucketType, "a"), sceneKey(bucketType, "b")}
	sc.says = func(k schemas.Key, pack, _ string) schemas.PolicyResult {
		if pack == "base" && k.ID == "a" {
			return failed(schemas.SeverityHigh, "not encrypted")
		}
		return schemas.PolicyResult{Outcome: schemas.Passed}
	}
	sc.judge(keys...)
	return sc, keys
}

// withLocal judges what is held by another set of packs, as a resolver would
// make it: the revision grows.
func (sc *scene) withLocal(local ...schemas.JudgedPack) {
	sc.t.Helper()
	sc.revision++
	sc.packs = append(sc.packs[:1:1], local...)
	if n := sc.rejudge(); n == 0 {
		sc.t.Fatal("nothing was judged anew")
	}
	if err := sc.s.RecomputePosture(sc.t.Context(), sc.id, sc.at(sc.seq)); err != nil {
		sc.t.Fatal(err)
	}
}

// enforced is everything stored of enforced packs, but for the order in which
// it was said and when it was counted.
func (sc *scene) enforced() (out []string) {
	sc.t.Helper()
	for table, columns := range map[string]string{
		"violations":       "* EXCEPT (version, revision, attempt, judged_at)",
		"violation_events": "*",
		"verdicts":         "* EXCEPT (version, revision, attempt)",
		"posture":          "* EXCEPT at",
	} {
		err := sc.s.query(sc.t.Context(), "read "+table, "SELECT toJSONString(tuple("+columns+")) AS row FROM @db."+table+
			" FINAL WHERE account_id = ? AND "+enforcedOnly+" ORDER BY row", []any{string(sc.id)}, func(r driver.Rows) error {
			var row string
			defer func() { out = append(out, table+" "+row) }()
			return r.Scan(&row)
		})
		if err != nil {
			sc.t.Fatal(err)
		}
	}
	report := sc.report(schemas.ReportQuery{})
	for i, p := range report.Packs {
		if p.Local {
			report.Packs = append(report.Packs[:i:i], report.Packs[i+1:]...)
			break
		}
	}
	slices.Sort(out)
	return append(out, "report "+line(report))
}

func (sc *scene) report(q schemas.ReportQuery) schemas.AccountReport {
	sc.t.Helper()
	q.Accounts = []string{string(sc.id)}
	r, err := sc.s.Report(sc.t.Context(), q, schemas.Record{})
	if err != nil || len(r.Accounts) != 1 {
		sc.t.Fatalf("report %+v: %v", r, err)
	}
	return r.Accounts[0]
}

func (sc *scene) violations(q schemas.ViolationQuery) []schemas.Violation {
	sc.t.Helper()
	page, err := sc.s.Violations(sc.t.Context(), q, schemas.Record{})
	if err != nil {
		sc.t.Fatal(err)
	}
	return page.Violations
}

// What a local pack finds is shown while it applies, and is then as if it had
// never been. Nothing of enforced packs moves by it.
func TestLocalPacksTouchNothingEnforced(t *testing.T) {
	t.Parallel()
	sc, _ := localScene(t)
	says := sc.says
	sc.withLocal(schemas.JudgedPack{Pack: "other", Version: "1", Policies: []string{"tag"}})
	sc.withLocal() // what a withdrawn pack leaves behind is there in both
	before := sc.enforced()

	local := schemas.JudgedPack{Pack: schemas.LocalName("base", 1), Version: "2", Policies: []string{"encrypt", "public"}}
	sc.says = func(k schemas.Key, pack, policy string) schemas.PolicyResult {
		if pack == local.Pack {
			return failed(schemas.SeverityCritical, policy+" of "+k.ID)
		}
		return says(k, pack, policy)
	}
	sc.withLocal(local)
	sameText(t, "with a local pack", sc.enforced(), before)
	found := sc.violations(schemas.ViolationQuery{Pack: local.Pack})
	if len(found) != 4 || !found[0].Local || found[0].Pack != "base@local" {
		t.Fatalf("found %+v", found)
	}
	if all := sc.violations(schemas.ViolationQuery{}); len(all) != 5 {
		t.Errorf("%d violations are open", len(all))
	}
	if some := sc.violations(schemas.ViolationQuery{Enforced: true}); len(some) != 1 || some[0].Local {
		t.Errorf("enforced: %+v", some)
	}
	for _, table := range []string{"violation_events", "posture", "posture_daily"} {
		if err := sc.s.query(t.Context(), "read "+table, "SELECT 1 FROM @db."+table+" WHERE NOT ("+enforcedOnly+")", nil, func(driver.Rows) error {
			return errors.New("it knows of the local pack")
		}); err != nil {
			t.Error(err)
		}
	}
	r := sc.report(schemas.ReportQuery{Pack: local.Pack})
	if len(r.Packs) != 1 || !r.Packs[0].Local || r.Counts.Failed != 4 || r.Open[schemas.SeverityCritical] != 4 {
		t.Errorf("report of the local pack: %+v", r)
	}

	sc.says = says // the pack was edited, and one of its policies left
	local.Policies = local.Policies[:1]
	sc.withLocal(local)
	sc.withLocal()
	sameText(t, "after the local pack", sc.enforced(), before)
	if left := sc.violations(schemas.ViolationQuery{State: []schemas.ViolationState{schemas.ViolationOpen, schemas.ViolationFixed}}); len(left) != 1 || left[0].Local {
		t.Errorf("left are %+v", left)
	}
	if r := sc.report(schemas.ReportQuery{}); len(r.Packs) != 1 {
		t.Errorf("packs %+v", r.Packs)
	}
}

// A local violation is what the pack said last: it has no earlier days that
// another pack of the same name could inherit, and does not outlive a verdict
// that could not be reached.
func TestLocalViolationsHaveNoHistory(t *testing.T) {
	t.Parallel()
	sc, _ := localScene(t)
	outcome := failed(schemas.SeverityLow, "bad")
	sc.says = func(schemas.Key, string, string) schemas.PolicyResult { return outcome }
	local := schemas.JudgedPack{Pack: schemas.LocalName("mine", 2), Version: "1", Policies: []string{"tag"}}
	q := schemas.ViolationQuery{Pack: "mine@local2"}
	sc.withLocal(local)
	first := sc.violations(q)
	sc.withLocal(local)
	again := sc.violations(q)
	if len(first) != 2 || len(again) != 2 || !again[0].FirstSeen.After(first[0].FirstSeen) || again[0].Reopened != 0 {
		t.Errorf("first %+v\nthen %+v", first, again)
	}
	for _, o := range []schemas.Outcome{schemas.Errored, schemas.Unknown, schemas.Passed} {
		outcome = schemas.PolicyResult{Outcome: o, Reason: "x"}
		if sc.withLocal(local); len(sc.violations(q)) != 0 {
			t.Errorf("%s: still open", o)
		}
		outcome = failed(schemas.SeverityLow, "bad")
		if sc.withLocal(local); len(sc.violations(q)) != 2 {
			t.Errorf("after %s: not open", o)
		}
	}
	sc.close(bucketScope(), schemas.FixResourceGone, sceneKey(bucketType, "a"), sceneKey(bucketType, "b"))
	events, err := sc.s.Events(t.Context(), sc.id, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		if schemas.IsLocal(e.Pack) {
			t.Errorf("event %+v", e)
		}
	}
	if left := sc.violations(schemas.ViolationQuery{Pack: q.Pack, State: []schemas.ViolationState{schemas.ViolationOpen, schemas.ViolationFixed}}); len(left) != 0 {
		t.Errorf("left are %+v", left)
	}
}
