package rego

import (
	"context"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

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
	store    storage.Store       // data.config; never written
	txn      storage.Transaction // one read transaction for the engine's life
	policies []*policy           // resource policies, sorted by name
	blank    []schemas.PolicyResult
	review   bool // judges reviews of Kubernetes objects: see admission
	limit    time.Duration

	mu    sync.Mutex
	plans map[kind]*plan
}

// policy is a rule as configured.
type policy struct {
	*rule
	level schemas.Level
	// parameters are the configured properties, nil without any, as rules of
	// Gatekeeper look for them.
	parameters *ast.Term
	query      rego.PreparedEvalQuery
	residual   rego.PreparedPartialQuery
	ways       []ast.Body   // in which it can fire, with nothing known; none: not found out
	overruns   atomic.Int32 // times in a row that it did not finish
}

// kind is what decides which policies can fire on a resource: its type, and
// whether a property named type hides input.type.
type kind struct {
	token  string
	hidden bool
}

// plan is which policies a kind of resource needs, and one query for most of them.
type plan struct {
	judging []int                  // indexes of policies that can fire
	passing []schemas.PolicyResult // when none does; shared, never written
	joint   rego.PreparedEvalQuery
	members []int       // what joint answers, in its order
	apart   atomic.Bool // joint did not finish: one of its members takes too long
}

// result names the value of a policy in its queries.
const result = "result"

func newEngine(ctx context.Context, p *pack, e schemas.EffectivePack, project evaluator.Project, limit time.Duration) (*engine, error) {
	config := map[string]any{}
	for name, c := range e.Config {
		if c.Properties != nil {
			config[name] = c.Properties
		}
	}
	out := &engine{
		pack: p, review: project.InputFormat == evaluator.KubernetesAdmission, plans: map[kind]*plan{}, limit: limit,
		// Read as OPA's values, data is not converted again for every resource.
		store: inmem.NewFromObjectWithOpts(map[string]any{"config": config}, inmem.OptReturnASTValuesOnRead(true)),
	}
	var err error
	if out.txn, err = out.store.NewTransaction(ctx); err != nil {
		return nil, schemas.Errorf(schemas.CodeInternal, "read the configuration of %s: %w", p.name, err)
	}
	for _, r := range p.rules {
		if r.policy.Scope != schemas.PolicyResource {
			continue // stack policies have no meaning for an account
		}
		pol, err := newPolicy(r, e.Config[r.policy.Name])
		if err != nil {
			return nil, err
		}
		if err := out.prepare(ctx, pol); err != nil {
			return nil, err
		}
		out.findWays(ctx, pol)
		out.policies = append(out.policies, pol)
		out.blank = append(out.blank, pol.blank())
	}
	return out, nil
}

// newPolicy configures a rule. Rego remedies nothing: what a policy that should
// finds is reported as mandatory, as Pulumi reports it.
func newPolicy(r *rule, config schemas.PolicyConfig) (*policy, error) {
	p := &policy{rule: r, level: r.policy.Level}
	switch config.Level {
	case "":
	case schemas.Remediate:
		p.level = schemas.Mandatory
	default:
		p.level = config.Level
	}
	if len(config.Properties) == 0 {
		return p, nil
	}
	value, err := ast.InterfaceToValue(config.Properties)
	if err != nil {
		return nil, schemas.Errorf(schemas.CodeInvalid, "configuration of %s: %w", r.policy.Name, err)
	}
	p.parameters = ast.NewTerm(value)
	return p, nil
}

// blank is the result of a policy that is not asked.
func (p *policy) blank() schemas.PolicyResult {
	out := schemas.PolicyResult{Policy: p.policy.Name, Outcome: schemas.NotApplicable}
	if p.level == schemas.LevelDisabled {
		out.Outcome = schemas.Disabled
	}
	return out
}

func (e *engine) prepare(ctx context.Context, p *policy) error {
	value := result + " = " + e.refer(p)
	one := value
	if p.set {
		one = value + "[" + result + "]" // one message; of a set, the key is the value
	}
	var err error
	if p.query, err = rego.New(e.options(rego.Query(value))...).PrepareForEval(ctx); err == nil {
		p.residual, err = rego.New(e.options(rego.Query(one))...).PrepareForPartial(ctx)
	}
	if err != nil {
		return schemas.Errorf(schemas.CodeInvalid, "prepare %s: %w", p.policy.Name, err)
	}
	return nil
}

func (e *engine) refer(p *policy) string {
	return e.pack.path.Append(ast.StringTerm(p.policy.Name)).String()
}

func (e *engine) options(query func(*rego.Rego)) []func(*rego.Rego) {
	return []func(*rego.Rego){
		query, rego.Compiler(e.pack.compiler), rego.Store(e.store), rego.StrictBuiltinErrors(true),
		rego.SetRegoVersion(ast.RegoV1), rego.GenerateJSON(asTerm),
	}
}

// Close ends the engine's read transaction. The memory goes with the engine.
func (e *engine) Close() error {
	e.store.Abort(context.Background(), e.txn)
	return nil
}

// Evaluate judges one resource: one result per resource policy. When the time
// for the resource is over, the policies that were not asked yet are errored.
func (e *engine) Evaluate(ctx context.Context, in evaluator.Input) ([]schemas.PolicyResult, error) {
	if e.review && !isKubernetes(in.Type) {
		return e.blank, nil
	}
	unknown := topLevel(in.Unknown)
	_, hidden := in.Properties["type"]
	pl, err := e.plan(ctx, kind{in.Type, hidden || unknown["type"]})
	if err != nil {
		return nil, err
	}
	if len(pl.judging) == 0 {
		return pl.passing, nil
	}
	select {
	case slots <- struct{}{}:
		defer func() { <-slots }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	r := &run{e: e, in: in, results: pl.passing, unknown: unknown}
	if err := r.prepare(); err != nil {
		return nil, err
	}
	r.judge(ctx, pl)
	if ctx.Err() == context.Canceled {
		return nil, ctx.Err()
	}
	return r.results, nil
}

// plan makes the plan of a kind of resource once.
func (e *engine) plan(ctx context.Context, k kind) (*plan, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if pl := e.plans[k]; pl != nil {
		return pl, nil
	}
	pl := &plan{passing: slices.Clone(e.blank)}
	var parts []string
	for i, p := range e.policies {
		if p.level == schemas.LevelDisabled || !e.applies(ctx, p, k) {
			continue
		}
		pl.judging, pl.passing[i] = append(pl.judging, i), p.passed()
		if p.set && !e.review { // each of a review has an input of its own
			pl.members = append(pl.members, i)
			parts = append(parts, e.refer(p))
		}
	}
	if len(parts) > 0 {
		var err error
		if pl.joint, err = rego.New(e.options(rego.Query(result + " = [" + strings.Join(parts, ", ") + "]"))...).PrepareForEval(ctx); err != nil {
			return nil, schemas.Errorf(schemas.CodeInternal, "prepare the policies of %s: %w", k.token, err)
		}
	}
	if ctx.Err() != nil {
		return nil, ctx.Err() // what applies was perhaps not found out
	}
	e.plans[k] = pl
	return pl, nil
}
