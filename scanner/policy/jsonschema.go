package policy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// validate returns the problems of a policy's properties under its schema.
func validate(p schemas.Policy, properties map[string]any) []string {
	if len(p.ConfigSchema) == 0 {
		return nil
	}
	schema, err := compile(p.ConfigSchema)
	if err != nil {
		return []string{p.Name + ": " + err.Error()}
	}
	doc, err := normal(properties)
	if err != nil {
		return []string{p.Name + ": " + err.Error()}
	}
	var failed *jsonschema.ValidationError
	if err := schema.Validate(doc); errors.As(err, &failed) {
		return leaves(p.Name, failed)
	} else if err != nil {
		return []string{p.Name + ": " + err.Error()}
	}
	return nil
}

// noURLs keeps a schema from loading files or URLs.
type noURLs struct{}

func (noURLs) Load(url string) (any, error) {
	return nil, fmt.Errorf("a schema must not refer to %s", url)
}

// compile builds {type: object, properties, required} of a policy's schema;
// other keywords at its top level have no effect, as in Pulumi.
func compile(schema map[string]any) (*jsonschema.Schema, error) {
	object := map[string]any{"type": "object"}
	for _, k := range []string{"properties", "required"} {
		if v, ok := schema[k]; ok && v != nil {
			object[k] = v
		}
	}
	doc, err := normal(object)
	if err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft7)
	c.UseLoader(noURLs{})
	if err := c.AddResource("config.json", doc); err != nil {
		return nil, fmt.Errorf("read configuration schema: %w", err)
	}
	compiled, err := c.Compile("config.json")
	if err != nil {
		return nil, fmt.Errorf("the configuration schema is invalid: %w", err)
	}
	return compiled, nil
}

// normal is a value as the library wants it: what JSON decoding gives.
func normal(v any) (any, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode configuration: %w", err)
	}
	return jsonschema.UnmarshalJSON(bytes.NewReader(raw))
}

// leaves are the innermost problems, one line each: "policy: foo is required".
func leaves(policy string, e *jsonschema.ValidationError) []string {
	if len(e.Causes) > 0 {
		var out []string
		for _, c := range e.Causes {
			out = append(out, leaves(policy, c)...)
		}
		return out
	}
	path := strings.Join(e.InstanceLocation, ".")
	if r, ok := e.ErrorKind.(*kind.Required); ok {
		var out []string
		for _, m := range r.Missing {
			out = append(out, policy+": "+strings.TrimPrefix(path+"."+m, ".")+" is required")
		}
		return out
	}
	if path != "" {
		path += ": "
	}
	return []string{policy + ": " + path + text(e)}
}

func text(e *jsonschema.ValidationError) string {
	if out := e.DetailedOutput(); out.Error != nil {
		return out.Error.String()
	}
	return strings.TrimSpace(e.Error())
}

// checkPolicies refuses what no host could run: names that collide or are
// reserved, and configuration schemas that cannot be satisfied or read.
func checkPolicies(policies []schemas.Policy) error {
	var p schemas.Problems
	seen := map[string]bool{}
	for i, pol := range policies {
		path := fmt.Sprintf("policies[%d] %s", i, pol.Name)
		p.Check(schemas.PackNamePattern.MatchString(pol.Name), path, "the name must match %s", schemas.PackNamePattern)
		p.Check(pol.Name != allPolicies, path, "no policy may be called %q", allPolicies)
		p.Check(!seen[pol.Name], path, "the name is used twice")
		seen[pol.Name] = true
		properties, _ := pol.ConfigSchema["properties"].(map[string]any)
		_, defined := properties[levelKey]
		p.Check(!defined && !requires(pol.ConfigSchema, levelKey), path, "the schema must neither define nor require %s", levelKey)
		if len(pol.ConfigSchema) > 0 {
			if _, err := compile(pol.ConfigSchema); err != nil {
				p.Check(false, path, "%v", err)
			}
		}
	}
	return p.Err()
}

func requires(schema map[string]any, property string) bool {
	switch list := schema["required"].(type) {
	case []any:
		return slices.Contains(list, any(property))
	case []string:
		return slices.Contains(list, property)
	}
	return false
}
