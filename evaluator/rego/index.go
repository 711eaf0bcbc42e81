package rego

import (
	"github.com/open-policy-agent/opa/v1/ast"
)

// typesOf is the set of types that a rule asks for, when every clause does so
// with a plain comparison; nil when it cannot be told.
func typesOf(clauses []*ast.Rule) map[string]bool {
	out := map[string]bool{}
	for _, c := range clauses {
		if c.Else != nil || c.Default {
			return nil
		}
		types := typesOfBody(c.Body)
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

// typesOfBody looks for input.type == "x" or input.type in {…} among a body's
// expressions, all of which must hold.
func typesOfBody(body ast.Body) []string {
	for _, e := range body {
		if e.Negated || len(e.With) > 0 || !e.IsCall() || len(e.Operands()) != 2 {
			continue
		}
		a, b := e.Operand(0), e.Operand(1)
		switch e.Operator().String() {
		case ast.Equal.Name, ast.Equality.Name:
			if isType(b) {
				a, b = b, a
			}
			if s, ok := b.Value.(ast.String); ok && isType(a) {
				return []string{string(s)}
			}
		case ast.Member.Name:
			if types := texts(b); types != nil && isType(a) {
				return types
			}
		}
	}
	return nil
}

func isType(t *ast.Term) bool {
	ref, ok := t.Value.(ast.Ref)
	if !ok || len(ref) != 2 || !ref[0].Equal(ast.InputRootDocument) {
		return false
	}
	name, _ := ref[1].Value.(ast.String)
	return name == "type" || name == "__type"
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

// Documents of the input that hold all properties.
var wholes = []string{"props", "properties", "__props", "__properties"}

// uses is what a rule, with every rule and function behind it, reads of the input.
type uses struct {
	names  map[string]bool    // top-level properties, by whichever alias
	whole  map[string]bool    // documents read as a whole: "" is input itself, else one of wholes
	gotten map[[2]string]bool // object.get(document, name, …)
}

// usesOf follows the rules through the compiler's graph.
func usesOf(c *ast.Compiler, clauses []*ast.Rule) *uses {
	u := &uses{names: map[string]bool{}, whole: map[string]bool{}, gotten: map[[2]string]bool{}}
	done := map[*ast.Rule]bool{}
	var visit func(r *ast.Rule)
	visit = func(r *ast.Rule) {
		if done[r] {
			return
		}
		done[r] = true
		u.walk(r)
		for dep := range c.Graph.Dependencies(r) {
			if next, ok := dep.(*ast.Rule); ok {
				visit(next)
			}
		}
	}
	for _, r := range clauses {
		visit(r)
	}
	return u
}

func (u *uses) walk(r *ast.Rule) {
	got := map[*ast.Term]bool{} // documents that object.get reads one key of
	ast.WalkNodes(r, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Expr:
			if n.IsCall() {
				u.get(n.Operator(), n.Operands(), got)
			}
		case *ast.Term:
			switch v := n.Value.(type) {
			case ast.Call:
				if op, ok := v[0].Value.(ast.Ref); ok {
					u.get(op, v[1:], got)
				}
			case ast.Ref:
				if !got[n] {
					u.ref(v)
				}
			}
		}
		return false
	})
}

// get notes object.get(document, "name", default): one name, not the whole.
func (u *uses) get(op ast.Ref, args []*ast.Term, got map[*ast.Term]bool) {
	if op.String() != ast.ObjectGet.Name || len(args) < 2 {
		return
	}
	ref, ok := args[0].Value.(ast.Ref)
	if !ok || !ref[0].Equal(ast.InputRootDocument) || len(ref) > 2 {
		return
	}
	document := ""
	if len(ref) == 2 {
		name, ok := ref[1].Value.(ast.String)
		if !ok || !isWhole(string(name)) {
			return
		}
		document = string(name)
	}
	key := args[1]
	if path, ok := key.Value.(*ast.Array); ok && path.Len() > 0 {
		key = path.Elem(0)
	}
	if name, ok := key.Value.(ast.String); ok && !(document == "" && isWhole(string(name))) {
		u.gotten[[2]string{document, string(name)}] = true
		got[args[0]] = true
	}
}

func isWhole(name string) bool {
	for _, w := range wholes {
		if w == name {
			return true
		}
	}
	return false
}

func (u *uses) ref(ref ast.Ref) {
	if !ref[0].Equal(ast.InputRootDocument) {
		return
	}
	document := ""
	if len(ref) > 1 {
		if name, ok := ref[1].Value.(ast.String); ok && isWhole(string(name)) {
			document, ref = string(name), ref[1:]
		}
	}
	if len(ref) < 2 {
		u.whole[document] = true
		return
	}
	if name, ok := ref[1].Value.(ast.String); ok {
		u.names[string(name)] = true
		return
	}
	u.whole[document] = true
}

// unknowns are the references to hold back from this rule when the named
// properties are unknown; none when it reads none of them.
func (u *uses) unknowns(names map[string]bool) []string {
	if len(names) == 0 {
		return nil
	}
	refs := map[string]bool{}
	for name := range names {
		if u.names[name] {
			refs[reference(name)] = true
			for _, w := range wholes {
				refs[reference(w, name)] = true
			}
		}
		for g := range u.gotten {
			if g[1] == name {
				refs[reference(g[0])] = true
			}
		}
	}
	for w := range u.whole {
		refs[reference(w)] = true
	}
	return sortedKeys(refs)
}

// reference is input["a"]["b"]; empty parts are left out.
func reference(parts ...string) string {
	ref := ast.Ref{ast.InputRootDocument}
	for _, p := range parts {
		if p != "" {
			ref = append(ref, ast.StringTerm(p))
		}
	}
	return ref.String()
}
