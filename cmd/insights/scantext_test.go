package main

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
	"github.com/insights-scanner/insights-scanner/schemas"
)

func exampleScan() schemas.Scan {
	return schemas.Scan{
		ID: "123456789012-7", AccountID: "aws-123456789012", Account: "prod", Trigger: schemas.TriggerManual, RequestedBy: "ci", State: schemas.ScanPartial,
		Units: []schemas.UnitKey{
			{Region: "us-east-1", Service: "s3"}, {Region: "us-west-2", Service: "ec2"}, {Region: "eu-west-1", Service: "ec2"}, {Region: "us-east-1", Service: "ec2"},
		},
		StartedAt: at(0), EndedAt: at(2), Reason: "1 of 9 scopes could not be read completely",
		Progress: schemas.Progress{UnitsTotal: 4, UnitsEnded: 4, Resources: 120, Calls: 40, Throttles: 2, Gaps: 1},
	}
}

func TestScanShowText(t *testing.T) {
	var out bytes.Buffer
	a := app{stdio: stdio{out: &out}}
	var events []schemas.ViolationEvent
	for i := range maxEvents + 3 {
		events = append(events, schemas.ViolationEvent{
			Key: schemas.Key{Region: "us-east-1", Type: "aws:s3/bucket:Bucket", ID: fmt.Sprintf("b%d", i)}, Policy: "deny_public", Transition: schemas.Opened,
		})
	}
	events[0].Transition, events[0].Cause = schemas.Fixed, schemas.FixResourceGone
	events[1].Transition = schemas.Reopened
	scan := exampleScan()
	scan.Changes = schemas.Changes{Opened: 101, Fixed: 1, Reopened: 1}
	if err := a.printScanDetails(scan, events); err != nil {
		t.Fatal(err)
	}
	text := out.String()
	out.Reset()
	if err := a.printScanDetails(scan, events[:3]); err != nil {
		t.Fatal(err)
	}
	want := `Scan 123456789012-7 of prod: partial in 2m0s
  Reason     1 of 9 scopes could not be read completely
  Read       120 resources in 4 of 4 units; 40 API calls, 2 throttled
  Gaps       1 scope was not read completely; 'insights report' says why
  Changed    101 violations opened, 1 fixed, 1 reopened
  Started    2026-03-01 12:00:00 UTC by ci
  Ended      2026-03-01 12:02:00 UTC
  Units      eu-west-1, us-west-2: ec2
  Units      us-east-1: ec2, s3

CHANGE    REGION     TYPE       RESOURCE  POLICY       CAUSE
opened    us-east-1  s3/bucket  b2        deny_public
reopened  us-east-1  s3/bucket  b1        deny_public
fixed     us-east-1  s3/bucket  b0        deny_public  resource gone
`
	if out.String() != want {
		t.Errorf("got\n%s", out.String())
	}
	if !strings.HasSuffix(text, "\n3 more changes: insights violations --scan 123456789012-7\n") || strings.Contains(text, fmt.Sprintf(" b%d ", maxEvents+2)) {
		t.Errorf("the changes are not bounded, or it is not said:\n%s", text)
	}
}

func TestRunningScanText(t *testing.T) {
	var out bytes.Buffer
	a := app{stdio: stdio{out: &out}}
	s := exampleScan()
	s.State, s.Trigger, s.Reason, s.Progress.UnitsEnded, s.Progress.Gaps = schemas.ScanRunning, schemas.TriggerSchedule, "", 1, 0
	if err := a.printScanDetails(s, nil); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"of prod: running so far\n", "in 1 of 4 units", "counted at its end\n", "UTC by its schedule\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in\n%s", want, out.String())
		}
	}
	out.Reset()
	s.Limit = schemas.ScanLimit{Services: []string{"ec2", "s3"}, Regions: []string{"global", "us-east-1"}}
	if err := a.printScanDetails(s, nil); err != nil {
		t.Fatal(err)
	}
	if want := "  Limited    to ec2, s3 in global, us-east-1; the rest of the account was not looked at\n"; !strings.Contains(out.String(), want) {
		t.Errorf("%q is missing in\n%s", want, out.String())
	}
	if strings.Contains(out.String(), "Ended") || strings.Contains(out.String(), "Reason") {
		t.Errorf("a running scan has ended:\n%s", out.String())
	}
}

// A first day with the command line: what it prints on the way, and that it
// keeps standard error for progress on a terminal.
func TestScanFromTheCommandLine(t *testing.T) {
	t.Parallel()
	url, _ := startFake(t, awsfake.Population{AccountID: "123456789012", Regions: []string{"us-east-1"}, Buckets: 4, Users: 2, VPCs: 1, SecurityGroups: 2})
	p := newProgram(t)
	says := func(args string, want ...string) string {
		t.Helper()
		out, errs, code := p.run(t, strings.Fields(args)...)
		// A slow machine makes a scan long enough for a line of progress.
		if code != 0 || strings.Trim(progressLine.ReplaceAllString(errs, ""), "\n") != "" {
			t.Fatalf("%s: exit %d\n%s%s", args, code, out, errs)
		}
		for _, w := range want {
			if !strings.Contains(out, w) {
				t.Errorf("%s does not say %q:\n%s", args, w, out)
			}
		}
		return out
	}
	says("account add prod --endpoint "+url, "Account prod added: aws-123456789012.", "aws_foundations", "insights scan start prod")
	says("account list", "never scanned; start: insights scan start prod")
	says("account show prod", "Last scan   never scanned", "ENFORCED BY")
	says("violations", "No violations are known.\nAccount prod: never scanned; start: insights scan start prod\n")
	says("resources", "No resources are known.")
	says("scan list --account prod", "No scans.")

	text := says("scan start prod", "Scan 123456789012-1 of prod: succeeded in ", "Changed ", " violations opened, 0 fixed, 0 reopened", "Score ", "Coverage ", "Open ", "insights violations --scan 123456789012-1")
	if strings.ContainsAny(text, "\r\x1b") {
		t.Errorf("progress was printed although nobody watches: %q", text)
	}
	says("account list", "UTC succeeded")
	says("scan list --account prod --limit 1", "123456789012-1  prod", "succeeded")
	says("scan show 123456789012-1", "violations opened, 0 fixed", "by local\n", "CHANGE")
	says("violations --limit 2", "SEVERITY", "There are more: repeat with --cursor ")
	says("resources --limit 1", "There are more: repeat with --cursor ")
	for _, format := range []string{"csv", "jsonl", "ocsf"} { // all of them, however many
		if lines := strings.Count(says("violations -o "+format), "\n"); lines < 4 {
			t.Errorf("violations -o %s: %d lines", format, lines)
		}
	}
	if lines := strings.Count(says("violations -o csv --limit 2"), "\n"); lines != 3 {
		t.Errorf("two violations are %d lines", lines)
	}
	says("violations --state fixed", "No violations.\n")
	checkFailure(t, p, exitUsage, []string{"violations", "--as-of", "2020-01-01"}, "asOf: nothing had been scanned until 2020-01-01T23:59:59Z", "insights scan list")
	checkFailure(t, p, exitUsage, []string{"violations", "--as-of", "2020-01-01", "-o", "csv"}, "nothing had been scanned until")
	says("violations --as-of 1ms --resource none-such", "No violations.\n")
	says("scan watch 123456789012-1", "Scan 123456789012-1 of prod: succeeded in ")

	var both struct {
		Scan   schemas.Scan
		Report schemas.Report
	}
	p.json(t, &both, "scan", "start", "prod")
	if both.Scan.ID != "123456789012-2" || both.Scan.Changes != (schemas.Changes{}) || len(both.Report.Accounts) != 1 {
		t.Errorf("scan start -o json: %+v", both)
	}
	checkFailure(t, p, exitUsage, []string{"scan", "start", "prod", "--fail-on", "worst"}, "--fail-on")
	if _, errs, code := p.run(t, "report", "--fail-on", "low"); code != exitViolations || errs != "" {
		t.Errorf("report --fail-on low: exit %d %s", code, errs)
	}
	page := says("report -o html", "Open violations", "123456789012-2, succeeded")
	checkMarkup(t, "a real report", page)
	checkFailure(t, p, exitError, []string{"report", "--account", "prot"}, `there is no account "prot"`, "accounts: prod")
	checkFailure(t, p, exitError, []string{"scan", "list", "--account", "prot"}, `there is no account "prot"`, "accounts: prod")

	url, _ = startFake(t, awsfake.Population{AccountID: "210987654321", Regions: []string{"us-east-1"}})
	says("account add dev --endpoint "+url, "Account dev added")
	says("violations --as-of 1ms --resource none-such", "No violations are known.\nAccount dev: not scanned until ")
}

// progressLine is what a scan that takes long tells where there is no terminal.
var progressLine = regexp.MustCompile(`(?m)^[0-9-]+ running: units .*$`)

func TestChangesTextOfOne(t *testing.T) {
	s := schemas.Scan{State: schemas.ScanSucceeded, Changes: schemas.Changes{Opened: 1}}
	if got, want := changesText(s), "1 violation opened, 0 fixed, 0 reopened"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
