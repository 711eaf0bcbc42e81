package rego_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/insights-scanner/insights-scanner/evaluator"
	"github.com/insights-scanner/insights-scanner/evaluator/rego"
	"github.com/insights-scanner/insights-scanner/schemas"
)

const bucket, instance = "aws:s3/bucket:Bucket", "aws:ec2/instance:Instance"

// A rule that does not give messages is broken, and says how to mend it; Pulumi
// takes it for passed. The pack loads with a warning.
func TestRulesWithoutMessages(t *testing.T) {
	for name, c := range map[string]struct {
		rule, gives string
		always      bool // also where it does not fire
		warned      bool
	}{
		"a boolean":           {`deny if input.acl == "public"`, "a boolean", false, true},
		"a boolean default":   {"default deny := false\n\ndeny if input.acl == \"public\"", "a boolean", true, true},
		"a string":            {`deny := "m" if input.acl == "public"`, "a string", false, true},
		"a computed string":   {`deny := concat("", [input.acl]) if input.acl == "public"`, "a string", false, false},
		"a number":            {`deny := 3 if input.acl == "public"`, "a number", false, true},
		"null":                {`deny := null if input.acl == "public"`, "a null", false, true},
		"an object":           {`deny := {"msg": "m"} if input.acl == "public"`, "an object", false, true},
		"a partial object":    {`deny[k] := "m" if { k := input.acl; k == "public" }`, "an object", true, true},
		"v1 without contains": {`deny[k] if { k := input.acl; k == "public" }`, "an object", true, true},
		"a nested set":        {`deny.s3 contains "m" if input.acl == "public"`, "an object", true, true},
	} {
		t.Run(name, func(t *testing.T) {
			f := files{"a.rego": v1Head + c.rule + "\n"}
			m, err := rego.Loader{}.Inspect(t.Context(), write(t, f))
			if err != nil {
				t.Fatal(err)
			}
			if warned := len(m.Warnings) > 0 && strings.Contains(m.Warnings[0], "a.rego:5: deny") && strings.Contains(m.Warnings[0], c.gives); warned != c.warned {
				t.Errorf("warnings %q", m.Warnings)
			}
			r := one(t, f, evaluator.Input{Type: bucket, Properties: map[string]any{"acl": "public"}})
			if r.Outcome != schemas.Errored || !strings.Contains(r.Reason, "the rule gave "+c.gives+", not a set or an array of messages: write deny contains msg if") {
				t.Errorf("%+v", r)
			}
			r = one(t, f, evaluator.Input{Type: bucket, Unknown: []schemas.UnknownPath{{Path: "acl"}}})
			if r.Outcome != schemas.Unknown && r.Outcome != schemas.Errored {
				t.Errorf("with acl unknown: %+v", r)
			}
			want := schemas.Passed
			if c.always {
				want = schemas.Errored
			}
			if r := one(t, f, evaluator.Input{Type: bucket, Properties: map[string]any{"acl": "private"}}); r.Outcome != want {
				t.Errorf("%+v", r)
			}
		})
	}
}

func TestMessages(t *testing.T) {
	f := files{"a.rego": v1Head + `
deny contains "b" if true
deny contains {"msg": "a", "details": {"x": 1}} if true
deny contains {"msg": 3} if true
deny contains 7 if true
deny contains ["x", 1] if true
deny contains {"msg": "b"} if true
`}
	r := one(t, f, evaluator.Input{Type: "t"})
	if want := []string{"7", "[x 1]", "a", "b", "map[msg:3]"}; !slices.Equal(r.Messages, want) {
		t.Errorf("%q, want %q", r.Messages, want)
	}
}

// A rule may be written in several files, its clauses are one policy. Unit
// tests are no part of a pack, unless they hold a policy.
func TestRulesOverFiles(t *testing.T) {
	f := files{
		"a.rego":          v1Head + "# METADATA\n# title: From a\ndeny contains \"a\" if input.a\n",
		"b.rego":          v1Head + "deny contains \"b\" if input.b\n\nstack_warn contains \"s\" if true\n\nallow if true\n\ndenyall contains \"no policy\" if true\n",
		"b_test.rego":     v1Head + "test_deny if {\n\tcount(deny) > 0 with http.send as {}\n}\n",
		"other_test.rego": "package p_test\n\nimport rego.v1\n\nimport data.p\n\ntest_deny if count(p.deny) > 0\n",
		"data.json":       `{"p": 1}`,
	}
	dir := write(t, f)
	m, err := rego.Loader{}.Inspect(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if m.Name != "p" || len(m.Policies) != 2 || m.Policies[0].DisplayName != "From a" || m.Policies[1].Scope != schemas.PolicyStack || m.Policies[1].DisplayName != "b" {
		t.Errorf("%+v", m)
	}
	in := evaluator.Input{Type: "t", Properties: map[string]any{"a": true, "b": true}}
	if r := one(t, f, in); !slices.Equal(r.Messages, []string{"a", "b"}) {
		t.Errorf("%+v", r)
	}
	f["load_test.rego"] = v1Head + "deny contains \"load\" if true\n"
	if r := one(t, f, in); !slices.Equal(r.Messages, []string{"a", "b", "load"}) {
		t.Errorf("%+v", r)
	}
}

func TestAPackOfStackPoliciesSaysNothing(t *testing.T) {
	e := load(t, rego.Loader{}, files{"a.rego": v1Head + `stack_deny contains "m" if true`}, nil)
	if rs := judge(t, e, evaluator.Input{Type: bucket}); len(rs) != 0 {
		t.Errorf("%+v", rs)
	}
}

// What a policy can fire on decides between not applicable and passed.
func TestApplies(t *testing.T) {
	const fires = "fires"
	for name, c := range map[string]struct {
		rule string
		want map[string]schemas.Outcome // by type
	}{
		"compared":      {`deny contains "m" if input.type == "` + bucket + `"`, map[string]schemas.Outcome{bucket: schemas.Failed, instance: schemas.NotApplicable}},
		"other way":     {`deny contains "m" if "` + bucket + `" == input.__type`, map[string]schemas.Outcome{bucket: schemas.Failed, instance: schemas.NotApplicable}},
		"one of":        {`deny contains "m" if input.type in {"x", "` + bucket + `"}`, map[string]schemas.Outcome{bucket: schemas.Failed, "x": schemas.Failed, instance: schemas.NotApplicable}},
		"any clause":    {"deny contains \"m\" if input.type == \"x\"\ndeny contains \"n\" if input.type == \"y\"", map[string]schemas.Outcome{"x": schemas.Failed, "y": schemas.Failed, "z": schemas.NotApplicable}},
		"one open":      {"deny contains \"m\" if input.type == \"x\"\ndeny contains \"n\" if input.acl", map[string]schemas.Outcome{"x": schemas.Failed, "z": schemas.Passed}},
		"negated":       {`deny contains "m" if input.type != "x"`, map[string]schemas.Outcome{"x": schemas.NotApplicable, "y": schemas.Failed}},
		"not":           {`deny contains "m" if not input.type == "x"`, map[string]schemas.Outcome{"x": schemas.NotApplicable, "y": schemas.Failed}},
		"prefix":        {`deny contains "m" if startswith(input.type, "aws:s3/")`, map[string]schemas.Outcome{bucket: schemas.Failed, instance: schemas.NotApplicable}},
		"pattern":       {`deny contains "m" if { regex.match("^aws:s3/", input.type); input.a == 1 }`, map[string]schemas.Outcome{bucket: schemas.Passed, instance: schemas.NotApplicable}},
		"rule":          {"is_bucket if input.type == \"" + bucket + "\"\ndeny contains \"m\" if { is_bucket; input.a == 1 }", map[string]schemas.Outcome{bucket: schemas.Passed, instance: schemas.NotApplicable}},
		"not a rule":    {"is_bucket if input.type == \"" + bucket + "\"\ndeny contains \"m\" if { not is_bucket; input.a == 1 }", map[string]schemas.Outcome{bucket: schemas.NotApplicable, instance: schemas.Passed}},
		"function":      {"on(t) if input.type == t\ndeny contains \"m\" if { on(\"" + bucket + "\"); input.a == 1 }", map[string]schemas.Outcome{bucket: schemas.Passed, instance: schemas.NotApplicable}},
		"table":         {"types := {\"" + bucket + "\": 1}\ndeny contains \"m\" if { types[input.type]; input.a == 1 }", map[string]schemas.Outcome{bucket: schemas.Passed, instance: schemas.NotApplicable}},
		"split":         {`deny contains "m" if { split(input.type, ":")[1] == "s3/bucket"; input.a == 1 }`, map[string]schemas.Outcome{bucket: schemas.Passed, instance: schemas.NotApplicable}},
		"variable":      {`deny contains "m" if { t := input.type; t == "` + bucket + `"; input.a == 1 }`, map[string]schemas.Outcome{bucket: schemas.Passed, instance: schemas.NotApplicable}},
		"metadata":      {"# METADATA\n# custom:\n#   types: [\"" + bucket + "\"]\ndeny contains \"m\" if true", map[string]schemas.Outcome{bucket: schemas.Failed, instance: schemas.NotApplicable}},
		"some beside":   {`deny contains m if { input.type == "` + bucket + `"; some m in input.list }`, map[string]schemas.Outcome{bucket: schemas.Passed, instance: schemas.NotApplicable}},
		"no type":       {`deny contains "m" if input.a == 1`, map[string]schemas.Outcome{bucket: schemas.Passed, instance: schemas.Passed}},
		"type or else":  {"ok if input.type == \"x\"\nok if input.b == 1\ndeny contains \"m\" if { ok; input.a == 1 }", map[string]schemas.Outcome{"x": schemas.Passed, "y": schemas.Passed}},
		"not a set":     {`deny := ["m"] if input.type == "` + bucket + `"`, map[string]schemas.Outcome{bucket: schemas.Failed, instance: schemas.NotApplicable}},
		"with an else":  {`deny := ["m"] if { input.type == "x" } else := ["n"] if { input.type == "y" }`, map[string]schemas.Outcome{"x": schemas.Failed, "y": schemas.Failed, "z": schemas.Passed}},
		"the time":      {`deny contains "m" if time.now_ns() < 0`, map[string]schemas.Outcome{bucket: schemas.Passed}}, // later it may
		"time and type": {`deny contains "m" if { input.__type != "x"; now := time.now_ns(); now < 0 }`, map[string]schemas.Outcome{bucket: schemas.Passed, "x": schemas.NotApplicable}},
		"mocked":        {"on if input.type == \"x\"\ndeny contains \"m\" if on with input.type as \"x\"", map[string]schemas.Outcome{"x": schemas.Failed, "z": schemas.Failed}},
		"mocked inline": {`deny contains "m" if input.type == "x" with input.type as "x"`, map[string]schemas.Outcome{"x": schemas.Failed, "z": schemas.Failed}},
		fires:           {`deny contains "m" if true`, map[string]schemas.Outcome{"x": schemas.Failed}},
	} {
		t.Run(name, func(t *testing.T) {
			for token, want := range c.want {
				if r := one(t, files{"a.rego": v1Head + c.rule + "\n"}, evaluator.Input{Type: token}); r.Outcome != want {
					t.Errorf("%s: %+v, want %s", token, r, want)
				}
			}
		})
	}
}

// A property named type hides input.type, and what asks for input.type then
// asks for the property. input.__type is always the type.
func TestAPropertyNamedType(t *testing.T) {
	const record = "aws:route53/record:Record"
	f := files{"a.rego": v1Head + `
deny_property contains "m" if input.type == "CNAME"
deny_type contains "m" if { input.__type == "` + record + `"; input.type == "CNAME" }
deny_hidden contains "m" if input.type == "` + record + `"
deny_helper contains "m" if startswith(input.type, "CN")
deny_other contains "m" if input.__type == "` + bucket + `"
`, "b.rego": "package p\n\ndeny_shadow[\"m\"] {\n\tinput := {\"type\": \"x\"}\n\tinput.type == \"x\"\n}\n"}
	e := load(t, rego.Loader{}, f, nil)
	for _, c := range []struct {
		in   evaluator.Input
		want map[string]schemas.Outcome
	}{
		{evaluator.Input{Type: record, Properties: map[string]any{"type": "CNAME"}}, map[string]schemas.Outcome{
			"deny_property": schemas.Failed, "deny_type": schemas.Failed, "deny_hidden": schemas.Passed, "deny_helper": schemas.Failed, "deny_other": schemas.NotApplicable, "deny_shadow": schemas.Failed,
		}},
		{evaluator.Input{Type: record, Unknown: []schemas.UnknownPath{{Path: "type"}}}, map[string]schemas.Outcome{
			"deny_property": schemas.Unknown, "deny_type": schemas.Unknown, "deny_hidden": schemas.Unknown, "deny_helper": schemas.Unknown, "deny_other": schemas.NotApplicable, "deny_shadow": schemas.Failed,
		}},
		{evaluator.Input{Type: record}, map[string]schemas.Outcome{
			"deny_property": schemas.NotApplicable, "deny_type": schemas.Passed, "deny_hidden": schemas.Failed, "deny_helper": schemas.NotApplicable, "deny_other": schemas.NotApplicable, "deny_shadow": schemas.Failed,
		}},
	} {
		rs := judge(t, e, c.in)
		for name, want := range c.want {
			if rs[name].Outcome != want {
				t.Errorf("%v %s: %+v, want %s", c.in, name, rs[name], want)
			}
		}
	}
}
