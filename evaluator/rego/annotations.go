package rego

import (
	"encoding/json"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// annotations are a module's METADATA blocks by rule name; "" is the package's.
func annotations(m *ast.Module) map[string]*ast.Annotations {
	out := map[string]*ast.Annotations{}
	for _, a := range m.Annotations {
		switch a.Scope {
		case "package":
			out[""] = a
		case "rule", "document":
			if path := a.GetTargetPath(); len(path) > 0 {
				if name, ok := path[len(path)-1].Value.(ast.String); ok {
					out[string(name)] = a
				}
			}
		}
	}
	return out
}

// custom is what we read of a rule's custom metadata. message is Pulumi's, the
// rest our addition: OPA packs have no other place for it.
type custom struct {
	Message     string            `json:"message"`
	Severity    schemas.Severity  `json:"severity"`
	Remediation string            `json:"remediation"`
	URL         string            `json:"url"`
	Controls    []schemas.Control `json:"controls"`
	Tags        []string          `json:"tags"`
	Types       []string          `json:"types"`
}

// describe puts a rule's METADATA into its policy.
func describe(r *rule, a *ast.Annotations, file string) error {
	p := &r.policy
	if a.Title != "" {
		p.DisplayName = a.Title
	}
	p.Description = a.Description
	raw, err := json.Marshal(a.Custom)
	if err != nil {
		return schemas.Errorf(schemas.CodeInvalid, "%s: metadata of %s: %w", file, p.Name, err)
	}
	var c custom
	if err := json.Unmarshal(raw, &c); err != nil {
		return schemas.Errorf(schemas.CodeInvalid, "%s:%d: metadata of %s: %w", file, a.Location.Row, p.Name, err)
	}
	if c.Severity != schemas.SeverityUnspecified && c.Severity.Rank() == 0 {
		return schemas.Errorf(schemas.CodeInvalid, "%s:%d: metadata of %s: severity %q is not low, medium, high or critical", file, a.Location.Row, p.Name, c.Severity)
	}
	p.Message, p.Severity, p.RemediationSteps, p.URL, p.Controls, p.Tags = c.Message, c.Severity, c.Remediation, c.URL, c.Controls, c.Tags
	if len(c.Types) > 0 {
		r.declared = map[string]bool{}
		for _, t := range c.Types {
			r.declared[t] = true
		}
	}
	return nil
}
