package rego

import (
	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/insights-scanner/insights-scanner/evaluator"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// document is the input of a resource policy: properties at the top level, the
// resource's metadata beside them (a property of the same name wins), and the
// metadata again under names that no property has.
func document(in evaluator.Input) (ast.Value, error) {
	properties := in.Properties
	if properties == nil {
		properties = map[string]any{}
	}
	value, err := ast.InterfaceToValue(properties)
	if err != nil {
		return nil, schemas.Errorf(schemas.CodeInternal, "input document of %s: %w", in.URN, err)
	}
	props := ast.NewTerm(value)
	metadata := []struct {
		name  string
		value *ast.Term
	}{
		{"type", ast.StringTerm(in.Type)},
		{"urn", ast.StringTerm(in.URN)},
		{"name", ast.StringTerm(in.Name)},
		{"options", ast.NewTerm(ast.NewObject())},
		{"provider", ast.NewTerm(ast.NewObject())},
		{"properties", props},
		{"props", props},
	}
	out := ast.NewObject()
	for _, m := range metadata {
		out.Insert(ast.StringTerm("__"+m.name), m.value)
		out.Insert(ast.StringTerm(m.name), m.value)
	}
	value.(ast.Object).Foreach(func(k, v *ast.Term) { out.Insert(k, v) })
	return out, nil
}
