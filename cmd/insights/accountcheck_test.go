package main

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
	"github.com/insights-scanner/insights-scanner/schemas"
)

func TestAccountCheckListsWhatIsMissing(t *testing.T) {
	t.Parallel()
	fake := awsfake.New(awsfake.Population{AccountID: "123456789012", Regions: []string{"us-east-1", "eu-west-1"}, Buckets: 1, Instances: 1})
	srv := httptest.NewServer(fake)
	t.Cleanup(srv.Close)
	p := newProgram(t)
	p.ok(t, "account", "add", "prod", "--endpoint", srv.URL)
	out := p.ok(t, "account", "check", "prod")
	if !strings.Contains(out, " 0 denied, 0 failed") || strings.Contains(out, "ACTION") {
		t.Errorf("nothing is missing:\n%s", out)
	}
	fake.SetFaults(awsfake.Faults{Deny: []string{"s3:GetBucketPolicy", "ec2:DescribeInstances"}})
	out, errs, code := p.run(t, "account", "check", "prod")
	if code != exitPartial || errs != "" {
		t.Errorf("exit %d, %s", code, errs)
	}
	for _, want := range []string{"s3:GetBucketPolicy", "ec2:DescribeInstances", "eu-west-1", "us-east-1", "global", " 3 denied, 0 failed", "insights account policy prod"} {
		if !strings.Contains(out, want) {
			t.Errorf("does not say %q:\n%s", want, out)
		}
	}
	if strings.Contains(out, "ec2:DescribeVpcs") {
		t.Errorf("lists what is allowed:\n%s", out)
	}
	if out, _, _ := p.run(t, "account", "check", "prod", "--all", "--region", "eu-west-1"); !strings.Contains(out, "ec2:DescribeVpcs") || strings.Contains(out, "us-east-1") {
		t.Errorf("--all --region eu-west-1:\n%s", out)
	}
	if _, errs, code := p.run(t, "account", "check", "nobody"); code != exitError || !strings.Contains(errs, `there is no account "nobody"`) {
		t.Errorf("exit %d, %s", code, errs)
	}
	checkFailure(t, p, exitUsage, []string{"account", "check", "prod", "--region", "mars"}, `regions[0]: "mars" is not a region`)
	fake.SetFaults(awsfake.Faults{})
	var reply struct{ Permissions []schemas.Permission }
	p.json(t, &reply, "account", "check", "prod")
	if len(reply.Permissions) < 40 {
		t.Errorf("%d permissions", len(reply.Permissions))
	}
}
