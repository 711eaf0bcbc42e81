package rego

import (
	"strings"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// topLevel rounds unknown paths up to their top-level properties: partial
// evaluation takes a list with one unknown field for a known list.
func topLevel(paths []schemas.UnknownPath) map[string]bool {
	if len(paths) == 0 {
		return nil
	}
	out := make(map[string]bool, len(paths))
	for _, p := range paths {
		out[topOf(p.Path)] = true
	}
	return out
}

// topOf is the first part of a property path as Pulumi writes it: a.b, a[0] or ["a b"].c.
func topOf(path string) string {
	if quoted, ok := strings.CutPrefix(path, `["`); ok {
		name, _, _ := strings.Cut(quoted, `"]`)
		return name
	}
	if i := strings.IndexAny(path, ".["); i > 0 {
		return path[:i]
	}
	return path
}
