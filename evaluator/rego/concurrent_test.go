package rego_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/insights-scanner/insights-scanner/evaluator"
	"github.com/insights-scanner/insights-scanner/evaluator/rego"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// One engine judges many resources at once. Run with -race.
func TestConcurrentUse(t *testing.T) {
	f := files{"a.rego": v1Head + `
deny_word contains msg if { some w in data.config.deny_word.words; input.word == w; msg := w }
deny_type contains "m" if { startswith(input.type, "t1"); input.acl == "public" }
deny_list := [m | some m in ["m"]; object.get(input, "acl", "") == "public"]
deny_breaks contains "m" if to_number(input.word) == 1
`}
	e := load(t, rego.Loader{}, f, map[string]schemas.PolicyConfig{"deny_word": {Properties: map[string]any{"words": []any{"w3", "w4"}}}})
	var wg sync.WaitGroup
	for n := range 8 {
		wg.Go(func() {
			for i := range 50 {
				in := evaluator.Input{Type: fmt.Sprintf("t%d", i%12), Properties: map[string]any{"word": fmt.Sprintf("w%d", n)}}
				want := map[string]schemas.Outcome{"deny_word": schemas.Passed, "deny_list": schemas.Passed, "deny_type": schemas.NotApplicable, "deny_breaks": schemas.Errored}
				if n == 3 || n == 4 {
					want["deny_word"] = schemas.Failed
				}
				applies := i%12 == 1 || i%12 >= 10
				if applies {
					want["deny_type"] = schemas.Passed
				}
				if i%3 == 0 {
					in.Unknown = []schemas.UnknownPath{{Path: "acl"}}
					want["deny_list"] = schemas.Unknown
					if applies {
						want["deny_type"] = schemas.Unknown
					}
				}
				rs, err := e.Evaluate(t.Context(), in)
				if err != nil {
					t.Error(err)
					return
				}
				for _, r := range rs {
					if r.Outcome != want[r.Policy] {
						t.Errorf("%v: %+v, want %s", in, r, want[r.Policy])
					}
				}
			}
		})
	}
	wg.Wait()
}
