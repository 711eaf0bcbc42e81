package main

import (
	"strings"
	"testing"

	"github.com/insights-scanner/insights-scanner/evaluator/pulumi/sandbox"
)

// What contains packs is told by config check and by doctor, for people and
// programs, and only where packs run.
func TestTheSandboxIsTold(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	var told struct {
		Sandbox     string
		Protections []sandbox.Protection
	}
	p.json(t, &told, "config", "check")
	if told.Sandbox != "best-effort" || len(told.Protections) != 7 {
		t.Errorf("%+v", told)
	}
	missing := 0
	for _, held := range told.Protections {
		if held.Why == "" || held.Holds == (held.Do != "") {
			t.Errorf("%+v", held)
		}
		if !held.Holds {
			missing++
		}
	}
	state := checkOK
	if missing > 0 {
		state = checkWarning
	}
	p.doctor(t, "--only", "sandbox").wants(t, "sandbox", state, "private files")
	if missing > 0 {
		state = checkFailed
	}
	p.doctor(t, "--only", "sandbox", "--sandbox", "required").wants(t, "sandbox", state, "private files")

	p.doctor(t, "--only", "sandbox", "--sandbox", "off").wants(t, "sandbox", checkWarning, "off: packs can read")
	if out := p.ok(t, "config", "check", "--sandbox", "off"); !strings.Contains(out, "private files         no     the sandbox is off") ||
		!strings.Contains(out, "→ Set sandbox to best-effort or required.") {
		t.Error(out)
	}
	worker := []string{"--roles", "discovery", "--nats-url", "nats://127.0.0.1:1"}
	if out := p.ok(t, append([]string{"config", "check"}, worker...)...); strings.Contains(out, "HOLDS") {
		t.Errorf("a discovery worker runs no packs:\n%s", out)
	}
	if d := p.doctor(t, append([]string{"--only", "sandbox"}, worker...)...); len(d.Checks) != 0 {
		t.Errorf("a discovery worker runs no packs: %+v", d.Checks)
	}
	checkFailure(t, p, exitUsage, []string{"config", "check", "--sandbox", "on"}, `sandbox: "on" is not one of required, best-effort, off`)
}
