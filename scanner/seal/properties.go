package seal

import (
	"maps"
	"slices"
	"strings"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// Seal returns a copy of a resource's properties in which secret values are
// sealed: those that are secret by the resource's type or by their name, and any
// string that looks like a credential. Only the value itself is sealed, never the
// object around it, unless the credential is a name in it. What is sealed already
// stays as it is.
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
			return r.keep(v)
		}
		out := make(map[string]any, len(v))
		for k, child := range v {
			if looksSecret(k) {
				return r.seal(v) // a name cannot be sealed by itself
			}
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
			out[k] = child
		}
		return r.walk(out, paths)
	case string:
		if below := insideText(paths); len(below) > 0 {
			return r.sealInside(v, below)
		}
		// A text with the mark of a secret would be opened with the others.
		if looksSecret(v) || strings.Contains(v, signatureKey) {
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
			return r.keep(m)
		}
		// Nothing is no secret, and packs ask whether something is there.
		if v != nil && v != "" {
			return r.seal(v)
		}
	}
	if text, ok := v.(string); ok && namedSecret(key, text) {
		return r.seal(text)
	}
	return r.walk(v, below)
}

// sealInside seals what is secret in a JSON document and gives back its text. A
// text that could not be put together again as it was is sealed whole.
func (r *Ring) sealInside(text string, paths []path) any {
	if text == "" {
		return text
	}
	doc, ok := decodeText(text)
	if !ok || encodeText(doc) != text {
		return r.seal(text)
	}
	return encodeText(r.walk(doc, paths))
}

// keep leaves what this ring sealed as it is. Anything else in that form only
// looks sealed, as tags and variables with well-chosen names do: left alone it
// would hide what stands in it, and nobody could open the resource. It is sealed
// whole, and Open gives it back.
func (r *Ring) keep(m map[string]any) map[string]any {
	if _, err := r.open(m); err != nil {
		return r.seal(m)
	}
	return maps.Clone(m)
}

// Secret tells whether a text that is no property, such as a name, holds a
// credential.
func (r *Ring) Secret(text string) bool { return looksSecret(text) }

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
	case string:
		if !strings.Contains(v, signatureKey) {
			return v
		}
		if doc, ok := decodeText(v); ok {
			return encodeText(replace(doc, with))
		}
	}
	return v
}
