package pulumi_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/insights-scanner/insights-scanner/evaluator"
	"github.com/insights-scanner/insights-scanner/evaluator/evaltest"
	"github.com/insights-scanner/insights-scanner/schemas"
)

const bucket = "aws:s3/bucket:Bucket"

// files are a pack by file name. node and python make those with policies.
type files map[string]string

// node is a pack in JavaScript with policies given as name and body of
// (props, report, args).
func node(policies ...string) files {
	var s strings.Builder
	s.WriteString(`const { PolicyPack } = require("@pulumi/policy");
const policies = [];
const policy = (name, judge) => policies.push({
	name, description: "about " + name, enforcementLevel: "mandatory",
	validateResource: (args, report) => judge(args.props, report, args),
});
`)
	for i := 0; i < len(policies); i += 2 {
		fmt.Fprintf(&s, "policy(%q, async (props, report, args) => {\n%s\n});\n", policies[i], policies[i+1])
	}
	s.WriteString("new PolicyPack(\"p\", { policies });\n")
	return files{"PulumiPolicy.yaml": "runtime: nodejs\n", "package.json": `{"name": "p", "version": "1.0.0"}`, "index.js": s.String()}
}

// python is a pack in Python with policies given as name and body of
// judge(props, report, args).
func python(policies ...string) files {
	var s strings.Builder
	s.WriteString(`import os, sys, time
from pulumi_policy import *
policies = []
def policy(name, judge):
    policies.append(ResourceValidationPolicy(name=name, description="about " + name, enforcement_level=EnforcementLevel.MANDATORY,
        validate=lambda args, report: judge(args.props, report, args)))
`)
	for i := 0; i < len(policies); i += 2 {
		fmt.Fprintf(&s, "def judge(props, report, args):\n    %s\npolicy(%q, judge)\n", strings.ReplaceAll(policies[i+1], "\n", "\n    "), policies[i])
	}
	s.WriteString("PolicyPack(name=\"p\", policies=policies)\n")
	return files{
		"PulumiPolicy.yaml": "runtime:\n  name: python\n  options:\n    virtualenv: venv\nversion: 1.0.0\n",
		"__main__.py":       s.String(),
	}
}

func (f files) with(name, text string) files {
	f[name] = text
	return f
}

func (f files) runtime() schemas.Runtime {
	if _, ok := f["__main__.py"]; ok || strings.Contains(f["PulumiPolicy.yaml"], "python") {
		return schemas.RuntimePython
	}
	return schemas.RuntimeNodeJS
}

// write makes a pack directory with the SDK in it.
func write(t testing.TB, f files) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range f {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	evaltest.Link(t, f.runtime(), dir)
	return dir
}

// load loads a pack.
func load(t testing.TB, l *loader, f files, config map[string]schemas.PolicyConfig) evaluator.Engine {
	t.Helper()
	return loadDir(t, l, write(t, f), config)
}

func loadDir(t testing.TB, l *loader, dir string, config map[string]schemas.PolicyConfig) evaluator.Engine {
	t.Helper()
	e, err := l.Load(t.Context(), dir, schemas.EffectivePack{Config: config})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

// resource is a bucket with properties given as name and value.
func resource(properties ...any) evaluator.Input {
	in := evaluator.Input{Account: "prod", URN: "urn:b", Type: bucket, ID: "b", Name: "b", Properties: map[string]any{}}
	for i := 0; i < len(properties); i += 2 {
		in.Properties[properties[i].(string)] = properties[i+1]
	}
	return in
}

// judge is the results of a pack by policy.
func judge(t testing.TB, e evaluator.Engine, in evaluator.Input) map[string]schemas.PolicyResult {
	t.Helper()
	rs, err := e.Evaluate(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]schemas.PolicyResult{}
	for _, r := range rs {
		out[r.Policy] = r
	}
	return out
}

// is checks an outcome and, of errored ones, what the reason says.
func is(t testing.TB, r schemas.PolicyResult, want schemas.Outcome, says ...string) {
	t.Helper()
	text := r.Reason + strings.Join(r.Messages, "\n")
	if r.Outcome != want {
		t.Errorf("%s is %s, want %s: %s", r.Policy, r.Outcome, want, text)
	}
	for _, part := range says {
		if !strings.Contains(text, part) {
			t.Errorf("%s says %q, want %q in it", r.Policy, text, part)
		}
	}
}

func rewrite(t testing.TB, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
