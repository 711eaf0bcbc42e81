package rego_test

import (
	"strings"
	"testing"

	"github.com/insights-scanner/insights-scanner/evaluator"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// What is known is not unknown: where a rule takes all properties in hand, what
// is known among them still decides. known is 1 in every case; a and c are unknown.
func TestKnownIsNotUnknown(t *testing.T) {
	for name, c := range map[string]struct {
		rule  string
		want  schemas.Outcome
		paths string
	}{
		"a condition does not hold":  {`deny contains "m" if { object.get(input, "a", 0) == 1; input.known == 2 }`, schemas.Passed, ""},
		"a condition holds":          {`deny contains "m" if { object.get(input, "a", 0) == 1; input.known == 1 }`, schemas.Unknown, "a"},
		"in an alias":                {"it := input\ndeny contains \"m\" if { it.a == 1; it.known == 2 }", schemas.Passed, ""},
		"in a function":              {"f(doc) if { doc.a == 1; doc.known == 2 }\ndeny contains \"m\" if f(input)", schemas.Passed, ""},
		"a negated condition":        {`deny contains "m" if { object.get(input, "a", 0) == 1; not input.known == 1 }`, schemas.Passed, ""},
		"what is gotten is known":    {`deny contains "m" if { object.get(input, "known", 0) == 2; input.a == 1 }`, schemas.Passed, ""},
		"another clause":             {"deny contains \"a\" if object.get(input, \"a\", 0) == 1\ndeny contains \"m\" if input.known == 1", schemas.Failed, ""},
		"another clause, computed":   {"deny contains \"a\" if object.get(input, \"a\", 0) == 1\ndeny contains msg if { input.known < 2; msg := sprintf(\"m%v\", [input.known]) }", schemas.Failed, ""},
		"another clause with a list": {"deny contains \"a\" if object.get(input, \"a\", 0) == 1\ndeny contains msg if { some x in input.list; x > 1; msg := sprintf(\"m%v\", [x]) }", schemas.Failed, ""},
		"the rest of a document":     {`deny contains "m" if { some x in input.list; x == 3; object.get(input, "a", 0) == x }`, schemas.Passed, ""},
		"a list decides with it":     {`deny contains "m" if { some x in input.list; x == 2; object.get(input, "a", 0) == x }`, schemas.Unknown, "a"},
		"another property":           {`deny contains "m" if object.get(input, "known", 0) == 2`, schemas.Passed, ""},
		"the time":                   {`deny contains "m" if { time.now_ns() < 0; input.a == 1 }`, schemas.Passed, ""},
		"the time in a helper":       {"old if time.now_ns() > 0\ndeny contains \"m\" if { not old; input.a == 1 }", schemas.Passed, ""},
		"beside a list":              {`deny contains "m" if { some x in object.get(input, "a", []); x > input.known; input.known == 2 }`, schemas.Passed, ""},
		"a configuration":            {`deny contains "m" if { not data.config.on; object.get(input, "a", 0) == 1; data.config.off }`, schemas.Passed, ""},
		"one of two ways":            {"deny contains \"m\" if { input.a == 1; input.known == 1 }\ndeny contains \"n\" if { input.c == 1; input.known == 2 }", schemas.Unknown, "a"},
		"one of two gotten":          {"deny contains \"m\" if { object.get(input, \"a\", 0) == 1; input.known == 1 }\ndeny contains \"n\" if { object.get(input, \"c\", 0) == 1; input.known == 2 }", schemas.Unknown, "a"},
		"two of two":                 {"deny contains \"m\" if input.a == 1\ndeny contains \"n\" if input.c == 1", schemas.Unknown, "a,c"},
		"behind a helper":            {"h if { input.a == 1; input.b == 2 }\nh if input.a == 2\ndeny contains \"m\" if { not h; input.known == 1 }\ndeny contains \"n\" if { input.c == 1; input.known == 2 }", schemas.Unknown, "a"},
		"behind a loop":              {"bad(x) if { x == input.a; x > input.known }\nbad(x) if x == input.a + 1\ndeny contains \"m\" if { some x in input.list; not bad(x) }\ndeny contains \"n\" if { input.c == 1; input.known == 2 }", schemas.Unknown, "a"},
		"neither of two":             {"deny contains \"m\" if { input.a == 1; input.known == 2 }\ndeny contains \"n\" if { input.c == 1; input.known == 2 }", schemas.Passed, ""},
		"values may contradict":      {"deny := [\"m\"] if input.known == 1\ndeny := [\"n\"] if { input.known < 2; input.a != 1 }", schemas.Unknown, "a"},
		"values do contradict":       {"deny := [\"m\"] if input.known == 1\ndeny := [\"n\"] if { input.known < 2 }\ndeny := [\"o\"] if { input.a == 3; input.known == 2 }", schemas.Unknown, "a"},
		"one value":                  {"deny := [\"m\"] if { input.known == 1 }\ndeny := [\"n\"] if { input.a == 1; input.known == 2 }", schemas.Failed, ""},
		"no value":                   {"deny := [\"m\"] if { input.a == 1; input.known == 2 }", schemas.Passed, ""},
		"a mocked property":          {`deny contains "m" if input.a == 1 with input.a as 2`, schemas.Unknown, "a"},
		"a mocked known property":    {`deny contains "m" if { object.get(input, "a", 0) == 1; input.known == 2 with input.zz as 1 }`, schemas.Passed, ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := one(t, files{"a.rego": v1Head + c.rule + "\n"}, evaluator.Input{
				Type: bucket, Properties: map[string]any{"known": 1, "list": []any{1, 2}},
				Unknown: []schemas.UnknownPath{{Path: "a"}, {Path: "c.d[0]"}},
			})
			var paths []string
			for _, p := range r.Paths {
				paths = append(paths, p.Path[:1])
			}
			if r.Outcome != c.want || strings.Join(paths, ",") != c.paths {
				t.Errorf("%+v, want %s %q", r, c.want, c.paths)
			}
		})
	}
}

// Paths are rounded up to their first part, however they are written.
func TestUnknownPaths(t *testing.T) {
	f := files{"a.rego": v1Head + `deny contains "m" if input["a b"].c == 1` + "\n"}
	for _, path := range []string{`["a b"]`, `["a b"].c`, `["a b"][0]`} {
		if r := one(t, f, evaluator.Input{Type: bucket, Unknown: []schemas.UnknownPath{{Path: path}}}); r.Outcome != schemas.Unknown || len(r.Paths) != 1 {
			t.Errorf("%s: %+v", path, r)
		}
	}
	for _, path := range []string{"a", "a b2", `["a"]`, "c"} {
		if r := one(t, f, evaluator.Input{Type: bucket, Unknown: []schemas.UnknownPath{{Path: path}}}); r.Outcome != schemas.Passed {
			t.Errorf("%s: %+v", path, r)
		}
	}
}
