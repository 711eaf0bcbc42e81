package main

import (
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// With AWS Config a scan finds the same as without, in fewer calls. What has been read since is
// never taken back by what Config still has, and what it does not know is seen by who reads
// without it.
func TestScansWithAWSConfig(t *testing.T) {
	t.Parallel()
	fake := awsfake.New(awsfake.Population{
		AccountID: "123456789012", Regions: []string{"us-east-1"}, Buckets: 12,
		More: map[string]int{"queue": 12, "topic": 12, "key": 12, "repository": 12, "recorder": 1},
	})
	// Tags are never those of AWS Config, and would tell of the change below.
	faults := func(f awsfake.Faults) {
		f.Deny = []string{"tag:GetResources"}
		fake.SetFaults(f)
	}
	faults(awsfake.Faults{})
	srv := httptest.NewServer(fake)
	t.Cleanup(srv.Close)
	account := func(use string) program {
		p := newProgram(t)
		p.ok(t, "account", "add", "prod", "--endpoint", srv.URL, "--region", "us-east-1", "--service", "sqs,sns,kms,ecr,s3", "--aws-config", use)
		return p
	}
	with, without := account("auto"), account("off")
	recorded, read := with.scan(t), without.scan(t)
	if a, b := recordedInventory(t, with), recordedInventory(t, without); !reflect.DeepEqual(a, b) || len(a) < 12*6 {
		t.Errorf("%d resources with AWS Config, %d without, or others", len(a), len(b))
	}
	gotIDs, _ := with.findings(t)
	wantIDs, _ := without.findings(t)
	if !slices.Equal(gotIDs, wantIDs) {
		t.Errorf("%d findings with AWS Config, %d without, or others", len(gotIDs), len(wantIDs))
	}
	// 12 queues, topics and keys; two policies of repositories; four facets of buckets, at least.
	if saved := int(read.Progress.Calls) - int(recorded.Progress.Calls); saved < 12*(1+1+2+2+4)-10 || len(read.Recorded) != 0 {
		t.Errorf("%d calls with AWS Config, %d without, %+v", recorded.Progress.Calls, read.Progress.Calls, read.Recorded)
	}
	if r, ok := recorded.RecordedOf("us-east-1", "aws:sqs/queue:Queue"); !ok || r.Resources != 12 || r.Answers != 12 || r.Until.IsZero() {
		t.Errorf("%+v", recorded.Recorded)
	}
	if text := with.ok(t, "scan", "show", recorded.ID); !strings.Contains(text, "AWS Config answered ") {
		t.Errorf("%s", text)
	}
	checkRecordedPlan(t, with)

	// A queue has changed, which Config does not know yet: it is as it was, until somebody looks.
	const queue = "queue-000003"
	held := schemas.Key{Region: "us-east-1", Type: "aws:sqs/queue:Queue", ID: "https://sqs.us-east-1.amazonaws.com/123456789012/" + queue}
	faults(awsfake.Faults{Changed: []string{queue}, Unrecorded: []string{queue}})
	retention := func() any { return recordedInventory(t, with)[held]["messageRetentionSeconds"] }
	if with.scan(t); retention() != 345600.0 {
		t.Errorf("as Config has it: %v", retention())
	}
	var started struct{ Scan schemas.Scan }
	with.json(t, &started, "scan", "start", "prod", "--aws-config", "off")
	if retention() != 60.0 || len(started.Scan.Recorded) != 0 || started.Scan.Limit.AWSConfig != "" || started.Scan.AWSConfig != schemas.ConfigOff {
		t.Errorf("as SQS has it: %v, %+v", retention(), started.Scan)
	}
	last := with.scan(t)
	if r, _ := last.RecordedOf("us-east-1", "aws:sqs/queue:Queue"); retention() != 60.0 || r.Differed != 1 {
		t.Errorf("Config took it back: %v, %+v", retention(), r)
	}
	// One that is gone and that Config still has is gone.
	faults(awsfake.Faults{Removed: []string{queue}, Unrecorded: []string{queue}})
	if with.scan(t); retention() != nil {
		t.Errorf("what is gone is there: %v", retention())
	}
}

// recordedInventory is the properties of everything that is held.
func recordedInventory(t *testing.T, p program) map[schemas.Key]map[string]any {
	t.Helper()
	var page schemas.ResourcePage
	p.json(t, &page, "resources", "--properties", "--limit", "1000")
	held := map[schemas.Key]map[string]any{}
	for _, r := range page.Resources {
		for _, u := range r.Unknown {
			if u.State == schemas.FacetFailed {
				t.Errorf("%s: %+v", r.Key, u)
			}
		}
		held[r.Key] = r.Properties
	}
	return held
}

// checkRecordedPlan is about the plan of an account whose scans use AWS Config.
func checkRecordedPlan(t *testing.T, p program) {
	t.Helper()
	var plan schemas.ReadPlan
	p.json(t, &plan, "account", "plan", "prod")
	i := slices.IndexFunc(plan.Types, func(p schemas.PlannedType) bool { return p.Type == "aws:sqs/queue:Queue" })
	// A list, tags, and what Config answers in one call.
	if q := plan.Types[i]; q.Route != schemas.RouteConfig || q.Calls != 3 || q.Without != 14 || q.Recorded == nil {
		t.Errorf("%+v", q)
	}
	if r := plan.Routes[len(plan.Routes)-1]; r.Route != schemas.RouteConfig || r.Types < 10 {
		t.Errorf("%+v", plan.Routes)
	}
	if text := p.ok(t, "account", "plan", "prod"); !strings.Contains(text, "AWS Config answers 12 of 14 calls; it had recorded until ") {
		t.Errorf("%s", text)
	}
	p.ok(t, "account", "update", "prod", "--aws-config", "off")
	if text := p.ok(t, "account", "plan", "prod"); !strings.Contains(text, "the account's awsConfig is off") {
		t.Errorf("%s", text)
	}
	p.ok(t, "account", "update", "prod", "--aws-config", "auto")
	if _, stderr, code := p.run(t, "account", "update", "prod", "--aws-config", "always"); code == 0 || !strings.Contains(stderr, `"always" must be auto or off`) {
		t.Errorf("%d %s", code, stderr)
	}
}
