package api

import (
	"encoding"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// object is a JSON object.
type object = map[string]any

// enums are the types of which only some values exist.
var enums = map[reflect.Type][]any{
	reflect.TypeFor[Format]():                  {CSV, JSONL, OCSF, HTML},
	reflect.TypeFor[TokenScope]():              {ScopeRead, ScopeWrite, ScopeAdmin},
	reflect.TypeFor[schemas.Severity]():        {schemas.SeverityUnspecified, schemas.SeverityLow, schemas.SeverityMedium, schemas.SeverityHigh, schemas.SeverityCritical},
	reflect.TypeFor[schemas.ViolationState]():  {schemas.ViolationOpen, schemas.ViolationFixed},
	reflect.TypeFor[schemas.Transition]():      {schemas.Opened, schemas.Fixed, schemas.Reopened},
	reflect.TypeFor[schemas.FixCause]():        {schemas.FixResourceChanged, schemas.FixResourceGone, schemas.FixPolicyChanged, schemas.FixPackWithdrawn, schemas.FixOutOfScope},
	reflect.TypeFor[schemas.ScanState]():       {schemas.ScanRunning, schemas.ScanCancelling, schemas.ScanSucceeded, schemas.ScanPartial, schemas.ScanFailed, schemas.ScanCancelled},
	reflect.TypeFor[schemas.Trigger]():         {schemas.TriggerManual, schemas.TriggerSchedule},
	reflect.TypeFor[schemas.ScopeState]():      {schemas.ScopeComplete, schemas.ScopeDenied, schemas.ScopeFailed, schemas.ScopeCancelled, schemas.ScopeUnsupported},
	reflect.TypeFor[schemas.Tail]():            {schemas.TailOff, schemas.TailDaily, schemas.TailEachScan},
	reflect.TypeFor[schemas.ConfigUse]():       {schemas.ConfigAuto, schemas.ConfigOff},
	reflect.TypeFor[schemas.FacetState]():      {schemas.FacetPresent, schemas.FacetAbsent, schemas.FacetDenied, schemas.FacetFailed, schemas.FacetNotRead, schemas.FacetNotReadable},
	reflect.TypeFor[schemas.PermissionState](): {schemas.PermissionAllowed, schemas.PermissionDenied, schemas.PermissionFailed, schemas.PermissionNotTried},
	reflect.TypeFor[schemas.MemberReason]():    {schemas.MemberByDefault, schemas.MemberByName, schemas.MemberByChild, schemas.MemberBySelector},
	reflect.TypeFor[schemas.Runtime]():         {schemas.RuntimeOPA, schemas.RuntimeNodeJS, schemas.RuntimePython},
	reflect.TypeFor[schemas.PolicyScope]():     {schemas.PolicyResource, schemas.PolicyStack},
	reflect.TypeFor[schemas.ResourceState]():   {schemas.ResourceNew, schemas.ResourceChanged, schemas.ResourceUnchanged, schemas.ResourceGone},
	reflect.TypeFor[schemas.TriageStatus]():    {schemas.TriageNew, schemas.TriageInProgress, schemas.TriageResolved, schemas.TriageIgnored},
	reflect.TypeFor[schemas.Priority]():        {schemas.Priority(""), schemas.Priority("p0"), schemas.Priority("p1"), schemas.Priority("p2"), schemas.Priority("p3"), schemas.Priority("p4")},
	reflect.TypeFor[schemas.WaiverState]():     {schemas.WaiverPending, schemas.WaiverActive, schemas.WaiverExpiring, schemas.WaiverExpired, schemas.WaiverGone},
	reflect.TypeFor[schemas.ControlStatus]():   {schemas.ControlPassed, schemas.ControlFailed, schemas.ControlUnknown, schemas.ControlNoData, schemas.ControlManual},
	reflect.TypeFor[schemas.WaivedFilter]():    {schemas.WaivedOnly, schemas.WaivedNone},
	reflect.TypeFor[schemas.Code](): {
		schemas.CodeInvalid, schemas.CodeNotFound, schemas.CodeConflict, schemas.CodeDenied, schemas.CodeThrottled,
		schemas.CodeUnavailable, schemas.CodeCancelled, schemas.CodeFenced, schemas.CodeInternal,
	},
}

// formats are texts that follow a rule.
var formats = map[reflect.Type]object{
	reflect.TypeFor[time.Time]():         {"type": "string", "format": "date-time"},
	reflect.TypeFor[schemas.AccountID](): {"type": "string", "examples": []any{"aws-123456789012"}},
	bytesType:                            {"type": []any{"string", "null"}, "contentEncoding": "base64"},
}

// components are the named schemas of the document.
type components struct {
	schemas object
	of      map[string]reflect.Type // by name, to see when two types want one
}

// ref is the schema of a type as encoding/json writes it, and with input as decode
// reads it: nothing is required of it but what the tag api says, and nothing else
// is allowed.
func (c *components) ref(t reflect.Type, input bool) object {
	switch values := enums[t]; {
	case formats[t] != nil:
		return formats[t]
	case values != nil:
		return c.named(t, t.Name(), func() object { return object{"type": "string", "enum": values} })
	case t.Implements(reflect.TypeFor[encoding.TextMarshaler]()):
		return object{"type": "string"}
	}
	switch t.Kind() {
	case reflect.String:
		return object{"type": "string"}
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.Int, reflect.Int64:
		return object{"type": "integer", "format": "int64"}
	case reflect.Uint32, reflect.Uint64:
		return object{"type": "integer", "format": "int64", "minimum": 0}
	case reflect.Float64:
		return object{"type": "number", "format": "double"}
	case reflect.Slice:
		return object{"type": []any{"array", "null"}, "items": c.ref(t.Elem(), input)}
	case reflect.Map:
		return object{"type": []any{"object", "null"}, "additionalProperties": c.ref(t.Elem(), input)}
	case reflect.Pointer:
		return object{"anyOf": []any{c.ref(t.Elem(), input), object{"type": "null"}}}
	case reflect.Interface:
		return object{}
	case reflect.Struct:
		return c.named(t, exported(t.Name(), input), func() object { return c.structure(t, input) })
	}
	panic(fmt.Sprintf("%s has no schema", t))
}

// exported is the name of a type in the document. What is sent and what is read
// differ in what is required.
func exported(name string, input bool) string {
	r := []rune(name)
	r[0] = unicode.ToUpper(r[0])
	if name = string(r); input && !strings.HasSuffix(name, "Request") {
		name += "Input"
	}
	return name
}

// named makes a component, once, and refers to it.
func (c *components) named(t reflect.Type, name string, describe func() object) object {
	switch was := c.of[name]; was {
	case nil:
		c.of[name] = t
		c.schemas[name] = describe()
	case t:
	default:
		panic(fmt.Sprintf("both %s and %s are named %s", was, t, name))
	}
	return object{"$ref": "#/components/schemas/" + name}
}

func (c *components) structure(t reflect.Type, input bool) object {
	properties, required := object{}, []any{}
	c.properties(t, input, properties, &required)
	slices.SortFunc(required, func(a, b any) int { return strings.Compare(a.(string), b.(string)) })
	out := object{"type": "object", "properties": properties}
	if len(required) > 0 {
		out["required"] = required
	}
	if input {
		out["additionalProperties"] = false
	}
	return out
}

func (c *components) properties(t reflect.Type, input bool, properties object, required *[]any) {
	for f := range t.Fields() {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case name == "-" || !f.IsExported():
			continue
		case f.Anonymous && name == "":
			c.properties(f.Type, input, properties, required)
			continue
		case name == "":
			panic(fmt.Sprintf("%s.%s has no name in JSON", t, f.Name))
		}
		optional := strings.Contains(options, "omitempty") || strings.Contains(options, "omitzero")
		ft := f.Type
		if optional && ft.Kind() == reflect.Pointer {
			ft = ft.Elem() // left out rather than null
		}
		s := c.ref(ft, input)
		if input || optional {
			s = neverNull(s)
		}
		properties[name] = s
		if input && f.Tag.Get("api") == "required" || !input && !optional {
			*required = append(*required, name)
		}
	}
}

// neverNull is a schema without null: an empty list that is left out is never
// sent, and nobody has to send one.
func neverNull(s object) object {
	list, several := s["type"].([]any)
	if !several {
		return s
	}
	out := maps.Clone(s)
	out["type"] = list[0]
	return out
}
