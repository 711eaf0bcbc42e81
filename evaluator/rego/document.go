package rego

import (
	"maps"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/insights-scanner/insights-scanner/evaluator"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// metadata are the names of what the input says of a resource beside its
// properties. A property of the same name wins over a name, nothing over one with
// underscores.
var metadata = [...]struct{ plain, always string }{
	{"type", "__type"},
	{"urn", "__urn"},
	{"name", "__name"},
	{"options", "__options"},
	{"provider", "__provider"},
	{"properties", "__properties"},
	{"props", "__props"},
}

// document is the input of a resource policy: properties at the top level, the
// resource's metadata beside them. It is made as far as it is looked at, and all
// packs of a resource share one. A pack that replaces parts of its input (with
// input.x as …) gets one of its own: what is made later has no copy.
func (p *pack) document(in evaluator.Input) (ast.Value, error) {
	if p.mocks {
		d, err := ast.InterfaceToValue(native(in))
		if err != nil {
			return nil, schemas.Errorf(schemas.CodeInternal, "input document of %s: %w", in.URN, err)
		}
		return d, nil
	}
	if d, ok := in.Shared[schemas.RuntimeOPA].(ast.Value); ok {
		return d, nil
	}
	d := ast.LazyObject(native(in))
	if in.Shared != nil {
		in.Shared[schemas.RuntimeOPA] = d
	}
	return d, nil
}

// native is the document as JSON has it.
func native(in evaluator.Input) map[string]any {
	doc := make(map[string]any, len(in.Properties)+2*len(metadata))
	maps.Copy(doc, in.Properties)
	properties := in.Properties
	if properties == nil {
		properties = map[string]any{}
	}
	for i, value := range append(about(in), properties, properties) {
		if _, hidden := in.Properties[metadata[i].plain]; !hidden {
			doc[metadata[i].plain] = value
		}
		doc[metadata[i].always] = value
	}
	return doc
}

// about is a resource's type, URN, name, options and provider.
func about(in evaluator.Input) []any {
	return []any{in.Type, in.URN, in.Name, noOptions, provider(in)}
}

// noOptions is the options of a resource that no program declares, in the form
// pulumi-policy-opa gives them.
var noOptions = map[string]any{
	"protect": false, "ignoreChanges": nil, "deleteBeforeReplace": nil, "additionalSecretOutputs": nil, "aliasURNs": nil, "aliases": nil,
	"customTimeouts": map[string]any{"create": 0, "update": 0, "delete": 0}, "parent": "",
}

// provider is what is known of a provider that no program configures: its type
// and the region. There is no name and no URN to give.
func provider(in evaluator.Input) map[string]any {
	name, _, ok := strings.Cut(in.Type, ":")
	if !ok {
		return map[string]any{}
	}
	config := map[string]any{}
	if in.Region != "" && in.Region != schemas.GlobalRegion {
		config["region"] = in.Region
	}
	return map[string]any{"type": "pulumi:providers:" + name, "properties": config}
}

// mocksInput tells whether modules say "with".
func mocksInput(modules map[string]*ast.Module) bool {
	found := false
	for _, m := range modules {
		ast.WalkWiths(m, func(*ast.With) bool {
			found = true
			return true
		})
	}
	return found
}
