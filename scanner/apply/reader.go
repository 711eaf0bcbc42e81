package apply

import (
	"fmt"

	"github.com/goccy/go-yaml/ast"
)

// fields are the keys of an object and what takes their values.
type fields map[string]func(ast.Node)

// maxDepth bounds how deep values lie in each other: an alias may stand within
// what it stands for.
const maxDepth = 50

// reader turns the syntax tree of one file into values and notes what is wrong.
type reader struct {
	file     string
	anchors  map[string]ast.Node
	problems *problems
	failed   bool
	key      string // whose value is being read
	depth    int
}

func (r *reader) at(n ast.Node) place {
	p := place{file: r.file}
	if n == nil {
		return p
	}
	if m, ok := n.(*ast.MappingNode); ok && len(m.Values) > 0 && !m.IsFlowStyle {
		n = m.Values[0].Key // the node itself begins at the first colon
	}
	if t := n.GetToken(); t != nil {
		p.line = t.Position.Line
	}
	return p
}

func (r *reader) problem(n ast.Node, format string, args ...any) {
	r.failed = true
	r.problems.add(r.at(n), format, args...)
}

func (r *reader) wants(n ast.Node, what string) {
	r.problem(n, "%s must be %s, not %s", r.key, what, r.shown(n))
}

// shown is a value as an error quotes it.
func (r *reader) shown(n ast.Node) string {
	switch v := r.plain(n).(type) {
	case *ast.MappingNode:
		return "an object"
	case *ast.SequenceNode:
		return "a list"
	case *ast.StringNode:
		return fmt.Sprintf("the text %q", v.Value)
	case *ast.LiteralNode:
		return fmt.Sprintf("the text %q", v.Value.Value)
	case nil, *ast.NullNode:
		return "empty"
	default:
		return v.GetToken().Value
	}
}

func (r *reader) notYours(n ast.Node) { r.problem(n, "%s is set by the scanner; leave it out", r.key) }

// plain follows anchors, aliases and tags to the value; nil when there is none.
func (r *reader) plain(n ast.Node) ast.Node {
	for range maxDepth {
		switch v := n.(type) {
		case *ast.AnchorNode:
			r.anchors[v.Name.GetToken().Value] = v.Value
			n = v.Value
		case *ast.AliasNode:
			name := v.Value.GetToken().Value
			target, ok := r.anchors[name]
			if !ok {
				r.problem(v, "there is no anchor &%s before *%s", name, name)
				return nil
			}
			n = target
		case *ast.TagNode:
			n = v.Value
		default:
			return n
		}
	}
	return nil
}

// empty tells whether a key has no value.
func (r *reader) empty(n ast.Node) bool {
	switch r.plain(n).(type) {
	case nil, *ast.NullNode:
		return true
	}
	return false
}

// pairs are the keys of an object with their values; its own win over merged ones.
func (r *reader) pairs(n ast.Node) []*ast.MappingValueNode {
	m, ok := r.plain(n).(*ast.MappingNode)
	if !ok {
		r.wants(n, "an object")
		return nil
	}
	if !r.enter(n) {
		return nil
	}
	defer r.leave()
	var list []*ast.MappingValueNode
	own := map[string]bool{}
	for _, v := range m.Values {
		if !v.Key.IsMergeKey() {
			own[keyOf(v)] = true
			list = append(list, v)
		}
	}
	for _, v := range m.Values {
		if !v.Key.IsMergeKey() {
			continue
		}
		for _, merged := range r.pairs(v.Value) {
			if !own[keyOf(merged)] {
				own[keyOf(merged)] = true
				list = append(list, merged)
			}
		}
	}
	return list
}

func keyOf(v *ast.MappingValueNode) string { return v.Key.GetToken().Value }

func (r *reader) enter(n ast.Node) bool {
	if r.depth++; r.depth > maxDepth {
		r.depth--
		r.problem(n, "%s lies more than %d levels deep", r.key, maxDepth)
		return false
	}
	return true
}

func (r *reader) leave() { r.depth-- }

// object reads an object of which the keys are known, or are others'. Keys
// without a value are as if they were not there.
func (r *reader) object(n ast.Node, what string, known fields, others func(string) bool, needed ...string) {
	if _, ok := r.plain(n).(*ast.MappingNode); !ok {
		r.problem(n, "%s must be an object, not %s", what, r.shown(n))
		return
	}
	has := map[string]bool{}
	for _, v := range r.pairs(n) {
		key := keyOf(v)
		set, ok := known[key]
		switch {
		case !ok && others != nil && others(key):
		case !ok:
			r.problem(v.Key, "%s has no key %q; %s", what, key, nearest(key, known.known()))
		case !r.empty(v.Value):
			has[key] = true
			r.under(key, func() { set(v.Value) })
		}
	}
	for _, key := range needed {
		if !has[key] {
			r.problem(n, "%s needs the key %q", what, key)
		}
	}
}

// under reads the value of a key.
func (r *reader) under(key string, read func()) {
	before := r.key
	r.key = key
	read()
	r.key = before
}

// each reads the entries of a list.
func (r *reader) each(n ast.Node, read func(ast.Node)) {
	s, ok := r.plain(n).(*ast.SequenceNode)
	if !ok {
		r.wants(n, "a list")
		return
	}
	for _, v := range s.Values {
		read(v)
	}
}

func (r *reader) text(n ast.Node) string {
	switch v := r.plain(n).(type) {
	case *ast.StringNode:
		return v.Value
	case *ast.LiteralNode:
		return v.Value.Value
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		r.wants(n, fmt.Sprintf("a text (quote it: %q)", v.GetToken().Value))
	default:
		r.wants(n, "a text")
	}
	return ""
}

func (r *reader) texts(n ast.Node) []string {
	var list []string
	r.each(n, func(n ast.Node) { list = append(list, r.text(n)) })
	return list
}

func (r *reader) number(n ast.Node) int {
	if v, ok := r.plain(n).(*ast.IntegerNode); ok {
		switch i := v.Value.(type) {
		case int64:
			return int(i)
		case uint64:
			if i <= 1<<31 {
				return int(i)
			}
		}
	}
	r.wants(n, "a whole number")
	return 0
}

func (r *reader) fraction(n ast.Node) float64 {
	switch v := r.plain(n).(type) {
	case *ast.FloatNode:
		return v.Value
	case *ast.IntegerNode:
		return float64(r.number(n))
	}
	r.wants(n, "a number")
	return 0
}

func (r *reader) labels(n ast.Node) map[string]string {
	labels := map[string]string{}
	for _, v := range r.pairs(n) {
		r.under(r.key+"."+keyOf(v), func() { labels[keyOf(v)] = r.text(v.Value) })
	}
	return labels
}

// value is any value, as JSON has it.
func (r *reader) value(n ast.Node) any {
	if !r.enter(n) {
		return nil
	}
	defer r.leave()
	switch v := r.plain(n).(type) {
	case *ast.MappingNode:
		out := map[string]any{}
		for _, p := range r.pairs(v) {
			out[keyOf(p)] = r.value(p.Value)
		}
		return out
	case *ast.SequenceNode:
		out := []any{}
		for _, e := range v.Values {
			out = append(out, r.value(e))
		}
		return out
	case ast.ScalarNode:
		return v.GetValue()
	default:
		return nil
	}
}
