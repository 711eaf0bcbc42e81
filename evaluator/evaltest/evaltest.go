// Package evaltest is what every pack runtime has to do alike: cases as data,
// and one pack, conformance, that each runtime writes in its own language.
package evaltest

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/insights-scanner/insights-scanner/evaluator"
	"github.com/insights-scanner/insights-scanner/evaluator/fixture"
	"github.com/insights-scanner/insights-scanner/schemas"
)

//go:embed all:testdata
var data embed.FS

// Policies are the resource policies of the conformance pack, sorted.
var Policies = []string{
	"deny_alias", "deny_branch", "deny_copy", "deny_count", "deny_default", "deny_dynamic", "deny_either", "deny_equal", "deny_every", "deny_guarded",
	"deny_helper", "deny_keys", "deny_late", "deny_message", "deny_nested", "deny_ports", "deny_public", "deny_search", "deny_secret", "deny_throws",
	"deny_whole", "warn_tag",
}

// Pack copies the conformance pack of a runtime into a directory, with the SDK
// that it needs.
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
	Link(t, runtime, dir)
	return dir
}

// Exercise runs every case against a runtime's loader.
func Exercise(t *testing.T, runtime schemas.Runtime, loader evaluator.Loader) {
	x := &exercise{loader: loader, dir: Pack(t, runtime), engines: map[string]evaluator.Engine{}}
	defer x.close(t)
	x.inspect(t)
	raw, err := data.ReadFile("testdata/cases.yaml")
	if err != nil {
		t.Fatal(err)
	}
	cases, err := fixture.Read("cases.yaml", raw)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		t.Run(c.Title(), func(t *testing.T) { x.run(t, &c) })
	}
}

// exercise is the pack of a runtime, loaded once for every configuration.
type exercise struct {
	loader       evaluator.Loader
	dir          string
	manifest     schemas.PackManifest
	descriptions map[string]string // of policies
	engines      map[string]evaluator.Engine
}

func (x *exercise) engine(t *testing.T, config map[string]schemas.PolicyConfig) evaluator.Engine {
	t.Helper()
	key := fmt.Sprint(config) // map keys come sorted
	if e := x.engines[key]; e != nil {
		return e
	}
	// Not the context of the case: the engine outlives it.
	e, err := x.loader.Load(context.Background(), x.dir, schemas.EffectivePack{PackRef: x.manifest.PackRef, Policies: x.manifest.Policies, Config: config})
	if err != nil {
		t.Fatal(err)
	}
	x.engines[key] = e
	return e
}

func (x *exercise) close(t *testing.T) {
	for _, e := range x.engines {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}
}

// inspect checks what the pack declares.
func (x *exercise) inspect(t *testing.T) {
	t.Helper()
	m, err := x.loader.Inspect(context.Background(), x.dir)
	if err != nil {
		t.Fatal(err)
	}
	if m.Name != "conformance" || m.Version != "1.10" || len(m.Warnings) != 1 || m.Description != "What every runtime has to do alike." {
		t.Errorf("manifest %s %s %q, warnings %q", m.Name, m.Version, m.Description, m.Warnings)
	}
	policies := map[string]schemas.Policy{}
	for _, p := range m.Policies {
		policies[p.Name] = p
	}
	p := policies["deny_public"]
	if p.DisplayName != "No public buckets" || p.Severity != schemas.SeverityHigh || p.RemediationSteps != "Make it private." ||
		!slices.Equal(p.Controls, []schemas.Control{{Framework: "CIS", Version: "3.0.0", ID: "2.1.4", Specification: "https://example.com/cis"}}) ||
		p.URL != "https://example.com/public" || !slices.Equal(p.Tags, []string{"storage", "public"}) || p.ConfigSchema != nil ||
		p.Level != schemas.Mandatory || p.Scope != schemas.PolicyResource {
		t.Errorf("policy %+v", p)
	}
	schema := map[string]any{"properties": map[string]any{"tag": map[string]any{"type": "string", "default": "owner"}}}
	if got := policies["warn_tag"].ConfigSchema; !reflect.DeepEqual(got, schema) {
		t.Errorf("schema of warn_tag %v", got)
	}
	x.manifest, x.descriptions = m, map[string]string{}
	for _, p := range m.Policies {
		x.descriptions[p.Name] = p.Description
	}
}

func (x *exercise) run(t *testing.T, c *fixture.Case) {
	e := x.engine(t, configOf(c.Config))
	in := c.Input()
	got := judge(t, e, in)
	for _, r := range got {
		if w, ok := c.Want[r.Policy]; ok {
			check(t, w, r, x.descriptions[r.Policy])
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

// check holds a result against what is wanted. Pulumi's SDKs put a policy's
// description above each of its messages.
func check(t *testing.T, w fixture.Want, r schemas.PolicyResult, description string) {
	t.Helper()
	messages := make([]string, len(r.Messages))
	for i, m := range r.Messages {
		messages[i] = strings.TrimPrefix(m, description+"\n")
	}
	var paths []string
	for _, p := range r.Paths {
		paths = append(paths, p.Path)
	}
	if r.Outcome != w.Outcome || r.Level != w.Level || r.Severity != w.Severity || !slices.Equal(messages, w.Messages) || !slices.Equal(paths, w.Paths) {
		t.Errorf("%+v, want %+v", r, w)
	}
	if r.Outcome == schemas.Errored && r.Reason == "" {
		t.Errorf("%s is errored without a reason", r.Policy)
	}
}
