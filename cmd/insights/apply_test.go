package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
)

// The whole way of configuration as code: what would change and its exit code
// for scripts, the change, the same again, and the way back through an export.
func TestApplyAndExport(t *testing.T) {
	t.Parallel()
	url, _ := startFake(t, awsfake.Population{AccountID: "123456789012", Regions: []string{"eu-west-1"}})
	p := newProgram(t)
	// Settings of the program may stand in the same file, which it also reads.
	file := filepath.Join(p.dir, "insights.yaml")
	text := `log: {level: warn}
accounts:
  - name: prod
    endpoint: ` + url + `
    regions: [eu-west-1]
groups:
  - name: production
    accounts: [prod]
    packs:
      - pack: aws_foundations
        config: {all: mandatory}
`
	write(t, file, text)
	const plan = `+ account prod
    endpoint: URL
    name: prod
    provider: aws
    regions: [eu-west-1]
+ group production
+ account prod in group production
+ pack aws_foundations in group production
    config.all.enforcementLevel: mandatory
    version: latest
`
	want := strings.Replace(plan, "URL", url, 1)
	for range 2 { // it changes nothing
		out, errs, code := p.run(t, "apply", "-f", file, "--dry-run")
		if code != exitDifference || errs != "" || out != want+"4 to create, 0 to change, 0 to delete.\n" {
			t.Fatalf("exit %d\n%s%s", code, out, errs)
		}
	}
	if out := p.ok(t, "apply", "-f", file); out != want+"4 created, 0 changed, 0 deleted.\n" {
		t.Errorf("apply says\n%s", out)
	}
	if out := p.ok(t, "apply", "-f", file, "--dry-run"); out != "Nothing to do: all is as the file says.\n" {
		t.Errorf("apply says\n%s", out)
	}

	groups := p.ok(t, "group", "list", "-o", "json")
	p.ok(t, "apply", "-f", file)
	if again := p.ok(t, "group", "list", "-o", "json"); again != groups {
		t.Errorf("applied again, groups are\n%sinstead of\n%s", again, groups)
	}

	exported := p.ok(t, "export")
	back := p.command(t.Context(), "apply", "-f", "-", "--prune", "-o", "json")
	back.Stdin = strings.NewReader(exported)
	out, err := back.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var done struct {
		DryRun        bool
		Changes, Kept []any
	}
	if err := json.Unmarshal(out, &done); err != nil || done.DryRun || done.Changes == nil || len(done.Changes)+len(done.Kept) != 0 {
		t.Errorf("export | apply: %v\n%s", err, out)
	}
	elsewhere := newProgram(t)
	write(t, filepath.Join(elsewhere.dir, "a.yaml"), exported)
	elsewhere.ok(t, "apply", "-f", ".")
	if got := elsewhere.ok(t, "export"); got != exported {
		t.Errorf("elsewhere it is\n%sinstead of\n%s", got, exported)
	}

	write(t, file, strings.Replace(text, "[eu-west-1]", "[eu-west-1]\n    region: x", 1))
	checkFailure(t, p, exitUsage, []string{"apply", "-f", file}, file+`:6: an account has no key "region"; did you mean "regions"?`)
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
