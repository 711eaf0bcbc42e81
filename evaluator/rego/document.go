package rego

import (
	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/insights-scanner/insights-scanner/evaluator"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// metadata are the names of what the input says of a resource beside its
// properties.
var metadata = []string{"type", "urn", "name", "options", "provider", "properties", "props"}

// document is the input of a resource policy. Converting takes a quarter of the
// time of a pack, so all packs of a resource share one.
func document(in evaluator.Input) (ast.Value, error) {
	if d, ok := in.Shared[schemas.RuntimeOPA].(ast.Value); ok {
		return d, nil
	}
	d, err := newDocument(in)
	if err == nil && in.Shared != nil {
		in.Shared[schemas.RuntimeOPA] = d
	}
	return d, err
}

// newDocument has properties at the top level, the resource's metadata beside
// them (a property of the same name wins), and the metadata again under names
// that always win.
func newDocument(in evaluator.Input) (ast.Value, error) {
	items := make([][2]*ast.Term, 0, len(in.Properties)+2*len(metadata))
	for name, v := range in.Properties {
		value, err := ast.InterfaceToValue(v)
		if err != nil {
			return nil, schemas.Errorf(schemas.CodeInternal, "input document of %s: %s: %w", in.URN, name, err)
		}
		items = append(items, ast.Item(ast.StringTerm(name), ast.NewTerm(value)))
	}
	props := ast.NewTerm(ast.NewObject(items...))
	values := []*ast.Term{
		ast.StringTerm(in.Type), ast.StringTerm(in.URN), ast.StringTerm(in.Name), ast.InternedEmptyObject, ast.InternedEmptyObject, props, props,
	}
	for i, name := range metadata {
		if _, hidden := in.Properties[name]; !hidden {
			items = append(items, ast.Item(ast.StringTerm(name), values[i]))
		}
		items = append(items, ast.Item(ast.StringTerm("__"+name), values[i])) // of two items of one name the last one stays
	}
	return ast.NewObject(items...), nil
}
