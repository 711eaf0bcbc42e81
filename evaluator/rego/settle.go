package rego

import (
	"context"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
)

// A residual query of partial evaluation is one way in which a policy can fire:
// conditions, all of which must hold. A document that is held back as a whole
// leaves conditions on what is known in it, and those can be asked.
type state int

const (
	hangs  state = iota // hangs on something unknown
	closed              // does not hold, whatever the unknown is
	fired               // holds, whatever the unknown is
)

// settled is what is known of a way after its known conditions were asked.
type settled struct {
	state  state
	values []*ast.Term // what the policy gives, when fired
}

// settle asks the conditions of a way that read only what is known. An error
// leaves the way open: it may come from a condition that is never reached.
func (e *engine) settle(ctx context.Context, way ast.Body, input ast.Value, known func(*uses) bool) settled {
	if v, ok := definite(way); ok {
		return settled{state: fired, values: []*ast.Term{v}}
	}
	var conditions ast.Body
	worth := false
	for _, c := range way {
		if askable(c, known) {
			conditions.Append(c.Copy())
			_, only := definite(ast.Body{c})
			worth = worth || !only
		}
	}
	if !worth {
		return settled{} // only the message is known
	}
	values, err := e.ask(ctx, conditions, input)
	if err != nil {
		// Perhaps a variable's value comes from what cannot be asked.
		conditions = withoutVars(conditions)
		if len(conditions) == 0 || len(conditions) == len(way) {
			return settled{}
		}
		if values, err = e.ask(ctx, conditions, input); err != nil {
			return settled{}
		}
	}
	switch {
	case len(values) == 0:
		return settled{state: closed}
	case len(conditions) < len(way):
		return settled{state: hangs}
	default:
		return settled{state: fired, values: values}
	}
}

// ask evaluates conditions; it returns the result of every solution.
func (e *engine) ask(ctx context.Context, conditions ast.Body, input ast.Value) ([]*ast.Term, error) {
	q, err := rego.New(e.options(rego.ParsedQuery(conditions))...).PrepareForEval(ctx)
	if err != nil {
		return nil, err
	}
	return e.eval(ctx, q, input, e.limit)
}

// asTerm leaves a result as it is: most are empty, and converting them costs.
func asTerm(t *ast.Term, _ *rego.EvalContext) (any, error) { return t, nil }

// askable tells whether a condition needs nothing but known input.
func askable(c *ast.Expr, known func(*uses) bool) bool {
	data := false
	ast.WalkRefs(c, func(ref ast.Ref) bool {
		data = data || ref[0].Equal(ast.DefaultRootDocument) // rules that are left
		return data
	})
	if data {
		return false
	}
	u := newUses()
	u.readPart(c)
	return known(u)
}

// withoutVars keeps the conditions that have no variable.
func withoutVars(body ast.Body) ast.Body {
	var out ast.Body
	for _, c := range body {
		vars := c.Vars(ast.VarVisitorParams{SkipRefCallHead: true})
		delete(vars, ast.InputRootDocument.Value.(ast.Var))
		if len(vars) == 0 {
			out.Append(c)
		}
	}
	return out
}

// definite is the result of a way that needs nothing more than
// result = <ground term>.
func definite(way ast.Body) (*ast.Term, bool) {
	if len(way) != 1 {
		return nil, false
	}
	v, value := equality(way[0])
	if value == nil || v != result || !value.IsGround() || !isValue(value) {
		return nil, false
	}
	return value, true
}

// isValue tells whether a term holds nothing that is still to be evaluated.
func isValue(t *ast.Term) bool {
	found := false
	ast.WalkTerms(t, func(t *ast.Term) bool {
		switch t.Value.(type) {
		case ast.Ref, ast.Var, ast.Call, *ast.ArrayComprehension, *ast.SetComprehension, *ast.ObjectComprehension:
			found = true
		}
		return found
	})
	return !found
}
