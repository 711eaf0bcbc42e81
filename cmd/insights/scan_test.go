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
func setFaults(t *testing.T, url string, f awsfake.Faults) {
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
	url, _ := startFake(t, awsfake.Population{AccountID: "123456789012", Regions: []string{"us-east-1"}, Users: 2, Instances: 4000})
	addr := freeAddress(t)
	background(t, newProgram(t).command(t.Context(), "serve", "--listen", addr))
	eventually(t, 30*time.Second, "serve answers", func() bool { return dial(addr) })
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
	if took := time.Since(asked); took > 10*time.Second {
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
