package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/insights-scanner/insights-scanner/schemas"
)

func runningScan() schemas.Scan {
	s := exampleScan()
	s.State, s.Reason, s.EndedAt = schemas.ScanRunning, "", time.Time{}
	s.Progress.UnitsEnded, s.Progress.Gaps = 1, 0
	s.Reading = []schemas.UnitKey{{Region: "us-east-1", Service: "ec2"}, {Region: "global", Service: "s3"}}
	return s
}

func TestProgressText(t *testing.T) {
	s := runningScan()
	if got, want := progressText(s), "123456789012-7 running: units 1/4, resources 120, calls 40, throttled 2, gaps 0; reading ec2 in us-east-1, s3 in global"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	s.Reading = append(s.Reading, schemas.UnitKey{Region: "a", Service: "x"}, schemas.UnitKey{Region: "b", Service: "x"}, schemas.UnitKey{Region: "c", Service: "x"})
	if got := progressText(s); !strings.HasSuffix(got, "; reading ec2 in us-east-1, s3 in global, x in a, 2 more") {
		t.Errorf("got %q", got)
	}
	s.Reading = nil
	if got := progressText(s); strings.Contains(got, "reading") {
		t.Errorf("got %q", got)
	}
}

// A log gets a line when something has changed, and not more often than every
// few seconds.
func TestLinesOfProgressAreFew(t *testing.T) {
	var out bytes.Buffer
	now := at(0)
	l := &logLines{w: &out, now: func() time.Time { return now }, last: now}
	s := runningScan()
	for second := range 60 {
		now = at(0).Add(time.Duration(second) * time.Second)
		if second < 30 { // then it stands still
			s.Progress.Calls = uint64(second)
		}
		if err := l.show(s); err != nil {
			t.Fatal(err)
		}
	}
	var seen []string
	for line := range strings.Lines(out.String()) {
		seen = append(seen, line[strings.Index(line, "calls"):strings.Index(line, ", throttled")])
	}
	if got, want := strings.Join(seen, " "), "calls 5 calls 10 calls 15 calls 20 calls 25 calls 29"; got != want {
		t.Errorf("lines at %q, want %q", got, want)
	}
}

// Every change is one line, which a program can read as it comes.
func TestChangesAsLinesOfJSON(t *testing.T) {
	var out bytes.Buffer
	l := &jsonLines{w: &out}
	s := runningScan()
	for _, calls := range []uint64{1, 1, 2, 2, 2, 3} {
		s.Progress.Calls = calls
		if err := l.show(s); err != nil {
			t.Fatal(err)
		}
	}
	n := uint64(0)
	for line := range strings.Lines(out.String()) {
		n++
		var doc struct{ Scan schemas.Scan }
		if err := json.Unmarshal([]byte(line), &doc); err != nil || doc.Scan.Progress.Calls != n || len(doc.Scan.Reading) != 2 {
			t.Errorf("line %d: %s: %v", n, line, err)
		}
	}
	if n != 3 {
		t.Errorf("%d lines for 3 changes", n)
	}
}
