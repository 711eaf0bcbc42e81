package sink

import (
	"fmt"
	"testing"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// Whoever pages through a list while rows come, go and come back sees nothing
// twice, and everything that was there all the time, in every order.
func TestPagesHoldWhileRowsChange(t *testing.T) {
	t.Parallel()
	for order := range violationSorts {
		for _, desc := range []bool{false, true} {
			if desc && order != "severity" && order != "firstSeen" {
				continue // they differ in nothing but the table's order
			}
			t.Run(fmt.Sprintf("%s, descending %t", order, desc), func(t *testing.T) {
				t.Parallel()
				pagesHold(t, order, desc)
			})
		}
	}
}

func pagesHold(t *testing.T, order string, desc bool) {
	t.Helper()
	sc := newScene(t)
	sc.packs = []schemas.JudgedPack{{Pack: "p", Version: "1", Policies: []string{"a"}}}
	bad := map[string]bool{}
	sc.says = func(k schemas.Key, _, _ string) schemas.PolicyResult {
		if bad[k.ID] {
			return failed(schemas.SeverityHigh, "bad")
		}
		return schemas.PolicyResult{Outcome: schemas.Passed}
	}
	// Of three neighbours the first stays, the second is fixed and the third opens
	// on the way; others change what is said of them.
	const n = 30
	keys := make([]schemas.Key, n)
	for i := range keys {
		keys[i] = sceneKey(bucketType, fmt.Sprintf("b%02d", i))
		bad[keys[i].ID] = i%3 != 2
	}
	sc.judge(keys...)
	seen, turns := map[string]int{}, 0
	q := schemas.ViolationQuery{Sort: order, Desc: desc, Limit: 4}
	for {
		page, err := sc.s.Violations(t.Context(), q, schemas.Record{})
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range page.Violations {
			seen[v.ID]++
		}
		if page.Next == "" {
			break
		}
		q.Cursor = page.Next
		// Two rows before the cursor and behind it change with every page.
		for _, i := range []int{3*turns + 1, n - 2 - 3*turns, 3*turns + 2, n - 1 - 3*turns} {
			if i < 0 || i >= n || i%3 == 0 {
				continue
			}
			k := keys[i]
			bad[k.ID], sc.content[k] = i%3 == 2, fmt.Sprintf("turn %d", turns)
			sc.judge(k)
		}
		turns++
	}
	if turns < 3 {
		t.Errorf("only %d pages", turns)
	}
	for i, k := range keys {
		if n := seen[k.ID]; n > 1 || i%3 == 0 && n != 1 {
			t.Errorf("%s was seen %d times", k.ID, n)
		}
	}
}
