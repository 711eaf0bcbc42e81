package evaluator

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// However much a pack tells of a resource, it fits into a batch, and every
// policy says something.
func TestResultsAreBounded(t *testing.T) {
	long := strings.Repeat("ü", 100_000)
	var many []string
	for n := range 5000 {
		many = append(many, fmt.Sprintf("%04d", n)+long[:1000])
	}
	for name, results := range map[string][]schemas.PolicyResult{
		"one long message":     {{Messages: []string{long}}},
		"a long reason":        {{Reason: long}},
		"many messages":        {{Messages: many}},
		"many of each policy":  policies(20, schemas.PolicyResult{Messages: many}),
		"thousands of reasons": policies(3000, schemas.PolicyResult{Reason: long}),
		"thousands of both":    policies(3000, schemas.PolicyResult{Messages: many, Reason: "r"}),
	} {
		t.Run(name, func(t *testing.T) {
			bound(results)
			raw, err := json.Marshal(results)
			if err != nil || len(raw) > schemas.MaxBatchBytes || strings.Contains(string(raw), `\ufffd`) {
				t.Errorf("%d bytes, %v", len(raw), err)
			}
			for _, r := range results {
				if len(r.Messages) == 0 && r.Reason == "" {
					t.Fatalf("%+v tells nothing", r)
				}
			}
		})
	}
}

func policies(n int, like schemas.PolicyResult) []schemas.PolicyResult {
	out := make([]schemas.PolicyResult, n)
	for i := range out {
		out[i] = like
		out[i].Policy, out[i].Outcome = fmt.Sprintf("a-policy-with-a-name-of-its-own-%d", i), schemas.Errored
		out[i].Messages = append([]string(nil), like.Messages...)
	}
	return out
}

func TestBoundSaysWhatIsLeftOut(t *testing.T) {
	var many []string
	for n := range maxMessages + 3 {
		many = append(many, fmt.Sprint(n))
	}
	results := []schemas.PolicyResult{{Messages: many}, {Messages: []string{"short"}}, {Reason: strings.Repeat("x", longestText+1)}}
	bound(results)
	if m := results[0].Messages; len(m) != maxMessages+1 || m[maxMessages] != "… and 3 more" {
		t.Errorf("%d messages, the last is %q", len(m), m[len(m)-1])
	}
	if results[1].Messages[0] != "short" || results[2].Reason != strings.Repeat("x", longestText)+"…" {
		t.Errorf("%q, %d bytes", results[1].Messages, len(results[2].Reason))
	}
}
