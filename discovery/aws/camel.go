package aws

import (
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode"
)

// names are fields of the SDK whose properties are named otherwise than camelName
// says: "KmsKey": "kmsKeyArn". "" leaves a field out.
type names map[string]string

// camel is a structure of the SDK in Pulumi's names, where a type's properties are
// built like AWS's answer: structures become maps without what has no value, times
// RFC 3339. Lists keep their order.
func camel(v any, other names) any { return camelOf(reflect.ValueOf(v), other) }

// camelMap is camel of a structure; empty for a nil pointer.
func camelMap(v any, other names) map[string]any {
	m, _ := camel(v, other).(map[string]any)
	return m
}

// camels sets a property for every field of an answer.
func (d *document) camels(v any, other names) {
	for name, value := range camelMap(v, other) {
		d.set(name, value)
	}
}

func camelOf(v reflect.Value, other names) any {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return nil
		}
		return camelOf(v.Elem(), other)
	case reflect.Struct:
		if t, ok := reflect.TypeAssert[time.Time](v); ok {
			return t.UTC().Format(time.RFC3339)
		}
		return camelStruct(v, other)
	case reflect.Slice:
		list := make([]any, 0, v.Len())
		for i := range v.Len() {
			list = append(list, camelOf(v.Index(i), other))
		}
		return list
	case reflect.Map:
		m := make(map[string]any, v.Len())
		for _, k := range v.MapKeys() {
			m[k.String()] = camelOf(v.MapIndex(k), other)
		}
		return m
	case reflect.Int32, reflect.Int64:
		return int(v.Int())
	case reflect.String:
		return v.String()
	case reflect.Bool, reflect.Float64:
		return v.Interface()
	default: // a union of the SDK, which has no structure of its own
		return nil
	}
}

func camelStruct(v reflect.Value, other names) map[string]any {
	d := newDocument()
	for i := range v.NumField() {
		f := v.Type().Field(i)
		name, renamed := other[f.Name]
		if !renamed {
			name = camelName(f.Name)
		}
		if name != "" && f.IsExported() && f.Name != "ResultMetadata" {
			d.set(name, camelOf(v.Field(i), other))
		}
	}
	return d.properties
}

// camelName is the rule of Pulumi's names: of a run of capitals the last one begins
// the next word, "EBSEnabled" is ebsEnabled, "EnforceHTTPS" enforceHttps.
func camelName(field string) string {
	r := []rune(field)
	upper := func(i int) bool { return i >= 0 && i < len(r) && (unicode.IsUpper(r[i]) || unicode.IsDigit(r[i])) }
	out := slices.Clone(r)
	for i := range r {
		if upper(i-1) && upper(i) && (i == len(r)-1 || upper(i+1)) || i == 0 {
			out[i] = unicode.ToLower(r[i])
		}
	}
	return string(out)
}

// first is the only one of a list that Pulumi has as a single value.
func first[T ~string](list []T) string {
	if len(list) == 0 {
		return ""
	}
	return string(list[0])
}

// before is what of an id stands before its first mark.
func before(id, mark string) string {
	head, _, _ := strings.Cut(id, mark)
	return head
}

// like is what an answer says, as the structure that lists have of the same: fields
// with the same name and type.
func like[T any](answer any) (item T) {
	from, to := reflect.Indirect(reflect.ValueOf(answer)), reflect.ValueOf(&item).Elem()
	for i := range to.NumField() {
		f := to.Type().Field(i)
		if v := from.FieldByName(f.Name); f.IsExported() && v.IsValid() && v.Type() == f.Type {
			to.Field(i).Set(v)
		}
	}
	return item
}
