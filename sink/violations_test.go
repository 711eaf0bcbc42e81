package sink

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// violation is what a list says of a row.
func (m *model) violation(v violationRow) schemas.Violation {
	out := schemas.Violation{
		Finding: v.Finding, AccountID: schemas.AccountID(v.AccountID), Account: v.Account, Key: schemas.Key{Region: v.Region, Type: v.Type, ID: v.ID},
		URN:  "urn:insights:" + v.Account + "/" + v.Region + "::aws::" + v.Type + "::" + v.ID,
		Name: v.Name, Pack: v.Pack, PackVersion: v.PackVersion, Policy: v.Policy, Group: v.GroupName, Level: schemas.Level(v.Level),
		Severity: schemas.Severity(v.Severity), Messages: v.Messages, State: schemas.ViolationState(v.State),
		FirstSeen: v.FirstSeen, OpenedAt: v.OpenedAt, FixCause: schemas.FixCause(v.Cause), Reopened: v.Reopened,
	}
	if r, ok := m.said[v.Finding]; ok {
		out.Triage = new(r.Now().Of(v.OpenedAt))
	}
	if v.State == "fixed" {
		out.TimeToFixSeconds = v.FixedAt.Sub(v.OpenedAt).Seconds()
		out.FixedAt, out.LastSeen = v.FixedAt, v.FixedAt
		return out
	}
	out.LastSeen = v.JudgedAt
	if at := m.lastSeen(resourceKey{out.AccountID, out.Key}); at.After(out.LastSeen) {
		out.LastSeen = at
	}
	return out
}

// lastSeen of a live resource: its row, a sighting, or a complete run of its
// scope, which would have buried it.
func (m *model) lastSeen(k resourceKey) time.Time {
	r := m.resources[k]
	at := r.At
	if s, ok := m.seen[k]; ok && s.At.After(at) {
		at = s.At
	}
	c := m.closes[scopeKey{k.account, schemas.Scope{Region: r.ScopeRegion, Type: r.Type, Route: r.Route}}]
	if c.Cause == string(schemas.FixResourceGone) && c.Seq >= r.Seq && c.At.After(at) {
		at = c.At
	}
	return at
}

// pageThrough puts the pages of a query together.
func pageThrough(t *testing.T, s *Store, q schemas.ViolationQuery) (out []schemas.Violation) {
	t.Helper()
	limit := q.Limit
	if limit == 0 {
		limit = defaultLimit
	}
	for {
		page, err := s.Violations(t.Context(), q, schemas.Record{})
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, page.Violations...)
		if page.Next == "" {
			return out
		}
		if len(page.Violations) != limit || len(out) > 10*maxLimit {
			t.Fatalf("%+v: a page of %d has a next one, after %d", q, len(page.Violations), len(out))
		}
		q.Cursor = page.Next
	}
}

// A filter and the rows it must keep.
type filter struct {
	q    schemas.ViolationQuery
	keep func(violationRow) bool
}

func (w *world) filters() map[string]filter {
	a, b := histories[0], histories[1]
	in := func(list ...schemas.AccountID) func(violationRow) bool {
		return func(v violationRow) bool { return slices.Contains(list, schemas.AccountID(v.AccountID)) }
	}
	nothing := func(violationRow) bool { return false }
	out := map[string]filter{
		"nothing asked":        {schemas.ViolationQuery{}, func(violationRow) bool { return true }},
		"account by id":        {schemas.ViolationQuery{Accounts: []string{string(a)}}, in(a)},
		"account by name":      {schemas.ViolationQuery{Accounts: []string{"acct-" + b.AWSAccount()}}, in(b)},
		"accounts by both":     {schemas.ViolationQuery{Accounts: []string{string(a), "acct-" + b.AWSAccount()}}, in(a, b)},
		"no such account":      {schemas.ViolationQuery{Accounts: []string{"nobody"}}, nothing},
		"no such account id":   {schemas.ViolationQuery{Accounts: []string{"aws-999999999999"}}, nothing},
		"account injected":     {schemas.ViolationQuery{Accounts: []string{"') OR 1=1 --"}}, nothing},
		"pack":                 {schemas.ViolationQuery{Pack: "pack-1"}, func(v violationRow) bool { return v.Pack == "pack-1" }},
		"policy":               {schemas.ViolationQuery{Policy: "policy-2"}, func(v violationRow) bool { return v.Policy == "policy-2" }},
		"type":                 {schemas.ViolationQuery{Type: bucketType}, func(v violationRow) bool { return v.Type == bucketType }},
		"region":               {schemas.ViolationQuery{Region: "eu-west-1"}, func(v violationRow) bool { return v.Region == "eu-west-1" }},
		"severity":             {schemas.ViolationQuery{Severity: []schemas.Severity{schemas.SeverityCritical, schemas.SeverityLow}}, severe("critical", "low")},
		"severity unspecified": {schemas.ViolationQuery{Severity: []schemas.Severity{schemas.SeverityUnspecified}}, severe("")},
		"injected":             {schemas.ViolationQuery{Pack: `\' OR 1=1 --`, Policy: "?", Type: "$1", Region: "@db.violations"}, nothing},
		"all of it":            {schemas.ViolationQuery{Accounts: []string{string(a)}, Pack: "pack-0", Type: bucketType, Region: "us-east-1", Severity: []schemas.Severity{schemas.SeverityHigh}, Resource: "o"}, nil},
		"a part that is no id": {schemas.ViolationQuery{Resource: "no'such"}, nothing},
	}
	all := out["all of it"]
	all.keep = func(v violationRow) bool {
		return v.AccountID == string(a) && v.Pack == "pack-0" && v.Type == bucketType && v.Region == "us-east-1" && v.Severity == "high" && strings.Contains(v.ID, "o")
	}
	out["all of it"] = all
	for _, part := range []string{"%", "_", "%_", `\`, `b\1"`, "o'0", "?", "ü", "\n", "\x00", "`", " -- ", "$5", "|"} {
		out["resource like "+part] = filter{schemas.ViolationQuery{Resource: part}, func(v violationRow) bool { return strings.Contains(v.ID, part) }}
	}
	for _, cause := range schemas.FixCauses {
		out["fixed as "+string(cause)] = filter{schemas.ViolationQuery{Cause: []schemas.FixCause{cause}}, func(v violationRow) bool { return v.Cause == string(cause) }}
	}
	out["came back"] = filter{schemas.ViolationQuery{Reopened: true}, func(v violationRow) bool { return v.Reopened > 0 }}
	said := func(keep func(schemas.Triage) bool) func(violationRow) bool {
		return func(v violationRow) bool { return keep(w.m.said[v.Finding].Now().Of(v.OpenedAt)) }
	}
	for _, status := range schemas.TriageStatuses {
		out["status "+string(status)] = filter{schemas.ViolationQuery{Status: []schemas.TriageStatus{status}}, said(func(t schemas.Triage) bool { return t.Status == status })}
	}
	for assignee, is := range map[string]string{"ann": "ann", `o'b\`: `o'b\`, schemas.NoAssignee: ""} {
		out["assignee "+assignee] = filter{schemas.ViolationQuery{Assignee: assignee}, said(func(t schemas.Triage) bool { return t.Assignee == is })}
	}
	urgent := []schemas.Priority{"p0", "p3"}
	out["urgent"] = filter{schemas.ViolationQuery{Priority: urgent}, said(func(t schemas.Triage) bool { return slices.Contains(urgent, t.Priority) })}
	out["urgent, of ann"] = filter{
		schemas.ViolationQuery{Priority: urgent, Assignee: "ann", Status: []schemas.TriageStatus{schemas.TriageNew, schemas.TriageIgnored}},
		said(func(t schemas.Triage) bool {
			return slices.Contains(urgent, t.Priority) && t.Assignee == "ann" && (t.Status == schemas.TriageNew || t.Status == schemas.TriageIgnored)
		}),
	}
	for _, account := range histories {
		for _, scan := range w.scans(account) {
			touched := map[string]bool{}
			for _, e := range w.m.events {
				if e.Scan == scan {
					touched[e.Finding] = true
				}
			}
			out["scan "+scan] = filter{schemas.ViolationQuery{Scan: scan}, func(v violationRow) bool { return touched[v.Finding] }}
		}
	}
	out["no such scan"] = filter{schemas.ViolationQuery{Scan: "x' OR 'x'='x"}, nothing}
	return out
}

func severe(list ...string) func(violationRow) bool {
	return func(v violationRow) bool { return slices.Contains(list, v.Severity) }
}

// Every filter in every state keeps exactly the rows it names, whole.
func askFilters(t *testing.T, w *world) {
	hits := 0
	open, fixed := schemas.ViolationOpen, schemas.ViolationFixed
	for name, f := range w.filters() {
		states := [][]schemas.ViolationState{nil, {open, fixed}}
		if name == "nothing asked" || f.q.Scan != "" {
			states = append(states, []schemas.ViolationState{open}, []schemas.ViolationState{fixed})
		}
		for _, state := range states {
			f.q.State, f.q.Limit = state, maxLimit
			got := pageThrough(t, w.s, f.q)
			var want []schemas.Violation
			for _, v := range w.m.violations {
				// Open ones are what is asked for most; a scan's are all it touched.
				inState := slices.Contains(state, schemas.ViolationState(v.State)) || state == nil && (v.State == "open" || f.q.Scan != "" || len(f.q.Cause) > 0)
				if inState && f.keep(v) {
					want = append(want, w.m.violation(v))
				}
			}
			byFinding := func(a, b schemas.Violation) int { return compareText(a.Finding, b.Finding) }
			slices.SortFunc(got, byFinding)
			slices.SortFunc(want, byFinding)
			sameText(t, fmt.Sprintf("%s, state %v", name, state), got, want)
			hits += len(want)
		}
	}
	if hits < 500 {
		t.Errorf("all filters together keep %d rows", hits)
	}
}

// What the sorts sort by. Every one ends in the finding or holds its key.
var sortsOf = map[string]func(a, b schemas.Violation) int{
	"": bySeverity, "severity": bySeverity,
	"account": func(a, b schemas.Violation) int {
		return compareTexts(a.Account, b.Account, a.Type, b.Type, a.Region, b.Region, a.ID, b.ID, a.Pack, b.Pack, a.Policy, b.Policy, string(a.AccountID), string(b.AccountID))
	},
	"policy": func(a, b schemas.Violation) int {
		return compareTexts(a.Pack, b.Pack, a.Policy, b.Policy, a.Account, b.Account, a.Region, b.Region, a.ID, b.ID, a.Type, b.Type, string(a.AccountID), string(b.AccountID))
	},
	"resource": func(a, b schemas.Violation) int {
		return compareTexts(a.Type, b.Type, a.Region, b.Region, a.ID, b.ID, string(a.AccountID), string(b.AccountID), a.Pack, b.Pack, a.Policy, b.Policy)
	},
	"key": func(a, b schemas.Violation) int {
		return compareTexts(string(a.AccountID), string(b.AccountID), schemas.CanonicalType(a.Type), schemas.CanonicalType(b.Type), a.Region, b.Region, a.ID, b.ID, a.Pack, b.Pack, a.Policy, b.Policy)
	},
	"firstSeen": func(a, b schemas.Violation) int {
		return cmp.Or(a.FirstSeen.Compare(b.FirstSeen), compareText(a.Finding, b.Finding))
	},
}

// bySeverity has the most severe first.
func bySeverity(a, b schemas.Violation) int {
	return cmp.Or(cmp.Compare(b.Severity.Rank(), a.Severity.Rank()), compareTexts(string(a.AccountID), string(b.AccountID),
		schemas.CanonicalType(a.Type), schemas.CanonicalType(b.Type), a.Region, b.Region, a.ID, b.ID, a.Pack, b.Pack, a.Policy, b.Policy))
}

// In every order and direction, pages of any size put together are the sorted
// list, although most rows have an equal beside them.
func askSortsAndPages(t *testing.T, w *world) {
	var all []schemas.Violation
	for _, v := range w.m.violations {
		all = append(all, w.m.violation(v))
	}
	both := []schemas.ViolationState{schemas.ViolationOpen, schemas.ViolationFixed}
	// Few enough to be turned over one by one.
	few := slices.DeleteFunc(slices.Clone(all), func(v schemas.Violation) bool {
		return v.Policy != "policy-1" || v.Type != bucketType || v.Region != "eu-west-1"
	})
	for _, name := range schemas.ViolationSorts {
		if sortsOf[name] == nil {
			t.Errorf("nothing is known of the order %q", name)
		}
	}
	for name, order := range sortsOf {
		for _, desc := range []bool{false, true} {
			sorted := func(list []schemas.Violation) []schemas.Violation {
				list = slices.SortedFunc(slices.Values(list), order)
				if desc {
					slices.Reverse(list)
				}
				return list
			}
			q := schemas.ViolationQuery{Sort: name, Desc: desc, State: both, Limit: len(all)/3 + 1}
			sameText(t, fmt.Sprintf("by %q, descending %v", name, desc), pageThrough(t, w.s, q), sorted(all))
			q.Policy, q.Type, q.Region = "policy-1", bucketType, "eu-west-1"
			limits := []int{3, len(few)}
			if name == "severity" || name == "" {
				limits = map[string][]int{"severity": {1, len(few) + 1}, "": {len(few) - 1, 0}}[name]
			}
			for _, limit := range limits {
				q.Limit = limit
				sameText(t, fmt.Sprintf("by %q, descending %v, pages of %d", name, desc, limit), pageThrough(t, w.s, q), sorted(few))
			}
		}
	}
	open := slices.DeleteFunc(slices.Clone(few), func(v schemas.Violation) bool { return v.State != schemas.ViolationOpen })
	for limit := 1; limit <= 3; limit++ { // from the list of the open ones
		for name, order := range sortsOf {
			got := pageThrough(t, w.s, schemas.ViolationQuery{Policy: "policy-1", Type: bucketType, Region: "eu-west-1", Sort: name, Limit: limit})
			sameText(t, fmt.Sprintf("open ones by %q, pages of %d", name, limit), got, slices.SortedFunc(slices.Values(open), order))
		}
	}
	every := slices.DeleteFunc(slices.Clone(all), func(v schemas.Violation) bool { return v.State != schemas.ViolationOpen })
	for _, name := range []string{"policy", "resource"} { // from its parts
		for _, desc := range []bool{false, true} {
			want := slices.SortedFunc(slices.Values(every), sortsOf[name])
			if desc {
				slices.Reverse(want)
			}
			got := pageThrough(t, w.s, schemas.ViolationQuery{Sort: name, Desc: desc, Limit: len(every)/5 + 1})
			sameText(t, fmt.Sprintf("all open ones by %q, descending %v", name, desc), got, want)
		}
	}
	if len(few) < 6 || len(few) > 30 {
		t.Errorf("paged through %d", len(few))
	}
}

// A cursor is of one list, sort and direction. Elsewhere it would skip rows in
// silence, so it is refused.
func TestACursorOfAnotherOrderIsRefused(t *testing.T) {
	t.Parallel()
	sc := newScene(t)
	sc.packs = []schemas.JudgedPack{{Pack: "p", Version: "1", Policies: []string{"a", "b"}}}
	sc.says = func(schemas.Key, string, string) schemas.PolicyResult { return failed(schemas.SeverityHigh, "bad") }
	sc.judge(sceneKey(bucketType, "b"), sceneKey(volumeType, "v"))
	cursors := map[string]string{}
	ask := func(order, cursor string) error {
		if order == "resources" {
			page, err := sc.s.Resources(t.Context(), schemas.ResourceQuery{Limit: 1, Cursor: cursor})
			cursors[order] = cmp.Or(cursors[order], page.Next)
			return err
		}
		name, desc := strings.CutSuffix(order, " descending")
		page, err := sc.s.Violations(t.Context(), schemas.ViolationQuery{Sort: name, Desc: desc, Limit: 1, Cursor: cursor}, schemas.Record{})
		cursors[order] = cmp.Or(cursors[order], page.Next)
		return err
	}
	orders := []string{"resources"}
	for name := range violationSorts {
		orders = append(orders, name, name+" descending")
	}
	for _, order := range orders {
		if err := ask(order, ""); err != nil || cursors[order] == "" {
			t.Fatalf("%s: cursor %q, %v", order, cursors[order], err)
		}
	}
	for _, from := range orders {
		for _, to := range orders {
			err := ask(to, cursors[from])
			if from == to && err != nil {
				t.Errorf("%s: its own cursor: %v", to, err)
			} else if from != to && schemas.CodeOf(err) != schemas.CodeInvalid {
				t.Errorf("%s took the cursor of %s: %v", to, from, err)
			}
		}
	}
	for _, cursor := range []string{"zzz", "bnVsbA", "W10", "e30", "eyJsIjoicmVzb3VyY2VzIn0", "' OR 1=1", cursors["resources"] + "A", "\x00"} {
		if err := ask("resources", cursor); err == nil || schemas.CodeOf(err) != schemas.CodeInvalid || !strings.Contains(err.Error(), "cursor") {
			t.Errorf("cursor %q: %v", cursor, err)
		}
	}
	made := pager{list: "violations by firstSeen", last: []string{"no time", "\x00"}, more: true}
	if err := ask("firstSeen", made.next()); err != nil {
		t.Errorf("a cursor that somebody made: %v", err)
	}
	wantCode(t, ask("colour", ""), schemas.CodeInvalid)
	for _, limit := range []int{-1, maxLimit + 1} {
		_, err := sc.s.Violations(t.Context(), schemas.ViolationQuery{Limit: limit}, schemas.Record{})
		wantCode(t, err, schemas.CodeInvalid)
		_, err = sc.s.Resources(t.Context(), schemas.ResourceQuery{Limit: limit})
		wantCode(t, err, schemas.CodeInvalid)
	}
}
