package sink

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/insights-scanner/insights-scanner/schemas"
)

func askPeople(t *testing.T, w *world) {
	waived := 0
	for _, at := range w.p.moments() {
		waived += askWaivedLists(t, w, at)
		askWaivedReports(t, w, at)
	}
	if waived < 20 {
		t.Errorf("only %d violations were waived", waived)
	}
	askWaiversView(t, w)
}

// moments are some at which something was decided, and the end of the history.
func (p *people) moments() []time.Time {
	out := []time.Time{p.now}
	for i := range 3 {
		out = append(out, p.decided[(i+1)*len(p.decided)/4].at)
	}
	return out
}

// askWaivedLists compares lists of what is open, and of what was open at a time, with
// the waivers in force then. It tells how much is waived.
func askWaivedLists(t *testing.T, w *world, at time.Time) (n int) {
	t.Helper()
	list, then := w.p.inForce(at), w.m.openAt(at)
	for _, asOf := range []bool{false, true} {
		want := map[schemas.WaivedFilter][]string{}
		for finding, v := range w.m.violations {
			if asOf && !then[finding] || !asOf && v.State != "open" {
				continue
			}
			by, filter := w.m.waiverOf(list, v), schemas.WaivedNone
			if by.Name != "" {
				filter = schemas.WaivedOnly
				n++
			}
			says := fmt.Sprint(finding, " ", by.Name, " ", by.ExpiresAt.UnixMicro())
			want[filter], want[""] = append(want[filter], says), append(want[""], says)
		}
		for _, filter := range []schemas.WaivedFilter{"", schemas.WaivedOnly, schemas.WaivedNone} {
			q := schemas.ViolationQuery{Waived: filter, Limit: maxLimit, Sort: "resource"}
			if asOf {
				q.AsOf = at
			}
			page, err := w.s.Violations(t.Context(), q, w.p.record(at))
			if err != nil || page.Next != "" {
				t.Fatalf("%+v: %v", q, err)
			}
			var got []string
			for _, v := range page.Violations {
				got = append(got, fmt.Sprint(v.Finding, " ", v.Waiver, " ", v.WaivedUntil.UnixMicro()))
			}
			slices.Sort(got)
			slices.Sort(want[filter])
			sameText(t, fmt.Sprintf("waived %q at %s, as of then %t", filter, at, asOf), got, want[filter])
		}
	}
	return n
}

// askWaivedReports compares reports with the waivers of a time, and what the report as
// of that time says of them.
func askWaivedReports(t *testing.T, w *world, at time.Time) {
	t.Helper()
	list, then := w.p.inForce(at), w.m.openAt(at)
	for name, q := range map[string]schemas.ReportQuery{
		"everything": {}, "a pack": {Pack: "pack-1"}, "severities": {Severity: []schemas.Severity{schemas.SeverityHigh, schemas.SeverityUnspecified}},
	} {
		r, err := w.s.Report(t.Context(), q, w.p.record(at))
		if err != nil || len(r.Accounts) != len(histories) {
			t.Fatalf("%s: %+v, %v", name, r, err)
		}
		total := schemas.NoScores()
		for _, got := range r.Accounts {
			want := w.report(got.AccountID, q)
			w.waive(&want, list, asks(q))
			sameText(t, fmt.Sprintf("%s of %s with the waivers of %s", name, got.AccountID, at), got, want)
			total = total.Plus(*want.Scores)
		}
		sameText(t, name+", all scores", r.Scores, total)

		if q.AsOf = at; len(q.Severity) > 0 {
			continue
		}
		past, err := w.s.Report(t.Context(), q, w.p.record(at))
		if err != nil {
			t.Fatal(err)
		}
		for _, got := range past.Accounts {
			open, waived := map[schemas.Severity]uint64{}, map[schemas.Severity]uint64{}
			for finding, v := range w.m.violations {
				if !then[finding] || v.AccountID != string(got.AccountID) || !asks(q)(v.Pack, "") {
					continue
				}
				open[schemas.Severity(v.Severity)]++
				if w.m.waiverOf(list, v).Name != "" {
					waived[schemas.Severity(v.Severity)]++
				}
			}
			sameText(t, fmt.Sprintf("%s of %s as of %s, open", name, got.AccountID, at), got.Open, open)
			sameText(t, fmt.Sprintf("%s of %s as of %s, waived", name, got.AccountID, at), orNone(got.Waived), waived)
		}
	}
}

func orNone(m map[schemas.Severity]uint64) map[schemas.Severity]uint64 {
	if m == nil {
		return map[schemas.Severity]uint64{}
	}
	return m
}

// askWaiversView compares the view of waivers with what was decided of each last.
func askWaiversView(t *testing.T, w *world) {
	t.Helper()
	last := map[string]*schemas.WaiverTerms{}
	for _, d := range w.p.decided {
		last[d.waiver] = d.terms
	}
	var got, want []string
	err := w.s.query(t.Context(), "read waivers", "SELECT name, removed, toUnixTimestamp64Milli(ifNull(expires_at, starts_at)), selector FROM @db.v_waivers ORDER BY name", nil, func(r driver.Rows) error {
		var name, selector string
		var removed bool
		var until *int64
		err := r.Scan(&name, &removed, &until, &selector)
		if _, decided := last[name]; !removed {
			got = append(got, fmt.Sprint(name, " until ", *until, " ", selector))
		} else if decided { // else a backup does not have it
			got = append(got, name+" removed")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, terms := range last {
		if terms == nil {
			want = append(want, name+" removed")
		} else {
			want = append(want, fmt.Sprint(name, " until ", terms.ExpiresAt.UnixMilli(), " ", line(terms.Selector)))
		}
	}
	slices.Sort(want)
	sameText(t, "v_waivers", got, want)
}

// modelOf is a model of what the tables hold, whatever made it.
func modelOf(t *testing.T, s *Store) *model {
	t.Helper()
	m := newModel()
	for _, r := range rowsIn[resourceRow](t, s, "resources") {
		m.resources[r.key()] = r
	}
	for _, v := range rowsIn[verdictRow](t, s, "verdicts") {
		m.verdicts[packKey{v.key(), v.Pack}] = v
	}
	for _, v := range rowsIn[violationRow](t, s, "violations") {
		m.violations[v.Finding] = v
	}
	for _, e := range rowsIn[eventRow](t, s, "violation_events") {
		m.events[e.EventID] = e
	}
	for _, e := range rowsIn[scopeEndRow](t, s, "scope_ends") {
		m.scopeEnds[scopeKey{schemas.AccountID(e.AccountID), schemas.Scope{Region: e.ScopeRegion, Type: e.Type, Route: e.Route}}] = e
	}
	for _, c := range rowsIn[scopeCloseRow](t, s, "scope_closes") {
		m.closes[scopeKey{schemas.AccountID(c.AccountID), schemas.Scope{Region: c.ScopeRegion, Type: c.Type, Route: c.Route}}] = c
	}
	return m
}
