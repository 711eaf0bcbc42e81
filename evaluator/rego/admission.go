package rego

import (
	"cmp"
	"maps"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/insights-scanner/insights-scanner/evaluator"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// Packs with inputFormat kubernetes-admission are rules of Gatekeeper: they judge
// the review of a request to create a Kubernetes object, and nothing else.

// review is the name of the only part of such an input that hangs on the
// resource's properties. Where one of them is unknown, the whole of it is.
const review = "review"

func isKubernetes(token string) bool { return strings.HasPrefix(token, "kubernetes:") }

// admission is the input document without parameters: the review, and what Pulumi
// knows of the resource beside it.
func admission(in evaluator.Input) (ast.Value, error) {
	k := kubernetesKind(in.Type)
	object := map[string]any{"apiVersion": k.apiVersion(), "kind": k.kind}
	maps.Copy(object, in.Properties)
	metadata, _ := in.Properties["metadata"].(map[string]any)
	name, _ := metadata["name"].(string)
	namespace, _ := metadata["namespace"].(string)
	what := about(in)
	doc, err := ast.InterfaceToValue(map[string]any{
		review: map[string]any{
			"object": object, "kind": map[string]any{"group": k.group, "version": k.version, "kind": k.kind},
			"name": cmp.Or(name, in.Name), "namespace": namespace, "operation": "CREATE",
		},
		"_pulumi": map[string]any{"type": what[0], "urn": what[1], "name": what[2], "options": what[3], "provider": what[4]},
	})
	if err != nil {
		return nil, schemas.Errorf(schemas.CodeInternal, "input document of %s: %w", in.URN, err)
	}
	return doc, nil
}

// withParameters is the input of one policy of a review.
func (p *policy) withParameters(input ast.Value) ast.Value {
	if p.parameters == nil {
		return input
	}
	doc := input.(ast.Object)
	items := [][2]*ast.Term{ast.Item(ast.StringTerm("parameters"), p.parameters)}
	doc.Foreach(func(k, v *ast.Term) { items = append(items, ast.Item(k, v)) })
	return ast.NewObject(items...)
}

type groupVersionKind struct{ group, version, kind string }

// kubernetesKind reads a type token: kubernetes:apps/v1:Deployment is group apps,
// version v1, kind Deployment. The group that Pulumi calls core has no name.
func kubernetesKind(token string) groupVersionKind {
	_, rest, _ := strings.Cut(token, ":")
	groupVersion, kind, _ := strings.Cut(rest, ":")
	group, version, ok := strings.Cut(groupVersion, "/")
	if !ok {
		group, version = "", groupVersion
	}
	if group == "core" {
		group = ""
	}
	return groupVersionKind{group, version, kind}
}

func (k groupVersionKind) apiVersion() string {
	if k.group == "" {
		return k.version
	}
	return k.group + "/" + k.version
}
