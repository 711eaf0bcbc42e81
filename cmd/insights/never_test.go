package main

import (
	"strings"
	"testing"

	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// Missing is never compliant: an account that nobody scanned is in the report,
// without a score, and keeps a gate closed.
func TestReportShowsAccountsNeverScanned(t *testing.T) {
	t.Parallel()
	url, _ := startFake(t, awsfake.Population{AccountID: "123456789012", Regions: []string{"us-east-1"}})
	p := newProgram(t)
	p.ok(t, "account", "add", "prod", "--endpoint", url)

	want := "Account prod (aws-123456789012)\n  never scanned; start: insights scan start prod\n"
	for _, args := range []string{"report", "report --account prod", "report --account aws-123456789012 --severity high"} {
		if out := p.ok(t, strings.Fields(args)...); out != want {
			t.Errorf("%s:\n%s", args, out)
		}
	}
	var r schemas.Report
	if p.json(t, &r, "report"); len(r.Accounts) != 1 || r.Accounts[0].Score != -1 || r.Accounts[0].Coverage != -1 || r.Accounts[0].LastScan != nil {
		t.Errorf("report -o json: %+v", r)
	}
	if out := p.ok(t, "report", "-o", "html"); !strings.Contains(out, "This account was never scanned") || strings.Contains(out, "Score <b>") {
		t.Errorf("report -o html:\n%s", out)
	}
	out, errs, code := p.run(t, "report", "--fail-on", "critical")
	if code != exitPartial || out != want || errs != "error: account prod was never scanned, so nothing says that it has no violations\n" {
		t.Errorf("report --fail-on: exit %d\n%s%s", code, out, errs)
	}
}

// What no policy judges leaves the gate closed, too.
func TestAGateStaysClosedWhereNoPolicyJudges(t *testing.T) {
	t.Parallel()
	url, _ := startFake(t, awsfake.Population{AccountID: "123456789012", Regions: []string{"us-east-1"}})
	p := newProgram(t)
	p.ok(t, "account", "add", "prod", "--endpoint", url)
	p.ok(t, "group", "withdraw", schemas.DefaultAccountsGroup, "aws_foundations")
	want := "error: no policy judges account prod, so nothing says that it has no violations; see 'insights account packs prod'\n"
	for _, args := range []string{"scan start prod --fail-on critical", "report --fail-on low", "evaluate prod --fail-on low"} {
		out, errs, code := p.run(t, strings.Fields(args)...)
		if progress, ok := strings.CutSuffix(errs, want); code != exitPartial || !ok || !onlyProgress.MatchString(progress) {
			t.Errorf("%s: exit %d\n%s%s", args, code, out, errs)
		}
	}
	p.ok(t, "report", "--fail-on", "low", "--severity", "high")
}

// A scan of a part leaves the gate closed, too: the rest is missing.
func TestAGateStaysClosedUntilTheWholeAccountWasScanned(t *testing.T) {
	scan := &schemas.Scan{State: schemas.ScanPartial}
	for _, c := range []struct {
		account schemas.AccountReport
		want    string
	}{
		{schemas.AccountReport{Account: "prod"}, "error: account prod was never scanned, so nothing says that it has no violations\n"},
		{schemas.AccountReport{Account: "prod", Resources: 7}, "error: account prod was never scanned as a whole, so nothing says that it has no violations\n"},
		{schemas.AccountReport{Account: "prod", Resources: 7, LastScan: scan}, ""},
		{schemas.AccountReport{Account: "prod", LastScan: scan}, ""}, // it is empty
	} {
		for _, failOn := range []string{"high", ""} {
			var out strings.Builder
			err := (&app{stdio: stdio{err: &out}}).failOnNever(schemas.Report{Accounts: []schemas.AccountReport{c.account}}, failOn)
			if want := failOn != "" && c.want != ""; (err != nil) != want || want && out.String() != c.want || !want && out.Len() > 0 {
				t.Errorf("%+v, --fail-on %q: %v, %q", c.account, failOn, err, out.String())
			}
		}
	}
}
