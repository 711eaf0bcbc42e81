package apply

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// settings are what people set of an account, as JSON has it.
func settings(a schemas.Account) map[string]any {
	m := asJSON(a)
	for _, key := range setByUs {
		delete(m, key)
	}
	if a.ID == "" {
		delete(m, "id")
	}
	return m
}

// terms are what people set of an enrolment.
func terms(e schemas.Enrolment) map[string]any {
	m := asJSON(e)
	delete(m, "pack")
	for _, key := range setByUs {
		delete(m, key)
	}
	return m
}

func asJSON(v any) map[string]any {
	var m map[string]any
	raw, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(raw, &m)
	}
	if err != nil {
		panic("not JSON: " + err.Error()) // our own types, and configurations that came as JSON
	}
	return m
}

// fieldsOf are the differences between two objects, by path: objects within are
// looked into, lists are compared whole.
func fieldsOf(old, now map[string]any) []Field {
	a, b := map[string]any{}, map[string]any{}
	flatten("", old, a)
	flatten("", now, b)
	all := maps.Clone(a)
	maps.Copy(all, b)
	var fields []Field
	for _, path := range slices.Sorted(maps.Keys(all)) {
		if !reflect.DeepEqual(a[path], b[path]) {
			fields = append(fields, Field{path, a[path], b[path]})
		}
	}
	return fields
}

func flatten(prefix string, m map[string]any, into map[string]any) {
	for key, v := range m {
		if inner, ok := v.(map[string]any); ok && len(inner) > 0 {
			flatten(prefix+key+".", inner, into)
			continue
		}
		into[prefix+key] = v
	}
}
