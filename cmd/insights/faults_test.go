package main

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// trouble stands before an AWS endpoint and does to its answers what networks and busy
// services do.
type trouble struct {
	next http.Handler

	mu     sync.Mutex
	random *rand.Rand
	// cut is the part of answers that break off half way.
	cut float64
	// down are operations, as in a request's query, body or target, whose first so many
	// calls fail: more often than a call is tried.
	down map[string]int
}

// ServeHTTP implements http.Handler.
func (h *trouble) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var body bytes.Buffer
	if _, err := body.ReadFrom(r.Body); err != nil {
		return
	}
	text := r.URL.RawQuery + " " + body.String() + " " + r.Header.Get("X-Amz-Target")
	r.Body = http.NoBody
	if body.Len() > 0 {
		r.Body = readCloser{bytes.NewReader(body.Bytes())}
	}
	if h.isDown(text) {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	rec := httptest.NewRecorder()
	h.next.ServeHTTP(rec, r)
	for k, v := range rec.Header() {
		w.Header()[k] = v
	}
	answer := rec.Body.Bytes()
	w.Header().Set("Content-Length", strconv.Itoa(len(answer)))
	w.WriteHeader(rec.Code)
	h.mu.Lock()
	half := h.random.Float64() < h.cut && len(answer) > 1
	h.mu.Unlock()
	if half {
		_, _ = w.Write(answer[:len(answer)/2])
		panic(http.ErrAbortHandler)
	}
	_, _ = w.Write(answer)
}

type readCloser struct{ *bytes.Reader }

// Close implements io.Closer.
func (readCloser) Close() error { return nil }

func (h *trouble) isDown(text string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	for operation, left := range h.down {
		if left > 0 && strings.Contains(text, operation) {
			h.down[operation]--
			return true
		}
	}
	return false
}

// What a scan leaves after trouble that passes is what it leaves on a quiet day, property by
// property: also when a service was down for longer than a call is tried, since the unit is then
// read again.
func TestFaultsLeaveNoTrace(t *testing.T) {
	t.Parallel()
	population := awsfake.Population{
		AccountID: "123456789012", Regions: []string{"us-east-1"},
		Instances: 20, Volumes: 8, SecurityGroups: 12, Subnets: 2, VPCs: 1, Snapshots: 4, Images: 2, Buckets: 12, Users: 5, Roles: 5, Policies: 3,
		More: map[string]int{"queue": 5, "key": 5},
	}
	scan := func(t *testing.T, faults awsfake.Faults, h *trouble) (content, schemas.Scan) {
		fake := awsfake.New(population)
		fake.SetFaults(faults)
		h.next, h.random = fake, rand.New(rand.NewPCG(1, 1))
		srv := httptest.NewServer(h)
		defer srv.Close()
		p := newProgram(t)
		p.ok(t, "account", "add", "prod", "--endpoint", srv.URL, "--region", "us-east-1",
			"--service", "s3,ec2,iam,sqs,kms,cloudtrail,config")
		return p.content(t, p.scan(t))
	}
	want, _ := scan(t, awsfake.Faults{}, &trouble{})
	if len(want.Resources) < 80 || len(want.Violations) < 20 {
		t.Fatalf("%d resources, %d violations", len(want.Resources), len(want.Violations))
	}
	for name, c := range map[string]struct {
		faults  awsfake.Faults
		trouble *trouble
		reread  bool
	}{
		"one call of ten fails":      {awsfake.Faults{FailEvery: 10}, &trouble{}, false},
		"one answer of ten is cut":   {awsfake.Faults{}, &trouble{cut: 0.1}, false},
		"five calls a second":        {awsfake.Faults{Throttle: map[string]float64{"s3:GetBucketAcl": 5, "ec2:DescribeVolumes": 5, "kms:GetKeyPolicy": 5}, PageSize: 3}, &trouble{}, false},
		"down for longer than tries": {awsfake.Faults{}, &trouble{down: map[string]int{"Action=DescribeVolumes": 8, "GetKeyPolicy": 40}}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, s := scan(t, c.faults, c.trouble)
			sameContent(t, "resources", got.Resources, want.Resources)
			sameContent(t, "violations", got.Violations, want.Violations)
			sameContent(t, "counts", got.Counts, want.Counts)
			if c.reread != (len(s.Rereads) > 0) {
				t.Errorf("read again: %v", s.Rereads)
			}
		})
	}
}

// content is what the program holds, but for what differs between any two runs.
func (p program) content(t *testing.T, s schemas.Scan) (content, schemas.Scan) {
	t.Helper()
	var out content
	text := func(v any) string {
		raw, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	var page schemas.ResourcePage
	p.json(t, &page, "resources", "--properties", "--limit", "1000")
	for _, r := range page.Resources {
		out.Resources = append(out.Resources, text([]any{r.Key, r.Name, r.Properties, r.Unknown}))
	}
	var found schemas.ViolationPage
	p.json(t, &found, "violations", "--limit", "1000")
	for _, v := range found.Violations {
		out.Violations = append(out.Violations, text([]any{v.Finding, v.Key, v.Policy, v.State, v.Messages, v.Severity, v.Level}))
	}
	var report schemas.Report
	p.json(t, &report, "report")
	for _, a := range report.Accounts {
		out.Counts = append(out.Counts, text([]any{a.Resources, a.Counts, a.Open, a.Gaps}))
	}
	return out, s
}
