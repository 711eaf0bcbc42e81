package main

import (
	"bufio"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// setFaults tells an emulated account what goes wrong from now on.
func setFaults(t testing.TB, url string, f awsfake.Faults) {
	t.Helper()
	raw, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, url+"/_awsfake/faults", strings.NewReader(string(raw)))
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("set faults: %v, %v", res, err)
	}
	_ = res.Body.Close()
}

// A service that throttles nearly every call would keep a scan waiting for
// minutes. It is seen at work meanwhile, and it ends when it is told to.
func TestALongScanIsWatchedAndCancelled(t *testing.T) {
	t.Parallel()
	url, _ := startFake(t, awsfake.Population{AccountID: "123456789012", Regions: []string{"us-east-1"}, Users: 2, Instances: 4000})
	addr := freeAddress(t)
	background(t, newProgram(t).command(t.Context(), "serve", "--listen", addr))
	eventually(t, time.Minute, "serve answers", func() bool { return dial(addr) })
	p := newProgram(t, "INSIGHTS_SERVER=http://"+addr)
	p.ok(t, "account", "add", "prod", "--endpoint", url)
	setFaults(t, url, awsfake.Faults{Throttle: map[string]float64{"ec2:DescribeInstances": 0.01}})

	start := p.command(t.Context(), "scan", "start", "prod", "-o", "json", "--follow")
	out, err := start.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	background(t, start)
	type told struct {
		Scan   schemas.Scan
		Report *schemas.Report
	}
	var last told
	asked := time.Time{}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		last = told{}
		if err := json.Unmarshal(lines.Bytes(), &last); err != nil {
			t.Fatalf("%s: %v", lines.Text(), err)
		}
		// All but EC2 has ended; of that a page was read, and the next one is refused.
		s := last.Scan
		if asked.IsZero() && s.Progress.UnitsEnded == s.Progress.UnitsTotal-1 && s.Progress.Throttles > 1 && s.Progress.Resources > 1000 {
			if !slices.Equal(s.Reading, []schemas.UnitKey{{Region: "us-east-1", Service: "ec2"}}) {
				t.Errorf("reading %v", s.Reading)
			}
			asked = time.Now()
			p.ok(t, "scan", "cancel", s.ID)
		}
	}
	if asked.IsZero() || last.Scan.State != schemas.ScanCancelled || last.Report == nil || len(last.Scan.Reading) > 0 {
		t.Fatalf("it ended as %+v", last)
	}
	if took := time.Since(asked); took > time.Minute { // the next page is let through after more
		t.Errorf("it went on for %s", took)
	}
	// What is not throttled is read at once, alone.
	if out := p.ok(t, "scan", "start", "prod", "--service", "iam"); !strings.Contains(out, "succeeded") || !strings.Contains(out, "Limited    to iam;") {
		t.Errorf("a scan of a part:\n%s", out)
	}
	if out := p.ok(t, "scan", "list"); !strings.Contains(out, " iam\n") || !strings.Contains(out, " none\n") {
		t.Errorf("the list does not say what scans were limited to:\n%s", out)
	}
}

// One thing is read and judged by itself, with what is split off it. What does
// not exist any more is told, and stays known until its service is scanned.
func TestAScanOfOneResource(t *testing.T) {
	t.Parallel()
	url, _ := startFake(t, awsfake.Population{AccountID: "123456789012", Regions: []string{"us-east-1"}, Buckets: 4, Users: 1})
	p := newProgram(t)
	p.ok(t, "account", "add", "prod", "--endpoint", url)
	p.ok(t, "scan", "start", "prod")
	before := p.ok(t, "resources", "--limit", "1000")
	setFaults(t, url, awsfake.Faults{Changed: []string{"bucket-00000002"}, Removed: []string{"bucket-00000001"}})

	var changed struct {
		Scan       schemas.Scan
		Violations []schemas.Violation
	}
	p.json(t, &changed, "scan", "start", "prod", "--resource", "arn:aws:s3:::bucket-00000002")
	states := map[string]schemas.ResourceState{}
	for _, r := range changed.Scan.Resources {
		if r.ID != "bucket-00000002" {
			t.Errorf("read %s", r.Key)
		}
		states[shortType(r.Type)] = r.State
	}
	if states["s3/bucketVersioning"] != schemas.ResourceChanged || states["s3/bucketAcl"] != schemas.ResourceUnchanged || len(changed.Violations) == 0 || changed.Scan.Changes.Fixed == 0 {
		t.Errorf("read %v, changes %+v, %d violations", states, changed.Scan.Changes, len(changed.Violations))
	}
	out, _, code := p.run(t, "scan", "start", "prod", "--resource", "bucket-00000001")
	if code != exitPartial || !strings.Contains(out, "bucket-00000001 does not exist any more; the next scan of s3 removes it") || !strings.Contains(out, "gone") {
		t.Errorf("exit %d\n%s", code, out)
	}
	if after := p.ok(t, "resources", "--limit", "1000"); strings.Count(after, "\n") != strings.Count(before, "\n") {
		t.Errorf("the inventory was\n%s\nand is\n%s", before, after)
	}
	p.ok(t, "scan", "start", "prod", "--service", "s3")
	if after := p.ok(t, "resources", "--id", "bucket-00000001"); strings.Contains(after, "bucket-00000001") {
		t.Errorf("still there:\n%s", after)
	}
	checkFailure(t, p, exitError, []string{"scan", "start", "prod", "--resource", "bucket-x"}, "no resource bucket-x is known in account prod", "insights resources")
}
