package sink

import (
	"testing"
	"time"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// A day shows what was counted last on it, the days before the first count what was
// counted last before them, and neither hangs on the numbers.
func TestATrendShowsTheLastCount(t *testing.T) {
	t.Parallel()
	sc := newScene(t)
	sc.packs = []schemas.JudgedPack{{Pack: "p", Version: "1", Policies: []string{"a"}}}
	bad := map[string]bool{}
	sc.says = func(k schemas.Key, _, _ string) schemas.PolicyResult {
		if bad[k.ID] {
			return failed(schemas.SeverityHigh, "no")
		}
		return schemas.PolicyResult{Outcome: schemas.Passed}
	}
	today := time.Now().UTC().Truncate(24 * time.Hour)
	count := func(days, hours int, failing ...string) {
		t.Helper()
		clear(bad)
		for _, id := range failing {
			bad[id] = true
		}
		for _, id := range []string{"a", "b", "c", "d"} {
			k := sceneKey(bucketType, id)
			sc.content[k] = time.Duration(days*24-hours).String() + id
			sc.judge(k)
		}
		if err := sc.s.RecomputePosture(t.Context(), sc.id, today.AddDate(0, 0, -days).Add(time.Duration(hours)*time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	count(12, 1, "a")
	count(10, 1, "a", "b", "c")
	count(8, 1, "a", "b") // the last before the days that are asked about
	count(3, 1, "a", "b", "c", "d")
	count(3, 5, "a")
	count(3, 9, "a", "b", "c") // neither the most nor the least of its day
	got, err := sc.s.Trend(t.Context(), schemas.TrendQuery{Days: 6}, nil, today.Add(20*time.Hour))
	if err != nil || len(got.Accounts) != 1 || len(got.Total) != 6 {
		t.Fatalf("%+v, %v", got, err)
	}
	for i, p := range got.Accounts[0].Points {
		failing, at := uint64(2), today.AddDate(0, 0, -8).Add(time.Hour)
		if i >= 2 {
			failing, at = 3, today.AddDate(0, 0, -3).Add(9*time.Hour)
		}
		if p.Counts.Failed != failing || p.Counts.Passed != 4-failing || !p.CountedAt.Equal(at) || p.Resources != schemas.NewShare(4-failing, 4) {
			t.Errorf("day %d: %+v, want %d failing as of %s", i, p, failing, at)
		}
	}
}
