package main

import (
	"encoding/json"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// A scan whose process is killed (kill -9) goes on with the next start and leaves what an
// undisturbed one does. Where that asks for something else, it is cancelled first.
func TestAKilledScanGoesOn(t *testing.T) {
	t.Parallel()
	fake := awsfake.New(troubled)
	fake.SetFaults(awsfake.Faults{PageSize: 3})
	var victim atomic.Pointer[os.Process]
	var pages atomic.Int32
	srv := httptest.NewServer(&trouble{next: fake, random: rand.New(rand.NewPCG(1, 1)), page: func() {
		if p := victim.Load(); p != nil && pages.Add(1) >= 5 && victim.CompareAndSwap(p, nil) {
			_ = p.Kill()
		}
	}})
	defer srv.Close()
	add := []string{"account", "add", "prod", "--endpoint", srv.URL, "--region", "us-east-1", "--service", strings.Join(troubledServices, ",")}
	calm := newProgram(t)
	calm.ok(t, add...)
	want, _ := calm.content(t, calm.scan(t))

	p := newProgram(t, "INSIGHTS_NATS_ACK_WAIT=2s")
	p.ok(t, add...)
	kill := func() {
		t.Helper()
		pages.Store(0)
		cmd := p.command(t.Context(), "scan", "start", "prod")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		victim.Store(cmd.Process)
		if err := cmd.Wait(); err == nil || cmd.ProcessState.Exited() {
			t.Fatalf("it ended by itself: %v", err)
		}
	}
	next := func(says string, args ...string) schemas.Scan {
		t.Helper()
		out, errs, code := p.run(t, slices.Concat([]string{"scan", "start", "prod", "-o", "json"}, args)...)
		var result struct{ Scan schemas.Scan }
		if err := json.Unmarshal([]byte(out), &result); err != nil || code != exitOK || result.Scan.State != schemas.ScanSucceeded {
			t.Fatalf("exit %d, %v: %+v\n%s", code, err, result.Scan, errs)
		}
		if !strings.Contains(errs, says) {
			t.Errorf("it says %q, and not %q", errs, says)
		}
		return result.Scan
	}
	kill()
	if s := next("123456789012-1 of prod"); s.ID != "123456789012-1" {
		t.Errorf("scan %s went on", s.ID)
	}
	got, _ := p.content(t, schemas.Scan{})
	sameAs(t, got, want)
	kill()
	if s := next("it is cancelled, and another one begins", "--service", "s3"); s.ID != "123456789012-3" || !slices.Equal(s.Limit.Services, []string{"s3"}) {
		t.Errorf("%+v", s)
	}
	var shown struct{ Scan schemas.Scan }
	if p.json(t, &shown, "scan", "show", "123456789012-2"); shown.Scan.State != schemas.ScanCancelled {
		t.Errorf("the killed one is %s", shown.Scan.State)
	}
	got, _ = p.content(t, schemas.Scan{})
	sameAs(t, got, want)
}

func TestWhichInterruptedScanGoesOn(t *testing.T) {
	t.Parallel()
	now := time.Now()
	part := schemas.ScanLimit{Services: []string{"ec2", "s3"}, Regions: []string{"us-east-1"}}
	for name, c := range map[string]struct {
		old   schemas.Scan
		limit schemas.ScanLimit
		want  bool
	}{
		"a whole one":        {schemas.Scan{State: schemas.ScanRunning, StartedAt: now.Add(-time.Hour)}, schemas.ScanLimit{}, true},
		"the same part":      {schemas.Scan{State: schemas.ScanRunning, StartedAt: now, Limit: part}, schemas.ScanLimit{Services: []string{"s3", "ec2", "s3"}, Regions: []string{"us-east-1"}}, true},
		"another part":       {schemas.Scan{State: schemas.ScanRunning, StartedAt: now, Limit: part}, schemas.ScanLimit{Services: []string{"s3"}, Regions: []string{"us-east-1"}}, false},
		"a part of a whole":  {schemas.Scan{State: schemas.ScanRunning, StartedAt: now}, part, false},
		"of two days ago":    {schemas.Scan{State: schemas.ScanRunning, StartedAt: now.Add(-48 * time.Hour)}, schemas.ScanLimit{}, false},
		"one being stopped":  {schemas.Scan{State: schemas.ScanCancelling, StartedAt: now}, schemas.ScanLimit{}, false},
		"a single resource":  {schemas.Scan{State: schemas.ScanRunning, StartedAt: now, Limit: schemas.ScanLimit{Resources: []string{"a"}}}, schemas.ScanLimit{Resources: []string{"a"}}, true},
		"another resource":   {schemas.Scan{State: schemas.ScanRunning, StartedAt: now, Limit: schemas.ScanLimit{Resources: []string{"a"}}}, schemas.ScanLimit{Resources: []string{"b"}}, false},
		"all, not one of it": {schemas.Scan{State: schemas.ScanRunning, StartedAt: now, Limit: schemas.ScanLimit{Resources: []string{"a"}}}, schemas.ScanLimit{}, false},
	} {
		if got := resumes(c.old, c.limit, now); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
