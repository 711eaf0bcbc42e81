package policy

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// allPolicies is the entry of a configuration that sets the level of every policy.
const allPolicies = "all"

const levelKey = "enforcementLevel"

// LayerConfig is the configuration of every policy: its declared level and the
// defaults of its schema, then the level of "all", then the given entry of the
// policy (level replaced, properties merged key by key). Entries of policies
// that are not in the list have no effect; see UnknownPolicies. The error is
// CodeInvalid and lists every problem, sorted; nothing may run then.
func LayerConfig(policies []schemas.Policy, given map[string]map[string]any) (map[string]schemas.PolicyConfig, error) {
	out := make(map[string]schemas.PolicyConfig, len(policies))
	all, problem := level(allPolicies, given[allPolicies])
	problems := problem
	for _, p := range policies {
		c := declared(p)
		if all != "" {
			c.Level = all
		}
		own, problem := level(p.Name, given[p.Name])
		problems = append(problems, problem...)
		if own != "" {
			c.Level = own
		}
		for k, v := range given[p.Name] {
			if k != levelKey {
				c.Properties[k] = v
			}
		}
		problems = append(problems, validate(p, c.Properties)...)
		if len(c.Properties) == 0 {
			c.Properties = nil
		}
		out[p.Name] = c
	}
	if len(problems) > 0 {
		slices.Sort(problems)
		return nil, schemas.Errorf(schemas.CodeInvalid, "policy pack configuration is invalid: %s", strings.Join(problems, ", "))
	}
	return out, nil
}

// declared is the configuration of a policy that nobody configured.
func declared(p schemas.Policy) schemas.PolicyConfig {
	c := schemas.PolicyConfig{Level: p.Level, Properties: defaults(p.ConfigSchema)}
	if c.Level == "" {
		c.Level = schemas.Advisory
	}
	return c
}

// level reads the level of an entry; "" when it has none.
func level(policy string, entry map[string]any) (schemas.Level, []string) {
	v, ok := entry[levelKey]
	if !ok || v == nil {
		return "", nil
	}
	s, ok := v.(string)
	if !ok {
		return "", []string{policy + ": enforcementLevel must be a string"}
	}
	l := schemas.Level(s)
	switch l {
	case schemas.Advisory, schemas.Mandatory, schemas.Remediate, schemas.LevelDisabled:
		return l, nil
	}
	return "", []string{fmt.Sprintf("%s: %q is not a valid enforcement level", policy, s)}
}

func defaults(schema map[string]any) map[string]any {
	out := map[string]any{}
	properties, _ := schema["properties"].(map[string]any)
	for name, p := range properties {
		if m, ok := p.(map[string]any); ok {
			if d, ok := m["default"]; ok {
				out[name] = d
			}
		}
	}
	return out
}

// UnknownPolicies are the names in a configuration that the pack does not
// have, sorted.
func UnknownPolicies(policies []schemas.Policy, given map[string]map[string]any) []string {
	known := map[string]bool{allPolicies: true}
	for _, p := range policies {
		known[p.Name] = true
	}
	var unknown []string
	for name := range given {
		if !known[name] {
			unknown = append(unknown, name)
		}
	}
	slices.Sort(unknown)
	return unknown
}

// ParseConfig reads a configuration file, YAML or JSON: per policy, or "all",
// an enforcement level or an object. Errors are CodeInvalid and list every problem.
func ParseConfig(raw []byte) (map[string]map[string]any, error) {
	var doc map[string]any
	if err := yaml.Unmarshal(raw, &doc); err != nil {
		return nil, schemas.Errorf(schemas.CodeInvalid, "read pack configuration: %w", err)
	}
	out := map[string]map[string]any{}
	var p schemas.Problems
	for _, name := range slices.Sorted(maps.Keys(doc)) {
		switch v := doc[name].(type) {
		case nil:
		case string:
			out[name] = map[string]any{levelKey: v}
		case map[string]any:
			out[name] = v
		default:
			p.Check(name != "environments", name, "environments are not supported; write their values into the policies")
			p.Check(name == "environments", name, "must be a string or object")
		}
	}
	if err := p.Err(); err != nil {
		return nil, err
	}
	return out, nil
}

// canonical brings a configuration into the form JSON gives it, so that the
// same file compares equal however it came, and drops empty entries.
func canonical(given map[string]map[string]any) (map[string]map[string]any, error) {
	raw, err := json.Marshal(given)
	if err != nil {
		return nil, schemas.Errorf(schemas.CodeInvalid, "encode pack configuration: %w", err)
	}
	var out map[string]map[string]any
	if err := json.Unmarshal(raw, &out); err != nil {
		return nil, schemas.Errorf(schemas.CodeInvalid, "decode pack configuration: %w", err)
	}
	maps.DeleteFunc(out, func(_ string, entry map[string]any) bool { return len(entry) == 0 })
	if len(out) == 0 {
		return nil, nil
	}
	return out, nil
}
