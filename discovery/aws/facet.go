package aws

import (
	"maps"
	"slices"
	"strings"

	"github.com/insights-scanner/insights-scanner/discovery"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// facet is what is known of a group of fields that one call returns.
type facet struct {
	state  schemas.FacetState
	call   string // IAM action
	reason string
	passes bool // the call may succeed another time
}

// facetOf judges the error of a facet's call. The absent codes are the
// service's positive answers "not configured".
func facetOf(call string, err error, absent ...string) facet {
	switch {
	case err == nil:
		return facet{state: schemas.FacetPresent, call: call}
	case isNotFound(err, absent...):
		return facet{state: schemas.FacetAbsent, call: call}
	default:
		state, reason := classify(err)
		return facet{state: state, call: call, reason: reason, passes: passes(err)}
	}
}

// notInAnswer is the reason of a facet whose call succeeded without its content.
const notInAnswer = "not in the answer"

// need takes back that a facet is present when the answer lacks what it is
// about: nothing was said, which is not "not configured".
func (f facet) need(there bool) facet {
	if f.state == schemas.FacetPresent && !there {
		f.state, f.reason = schemas.FacetFailed, notInAnswer
	}
	return f
}

// document collects the properties of one resource and what could not be known.
type document struct {
	properties map[string]any
	unknown    []schemas.UnknownPath
	passes     bool // a call of it failed that may succeed another time
}

func newDocument() *document { return &document{properties: map[string]any{}} }

// set keeps a property unless it has no value.
func (d *document) set(name string, v any) {
	switch v := v.(type) {
	case nil:
		return
	case string:
		if v == "" {
			return
		}
	case []any:
		if len(v) == 0 {
			return
		}
	case map[string]any:
		if len(v) == 0 {
			return
		}
	}
	d.properties[name] = v
}

// facet sets a property of a facet: its value when present, nothing when
// absent, an unknown path otherwise.
func (d *document) facet(name string, f facet, value func() any) {
	switch {
	case f.state == schemas.FacetPresent:
		d.set(name, value())
	case f.state.Unknown():
		d.unknown = append(d.unknown, schemas.UnknownPath{Path: name, State: f.state, Call: f.call, Reason: f.reason})
		d.passes = d.passes || f.passes
	}
}

// flag sets a truth value that a policy may ask for. An answer without it says
// nothing, least of all "false".
func (d *document) flag(name string, v *bool, call string) {
	d.facet(name, facet{state: schemas.FacetPresent, call: call}.need(v != nil), func() any { return *v })
}

// told sets a property that every answer has; one without it says nothing.
func (d *document) told(name string, v any, there bool, call string) {
	d.facet(name, facet{state: schemas.FacetPresent, call: call}.need(there), func() any { return v })
}

// unread lists the properties of a facet that is unknown; false for a known one.
func (d *document) unread(f facet, names ...string) bool {
	if !f.state.Unknown() {
		return false
	}
	for _, n := range names {
		d.facet(n, f, nil)
	}
	return true
}

// notRead lists properties whose value exists and takes a call of its own,
// which is not made.
func (d *document) notRead(call string, names ...string) {
	for _, n := range names {
		d.unknown = append(d.unknown, schemas.UnknownPath{Path: n, State: schemas.FacetNotRead, Call: call, Reason: "not read"})
	}
}

// withheld lists properties that are not read, also when packs need them: they may
// hold secrets.
func (d *document) withheld(names ...string) {
	for _, n := range names {
		d.unknown = append(d.unknown, schemas.UnknownPath{Path: n, State: schemas.FacetNotRead, Reason: "not read: it may hold secrets"})
	}
}

// notReadable lists properties that can be set and are never returned.
func (d *document) notReadable(names ...string) {
	for _, n := range names {
		d.unknown = append(d.unknown, schemas.UnknownPath{Path: n, State: schemas.FacetNotReadable, Reason: "never returned"})
	}
}

// ownTags leaves out the tags that AWS gives, as the classic provider does: nobody
// can change them, and a resource that has no others is not tagged.
func ownTags(tags any) any {
	const aws = "aws:"
	switch tags := tags.(type) {
	case map[string]any:
		own := maps.Clone(tags)
		maps.DeleteFunc(own, func(key string, _ any) bool { return strings.HasPrefix(key, aws) })
		return own
	case []any: // those of a scaling group
		return slices.DeleteFunc(slices.Clone(tags), func(tag any) bool {
			m, _ := tag.(map[string]any)
			key, _ := m["key"].(string)
			return strings.HasPrefix(key, aws)
		})
	}
	return tags
}

// observe makes the observation of the document.
func (d *document) observe(region, token, id, name string, projection int) discovery.Observation {
	if tags, ok := d.properties["tags"]; ok {
		delete(d.properties, "tags")
		d.set("tags", ownTags(tags))
	}
	return discovery.Observation{
		Key:  schemas.Key{Region: region, Type: token, ID: id},
		Name: name, Properties: d.properties, Unknown: d.unknown, Projection: projection, Passing: d.passes,
	}
}

// observeIf makes the observation of what one call tells of and not every such item has, as the policy of a
// queue: none where the call says that there is none. Where it was refused or failed nobody knows, and the
// observation says so: it is new to nobody, and what is held of it stays (discovery.Observation.Unread).
//
// What is there whatever that call says is observed, be all of it unknown: versioning, public access block and
// access control list of a bucket, the policy of a topic, the status of a recorder, with whom a snapshot that can
// be shared is shared, what only a list names, and the facts of an account or a region.
func (d *document) observeIf(f facet, region, token, id, name string, projection int) []discovery.Observation {
	if f.state == schemas.FacetAbsent {
		return nil
	}
	o := d.observe(region, token, id, name, projection)
	if f.state.Unknown() {
		o.Unread = &schemas.UnknownPath{State: f.state, Call: f.call, Reason: f.reason}
	}
	return []discovery.Observation{o}
}

// sortUnknown gives the unknown paths a stable order.
func sortUnknown(d *document) {
	slices.SortFunc(d.unknown, func(a, b schemas.UnknownPath) int { return strings.Compare(a.Path, b.Path) })
}
