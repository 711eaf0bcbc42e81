package sink

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// Tables of a database from before a migration are filled with what they would
// hold had they been there.
func TestMigrationsFillTheirTables(t *testing.T) {
	t.Parallel()
	sc := newScene(t)
	sc.packs = []schemas.JudgedPack{{Pack: "p", Version: "1", Policies: []string{"a", "b"}}, {Pack: "p@local", Version: "1", Policies: []string{"a"}}}
	sc.says = func(_ schemas.Key, _, policy string) schemas.PolicyResult {
		if policy == "a" {
			return failed(schemas.SeverityHigh, "bad")
		}
		return schemas.PolicyResult{Outcome: schemas.Passed}
	}
	day := time.Now().UTC().Truncate(24 * time.Hour)
	for i := range 2 {
		sc.judge(sceneKey(bucketType, "b"), sceneKey(volumeType, string(rune('1'+i))))
		if err := sc.s.RecomputePosture(t.Context(), sc.id, day.AddDate(0, 0, i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := sc.s.RecordScan(t.Context(), scanOf(sc.id, "1", day)); err != nil {
		t.Fatal(err)
	}
	type row struct {
		Day    string            `ch:"d"`
		Passed uint64            `ch:"passed"`
		Failed uint64            `ch:"failed"`
		All    uint64            `ch:"policies"`
		Good   uint64            `ch:"compliant"`
		Open   map[string]uint64 `ch:"open"`
	}
	read := func() (out []row) {
		t.Helper()
		err := sc.s.query(t.Context(), "read posture", "SELECT toString(day) AS d, passed, failed, policies, compliant, open FROM @db.posture_accounts FINAL ORDER BY day", nil, func(r driver.Rows) error {
			var v row
			defer func() { out = append(out, v) }()
			return r.ScanStruct(&v)
		})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	want := read()
	sameText(t, "counted", want, []row{
		{day.Format(time.DateOnly), 2, 2, 2, 1, map[string]uint64{"high": 2}}, {day.AddDate(0, 0, 1).Format(time.DateOnly), 3, 3, 2, 1, map[string]uint64{"high": 3}},
	})
	names, err := sc.s.accountNames(t.Context(), nil)
	if err != nil || len(names) != 1 {
		t.Fatalf("names %v, %v", names, err)
	}
	kinds := func() []openKind {
		return slices.SortedFunc(slices.Values(rowsIn[openKind](t, sc.s, "open_kinds")), func(a, b openKind) int { return strings.Compare(a.Pack+a.Canonical, b.Pack+b.Canonical) })
	}
	known := kinds()
	if len(known) != 4 { // policies a of two packs, on two types
		t.Fatalf("kinds %v", known)
	}
	for _, statement := range []string{
		"SYSTEM START MERGES @db.violations", "SYSTEM START MERGES @db.resources", // which migrations wait for
		"DROP TABLE @db.posture_accounts", "DROP TABLE @db.open_violations", "TRUNCATE TABLE @db.open_kinds", "DROP TABLE @db.open_kinds_of_violations", "DROP TABLE @db.account_names_of_scans", "TRUNCATE TABLE @db.account_names",
		"TRUNCATE TABLE @db.schema_migrations", "DROP TABLE @db.v_open_counts", "DROP TABLE @db.v_account_posture_daily",
	} {
		if err := sc.s.exec(t.Context(), "take back", statement); err != nil {
			t.Fatal(err)
		}
	}
	if err := sc.s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	want[0].Open = map[string]uint64{} // what was open before is not known
	sameText(t, "migrated", read(), want)
	sameText(t, "kinds", kinds(), known)
	again, err := sc.s.accountNames(t.Context(), nil)
	if err != nil || !maps.Equal(again, names) {
		t.Errorf("names %v, want %v, %v", again, names, err)
	}
}
