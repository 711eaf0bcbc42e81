package seal

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// Seal returns a copy of a resource's properties in which secret values are
// sealed: those that are secret by the resource's type, and any string that
// looks like a credential. Only the value itself is sealed, never the object
// around it. What is sealed already stays as it is.
func (r *Ring) Seal(properties map[string]any, resourceType string) map[string]any {
	paths := secretPaths[schemas.CanonicalType(resourceType)]
	out, _ := r.walk(properties, paths).(map[string]any)
	return out
}

// walk copies a value; paths are what is secret below it.
func (r *Ring) walk(v any, paths []path) any {
	switch v := v.(type) {
	case map[string]any:
		if isSealed(v) {
			return copyOf(v)
		}
		out := make(map[string]any, len(v))
		for k, child := range v {
			out[k] = r.child(k, child, paths)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, child := range v {
			out[i] = r.child(anyElement, child, paths)
		}
		return out
	case []string:
		out := make([]any, len(v))
		for i, child := range v {
			out[i] = r.child(anyElement, child, paths)
		}
		return out
	case map[string]string:
		out := make(map[string]any, len(v))
		for k, child := range v {
			out[k] = r.child(k, child, paths)
		}
		return out
	case string:
		if looksSecret(v) {
			return r.seal(v)
		}
	}
	return v
}

func (r *Ring) child(key string, v any, paths []path) any {
	var below []path
	for _, p := range paths {
		if p[0] != key && p[0] != anyElement {
			continue
		}
		if len(p) > 1 {
			below = append(below, p[1:])
			continue
		}
		if m, ok := v.(map[string]any); ok && isSealed(m) {
			return copyOf(m)
		}
		// Nothing is no secret, and packs ask whether something is there.
		if v != nil && v != "" {
			return r.seal(v)
		}
	}
	return r.walk(v, below)
}

// MAC returns a copy of a value in which every sealed secret is replaced by
// {"sealed": mac}, for hashing.
func (r *Ring) MAC(v any) any {
	return replace(v, func(m map[string]any) any { return map[string]any{"sealed": m[macKey]} })
}

// Open returns a copy of properties with every secret opened, and the texts of
// the secrets for Redact, longest first. An error (CodeInvalid) means that not
// all could be opened; nothing is returned then.
func (r *Ring) Open(properties map[string]any) (plain map[string]any, secrets []string, err error) {
	seen := map[string]bool{}
	out := replace(properties, func(m map[string]any) any {
		v, e := r.open(m)
		if e != nil {
			err = e
			return nil
		}
		collect(v, seen)
		return v
	})
	if err != nil {
		return nil, nil, err
	}
	for s := range seen {
		secrets = append(secrets, s)
	}
	// Longest first, so that a secret inside another one does not leave its rest.
	slices.SortFunc(secrets, func(a, b string) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(a, b)
	})
	plain, _ = out.(map[string]any)
	return plain, secrets, nil
}

// minRedact is the length of the shortest text that is redacted: shorter ones
// ("1", "on") would blank out words that are none.
const minRedact = 4

// collect notes every text inside an opened secret.
func collect(v any, into map[string]bool) {
	switch v := v.(type) {
	case string:
		if len(v) < minRedact {
			return
		}
		into[v] = true
		// Engines print objects as JSON, in which line ends and quotes are escaped.
		if escaped, err := json.Marshal(v); err == nil {
			into[string(escaped[1:len(escaped)-1])] = true
		}
	case []any:
		for _, c := range v {
			collect(c, into)
		}
	case map[string]any:
		for _, c := range v {
			collect(c, into)
		}
	}
}

// Redact replaces every secret in a text; secrets come from Open.
func Redact(text string, secrets []string) string {
	for _, s := range secrets {
		if s != "" {
			text = strings.ReplaceAll(text, s, Redacted)
		}
	}
	return text
}

// Redact is the function Redact, for those who hold a ring behind an interface.
func (r *Ring) Redact(text string, secrets []string) string { return Redact(text, secrets) }

// replace copies a tree with every sealed value replaced.
func replace(v any, with func(map[string]any) any) any {
	switch v := v.(type) {
	case map[string]any:
		if isSealed(v) {
			return with(v)
		}
		out := make(map[string]any, len(v))
		for k, c := range v {
			out[k] = replace(c, with)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, c := range v {
			out[i] = replace(c, with)
		}
		return out
	}
	return v
}

func copyOf(m map[string]any) map[string]any {
	out := make(map[string]any, len(m))
	for k, v := range m {
		out[k] = v
	}
	return out
}
