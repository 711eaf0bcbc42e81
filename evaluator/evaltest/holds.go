package evaltest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/insights-scanner/insights-scanner/evaluator"
	"github.com/insights-scanner/insights-scanner/evaluator/fixture"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// fillings are values that an unknown property may turn out to have; the first
// stands for none.
var fillings = []any{
	absent, "x", "on", "forbidden", "public-read", "mode", "-1", true, false, 3, 400,
	map[string]any{},
	map[string]any{"owner": "me", "enabled": true, "days": 3},
	map[string]any{"version": "2012-10-17", "days": 400},
	map[string]any{"version": "2008-10-17", "enabled": false},
	[]any{},
	[]any{map[string]any{"port": 22}},
	[]any{map[string]any{"encrypted": true, "port": 443}},
}

const absent = "(absent)"

// holds checks what was said of a resource with something unknown: it must be
// what is said for every value of the unknown. An engine may say unknown where
// it cannot tell, but a case may want it only where the values really differ.
func holds(t *testing.T, e evaluator.Engine, in evaluator.Input, said []schemas.PolicyResult, wanted map[string]fixture.Want) {
	t.Helper()
	outcomes := make([]map[string]bool, len(said))
	for i := range outcomes {
		outcomes[i] = map[string]bool{}
	}
	for _, value := range fillings {
		known := in
		known.Unknown = nil
		known.Properties = clone(t, in.Properties)
		for _, u := range in.Unknown {
			fill(known.Properties, u.Path, value)
		}
		for i, is := range judge(t, e, known) {
			outcomes[i][fmt.Sprint(is.Outcome, is.Messages)] = true
			if !compatible(said[i], is) {
				t.Errorf("%s: said %s %q, but with %v it is %s %q %s", is.Policy, said[i].Outcome, said[i].Messages, value, is.Outcome, is.Messages, is.Reason)
			}
		}
	}
	for i, s := range said {
		if wanted[s.Policy].Outcome == schemas.Unknown && len(outcomes[i]) == 1 {
			t.Errorf("%s: unknown is wanted, but it is always %v", s.Policy, outcomes[i])
		}
	}
}

func compatible(said, is schemas.PolicyResult) bool {
	switch said.Outcome {
	case schemas.Unknown, schemas.Errored:
		return true
	case schemas.Failed:
		if is.Outcome == schemas.Errored {
			return true
		}
		for _, m := range said.Messages {
			if !slices.Contains(is.Messages, m) {
				return false
			}
		}
		return is.Outcome == schemas.Failed
	default:
		return is.Outcome == said.Outcome
	}
}

func clone(t *testing.T, properties map[string]any) map[string]any {
	t.Helper()
	out := map[string]any{}
	text, err := json.Marshal(properties)
	if err == nil {
		err = json.Unmarshal(text, &out)
	}
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// fill sets the value at a path like rules[0].encrypted. What leads there exists.
func fill(properties map[string]any, path string, value any) {
	if value == absent {
		return
	}
	parts := strings.Split(strings.ReplaceAll(path, "[", ".["), ".")
	var at any = properties
	for i, part := range parts {
		last := i == len(parts)-1
		index, isIndex := strings.CutPrefix(part, "[")
		if !isIndex {
			m, _ := at.(map[string]any)
			if last {
				m[part] = value
			}
			at = m[part]
			continue
		}
		list, _ := at.([]any)
		n, _ := strconv.Atoi(strings.TrimSuffix(index, "]"))
		if last {
			list[n] = value
		}
		at = list[n]
	}
}
