package evaluator

import (
	"fmt"
	"strings"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// What one resource may say under one pack. Together it is far below what a
// batch may hold; of a pack with thousands of policies every one still says a line.
const (
	maxTexts     = 1000 // messages of all policies
	maxMessages  = 50   // of one policy
	maxTextBytes = 128 << 10
	longestText  = 2 << 10
	leastText    = 40
)

// bound shortens what results tell, after secrets were taken out: a cut through
// one would leave a part of it.
func bound(results []schemas.PolicyResult) {
	told := 0
	for i := range results {
		if r := &results[i]; len(r.Messages) > 0 || r.Reason != "" {
			told++
		}
	}
	if told == 0 {
		return
	}
	most, texts := min(max(maxTexts/told, 1), maxMessages), 0
	for i := range results {
		r := &results[i]
		r.Messages = fewer(r.Messages, most)
		texts += len(r.Messages) + 1
	}
	longest := min(max(maxTextBytes/texts, leastText), longestText)
	for i := range results {
		r := &results[i]
		r.Reason = shorter(r.Reason, longest)
		for m := range r.Messages {
			r.Messages[m] = shorter(r.Messages[m], longest)
		}
	}
}

// fewer keeps the first messages and says how many more there are.
func fewer(messages []string, most int) []string {
	if len(messages) <= most {
		return messages
	}
	return append(messages[:most:most], fmt.Sprintf("… and %d more", len(messages)-most))
}

func shorter(text string, longest int) string {
	if len(text) <= longest {
		return text
	}
	return strings.ToValidUTF8(text[:longest], "") + "…"
}
