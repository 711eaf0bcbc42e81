package rego

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"

	"github.com/insights-scanner/insights-scanner/evaluator"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// engine is a pack with one configuration. It implements evaluator.Engine.
type engine struct {
	pack     *pack
	store    storage.Store
	policies []policy // resource policies, sorted by name
	foreign  bool     // judges Kubernetes objects only

	mu    sync.Mutex
	plans map[string]*plan // by type
}

// policy is a rule as configured.
type policy struct {
	*rule
	level    schemas.Level
	query    rego.PreparedEvalQuery
	residual rego.PreparedPartialQuery
}

// plan is which policies a type needs, and one query for most of them.
type plan struct {
	judging []int // indexes of policies that can fire on the type
	joint   rego.PreparedEvalQuery
	members []int // what joint answers, in its order
}

func newEngine(ctx context.Context, p *pack, e schemas.EffectivePack, inputFormat string) (*engine, error) {
	config := map[string]any{}
	for name, c := range e.Config {
		if c.Properties != nil {
			config[name] = c.Properties
		}
	}
	out := &engine{
		pack: p, foreign: inputFormat == kubernetesAdmission, plans: map[string]*plan{},
		store: inmem.NewFromObject(map[string]any{"config": config}),
	}
	for _, r := range p.rules {
		if r.policy.Scope != schemas.PolicyResource {
			continue // stack policies have no meaning for an account
		}
		pol := policy{rule: r, level: r.policy.Level}
		if l := e.Config[r.policy.Name].Level; l != "" {
			pol.level = l
		}
		var err error
		if pol.query, err = rego.New(out.options("value = " + out.refer(r))...).PrepareForEval(ctx); err != nil {
			return nil, schemas.Errorf(schemas.CodeInvalid, "prepare %s: %w", r.policy.Name, err)
		}
		if pol.residual, err = rego.New(out.options(out.refer(r) + "[message]")...).PrepareForPartial(ctx); err != nil {
			return nil, schemas.Errorf(schemas.CodeInvalid, "prepare %s: %w", r.policy.Name, err)
		}
		out.policies = append(out.policies, pol)
	}
	return out, nil
}

func (e *engine) refer(r *rule) string {
	return e.pack.path.Append(ast.StringTerm(r.policy.Name)).String()
}

func (e *engine) options(query string) []func(*rego.Rego) {
	return []func(*rego.Rego){
		rego.Query(query), rego.Compiler(e.pack.compiler), rego.Store(e.store), rego.StrictBuiltinErrors(true),
		rego.SetRegoVersion(ast.RegoV1),
	}
}

// Close frees nothing: the memory goes with the engine.
func (e *engine) Close() error { return nil }

// Evaluate judges one resource: one result per resource policy.
func (e *engine) Evaluate(ctx context.Context, in evaluator.Input) ([]schemas.PolicyResult, error) {
	results := make([]schemas.PolicyResult, len(e.policies))
	for i := range e.policies {
		p := &e.policies[i]
		results[i] = schemas.PolicyResult{Policy: p.policy.Name, Outcome: schemas.NotApplicable}
		if p.level == schemas.LevelDisabled {
			results[i].Outcome = schemas.Disabled
		}
	}
	if e.foreign {
		return results, nil
	}
	pl, err := e.plan(ctx, in.Type)
	if err != nil {
		return nil, err
	}
	if len(pl.judging) == 0 {
		return results, nil
	}
	input, err := document(in)
	if err != nil {
		return nil, err
	}
	r := &run{e: e, in: in, input: input, results: results, unknown: topLevel(in.Unknown)}
	r.judge(ctx, pl)
	return results, ctx.Err()
}

// plan makes the plan of a type once.
func (e *engine) plan(ctx context.Context, token string) (*plan, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if pl := e.plans[token]; pl != nil {
		return pl, nil
	}
	pl := &plan{}
	var parts []string
	for i := range e.policies {
		p := &e.policies[i]
		if p.level == schemas.LevelDisabled || !e.applies(ctx, p, token) {
			continue
		}
		pl.judging = append(pl.judging, i)
		if p.set {
			pl.members = append(pl.members, i)
			parts = append(parts, fmt.Sprintf("[m | m := %s[_]]", e.refer(p.rule)))
		}
	}
	if len(parts) > 0 {
		var err error
		if pl.joint, err = rego.New(e.options("value = [" + strings.Join(parts, ", ") + "]")...).PrepareForEval(ctx); err != nil {
			return nil, schemas.Errorf(schemas.CodeInternal, "prepare the policies of %s: %w", token, err)
		}
	}
	e.plans[token] = pl
	return pl, nil
}

// applies tells whether a policy can fire on a type. Without a plain comparison
// in the rule, partial evaluation with only the type known decides.
func (e *engine) applies(ctx context.Context, p *policy, token string) bool {
	if p.types != nil {
		return p.types[token]
	}
	if !p.set || len(p.uses.whole) > 0 || len(p.uses.gotten) > 0 {
		return true
	}
	hidden := []string{}
	for name := range p.uses.names {
		if name == "type" || name == "__type" {
			continue
		}
		hidden = append(hidden, reference(name))
		for _, w := range wholes {
			hidden = append(hidden, reference(w, name))
		}
	}
	slices.Sort(hidden)
	q, err := p.residual.Partial(ctx, rego.EvalInput(map[string]any{"type": token, "__type": token}), rego.EvalUnknowns(hidden))
	return err != nil || len(q.Queries) > 0
}
