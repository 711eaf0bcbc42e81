package sink

import (
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// The list of open violations has a finding once, under the severity it has now,
// and maintenance leaves nothing of what has ended.
func TestTheListOfOpenViolations(t *testing.T) {
	t.Parallel()
	sc := newScene(t)
	sc.packs = []schemas.JudgedPack{{Pack: "p", Version: "1", Policies: []string{"a", "b"}}}
	severity, keys := schemas.SeverityHigh, []schemas.Key{sceneKey(bucketType, "b"), sceneKey(volumeType, "v")}
	sc.says = func(schemas.Key, string, string) schemas.PolicyResult { return failed(severity, "bad") }
	rows := func(what, list string, want uint64) {
		t.Helper()
		var n uint64
		if err := sc.s.query(t.Context(), "count", "SELECT count() FROM @db.open_violations "+list, nil, func(r driver.Rows) error { return r.Scan(&n) }); err != nil || n != want {
			t.Errorf("%s: %d rows, want %d, %v", what, n, want, err)
		}
	}
	sc.judge(keys...)
	rows("opened", "FINAL WHERE severity = 'high' AND rank = '1'", 4)

	severity = schemas.SeverityCritical
	sc.revision++
	sc.judge(keys...)
	rows("more severe", "FINAL WHERE rank = '0'", 4)
	rows("more severe", "FINAL", 4)
	for limit := 1; limit < 6; limit++ {
		if got := pageThrough(t, sc.s, schemas.ViolationQuery{Limit: limit}); len(got) != 4 || got[0].Severity != schemas.SeverityCritical {
			t.Errorf("pages of %d: %+v", limit, got)
		}
	}
	if got := pageThrough(t, sc.s, schemas.ViolationQuery{Severity: []schemas.Severity{schemas.SeverityHigh}}); len(got) != 0 {
		t.Errorf("of the severity before: %+v", got)
	}

	sc.says = func(_ schemas.Key, _, policy string) schemas.PolicyResult {
		if policy == "a" {
			return schemas.PolicyResult{Outcome: schemas.Passed}
		}
		return failed(severity, "bad")
	}
	sc.revision++
	sc.judge(keys...)
	rows("fixed", "FINAL", 2)
	if got := pageThrough(t, sc.s, schemas.ViolationQuery{Limit: 1}); len(got) != 2 || got[0].Policy != "b" || got[1].Policy != "b" {
		t.Errorf("open ones: %+v", got)
	}
	if err := sc.s.exec(t.Context(), "merge again", "SYSTEM START MERGES "+sc.s.db+".open_violations"); err != nil {
		t.Fatal(err)
	}
	if err := sc.s.tidyOpen(t.Context()); err != nil {
		t.Fatal(err)
	}
	rows("tidied", "", 2)
}
