package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What a pack was accepted with all the same is told when it is published, and
// for ever after where it is shown.
func TestPackWarnings(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	dir := filepath.Join(p.dir, "pack")
	if err := os.Mkdir(dir, 0o750); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "PulumiPolicy.yaml"), "runtime: opa\nversion: 1.0.0\n")
	write(t, filepath.Join(dir, "a.rego"), "package helpers\n\ndenyPublic[msg] {\n\tmsg := \"m\"\n}\n")
	wanted := []string{
		"warning: opa/zero-rules: package helpers has no policy, it judges nothing: policies are rules named ",
		"warning: opa/unrecognized-rule: a.rego:3: denyPublic is no policy, nothing asks for it: policies are rules named ",
	}
	told := func(text string) {
		t.Helper()
		for _, want := range wanted {
			if strings.Count(text, want) != 1 {
				t.Errorf("no %q in\n%s", want, text)
			}
		}
	}
	out, errs, code := p.run(t, "pack", "publish", dir)
	if code != 0 || !strings.Contains(out, "Published helpers 1.0.0 with 0 policies.") {
		t.Fatalf("exit %d\n%s%s", code, out, errs)
	}
	told(errs)
	told(p.ok(t, "pack", "show", "helpers"))
	p.ok(t, "group", "enforce", "default-accounts-policy-group", "helpers")
}
