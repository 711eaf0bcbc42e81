package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// What a pack declares is recorded with who published it, and shown.
func TestPackShow(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	pack := filepath.Join(p.dir, "pack")
	writePack(t, pack, "1.10")
	write(t, filepath.Join(pack, "more.rego"), `package own

import rego.v1

# METADATA
# title: Nothing is public
# description: What everybody reads is nobody's.
# custom:
#   severity: critical
#   message: it is public
#   remediation: Make it private.
#   url: https://example.com/public
#   tags: [storage, public]
#   controls:
#     - {framework: CIS AWS Foundations Benchmark, version: 3.0.0, id: 2.1.4, specification: "https://example.com/cis"}
deny_public contains "public" if input.public

stack_deny_all contains "no" if input.never
`)
	p.ok(t, "pack", "publish", pack)
	whole := p.ok(t, "pack", "show", "own")
	for _, want := range []string{
		"own 1.10 (opa), number 1, published 20", "deny_public     critical     mandatory      CIS 2.1.4  Nothing is public\n",
		"stack_deny_all  unspecified  not evaluated", "\n  insights pack show own@1.10 --policy POLICY\n",
	} {
		if !strings.Contains(whole, want) {
			t.Errorf("no %q in\n%s", want, whole)
		}
	}
	if out := p.ok(t, "pack", "show", "own", "--policy", "deny_public"); out != `deny_public of own 1.10
Nothing is public
What everybody reads is nobody's.

Severity: critical
Level: mandatory
Control: CIS AWS Foundations Benchmark 3.0.0, 2.1.4 https://example.com/cis
Message: it is public
Remediation: Make it private.
More: https://example.com/public
Tags: storage, public
` {
		t.Errorf("the policy is shown as\n%s", out)
	}
	if out := p.ok(t, "pack", "show", "own", "--policy", "deny"); !strings.Contains(out, "Configuration, as JSON Schema:\n  {\n    \"properties\": {\n      \"days\": {\n        \"default\": 90,\n") {
		t.Errorf("the policy is shown as\n%s", out)
	}
	if out := p.ok(t, "pack", "show", "own", "--policy", "stack_deny_all"); !strings.Contains(out, "Level: mandatory, for stacks: not evaluated for accounts\n") {
		t.Errorf("the policy is shown as\n%s", out)
	}
	checkFailure(t, p, exitError, []string{"pack", "show", "own", "--policy", "nope"}, `pack own 1.10 has no policy "nope"`, "see insights pack show own@1.10")

	var m schemas.PackManifest
	if p.json(t, &m, "pack", "show", "own"); m.PublishedBy == "" || m.PublishedAt.IsZero() || m.Number != 1 || len(m.Digest) != 64 || len(m.Policies) != 3 {
		t.Errorf("manifest %+v", m)
	}
	var one schemas.Policy
	p.json(t, &one, "pack", "show", "own", "1.10", "--policy", "deny_public")
	if len(one.Controls) != 1 || one.Controls[0].Specification != "https://example.com/cis" || one.RemediationSteps != "Make it private." || one.Severity != schemas.SeverityCritical {
		t.Errorf("policy %+v", one)
	}
}
