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
		"group":        {"groups: [{name: g, zzzzzzzzz: 1}]", schema.Defs["group"]},
		"waiver":       {"waivers: [{name: w, selector: {packs: [p]}, reason: r, expiresAt: 2027-01-31, zzzzzzzzz: 1}]", schema.Defs["waiver"]},
		"selector":     {"waivers: [{name: w, selector: {packs: [p], zzzzzzzzz: 1}, reason: r, expiresAt: 2027-01-31}]", schema.Defs["selector"]},
		"framework":    {"frameworks: [{name: f, zzzzzzzzz: 1, controls: [{id: a}]}]", schema.Defs["framework"]},
		"control":      {"frameworks: [{name: f, controls: [{id: a, zzzzzzzzz: 1}]}]", schema.Defs["control"]},
		"enrolment":    {"groups: [{name: g, packs: [{pack: p, zzzzzzzzz: 1}]}]", schema.Defs["enrolment"]},
		"organization": {"accounts: [{name: a, organization: {role: r, zzzzzzzzz: 1}}]", schema.Defs["organization"]},
	} {
		_, err := apply.Parse([]apply.File{{Name: "a.yaml", Data: []byte(c.text)}}, nil)
		keys := strings.Join(slices.Sorted(maps.Keys(c.want.Properties)), ", ")
		if err == nil || !strings.HasSuffix(err.Error(), "there are: "+keys) {
			t.Errorf("%s has the keys %s; reading it says %v", what, keys, err)
		}
	}
}
