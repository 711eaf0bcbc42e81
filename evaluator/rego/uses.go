package rego

import (
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
)

// Documents of the input that hold all properties.
var wholes = []string{"props", "properties", "__props", "__properties"}

func isWhole(name string) bool { return slices.Contains(wholes, name) }

// uses is what a rule, with every rule and function behind it, reads of the
// input. It may name more than is really read, never less.
type uses struct {
	names map[string]bool // top-level properties, by whichever alias
	// whole are the documents read as a whole: "" is input itself, else one of
	// wholes. So is a document whose keys are not written in the rule.
	whole map[string]bool
	// gotten are {document, name}: one property of a document that is taken in
	// hand as a value, by object.get(document, "name", …) or x := document; x.name.
	gotten map[[2]string]bool
}

func newUses() *uses {
	return &uses{names: map[string]bool{}, whole: map[string]bool{}, gotten: map[[2]string]bool{}}
}

// usesOf follows the clauses of a rule through the compiler's graph.
func usesOf(c *ast.Compiler, clauses []*ast.Rule) *uses {
	u := newUses()
	done := map[*ast.Rule]bool{}
	var visit func(r *ast.Rule)
	visit = func(r *ast.Rule) {
		if r == nil || done[r] {
			return
		}
		done[r] = true
		u.read(r)
		visit(r.Else) // the graph has every else as a rule of its own
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

// touches tells whether the rule reads anything that is unknown when the named
// properties are.
func (u *uses) touches(names map[string]bool) bool {
	if len(names) == 0 {
		return false
	}
	if len(u.whole) > 0 {
		return true
	}
	for name := range names {
		if u.names[name] || isWhole(name) && len(u.names)+len(u.gotten) > 0 {
			return true
		}
	}
	for g := range u.gotten {
		if names[g[1]] {
			return true
		}
	}
	return false
}

// hold are the references to hold back from a rule that touches the names.
func (u *uses) hold(names map[string]bool) []*ast.Term {
	refs := map[string]*ast.Term{}
	add := func(parts ...string) {
		ref := reference(parts...)
		refs[ref.String()] = ref
	}
	for name := range names {
		if isWhole(name) {
			// A property hides the document of its name: what input.props.x is, is unknown.
			return []*ast.Term{reference()}
		}
		if u.names[name] {
			add(name)
			for _, w := range wholes {
				add(w, name)
			}
		}
		for g := range u.gotten {
			if g[1] == name {
				add(g[0])
			}
		}
	}
	for w := range u.whole {
		add(w)
	}
	out := make([]*ast.Term, 0, len(refs))
	for _, key := range sortedKeys(refs) {
		out = append(out, refs[key])
	}
	return out
}

// reference is input["a"]["b"]; empty parts are left out.
func reference(parts ...string) *ast.Term {
	ref := ast.Ref{ast.InputRootDocument}
	for _, p := range parts {
		if p != "" {
			ref = append(ref, ast.StringTerm(p))
		}
	}
	return ast.NewTerm(ref)
}
