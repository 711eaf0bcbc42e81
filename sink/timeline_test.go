package sink

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// moment is what the model said of every account when posture was counted.
type moment struct {
	at       time.Time
	accounts map[schemas.AccountID]schemas.AccountReport
}

// strict leaves of scores what is known of the past: nothing of waivers.
func strict(s schemas.Scores) [4]schemas.Share {
	return [4]schemas.Share{s.Results.Strict, s.Policies.Strict, s.Resources.Strict, s.SecurityHub.Strict}
}

// counts are those of every policy of a report.
func counts(r schemas.AccountReport) map[string]schemas.Counts {
	out := map[string]schemas.Counts{}
	for _, p := range r.Packs {
		for _, q := range p.Policies {
			out[p.Pack+"/"+q.Policy] = q.Counts
		}
	}
	return out
}

var timelineQueries = map[string]schemas.ReportQuery{
	"everything": {}, "a pack": {Pack: "pack-1"}, "severities": {Severity: []schemas.Severity{schemas.SeverityCritical, schemas.SeverityUnspecified}},
}

// A report as of any past moment, and the days of a trend, say what the model said
// then, whatever has happened since.
func TestThePastIsWhatItWas(t *testing.T) {
	t.Parallel()
	w := &world{s: newStore(t, ""), m: newModel(), h: newHistory(3)}
	stopMerges(t, w.s)
	w.h.now = time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, -9)
	for _, m := range worldPacks() {
		if err := w.s.RecordPolicies(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	queries := maps.Clone(timelineQueries)
	queries["nothing"] = schemas.ReportQuery{Pack: "pack-9"}
	all := map[string][]moment{}
	for round := range 4 {
		w.h.messages = nil
		w.h.mutate()
		for _, a := range histories {
			w.h.scan(a, round+1)
			w.h.rejudge(a)
		}
		for _, m := range w.h.messages {
			w.m.write(m)
		}
		if err := w.s.Write(t.Context(), w.h.messages); err != nil {
			t.Fatal(err)
		}
		// Some days have several counts, some have none.
		w.h.now = w.h.now.Add(time.Duration(5+7*(round%4)) * time.Hour)
		for _, a := range histories {
			if err := w.s.RecomputePosture(t.Context(), a, w.h.now); err != nil {
				t.Fatal(err)
			}
		}
		for name, q := range queries {
			m := moment{w.h.now, map[schemas.AccountID]schemas.AccountReport{}}
			for _, a := range histories {
				m.accounts[a] = w.report(a, q)
			}
			all[name] = append(all[name], m)
		}
	}
	for name, q := range timelineQueries {
		askReportsThen(t, w, name, q, all[name])
	}
	askTrend(t, w, schemas.TrendQuery{Days: 6}, nil, all["everything"])
	askTrend(t, w, schemas.TrendQuery{Days: 30, Accounts: []string{string(histories[1])}}, nil, all["everything"])
	askTrend(t, w, schemas.TrendQuery{Days: 6, Pack: "pack-1"}, nil, all["a pack"])
	askTrend(t, w, schemas.TrendQuery{Days: 6}, []string{"*/policy-0", "pack-?/policy-2"}, all["severities"])
	askTrend(t, w, schemas.TrendQuery{Days: 6}, []string{}, all["nothing"])
	askTrend(t, w, schemas.TrendQuery{Days: 6, Pack: "pack-9"}, nil, all["nothing"])
}

func askReportsThen(t *testing.T, w *world, name string, q schemas.ReportQuery, moments []moment) {
	t.Helper()
	different := map[schemas.Counts]bool{}
	for i, m := range moments {
		for _, later := range []time.Duration{0, time.Minute} { // nothing happens within minutes of a count
			q.AsOf = m.at.Add(later)
			r, err := w.s.Report(t.Context(), q, schemas.Record{})
			if err != nil || len(r.Accounts) != len(histories) || !r.AsOf.Equal(q.AsOf) {
				t.Fatalf("%s, round %d: %+v, %v", name, i, r, err)
			}
			for _, got := range r.Accounts {
				what, want := fmt.Sprintf("%s, round %d, %s", name, i, got.AccountID), m.accounts[got.AccountID]
				sameText(t, what+", counts", counts(got), counts(want))
				sameText(t, what+", open", got.Open, want.Open)
				sameText(t, what+", times to fix", got.TimeToFix, want.TimeToFix)
				scores := strict(*want.Scores)
				if len(q.Severity) > 0 {
					scores[2] = schemas.NewShare(0, 0) // resources are not counted by severity
				}
				sameText(t, what+", scores", strict(*got.Scores), scores)
				if got.Resources != want.Resources || !got.CountedAt.Equal(m.at) {
					t.Errorf("%s: %d resources, want %d; counted at %s, want %s", what, got.Resources, want.Resources, got.CountedAt, m.at)
				}
				different[got.Counts] = true
			}
		}
	}
	if len(different) < len(moments) {
		t.Errorf("%s: only %d different counts", name, len(different))
	}
	q.AsOf = moments[0].at.AddDate(0, 0, -30)
	r, err := w.s.Report(t.Context(), q, schemas.Record{})
	if err != nil {
		t.Fatal(err)
	}
	for _, got := range r.Accounts {
		if got.Counts != (schemas.Counts{}) || got.Resources != 0 || len(got.Open) != 0 || got.Score != -1 || !got.CountedAt.IsZero() {
			t.Errorf("%s: before anything was: %+v", name, got)
		}
	}
}

// askTrend compares every day with the last count until its end, and with the
// events on it.
func askTrend(t *testing.T, w *world, q schemas.TrendQuery, policies []string, moments []moment) {
	t.Helper()
	now := w.h.now
	got, err := w.s.Trend(t.Context(), q, policies, now)
	if err != nil {
		t.Fatal(err)
	}
	ids := histories
	if len(q.Accounts) > 0 {
		ids = histories[1:]
	}
	about := func(e eventRow) bool {
		return (q.Pack == "" || e.Pack == q.Pack) && (policies == nil || len(policies) > 0 && slices.Contains([]string{"policy-0", "policy-2"}, e.Policy))
	}
	totals := make([]schemas.TrendPoint, q.Days)
	var accounts []schemas.AccountTrend
	for _, a := range ids {
		of := schemas.AccountTrend{AccountID: a, Account: "acct-" + a.AWSAccount()}
		for i := range q.Days {
			day := now.UTC().Truncate(24*time.Hour).AddDate(0, 0, i+1-q.Days)
			p := schemas.TrendPoint{Day: day.Format(time.DateOnly)}
			var took float64
			for _, m := range moments {
				if r := m.accounts[a]; m.at.Before(day.AddDate(0, 0, 1)) {
					p.CountedAt, p.Counts, p.Policies = m.at, r.Counts, r.Scores.Policies.Strict
					if policies == nil {
						p.Resources = r.Scores.Resources.Strict
					}
				}
			}
			for _, e := range w.m.events {
				if e.AccountID != string(a) || !about(e) || !e.At.Truncate(24*time.Hour).Equal(day) {
					continue
				}
				switch e.Transition {
				case "opened":
					p.Opened++
				case "reopened":
					p.Reopened++
				default:
					p.Fixed++
					if e.Cause == "resource_changed" || e.Cause == "resource_gone" {
						p.Mended++
						took += e.At.Sub(e.OpenedAt).Seconds()
					}
				}
			}
			n := &totals[i]
			n.Day, n.Policies, n.Resources = p.Day, n.Policies.Plus(p.Policies), n.Resources.Plus(p.Resources)
			if p.CountedAt.After(n.CountedAt) {
				n.CountedAt = p.CountedAt
			}
			plus(&n.Counts, p.Counts)
			n.Opened, n.Reopened, n.Fixed, n.Mended = n.Opened+p.Opened, n.Reopened+p.Reopened, n.Fixed+p.Fixed, n.Mended+p.Mended
			n.MeanSecondsToMend += took
			if p.Mended > 0 {
				p.MeanSecondsToMend = took / float64(p.Mended)
			}
			of.Points = append(of.Points, shares(p))
		}
		accounts = append(accounts, of)
	}
	for i, n := range totals {
		if n.Mended > 0 {
			totals[i].MeanSecondsToMend /= float64(n.Mended)
		}
		totals[i] = shares(totals[i])
	}
	sameText(t, fmt.Sprintf("trend %+v of %v, accounts", q, policies), got.Accounts, accounts)
	sameText(t, fmt.Sprintf("trend %+v of %v, total", q, policies), got.Total, totals)
}

// shares are the parts of a point that follow from its counts.
func shares(p schemas.TrendPoint) schemas.TrendPoint {
	c := p.Counts
	p.Results, p.Coverage = *share(int(c.Passed), int(c.Passed+c.Failed+c.Unknown+c.Errored)).WithWaivers, coverageOf(c)
	for _, s := range []*schemas.Share{&p.Policies, &p.Resources} {
		*s = *share(int(s.Part), int(s.Of)).WithWaivers
	}
	return p
}
