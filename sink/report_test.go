package sink

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// report counts the verdicts of an account one by one.
func (w *world) report(a schemas.AccountID, q schemas.ReportQuery) schemas.AccountReport {
	out := schemas.AccountReport{AccountID: a, Account: "acct-" + a.AWSAccount(), Open: map[schemas.Severity]uint64{}}
	out.Resources = uint64(len(w.m.live(a)))
	asked := asks(q)
	for _, v := range w.m.violations {
		if v.AccountID == string(a) && v.State == "open" && asked(v.Pack, schemas.Severity(v.Severity)) {
			out.Open[schemas.Severity(v.Severity)]++
		}
	}
	for pack := range 2 {
		p := w.packReport(a, fmt.Sprintf("pack-%d", pack), asked)
		if len(p.Policies) > 0 {
			out.Packs = append(out.Packs, p)
			plus(&out.Counts, p.Counts)
		}
	}
	out.Score, out.Coverage = scoreOf(out.Counts), coverageOf(out.Counts)
	w.scores(&out, a, asked, len(q.Severity) == 0)
	out.TimeToFix = w.fixTimes(a, asked)
	out.Gaps = w.gaps(a, asked)
	for k, e := range w.m.scopeEnds {
		c := w.m.closes[k]
		if k.account == a && e.State != "complete" && (c.Cause != string(schemas.FixOutOfScope) || c.Seq < e.Seq) {
			out.Scopes = append(out.Scopes, schemas.ScopeGap{
				ScopeEnd: schemas.ScopeEnd{Scope: k.Scope, State: schemas.ScopeState(e.State), Call: e.Call, Reason: e.Reason, Seen: e.Seen}, Scan: e.Scan, At: e.At,
			})
		}
	}
	slices.SortFunc(out.Scopes, func(a, b schemas.ScopeGap) int { return compareTexts(a.Region, b.Region, a.Type, b.Type) })
	last := scanOf(a, w.scans(a)[worldRounds-1], w.h.now.Add((worldRounds-1-9)*time.Hour))
	out.LastScan = &last
	return out
}

// asks tells what a question is about.
func asks(q schemas.ReportQuery) func(pack string, s schemas.Severity) bool {
	return func(pack string, s schemas.Severity) bool {
		return (q.Pack == "" || pack == q.Pack) && (len(q.Severity) == 0 || slices.Contains(q.Severity, s))
	}
}

func plus(to *schemas.Counts, c schemas.Counts) {
	to.Passed += c.Passed
	to.Failed += c.Failed
	to.NotApplicable += c.NotApplicable
	to.Disabled += c.Disabled
	to.Unknown += c.Unknown
	to.Errored += c.Errored
}

func scoreOf(c schemas.Counts) float64 {
	if whole := c.Passed + c.Failed + c.Unknown + c.Errored; whole > 0 {
		return 100 * float64(c.Passed) / float64(whole)
	}
	return -1
}

func coverageOf(c schemas.Counts) float64 {
	if whole := c.Passed + c.Failed + c.Unknown + c.Errored; whole > 0 {
		return 100 * float64(c.Passed+c.Failed) / float64(whole)
	}
	return -1
}

func (w *world) packReport(a schemas.AccountID, pack string, asked func(string, schemas.Severity) bool) schemas.PackReport {
	out := schemas.PackReport{Pack: pack}
	counts := map[string]*schemas.Counts{}
	versions := map[string]map[uint64][]string{} // by policy, "" for all, and revision
	judged := func(policy string, v verdictRow) {
		if versions[policy] == nil {
			versions[policy] = map[uint64][]string{}
		}
		versions[policy][v.Revision] = append(versions[policy][v.Revision], v.PackVersion)
	}
	newest := func(policy string) []string {
		at := slices.Max(slices.Collect(maps.Keys(versions[policy])))
		return slices.Compact(slices.Sorted(slices.Values(versions[policy][at])))
	}
	for k, v := range w.m.verdicts {
		if k.account != a || v.Pack != pack || v.PackVersion == "" {
			continue
		}
		if r := w.m.resources[k.resourceKey]; !w.unlawful && (r.ID == "" || r.Tombstone) {
			panic("a verdict of what is not held: the history does not show what reports should do")
		}
		judged("", v)
		for outcome, policies := range map[schemas.Outcome][]string{
			schemas.Passed: v.Passed, schemas.Failed: v.Failed, schemas.NotApplicable: v.NotApplicable,
			schemas.Disabled: v.Disabled, schemas.Unknown: v.Unknown, schemas.Errored: v.Errored,
		} {
			for _, p := range policies {
				if counts[p] == nil {
					counts[p] = &schemas.Counts{}
				}
				add(counts[p], outcome, 1)
				judged(p, v)
			}
		}
	}
	if len(counts) > 0 {
		out.Version = strings.Join(newest(""), ", ")
	}
	for i := range 5 {
		name := fmt.Sprintf("policy-%d", i)
		if counts[name] == nil || !asked(pack, severityOf(i)) {
			continue
		}
		by := newest(name)
		out.Policies = append(out.Policies, schemas.PolicyReport{
			Policy: name, Title: fmt.Sprintf("title %d of %s", i, by[len(by)-1]), Severity: severityOf(i), Level: schemas.Mandatory, Counts: *counts[name],
			Controls: []schemas.Control{{Framework: "CIS", Version: "3.0", ID: fmt.Sprintf("%s.%d", pack[len("pack-"):], i)}}, RemediationSteps: "mend it",
		})
		plus(&out.Counts, *counts[name])
	}
	slices.SortFunc(out.Policies, func(a, b schemas.PolicyReport) int {
		return cmp.Or(cmp.Compare(b.Counts.Failed, a.Counts.Failed), cmp.Compare(b.Severity.Rank(), a.Severity.Rank()), compareText(a.Policy, b.Policy))
	})
	out.Score, out.Coverage = scoreOf(out.Counts), coverageOf(out.Counts)
	return out
}

func (w *world) gaps(a schemas.AccountID, asked func(string, schemas.Severity) bool) (out []schemas.Gap) {
	groups := map[schemas.Gap][]schemas.Key{}
	for k, v := range w.m.verdicts {
		for i, policy := range v.GapPolicy {
			if k.account == a && asked(v.Pack, severityOf(int(policy[len("policy-")]-'0'))) {
				g := schemas.Gap{Pack: v.Pack, Policy: policy, Outcome: schemas.Outcome(v.GapOutcome[i]), Reason: v.GapReason[i], Call: v.GapCall[i]}
				groups[g] = append(groups[g], k.Key)
			}
		}
	}
	for g, keys := range groups {
		g.Resources = uint64(len(keys))
		g.Example = slices.MinFunc(keys, func(a, b schemas.Key) int { return compareTexts(a.Region, b.Region, a.Type, b.Type, a.ID, b.ID) })
		out = append(out, g)
	}
	slices.SortFunc(out, func(a, b schemas.Gap) int {
		return cmp.Or(cmp.Compare(b.Resources, a.Resources), compareTexts(a.Pack, b.Pack, a.Policy, b.Policy, string(a.Outcome), string(b.Outcome), a.Reason, b.Reason))
	})
	return out
}

func askReport(t *testing.T, w *world) {
	a, b := histories[0], histories[1]
	names := []string{"acct-" + a.AWSAccount(), "acct-" + b.AWSAccount()}
	for name, c := range map[string]struct {
		q    schemas.ReportQuery
		want []schemas.AccountID
	}{
		"everything":                {schemas.ReportQuery{}, histories},
		"by id":                     {schemas.ReportQuery{Accounts: []string{string(b)}}, histories[1:]},
		"by name":                   {schemas.ReportQuery{Accounts: names[:1]}, histories[:1]},
		"by both":                   {schemas.ReportQuery{Accounts: []string{names[1], string(a), "nobody"}}, histories},
		"nobody":                    {schemas.ReportQuery{Accounts: []string{"nobody", "' OR 1=1 --", "aws-999999999999"}}, nil},
		"a pack":                    {schemas.ReportQuery{Pack: "pack-1"}, histories},
		"no such pack":              {schemas.ReportQuery{Pack: `\' OR 1=1 --`}, histories},
		"critical":                  {schemas.ReportQuery{Severity: []schemas.Severity{schemas.SeverityCritical}}, histories},
		"unspecified":               {schemas.ReportQuery{Severity: []schemas.Severity{schemas.SeverityUnspecified}}, histories},
		"two severities":            {schemas.ReportQuery{Severity: []schemas.Severity{schemas.SeverityLow, schemas.SeverityHigh}}, histories},
		"a pack and a severity":     {schemas.ReportQuery{Pack: "pack-0", Severity: []schemas.Severity{schemas.SeverityMedium}}, histories},
		"an account, pack, highest": {schemas.ReportQuery{Accounts: names[1:], Pack: "pack-0", Severity: []schemas.Severity{schemas.SeverityHigh}}, histories[1:]},
	} {
		got, err := w.s.Report(t.Context(), c.q, schemas.Record{})
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Accounts) != len(c.want) {
			t.Errorf("%s: %d accounts, want %v", name, len(got.Accounts), c.want)
			continue
		}
		for i, id := range c.want {
			sameText(t, name+" of "+string(id), got.Accounts[i], w.report(id, c.q))
			total := schemas.NoScores()
			for _, id := range c.want {
				total = total.Plus(*w.report(id, c.q).Scores)
			}
			sameText(t, name+", all scores", got.Scores, total)
		}
		if doc, err := json.Marshal(got); err != nil || strings.Contains(string(doc), "null") && !strings.Contains(string(doc), `"units":null`) {
			t.Errorf("%s: null in %s, %v", name, doc, err)
		}
	}
}

// Posture is the counts of the report; the daily row is that of its last recomputation.
func askPosture(t *testing.T, w *world) {
	at := w.h.now.Add(time.Hour)
	for _, a := range histories {
		for range 2 { // repeating it changes nothing
			if err := w.s.RecomputePosture(t.Context(), a, at); err != nil {
				t.Fatal(err)
			}
		}
		want := map[[2]string]schemas.Counts{}
		for _, p := range w.report(a, schemas.ReportQuery{}).Packs {
			for _, policy := range p.Policies {
				want[[2]string{p.Pack, policy.Policy}] = policy.Counts
			}
		}
		for _, table := range []string{"posture", "posture_daily"} {
			got := posture(t, w.s, table, a, at)
			if len(got) != len(want) || len(want) == 0 {
				t.Errorf("%s of %s: %d rows, want %d", table, a, len(got), len(want))
			}
			for k, c := range want {
				if got[k] != c {
					t.Errorf("%s of %s, %v: %+v, want %+v", table, a, k, got[k], c)
				}
			}
		}
	}
}

// posture reads the rows of one recomputation.
func posture(t *testing.T, s *Store, table string, a schemas.AccountID, at time.Time) map[[2]string]schemas.Counts {
	t.Helper()
	out := map[[2]string]schemas.Counts{}
	err := s.query(t.Context(), "read posture", "SELECT pack, policy, passed, failed, not_applicable, unknown, errored, disabled FROM @db."+table+" FINAL "+
		"WHERE account_id = ? AND at = fromUnixTimestamp64Micro(?, 'UTC')", []any{string(a), at.UnixMicro()}, func(r driver.Rows) error {
		var k [2]string
		var c schemas.Counts
		err := r.Scan(&k[0], &k[1], &c.Passed, &c.Failed, &c.NotApplicable, &c.Unknown, &c.Errored, &c.Disabled)
		out[k] = c
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
