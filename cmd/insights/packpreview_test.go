package main

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
	"github.com/insights-scanner/insights-scanner/schemas"
)

const previewRules = `package own

import rego.v1

deny_volume contains "volumes are not wanted" if {
	input.__type == "aws:ebs/volume:Volume"
}

deny_size contains "the volume is larger than allowed" if {
	input.__type == "aws:ebs/volume:Volume"
	input.size > data.config.deny_size.most
}
`

// previewPack is the directory of a pack with previewRules, version 1.0.0.
func previewPack(t *testing.T) string {
	t.Helper()
	return writeFiles(t, map[string]string{
		"PulumiPolicy.yaml":  "runtime: opa\nversion: 1.0.0\n",
		"config-schema.json": `{"deny_size": {"properties": {"most": {"type": "integer", "default": 100000}}}}`,
		"own.rego":           previewRules,
	})
}

// What a version with a configuration would do to each violation is what enforcing
// it then does: appear, go, stay, and what cannot be told.
func TestPreviewIsWhatEnforcingDoes(t *testing.T) {
	t.Parallel()
	url, _ := startFake(t, awsfake.Population{AccountID: "123456789012", Regions: []string{"eu-west-1"}, Volumes: 9, Instances: 2, Buckets: 3})
	p := newProgram(t)
	pack := previewPack(t)
	p.ok(t, "account", "add", "prod", "--endpoint", url, "--region", "eu-west-1", "--service", "ec2,s3")
	p.ok(t, "group", "withdraw", schemas.DefaultAccountsGroup, "aws_foundations")
	p.scan(t)
	p.ok(t, "pack", "publish", pack)
	p.ok(t, "group", "enforce", schemas.DefaultAccountsGroup, "own")

	write(t, filepath.Join(pack, "PulumiPolicy.yaml"), "runtime: opa\nversion: 0.9.0\n")
	write(t, filepath.Join(pack, "own.rego"), strings.Replace(previewRules, `input.__type == "aws:ebs/volume:Volume"`, `regex.match("[02468]$", input.__name)`, 1)+`
deny_website contains "no website" if {
	input.__type == "aws:s3/bucket:Bucket"
	not input.website
}
`)
	config := configFile(t, p.dir, "deny_size: {most: 0}\n")
	before := p.openFindings(t)
	var preview schemas.Preview
	p.json(t, &preview, "pack", "preview", pack, "--config", config)
	p.ok(t, "pack", "publish", pack)
	p.ok(t, "group", "enforce", schemas.DefaultAccountsGroup, "own", "--pack-config", config)
	after := p.openFindings(t)

	var said, done []string
	unknown := uint64(0)
	for _, q := range preview.Accounts[0].Policies {
		unknown += q.Unknown
		for _, f := range q.Findings {
			sign := "-"
			if f.Appears {
				sign = "+"
			}
			said = append(said, sign+q.Policy+" "+f.String())
		}
	}
	for v := range after {
		if !before[v] {
			done = append(done, "+"+v)
		}
	}
	for v := range before {
		if !after[v] {
			done = append(done, "-"+v)
		}
	}
	slices.Sort(said)
	slices.Sort(done)
	if !slices.Equal(said, done) || len(before) == 0 || !strings.Contains(strings.Join(done, "\n"), "-deny_volume") || !strings.Contains(strings.Join(done, "\n"), "+deny_size") {
		t.Errorf("the preview said\n%s\nand came\n%s", strings.Join(said, "\n"), strings.Join(done, "\n"))
	}
	var report schemas.Report
	p.json(t, &report, "report")
	if got := report.Accounts[0].Counts.Unknown; got != unknown || got == 0 {
		t.Errorf("%d are unknown, the preview said %d", got, unknown)
	}
}

// openFindings are the open violations by policy and resource.
func (p program) openFindings(t *testing.T) map[string]bool {
	t.Helper()
	var page schemas.ViolationPage
	p.json(t, &page, "violations", "--limit", "1000")
	out := map[string]bool{}
	for _, v := range page.Violations {
		out[v.Policy+" "+v.String()] = true
	}
	return out
}

// What a change would do is what it then does, and asking changes nothing.
func TestPackPreview(t *testing.T) {
	t.Parallel()
	url, _ := startFake(t, awsfake.Population{AccountID: "123456789012", Regions: []string{"eu-west-1"}, Volumes: 7, Instances: 1})
	p := newProgram(t)
	pack := previewPack(t)
	p.ok(t, "account", "add", "prod", "--endpoint", url, "--region", "eu-west-1", "--service", "ec2")
	p.ok(t, "group", "withdraw", schemas.DefaultAccountsGroup, "aws_foundations")
	p.scan(t)

	before := p.ok(t, "account", "show", "prod", "-o", "json")
	var got schemas.Preview
	p.json(t, &got, "pack", "preview", pack)
	policies := got.Accounts[0].Policies
	if len(policies) != 1 || policies[0].Policy != "deny_volume" || policies[0].Appear == 0 || policies[0].Disappear+policies[0].Stay != 0 || len(policies[0].Findings) != int(policies[0].Appear) {
		t.Fatalf("preview %+v", got)
	}
	if after := p.ok(t, "account", "show", "prod", "-o", "json"); after != before {
		t.Errorf("the account is\n%sinstead of\n%s", after, before)
	}
	checkFailure(t, p, exitError, []string{"pack", "show", "own"}, `there is no pack "own"`)

	p.ok(t, "pack", "publish", pack)
	p.ok(t, "group", "enforce", schemas.DefaultAccountsGroup, "own")
	var page schemas.ViolationPage
	p.json(t, &page, "violations", "--pack", "own")
	if uint64(len(page.Violations)) != policies[0].Appear {
		t.Errorf("%d violations, the preview said %d", len(page.Violations), policies[0].Appear)
	}

	file := configFile(t, p.dir, "deny_volume: disabled\ndeny_size: {most: 0}\n")
	out := p.ok(t, "pack", "preview", "own@1.0.0", "--config", file)
	for _, want := range []string{"own 1.0.0 in group " + schemas.DefaultAccountsGroup, "Account prod: ", "deny_volume  ", "  - eu-west-1 vol-", "  + eu-west-1 vol-", "the volume is larger than allowed", "Nothing was changed."} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing in\n%s", want, out)
		}
	}
	p.ok(t, "group", "create", "mine")
	p.ok(t, "group", "add-account", "mine", "prod")
	write(t, filepath.Join(pack, "PulumiPolicy.yaml"), "runtime: opa\nversion: 2.0.0\n")
	p.ok(t, "pack", "publish", pack)
	if out := p.ok(t, "pack", "preview", "own@1.0.0", "--group", "mine"); !strings.Contains(out, "nothing would change: version 2.0.0, which group "+schemas.DefaultAccountsGroup+" enforces, wins") {
		t.Errorf("preview says\n%s", out)
	}
	checkFailure(t, p, exitError, []string{"pack", "preview", "own", "--group", "nope"}, `there is no group "nope"`)
	checkFailure(t, p, exitUsage, []string{"pack", "preview", "own", "--config", configFile(t, p.dir, "deny_size: {most: x}")}, "got string, want integer")
}
