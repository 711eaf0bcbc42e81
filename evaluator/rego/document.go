package rego

import (
	"strings"
	"sync"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/insights-scanner/insights-scanner/evaluator"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// metadata are the names of what the input says of a resource beside its
// properties. A property of the same name wins over the first term, nothing over
// the second.
var metadata = func() (out []struct {
	name          string
	plain, always *ast.Term
},
) {
	for _, name := range []string{"type", "urn", "name", "options", "provider", "properties", "props"} {
		out = append(out, struct {
			name          string
			plain, always *ast.Term
		}{name, ast.StringTerm(name), ast.StringTerm("__" + name)})
	}
	return out
}()

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
	items, err := properties(in, 2*len(metadata))
	if err != nil {
		return nil, err
	}
	props := ast.NewTerm(ast.NewObject(items...))
	values := append(about(in), props, props)
	for i, m := range metadata {
		if _, hidden := in.Properties[m.name]; !hidden {
			items = append(items, ast.Item(m.plain, values[i]))
		}
		items = append(items, ast.Item(m.always, values[i])) // of two items of one name the last one stays
	}
	return ast.NewObject(items...), nil
}

// properties are the items of an object that holds them, with room for more.
func properties(in evaluator.Input, more int) ([][2]*ast.Term, error) {
	items := make([][2]*ast.Term, 0, len(in.Properties)+more)
	for name, v := range in.Properties {
		value, err := ast.InterfaceToValue(v)
		if err != nil {
			return nil, schemas.Errorf(schemas.CodeInternal, "input document of %s: %s: %w", in.URN, name, err)
		}
		items = append(items, ast.Item(ast.StringTerm(name), ast.NewTerm(value)))
	}
	return items, nil
}

// about is a resource's type, URN, name, options and provider.
func about(in evaluator.Input) []*ast.Term {
	return []*ast.Term{ast.StringTerm(in.Type), ast.StringTerm(in.URN), ast.StringTerm(in.Name), noOptions, provider(in)}
}

// noOptions is the options of a resource that no program declares, in the form
// pulumi-policy-opa gives them.
var noOptions = ast.MustParseTerm(`{
	"protect": false, "ignoreChanges": null, "deleteBeforeReplace": null, "additionalSecretOutputs": null, "aliasURNs": null, "aliases": null,
	"customTimeouts": {"create": 0, "update": 0, "delete": 0}, "parent": ""
}`)

// providers are made once for each provider and region there is.
var providers sync.Map

// provider is what is known of a provider that no program configures: its type
// and the region. There is no name and no URN to give.
func provider(in evaluator.Input) *ast.Term {
	name, _, ok := strings.Cut(in.Type, ":")
	if !ok {
		return ast.InternedEmptyObject
	}
	key := [2]string{name, in.Region}
	if made, ok := providers.Load(key); ok {
		return made.(*ast.Term)
	}
	config := ast.InternedEmptyObject
	if in.Region != "" && in.Region != schemas.GlobalRegion {
		config = ast.ObjectTerm(item("region", ast.StringTerm(in.Region)))
	}
	made := ast.ObjectTerm(item("type", ast.StringTerm("pulumi:providers:"+name)), item("properties", config))
	providers.Store(key, made)
	return made
}
