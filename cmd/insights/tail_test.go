package main

import (
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// The long tail is read once a day, stays as it is known in between, and goes when the
// account does not want it any more.
func TestTailOfAnAccount(t *testing.T) {
	t.Parallel()
	fake := awsfake.New(awsfake.Population{AccountID: "123456789012", Regions: []string{"us-east-1"}, More: map[string]int{"queue": 3}, Tail: 4, TailTypes: 60})
	srv := httptest.NewServer(fake)
	t.Cleanup(srv.Close)
	p := newProgram(t)
	p.ok(t, "account", "add", "prod", "--endpoint", srv.URL, "--region", "us-east-1", "--service", "sqs,cloudcontrol", "--tail", "daily")
	types := func(s schemas.Scan) (native, tail int) {
		t.Helper()
		if s.Progress.Gaps != 0 {
			t.Errorf("%+v", s.Progress)
		}
		var page schemas.ResourcePage
		p.json(t, &page, "resources", "--limit", "1000")
		for _, r := range page.Resources {
			if strings.HasPrefix(r.Type, "aws-native:") {
				tail++
			} else {
				native++
			}
		}
		return native, tail
	}
	units := func(s schemas.Scan) (names []string) {
		for _, u := range s.Units {
			names = append(names, u.String())
		}
		return names
	}
	described := func() uint64 {
		_, made := fake.Calls()
		return made["cloudformation:DescribeType"]
	}
	first := p.scan(t)
	asked := described()
	native, tail := types(first)
	if native < 3 || tail < 40 || !slices.Equal(units(first), []string{"us-east-1/sqs", "global/cloudcontrol", "us-east-1/cloudcontrol"}) {
		t.Fatalf("%d and %d resources, units %v", native, tail, units(first))
	}
	var report schemas.Report
	p.json(t, &report, "report")
	unlisted := report.Accounts[0].Unlisted
	if len(report.Accounts[0].Scopes) != 0 || len(unlisted) == 0 || unlisted[0].State != schemas.ScopeUnsupported || !strings.HasPrefix(unlisted[0].Reason, "cannot be listed: ") {
		t.Errorf("%+v, %+v", report.Accounts[0].Scopes, unlisted)
	}
	if text := p.ok(t, "report"); !strings.Contains(text, "AWS cannot list ") {
		t.Errorf("the report does not tell: %s", text)
	}
	var plan schemas.ReadPlan
	p.json(t, &plan, "account", "plan", "prod")
	if r := plan.Routes; r[0].Resources != uint64(native) || r[1].Resources != uint64(tail) || r[1].Calls < 1000 || r[1].When != "daily" || !slices.Equal(plan.Regions, []string{"us-east-1"}) {
		t.Errorf("%+v", plan.Routes)
	}
	if text := p.ok(t, "account", "plan", "prod"); !strings.Contains(text, "cloudcontrol") || !strings.Contains(text, "aws:sqs/queue:Queue") {
		t.Errorf("%s", text)
	}
	second := p.scan(t) // on the same day
	if n, more := types(second); n != native || more != tail || !slices.Equal(units(second), []string{"us-east-1/sqs"}) {
		t.Errorf("%d and %d resources, units %v", n, more, units(second))
	}
	var again struct{ Scan schemas.Scan }
	p.json(t, &again, "scan", "start", "prod", "--service", "cloudcontrol")
	if n, more := types(again.Scan); n != native || more != tail || again.Scan.State != schemas.ScanSucceeded {
		t.Errorf("%d and %d resources, %+v", n, more, again.Scan)
	}
	// What the registry said is kept for the next process.
	if n := described() - asked; asked == 0 || n != 0 {
		t.Errorf("types were described %d times, and %d times more by the next process", asked, n)
	}
	p.ok(t, "account", "update", "prod", "--tail", "off")
	if n, more := types(p.scan(t)); n != native || more != 0 {
		t.Errorf("%d and %d resources of an account without a tail", n, more)
	}
	if _, stderr, code := p.run(t, "account", "update", "prod", "--tail", "weekly"); code == 0 || !strings.Contains(stderr, `"weekly" must be off, daily or each-scan`) {
		t.Errorf("%d %s", code, stderr)
	}
}
