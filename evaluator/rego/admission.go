package rego

import (
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/insights-scanner/insights-scanner/evaluator"
)

// Packs with inputFormat kubernetes-admission are rules of Gatekeeper: they judge
// the review of a request to create a Kubernetes object, and nothing else.

// review is the name of the only part of such an input that hangs on the
// resource's properties. Where one of them is unknown, the whole of it is.
const review = "review"

func isKubernetes(token string) bool { return strings.HasPrefix(token, "kubernetes:") }

// admission are the items of the input document: the review, and what Pulumi
// knows of the resource beside it.
func admission(in evaluator.Input) ([][2]*ast.Term, error) {
	items, err := properties(in, 2)
	if err != nil {
		return nil, err
	}
	k := kubernetesKind(in.Type)
	for name, value := range map[string]string{"apiVersion": k.apiVersion(), "kind": k.kind} {
		if _, has := in.Properties[name]; !has {
			items = append(items, item(name, ast.StringTerm(value)))
		}
	}
	metadata, _ := in.Properties["metadata"].(map[string]any)
	name, _ := metadata["name"].(string)
	if name == "" {
		name = in.Name
	}
	namespace, _ := metadata["namespace"].(string)
	what := about(in)
	return [][2]*ast.Term{
		item(review, ast.ObjectTerm(
			item("object", ast.ObjectTerm(items...)),
			item("kind", ast.ObjectTerm(item("group", ast.StringTerm(k.group)), item("version", ast.StringTerm(k.version)), item("kind", ast.StringTerm(k.kind)))),
			item("name", ast.StringTerm(name)), item("namespace", ast.StringTerm(namespace)), item("operation", ast.StringTerm("CREATE")),
		)),
		item("_pulumi", ast.ObjectTerm(
			item("type", what[0]), item("urn", what[1]), item("name", what[2]), item("options", what[3]), item("provider", what[4]),
		)),
	}, nil
}

func item(name string, value *ast.Term) [2]*ast.Term { return ast.Item(ast.StringTerm(name), value) }

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
