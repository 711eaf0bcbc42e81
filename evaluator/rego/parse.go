package rego

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// parse reads every .rego file, and leaves unit tests out. Module names are paths
// relative to the pack, so that errors name them.
func parse(dir string) (map[string]*ast.Module, error) {
	modules := map[string]*ast.Module{}
	var problems ast.Errors
	err := filepath.WalkDir(dir, func(file string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || !strings.HasSuffix(file, ".rego") {
			return err
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, file)
		if err != nil {
			return err
		}
		name = filepath.ToSlash(name)
		m, errs := parseModule(name, string(text))
		problems = append(problems, errs...)
		modules[name] = m
		return nil
	})
	switch {
	case err != nil:
		return nil, schemas.Errorf(schemas.CodeInvalid, "read pack: %w", err)
	case len(problems) > 0:
		return nil, invalid(problems)
	}
	maps.DeleteFunc(modules, onlyTests)
	if len(modules) == 0 {
		return nil, schemas.Errorf(schemas.CodeInvalid, "%s has no .rego file", dir).WithHint("An OPA pack has its rules in .rego files of one package.")
	}
	return modules, nil
}

// onlyTests tells whether a file is none of the pack: a unit test without a policy
// in it. Pulumi's engine reads unit tests as well, so a policy in one counts.
func onlyTests(file string, m *ast.Module) bool {
	return strings.HasSuffix(file, "_test.rego") && !slices.ContainsFunc(m.Rules, func(r *ast.Rule) bool {
		_, _, policy := kindOf(r)
		return policy
	})
}

// parseModule tries Rego v0 first, as Pulumi's engine does; a file that is no
// v0 is tried as v1. When it is neither, the version that got further is the
// one the author meant.
func parseModule(name, text string) (*ast.Module, ast.Errors) {
	m, errV0 := parseAs(name, text, ast.RegoV0)
	if errV0 == nil {
		return m, nil
	}
	m, errV1 := parseAs(name, text, ast.RegoV1)
	switch {
	case errV1 == nil:
		return m, nil
	case lastRow(errV0) > lastRow(errV1):
		return nil, errV0
	default:
		return nil, errV1
	}
}

func parseAs(name, text string, v ast.RegoVersion) (*ast.Module, ast.Errors) {
	m, err := ast.ParseModuleWithOpts(name, text, ast.ParserOptions{RegoVersion: v, ProcessAnnotation: true})
	if err == nil && m == nil {
		err = errors.New("the file is empty")
	}
	if err == nil {
		return m, nil
	}
	if errs, ok := errors.AsType[ast.Errors](err); ok {
		return nil, errs
	}
	return nil, ast.Errors{ast.NewError(ast.ParseErr, ast.NewLocation(nil, name, 1, 1), "%s", err)}
}

func lastRow(errs ast.Errors) int {
	row := 0
	for _, e := range errs {
		if e.Location != nil {
			row = max(row, e.Location.Row)
		}
	}
	return row
}

// invalid lists OPA's errors, one a line with file and line first.
func invalid(errs ast.Errors) error {
	errs.Sort()
	lines := make([]string, len(errs))
	for i, e := range errs {
		lines[i] = e.Message
		if e.Details != nil && e.Code == ast.TypeErr { // of a parse error, they only draw the place
			lines[i] += " (" + strings.Join(strings.Fields(strings.Join(e.Details.Lines(), "; ")), " ") + ")"
		}
		if l := e.Location; l != nil && l.File != "" {
			lines[i] = fmt.Sprintf("%s:%d: %s", l.File, l.Row, lines[i])
		}
	}
	return schemas.Errorf(schemas.CodeInvalid, "%s", strings.Join(slices.Compact(lines), "\n"))
}

// forbidden are the builtins that reach outside, tell about the host, or differ
// from run to run in ways no policy should depend on.
var forbidden = map[string]string{
	"http.send":          "a policy cannot reach the network",
	"net.lookup_ip_addr": "a policy cannot reach the network",
	"opa.runtime":        "a policy does not see the host it runs on",
	"json.match_schema":  "a schema can refer to files of the host",
	"json.verify_schema": "a schema can refer to files of the host",
	"rand.intn":          "the same resource must always get the same verdict",
	"uuid.rfc4122":       "the same resource must always get the same verdict",
}

// Builtins are the names of the builtins that a pack may use only when it is
// allowed to.
func Builtins() []string { return sortedKeys(forbidden) }

func (l Loader) forbids(builtin string) string {
	if slices.Contains(l.Builtins, builtin) {
		return ""
	}
	return forbidden[builtin]
}

func (l Loader) capabilities() *ast.Capabilities {
	c := ast.CapabilitiesForThisVersion()
	c.Builtins = slices.DeleteFunc(c.Builtins, func(b *ast.Builtin) bool { return l.forbids(b.Name) != "" })
	return c
}

// checkBuiltins says why a builtin may not be used; the compiler would only call
// it undefined.
func (l Loader) checkBuiltins(modules map[string]*ast.Module) error {
	var problems ast.Errors
	for _, m := range modules {
		check := func(operator *ast.Term) {
			if why := l.forbids(operator.Value.String()); why != "" {
				problems = append(problems, ast.NewError(ast.TypeErr, operator.Location, "%s may not be used: %s", operator, why))
			}
		}
		ast.WalkNodes(m, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.Expr:
				if n.IsCall() {
					check(n.OperatorTerm())
				}
			case *ast.Term:
				if call, ok := n.Value.(ast.Call); ok {
					check(call[0])
				}
			}
			return false
		})
	}
	if len(problems) > 0 {
		return invalid(problems)
	}
	return nil
}
