package aws

import (
	"slices"
	"strings"

	"github.com/insights-scanner/insights-scanner/discovery"
	"github.com/insights-scanner/insights-scanner/discovery/cfn"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// projectTail makes the aws-native resource of what Cloud Control said. Where f is not
// present the document is of a list, which may leave anything out: what it lacks is unknown.
func projectTail(region, token string, typ *cfn.Type, known *schema, d tailResource, f facet) discovery.Observation {
	doc := map[string]any{}
	for name, v := range d.doc {
		if v != nil && settable(typ, known, name) {
			doc[name] = inOrder(name, v, known.Unordered)
		}
	}
	out := newDocument()
	for name, v := range typ.Convert(doc) {
		out.set(name, v)
	}
	if f.state == schemas.FacetPresent {
		out.writeOnly(typ, known, doc)
	} else {
		for _, p := range typ.Properties {
			if _, ok := doc[p]; !ok {
				out.facet(typ.PropertyName(p), f, nil)
			}
		}
	}
	sortUnknown(out)
	return out.observe(region, token, d.id, tailName(typ, d), tailProjection)
}

// settable tells properties from what only the service says of a resource: its state, its
// times, which change by themselves and are not what packs judge. What identifies it stays.
func settable(typ *cfn.Type, known *schema, name string) bool {
	if slices.Contains(typ.Properties, name) || slices.Contains(typ.ID, name) || name == "Arn" {
		return true
	}
	return !slices.Contains(typ.Attributes, name) && !known.ReadOnly[name]
}

// writeOnly lists what can be set and is never returned.
func (d *document) writeOnly(typ *cfn.Type, known *schema, doc map[string]any) {
	for _, path := range known.WriteOnly {
		first, rest, nested := strings.Cut(path, ".")
		if !there(doc, path) {
			name := typ.PropertyName(first)
			if nested {
				for p := range strings.SplitSeq(rest, ".") {
					name += "." + cfn.Property(p)
				}
			}
			d.notReadable(name)
		}
	}
}

// there tells whether a document has a value at a path.
func there(v any, path string) bool {
	if path == "" {
		return v != nil
	}
	switch v := v.(type) {
	case map[string]any:
		first, rest, _ := strings.Cut(path, ".")
		return there(v[first], rest)
	case []any:
		return slices.ContainsFunc(v, func(e any) bool { return there(e, path) })
	}
	return false
}

// inOrder gives lists that have no order one, so that hashes do not change with it.
func inOrder(name string, v any, unordered map[string]bool) any {
	switch v := v.(type) {
	case map[string]any:
		for k, e := range v {
			v[k] = inOrder(k, e, unordered)
		}
	case []any:
		for i, e := range v {
			v[i] = inOrder("", e, unordered)
		}
		if unordered[name] || name == "Tags" {
			sortByJSON(v)
		}
	}
	return v
}

// tailName is what the resource is called, or its identifier.
func tailName(typ *cfn.Type, d tailResource) string {
	kind := typ.Name[strings.LastIndexByte(typ.Name, ':')+1:]
	for _, p := range []string{"Name", kind + "Name"} {
		if name, ok := d.doc[p].(string); ok && name != "" {
			return name
		}
	}
	return d.id
}
