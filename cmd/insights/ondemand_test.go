package main

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
	"github.com/insights-scanner/insights-scanner/scanner/policy"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// websites is a pack that needs what is read of a bucket on demand only.
func websites(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	write(t, filepath.Join(dir, "PulumiPolicy.yaml"), "runtime: opa\nversion: 1.0.0\n")
	write(t, filepath.Join(dir, "p.rego"), `package websites

import rego.v1

deny contains "no website" if {
	input.__type == "aws:s3/bucket:Bucket"
	not input.website
}
`)
	return dir
}

const websiteCall = "s3:GetBucketWebsite"

var websitesFake = awsfake.Population{AccountID: "123456789012", Regions: []string{"us-east-1"}, Buckets: 3, More: map[string]int{"queue": 2}}

// While nothing serves, what an enrolled pack needs is unknown until the next scan,
// which reads it; so does every scan until the pack is withdrawn.
func TestTheNextScanReadsWhatPacksNeed(t *testing.T) {
	t.Parallel()
	url, _ := startFake(t, websitesFake)
	p := newProgram(t)
	p.ok(t, "account", "add", "prod", "--endpoint", url, "--region", "us-east-1", "--service", "s3,sqs")
	p.ok(t, "group", "withdraw", schemas.DefaultAccountsGroup, "aws_foundations")
	p.scan(t)
	pack := websites(t)
	var preview schemas.Preview
	p.json(t, &preview, "pack", "preview", pack)
	if m := preview.Accounts[0].Missing; len(m) != 1 || m[0].Call != websiteCall || m[0].Resources != 3 || m[0].Calls != 3 || m[0].State != schemas.FacetNotRead {
		t.Errorf("the preview misses %+v", m)
	}
	before := fakeCalls(t, url)
	p.ok(t, "pack", "publish", pack)
	p.ok(t, "group", "enforce", schemas.DefaultAccountsGroup, "websites")
	var report schemas.Report
	if p.json(t, &report, "report"); report.Accounts[0].Counts.Unknown != 3 || report.Accounts[0].Counts.Failed != 0 {
		t.Errorf("report %+v", report.Accounts[0].Counts)
	}
	if out := p.ok(t, "report"); !strings.Contains(out, "not read ("+websiteCall+")") {
		t.Errorf("the report does not say what was not read:\n%s", out)
	}
	for op, n := range difference(fakeCalls(t, url), before) {
		if n > 0 {
			t.Errorf("enforcing made %d calls of %s", n, op)
		}
	}
	for range 2 {
		before = fakeCalls(t, url)
		p.scan(t)
		if n := difference(fakeCalls(t, url), before)["s3:GetBucketWebsite"]; n != 3 {
			t.Errorf("the scan read %d websites", n)
		}
		if p.json(t, &report, "report"); report.Accounts[0].Counts.Unknown != 0 || report.Accounts[0].Counts.Failed != 3 {
			t.Errorf("report %+v", report.Accounts[0].Counts)
		}
	}
	p.ok(t, "group", "withdraw", schemas.DefaultAccountsGroup, "websites")
	before = fakeCalls(t, url)
	p.scan(t)
	if n := difference(fakeCalls(t, url), before)["s3:GetBucketWebsite"]; n != 0 {
		t.Errorf("%d websites were read for a pack that does not apply", n)
	}
}

// A system that serves reads by itself what an enrolled pack needs, and nothing else.
func TestWhatAnEnrolledPackNeedsIsReadByItself(t *testing.T) {
	t.Parallel()
	url, _ := startFake(t, websitesFake)
	c := startCluster(t)
	client := c.client(t)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	c.retry(t, "add account", func() error {
		_, err := client.AddAccount(t.Context(), schemas.Account{Name: "prod", Provider: "aws", Endpoint: url, Regions: []string{"us-east-1"}, Services: []string{"s3", "sqs"}})
		return err
	})
	_, err := client.WithdrawPack(t.Context(), schemas.DefaultAccountsGroup, "aws_foundations")
	must(err)
	ended := func(id string) (s schemas.Scan) {
		eventually(t, 2*time.Minute, "scan "+id+" ends", func() bool {
			s, err = client.GetScan(t.Context(), id)
			return err == nil && s.State.Ended()
		})
		return s
	}
	first, err := client.StartScan(t.Context(), "prod", schemas.ScanLimit{})
	must(err)
	ended(first.ID)
	before := fakeCalls(t, url)

	archive, err := policy.Archive(websites(t))
	must(err)
	_, err = client.PublishPack(t.Context(), archive)
	must(err)
	_, err = client.EnrolPack(t.Context(), schemas.DefaultAccountsGroup, schemas.Enrolment{Pack: "websites"})
	must(err)
	s := ended(schemas.ScanID(first.AccountID, 2))
	if s.Trigger != schemas.TriggerPack || s.RequestedBy != "websites" || s.State != schemas.ScanSucceeded || len(s.Resources) != 3 || len(s.Facets) != 1 || s.Facets[0] != websiteCall {
		t.Errorf("the scan is %+v", s)
	}
	page, err := client.Violations(t.Context(), schemas.ViolationQuery{Pack: "websites"})
	must(err)
	if len(page.Violations) != 3 {
		t.Errorf("violations %+v", page.Violations)
	}
	calls := difference(fakeCalls(t, url), before)
	for op, n := range calls {
		if n > 3 || n > 0 && (strings.HasPrefix(op, "sqs:") || strings.Contains(op, "List")) {
			t.Errorf("%d calls of %s", n, op)
		}
	}
	if calls["s3:GetBucketWebsite"] != 3 || calls["s3:GetBucketCors"] != 0 {
		t.Errorf("calls %v", calls)
	}
}
