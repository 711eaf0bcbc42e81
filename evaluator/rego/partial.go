package rego

import (
	"context"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// partial asks a policy while the hidden references are unknown. A message that
// does not hang on them is a failure, whatever else is unknown. Without one,
// anything that is left to evaluate makes the policy unknown.
func (r *run) partial(ctx context.Context, p *policy, hidden []string) schemas.PolicyResult {
	if !p.set {
		return r.unknownResult(p, nil) // a rule that gives no set cannot be asked in parts
	}
	q, err := p.residual.Partial(ctx, rego.EvalParsedInput(r.input), rego.EvalUnknowns(hidden))
	if err != nil {
		return p.broken(err)
	}
	var sure []any
	open := false
	for _, body := range q.Queries {
		if m, ok := definite(body); ok {
			sure = append(sure, m)
		} else {
			open = true
		}
	}
	switch {
	case len(sure) > 0:
		return p.result(sure)
	case open:
		return r.unknownResult(p, q)
	default:
		return p.result(nil)
	}
}

// definite is the message of a residual query that needs nothing more than
// message = <ground term>.
func definite(body ast.Body) (any, bool) {
	if len(body) != 1 || body[0].Negated || len(body[0].With) > 0 || !body[0].IsEquality() {
		return nil, false
	}
	a, b := body[0].Operand(0), body[0].Operand(1)
	if _, ok := b.Value.(ast.Var); ok {
		a, b = b, a
	}
	if _, ok := a.Value.(ast.Var); !ok || !b.IsGround() {
		return nil, false
	}
	v, err := ast.JSON(b.Value)
	return v, err == nil
}

// unknownResult names the paths that the residual hangs on, all of them when it
// does not tell.
func (r *run) unknownResult(p *policy, q *rego.PartialQueries) schemas.PolicyResult {
	out := schemas.PolicyResult{Policy: p.policy.Name, Outcome: schemas.Unknown}
	touched := map[string]bool{}
	if q != nil {
		for _, body := range q.Queries {
			touch(body, touched)
		}
		for _, m := range q.Support {
			touch(m, touched)
		}
	}
	for _, u := range r.in.Unknown {
		if touched[topOf(u.Path)] {
			out.Paths = append(out.Paths, u)
		}
	}
	if len(out.Paths) == 0 {
		for _, u := range r.in.Unknown {
			if p.uses.unknowns(map[string]bool{topOf(u.Path): true}) != nil {
				out.Paths = append(out.Paths, u)
			}
		}
	}
	return out
}

// touch collects the property names behind input references.
func touch(x any, names map[string]bool) {
	ast.WalkRefs(x, func(ref ast.Ref) bool {
		if ref[0].Equal(ast.InputRootDocument) && len(ref) > 1 {
			name, _ := ref[1].Value.(ast.String)
			if isWhole(string(name)) && len(ref) > 2 {
				name, _ = ref[2].Value.(ast.String)
			}
			names[string(name)] = true
		}
		return false
	})
}
