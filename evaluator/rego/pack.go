package rego

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// pack is a parsed and compiled pack directory.
type pack struct {
	dir      string
	path     ast.Ref // data.<package>
	name     string
	title    string
	compiler *ast.Compiler
	rules    []*rule // sorted by name
	warnings []string
}

// rule is one policy: all clauses of one name.
type rule struct {
	policy schemas.Policy
	types  map[string]bool // the types it can fire on; nil when that is not known
	set    bool            // it produces a set, as by far most do
	uses   *uses           // what it reads of the input
}

// Which rules are policies, their level and scope, as pulumi-policy-opa has it.
var ruleKinds = []struct {
	name  *regexp.Regexp
	level schemas.Level
	scope schemas.PolicyScope
}{
	{regexp.MustCompile(`^(deny|violation)(_[a-zA-Z0-9]+)*$`), schemas.Mandatory, schemas.PolicyResource},
	{regexp.MustCompile(`^warn(_[a-zA-Z0-9]+)*$`), schemas.Advisory, schemas.PolicyResource},
	{regexp.MustCompile(`^stack_(deny|violation)(_[a-zA-Z0-9]+)*$`), schemas.Mandatory, schemas.PolicyStack},
	{regexp.MustCompile(`^stack_warn(_[a-zA-Z0-9]+)*$`), schemas.Advisory, schemas.PolicyStack},
}

// open reads and compiles the pack in dir.
func open(dir string) (*pack, error) {
	modules, err := parse(dir)
	if err != nil {
		return nil, err
	}
	p := &pack{dir: dir}
	if err := p.checkPackage(modules); err != nil {
		return nil, err
	}
	p.compiler = ast.NewCompiler().WithCapabilities(capabilities())
	p.compiler.Compile(modules)
	if p.compiler.Failed() {
		return nil, schemas.Errorf(schemas.CodeInvalid, "%s", relative(dir, p.compiler.Errors.Error()))
	}
	if err := p.collect(modules); err != nil {
		return nil, err
	}
	return p, p.readSchemas()
}

// parse reads every .rego file but unit tests. Rego v0 is tried first, as
// Pulumi's engine does; a file that is no v0 is tried as v1.
func parse(dir string) (map[string]*ast.Module, error) {
	modules := map[string]*ast.Module{}
	err := filepath.WalkDir(dir, func(file string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || !strings.HasSuffix(file, ".rego") || strings.HasSuffix(file, "_test.rego") {
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
		m, errV0 := parseAs(name, string(text), ast.RegoV0)
		if errV0 != nil {
			var errV1 error
			if m, errV1 = parseAs(name, string(text), ast.RegoV1); errV1 != nil {
				return schemas.Errorf(schemas.CodeInvalid, "%s", errV1)
			}
		}
		if m != nil {
			modules[name] = m
		}
		return nil
	})
	if err != nil {
		if _, ok := errors.AsType[*schemas.Error](err); ok {
			return nil, err
		}
		return nil, schemas.Errorf(schemas.CodeInvalid, "read pack: %w", err)
	}
	if len(modules) == 0 {
		return nil, schemas.Errorf(schemas.CodeInvalid, "%s has no .rego file", dir).WithHint("An OPA pack has its rules in .rego files of one package.")
	}
	return modules, nil
}

func parseAs(name, text string, v ast.RegoVersion) (*ast.Module, error) {
	return ast.ParseModuleWithOpts(name, text, ast.ParserOptions{RegoVersion: v, ProcessAnnotation: true})
}

func relative(dir, text string) string {
	return strings.ReplaceAll(text, dir+string(filepath.Separator), "")
}

// Builtins that reach outside, tell about the host, or differ from run to run
// in ways no policy should depend on.
func forbidden(name string) bool {
	return name == "http.send" || name == "opa.runtime" || strings.HasPrefix(name, "net.lookup") || name == "rand.intn" || name == "uuid.rfc4122"
}

func capabilities() *ast.Capabilities {
	c := ast.CapabilitiesForThisVersion()
	c.Builtins = slices.DeleteFunc(c.Builtins, func(b *ast.Builtin) bool { return forbidden(b.Name) })
	c.AllowNet = []string{}
	return c
}

// checkPackage makes sure that all modules share one package: the pack's name.
func (p *pack) checkPackage(modules map[string]*ast.Module) error {
	first := ""
	for _, file := range sortedKeys(modules) {
		path := modules[file].Package.Path
		if first == "" {
			first, p.path = file, path
			continue
		}
		if !path.Equal(p.path) {
			return schemas.Errorf(schemas.CodeInvalid, "%s is in package %s, %s in package %s", first, packageName(p.path), file, packageName(path)).
				WithHint("All modules of a pack share one package: the pack's name.")
		}
	}
	p.name = packageName(p.path)
	if !schemas.PackNamePattern.MatchString(p.name) {
		return schemas.Errorf(schemas.CodeInvalid, "%s: package %q is no pack name: it must match %s", first, p.name, schemas.PackNamePattern)
	}
	return nil
}

// packageName is a package's path without "data.".
func packageName(path ast.Ref) string {
	parts := make([]string, 0, len(path))
	for _, t := range path[1:] {
		parts = append(parts, strings.Trim(t.String(), `"`))
	}
	return strings.Join(parts, ".")
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// collect finds the policies among the rules.
func (p *pack) collect(modules map[string]*ast.Module) error {
	found := map[string]*rule{}
	for _, file := range sortedKeys(modules) {
		m := modules[file]
		about := annotations(m)
		if a := about[""]; a != nil && p.title == "" {
			p.title = a.Title
		}
		for _, clause := range m.Rules {
			name := clause.Head.Ref()[0].Value.String()
			r := found[name]
			if r == nil {
				level, scope, ok := kindOf(strings.Trim(name, `"`))
				if !ok {
					continue
				}
				r = &rule{policy: schemas.Policy{Name: name, DisplayName: strings.TrimSuffix(file, ".rego"), Level: level, Scope: scope}, set: true}
				found[name] = r
			}
			r.set = r.set && clause.Head.RuleKind() == ast.MultiValue
			if a := about[name]; a != nil {
				if err := describe(r, a, file); err != nil {
					return err
				}
			}
		}
	}
	for _, name := range sortedKeys(found) {
		r := found[name]
		clauses := p.compiler.GetRulesExact(p.path.Append(ast.StringTerm(name)))
		if r.types == nil {
			r.types = typesOf(parsedClauses(modules, name))
		}
		r.uses = usesOf(p.compiler, clauses)
		p.rules = append(p.rules, r)
	}
	if len(p.rules) == 0 {
		return schemas.Errorf(schemas.CodeInvalid, "package %s has no policy", p.name).
			WithHint("Policies are rules named deny, deny_name, violation, warn or warn_name.")
	}
	return nil
}

// parsedClauses are the clauses of a rule as written: compiling rewrites them.
func parsedClauses(modules map[string]*ast.Module, name string) []*ast.Rule {
	var out []*ast.Rule
	for _, m := range modules {
		for _, r := range m.Rules {
			if r.Head.Ref()[0].Value.String() == name {
				out = append(out, r)
			}
		}
	}
	return out
}

func kindOf(name string) (schemas.Level, schemas.PolicyScope, bool) {
	for _, k := range ruleKinds {
		if k.name.MatchString(name) {
			return k.level, k.scope, true
		}
	}
	return "", "", false
}

// readSchemas reads config-schema.json: {rule: {properties, required}}.
func (p *pack) readSchemas() error {
	text, err := os.ReadFile(filepath.Join(p.dir, "config-schema.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return schemas.Errorf(schemas.CodeInvalid, "read config-schema.json: %w", err)
	}
	var all map[string]map[string]any
	if err := json.Unmarshal(text, &all); err != nil {
		return schemas.Errorf(schemas.CodeInvalid, "config-schema.json: %w", err)
	}
	for _, r := range p.rules {
		r.policy.ConfigSchema = all[r.policy.Name]
		delete(all, r.policy.Name)
	}
	for _, name := range sortedKeys(all) {
		p.warnings = append(p.warnings, "config-schema.json: no policy is named "+name)
	}
	return nil
}
