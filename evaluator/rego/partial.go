package rego

import (
	"context"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/metrics"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/topdown"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// partial asks a policy while what it reads of the unknown is held back. A message that
// does not hang on them is a failure, whatever else is unknown. Without one,
// anything that is left to evaluate makes the policy unknown.
func (r *run) partial(ctx context.Context, p *policy) schemas.PolicyResult {
	out, input := p.passed(), r.inputOf(p)
	err := p.within(r.e.limit, func(limit time.Duration) error {
		return bounded(ctx, limit, func(stop topdown.Cancel) error {
			q, err := p.residual.Partial(ctx, rego.EvalParsedInput(input), rego.EvalParsedUnknowns(p.uses.hold(r.unknown)), rego.EvalExternalCancel(stop),
				rego.EvalTransaction(r.e.txn), rego.EvalMetrics(metrics.NoOp()), rego.EvalNondeterministicBuiltins(true))
			if err != nil {
				return err
			}
			if out = r.weigh(ctx, p, q, input); stop.Cancelled() {
				return context.DeadlineExceeded
			}
			return nil
		})
	})
	switch {
	case err == nil:
		return out
	case overran(err) || ctx.Err() != nil:
		return p.broken(err)
	default:
		// With the property known, the policy may never come to what broke.
		return r.unknownResult(p, nil, nil)
	}
}

// weigh decides from what partial evaluation left.
func (r *run) weigh(ctx context.Context, p *policy, q *rego.PartialQueries, input ast.Value) schemas.PolicyResult {
	known := func(u *uses) bool { return !u.touches(r.unknown) }
	var sure []*ast.Term
	var left []ast.Body
	for _, way := range q.Queries {
		switch s := r.e.settle(ctx, way, input, known); s.state {
		case fired:
			sure = append(sure, s.values...)
		case hangs:
			left = append(left, way)
		}
	}
	switch {
	case p.set && len(sure) > 0:
		return p.result(sure)
	case len(left) > 0 || len(sure) > 1:
		// Several values of a rule that can have but one may contradict each other.
		return r.unknownResult(p, left, q.Support)
	case len(sure) == 1:
		return p.verdict(sure[0])
	default:
		return p.passed()
	}
}

// unknownResult names the paths that the ways left hang on, all that the policy
// reads when they do not tell.
func (r *run) unknownResult(p *policy, left []ast.Body, support []*ast.Module) schemas.PolicyResult {
	out := schemas.PolicyResult{Policy: p.policy.Name, Outcome: schemas.Unknown}
	hung := newUses()
	for _, way := range left {
		hung.read(way)
	}
	for _, m := range support {
		for _, rule := range m.Rules {
			hung.read(rule)
		}
	}
	for _, reads := range []*uses{hung, p.uses} {
		for _, u := range r.in.Unknown {
			top := topOf(u.Path)
			if r.e.review {
				top = review
			}
			if reads.touches(map[string]bool{top: true}) {
				out.Paths = append(out.Paths, u)
			}
		}
		if len(out.Paths) > 0 {
			break
		}
	}
	return out
}
