package rego

import (
	"github.com/open-policy-agent/opa/v1/ast"
)

// typesOf is the set of types that a rule asks for, when every clause does so
// with a plain comparison; nil when it cannot be told. A property of the same
// name hides input.type, and then only input.__type tells the type.
func typesOf(clauses []*ast.Rule, hidden bool) map[string]bool {
	out := map[string]bool{}
	for _, c := range clauses {
		if c.Else != nil || c.Default || shadowsInput(c) {
			return nil
		}
		types := typesOfBody(c.Body, hidden)
		if types == nil {
			return nil
		}
		for _, t := range types {
			out[t] = true
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// shadowsInput tells whether a clause declares a variable named input, as Rego
// v0 lets it.
func shadowsInput(c *ast.Rule) bool {
	found := false
	ast.WalkExprs(c, func(e *ast.Expr) bool {
		if e.IsAssignment() {
			ast.WalkTerms(e.Operand(0), func(t *ast.Term) bool {
				found = found || t.Equal(ast.InputRootDocument) || t.Equal(ast.NewTerm(ast.InputRootRef))
				return false
			})
		}
		if some, ok := e.Terms.(*ast.SomeDecl); ok {
			for _, t := range declared(some) {
				ast.WalkVars(t, func(v ast.Var) bool {
					found = found || v == ast.InputRootDocument.Value
					return false
				})
			}
		}
		return false
	})
	return found
}

// declared are the terms that a some declares: in "some i, x in xs", which
// parses as a call, i and x but not xs.
func declared(some *ast.SomeDecl) []*ast.Term {
	var out []*ast.Term
	for _, t := range some.Symbols {
		if call, ok := t.Value.(ast.Call); ok && len(call) > 2 {
			out = append(out, call[1:len(call)-1]...)
			continue
		}
		out = append(out, t)
	}
	return out
}

// typesOfBody looks for input.type == "x" or input.type in {…} among a body's
// expressions, all of which must hold.
func typesOfBody(body ast.Body, hidden bool) []string {
	for _, e := range body {
		if e.Negated || len(e.With) > 0 || !e.IsCall() || len(e.Operands()) != 2 {
			continue
		}
		a, b := e.Operand(0), e.Operand(1)
		switch e.Operator().String() {
		case ast.Equal.Name, ast.Equality.Name:
			if isType(b, hidden) {
				a, b = b, a
			}
			if s, ok := b.Value.(ast.String); ok && isType(a, hidden) {
				return []string{string(s)}
			}
		case ast.Member.Name:
			if types := texts(b); types != nil && isType(a, hidden) {
				return types
			}
		}
	}
	return nil
}

// isType tells whether a term is the type of the resource.
func isType(t *ast.Term, hidden bool) bool {
	ref, ok := t.Value.(ast.Ref)
	if !ok || len(ref) != 2 || !ref[0].Equal(ast.InputRootDocument) {
		return false
	}
	name, _ := ref[1].Value.(ast.String)
	return name == "__type" || name == "type" && !hidden
}

// texts are the elements of a set or array of strings, nil for anything else.
func texts(t *ast.Term) []string {
	var out []string
	add := func(e *ast.Term) bool {
		s, ok := e.Value.(ast.String)
		if ok {
			out = append(out, string(s))
		}
		return ok
	}
	switch v := t.Value.(type) {
	case ast.Set:
		if v.Until(func(e *ast.Term) bool { return !add(e) }) {
			return nil
		}
	case *ast.Array:
		if v.Until(func(e *ast.Term) bool { return !add(e) }) {
			return nil
		}
	}
	return out
}
