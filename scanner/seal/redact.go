package seal

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

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
		for _, text := range append(parts(v), v) {
			if len(text) < minRedact {
				continue
			}
			into[text] = true
			for _, form := range jsonForms(text) {
				into[form] = true
			}
		}
		collectJSON(v, into)
	case float64:
		if text, err := json.Marshal(v); err == nil && len(text) >= minRedact {
			into[string(text)] = true
		}
	case []any:
		for _, c := range v {
			collect(c, into)
		}
	case map[string]any:
		for k, c := range v {
			if looksSecret(k) {
				collect(k, into)
			}
			collect(c, into)
		}
	}
}

// collectJSON notes the texts inside a secret that is a document itself, such as
// the container definitions of a task: a pack reads it and prints a part. Numbers
// in it are left alone: most of them are ports and sizes.
func collectJSON(s string, into map[string]bool) {
	if t := strings.TrimSpace(s); t == "" || t[0] != '{' && t[0] != '[' {
		return
	}
	var doc any
	if json.Unmarshal([]byte(s), &doc) == nil {
		collect(withoutNumbers(doc), into)
	}
}

func withoutNumbers(v any) any {
	switch v := v.(type) {
	case float64:
		return nil
	case []any:
		for i := range v {
			v[i] = withoutNumbers(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = withoutNumbers(v[k])
		}
	}
	return v
}

// jsonForms are the ways in which engines write a text inside JSON: Go escapes
// what means something in HTML, JavaScript does not, Python leaves only ASCII.
func jsonForms(s string) []string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	var forms []string
	for _, html := range []bool{true, false} {
		b.Reset()
		e.SetEscapeHTML(html)
		if err := e.Encode(s); err != nil {
			continue
		}
		text := strings.TrimSuffix(b.String(), "\n")
		forms = append(forms, text[1:len(text)-1])
	}
	if len(forms) > 0 {
		forms = append(forms, ascii(forms[len(forms)-1]))
	}
	return forms
}

// ascii escapes every other character as JSON may.
func ascii(s string) string {
	var b strings.Builder
	for _, c := range s {
		switch {
		case c < utf8.RuneSelf:
			b.WriteRune(c)
		case c > 0xffff:
			hi, lo := utf16.EncodeRune(c)
			fmt.Fprintf(&b, `\u%04x\u%04x`, hi, lo)
		default:
			fmt.Fprintf(&b, `\u%04x`, c)
		}
	}
	return b.String()
}

// Redact replaces every secret in a text; secrets come from Open. Where they
// overlap, what they cover together is replaced, so that no rest of one stays.
func Redact(text string, secrets []string) string {
	type span struct{ from, to int }
	var spans []span
	for _, s := range secrets {
		for from := 0; s != ""; {
			i := strings.Index(text[from:], s)
			if i < 0 {
				break
			}
			spans = append(spans, span{from + i, from + i + len(s)})
			from += i + 1
		}
	}
	slices.SortFunc(spans, func(a, b span) int { return a.from - b.from })
	var b strings.Builder
	done := 0
	for _, s := range spans {
		if s.from >= done {
			b.WriteString(text[done:s.from])
			b.WriteString(Redacted)
		}
		done = max(done, s.to)
	}
	b.WriteString(text[done:])
	return b.String()
}

// Redact is the function Redact, for those who hold a ring behind an interface.
func (r *Ring) Redact(text string, secrets []string) string { return Redact(text, secrets) }
