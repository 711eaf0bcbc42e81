package rego_test

import (
	"strings"
	"testing"

	"github.com/insights-scanner/insights-scanner/evaluator"
	"github.com/insights-scanner/insights-scanner/evaluator/rego"
	"github.com/insights-scanner/insights-scanner/schemas"
)

const policyOf = "deny contains \"m\" if true\n"

// A pack that judges less than its author may think is accepted, and says so.
func TestWarnings(t *testing.T) {
	const unversioned = "runtime: opa\n"
	for name, c := range map[string]struct {
		files files
		want  string // the only warning begins with it; "" for none
	}{
		"none":                     {files{"a.rego": v1Head + policyOf}, ""},
		"no version":               {files{"a.rego": v1Head + policyOf, "PulumiPolicy.yaml": unversioned}, "opa/missing-version: PulumiPolicy.yaml has no version"},
		"no policy":                {files{"a.rego": v1Head + "allow if true"}, "opa/zero-rules: package p has no policy"},
		"a set":                    {files{"a.rego": v1Head + policyOf + "public contains \"m\" if true"}, "opa/unrecognized-rule: a.rego:6: public is no policy"},
		"a set in v0":              {files{"a.rego": "package p\ndeny[m] { m := 1 }\npublic[m] { m := 1 }"}, "opa/unrecognized-rule: a.rego:3: public is no policy"},
		"an object":                {files{"a.rego": v1Head + policyOf + "public[k] := 1 if k := \"a\""}, "opa/unrecognized-rule: a.rego:6: public is no policy"},
		"camel case":               {files{"a.rego": v1Head + policyOf + "denyPublic := 1"}, "opa/unrecognized-rule: a.rego:6: denyPublic is no policy"},
		"a verb":                   {files{"a.rego": v1Head + policyOf + "require_versioning if true"}, "opa/unrecognized-rule: a.rego:6: require_versioning is no policy"},
		"twice":                    {files{"a.rego": v1Head + policyOf + "require_versioning if input.a\nrequire_versioning if input.b"}, "opa/unrecognized-rule: a.rego:6: "},
		"asked by no policy":       {files{"a.rego": v1Head + policyOf + "allow if count(denyAll) == 0\ndenyAll contains 1"}, "opa/unrecognized-rule: a.rego:7: denyAll"},
		"a helper":                 {files{"a.rego": v1Head + "deny contains \"m\" if check_all\ncheck_all if { some x in public; x > 1 }\npublic contains 1"}, ""},
		"a helper of a stack rule": {files{"a.rego": v1Head + "stack_deny contains \"m\" if public[1]\npublic contains 1"}, ""},
		"no name of a policy":      {files{"a.rego": v1Head + policyOf + "required_labels := [1]\nchecksum := 1\nis_public if true"}, ""},
		"a function":               {files{"a.rego": v1Head + policyOf + "deny_f(x) := x\ncheck(x) := x"}, ""},
		"a unit test":              {files{"a.rego": v1Head + policyOf + "test_deny if true\ntest_set contains 1"}, ""},
		"several clauses":          {files{"a.rego": v1Head + policyOf + policyOf}, ""},
		"several files":            {files{"a.rego": v1Head + policyOf, "b.rego": v1Head + policyOf}, "opa/duplicate-rule: deny is written several times in a.rego, b.rego"},
		"several descriptions":     {files{"a.rego": v1Head + "# METADATA\n# title: A\n" + policyOf + "\n# METADATA\n# title: B\n" + policyOf}, "opa/duplicate-rule: deny is written several times in a.rego"},
		"no default":               {files{"a.rego": v1Head + policyOf, "config-schema.json": `{"deny": {"properties": {"max": {"type": "number"}}}}`}, "opa/missing-config: config-schema.json gives deny no default"},
		"a default":                {files{"a.rego": v1Head + policyOf, "config-schema.json": `{"deny": {"properties": {"max": {"type": "number", "default": 1}}}}`}, ""},
		"a schema of nothing":      {files{"a.rego": v1Head + policyOf, "config-schema.json": `{"denied": {}}`}, "config-schema.json: no policy is named denied"},
		"severity":                 {files{"a.rego": v1Head + "# METADATA\n# custom:\n#   severity: grave\n" + policyOf}, `a.rego:5: metadata of deny: severity "grave" is not low, medium, high or critical`},
		"severity in capitals":     {files{"a.rego": v1Head + "# METADATA\n# custom:\n#   severity: HIGH\n" + policyOf}, ""},
		"types are a list":         {files{"a.rego": v1Head + "# METADATA\n# custom:\n#   types: x\n" + policyOf}, "a.rego:5: metadata of deny: types is not used: "},
		"controls of others":       {files{"a.rego": v1Head + "# METADATA\n# custom:\n#   controls: {CIS: [1.2]}\n" + policyOf}, "a.rego:5: metadata of deny: controls is not used: "},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := rego.Loader{}.Inspect(t.Context(), write(t, c.files))
			if err != nil {
				t.Fatal(err)
			}
			want := 0
			if c.want != "" {
				want = 1
			}
			if len(m.Warnings) != want || want == 1 && !strings.HasPrefix(m.Warnings[0], c.want) {
				t.Errorf("%q, want %q", m.Warnings, c.want)
			}
			e := load(t, rego.Loader{}, c.files, nil)
			if _, err := e.Evaluate(t.Context(), evaluator.Input{Type: "t"}); err != nil {
				t.Error(err)
			}
		})
	}
}

// What stands first describes a policy.
func TestDescription(t *testing.T) {
	m, err := rego.Loader{}.Inspect(t.Context(), write(t, files{
		"a.rego":     v1Head + policyOf,
		"lib/b.rego": "# METADATA\n# scope: package\n# title: The pack\n" + v1Head + "# METADATA\n# title: B\n# description: Of b.\n# custom:\n#   message: Mend it.\n#   severity: HIGH\n#   controls: {CIS: [1.2]}\n" + policyOf,
		"lib/c.rego": v1Head + "# METADATA\n# title: C\n" + policyOf + "\nwarn_late contains \"m\" if true\n",
	}))
	if err != nil {
		t.Fatal(err)
	}
	p, late := m.Policies[0], m.Policies[1]
	if m.DisplayName != "The pack" || p.DisplayName != "B" || p.Description != "Of b." || p.Message != "Mend it." || p.Severity != schemas.SeverityHigh || len(p.Controls) != 0 ||
		late.DisplayName != "lib/c" || late.Level != schemas.Advisory {
		t.Errorf("%+v", m)
	}
}
