package evaluator

import (
	"slices"
	"strings"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// redactor takes secret values out of what people read.
type redactor []string

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
