package awsfake

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/insights-scanner/insights-scanner/discovery/cfn"
)

var cloudcontrolOperations = map[string]jsonOperation{"ListResources": listResources, "GetResource": getResource}

// handler finds what Cloud Control may call of a type.
func (q *request) handler(name string, list bool) (handled, *fault) {
	_, byName := handlers()
	h, ok := byName[name]
	switch {
	case !ok:
		return h, &fault{status: 400, code: "TypeNotFoundException", message: "The type '" + name + "' cannot be found."}
	case h.may == 'n', list && !h.listable():
		action := "READ"
		if list {
			action = "LIST"
		}
		return h, &fault{status: 400, code: "UnsupportedActionException", message: "Resource type " + name + " does not support " + action + " action"}
	}
	return h, nil
}

// used tells whether an account has any resources of a type: of every n-th one.
func (q *request) used(h handled) bool {
	list, _ := handlers()
	i := slices.IndexFunc(list, func(o handled) bool { return o.name == h.name })
	return i%max(q.pop.TailEvery, 1) == 0
}

// tailCount is how many of a type there are, below each parent one.
func (q *request) tailCount(h handled) int {
	switch {
	case !q.used(h):
		return 0
	case len(h.keys) > 0:
		return min(q.pop.Tail, 1)
	}
	return q.pop.Tail
}

func listResources(q *request, in input) (any, *fault) {
	h, f := q.handler(in.text("TypeName"), true)
	if f != nil {
		return nil, f
	}
	model := map[string]any{}
	if text := in.text("ResourceModel"); text != "" {
		if err := json.Unmarshal([]byte(text), &model); err != nil {
			return nil, &fault{status: 400, code: "InvalidRequestException", message: "ResourceModel is not JSON"}
		}
	}
	for _, k := range h.keys {
		if _, ok := model[k]; !ok {
			return nil, &fault{
				status: 400, code: "InvalidRequestException",
				message: "Missing or invalid ResourceModel property in " + h.name + " list handler request input. Required property:  [#: required key [" + k + "] not found]",
			}
		}
	}
	// Handlers choose the size of their pages; what is asked for is ignored.
	from, to, next := q.window(in.text("NextToken"), 0, 50, q.tailCount(h))
	list := []any{}
	for i := from; i < to; i++ {
		id := h.identifier(i, model)
		if q.gone(id) {
			continue
		}
		doc, err := json.Marshal(h.listed(q.document(h, id)))
		if err != nil {
			panic(err)
		}
		list = append(list, map[string]any{"Identifier": id, "Properties": string(doc)})
	}
	return paged(map[string]any{"TypeName": h.name, "ResourceDescriptions": list}, "NextToken", next), nil
}

func getResource(q *request, in input) (any, *fault) {
	h, f := q.handler(in.text("TypeName"), false)
	if f != nil {
		return nil, f
	}
	id := in.text("Identifier")
	none := &fault{status: 400, code: "ResourceNotFoundException", message: "Resource of type '" + h.name + "' with identifier '" + id + "' was not found."}
	i, ok := indexOf(id)
	if t := cfn.Lookup(h.name); !ok || q.gone(id) || i >= q.tailCount(h) && h.listable() || strings.Count(id, "|") != max(len(t.ID), 1)-1 {
		return nil, none
	}
	doc, err := json.Marshal(q.document(h, id))
	if err != nil {
		panic(err)
	}
	return map[string]any{"TypeName": h.name, "ResourceDescription": map[string]any{"Identifier": id, "Properties": string(doc)}}, nil
}

// indexOf is the number at the end of the last part of an identifier that has one.
func indexOf(id string) (i int, ok bool) {
	for part := range strings.SplitSeq(id, "|") {
		digits := part[strings.LastIndexByte(part, '-')+1:]
		if n, err := strconv.Atoi(digits); err == nil && len(digits) == 6 {
			i, ok = n, true
		}
	}
	return i, ok
}

// identifier is that of the i-th resource; of a parent it has the parent's keys.
func (h handled) identifier(i int, model map[string]any) string {
	t := cfn.Lookup(h.name)
	var parts []string
	for _, p := range t.ID {
		if v, ok := model[p].(string); ok && slices.Contains(h.keys, p) {
			parts = append(parts, v)
		} else {
			parts = append(parts, fmt.Sprintf("%s-%06d", strings.ToLower(p), i))
		}
	}
	if len(parts) == 0 {
		return fmt.Sprintf("id-%06d", i)
	}
	return strings.Join(parts, "|")
}

// document is the whole resource: every property but those that are write-only.
func (q *request) document(h handled, id string) map[string]any {
	t := cfn.Lookup(h.name)
	doc := map[string]any{}
	for _, p := range append(slices.Clone(t.Attributes), t.Properties...) {
		if !h.hidden(p) {
			doc[p] = p + " of " + id
		}
	}
	if slices.Contains(t.Properties, "Tags") {
		owner := "team"
		if q.touched(id) {
			owner = "changed"
		}
		tags := []any{map[string]any{"Key": "owner", "Value": owner}, map[string]any{"Key": "aws:made", "Value": "by"}}
		if q.number%2 == 0 { // lists without an order come in any
			slices.Reverse(tags)
		}
		doc["Tags"] = tags
	}
	for i, part := range strings.Split(id, "|") {
		if i < len(t.ID) {
			doc[t.ID[i]] = part
		}
	}
	return doc
}

// listed is what a list says of a resource: everything, the identifier, or some of it.
func (h handled) listed(doc map[string]any) map[string]any {
	t := cfn.Lookup(h.name)
	some := map[string]any{}
	for _, p := range t.ID {
		some[p] = doc[p]
	}
	switch {
	case h.may == 'f':
		return doc
	case len(h.name)%2 == 0:
		return some
	}
	for i, p := range t.Properties {
		if v, ok := doc[p]; ok && i%2 == 0 {
			some[p] = v
		}
	}
	return some
}
