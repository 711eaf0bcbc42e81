// Package evaltest is what every pack runtime has to do alike: cases as data,
// and one pack, conformance, that each runtime writes in its own language.
package evaltest

import (
	"context"
	"embed"
	"io/fs"
	"os"
	"slices"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/insights-scanner/insights-scanner/evaluator"
	"github.com/insights-scanner/insights-scanner/schemas"
)

//go:embed testdata
var data embed.FS

// testCase is one resource under one configuration and what policies say of it.
type testCase struct {
	Name       string                          `yaml:"name"`
	Type       string                          `yaml:"type"`
	Config     map[string]schemas.PolicyConfig `yaml:"config"`
	Properties map[string]any                  `yaml:"properties"`
	Unknown    []schemas.UnknownPath           `yaml:"unknown"`
	Want       map[string]want                 `yaml:"want"`
}

type want struct {
	Outcome  schemas.Outcome  `yaml:"outcome"`
	Level    schemas.Level    `yaml:"level"`
	Severity schemas.Severity `yaml:"severity"`
	Messages []string         `yaml:"messages"`
	Paths    []string         `yaml:"paths"`
}

// Policies are the resource policies of the conformance pack, sorted.
var Policies = []string{
	"deny_alias", "deny_branch", "deny_copy", "deny_count", "deny_default", "deny_dynamic", "deny_either", "deny_equal", "deny_every", "deny_guarded",
	"deny_helper", "deny_keys", "deny_late", "deny_message", "deny_nested", "deny_ports", "deny_public", "deny_search", "deny_secret", "deny_throws",
	"deny_whole", "warn_tag",
}

// Pack copies the conformance pack of a runtime into a directory.
func Pack(t testing.TB, runtime schemas.Runtime) string {
	t.Helper()
	dir := t.TempDir()
	pack, err := fs.Sub(data, "testdata/"+string(runtime))
	if err == nil {
		err = os.CopyFS(dir, pack)
	}
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// Exercise runs every case against a runtime's loader.
func Exercise(t *testing.T, runtime schemas.Runtime, loader evaluator.Loader) {
	dir := Pack(t, runtime)
	inspect(t, dir, loader)
	raw, err := data.ReadFile("testdata/cases.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var cases []testCase
	if err := yaml.UnmarshalWithOptions(raw, &cases, yaml.Strict(), yaml.UseJSONUnmarshaler()); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) { c.run(t, dir, loader) })
	}
}

// inspect checks what the pack declares.
func inspect(t *testing.T, dir string, loader evaluator.Loader) {
	t.Helper()
	m, err := loader.Inspect(context.Background(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if m.Name != "conformance" || m.Version != "1.10" || len(m.Warnings) != 1 {
		t.Errorf("manifest %s %s, warnings %q", m.Name, m.Version, m.Warnings)
	}
	i := slices.IndexFunc(m.Policies, func(p schemas.Policy) bool { return p.Name == "deny_public" })
	if i < 0 {
		t.Fatalf("policies %v", m.Policies)
	}
	p := m.Policies[i]
	if p.DisplayName != "No public buckets" || p.Severity != schemas.SeverityHigh || p.RemediationSteps != "Make it private." ||
		len(p.Controls) != 1 || p.Controls[0].ID != "2.1.4" || p.Level != schemas.Mandatory || p.Scope != schemas.PolicyResource {
		t.Errorf("policy %+v", p)
	}
}

func (c *testCase) run(t *testing.T, dir string, loader evaluator.Loader) {
	ctx := t.Context()
	m, err := loader.Inspect(ctx, dir)
	if err != nil {
		t.Fatal(err)
	}
	e, err := loader.Load(ctx, dir, schemas.EffectivePack{PackRef: m.PackRef, Policies: m.Policies, Config: c.Config})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}()
	in := evaluator.Input{Account: "prod", URN: "urn:x", Type: c.Type, ID: "id", Name: "name", Properties: c.Properties, Unknown: c.Unknown}
	got := judge(t, e, in)
	for _, r := range got {
		if w, ok := c.Want[r.Policy]; ok {
			w.check(t, r)
		}
	}
	for name := range c.Want {
		if !slices.Contains(Policies, name) {
			t.Errorf("%s is no policy of the pack", name)
		}
	}
	if len(c.Unknown) > 0 {
		holds(t, e, in, got, c.Want)
	}
}

// judge asks for a resource and checks that every policy has one result.
func judge(t *testing.T, e evaluator.Engine, in evaluator.Input) []schemas.PolicyResult {
	t.Helper()
	got, err := e.Evaluate(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	names := make([]string, len(got))
	for i, r := range got {
		names[i] = r.Policy
	}
	if !slices.Equal(names, Policies) {
		t.Errorf("results of %v, want %v", names, Policies)
	}
	return got
}

func (w want) check(t *testing.T, r schemas.PolicyResult) {
	t.Helper()
	var paths []string
	for _, p := range r.Paths {
		paths = append(paths, p.Path)
	}
	if r.Outcome != w.Outcome || r.Level != w.Level || r.Severity != w.Severity || !slices.Equal(r.Messages, w.Messages) || !slices.Equal(paths, w.Paths) {
		t.Errorf("%+v, want %+v", r, w)
	}
	if r.Outcome == schemas.Errored && r.Reason == "" {
		t.Errorf("%s is errored without a reason", r.Policy)
	}
}
