package sink

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// reportOf is the report of one account.
func reportOf(t *testing.T, s *Store, q schemas.ReportQuery) schemas.AccountReport {
	t.Helper()
	r, err := s.Report(t.Context(), q, schemas.Record{})
	if err != nil || len(r.Accounts) != 1 {
		t.Fatalf("%+v: %+v, %v", q, r, err)
	}
	return r.Accounts[0]
}

// An empty list is a list: programs that read the JSON must not meet null.
func TestAnEmptyAnswerIsAnEmptyList(t *testing.T) {
	t.Parallel()
	sc := newScene(t)
	is := func(what string, answer any, err error, want string) {
		t.Helper()
		doc, jerr := json.Marshal(answer)
		if err != nil || jerr != nil || string(doc) != want {
			t.Errorf("%s: %s, want %s: %v, %v", what, doc, want, err, jerr)
		}
	}
	for _, accounts := range [][]string{nil, {"nobody"}, {string(sc.id)}} {
		report, err := sc.s.Report(t.Context(), schemas.ReportQuery{Accounts: accounts}, schemas.Record{})
		is("report", report, err, `{"accounts":[]}`)
		violations, err := sc.s.Violations(t.Context(), schemas.ViolationQuery{Accounts: accounts}, schemas.Record{})
		is("violations", violations, err, `{"violations":[]}`)
		resources, err := sc.s.Resources(t.Context(), schemas.ResourceQuery{Accounts: accounts})
		is("resources", resources, err, `{"resources":[]}`)
	}
	sc.packs = []schemas.JudgedPack{{Pack: "none"}, {Pack: "p", Version: "1", Policies: []string{"a"}}}
	sc.says = func(schemas.Key, string, string) schemas.PolicyResult { return failed(schemas.SeverityHigh) }
	k := sceneKey(bucketType, "b")
	sc.see(k)
	report, err := sc.s.Report(t.Context(), schemas.ReportQuery{}, schemas.Record{})
	none := strings.ReplaceAll(`{"results":X,"policies":X,"resources":X,"securityHub":X}`, "X", `{"strict":{"part":0,"of":0,"percent":-1},"withWaivers":{"part":0,"of":0,"percent":-1}}`)
	is("a resource without a verdict", report, err, fmt.Sprintf(`{"accounts":[{"accountId":%[1]q,"account":"prod","resources":1,`+
		`"counts":{"passed":0,"failed":0,"notApplicable":0,"unknown":0,"errored":0,"disabled":0},"score":-1,"coverage":-1,"scores":%[2]s,"judgedPolicies":{"policies":0,"judged":0,"unknown":0},"open":{},"packs":[]}],"scores":%[2]s}`, sc.id, none))
	sc.judge(k)
	violations, err := sc.s.Violations(t.Context(), schemas.ViolationQuery{}, schemas.Record{})
	if doc, _ := json.Marshal(violations); err != nil || !strings.Contains(string(doc), `"messages":[]`) {
		t.Errorf("a failure without a message: %s, %v", doc, err)
	}
	if doc, _ := json.Marshal(reportOf(t, sc.s, schemas.ReportQuery{})); strings.Contains(string(doc), "null") {
		t.Errorf("a report without gaps and scans: %s", doc)
	}
}

// Resources of two accounts may have the same ids; so do their findings' keys.
func TestAccountsWithTheSameResourcesDoNotMix(t *testing.T) {
	t.Parallel()
	a := newScene(t)
	b := sceneIn(t, a.s, "aws-210987654321", "test")
	k := sceneKey(bucketType, "same")
	packs := []schemas.JudgedPack{{Pack: "p", Version: "1", Policies: []string{"x"}}}
	a.packs, b.packs = packs, packs
	a.says = func(schemas.Key, string, string) schemas.PolicyResult { return failed(schemas.SeverityCritical, "bad") }
	a.judge(k)
	b.judge(k)
	b.judge(sceneKey(bucketType, "another"))
	for _, named := range []string{"prod", string(a.id)} {
		r := reportOf(t, a.s, schemas.ReportQuery{Accounts: []string{named}})
		if r.AccountID != a.id || r.Resources != 1 || r.Counts != (schemas.Counts{Failed: 1}) || r.Score != 0 || r.Open[schemas.SeverityCritical] != 1 {
			t.Errorf("%s: %+v", named, r)
		}
	}
	r := reportOf(t, a.s, schemas.ReportQuery{Accounts: []string{"test"}})
	if r.AccountID != b.id || r.Resources != 2 || r.Counts != (schemas.Counts{Passed: 2}) || r.Score != 100 || len(r.Open) != 0 {
		t.Errorf("test: %+v", r)
	}
	b.close(bucketScope(), schemas.FixResourceGone, k)
	if r := reportOf(t, a.s, schemas.ReportQuery{Accounts: []string{"prod"}}); r.Counts != (schemas.Counts{Failed: 1}) {
		t.Errorf("closing a scope of another account: %+v", r)
	}
	if known, err := a.s.Known(t.Context(), schemas.KnownRequest{AccountID: b.id, Keys: []schemas.Key{k}}); err != nil || len(known.Known) != 0 {
		t.Errorf("known of %s: %+v, %v", b.id, known, err)
	}
}

// An account that is registered anew under another name is that one everywhere,
// although most of its rows were written before; its old name may be another
// account's by then, and means that one alone.
func TestARenamedAccountHasItsNewestName(t *testing.T) {
	t.Parallel()
	a := newScene(t)
	a.packs = []schemas.JudgedPack{{Pack: "p", Version: "1", Policies: []string{"x"}}}
	a.says = func(schemas.Key, string, string) schemas.PolicyResult { return failed(schemas.SeverityHigh, "bad") }
	old, changed := sceneKey(bucketType, "old"), sceneKey(bucketType, "changed")
	a.judge(old, changed)
	a.name = "prod-eu"
	a.content[changed] = "other"
	a.judge(changed)
	b := sceneIn(t, a.s, "aws-210987654321", "prod")
	b.seq, b.packs, b.says = a.seq, a.packs, a.says
	b.judge(old)
	for _, c := range []struct {
		named     string
		id        schemas.AccountID
		resources int
	}{{"prod-eu", a.id, 2}, {"prod", b.id, 1}} {
		r := reportOf(t, a.s, schemas.ReportQuery{Accounts: []string{c.named}})
		if r.AccountID != c.id || r.Account != c.named || r.Resources != uint64(c.resources) {
			t.Errorf("report of %s: %+v", c.named, r)
		}
		violations, err := a.s.Violations(t.Context(), schemas.ViolationQuery{Accounts: []string{c.named}}, schemas.Record{})
		if err != nil || len(violations.Violations) != c.resources {
			t.Errorf("violations of %s: %+v, %v", c.named, violations, err)
		}
		for _, v := range violations.Violations {
			if v.AccountID != c.id || v.Account != c.named || v.URN != v.Key.URN(c.named) {
				t.Errorf("a violation of %s: %+v", c.named, v)
			}
		}
		resources, err := a.s.Resources(t.Context(), schemas.ResourceQuery{Accounts: []string{c.named}})
		if err != nil || len(resources.Resources) != c.resources {
			t.Errorf("resources of %s: %+v, %v", c.named, resources, err)
		}
		for _, r := range resources.Resources {
			if r.AccountID != c.id || r.Account != c.named || r.URN != r.Key.URN(c.named) {
				t.Errorf("a resource of %s: %+v", c.named, r)
			}
		}
	}
	scan := scanOf(a.id, a.scan, a.at(100))
	scan.Account = "prod-us"
	if err := a.s.RecordScan(t.Context(), scan); err != nil {
		t.Fatal(err)
	}
	r, err := a.s.Report(t.Context(), schemas.ReportQuery{}, schemas.Record{})
	if err != nil || len(r.Accounts) != 2 || r.Accounts[0].Account != "prod" || r.Accounts[1].Account != "prod-us" {
		t.Errorf("after a scan that changed nothing: %+v, %v", r, err)
	}
}

// What no longer judges, and what is no longer there, does not count.
func TestOnlyWhatJudgesAndIsThereCounts(t *testing.T) {
	t.Parallel()
	sc := newScene(t)
	sc.packs = []schemas.JudgedPack{{Pack: "p", Version: "1", Policies: []string{"x"}}, {Pack: "q", Version: "1", Policies: []string{"y"}}}
	sc.says = func(_ schemas.Key, pack, _ string) schemas.PolicyResult {
		if pack == "q" {
			return schemas.PolicyResult{Outcome: schemas.Unknown, Paths: []schemas.UnknownPath{{Path: "a", State: schemas.FacetFailed, Reason: "500"}}}
		}
		return failed(schemas.SeverityHigh, "bad")
	}
	one, two := sceneKey(bucketType, "1"), sceneKey(bucketType, "2")
	is := func(what string, packs int, counts schemas.Counts, open, gaps uint64) {
		t.Helper()
		r := reportOf(t, sc.s, schemas.ReportQuery{})
		var n uint64
		for _, g := range r.Gaps {
			n += g.Resources
		}
		if len(r.Packs) != packs || r.Counts != counts || r.Open[schemas.SeverityHigh] != open || n != gaps {
			t.Errorf("%s: %+v", what, r)
		}
		at := sc.at(sc.seq)
		if err := sc.s.RecomputePosture(t.Context(), sc.id, at); err != nil {
			t.Fatal(err)
		}
		var sum schemas.Counts
		for _, c := range posture(t, sc.s, "posture", sc.id, at) {
			plus(&sum, c)
		}
		if sum != counts {
			t.Errorf("%s: posture %+v, want %+v", what, sum, counts)
		}
	}
	sc.judge(one, two)
	is("both packs", 2, schemas.Counts{Failed: 2, Unknown: 2}, 2, 2)
	sc.close(bucketScope(), schemas.FixResourceGone, one)
	is("one resource is gone", 2, schemas.Counts{Failed: 1, Unknown: 1}, 1, 1)
	sc.packs, sc.revision = sc.packs[:1], 2
	sc.rejudge()
	is("a pack was withdrawn", 1, schemas.Counts{Failed: 1}, 1, 0)
	sc.packs, sc.revision = nil, 3
	sc.rejudge()
	is("every pack was withdrawn", 0, schemas.Counts{}, 0, 0)
	// A reader takes the newest rows: they must not be those of before.
	stale := posture(t, sc.s, "posture", sc.id, sc.at(sc.seq-1))
	for k, c := range stale {
		if c != (schemas.Counts{}) {
			t.Errorf("posture still has %v: %+v", k, c)
		}
	}
	sc.close(bucketScope(), schemas.FixOutOfScope)
	if r := reportOf(t, sc.s, schemas.ReportQuery{}); r.Resources != 0 || r.Score != -1 {
		t.Errorf("everything left the plan: %+v", r)
	}
}
