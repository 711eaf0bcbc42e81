package pulumi

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"github.com/insights-scanner/insights-scanner/evaluator"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// manifest is what a pack says of itself. PulumiPolicy.yaml names the version
// and, where the pack has none, the description.
func manifest(info *pulumirpc.AnalyzerInfo, project evaluator.Project) (schemas.PackManifest, error) {
	m := schemas.PackManifest{
		PackRef:     schemas.PackRef{Name: info.GetName(), Version: project.Version, Runtime: project.Runtime},
		DisplayName: info.GetDisplayName(), Description: info.GetDescription(), InputFormat: project.InputFormat, Warnings: project.Warnings,
	}
	if m.Description == "" {
		m.Description = project.Description
	}
	if project.Runtime == schemas.RuntimeNodeJS {
		m.Version = info.GetVersion() // of package.json
		if project.Version != "" && project.Version != m.Version {
			return m, schemas.Errorf(schemas.CodeInvalid, "%s names version %s, package.json version %s", evaluator.ProjectFile, project.Version, m.Version).
				WithHint("Of a Node pack, package.json names the version. Remove the one in %s.", evaluator.ProjectFile)
		}
	}
	untyped := 0
	for _, p := range info.GetPolicies() {
		m.Policies = append(m.Policies, policyOf(p, info.GetInitialConfig()))
		if p.GetPolicyType() == pulumirpc.PolicyType_POLICY_TYPE_UNKNOWN {
			untyped++
		}
	}
	if len(m.Policies) == 0 {
		return m, schemas.Errorf(schemas.CodeInvalid, "pack %s has no policy", m.Name)
	}
	if untyped > 0 {
		m.Warnings = append(m.Warnings, fmt.Sprintf("the pack does not say of %d policies whether they are for resources or for stacks; "+
			"they are taken for resource policies: update its policy SDK", untyped))
	}
	slices.SortStableFunc(m.Policies, func(a, b schemas.Policy) int { return strings.Compare(a.Name, b.Name) })
	for i := len(m.Policies) - 1; i > 0; i-- {
		if name := m.Policies[i].Name; name == m.Policies[i-1].Name {
			m.Policies = slices.Delete(m.Policies, i, i+1)
			m.Warnings = append(m.Warnings, "two policies are named "+name+": they are judged as one")
		}
	}
	return m, nil
}

func policyOf(p *pulumirpc.PolicyInfo, initial map[string]*pulumirpc.PolicyConfig) schemas.Policy {
	out := schemas.Policy{
		Name: p.GetName(), DisplayName: p.GetDisplayName(), Description: p.GetDescription(), Message: p.GetMessage(),
		Level: levelOf(p.GetEnforcementLevel()), Severity: severityOf(p.GetSeverity()), Scope: schemas.PolicyResource,
		RemediationSteps: p.GetRemediationSteps(), URL: p.GetUrl(), Tags: p.GetTags(), ConfigSchema: schemaOf(p.GetConfigSchema()),
	}
	if p.GetPolicyType() == pulumirpc.PolicyType_POLICY_TYPE_STACK {
		out.Scope = schemas.PolicyStack
	}
	if f := p.GetFramework(); f.GetName() != "" {
		out.Controls = []schemas.Control{{Framework: f.GetName(), Version: f.GetVersion(), ID: f.GetReference(), Specification: f.GetSpecification()}}
	}
	// A pack's initial configuration lies over what its policies declare. An entry
	// without a level is advisory, as in Pulumi: it looks the same on the wire.
	if all, ok := initial["all"]; ok {
		out.Level = levelOf(all.GetEnforcementLevel())
	}
	if own, ok := initial[out.Name]; ok {
		out.Level = levelOf(own.GetEnforcementLevel())
		for name, v := range own.GetProperties().AsMap() {
			out.ConfigSchema = withDefault(out.ConfigSchema, name, v)
		}
	}
	return out
}

// schemaOf is a configuration schema as {properties, required}; nil without one.
func schemaOf(s *pulumirpc.PolicyConfigSchema) map[string]any {
	if s == nil {
		return nil
	}
	out := map[string]any{}
	if p := s.GetProperties().AsMap(); len(p) > 0 {
		out["properties"] = p
	}
	if len(s.GetRequired()) > 0 {
		out["required"] = s.GetRequired()
	}
	return out
}

// withDefault gives a property of a schema a default.
func withDefault(schema map[string]any, property string, value any) map[string]any {
	if schema == nil {
		schema = map[string]any{}
	}
	properties, _ := schema["properties"].(map[string]any)
	if properties == nil {
		properties = map[string]any{}
		schema["properties"] = properties
	}
	own, _ := properties[property].(map[string]any)
	own = maps.Clone(own)
	if own == nil {
		own = map[string]any{}
	}
	own["default"] = value
	properties[property] = own
	return schema
}

func levelOf(l pulumirpc.EnforcementLevel) schemas.Level {
	switch l {
	case pulumirpc.EnforcementLevel_MANDATORY:
		return schemas.Mandatory
	case pulumirpc.EnforcementLevel_REMEDIATE:
		return schemas.Remediate
	case pulumirpc.EnforcementLevel_DISABLED:
		return schemas.LevelDisabled
	default:
		return schemas.Advisory
	}
}

func wireLevel(l schemas.Level) pulumirpc.EnforcementLevel {
	switch l {
	case schemas.Mandatory:
		return pulumirpc.EnforcementLevel_MANDATORY
	case schemas.Remediate:
		return pulumirpc.EnforcementLevel_REMEDIATE
	case schemas.LevelDisabled:
		return pulumirpc.EnforcementLevel_DISABLED
	default:
		return pulumirpc.EnforcementLevel_ADVISORY
	}
}

func severityOf(s pulumirpc.PolicySeverity) schemas.Severity {
	switch s {
	case pulumirpc.PolicySeverity_POLICY_SEVERITY_LOW:
		return schemas.SeverityLow
	case pulumirpc.PolicySeverity_POLICY_SEVERITY_MEDIUM:
		return schemas.SeverityMedium
	case pulumirpc.PolicySeverity_POLICY_SEVERITY_HIGH:
		return schemas.SeverityHigh
	case pulumirpc.PolicySeverity_POLICY_SEVERITY_CRITICAL:
		return schemas.SeverityCritical
	default:
		return schemas.SeverityUnspecified
	}
}
