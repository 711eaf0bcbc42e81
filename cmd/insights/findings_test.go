package main

import (
	"os"
	"strings"
	"testing"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// What people do with violations, from the command line to the stores and back:
// the life of one, who works on it, a waiver with its record, a framework of a
// mapping file, what changed between two scans, and the days.
func TestWorkOnViolations(t *testing.T) {
	t.Parallel()
	p, _ := scanned(t)
	own := ruled(t, "own", "1", anyBucket)
	rego, err := os.ReadFile(own + "/p.rego")
	if err != nil {
		t.Fatal(err)
	}
	write(t, own+"/p.rego", strings.Replace(string(rego), "deny contains", "# METADATA\n# custom:\n#   severity: medium\ndeny contains", 1))
	p.ok(t, "pack", "publish", own)
	p.ok(t, "group", "enforce", schemas.DefaultAccountsGroup, "own")
	p.ok(t, "scan", "start", "prod")
	has := func(out string, want ...string) {
		t.Helper()
		for _, w := range want {
			if !strings.Contains(out, w) {
				t.Errorf("%q is missing in\n%s", w, out)
			}
		}
	}
	var page schemas.ViolationPage
	p.json(t, &page, "violations")
	if len(page.Violations) != 4 {
		t.Fatalf("violations %+v", page)
	}
	id := page.Violations[0].Finding[:schemas.ShortFinding]

	has(p.ok(t, "violation", "update", id, "--status", "in_progress", "--assignee", "alice", "--note", "soon"), id, "in progress, alice, soon")
	p.ok(t, "violation", "update", id, "--priority", "p1")
	has(p.ok(t, "violation", "show", id), "opened", "in progress", "p1", "alice", "soon", "local")
	p.json(t, &page, "violations", "--assignee", "alice", "--status", "in_progress", "--priority", "p1")
	if len(page.Violations) != 1 || page.Violations[0].Triage.Note != "soon" {
		t.Errorf("of alice: %+v", page.Violations)
	}

	has(p.ok(t, "waiver", "add", "w", "--pack", "own", "--urn", "*::"+page.Violations[0].ID, "--reason", "later", "--expires", "10d"), "It covers 1 open violation now.")
	has(p.ok(t, "waiver", "list"), "expires in 9 days", "later")
	has(p.ok(t, "violations", "--waived", "only"), "open, waived")
	has(p.ok(t, "report"), "· resources 0.0% (0 of 4 compliant resources, as Pulumi counts)", "Waived      1 of them, by 1 waiver", "ends soon: w on", "1 of 1 policy judged")
	p.doctor(t).wants(t, "waivers", checkWarning, "w ends ", "insights waiver update w --expires TIME")
	gates := func(what string, want map[string]int) {
		t.Helper()
		for level, code := range want {
			for _, command := range []string{"report", "scan start prod"} {
				if out, errs, got := p.run(t, append(strings.Fields(command), "--fail-on", level)...); got != code {
					t.Errorf("%s: %s --fail-on %s: exit %d, want %d\n%s%s", what, command, level, got, code, out, errs)
				}
			}
		}
	}
	gates("one of four is waived", map[string]int{"medium": exitViolations, "high": exitOK})
	has(p.ok(t, "waiver", "add", "short", "--pack", "own", "--reason", "part", "--expires", "5d"), "It covers 3 open violations now, and what it has in common with waivers that end later.")
	p.ok(t, "waiver", "remove", "short")
	p.ok(t, "waiver", "add", "rest", "--pack", "own", "--reason", "later too", "--expires", "100d")
	gates("all are waived", map[string]int{"medium": exitOK})
	p.ok(t, "waiver", "remove", "rest")
	gates("three are not any more", map[string]int{"medium": exitViolations})
	p.ok(t, "waiver", "update", "w", "--expires", "100d")
	p.doctor(t).wants(t, "waivers", checkOK, "1 in force, none ends within 14 days")
	p.ok(t, "waiver", "remove", "w")
	has(p.ok(t, "waiver", "show", "w"), "removed", "added", "changed", "ends: ")

	write(t, p.dir+"/f.yaml", "name: ACME\nversion: \"1\"\ncontrols:\n  - {id: A-10, section: Storage, policies: [own/*]}\n  - {id: A-9, manual: true, section: Storage}\n")
	p.ok(t, "framework", "add", "f.yaml")
	has(p.ok(t, "framework", "list"), "ACME")
	write(t, p.dir+"/other.yaml", "name: Some Other Baseline\nversion: \"2\"\ncontrols:\n  - {id: B-1, policies: [own/*, own/misspelt]}\n")
	if _, errs, code := p.run(t, "framework", "add", "other.yaml"); code != exitOK || errs != "warning: control B-1: no published pack has a policy own/misspelt\n" {
		t.Errorf("exit %d: %s", code, errs)
	}
	has(p.ok(t, "framework", "remove", "other"), "Mapping file of Some Other Baseline@2 removed.")
	checkFailure(t, p, exitError, []string{"framework", "remove", "CIS"}, `there is no mapping file of "CIS"`, "mapping files: ACME@1;")
	has(p.ok(t, "report", "--framework", "acme"), "0.0% (0 of 1 controls with data passed)", "1 failed, 1 manual", "A-10")
	exported := p.ok(t, "export")
	has(exported, "ACME", "A-10")

	var scans []schemas.Scan
	p.json(t, &scans, "scan", "list")
	if len(scans) != 6 {
		t.Fatalf("scans %+v", scans)
	}
	// Enforcing judged what was held between the first two scans.
	first, last := scans[len(scans)-1], scans[0]
	has(p.ok(t, "diff", first.ID, last.ID), "Resources: 0 added, 0 changed, 0 removed", "Violations: 4 opened, 0 fixed, 0 unchanged")
	has(p.ok(t, "diff", last.ID, first.ID), "0 opened, 4 fixed")
	has(p.ok(t, "report", "trend", "--days", "2"), "SCORE", "0.0%")

	p.ok(t, "group", "withdraw", schemas.DefaultAccountsGroup, "own")
	has(p.ok(t, "violations", "--cause", "pack_withdrawn"), "fixed: pack withdrawn")
	var detail schemas.ViolationDetail
	p.json(t, &detail, "violation", "show", id)
	if detail.State != schemas.ViolationFixed || len(detail.Events) != 2 || len(detail.TriageHistory) != 2 || detail.TimeToFixSeconds <= 0 {
		t.Errorf("after its pack was withdrawn: %+v", detail)
	}
	before := last.EndedAt.Format("2006-01-02T15:04:05.999999Z07:00")
	var report schemas.Report
	p.json(t, &report, "report", "--as-of", before)
	if a := report.Accounts[0]; a.Counts.Failed != 4 || a.CountedAt.IsZero() || a.Open[schemas.SeverityMedium] != 4 {
		t.Errorf("as of %s: %+v", before, a)
	}
}
