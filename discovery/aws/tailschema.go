package aws

import (
	"encoding/json"
	"strings"
)

// schema is what reading takes of a type's schema.
type schema struct {
	Listable  bool            `json:"listable,omitempty"`
	Keys      []string        `json:"keys,omitempty"`      // that a list must be given
	ListFull  bool            `json:"listFull,omitempty"`  // a list may read what a direct read does
	WriteOnly []string        `json:"writeOnly,omitempty"` // paths of properties that are never returned, "Code.ZipFile"
	ReadOnly  map[string]bool `json:"readOnly,omitempty"`
	Unordered map[string]bool `json:"unordered,omitempty"` // names of lists without an order
}

type rawSchema struct {
	ReadOnly  []string `json:"readOnlyProperties"`
	WriteOnly []string `json:"writeOnlyProperties"`
	Handlers  map[string]struct {
		Permissions []string `json:"permissions"`
		Schema      struct {
			Required []string                      `json:"required"`
			OneOf    []struct{ Required []string } `json:"oneOf"`
			AnyOf    []struct{ Required []string } `json:"anyOf"`
		} `json:"handlerSchema"`
	} `json:"handlers"`
}

func parseSchema(text string) (*schema, error) {
	var raw rawSchema
	if err := json.Unmarshal([]byte(text), &raw); err != nil {
		return nil, err
	}
	list, listable := raw.Handlers["list"]
	out := &schema{Listable: listable, Keys: list.Schema.Required, ReadOnly: map[string]bool{}, Unordered: map[string]bool{}}
	for _, one := range append(list.Schema.OneOf, list.Schema.AnyOf...) {
		if len(out.Keys) == 0 {
			out.Keys = one.Required // the first choice is the parent
		}
	}
	may := map[string]bool{}
	for _, p := range list.Permissions {
		may[p] = true
	}
	out.ListFull = listable
	for _, p := range raw.Handlers["read"].Permissions {
		out.ListFull = out.ListFull && may[p]
	}
	for _, p := range raw.WriteOnly {
		out.WriteOnly = append(out.WriteOnly, pointerPath(p))
	}
	for _, p := range raw.ReadOnly {
		out.ReadOnly[pointerPath(p)] = true
	}
	var doc any
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		return nil, err
	}
	findUnordered("", doc, out.Unordered)
	return out, nil
}

// pointerPath makes "Code.ZipFile" of "/properties/Code/ZipFile"; lists are looked through.
func pointerPath(pointer string) string {
	var parts []string
	for p := range strings.SplitSeq(strings.TrimPrefix(pointer, "/properties/"), "/") {
		if p != "*" && p != "properties" && p != "items" {
			parts = append(parts, p)
		}
	}
	return strings.Join(parts, ".")
}

// findUnordered collects the names of the lists whose order means nothing.
func findUnordered(name string, v any, into map[string]bool) {
	m, ok := v.(map[string]any)
	if !ok {
		return
	}
	if ordered, said := m["insertionOrder"].(bool); said && !ordered {
		into[name] = true
	}
	for k, v := range m {
		findUnordered(k, v, into)
	}
}
