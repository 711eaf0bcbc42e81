// Package evaltest is what every pack runtime has to do alike: cases as data,
// and one pack, conformance, that each runtime writes in its own language.
package evaltest

import (
	"context"
	"embed"
	"io/fs"
	"maps"
	"os"
	"slices"
	"testing"

	"github.com/insights-scanner/insights-scanner/evaluator"
	"github.com/insights-scanner/insights-scanner/evaluator/fixture"
	"github.com/insights-scanner/insights-scanner/schemas"
)

//go:embed testdata
var data embed.FS

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
	cases, err := fixture.Read("cases.yaml", raw)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		t.Run(c.Title(), func(t *testing.T) { run(t, c, dir, loader) })
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

func run(t *testing.T, c fixture.Case, dir string, loader evaluator.Loader) {
	ctx := t.Context()
	m, err := loader.Inspect(ctx, dir)
	if err != nil {
		t.Fatal(err)
	}
	e, err := loader.Load(ctx, dir, schemas.EffectivePack{PackRef: m.PackRef, Policies: m.Policies, Config: configOf(c.Config)})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}()
	in := c.Input()
	got := judge(t, e, in)
	for _, r := range got {
		if w, ok := c.Want[r.Policy]; ok {
			check(t, w, r)
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

// configOf is a configuration without what it would be layered on.
func configOf(given fixture.Config) map[string]schemas.PolicyConfig {
	out := map[string]schemas.PolicyConfig{}
	for policy, entry := range given {
		properties := maps.Clone(entry)
		level, _ := properties["enforcementLevel"].(string)
		delete(properties, "enforcementLevel")
		out[policy] = schemas.PolicyConfig{Level: schemas.Level(level), Properties: properties}
	}
	return out
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

func check(t *testing.T, w fixture.Want, r schemas.PolicyResult) {
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
