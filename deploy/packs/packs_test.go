package packs_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	opa "github.com/open-policy-agent/opa/v1/rego"

	"github.com/insights-scanner/insights-scanner/deploy/packs"
	"github.com/insights-scanner/insights-scanner/evaluator"
	"github.com/insights-scanner/insights-scanner/evaluator/rego"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// manifest unpacks the starter pack as a server does and inspects it.
func manifest(t *testing.T) (schemas.PackManifest, string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, packs.Starter()); err != nil {
		t.Fatal(err)
	}
	m, err := rego.Loader{}.Inspect(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	return m, dir
}

func policies(t *testing.T) []schemas.Policy {
	t.Helper()
	m, _ := manifest(t)
	return m.Policies
}

// Frameworks that policies refer to, and the version whose numbers they use.
var frameworks = map[string]string{
	"CIS AWS Foundations Benchmark":            "3.0.0",
	"AWS Foundational Security Best Practices": "1.0.0",
	"NIST SP 800-53":                           "Rev. 5",
}

func TestManifestIsComplete(t *testing.T) {
	m, _ := manifest(t)
	if m.Name != "aws_foundations" || m.Version == "" || m.DisplayName == "" || m.Description == "" || len(m.Warnings) > 0 {
		t.Errorf("manifest %+v", m)
	}
	if n := len(m.Policies); n < 28 || n > 120 {
		t.Errorf("%d policies", n)
	}
	for _, p := range m.Policies {
		if strings.HasSuffix(p.DisplayName, ".rego") || p.DisplayName == "" || p.Description == "" || p.RemediationSteps == "" ||
			p.Severity.Rank() == 0 || len(p.Tags) == 0 || len(p.Controls) == 0 || p.Scope != schemas.PolicyResource {
			t.Errorf("%s is not described: %+v", p.Name, p)
		}
		for _, c := range p.Controls {
			if frameworks[c.Framework] == "" || frameworks[c.Framework] != c.Version || c.ID == "" {
				t.Errorf("%s: control %+v", p.Name, c)
			}
		}
	}
}

// The README is what users choose policies by.
func TestReadmeListsThePolicies(t *testing.T) {
	text, err := fs.ReadFile(packs.Starter(), "README.md")
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]string{} // row by policy
	last := ""
	for line := range strings.Lines(string(text)) {
		if cells := strings.Split(line, "|"); len(cells) > 3 && strings.Contains(cells[1], "`") {
			name := strings.Trim(cells[1], " `")
			if name <= last {
				t.Errorf("row of %s stands after that of %s", name, last)
			}
			last, listed[name] = name, line
		}
	}
	count := fmt.Sprintf("%d policies", len(policies(t)))
	front, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), count) || !strings.Contains(string(front), count) {
		t.Errorf("the READMEs do not say that it has %s", count)
	}
	for _, p := range policies(t) {
		row := listed[p.Name]
		delete(listed, p.Name)
		for _, want := range []string{p.DisplayName, string(p.Severity)} {
			if !strings.Contains(row, want) {
				t.Errorf("row of %s has no %q: %s", p.Name, want, row)
			}
		}
		for _, c := range p.Controls {
			if !strings.Contains(row, c.ID) {
				t.Errorf("row of %s has no %s: %s", p.Name, c.ID, row)
			}
		}
		for setting := range settings(p.ConfigSchema) {
			if !strings.Contains(row, "`"+setting+"`") {
				t.Errorf("row of %s has no setting %s: %s", p.Name, setting, row)
			}
		}
	}
	if len(listed) > 0 {
		t.Errorf("the README lists what is no policy: %v", slices.Collect(maps.Keys(listed)))
	}
}

// settings are the defaults of a policy's schema.
func settings(schema map[string]any) map[string]any {
	out := map[string]any{}
	properties, _ := schema["properties"].(map[string]any)
	for name, about := range properties {
		out[name] = about.(map[string]any)["default"]
	}
	return out
}

// The defaults in the Rego text are those of the schema.
func TestDefaultsAgree(t *testing.T) {
	want := map[string]any{}
	for _, p := range policies(t) {
		if s := settings(p.ConfigSchema); len(s) > 0 {
			want[p.Name] = s
		}
	}
	text, err := fs.ReadFile(packs.Starter(), "settings.rego")
	if err != nil {
		t.Fatal(err)
	}
	rs, err := opa.New(opa.Query("data.aws_foundations.defaults"), opa.Module("settings.rego", string(text))).Eval(t.Context())
	if err != nil || len(rs) != 1 {
		t.Fatalf("%v, %v", rs, err)
	}
	if got := plain(t, rs[0].Expressions[0].Value); !reflect.DeepEqual(got, plain(t, want)) {
		t.Errorf("settings.rego has %v, config-schema.json %v", got, want)
	}
}

// plain is a value with the types that JSON gives.
func plain(t *testing.T, v any) (out any) {
	t.Helper()
	raw, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(raw, &out)
	}
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// evaluate judges a resource without configuration and gives the outcomes of
// the policies that apply.
func evaluate(t *testing.T, e evaluator.Engine, in evaluator.Input) map[string]schemas.PolicyResult {
	t.Helper()
	results, err := e.Evaluate(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]schemas.PolicyResult{}
	for _, r := range results {
		if r.Outcome != schemas.NotApplicable {
			out[r.Policy] = r
		}
	}
	return out
}

func engine(t *testing.T) evaluator.Engine {
	t.Helper()
	m, dir := manifest(t)
	e, err := rego.Loader{}.Load(t.Context(), dir, schemas.EffectivePack{PackRef: m.PackRef, Policies: m.Policies})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	return e
}
