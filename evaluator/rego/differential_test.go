package rego

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/insights-scanner/insights-scanner/evaluator"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// What this file checks has no list of expectations: whatever is said of a
// resource while a property is unknown must be what is said for every value the
// property may turn out to have. Policies are made by putting every way to reach
// a property (%s is the property) into every way to use a value (VALUE).

func loadText(t testing.TB, v1, v0 string) *engine {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string]string{"v1.rego": v1, "v0.rego": v0, evaluator.ProjectFile: "runtime: opa\nversion: 1.0.0\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	e, err := Loader{}.Load(t.Context(), dir, schemas.EffectivePack{})
	if err != nil {
		t.Fatal(err)
	}
	return e.(*engine)
}

// absent is the filling without a value.
type absent struct{}

var fillings = []any{
	absent{},
	"x", "y", "", "mock", "none", true, false, nil, 1, 0,
	[]any{},
	[]any{map[string]any{"enc": true}},
	[]any{map[string]any{"enc": false}},
	[]any{map[string]any{}},
	map[string]any{},
	map[string]any{"enc": true},
	map[string]any{"enc": false},
	map[string]any{"a": map[string]any{"enc": true}},
	"known",
}

func TestWhatIsSaidHoldsForEveryValue(t *testing.T) {
	const bucket, instance = "aws:s3/bucket:Bucket", "aws:ec2/instance:Instance"
	for _, c := range []struct {
		property string
		known    int
		token    string
		few      bool
	}{
		{"acl", 1, bucket, false},
		{"acl", 2, bucket, true},
		{"acl", 1, instance, true},
		// Properties that hide something the input has by itself.
		{"type", 1, bucket, true},
		{"name", 2, bucket, true},
		{"props", 1, bucket, true},
		{"properties", 1, bucket, true},
	} {
		t.Run(fmt.Sprintf("%s %d %s", c.property, c.known, c.token), func(t *testing.T) {
			t.Parallel()
			said(t, loadText(t, generated(c.property, c.few), of(dialect0, c.property)), c.property, c.known, c.token)
			// Without mocks the input is made as far as policies look at it.
			made := loadText(t, unmocked(generated(c.property, true)), of(dialect0, c.property))
			if made.pack.mocks {
				t.Error("there are mocks left")
			}
			said(t, made, c.property, c.known, c.token)
		})
	}
}

func said(t *testing.T, e *engine, property string, known int, token string) {
	base := map[string]any{"known": known, "word": "zero"}
	in := evaluator.Input{URN: "u", Type: token, Name: "n", ID: "i", Properties: base, Unknown: []schemas.UnknownPath{{Path: property, State: schemas.FacetDenied}}}
	before, err := e.Evaluate(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	in.Unknown = nil
	same := make([]bool, len(before))
	var first []schemas.PolicyResult
	for _, value := range fillings {
		in.Properties = maps.Clone(base)
		if _, ok := value.(absent); !ok {
			in.Properties[property] = value
		}
		after := concrete(t, e, in)
		if first == nil {
			first = after
			for i := range same {
				same[i] = true
			}
		}
		for i, r := range before {
			same[i] = same[i] && after[i].Outcome == first[i].Outcome
			if lies(r, after[i]) {
				t.Errorf("%s: said %s %q, but with %#v it is %s %q %s", r.Policy, r.Outcome, r.Messages, value, after[i].Outcome, after[i].Messages, after[i].Reason)
			}
		}
	}
	unknown, needless := 0, []string{}
	for i, r := range before {
		if r.Outcome == schemas.Unknown {
			unknown++
			if len(r.Paths) != 1 || r.Paths[0].Path != property {
				t.Errorf("%s: paths %v", r.Policy, r.Paths)
			}
			if same[i] {
				needless = append(needless, r.Policy+"="+string(first[i].Outcome))
			}
		}
	}
	t.Logf("%d policies, %d unknown, %d of them needlessly: %v", len(before), unknown, len(needless), needless)
}

// lies tells whether what was said while something was unknown is wrong now
// that it is known. Broken is never what a policy was said to be: it may have
// been unknown or broken before.
func lies(said, is schemas.PolicyResult) bool {
	switch said.Outcome {
	case schemas.Unknown, schemas.Errored:
		return false
	case schemas.Failed:
		for _, m := range said.Messages {
			if is.Outcome == schemas.Failed && !strings.Contains(strings.Join(is.Messages, "\n"), m) {
				return true
			}
		}
		return is.Outcome != schemas.Failed && is.Outcome != schemas.Errored
	case schemas.Passed:
		// A policy that compares input.type with what the property may be.
		return is.Outcome != schemas.Passed && is.Outcome != schemas.NotApplicable
	default:
		return is.Outcome != said.Outcome
	}
}

// unmocked leaves out the rules that say "with", each on one line.
func unmocked(text string) string {
	var out strings.Builder
	for line := range strings.Lines(text) {
		if !strings.Contains(line, " with ") {
			out.WriteString(line)
		}
	}
	return out.String()
}

// concrete asks every policy by itself, without the index by type, of the whole
// input: what the index leaves out must have nothing to say.
func concrete(t *testing.T, e *engine, in evaluator.Input) []schemas.PolicyResult {
	t.Helper()
	out, err := e.Evaluate(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	input, err := ast.InterfaceToValue(native(in)) // whole
	if err != nil {
		t.Fatal(err)
	}
	r := &run{e: e, in: in, input: input}
	for i, p := range e.policies {
		alone := r.single(context.Background(), p)
		if out[i].Outcome == schemas.NotApplicable {
			if alone.Outcome == schemas.Failed {
				t.Errorf("%s is not applicable to %v, but fails", out[i].Policy, in.Properties)
			}
			continue
		}
		if alone.Outcome != out[i].Outcome || strings.Join(alone.Messages, "\n") != strings.Join(out[i].Messages, "\n") {
			t.Errorf("%s together is %v, alone %v", p.policy.Name, out[i], alone)
		}
	}
	return out
}
