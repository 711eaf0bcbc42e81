package main

import (
	"context"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
	"github.com/insights-scanner/insights-scanner/scanner/api"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// An account that is removed leaves today's reports without being fixed, is found
// by its id, goes on where it was when it comes back, and can be deleted.
func TestAccountRemove(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(awsfake.New(awsfake.Population{AccountID: "123456789012", Regions: []string{"us-east-1"}, Buckets: 3, Users: 2}))
	defer srv.Close()
	const id = "aws-123456789012"
	p := newProgram(t)
	add := []string{"account", "add", "prod", "--endpoint", srv.URL, "--region", "us-east-1"}
	p.ok(t, add...)
	p.ok(t, "scan", "start", "prod")
	open := func(args ...string) (n int) {
		var page schemas.ViolationPage
		p.json(t, &page, append([]string{"violations"}, args...)...)
		return len(page.Violations)
	}
	before := open()
	if before == 0 {
		t.Fatal("the scan found nothing")
	}

	out := p.ok(t, "account", "remove", "prod", "--dry-run")
	for _, want := range []string{"Remove account prod (" + id + "):", "Stops ", "Keeps ", "open violations", "insights report --account " + id, "Nothing is done", until(90), "(retention.removed: 90d)"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing in\n%s", want, out)
		}
	}
	_, errs, code := p.run(t, "account", "remove", "prod")
	if code != exitUsage || !strings.Contains(errs, "add --yes") {
		t.Errorf("without a terminal: exit %d, %s", code, errs)
	}
	if open() != before {
		t.Error("it was removed all the same")
	}
	checkFailure(t, p, exitError, []string{"account", "remove", id[:len(id)-1] + "9", "--yes"}, "there is no account")

	forever := p.with("INSIGHTS_RETENTION_REMOVED=forever")
	if out := forever.ok(t, "account", "remove", "prod", "--dry-run"); !strings.Contains(out, "for ever (retention.removed: forever)") {
		t.Errorf("kept for ever:\n%s", out)
	}
	var r removal
	if p.json(t, &r, "account", "remove", "prod", "--yes"); !r.Done || !r.Registered || r.Purge || int(r.Open) != before || r.Resources == 0 || !strings.Contains(until(90), r.KeptUntil.Format(time.DateOnly)) {
		t.Errorf("removed: %+v", r)
	}
	var report schemas.Report
	if p.json(t, &report, "report"); len(report.Accounts) != 0 || open() != 0 {
		t.Errorf("a removed account is reported: %+v", report)
	}
	if p.json(t, &report, "report", "--account", id); len(report.Accounts) != 1 || open("--account", id) != before || open("--account", id, "--state", "fixed") != 0 {
		t.Errorf("by its id: %d open, %+v", open("--account", id), report)
	}

	p.ok(t, add...)
	if open() != before {
		t.Error("it came back without what was known of it")
	}
	var again struct {
		Scan schemas.Scan `json:"scan"`
	}
	if p.json(t, &again, "scan", "start", "prod"); again.Scan.ID != "123456789012-2" || again.Scan.Changes != (schemas.Changes{}) || open() != before {
		t.Errorf("scanned again: %+v", again.Scan)
	}

	r = removal{}
	if p.json(t, &r, "account", "remove", "prod", "--yes", "--purge"); !r.Done || !r.Purge || !r.KeptUntil.IsZero() {
		t.Errorf("purged: %+v", r)
	}
	if open("--account", id) != 0 {
		t.Error("what was found in it is still there")
	}
	if out := p.ok(t, "account", "remove", id, "--purge", "--yes"); !strings.Contains(out, "is not registered any more") || !strings.Contains(out, "is deleted") {
		t.Errorf("purged again:\n%s", out)
	}
	p.ok(t, add...)
	if p.json(t, &again, "scan", "start", "prod"); again.Scan.ID != "123456789012-3" || again.Scan.State != schemas.ScanSucceeded || open() != before {
		t.Errorf("scanned anew: %+v, %d open", again.Scan, open())
	}
}

// until says until when something is kept that goes in some days.
func until(days int) string {
	return "until " + time.Now().UTC().AddDate(0, 0, days).Format(time.DateOnly)
}

// refuser is a server that purges nothing.
type refuser struct{ api.Service }

func (refuser) RemoveAccount(context.Context, string) error { return nil }

func (refuser) PurgeAccount(context.Context, schemas.AccountID) error {
	return schemas.Errorf(schemas.CodeDenied, "token ci has the scope write; this needs admin")
}

// What was done stays done, and has to be said.
func TestAccountPurgeThatIsRefused(t *testing.T) {
	r := removal{Account: "prod", ID: "aws-123456789012", Registered: true, Purge: true}
	err := r.carryOut(t.Context(), refuser{})
	if want := "account prod is removed, but what was found in it is not deleted: token ci"; err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("got %v", err)
	}
	r.Registered = false
	err = r.carryOut(t.Context(), refuser{})
	if want := "what was found in aws-123456789012 is not deleted: token ci"; err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("got %v", err)
	}
}
