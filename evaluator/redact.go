package evaluator

import (
	"slices"
	"strings"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// redactor takes secret values out of what people read.
type redactor []string

// newRedactor also knows the lines of secrets that have several: programs print
// them in other ways than they are written.
func newRedactor(secrets []string) redactor {
	r := redactor(slices.Clone(secrets))
	for _, secret := range secrets {
		if !strings.Contains(secret, "\n") {
			continue
		}
		for line := range strings.Lines(secret) {
			if line = strings.TrimSpace(line); len(line) >= leastLine {
				r = append(r, line)
			}
		}
	}
	return r
}

// leastLine is how long a line of a secret is to be one by itself: shorter ones,
// such as a brace, are in many texts.
const leastLine = 6

// Redact takes secrets out of a text that an engine has from a pack.
func Redact(text string, secrets []string) string { return newRedactor(secrets).text(text) }

const hidden = "[secret]"

// redact takes the secrets out of results.
func (r redactor) redact(results []schemas.PolicyResult) {
	if len(r) == 0 {
		return
	}
	for i := range results {
		res := &results[i]
		if res.Reason == "" && len(res.Messages) == 0 {
			continue // perhaps shared: nothing may be written
		}
		res.Reason = r.text(res.Reason)
		for m := range res.Messages {
			res.Messages[m] = r.text(res.Messages[m])
		}
		// Messages that differed only in a secret are one now.
		slices.Sort(res.Messages)
		res.Messages = slices.Compact(res.Messages)
	}
}

// text replaces every stretch that secrets cover. Secrets may overlap or contain
// each other: replaced one after another, a part of one would be left.
func (r redactor) text(text string) string {
	var covered []bool
	for _, secret := range r {
		for at := 0; secret != ""; at++ {
			i := strings.Index(text[at:], secret)
			if i < 0 {
				break
			}
			if covered == nil {
				covered = make([]bool, len(text))
			}
			at += i
			for n := range len(secret) {
				covered[at+n] = true
			}
		}
	}
	if covered == nil {
		return text
	}
	var out strings.Builder
	for i := range len(text) {
		switch {
		case !covered[i]:
			out.WriteByte(text[i])
		case i == 0 || !covered[i-1]:
			out.WriteString(hidden)
		}
	}
	return out.String()
}
