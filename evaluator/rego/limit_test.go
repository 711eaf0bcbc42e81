package rego_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/insights-scanner/insights-scanner/evaluator"
	"github.com/insights-scanner/insights-scanner/evaluator/rego"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// endless policies would run for hours; each is stopped by its limit.
var endless = map[string]string{
	"comprehension": `count([1 | some a in input.list; some b in input.list; some c in input.list; some d in input.list; some e in input.list; a+b+c+d+e < 0]) > 0`,
	"rule":          `big`,
	"range":         `count([1 | some a in numbers.range(1, 1000000); some b in numbers.range(1, 1000000); a == b + 2000000]) > 0`,
	"every":         `every a, b in input.list { count([1 | some c in input.list; some d in input.list; some e in input.list; a+b+c+d+e < 0]) == 0 }`,
	"walk":          `count([1 | walk(input.list, [_, a]); walk(input.list, [_, b]); walk(input.list, [_, c]); walk(input.list, [_, d]); a == [b, c, d]]) > 0`,
	"negated":       `not big`,
}

const big = "big if {\n\tsome a in input.list\n\tsome b in input.list\n\tsome c in input.list\n\tsome d in input.list\n\tsome e in input.list\n\ta+b+c+d+e < 0\n}\n"

func list() map[string]any {
	var l []any
	for n := range 500 {
		l = append(l, n)
	}
	return map[string]any{"list": l, "acl": "public"}
}

// short is soon over, and far more than a policy takes that ends: also on a busy machine, where
// several that do not end run beside it.
const short = 250 * time.Millisecond

// A policy that takes for ever costs its own verdict, not that of the others.
func TestEndlessPolicies(t *testing.T) {
	for name, body := range endless {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := files{"a.rego": v1Head + big + "deny_endless contains \"m\" if {\n\t" + body + "\n}\ndeny_public contains \"public\" if input.acl == \"public\"\n"}
			e := load(t, rego.Loader{Limit: short}, f, nil)
			for _, unknown := range [][]schemas.UnknownPath{nil, {{Path: "other"}}} {
				rs := judge(t, e, evaluator.Input{Type: bucket, Properties: list(), Unknown: unknown})
				if r := rs["deny_endless"]; r.Outcome != schemas.Errored || !strings.HasPrefix(r.Reason, "stopped after ") {
					t.Errorf("%+v", r)
				}
				if r := rs["deny_public"]; r.Outcome != schemas.Failed {
					t.Errorf("%+v", r)
				}
			}
			if name == "range" {
				return // it takes for ever whatever the resource is
			}
			for range 2 { // it recovers as soon as it answers
				if r := judge(t, e, evaluator.Input{Type: bucket, Properties: map[string]any{"list": []any{}}})["deny_endless"]; r.Outcome == schemas.Errored {
					t.Errorf("%+v", r)
				}
			}
		})
	}
}

// Partial evaluation is stopped as well.
func TestEndlessWithAnUnknown(t *testing.T) {
	f := files{"a.rego": v1Head + big + "deny_endless contains \"m\" if {\n\tinput.acl == \"public\"\n\tbig\n}\n"}
	e := load(t, rego.Loader{Limit: short}, f, nil)
	r := judge(t, e, evaluator.Input{Type: bucket, Properties: list(), Unknown: []schemas.UnknownPath{{Path: "acl"}}})["deny_endless"]
	if r.Outcome != schemas.Errored || !strings.HasPrefix(r.Reason, "stopped after ") {
		t.Errorf("%+v", r)
	}
}

// A pack of endless policies is bounded as a whole: what was not asked in time
// is errored, what was asked stands.
func TestTheTimeOfAResource(t *testing.T) {
	var s strings.Builder
	s.WriteString(v1Head + big + "deny_a := [\"public\"] if input.acl == \"public\"\n")
	for _, name := range []string{"b", "c", "d", "e"} {
		s.WriteString("deny_" + name + " contains \"m\" if big\n")
	}
	e := load(t, rego.Loader{Limit: time.Hour}, files{"a.rego": s.String()}, nil)
	ctx, cancel := context.WithTimeout(t.Context(), short)
	defer cancel()
	rs, err := e.Evaluate(ctx, evaluator.Input{Type: bucket, Properties: list()})
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range rs {
		if want := schemas.Errored; i > 0 && (r.Outcome != want || !strings.Contains(r.Reason, "deadline exceeded")) {
			t.Errorf("%+v", r)
		}
	}
	if rs[0].Outcome != schemas.Failed {
		t.Errorf("%+v", rs[0])
	}
}

// Who gives up waiting gets an error, no verdicts.
func TestCancelled(t *testing.T) {
	e := load(t, rego.Loader{}, files{"a.rego": v1Head + big + "deny contains \"m\" if big\n"}, nil)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(short, cancel)
	if rs, err := e.Evaluate(ctx, evaluator.Input{Type: bucket, Properties: list()}); err == nil {
		t.Errorf("%+v", rs)
	}
}
