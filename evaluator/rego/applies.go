package rego

import (
	"context"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// findWays asks partial evaluation in which ways a policy can fire, with the
// whole input unknown. It is asked once, when the pack is loaded.
func (e *engine) findWays(ctx context.Context, p *policy) {
	if p.declared != nil || !p.set || e.review {
		return
	}
	err := bounded(ctx, e.limit, func(stop topdown.Cancel) error {
		q, err := p.residual.Partial(ctx, rego.EvalParsedUnknowns([]*ast.Term{reference()}), rego.EvalExternalCancel(stop), rego.EvalTransaction(e.txn))
		if err == nil {
			p.ways = q.Queries
		}
		return err
	})
	if err != nil {
		p.ways = nil // nothing can be told from it
	}
}

// applies tells whether a policy can fire on a type. Where the rule does not
// simply compare the type, each of the ways in which it can fire is asked with
// the type known.
func (e *engine) applies(ctx context.Context, p *policy, k kind) bool {
	if p.declared != nil {
		return p.declared[k.token]
	}
	if e.review {
		return isKubernetes(k.token)
	}
	if types := p.types(k.hidden); types != nil {
		return types[k.token]
	}
	if len(p.ways) == 0 {
		return true
	}
	for _, way := range p.ways {
		if e.fires(ctx, way, k) {
			return true
		}
	}
	return false
}

// fires tells whether a way to fire is left for a type: false when what hangs
// on the type alone does not hold.
func (e *engine) fires(ctx context.Context, way ast.Body, k kind) bool {
	input := ast.NewObject(ast.Item(ast.StringTerm("__type"), ast.StringTerm(k.token)))
	if !k.hidden {
		input.Insert(ast.StringTerm("type"), ast.StringTerm(k.token))
	}
	onType := func(u *uses) bool {
		for name := range u.names {
			if name != "__type" && (name != "type" || k.hidden) {
				return false
			}
		}
		return len(u.whole)+len(u.gotten) == 0
	}
	return e.settle(ctx, timeless(way), input, onType).state != closed
}

// timeless leaves out the conditions that may hold at another time: what
// applies to a type is found out once.
func timeless(way ast.Body) ast.Body {
	var out ast.Body
	for _, c := range way {
		timed := false
		ast.WalkRefs(c, func(ref ast.Ref) bool {
			b := ast.BuiltinMap[ref.String()]
			timed = timed || b != nil && b.Nondeterministic
			return timed
		})
		if !timed {
			out = append(out, c)
		}
	}
	return out
}
