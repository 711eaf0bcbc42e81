package rego_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"testing"

	"github.com/insights-scanner/insights-scanner/evaluator"
	"github.com/insights-scanner/insights-scanner/evaluator/rego"
	"github.com/insights-scanner/insights-scanner/schemas"
)

const gatekeeper = "runtime: opa\nversion: 1.0.0\ninputFormat: kubernetes-admission\n"

func deployment(properties map[string]any, unknown ...string) evaluator.Input {
	in := evaluator.Input{URN: "urn:d", Type: "kubernetes:apps/v1:Deployment", Name: "logical", Properties: properties}
	for _, path := range unknown {
		in.Unknown = append(in.Unknown, schemas.UnknownPath{Path: path})
	}
	return in
}

// seen is what a policy gets to see as input.
func seen(t *testing.T, f files, in evaluator.Input, config map[string]schemas.PolicyConfig) map[string]any {
	t.Helper()
	f["a.rego"] = v1Head + "warn_input contains json.marshal(input)\n"
	r := judge(t, load(t, rego.Loader{}, f, config), in)["warn_input"]
	var out map[string]any
	if len(r.Messages) != 1 || json.Unmarshal([]byte(r.Messages[0]), &out) != nil {
		t.Fatalf("%+v", r)
	}
	return out
}

func wantInput(t *testing.T, got any, want string) {
	t.Helper()
	var w any
	if err := json.Unmarshal([]byte(want), &w); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, w) {
		text, _ := json.Marshal(got)
		t.Errorf("got  %s\nwant %s", text, want)
	}
}

// A pack of Gatekeeper's rules judges the review of a Kubernetes object.
func TestAdmissionReview(t *testing.T) {
	const pulumi = `"_pulumi": {"type": "TYPE", "urn": "urn:d", "name": "logical", "provider": {"type": "pulumi:providers:kubernetes", "properties": {}},
		"options": {"protect": false, "ignoreChanges": null, "deleteBeforeReplace": null, "additionalSecretOutputs": null, "aliasURNs": null, "aliases": null,
			"customTimeouts": {"create": 0, "update": 0, "delete": 0}, "parent": ""}}`
	of := func(token string, properties map[string]any, config map[string]schemas.PolicyConfig) map[string]any {
		in := deployment(properties)
		in.Type = token
		got := seen(t, files{"PulumiPolicy.yaml": gatekeeper}, in, config)
		got["_pulumi"].(map[string]any)["type"] = "TYPE"
		return got
	}
	t.Run("a deployment", func(t *testing.T) {
		got := of("kubernetes:apps/v1:Deployment", map[string]any{"metadata": map[string]any{"name": "web", "namespace": "shop"}, "spec": map[string]any{"replicas": 2}},
			map[string]schemas.PolicyConfig{"warn_input": {Properties: map[string]any{"max": 5}}, "other": {Properties: map[string]any{"x": 1}}})
		wantInput(t, got, `{"review": {"object": {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "shop"}, "spec": {"replicas": 2}},
			"kind": {"group": "apps", "version": "v1", "kind": "Deployment"}, "name": "web", "namespace": "shop", "operation": "CREATE"}, "parameters": {"max": 5}, `+pulumi+`}`)
	})
	t.Run("of the core, without metadata", func(t *testing.T) {
		wantInput(t, of("kubernetes:core/v1:Pod", nil, nil), `{"review": {"object": {"apiVersion": "v1", "kind": "Pod"},
			"kind": {"group": "", "version": "v1", "kind": "Pod"}, "name": "logical", "namespace": "", "operation": "CREATE"}, `+pulumi+`}`)
	})
	t.Run("what the object says itself stays", func(t *testing.T) {
		wantInput(t, of("kubernetes:rbac.authorization.k8s.io/v1:Role", map[string]any{"apiVersion": "rbac.authorization.k8s.io/v1beta1", "kind": "role"}, nil),
			`{"review": {"object": {"apiVersion": "rbac.authorization.k8s.io/v1beta1", "kind": "role"},
			"kind": {"group": "rbac.authorization.k8s.io", "version": "v1", "kind": "Role"}, "name": "logical", "namespace": "", "operation": "CREATE"}, `+pulumi+`}`)
	})
}

func TestAdmissionPolicies(t *testing.T) {
	f := files{"PulumiPolicy.yaml": gatekeeper, "a.rego": "package k8srequiredlabels\n\nviolation[{\"msg\": msg, \"details\": {\"missing_labels\": missing}}] {\n" +
		"\tprovided := {label | input.review.object.metadata.labels[label]}\n\trequired := {label | label := input.parameters.labels[_]}\n" +
		"\tmissing := required - provided\n\tcount(missing) > 0\n\tmsg := sprintf(\"you must provide labels: %v\", [missing])\n}\n\n" +
		"deny_replicas[msg] {\n\tinput.review.kind.kind == \"Deployment\"\n\tinput.review.object.spec.replicas > input.parameters.max\n\tmsg := \"too many\"\n}\n\n" +
		"deny_prod[\"prod\"] {\n\tinput._pulumi.name == \"prod\"\n}\n"}
	e := load(t, rego.Loader{}, f, map[string]schemas.PolicyConfig{
		"violation": {Properties: map[string]any{"labels": []any{"owner"}}}, "deny_replicas": {Properties: map[string]any{"max": 3}, Level: schemas.Remediate},
	})
	spec := map[string]any{"replicas": 5}
	owned := map[string]any{"labels": map[string]any{"owner": "me"}}
	for name, c := range map[string]struct {
		in                     evaluator.Input
		labels, replicas, prod schemas.Outcome
	}{
		"failing":                 {deployment(map[string]any{"spec": spec}), schemas.Failed, schemas.Failed, schemas.Passed},
		"passing":                 {deployment(map[string]any{"metadata": owned}), schemas.Passed, schemas.Passed, schemas.Passed},
		"something unknown":       {deployment(map[string]any{"metadata": owned}, "spec.replicas"), schemas.Unknown, schemas.Unknown, schemas.Passed},
		"not of Kubernetes":       {evaluator.Input{Type: bucket, Properties: map[string]any{"spec": spec}}, schemas.NotApplicable, schemas.NotApplicable, schemas.NotApplicable},
		"of another provider too": {evaluator.Input{Type: "kubernetesx:core/v1:Pod"}, schemas.NotApplicable, schemas.NotApplicable, schemas.NotApplicable},
	} {
		t.Run(name, func(t *testing.T) {
			rs := judge(t, e, c.in)
			if rs["violation"].Outcome != c.labels || rs["deny_replicas"].Outcome != c.replicas || rs["deny_prod"].Outcome != c.prod {
				t.Errorf("%+v", rs)
			}
			if c.labels == schemas.Failed && !slices.Equal(rs["violation"].Messages, []string{`you must provide labels: {"owner"}`}) {
				t.Errorf("%+v", rs)
			}
			if c.replicas == schemas.Failed && rs["deny_replicas"].Level != schemas.Mandatory {
				t.Errorf("%+v", rs)
			}
			if c.replicas == schemas.Unknown && (len(rs["deny_replicas"].Paths) != 1 || rs["deny_replicas"].Paths[0].Path != "spec.replicas") {
				t.Errorf("%+v", rs)
			}
		})
	}
}

// A resource is seen in every form that pulumi-policy-opa gives it.
func TestInput(t *testing.T) {
	in := evaluator.Input{Region: "eu-west-1", URN: "urn:b", Type: bucket, Name: "b", Properties: map[string]any{"acl": "private", "name": "other", "__type": "x"}}
	const properties = `{"acl": "private", "name": "other", "__type": "x"}`
	const options = `{"protect": false, "ignoreChanges": null, "deleteBeforeReplace": null, "additionalSecretOutputs": null, "aliasURNs": null, "aliases": null,
		"customTimeouts": {"create": 0, "update": 0, "delete": 0}, "parent": ""}`
	const provider = `{"type": "pulumi:providers:aws", "properties": {"region": "eu-west-1"}}`
	wantInput(t, seen(t, files{}, in, nil), `{"acl": "private",
		"type": "`+bucket+`", "urn": "urn:b", "name": "other", "properties": `+properties+`, "props": `+properties+`, "options": `+options+`, "provider": `+provider+`,
		"__type": "`+bucket+`", "__urn": "urn:b", "__name": "b", "__properties": `+properties+`, "__props": `+properties+`, "__options": `+options+`, "__provider": `+provider+`}`)
	in.Region = schemas.GlobalRegion
	wantInput(t, seen(t, files{}, in, nil)["provider"], `{"type": "pulumi:providers:aws", "properties": {}}`)
}

// Builtins that reach outside can be allowed one by one.
func TestAllowedBuiltins(t *testing.T) {
	f := files{"a.rego": v1Head + "deny contains m if m := opa.runtime().version\n\nwarn contains \"m\" if json.match_schema(input, {\"required\": [\"acl\"]})[0]\n"}
	l := rego.Loader{Builtins: []string{"opa.runtime", "json.match_schema"}}
	e := load(t, l, f, nil)
	if r := judge(t, e, evaluator.Input{Type: bucket, Properties: map[string]any{"acl": 1}})["warn"]; r.Outcome != schemas.Failed {
		t.Errorf("%+v", r)
	}
	if _, err := (rego.Loader{Builtins: l.Builtins[:1]}).Inspect(t.Context(), write(t, f)); schemas.CodeOf(err) != schemas.CodeInvalid {
		t.Errorf("%v", err)
	}
	if all := rego.Builtins(); !slices.Contains(all, "http.send") || !slices.IsSorted(all) {
		t.Errorf("%q", all)
	}
}
