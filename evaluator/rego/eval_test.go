package rego

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/open-policy-agent/opa/v1/topdown"

	"github.com/insights-scanner/insights-scanner/evaluator"
)

// A policy that does not finish gets half the time of the time before, never
// none, and all of it again after its first answer.
func TestAllowance(t *testing.T) {
	var p policy
	for i, want := range []time.Duration{64, 32, 16, 8, 4, 2, 1, 1} {
		if got := p.allowance(64); got != want {
			t.Errorf("after %d overruns: %d, want %d", i, got, want)
		}
		p.finished(overrun{})
	}
	p.finished(context.Canceled)
	if got := p.allowance(64); got != 1 {
		t.Errorf("another error gives %d", got)
	}
	p.finished(nil)
	if got := p.allowance(64); got != 64 {
		t.Errorf("an answer gives %d", got)
	}
}

// The query for all policies is not asked again once one of them did not
// finish: it would cost its limit for every resource.
func TestTheJointQueryIsGivenUp(t *testing.T) {
	e := loadText(t, "package p\nimport rego.v1\ndeny contains \"m\" if input.a\ndeny_b contains \"b\" if input.b\n"+
		"deny_c contains \"m\" if count([1 | some a in input.list; some b in input.list; some c in input.list; some d in input.list; a+b+c+d < 0]) > 0\n", "package p\nq = 1")
	e.limit = 20 * time.Millisecond
	var list []any
	for n := range 400 {
		list = append(list, n)
	}
	in := evaluator.Input{Type: "t", Properties: map[string]any{"list": list}}
	if _, err := e.Evaluate(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	if pl := e.plans[kind{token: "t"}]; !pl.apart.Load() {
		t.Error("the joint query is asked again")
	}
	rs, err := e.Evaluate(t.Context(), in)
	if err != nil || !strings.HasPrefix(rs[2].Reason, "stopped after ") || rs[2].Reason == "stopped after 20ms without an answer" {
		t.Errorf("%+v, %v", rs, err)
	}
}

// A panic in OPA is an error of what was asked.
func TestPanicsAreErrors(t *testing.T) {
	err := bounded(t.Context(), time.Hour, func(topdown.Cancel) error { panic("illegal value") })
	if err == nil || err.Error() != "the evaluation panicked: illegal value" {
		t.Error(err)
	}
}

// A machine that was busy once must not make a policy errored; one that never
// finishes is asked a second time only once.
func TestASecondLook(t *testing.T) {
	var p policy
	var asked []time.Duration
	slow := func(limit time.Duration) error {
		asked = append(asked, limit)
		if limit < 200 {
			return overrun{limit}
		}
		return nil
	}
	if err := p.within(64, slow); err != nil || p.overruns.Load() != 0 {
		t.Errorf("%v after %v", err, asked)
	}
	for range 2 {
		if err := p.within(16, slow); !overran(err) {
			t.Errorf("%v after %v", err, asked)
		}
	}
	if want := []time.Duration{64, 256, 16, 64, 8}; !slices.Equal(asked, want) {
		t.Errorf("asked within %v, want %v", asked, want)
	}
}
