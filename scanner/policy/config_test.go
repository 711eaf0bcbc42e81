package policy_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/insights-scanner/insights-scanner/scanner/policy"
	"github.com/insights-scanner/insights-scanner/schemas"
)

var configPolicies = []schemas.Policy{
	{
		Name: "retention", Level: schemas.Mandatory,
		ConfigSchema: map[string]any{
			"properties": map[string]any{
				"days":  map[string]any{"type": "integer", "default": 30, "minimum": 1},
				"modes": map[string]any{"type": "array", "items": map[string]any{"enum": []any{"a", "b"}}},
				"owner": map[string]any{"type": "string"},
			},
			"required": []string{"owner"},
		},
	},
	{Name: "plain", Level: schemas.Advisory},
	{Name: "undeclared"},
}

func TestLayerConfig(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, given string
		want        map[string]string // policy -> JSON; nil: an error
		err         string
	}{
		{
			"declared level and defaults", `{"retention": {"owner": "me"}}`,
			map[string]string{
				"retention":  `{"enforcementLevel":"mandatory","properties":{"days":30,"owner":"me"}}`,
				"plain":      `{"enforcementLevel":"advisory"}`,
				"undeclared": `{"enforcementLevel":"advisory"}`,
			},
			"",
		},
		{
			"all sets levels only, a policy's own level wins",
			`{"all": {"enforcementLevel": "disabled", "days": 5}, "retention": {"owner": "me", "enforcementLevel": "remediate"}}`,
			map[string]string{
				"retention": `{"enforcementLevel":"remediate","properties":{"days":30,"owner":"me"}}`,
				"plain":     `{"enforcementLevel":"disabled"}`,
			},
			"",
		},
		{
			"properties merge key by key, null entries are skipped", `{"retention": {"owner": "me", "days": 7, "modes": ["a"]}, "plain": null}`,
			map[string]string{"retention": `{"enforcementLevel":"mandatory","properties":{"days":7,"modes":["a"],"owner":"me"}}`},
			"",
		},
		{
			"policies without a schema take any property", `{"retention": {"owner": "me"}, "plain": {"x": {"y": 1}}}`,
			map[string]string{"plain": `{"enforcementLevel":"advisory","properties":{"x":{"y":1}}}`},
			"",
		},
		{
			"unknown policies have no effect", `{"retention": {"owner": "me"}, "gone": {"enforcementLevel": "nonsense"}}`,
			map[string]string{"plain": `{"enforcementLevel":"advisory"}`},
			"",
		},
		{"required", `{}`, nil, "policy pack configuration is invalid: retention: owner is required"},
		{
			"every problem, sorted",
			`{"retention": {"days": 0, "modes": ["c"], "enforcementLevel": "block"}, "plain": {"enforcementLevel": 3}, "all": {"enforcementLevel": "no"}}`, nil,
			`policy pack configuration is invalid: all: "no" is not a valid enforcement level, plain: enforcementLevel must be a string, ` +
				`retention: "block" is not a valid enforcement level, retention: days: minimum: got 0, want 1, ` +
				`retention: modes.0: value must be one of 'a', 'b', retention: owner is required`,
		},
		{"wrong type", `{"retention": {"owner": 5}}`, nil, "policy pack configuration is invalid: retention: owner: got number, want string"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var given map[string]map[string]any
			ok(t, json.Unmarshal([]byte(c.given), &given))
			got, err := policy.LayerConfig(configPolicies, given)
			if c.want == nil {
				wantCode(t, err, schemas.CodeInvalid)
				if err.Error() != c.err {
					t.Fatalf("got  %s\nwant %s", err, c.err)
				}
				return
			}
			ok(t, err)
			if len(got) != len(configPolicies) {
				t.Fatalf("got %d policies, want %d", len(got), len(configPolicies))
			}
			for name, want := range c.want {
				raw, err := json.Marshal(got[name])
				ok(t, err)
				if string(raw) != want {
					t.Errorf("%s: got %s, want %s", name, raw, want)
				}
			}
		})
	}
}

func TestSchemasCannotReachOut(t *testing.T) {
	t.Parallel()
	p := []schemas.Policy{{Name: "p", ConfigSchema: map[string]any{
		"properties": map[string]any{"x": map[string]any{"$ref": "file:///etc/passwd"}},
	}}}
	_, err := policy.LayerConfig(p, nil)
	wantCode(t, err, schemas.CodeInvalid, "must not refer to file:///etc/passwd")
}

func TestParseConfig(t *testing.T) {
	t.Parallel()
	got, err := policy.ParseConfig([]byte("all: disabled\nretention:\n  enforcementLevel: advisory\n  days: 3\nplain:\n"))
	ok(t, err)
	raw, err := json.Marshal(got)
	ok(t, err)
	if want := `{"all":{"enforcementLevel":"disabled"},"retention":{"days":3,"enforcementLevel":"advisory"}}`; string(raw) != want {
		t.Fatalf("got %s, want %s", raw, want)
	}
	_, err = policy.ParseConfig([]byte("environments: [a/b]\nplain: 3\n"))
	wantCode(t, err, schemas.CodeInvalid, "environments are not supported", "plain: must be a string or object")
	_, err = policy.ParseConfig([]byte("a: [\n"))
	wantCode(t, err, schemas.CodeInvalid)
	if got, err := policy.ParseConfig(nil); err != nil || len(got) != 0 {
		t.Fatalf("an empty file: got %v, %v", got, err)
	}
}

func TestUnknownPolicies(t *testing.T) {
	t.Parallel()
	got := policy.UnknownPolicies(configPolicies, map[string]map[string]any{"all": {}, "z": {}, "plain": {}, "b": {}})
	if strings.Join(got, ",") != "b,z" {
		t.Fatalf("got %v", got)
	}
}
