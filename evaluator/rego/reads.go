package rego

import (
	"github.com/open-policy-agent/opa/v1/ast"
)

// reader walks one rule, or a part of one. The compiler moves what is passed to
// a function into variables (x = input; object.get(x, "tags", …)), and authors
// do the same with :=. A variable that stands for a document is followed as far
// as its keys are written down; anything else done with it reads the whole. So
// does a variable that has its value from elsewhere: then x = input compares.
type reader struct {
	*uses
	documents map[ast.Var]string // variables and the documents they stand for
	constants map[ast.Var]ast.Value
}

// read notes what a rule or a body reads.
func (u *uses) read(node any) {
	r := &reader{uses: u, documents: map[ast.Var]string{}, constants: map[ast.Var]ast.Value{}}
	parts := []any{node}
	if rule, ok := node.(*ast.Rule); ok {
		parts = []any{rule.Head, rule.Body} // its else is a rule of its own
		for _, t := range rule.Head.Ref()[1:] {
			parts = append(parts, t) // p[x].q: a visitor leaves these out
		}
		for _, e := range rule.Body {
			r.constant(e) // what the body itself states holds everywhere in it
		}
	}
	for _, part := range parts {
		ast.WalkExprs(part, func(e *ast.Expr) bool {
			v, document, ok := moves(e)
			if _, again := r.documents[v]; again && ok {
				r.whole[document], r.whole[r.documents[v]] = true, true
			} else if ok {
				r.documents[v] = document
			}
			return false
		})
	}
	for _, part := range parts {
		r.walk(part)
	}
}

// readPart notes what a condition reads without the rest of its body. What a
// variable of it stands for is not known, so moving a document reads the whole.
func (u *uses) readPart(e *ast.Expr) {
	(&reader{uses: u}).walk(e)
}

// moves tells whether an expression is x = input or x = input.props.
func moves(e *ast.Expr) (ast.Var, string, bool) {
	v, value := equality(e)
	if value == nil {
		return "", "", false
	}
	document, ok := documentOf(value)
	return v, document, ok
}

func (r *reader) constant(e *ast.Expr) {
	if v, value := equality(e); value != nil && value.IsGround() {
		r.constants[v] = value.Value
	}
}

// equality is the variable and the other side of an expression v = term.
func equality(e *ast.Expr) (ast.Var, *ast.Term) {
	if e.Negated || len(e.With) > 0 || !e.IsEquality() {
		return "", nil
	}
	a, b := e.Operand(0), e.Operand(1)
	if v, ok := a.Value.(ast.Var); ok {
		return v, b
	}
	if v, ok := b.Value.(ast.Var); ok {
		return v, a
	}
	return "", nil
}

// documentOf tells whether a term is input or one of the documents in it.
func documentOf(t *ast.Term) (string, bool) {
	ref, ok := t.Value.(ast.Ref)
	if !ok || !ref[0].Equal(ast.InputRootDocument) {
		return "", false
	}
	switch len(ref) {
	case 1:
		return "", true
	case 2:
		name, ok := ref[1].Value.(ast.String)
		return string(name), ok && isWhole(string(name))
	default:
		return "", false
	}
}

func (r *reader) walk(nodes ...any) {
	for _, n := range nodes {
		ast.NewGenericVisitor(r.visit).Walk(n)
	}
}

// visit is a visitor's function: true ends the descent. Terms cannot be told
// apart by their address, the compiler uses one in several places.
func (r *reader) visit(node any) bool {
	switch n := node.(type) {
	case *ast.With: // with input.x as v: x is written, not read
		r.walk(n.Value)
		return true
	case *ast.Expr:
		return r.expr(n)
	case ast.Call:
		op, ok := n[0].Value.(ast.Ref)
		return ok && r.get(op, n[1:])
	case ast.Var:
		if document, ok := r.documents[n]; ok {
			r.whole[document] = true
		}
	case ast.Ref:
		r.ref(n)
		for _, part := range n[1:] {
			r.walk(part)
		}
		return true
	}
	return false
}

// expr deals with the expressions that take a document in hand.
func (r *reader) expr(e *ast.Expr) bool {
	if v, _, ok := moves(e); ok {
		if _, ok := r.documents[v]; ok {
			return true
		}
	}
	return e.IsCall() && len(e.With) == 0 && r.get(e.Operator(), e.Operands())
}

// ref notes input.name, input.props.name and x.name.
func (r *reader) ref(ref ast.Ref) {
	if v, ok := ref[0].Value.(ast.Var); ok {
		if document, ok := r.documents[v]; ok {
			r.value(document, ref[1:])
			return
		}
	}
	if !ref[0].Equal(ast.InputRootDocument) {
		return
	}
	document, rest := "", ref[1:]
	if len(rest) > 0 {
		if name, ok := rest[0].Value.(ast.String); ok && isWhole(string(name)) {
			document, rest = string(name), rest[1:]
		}
	}
	if len(rest) > 0 {
		if name, ok := rest[0].Value.(ast.String); ok {
			r.names[string(name)] = true
			return
		}
	}
	r.whole[document] = true
}

// value notes one path within a document that was taken in hand.
func (r *reader) value(document string, path []*ast.Term) {
	for i, t := range path {
		name, ok := t.Value.(ast.String)
		if !ok {
			break
		}
		if i == 0 && document == "" && isWhole(string(name)) {
			continue // x := input; x.props.name
		}
		r.gotten[[2]string{document, string(name)}] = true
		return
	}
	r.whole[document] = true
}

// get notes object.get(document, key or path, default). It tells whether it
// was one; the other arguments are then walked.
func (r *reader) get(op ast.Ref, args []*ast.Term) bool {
	if op.String() != ast.ObjectGet.Name || len(args) < 2 {
		return false
	}
	document, ok := documentOf(args[0])
	if v, isVar := args[0].Value.(ast.Var); isVar {
		document, ok = r.documents[v]
	}
	if !ok {
		return false
	}
	key := args[1]
	if v, ok := key.Value.(ast.Var); ok && r.constants[v] != nil {
		key = ast.NewTerm(r.constants[v])
	}
	path := []*ast.Term{key}
	if list, ok := key.Value.(*ast.Array); ok {
		path = path[:0]
		list.Foreach(func(t *ast.Term) { path = append(path, t) })
	}
	r.value(document, path)
	for _, a := range args[1:] {
		r.walk(a)
	}
	return true
}
