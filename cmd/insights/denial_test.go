package main

import (
	"encoding/json"
	"net/http/httptest"
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
