package sink

import (
	"fmt"
	"slices"
	"testing"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// A scope is a gap while its newest attempt is not complete, and no longer: an
// older one that ends late says nothing, and what left the plan is nobody's gap.
func TestScopesThatAreNotCompleteAreGaps(t *testing.T) {
	t.Parallel()
	sc := newScene(t)
	sc.see(sceneKey(bucketType, "b"))
	denied := schemas.ScopeEnd{Scope: bucketScope(), State: schemas.ScopeDenied, Call: "s3:ListAllMyBuckets", Reason: "AccessDenied: it's not allowed", Seen: 3}
	as := func(state schemas.ScopeState) schemas.ScopeEnd {
		end := denied
		end.State = state
		return end
	}
	is := func(what string, want ...schemas.ScopeEnd) {
		t.Helper()
		var gaps []schemas.ScopeGap
		for _, end := range want {
			gaps = append(gaps, schemas.ScopeGap{ScopeEnd: end, Scan: sc.scan, At: sc.at(sc.seq)})
		}
		// What a report is about does not change what could not be looked at.
		for _, q := range []schemas.ReportQuery{{}, {Pack: "p"}, {Severity: []schemas.Severity{schemas.SeverityLow}}} {
			sameText(t, what, reportOf(t, sc.s, q).Scopes, gaps)
		}
	}
	is("no attempt has ended")
	sc.end(denied)
	is("denied", denied)
	sc.end(as(schemas.ScopeComplete))
	is("complete")
	sc.end(as(schemas.ScopeFailed))
	is("failed", as(schemas.ScopeFailed))
	sc.seq -= 3
	sc.end(as(schemas.ScopeComplete)) // the attempt numbered before it ends after it
	sc.seq = 4
	is("an older attempt was complete", as(schemas.ScopeFailed))
	sc.close(bucketScope(), schemas.FixOutOfScope)
	sc.see(sceneKey(volumeType, "v"))
	is("left the plan")
	sc.end(as(schemas.ScopeCancelled))
	is("back, and cancelled", as(schemas.ScopeCancelled))
	volume := schemas.ScopeEnd{Scope: schemas.Scope{Region: "global", Type: volumeType, Route: schemas.RouteNative}, State: schemas.ScopeFailed}
	sc.end(as(schemas.ScopeFailed), volume)
	is("two of one attempt", volume, as(schemas.ScopeFailed))
}

// While an account is judged anew by another version of a pack, the report is of
// the newest one: its version, titles and severities; and what only the older
// one has keeps its own until nothing is judged by it.
func TestAReportIsOfTheNewestVersionOfAPack(t *testing.T) {
	t.Parallel()
	sc := newScene(t)
	for version, severity := range map[string]schemas.Severity{"1.9": schemas.SeverityCritical, "1.10": schemas.SeverityLow} {
		m := schemas.PackManifest{PackRef: schemas.PackRef{Name: "p", Version: version}}
		for _, policy := range []string{"both", map[string]string{"1.9": "dropped", "1.10": "new"}[version]} {
			m.Policies = append(m.Policies, schemas.Policy{Name: policy, DisplayName: policy + " of " + version, Severity: severity})
		}
		if err := sc.s.RecordPolicies(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	old := func(k schemas.Key) bool { return k.ID <= "b5" }
	sc.says = func(k schemas.Key, _, _ string) schemas.PolicyResult {
		if old(k) {
			return schemas.PolicyResult{Outcome: schemas.Errored, Reason: "broke"}
		}
		return schemas.PolicyResult{Outcome: schemas.Passed}
	}
	var keys []schemas.Key
	for i := range 10 {
		keys = append(keys, sceneKey(bucketType, fmt.Sprintf("b%d", i)))
	}
	sc.packs = []schemas.JudgedPack{{Pack: "p", Version: "1.9", Policies: []string{"both", "dropped"}}}
	sc.judge(keys...)
	sc.revision = 2
	sc.packs = []schemas.JudgedPack{{Pack: "p", Version: "1.10", Policies: []string{"both", "new"}}}
	sc.judge(keys[6:]...)

	r := reportOf(t, sc.s, schemas.ReportQuery{})
	if len(r.Packs) != 1 || r.Packs[0].Version != "1.10" || len(r.Packs[0].Policies) != 3 || len(r.Gaps) != 2 {
		t.Fatalf("%+v", r)
	}
	for _, p := range r.Packs[0].Policies {
		want := map[string]schemas.PolicyReport{
			"both":    {Policy: "both", Title: "both of 1.10", Severity: schemas.SeverityLow, Counts: schemas.Counts{Passed: 4, Errored: 6}},
			"new":     {Policy: "new", Title: "new of 1.10", Severity: schemas.SeverityLow, Counts: schemas.Counts{Passed: 4}},
			"dropped": {Policy: "dropped", Title: "dropped of 1.9", Severity: schemas.SeverityCritical, Counts: schemas.Counts{Errored: 6}},
		}[p.Policy]
		sameText(t, "policy "+p.Policy, p, want)
	}
	for severity, want := range map[schemas.Severity]struct {
		counts schemas.Counts
		gaps   int
	}{
		schemas.SeverityLow:      {schemas.Counts{Passed: 8, Errored: 6}, 1},
		schemas.SeverityCritical: {schemas.Counts{Errored: 6}, 1},
		schemas.SeverityHigh:     {},
	} {
		r := reportOf(t, sc.s, schemas.ReportQuery{Severity: []schemas.Severity{severity}})
		if r.Counts != want.counts || len(r.Gaps) != want.gaps {
			t.Errorf("of severity %s: %+v", severity, r)
		}
	}
	sc.rejudge()
	if r := reportOf(t, sc.s, schemas.ReportQuery{}); len(r.Packs[0].Policies) != 2 {
		t.Errorf("judged anew: %+v", r)
	}
}

// One gap per reason, not per path: several paths of one call are one thing to
// mend, and every resource counts once.
func TestGapsTellEveryReasonOnce(t *testing.T) {
	t.Parallel()
	sc := newScene(t)
	sc.packs = []schemas.JudgedPack{{Pack: "p", Version: "1", Policies: []string{"errored", "unknown"}}}
	path := func(path string, state schemas.FacetState, call, reason string) schemas.UnknownPath {
		return schemas.UnknownPath{Path: path, State: state, Call: call, Reason: reason}
	}
	sc.says = func(k schemas.Key, _, policy string) schemas.PolicyResult {
		if policy == "errored" {
			return schemas.PolicyResult{Outcome: schemas.Errored, Reason: "rule broke: it's undefined"}
		}
		r := schemas.PolicyResult{Outcome: schemas.Unknown, Paths: []schemas.UnknownPath{
			path("policy", schemas.FacetDenied, "s3:GetBucketPolicy", "AccessDenied"), path("policyStatus", schemas.FacetDenied, "s3:GetBucketPolicy", "Forbidden"),
			path("acl", schemas.FacetFailed, "s3:GetBucketAcl", "SlowDown"),
		}}
		switch k.ID {
		case "b":
			r.Paths = append(r.Paths, path("grants", schemas.FacetDenied, "s3:GetBucketAcl", "AccessDenied: denied by a service control policy"))
		case "a":
			r.Paths = append(r.Paths, path("tags", schemas.FacetNotRead, "", ""), path("password", schemas.FacetNotReadable, "", ""))
		case "c":
			r.Paths, r.Reason = nil, "no path was named"
		}
		return r
	}
	sc.judge(sceneKey(bucketType, "c"), sceneKey(bucketType, "b"), sceneKey(bucketType, "a"))
	gap := func(policy string, outcome schemas.Outcome, reason, call string, n uint64, example string) schemas.Gap {
		return schemas.Gap{Pack: "p", Policy: policy, Outcome: outcome, Reason: reason, Call: call, Resources: n, Example: sceneKey(bucketType, example)}
	}
	sameText(t, "gaps", reportOf(t, sc.s, schemas.ReportQuery{}).Gaps, []schemas.Gap{
		gap("errored", schemas.Errored, "rule broke: it's undefined", "", 3, "a"),
		gap("unknown", schemas.Unknown, "access denied", "s3:GetBucketPolicy", 2, "a"),
		gap("unknown", schemas.Unknown, "call failed: SlowDown", "s3:GetBucketAcl", 2, "a"),
		gap("unknown", schemas.Unknown, "access denied: denied by a service control policy", "s3:GetBucketAcl", 1, "b"),
		gap("unknown", schemas.Unknown, "no path was named", "", 1, "c"),
		gap("unknown", schemas.Unknown, "not read", "", 1, "a"),
		gap("unknown", schemas.Unknown, "not readable", "", 1, "a"),
	})
}

// Through the store as in theory: taking a pass away for not knowing lowers the
// score; taking a failure away for it leaves it.
func TestNotKnowingNeverRaisesTheScoreOfAReport(t *testing.T) {
	t.Parallel()
	sc := newScene(t)
	sc.packs = []schemas.JudgedPack{{Pack: "p", Version: "1", Policies: []string{"a"}}}
	keys := []schemas.Key{sceneKey(bucketType, "1"), sceneKey(bucketType, "2"), sceneKey(bucketType, "3"), sceneKey(bucketType, "4")}
	for _, c := range []struct {
		says            string // of each key
		score, coverage float64
	}{
		{"ppff", 50, 100}, {"ppuf", 50, 75}, {"ppef", 50, 75}, {"pufe", 25, 50}, {"uuee", 0, 0}, {"ppnd", 100, 100}, {"ndnd", -1, -1}, {"uend", 0, 0},
	} {
		sc.says = func(k schemas.Key, _, _ string) schemas.PolicyResult {
			letter := c.says[slices.Index(keys, k)]
			return map[byte]schemas.PolicyResult{
				'p': {Outcome: schemas.Passed}, 'f': failed(schemas.SeverityHigh, "bad"), 'u': {Outcome: schemas.Unknown},
				'e': {Outcome: schemas.Errored}, 'n': {Outcome: schemas.NotApplicable}, 'd': {Outcome: schemas.Disabled},
			}[letter]
		}
		sc.revision++
		sc.judge(keys...)
		if r := reportOf(t, sc.s, schemas.ReportQuery{}); r.Score != c.score || r.Coverage != c.coverage || r.Packs[0].Score != c.score {
			t.Errorf("%s: score %v, coverage %v, want %v, %v", c.says, r.Score, r.Coverage, c.score, c.coverage)
		}
	}
}
