package rego

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/insights-scanner/insights-scanner/evaluator"
)

// The codes of pulumi-policy-opa's warnings: what looks for them in its output
// finds them in ours.
const (
	unrecognizedRule = "opa/unrecognized-rule"
	zeroRules        = "opa/zero-rules"
	duplicateRule    = "opa/duplicate-rule"
	missingConfig    = "opa/missing-config"
	missingVersion   = "opa/missing-version"
)

const namesOfPolicies = "deny, violation or warn, with _ and letters or digits after it"

func (p *pack) warn(format string, a ...any) {
	p.warnings = append(p.warnings, fmt.Sprintf(format, a...))
}

// warnProject warns of what PulumiPolicy.yaml lacks.
func (p *pack) warnProject(project evaluator.Project) {
	if project.Version == "" {
		p.warn("%s: %s has no version: one that is published needs it", missingVersion, evaluator.ProjectFile)
	}
}

// warnRules warns of packs that judge less than their author may think.
func (p *pack) warnRules(modules map[string]*ast.Module) {
	if len(p.rules) == 0 {
		p.warn("%s: package %s has no policy, it judges nothing: policies are rules named %s", zeroRules, p.name, namesOfPolicies)
	}
	for _, r := range p.rules {
		if len(r.files) > 1 || r.blocks > 1 {
			p.warn("%s: %s is written several times in %s: it is one policy, described by its first METADATA; for several give them names of their own, such as %s_name",
				duplicateRule, r.policy.Name, strings.Join(r.files, ", "), r.policy.Name)
		}
	}
	p.warnUnrecognized(modules)
}

// ruleLike are the names that pulumi-policy-opa takes for those of policies which
// are not spelled as they have to be.
var ruleLike = regexp.MustCompile(`^(?i:stack[_-]?)?(?i:den(y|ies)|violat(e|ions?)|warn(ing)?s?|requires?|must|ensures?|enforces?|should|checks?|validates?|` +
	`verif(y|ies)|disallows?|prohibits?|forbids?|restricts?|blocks?|prevents?|mandates?|rejects?)(_|-|[A-Z0-9]|$)`)

// warnUnrecognized warns of rules that look like policies, by their name or as
// they give a set, and are asked by none. What a policy asks is its helper.
func (p *pack) warnUnrecognized(modules map[string]*ast.Module) {
	helpers := p.helpers()
	for _, file := range sortedKeys(modules) {
		for _, clause := range modules[file].Rules {
			name := nameOf(clause)
			if helpers[name] || strings.HasPrefix(name, "test_") || len(clause.Head.Args) > 0 || clause.Head.Key == nil && !ruleLike.MatchString(name) {
				continue
			}
			if _, _, policy := kindOf(clause); !policy {
				helpers[name] = true // once
				p.warn("%s: %s:%d: %s is no policy, nothing asks for it: policies are rules named %s", unrecognizedRule, file, clause.Location.Row, name, namesOfPolicies)
			}
		}
	}
}

// helpers are the names of the rules that policies ask for, directly or not.
func (p *pack) helpers() map[string]bool {
	names := map[string]bool{}
	var visit func(r *ast.Rule)
	visit = func(r *ast.Rule) {
		for dep := range p.compiler.Graph.Dependencies(r) {
			if next, ok := dep.(*ast.Rule); ok && !names[nameOf(next)] {
				names[nameOf(next)] = true
				for _, clause := range p.clauses(nameOf(next)) {
					visit(clause)
				}
			}
		}
	}
	for _, r := range p.rules {
		for _, clause := range p.clauses(r.policy.Name) {
			visit(clause)
		}
	}
	return names
}

// clauses are the compiled clauses of a rule of the pack.
func (p *pack) clauses(name string) []*ast.Rule {
	return p.compiler.GetRulesWithPrefix(p.path.Append(ast.StringTerm(name)))
}

// warnConfig warns of policies that say how they are configured, and have no value
// to judge by until they are.
func (p *pack) warnConfig() {
	for _, r := range p.rules {
		properties, _ := r.policy.ConfigSchema["properties"].(map[string]any)
		if r.policy.ConfigSchema != nil && !hasDefault(properties) {
			p.warn("%s: config-schema.json gives %s no default: what it asks data.config for is undefined until it is enforced with a configuration",
				missingConfig, r.policy.Name)
		}
	}
}

func hasDefault(properties map[string]any) bool {
	for _, property := range properties {
		if m, ok := property.(map[string]any); ok && m["default"] != nil {
			return true
		}
	}
	return false
}
