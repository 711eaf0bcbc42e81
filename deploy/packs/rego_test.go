package packs_test

import (
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/tester"

	"github.com/insights-scanner/insights-scanner/deploy/packs"
)

// modules parses the starter pack, its unit tests included.
func modules(t *testing.T) map[string]*ast.Module {
	t.Helper()
	out := map[string]*ast.Module{}
	files, err := fs.Glob(packs.Starter(), "*.rego")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := fs.ReadFile(packs.Starter(), file)
		if err != nil {
			t.Fatal(err)
		}
		out[file] = parse(t, file, string(text))
	}
	return out
}

func parse(t *testing.T, file, text string) *ast.Module {
	t.Helper()
	m, err := ast.ParseModuleWithOpts(file, text, ast.ParserOptions{RegoVersion: ast.RegoV1})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// outcomes runs the Rego unit tests, by name.
func outcomes(t *testing.T, m map[string]*ast.Module) map[string]*tester.Result {
	t.Helper()
	results, err := tester.NewRunner().SetModules(m).RunTests(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]*tester.Result{}
	for r := range results {
		out[r.Name] = r
	}
	return out
}

func TestRegoUnitTests(t *testing.T) {
	for name, r := range outcomes(t, modules(t)) {
		if !r.Pass() {
			t.Errorf("%s: %s: fail %v, error %v", r.Location, name, r.Fail, r.Error)
		}
	}
}

// Every policy has tests in which it finds something and tests in which it
// passes, named test_<policy>_finds… and test_<policy>_passes…. They are real:
// the former fail when policies find nothing, the latter when they always find
// something.
func TestEachPolicyIsTestedBothWays(t *testing.T) {
	silent := outcomes(t, replaced(t, ` contains "x" if false`))
	loud := outcomes(t, replaced(t, ` contains "x"`))
	named := testsOf(t)
	for _, p := range policies(t) {
		for kind, results := range map[string]map[string]*tester.Result{"_finds": silent, "_passes": loud} {
			tests := 0
			for name, reads := range named {
				if !strings.HasPrefix(name, "test_"+p.Name+kind) {
					continue
				}
				tests++
				if results[name].Pass() || !slices.Contains(reads, p.Name) {
					t.Errorf("%s does not test the policy", name)
				}
			}
			if tests == 0 {
				t.Errorf("there is no test_%s%s…", p.Name, kind)
			}
		}
	}
}

// replaced is the pack with another rule in the place of each policy.
func replaced(t *testing.T, body string) map[string]*ast.Module {
	t.Helper()
	m := modules(t)
	text := "package aws_foundations\n\nimport rego.v1\n"
	for _, p := range policies(t) {
		text += "\n" + p.Name + body + "\n"
		for _, module := range m {
			module.Rules = slices.DeleteFunc(module.Rules, func(r *ast.Rule) bool { return r.Head.Name.Equal(ast.Var(p.Name)) })
		}
	}
	m["replaced.rego"] = parse(t, "replaced.rego", text)
	return m
}

// testsOf are the names of the unit tests, with the rules that each names.
func testsOf(t *testing.T) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	for _, m := range modules(t) {
		for _, r := range m.Rules {
			if name := string(r.Head.Name); strings.HasPrefix(name, tester.TestPrefix) {
				if out[name] != nil {
					t.Errorf("%s: there is another test of this name, and OPA takes the two for one", r.Location)
				}
				out[name] = []string{}
				ast.WalkVars(r, func(v ast.Var) bool {
					out[name] = append(out[name], string(v))
					return false
				})
			}
		}
	}
	return out
}
