package rego

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// annotations are a module's METADATA blocks by rule name; "" is the package's.
func annotations(m *ast.Module) map[string][]*ast.Annotations {
	out := map[string][]*ast.Annotations{}
	for _, a := range m.Annotations {
		switch a.Scope {
		case "package":
			out[""] = append(out[""], a)
		case "rule", "document":
			if path := a.GetTargetPath(); len(path) > 0 {
				if name, ok := path[len(path)-1].Value.(ast.String); ok {
					out[string(name)] = append(out[string(name)], a)
				}
			}
		}
	}
	return out
}

// describeOnce describes a policy by the first METADATA block of its clauses.
func (p *pack) describeOnce(r *rule, blocks []*ast.Annotations, file string) {
	if r.blocks == 0 && len(blocks) > 0 {
		p.describe(r, blocks[0], file)
	}
	r.blocks += len(blocks)
}

// describe puts a rule's METADATA into its policy. message is Pulumi's, the rest of
// custom is our addition: OPA packs have no other place for it. Others may mean
// something else by the same names, which is no reason to refuse their packs.
func (p *pack) describe(r *rule, a *ast.Annotations, file string) {
	pol, where := &r.policy, fmt.Sprintf("%s:%d: metadata of %s", file, a.Location.Row, r.policy.Name)
	if a.Title != "" {
		pol.DisplayName = a.Title
	}
	pol.Description = a.Description
	pol.Message = custom[string](p, a, "message", where)
	pol.Severity = schemas.Severity(strings.ToLower(custom[string](p, a, "severity", where)))
	pol.RemediationSteps = custom[string](p, a, "remediation", where)
	pol.URL = custom[string](p, a, "url", where)
	pol.Controls = custom[[]schemas.Control](p, a, "controls", where)
	pol.Tags = custom[[]string](p, a, "tags", where)
	if pol.Severity != schemas.SeverityUnspecified && pol.Severity.Rank() == 0 {
		p.warn("%s: severity %q is not low, medium, high or critical: not used", where, pol.Severity)
		pol.Severity = schemas.SeverityUnspecified
	}
	types := custom[[]string](p, a, "types", where)
	if len(types) > 0 {
		r.declared = map[string]bool{}
	}
	for _, t := range types {
		r.declared[t] = true
	}
}

// custom is a value of a METADATA block, and nothing when it is of another form.
func custom[T any](p *pack, a *ast.Annotations, name, where string) T {
	var v, none T
	raw, err := json.Marshal(a.Custom[name])
	if err == nil {
		err = json.Unmarshal(raw, &v)
	}
	if err != nil {
		p.warn("%s: %s is not used: %s", where, name, strings.TrimPrefix(err.Error(), "json: "))
		return none
	}
	return v
}
