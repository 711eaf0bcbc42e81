package sink

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// viewColumns are what people's own queries rest on. A column may be added here;
// none may be changed or taken away.
var viewColumns = map[string]string{
	"v_violations":            "account_id account region type id name pack pack_version policy group_name level severity messages state first_seen opened_at fixed_at fix_cause reopened seconds_to_fix finding",
	"v_current_violations":    "account_id account region type id name pack pack_version policy group_name level severity messages first_seen opened_at reopened finding waived waiver waived_until",
	"v_open_violations":       "account_id account region type id pack policy severity",
	"v_violation_events":      "account_id at transition fix_cause severity region type id pack policy scan finding opened_at seconds_to_fix",
	"v_posture":               "account_id pack policy passed failed unknown errored not_applicable disabled counted_at",
	"v_posture_daily":         "account_id day pack policy passed failed unknown errored not_applicable disabled counted_at",
	"v_account_posture_daily": "account_id day passed failed unknown errored not_applicable disabled counted_at",
	"v_open_counts":           "account_id severity open counted_at",
	"v_resource_compliance":   "account_id counted_at pack resources governed compliant",
	"v_resources":             "account_id account region type id name tags properties unknown first_seen changed_at",
	"v_scans":                 "account_id account scan state started_at ended_at",
	"v_triage":                "account_id finding status priority assignee note changed_by changed_at",
	"v_waivers":               "name reason requester approver ticket starts_at expires_at selector removed",
}

func askViews(t *testing.T, w *world) {
	got := map[string][]string{}
	err := w.s.query(t.Context(), "read columns", "SELECT table, name FROM system.columns WHERE database = ? AND startsWith(table, 'v_') ORDER BY table, position", []any{w.s.db},
		func(r driver.Rows) error {
			var table, name string
			defer func() { got[table] = append(got[table], name) }()
			return r.Scan(&table, &name)
		})
	if err != nil {
		t.Fatal(err)
	}
	doc, err := os.ReadFile("../docs/sql.md")
	if err != nil {
		t.Fatal(err)
	}
	for view, columns := range viewColumns {
		if have := strings.Join(got[view], " "); !strings.HasPrefix(have, columns) {
			t.Errorf("%s has the columns %s, want %s", view, have, columns)
		}
		_, section, found := strings.Cut(string(doc), "## "+view+"\n")
		section, _, _ = strings.Cut(section, "\n## ")
		for _, c := range got[view] {
			if !found || !strings.Contains(section, "`"+c+"`") {
				t.Errorf("docs/sql.md says nothing of %s.%s", view, c)
			}
		}
	}
	if len(got) != len(viewColumns) {
		t.Errorf("%d views, %d are held here", len(got), len(viewColumns))
	}
	rows := func(statement string) (n uint64) {
		t.Helper()
		err := w.s.query(t.Context(), "count", "SELECT count() FROM ("+statement+")", nil, func(r driver.Rows) error { return r.Scan(&n) })
		if err != nil {
			t.Errorf("%s: %v", statement, err)
		}
		return n
	}
	examples := sqlBlock.FindAllStringSubmatch(string(doc), -1)
	if len(examples) == 0 {
		t.Error("docs/sql.md has no example")
	}
	for _, e := range examples {
		rows(strings.ReplaceAll(e[1], "insights.", "@db."))
	}
	open, high, live := uint64(0), uint64(0), uint64(0)
	for _, v := range w.m.violations {
		if v.State == "open" {
			open++
			if v.Severity == "high" {
				high++
			}
		}
	}
	for _, r := range w.m.resources {
		if !r.Tombstone {
			live++
		}
	}
	for statement, want := range map[string]uint64{
		"SELECT * FROM @db.v_current_violations": open, "SELECT * FROM @db.v_open_violations": open,
		"SELECT * FROM @db.v_open_violations WHERE severity = 'high'": high, "SELECT * FROM @db.v_violations": uint64(len(w.m.violations)),
		"SELECT * FROM @db.v_violation_events": uint64(len(w.m.events)), "SELECT * FROM @db.v_resources": live,
		"SELECT * FROM @db.v_scans": uint64(len(histories) * worldRounds), "SELECT * FROM @db.v_triage": uint64(len(w.m.said)),
		"SELECT * FROM @db.v_waivers": uint64(len(w.p.waivers)),
	} {
		if n := rows(statement); n != want {
			t.Errorf("%s: %d rows, want %d", statement, n, want)
		}
	}
}

var (
	sqlBlock   = regexp.MustCompile("(?s)```sql\n(.*?)```")
	timeFilter = regexp.MustCompile(`\$__timeFilter\((\w+)\)`)
	viewName   = regexp.MustCompile(`\bv_[a-z_]+`)
)

// Every query of the Grafana dashboard runs, and the lists of what there is find it.
func askDashboard(t *testing.T, w *world) {
	raw, err := os.ReadFile("../deploy/grafana/dashboards/insights.json")
	if err != nil {
		t.Fatal(err)
	}
	var board struct {
		Templating struct {
			List []struct{ Query string }
		}
		Panels []struct {
			Title   string
			Targets []struct{ RawSQL string }
		}
	}
	if err := json.Unmarshal(raw, &board); err != nil {
		t.Fatal(err)
	}
	queries := map[string]string{}
	for _, p := range board.Panels {
		for _, q := range p.Targets {
			queries[p.Title] = q.RawSQL
		}
	}
	for _, v := range board.Templating.List {
		queries["variable"] = v.Query
	}
	if len(queries) < 10 {
		t.Fatalf("only %d queries", len(queries))
	}
	for title, q := range queries {
		q = timeFilter.ReplaceAllString(q, "$1 >= toDateTime('2020-01-01 00:00:00') AND $1 <= now()")
		q = strings.ReplaceAll(q, "${account:singlequote}", "'acct-"+histories[0].AWSAccount()+"', 'acct-"+histories[1].AWSAccount()+"'")
		if strings.Contains(q, "$") {
			t.Errorf("%s: what Grafana puts in is not known here: %s", title, q)
		}
		q = viewName.ReplaceAllString(q, "@db.$0")
		n := uint64(0)
		err := w.s.query(t.Context(), title, "SELECT count() FROM ("+q+")", nil, func(r driver.Rows) error { return r.Scan(&n) })
		if err != nil {
			t.Errorf("%s: %v", title, err)
		}
		if n == 0 && !strings.Contains(q, "_posture") && !strings.Contains(q, "v_open_counts") && !strings.Contains(q, "v_waivers") {
			t.Errorf("%s finds nothing: %s", title, q)
		}
	}
}
