package main

import (
	"encoding/json"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
	"github.com/insights-scanner/insights-scanner/scanner/api"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// What is known of an account outlives the refusal of a call: in a further scan nothing is
// opened, fixed or declared gone because of it, and the report names the call. Once it is
// allowed again, all is as it was. That exactly the policies that look at what the call gives
// are unknown is shown for each action in deploy/packs.
func TestDenialTakesNothingBack(t *testing.T) {
	t.Parallel()
	fake := awsfake.New(troubled)
	srv := httptest.NewServer(fake)
	defer srv.Close()
	p := newProgram(t).served(t)
	p.ok(t, "account", "add", "prod", "--endpoint", srv.URL, "--region", "us-east-1", "--service", strings.Join(troubledServices, ","))
	want, _ := p.content(t, p.scan(t))
	if len(want.Resources) < 80 || len(want.Violations) < 20 {
		t.Fatalf("%d resources, %d violations", len(want.Resources), len(want.Violations))
	}
	client, err := api.NewClient(strings.TrimPrefix(p.env[len(p.env)-1], "INSIGHTS_SERVER="), "")
	if err != nil {
		t.Fatal(err)
	}
	keys := func() map[schemas.Key]bool {
		t.Helper()
		page, err := client.Resources(t.Context(), schemas.ResourceQuery{Limit: 1000})
		if err != nil {
			t.Fatal(err)
		}
		all := map[schemas.Key]bool{}
		for _, r := range page.Resources {
			all[r.Key] = true
		}
		return all
	}
	scan := func(service string) schemas.Scan {
		t.Helper()
		scan, err := client.StartScan(t.Context(), "prod", schemas.ScanLimit{Services: []string{service}})
		eventually(t, time.Minute, "the scan of "+service+" ends", func() bool {
			if err == nil {
				scan, err = client.GetScan(t.Context(), scan.ID)
			}
			return err != nil || scan.State.Ended()
		})
		if err != nil {
			t.Fatal(err)
		}
		return scan
	}
	before := keys()
	for _, action := range []string{
		"s3:ListAllMyBuckets", "ec2:DescribeVolumes", "ec2:DescribeSecurityGroups", "iam:GetAccountAuthorizationDetails", "kms:ListKeys", // lists
		"s3:GetBucketPolicy", "s3:GetEncryptionConfiguration", "kms:GetKeyRotationStatus", "sqs:GetQueueAttributes", "iam:GetAccountPasswordPolicy", // what is asked of each
	} {
		fake.SetFaults(awsfake.Faults{Deny: []string{action}})
		service, _, _ := strings.Cut(action, ":")
		if c := scan(service).Changes; c.Opened+c.Fixed+c.Reopened > 0 {
			t.Errorf("%s: %+v", action, c)
		}
		found, err := client.Violations(t.Context(), schemas.ViolationQuery{Limit: 1000})
		if err != nil || len(found.Violations) != len(want.Violations) {
			t.Errorf("%s: %d violations are open of %d, %v", action, len(found.Violations), len(want.Violations), err)
		}
		now := keys()
		for k := range before {
			if !now[k] {
				t.Errorf("%s: %s is gone", action, k)
			}
		}
		report, err := client.Report(t.Context(), schemas.ReportQuery{})
		if raw, _ := json.Marshal(report); err != nil || !strings.Contains(string(raw), action) {
			t.Errorf("the report does not name %s: %v", action, err)
		}
	}
	fake.SetFaults(awsfake.Faults{})
	got, s := p.content(t, p.scan(t))
	sameAs(t, got, want)
	if c := s.Changes; c.Opened+c.Fixed+c.Reopened > 0 {
		t.Errorf("allowed again: %+v", c)
	}
}

// noPolicies is a pack that wants no bucket to have a policy, whatever that says.
func noPolicies(t *testing.T) string {
	t.Helper()
	return writeFiles(t, map[string]string{
		"PulumiPolicy.yaml": "runtime: opa\nname: strict\nversion: 1.0.0\n",
		"p.rego": `package strict

import rego.v1

deny contains "it has a policy" if input.__type == "aws:s3/bucketPolicy:BucketPolicy"
`,
	})
}

// What nobody could read the existence of is no violation of a pack that wants that there is none, and what is
// known of it is not fixed. The report names the call. What is gone beside it is gone.
func TestExistenceThatWasNotReadIsNoViolation(t *testing.T) {
	t.Parallel()
	const call = "s3:GetBucketPolicy"
	fake := awsfake.New(awsfake.Population{AccountID: "123456789012", Regions: []string{"us-east-1"}, Buckets: 7}) // three have a policy
	srv := httptest.NewServer(fake)
	t.Cleanup(srv.Close)
	fake.SetFaults(awsfake.Faults{Deny: []string{call}})
	p := newProgram(t).served(t)
	p.ok(t, "account", "add", "prod", "--endpoint", srv.URL, "--region", "us-east-1", "--service", "s3")
	p.ok(t, "group", "withdraw", schemas.DefaultAccountsGroup, "aws_foundations")
	p.ok(t, "pack", "publish", noPolicies(t))
	p.ok(t, "group", "enforce", schemas.DefaultAccountsGroup, "strict")
	is := func(what string, state schemas.ScanState, policies ...string) {
		t.Helper()
		out, errs, _ := p.run(t, "scan", "start", "prod", "-o", "json")
		var started struct{ Scan schemas.Scan }
		if err := json.Unmarshal([]byte(out), &started); err != nil || started.Scan.State != state {
			t.Fatalf("%s: the scan is %s (%s), want %s; %s", what, started.Scan.State, started.Scan.Reason, state, errs)
		}
		if named := strings.Contains(started.Scan.Reason, call); named == (state == schemas.ScanSucceeded) {
			t.Errorf("%s: %s", what, started.Scan.Reason)
		}
		var held schemas.ResourcePage
		p.json(t, &held, "resources", "--type", "aws:s3/bucketPolicy:BucketPolicy")
		var open schemas.ViolationPage
		p.json(t, &open, "violations")
		var ids, violations []string
		for _, r := range held.Resources {
			ids = append(ids, r.ID)
		}
		for _, v := range open.Violations {
			violations = append(violations, v.ID)
		}
		slices.Sort(ids)
		slices.Sort(violations)
		if !slices.Equal(ids, policies) || !slices.Equal(violations, policies) {
			t.Errorf("%s: policies of %v are held, violations of %v are open, want %v", what, ids, violations, policies)
		}
		var report schemas.Report
		p.json(t, &report, "report")
		var gaps []string
		for _, g := range report.Accounts[0].Scopes {
			gaps = append(gaps, g.Type+" "+string(g.State)+" "+g.Call)
		}
		if state != schemas.ScanSucceeded && !slices.Equal(gaps, []string{"aws:s3/bucketPolicy:BucketPolicy denied " + call}) || state == schemas.ScanSucceeded && len(gaps) > 0 {
			t.Errorf("%s: gaps %v", what, gaps)
		}
	}
	is("nothing is known", schemas.ScanPartial)
	fake.SetFaults(awsfake.Faults{})
	is("allowed", schemas.ScanSucceeded, "bucket-00000000", "bucket-00000003", "bucket-00000006")
	fake.SetFaults(awsfake.Faults{Deny: []string{call}})
	is("refused again", schemas.ScanPartial, "bucket-00000000", "bucket-00000003", "bucket-00000006")
	fake.SetFaults(awsfake.Faults{Denials: []awsfake.Denial{{Action: call, Resource: "bucket-00000000"}, {Action: call, Resource: "bucket-00000001"}}, Removed: []string{"bucket-00000003"}})
	is("refused of two, another is deleted", schemas.ScanPartial, "bucket-00000000", "bucket-00000006")
	fake.SetFaults(awsfake.Faults{Removed: []string{"bucket-00000003"}})
	is("allowed again", schemas.ScanSucceeded, "bucket-00000000", "bucket-00000006")
}
