package sink

import (
	"testing"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// A page may end where a severity does, with none of the next one.
func TestAPageEndsWithASeverity(t *testing.T) {
	t.Parallel()
	sc := newScene(t)
	sc.packs = []schemas.JudgedPack{{Pack: "p", Version: "1", Policies: []string{"a", "b"}}}
	sc.says = func(_ schemas.Key, _, policy string) schemas.PolicyResult {
		if policy == "a" {
			return failed(schemas.SeverityCritical, "bad")
		}
		return failed(schemas.SeverityLow, "not good")
	}
	sc.judge(sceneKey(bucketType, "b"))
	for _, desc := range []bool{false, true} {
		list := pageThrough(t, sc.s, schemas.ViolationQuery{State: []schemas.ViolationState{schemas.ViolationOpen, schemas.ViolationFixed}, Sort: "severity", Desc: desc, Limit: 1})
		if len(list) != 2 || (list[0].Policy == "a") == desc {
			t.Errorf("descending %v: %+v", desc, list)
		}
	}
}
