package apply_test

import (
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/insights-scanner/insights-scanner/scanner/apply"
)

// The schema for editors knows the keys that are read, and no others.
func TestSchemaHasTheKeys(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../docs/accounts.schema.json")
	ok(t, err)
	type object struct{ Properties map[string]any }
	var schema struct {
		object
		Defs map[string]object `json:"$defs"`
	}
	ok(t, json.Unmarshal(raw, &schema))
	for what, c := range map[string]struct {
		text string
		want object
	}{
		"the file":     {"zzzzzzzzz: 1", schema.object},
		"an account":   {"accounts: [{name: a, zzzzzzzzz: 1}]", schema.Defs["account"]},
		"schedule":     {"accounts: [{name: a, schedule: {zzzzzzzzz: 1}}]", schema.Defs["schedule"]},
		"organization": {"accounts: [{name: a, organization: {role: r, zzzzzzzzz: 1}}]", schema.Defs["organization"]},
		"group":        {"groups: [{name: g, zzzzzzzzz: 1}]", schema.Defs["group"]},
		"enrolment":    {"groups: [{name: g, packs: [{pack: p, zzzzzzzzz: 1}]}]", schema.Defs["enrolment"]},
	} {
		_, err := apply.Parse([]apply.File{{Name: "a.yaml", Data: []byte(c.text)}}, nil)
		keys := strings.Join(slices.Sorted(maps.Keys(c.want.Properties)), ", ")
		if err == nil || !strings.HasSuffix(err.Error(), "there are: "+keys) {
			t.Errorf("%s has the keys %s; reading it says %v", what, keys, err)
		}
	}
}
