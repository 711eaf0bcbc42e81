package sink

import (
	"fmt"
	"slices"
	"testing"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// Lists of many accounts are of these alone, whether nearly all are named, and the index
// is told of the others, or not.
func TestListsOfManyAccounts(t *testing.T) {
	t.Parallel()
	s := newStore(t, "")
	var ids []string
	var ms []schemas.Message
	for n := range 2*fewAccounts + 3 {
		sc := sceneIn(t, s, schemas.AccountID(fmt.Sprintf("aws-%012d", n)), fmt.Sprintf("account-%02d", n))
		sc.packs = []schemas.JudgedPack{{Pack: "p", Version: "1", Policies: []string{"a"}}}
		sc.says = func(schemas.Key, string, string) schemas.PolicyResult { return failed(schemas.SeverityHigh, "bad") }
		b := sc.batch()
		b.Resources = append(b.Resources, sc.resource(sceneKey(bucketType, "b")))
		ms = append(ms, schemas.Message{Verdicts: sc.answer(b)})
		if n == 0 {
			continue // nobody knows its name yet, and nobody asks for it
		}
		ms = append(ms, schemas.Message{Snapshot: b})
		ids = append(ids, string(sc.id))
	}
	if err := s.Write(t.Context(), ms); err != nil {
		t.Fatal(err)
	}
	for _, left := range []int{0, 1, fewAccounts, fewAccounts + 1} {
		want := ids[left:]
		for _, sort := range []string{"severity", "account"} {
			var got []string
			for _, v := range pageThrough(t, s, schemas.ViolationQuery{Accounts: want, Sort: sort, Limit: 7}) {
				got = append(got, string(v.AccountID))
			}
			slices.Sort(got)
			if !slices.Equal(got, want) {
				t.Errorf("violations by %s without %d accounts: of %q", sort, left, got)
			}
		}
		var got []string
		for _, r := range pageResources(t, s, schemas.ResourceQuery{Accounts: want, Limit: 7}) {
			got = append(got, string(r.AccountID))
		}
		if !slices.Equal(got, want) {
			t.Errorf("resources without %d accounts: of %q", left, got)
		}
	}
}
