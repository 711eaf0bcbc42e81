package aws

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// sortByJSON gives a list that has no order a canonical one, so that its hash
// does not change when the service lists it differently.
func sortByJSON(list []any) {
	slices.SortFunc(list, func(a, b any) int { return strings.Compare(encode(a), encode(b)) })
}

func encode(v any) string {
	raw, err := json.Marshal(v) // of maps, slices and scalars only
	if err != nil {
		return err.Error()
	}
	return string(raw)
}

// number reads a number that a service writes as text; nil when it is none.
func number(text string) any {
	n, err := strconv.Atoi(text)
	if err != nil {
		return nil
	}
	return n
}

func anyStrings(list []string) []any {
	out := make([]any, len(list))
	for i, s := range list {
		out[i] = s
	}
	return out
}

// sortedStrings is a set, of strings or of one of the SDK's kinds of them, in its
// canonical order.
func sortedStrings[T ~string](list []T) []any {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = string(s)
	}
	slices.Sort(out)
	return anyStrings(out)
}

func anyMap(m map[string]string) map[string]any {
	out := make(map[string]any, len(m))
	for k, v := range m {
		out[k] = v
	}
	return out
}

// optional is what a pointer points to, with integers as int; nil for a value that
// the answer does not have.
func optional[T bool | int32 | int64 | float64 | string](p *T) any {
	if p == nil {
		return nil
	}
	switch v := any(*p).(type) {
	case int32:
		return int(v)
	case int64:
		return int(v)
	default:
		return v
	}
}
