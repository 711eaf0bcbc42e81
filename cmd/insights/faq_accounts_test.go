package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
	"github.com/insights-scanner/insights-scanner/evaluator"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// The FAQ: "What happens if I add a Policy Pack that causes an existing resource to
// become out-of-compliance? … For accounts: …", and where versions come from,
// sentence by sentence, with the program itself.

// ruled is a pack with one mandatory policy, "deny", and a setting "prefix": buckets
// whose name begins with it are out of compliance.
func ruled(t *testing.T, name, version, schema string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "PulumiPolicy.yaml"), "runtime: opa\nversion: "+version+"\n")
	write(t, filepath.Join(dir, "config-schema.json"), `{"deny": {"properties": {"prefix": `+schema+`}}}`)
	write(t, filepath.Join(dir, "p.rego"), "package "+name+`

import rego.v1

deny contains msg if {
	input.__type == "aws:s3/bucket:Bucket"
	startswith(input.bucket, data.config.deny.prefix)
	msg := "`+version+`"
}
`)
	return dir
}

const anyBucket = `{"type": "string", "default": "bucket"}`

// scanned is an account with four buckets, two in each of two regions, that was
// scanned, and on which nothing is enforced.
func scanned(t *testing.T) (p program, url string) {
	t.Helper()
	url, _ = startFake(t, awsfake.Population{AccountID: "123456789012", Regions: []string{"us-east-1", "eu-west-1"}, Buckets: 4, Users: 1})
	p = newProgram(t)
	p.ok(t, "account", "add", "prod", "--endpoint", url, "--label", "env=prod")
	p.ok(t, "group", "withdraw", schemas.DefaultAccountsGroup, "aws_foundations")
	p.ok(t, "scan", "start", "prod")
	return p, url
}

// served starts a server on what a program has and gives the program that talks to
// it: its commands start no stores of their own, which takes most of their time.
func (p program) served(t *testing.T) program {
	t.Helper()
	listen := freeAddress(t)
	background(t, p.command(context.WithoutCancel(t.Context()), "serve", "--listen", listen, "--admin-addr", "off"))
	eventually(t, 2*time.Minute, "serve answers", func() bool { return dial(listen) })
	return p.with("INSIGHTS_SERVER=http://" + listen)
}

// found are the violations of a state as "bucket version level group", sorted.
func (p program) found(t *testing.T, state string) string {
	t.Helper()
	var page schemas.ViolationPage
	p.json(t, &page, "violations", "--state", state, "--sort", "resource", "--limit", "1000")
	var lines []string
	for _, v := range page.Violations {
		lines = append(lines, fmt.Sprintf("%s %s %s %s", v.ID[len(v.ID)-1:], v.PackVersion, v.Level, v.Group))
	}
	return strings.Join(lines, "\n")
}

// "A policy violation will be added to any account resources that are out of
// compliance".
func TestAPolicyViolationWillBeAddedToAnyAccountResourcesThatAreOutOfCompliance(t *testing.T) {
	t.Parallel()
	p, url := scanned(t)
	calls := fakeCalls(t, url)
	p.ok(t, "pack", "publish", ruled(t, "own", "1.0.0", anyBucket))
	if got := p.found(t, "open"); got != "" {
		t.Errorf("a pack that nobody enforces found\n%s", got)
	}
	write(t, filepath.Join(p.dir, "config.yaml"), "deny: {prefix: bucket-00000003}")
	p.ok(t, "group", "enforce", schemas.DefaultAccountsGroup, "own", "--pack-config", "config.yaml")
	if got, want := p.found(t, "open"), "3 1.0.0 mandatory default-accounts-policy-group"; got != want {
		t.Errorf("open are\n%s\nwant\n%s", got, want)
	}
	p.ok(t, "group", "enforce", schemas.DefaultAccountsGroup, "own")
	if got := p.found(t, "open"); len(strings.Split(got, "\n")) != 4 {
		t.Errorf("open are\n%s\nwant four", got)
	}
	if now := fakeCalls(t, url); !maps.Equal(now, calls) {
		t.Errorf("the cloud was called for what is known: %v", difference(now, calls))
	}
}

// "Policy violations for Insights resources are informational rather than
// preventative since the resource state is discovered, but not managed, by Pulumi".
func TestPolicyViolationsForInsightsResourcesAreInformationalRatherThanPreventative(t *testing.T) {
	t.Parallel()
	p, url := scanned(t)
	p.ok(t, "pack", "publish", ruled(t, "own", "1.0.0", anyBucket))
	p.ok(t, "group", "enforce", schemas.DefaultAccountsGroup, "own")
	// A mandatory policy that fails is told, and nothing is stopped by it.
	setFaults(t, url, awsfake.Faults{Changed: []string{"bucket-00000002"}})
	var scan struct{ Scan schemas.Scan }
	p.json(t, &scan, "scan", "start", "prod")
	if scan.Scan.State != schemas.ScanSucceeded {
		t.Errorf("the scan ended %s: %s", scan.Scan.State, scan.Scan.Reason)
	}
	if got := p.found(t, "open"); strings.Count(got, "mandatory") != 4 {
		t.Errorf("open are\n%s", got)
	}
	// The level is a label: another one changes nothing but it.
	write(t, filepath.Join(p.dir, "config.yaml"), "deny: advisory")
	p.ok(t, "group", "enforce", schemas.DefaultAccountsGroup, "own", "--pack-config", "config.yaml")
	if got := p.found(t, "open"); strings.Count(got, "advisory") != 4 {
		t.Errorf("open are\n%s", got)
	}
	p.ok(t, "report")
}

// "For Python Policy Packs, the version is specified in the PulumiPolicy.yaml file".
func TestForPythonPolicyPacksTheVersionIsSpecifiedInPulumiPolicyYAML(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "PulumiPolicy.yaml"), "runtime: python\nversion: 0.1.0\n")
	if p, err := evaluator.ReadProject(dir); err != nil || p.Version != "0.1.0" || p.Runtime != schemas.RuntimePython {
		t.Errorf("read %+v, %v", p, err)
	}
}

// "For OPA Policy Packs, the version is also specified in the PulumiPolicy.yaml
// file, using the same format as Python packs".
func TestTheVersionOfAnOPAPolicyPackIsSpecifiedInPulumiPolicyYAML(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	for _, version := range []string{"0.1.0", "1.10", "1.1"} { // as it is written: 1.10 is not 1.1
		var m schemas.PackManifest
		p.json(t, &m, "pack", "publish", ruled(t, "own", version, anyBucket))
		if m.Version != version {
			t.Errorf("version %s was published as %s", version, m.Version)
		}
	}
}
