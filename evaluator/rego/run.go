package rego

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"

	"github.com/insights-scanner/insights-scanner/evaluator"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// run is the judging of one resource.
type run struct {
	e       *engine
	in      evaluator.Input
	input   ast.Value
	results []schemas.PolicyResult
	unknown map[string]bool // top-level properties
}

// judge asks most policies in one query. Those that read something unknown are
// asked apart, and all of them when one of them breaks.
func (r *run) judge(ctx context.Context, pl *plan) {
	apart := map[int]bool{}
	for _, i := range pl.judging {
		p := &r.e.policies[i]
		if hidden := p.uses.unknowns(r.unknown); len(hidden) > 0 {
			r.results[i] = r.partial(ctx, p, hidden)
			apart[i] = true
		} else if !p.set {
			r.results[i] = r.single(ctx, p)
			apart[i] = true
		}
	}
	if len(apart) == len(pl.judging) {
		return
	}
	// The joint query also asks those already answered; their answers are not used.
	all, err := r.together(ctx, pl)
	for n, i := range pl.members {
		switch {
		case apart[i]:
		case err != nil:
			r.results[i] = r.single(ctx, &r.e.policies[i])
		default:
			r.results[i] = r.e.policies[i].result(all[n])
		}
	}
}

func (r *run) together(ctx context.Context, pl *plan) ([][]any, error) {
	rs, err := pl.joint.Eval(ctx, rego.EvalParsedInput(r.input))
	if err != nil {
		return nil, err
	}
	if len(rs) != 1 {
		return nil, fmt.Errorf("%d results", len(rs))
	}
	lists, _ := rs[0].Bindings["value"].([]any)
	if len(lists) != len(pl.members) {
		return nil, fmt.Errorf("%d answers, want %d", len(lists), len(pl.members))
	}
	out := make([][]any, len(lists))
	for i, l := range lists {
		out[i], _ = l.([]any)
	}
	return out, nil
}

// single asks one policy.
func (r *run) single(ctx context.Context, p *policy) schemas.PolicyResult {
	rs, err := p.query.Eval(ctx, rego.EvalParsedInput(r.input))
	if err != nil {
		return p.broken(err)
	}
	if len(rs) == 0 {
		return p.result(nil) // undefined: nothing denied
	}
	messages, ok := rs[0].Bindings["value"].([]any)
	if !ok {
		return p.broken(fmt.Errorf("the rule gave %s, not a set or an array of messages", kind(rs[0].Bindings["value"])))
	}
	return p.result(messages)
}

func kind(v any) string {
	switch v.(type) {
	case bool:
		return "a boolean"
	case string:
		return "a string"
	case json.Number:
		return "a number"
	case map[string]any:
		return "an object"
	default:
		return fmt.Sprintf("%T", v)
	}
}

func (p *policy) broken(err error) schemas.PolicyResult {
	return schemas.PolicyResult{Policy: p.policy.Name, Outcome: schemas.Errored, Reason: err.Error()}
}

// result is passed without messages, else failed.
func (p *policy) result(messages []any) schemas.PolicyResult {
	out := schemas.PolicyResult{Policy: p.policy.Name, Outcome: schemas.Passed}
	if len(messages) == 0 {
		return out
	}
	out.Outcome, out.Level, out.Severity = schemas.Failed, p.level, p.policy.Severity
	for _, m := range messages {
		out.Messages = append(out.Messages, message(m))
	}
	slices.Sort(out.Messages)
	out.Messages = slices.Compact(out.Messages)
	return out
}

// message is an element of a rule's result as text: a string as it is, an
// object's msg as Gatekeeper has it, anything else printed.
func message(m any) string {
	switch v := m.(type) {
	case string:
		return v
	case map[string]any:
		if msg, ok := v["msg"].(string); ok {
			return msg
		}
	}
	return fmt.Sprintf("%v", m)
}

// topLevel rounds unknown paths up to their top-level properties.
func topLevel(paths []schemas.UnknownPath) map[string]bool {
	out := make(map[string]bool, len(paths))
	for _, p := range paths {
		out[topOf(p.Path)] = true
	}
	return out
}

func topOf(path string) string {
	if i := strings.IndexAny(path, ".["); i > 0 {
		return path[:i]
	}
	return path
}
