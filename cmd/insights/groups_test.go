package main

import (
	"regexp"
	"strings"
	"testing"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// A child of an account is judged by what its groups enforce, the rest of the
// account by what the others do; batches hold resources of both.
func TestAChildIsJudgedByItsOwnGroups(t *testing.T) {
	t.Parallel()
	p, url := scanned(t)
	calls := fakeCalls(t, url)
	p.ok(t, "pack", "publish", ruled(t, "own", "1", anyBucket))
	p.ok(t, "pack", "publish", ruled(t, "own", "2", anyBucket))
	const groups = `groups:
  - name: live
    selector: env in (prod)
    packs: [{pack: own, version: "1"}]
  - name: europe
    accounts: [prod/eu-west-1]
`
	write(t, p.dir+"/groups.yaml", groups)
	p.ok(t, "apply", "-f", "groups.yaml")
	if got, want := p.found(t, "open"), "0 1 mandatory live\n2 1 mandatory live\n1 1 mandatory live\n3 1 mandatory live"; !sameLines(got, want) {
		t.Errorf("one version everywhere:\n%s", got)
	}
	p.ok(t, "group", "enforce", "europe", "own")
	if got, want := p.found(t, "open"), "0 1 mandatory live\n2 1 mandatory live\n1 2 mandatory europe\n3 2 mandatory europe"; !sameLines(got, want) {
		t.Errorf("another version in Europe:\n%s", got)
	}
	var report schemas.Report
	if p.json(t, &report, "report"); report.Accounts[0].Packs[0].Version != "1, 2" || report.Accounts[0].Counts.Failed != 4 {
		t.Errorf("report %+v", report.Accounts[0].Packs)
	}
	for command, want := range map[string][]string{
		"account packs prod":  {"own   1        opa      1         all but eu-west-1  live", "own   2        opa      1         eu-west-1          europe"},
		"account groups prod": {"europe                         eu-west-1  children were added", "live                           all        its labels match env in (prod)", "it holds every account"},
		"group show europe":   {"Accounts    prod/eu-west-1", "Selector    none"},
		"group list":          {"live                           0         env in (prod)  own@1"},
	} {
		out := p.ok(t, strings.Fields(command)...)
		for _, w := range want {
			if !strings.Contains(out, w) {
				t.Errorf("%q is missing in %s:\n%s", w, command, out)
			}
		}
	}
	// A label that goes takes the account out of the group.
	p.ok(t, "account", "update", "prod", "--remove-label", "env")
	if got, want := p.found(t, "open"), "1 2 mandatory europe\n3 2 mandatory europe"; !sameLines(got, want) {
		t.Errorf("Europe alone:\n%s", got)
	}
	p.ok(t, "group", "remove-account", "europe", "prod/eu-west-1")
	if got := p.found(t, "open"); got != "" {
		t.Errorf("no group holds it:\n%s", got)
	}
	if got := p.found(t, "fixed"); len(strings.Split(got, "\n")) != 4 {
		t.Errorf("fixed are\n%s", got)
	}
	if now := fakeCalls(t, url); now["s3:ListBuckets"] != calls["s3:ListBuckets"] {
		t.Error("the cloud was read again")
	}
}

func sameLines(a, b string) bool {
	count := map[string]int{}
	for line := range strings.SplitSeq(a, "\n") {
		count[line]++
	}
	for line := range strings.SplitSeq(b, "\n") {
		count[line]--
	}
	for _, n := range count {
		if n != 0 {
			return false
		}
	}
	return true
}

// times are what tables print of a moment.
var times = regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC`)

const explained = `own 2
Why: version 2 of group europe was published after 1 of group live: the newest
version runs, and only one.

GROUP   ASKS FOR    NUMBER  MODIFIED                 WHERE  RESULT
europe  latest (2)  2       TIME  all    won
live    1           1       TIME  all

POLICY  LEVEL                     PROPERTIES
deny    advisory (not mandatory)  prefix="bucket-00000003"
0 policies are configured as the pack declares.
`

func TestPacksAreExplained(t *testing.T) {
	t.Parallel()
	p, _ := scanned(t)
	p = p.served(t)
	p.ok(t, "pack", "publish", ruled(t, "own", "1", anyBucket))
	p.ok(t, "pack", "publish", ruled(t, "own", "2", anyBucket))
	p.ok(t, "group", "create", "live")
	p.ok(t, "group", "add-account", "live", "prod")
	checkFailure(t, p, exitUsage, []string{"group", "add-account", "live", "prod/europe"}, `an account has no child "europe"`, "prod/us-east-1")
	p.ok(t, "group", "create", "europe")
	if out := p.ok(t, "group", "select", "europe", "env=prod,!legacy"); !strings.Contains(out, "Selector    env=prod,!legacy") {
		t.Errorf("select says\n%s", out)
	}
	p.ok(t, "group", "enforce", "live", "own", "--pack-version", "1")
	write(t, p.dir+"/config.yaml", "all: disabled\ndeny: {enforcementLevel: advisory, prefix: bucket-00000003}")
	p.ok(t, "group", "enforce", "europe", "own", "--pack-config", "config.yaml")
	if out := times.ReplaceAllString(p.ok(t, "account", "packs", "prod", "--explain"), "TIME"); out != explained {
		t.Errorf("got\n%s\nwant\n%s", out, explained)
	}
	var x schemas.Explanation
	p.json(t, &x, "account", "packs", "prod", "--explain")
	if len(x.Packs) != 1 || len(x.Packs[0].Claims) != 2 || x.Account != "prod" {
		t.Errorf("explained %+v", x)
	}
	var groups []schemas.Membership
	if p.json(t, &groups, "account", "groups", "prod"); len(groups) != 3 || groups[0].Group != schemas.DefaultAccountsGroup {
		t.Errorf("groups %+v", groups)
	}
	p.ok(t, "group", "withdraw", "live", "own")
	if out := p.ok(t, "group", "select", "europe", "--none"); !strings.Contains(out, "Selector    none") {
		t.Errorf("select says\n%s", out)
	}
	if out := p.ok(t, "account", "packs", "prod", "--explain"); out != noPacksText+"\n" {
		t.Errorf("without packs: %s", out)
	}
}

// An enrolment that becomes invalid is told where people look, and what it no
// longer judges is errored: nothing passes by it, and nothing is fixed.
func TestAnEnrolmentThatBecomesInvalidIsErrored(t *testing.T) {
	t.Parallel()
	p, _ := scanned(t)
	p.ok(t, "pack", "publish", ruled(t, "own", "1", anyBucket))
	write(t, p.dir+"/config.yaml", "deny: {prefix: bucket-00000003}")
	p.ok(t, "group", "enforce", schemas.DefaultAccountsGroup, "own", "--pack-config", "config.yaml")
	open := p.found(t, "open")
	if open != "3 1 mandatory default-accounts-policy-group" {
		t.Fatalf("open are %s", open)
	}
	p.ok(t, "pack", "publish", ruled(t, "own", "2", `{"type": "integer", "default": 1}`))
	const problem = "policy pack configuration is invalid: deny: prefix: got string, want integer"
	for _, command := range []string{
		"account packs prod", "account packs prod --explain", "account show prod", "group show " + schemas.DefaultAccountsGroup, "report",
	} {
		if out := p.ok(t, strings.Fields(command)...); !strings.Contains(strings.Join(strings.Fields(out), " "), problem) {
			t.Errorf("%s does not say %q:\n%s", command, problem, out)
		}
	}
	if out := p.ok(t, "group", "list"); !strings.Contains(out, "own@latest (has a problem)") {
		t.Errorf("group list says\n%s", out)
	}
	var groups []schemas.Group
	if p.json(t, &groups, "group", "list"); groups[0].Packs[0].Problem != problem {
		t.Errorf("groups %+v", groups)
	}
	var report schemas.Report
	p.json(t, &report, "report")
	if c := report.Accounts[0].Counts; c.Errored == 0 || c.Passed+c.Failed+c.NotApplicable > 0 || report.Accounts[0].Score != 0 {
		t.Errorf("counts %+v", c)
	}
	if got := p.found(t, "open"); got != open {
		t.Errorf("open are %s", got)
	}
}
