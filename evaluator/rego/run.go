package rego

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/insights-scanner/insights-scanner/evaluator"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// run is the judging of one resource.
type run struct {
	e       *engine
	in      evaluator.Input
	input   ast.Value
	results []schemas.PolicyResult
	own     bool            // results is no longer the plan's
	unknown map[string]bool // names at the top of the input
}

// prepare makes the input, and says what of it is unknown.
func (r *run) prepare() (err error) {
	if !r.e.review {
		r.input, err = r.e.pack.document(r.in)
		return err
	}
	if len(r.unknown) > 0 {
		r.unknown = map[string]bool{review: true}
	}
	r.input, err = admission(r.in)
	return err
}

// inputOf is the input of one policy.
func (r *run) inputOf(p *policy) ast.Value {
	if r.e.review {
		return p.withParameters(r.input)
	}
	return r.input
}

// judge asks most policies in one query. Those that read something unknown are
// asked apart, and all of them when one of them breaks or takes too long.
func (r *run) judge(ctx context.Context, pl *plan) {
	apart := map[int]bool{}
	for _, i := range pl.judging {
		p := r.e.policies[i]
		switch {
		case p.uses.touches(r.unknown):
			r.say(i, r.partial(ctx, p))
			apart[i] = true
		case !p.set || r.e.review:
			r.say(i, r.single(ctx, p))
			apart[i] = true
		}
	}
	if len(apart) == len(pl.judging) {
		return
	}
	// The joint query also asks those already answered; their answers are not used.
	all := r.together(ctx, pl)
	for n, i := range pl.members {
		switch p := r.e.policies[i]; {
		case apart[i]:
		case all == nil:
			r.say(i, r.single(ctx, p))
		default:
			r.say(i, p.verdict(all.Elem(n)))
		}
	}
}

// say sets the result of a policy, which passes unless another is said.
func (r *run) say(i int, result schemas.PolicyResult) {
	if result.Outcome == schemas.Passed {
		return
	}
	if !r.own {
		r.results, r.own = slices.Clone(r.results), true
	}
	r.results[i] = result
}

// together asks the members of a plan at once; nil when that did not work.
func (r *run) together(ctx context.Context, pl *plan) *ast.Array {
	if pl.apart.Load() {
		return nil
	}
	values, err := r.e.eval(ctx, pl.joint, r.input, r.e.limit)
	if overran(err) {
		pl.apart.Store(true)
	}
	if err != nil || len(values) != 1 {
		return nil
	}
	all, ok := values[0].Value.(*ast.Array)
	if !ok || all.Len() != len(pl.members) {
		return nil
	}
	return all
}

// single asks one policy.
func (r *run) single(ctx context.Context, p *policy) schemas.PolicyResult {
	var values []*ast.Term
	err := p.within(r.e.limit, func(limit time.Duration) (err error) {
		values, err = r.e.eval(ctx, p.query, r.inputOf(p), limit)
		return err
	})
	switch {
	case err != nil:
		return p.broken(err)
	case len(values) == 0:
		return p.passed() // undefined: nothing denied
	default:
		return p.verdict(values[0])
	}
}

func (p *policy) passed() schemas.PolicyResult {
	return schemas.PolicyResult{Policy: p.policy.Name, Outcome: schemas.Passed}
}

func (p *policy) broken(err error) schemas.PolicyResult {
	return schemas.PolicyResult{Policy: p.policy.Name, Outcome: schemas.Errored, Reason: err.Error()}
}

// verdict is what a rule gave: a set or an array of messages.
func (p *policy) verdict(value *ast.Term) schemas.PolicyResult {
	var messages []*ast.Term
	switch v := value.Value.(type) {
	case ast.Set:
		messages = v.Slice()
	case *ast.Array:
		v.Foreach(func(t *ast.Term) { messages = append(messages, t) })
	default:
		return p.broken(fmt.Errorf("the rule gave %s, not a set or an array of messages: write %s contains msg if { … }", typeName(value), p.policy.Name))
	}
	return p.result(messages)
}

func typeName(t *ast.Term) string {
	name := ast.ValueName(t.Value)
	if name == "array" || name == "object" {
		return "an " + name
	}
	return "a " + name
}

// result is passed without messages, else failed.
func (p *policy) result(messages []*ast.Term) schemas.PolicyResult {
	if len(messages) == 0 {
		return p.passed()
	}
	out := schemas.PolicyResult{Policy: p.policy.Name, Outcome: schemas.Failed, Level: p.level, Severity: p.policy.Severity}
	for _, m := range messages {
		out.Messages = append(out.Messages, message(m))
	}
	slices.Sort(out.Messages)
	out.Messages = slices.Compact(out.Messages)
	return out
}

// message is an element of a rule's result as text: a string as it is, an
// object's msg as Gatekeeper has it, anything else printed.
func message(t *ast.Term) string {
	switch v := t.Value.(type) {
	case ast.String:
		return string(v)
	case ast.Object:
		if msg := v.Get(ast.InternedTerm("msg")); msg != nil {
			if text, ok := msg.Value.(ast.String); ok {
				return string(text)
			}
		}
	}
	value, err := ast.JSON(t.Value)
	if err != nil {
		return t.String()
	}
	return fmt.Sprintf("%v", value)
}
