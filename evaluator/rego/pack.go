package rego

import (
	"cmp"
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
	mocks    bool    // it replaces parts of its input
	rules    []*rule // sorted by name
	warnings []string
}

// rule is one policy: all clauses of one name.
type rule struct {
	policy   schemas.Policy
	declared map[string]bool    // the types that its metadata names
	asked    [2]map[string]bool // see types
	set      bool               // it produces a set, as by far most do
	uses     *uses              // what it reads of the input
	files    []string           // where its clauses are
	blocks   int                // of METADATA on its clauses
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
func (l Loader) open(dir string) (*pack, error) {
	modules, err := parse(dir)
	if err != nil {
		return nil, err
	}
	if err := l.checkBuiltins(modules); err != nil {
		return nil, err
	}
	p := &pack{dir: dir}
	if err := p.checkPackage(modules); err != nil {
		return nil, err
	}
	p.mocks = mocksInput(modules)
	p.compiler = ast.NewCompiler().WithCapabilities(l.capabilities())
	p.compiler.Compile(modules)
	if p.compiler.Failed() {
		return nil, invalid(p.compiler.Errors)
	}
	p.collect(modules)
	return p, p.readSchemas()
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
func (p *pack) collect(modules map[string]*ast.Module) {
	found := map[string]*rule{}
	for _, file := range sortedKeys(modules) {
		m := modules[file]
		about := annotations(m)
		for _, a := range about[""] {
			p.title = cmp.Or(p.title, a.Title)
		}
		for _, clause := range m.Rules {
			name := nameOf(clause)
			level, scope, ok := kindOf(clause)
			if !ok {
				continue
			}
			r := found[name]
			if r == nil {
				r = &rule{policy: schemas.Policy{Name: name, DisplayName: strings.TrimSuffix(file, ".rego"), Level: level, Scope: scope}, set: true}
				found[name] = r
			}
			p.shape(file, clause)
			r.set = r.set && clause.Head.RuleKind() == ast.MultiValue && len(clause.Head.Ref()) == 1
			if !slices.Contains(r.files, file) {
				r.files = append(r.files, file)
				p.describeOnce(r, about[name], file)
			}
		}
	}
	for _, name := range sortedKeys(found) {
		r := found[name]
		written := parsedClauses(modules, name)
		r.asked = [2]map[string]bool{typesOf(written, false), typesOf(written, true)}
		r.uses = usesOf(p.compiler, p.clauses(name))
		p.rules = append(p.rules, r)
	}
	p.warnRules(modules)
}

// shape warns of a rule that gives no messages. Such a pack loads, as it does in
// Pulumi, which takes its policies for passed; we take them for errored.
func (p *pack) shape(file string, clause *ast.Rule) {
	head := clause.Head
	gives := ""
	switch {
	case head.RuleKind() == ast.MultiValue && len(head.Ref()) == 1:
	case len(head.Ref()) > 1:
		gives = "an object"
	case head.Value != nil && ast.IsConstant(head.Value.Value) && !isList(head.Value):
		gives = typeName(head.Value)
	}
	if gives != "" {
		p.warn("%s:%d: %s gives %s, not messages: write %s contains msg if { … }", file, clause.Location.Row, head.Ref(), gives, head.Ref()[0])
	}
}

func isList(t *ast.Term) bool {
	switch t.Value.(type) {
	case ast.Set, *ast.Array:
		return true
	default:
		return false
	}
}

// types are the types that a rule can fire on, as it compares them; nil when
// that is not known. hidden: a property hides input.type.
func (r *rule) types(hidden bool) map[string]bool {
	if hidden {
		return r.asked[1]
	}
	return r.asked[0]
}

// parsedClauses are the clauses of a rule as written: compiling rewrites them.
func parsedClauses(modules map[string]*ast.Module, name string) []*ast.Rule {
	var out []*ast.Rule
	for _, m := range modules {
		for _, r := range m.Rules {
			if nameOf(r) == name {
				out = append(out, r)
			}
		}
	}
	return out
}

// kindOf tells whether a clause is one of a policy, and of which kind. A function
// is none, whatever its name.
func kindOf(clause *ast.Rule) (schemas.Level, schemas.PolicyScope, bool) {
	for _, k := range ruleKinds {
		if len(clause.Head.Args) == 0 && k.name.MatchString(nameOf(clause)) {
			return k.level, k.scope, true
		}
	}
	return "", "", false
}

// nameOf is the name of the rule that a clause belongs to.
func nameOf(clause *ast.Rule) string { return clause.Head.Ref()[0].Value.String() }

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
		p.warn("config-schema.json: no policy is named %s", name)
	}
	p.warnConfig()
	return nil
}
