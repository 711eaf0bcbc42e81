package main

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

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
	// page is called before every answer to a request for a further page.
	page func()
	// after is told of every request that was answered, as its query, body and target.
	after func(text string)
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
	if h.page != nil && strings.Contains(text, "NextToken") {
		h.page()
	}
	rec := httptest.NewRecorder()
	h.next.ServeHTTP(rec, r)
	if h.after != nil {
		h.after(text)
	}
	for k, v := range rec.Header() {
		w.Header()[k] = v
	}
	answer := rec.Body.Bytes()
	if w.Header().Get("Content-Length") == "" { // else a cut one would look whole
		w.Header().Set("Content-Length", strconv.Itoa(len(answer)))
	}
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

// troubled is an account with enough in it that lists have pages.
var troubled = awsfake.Population{
	AccountID: "123456789012", Regions: []string{"us-east-1"},
	Instances: 20, Volumes: 8, SecurityGroups: 12, Subnets: 2, VPCs: 1, Snapshots: 4, Images: 2, Buckets: 12, Users: 5, Roles: 5, Policies: 3,
	More: map[string]int{"queue": 5, "key": 5},
}

var troubledServices = []string{"s3", "ec2", "iam", "sqs", "kms", "cloudtrail", "config"}

// What a scan leaves after trouble that passes is what it leaves on a quiet day, property by
// property: also when a service was down for longer than a call is tried, since the unit is then
// read again; and when a worker is killed in the middle of a list.
func TestFaultsLeaveNoTrace(t *testing.T) {
	t.Parallel()
	scan := func(t *testing.T, faults awsfake.Faults, h *trouble, args ...string) (content, schemas.Scan, *awsfake.Server) {
		fake := awsfake.New(troubled)
		fake.SetFaults(faults)
		h.next, h.random = fake, rand.New(rand.NewPCG(1, 1))
		srv := httptest.NewServer(h)
		defer srv.Close()
		p := newProgram(t)
		p.ok(t, slices.Concat([]string{
			"account", "add", "prod", "--endpoint", srv.URL, "--region", "us-east-1",
			"--service", strings.Join(troubledServices, ","),
		}, args)...)
		c, s := p.content(t, p.scan(t))
		return c, s, fake
	}
	want, _, _ := scan(t, awsfake.Faults{}, &trouble{})
	if len(want.Resources) < 80 || len(want.Violations) < 20 {
		t.Fatalf("%d resources, %d violations", len(want.Resources), len(want.Violations))
	}
	for name, c := range map[string]struct {
		faults  awsfake.Faults
		trouble *trouble
		reread  bool
		account []string
		seen    func(*awsfake.Server) bool // that there was trouble
	}{
		"one call of ten fails":      {faults: awsfake.Faults{FailEvery: 10}},
		"one answer of ten is cut":   {trouble: &trouble{cut: 0.1}},
		"five calls a second":        {faults: awsfake.Faults{Throttle: map[string]float64{"s3:GetBucketAcl": 5, "ec2:DescribeVolumes": 5, "kms:GetKeyPolicy": 5}, PageSize: 3}},
		"down for longer than tries": {trouble: &trouble{down: map[string]int{"Action=DescribeVolumes": 8, "GetKeyPolicy": 40}}, reread: true},
		"lists are cut, pages overlap and calls fail": {
			faults: awsfake.Faults{PageSize: 3, Overlap: 1, Cut: 0.05, Fail: 0.05, Seed: 1},
		},
		"credentials that outlive a hundred calls": {
			faults:  awsfake.Faults{SessionCalls: 100, PageSize: 3},
			account: []string{"--role-arn", "arn:aws:iam::123456789012:role/insights"},
			seen: func(s *awsfake.Server) bool {
				_, calls := s.Calls()
				return calls["sts:AssumeRole"] > 2
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if c.trouble == nil {
				c.trouble = &trouble{}
			}
			got, s, fake := scan(t, c.faults, c.trouble, c.account...)
			sameAs(t, got, want)
			if c.reread != (len(s.Rereads) > 0) {
				t.Errorf("read again: %v", s.Rereads)
			}
			if c.seen != nil && !c.seen(fake) {
				t.Error("there was no trouble")
			}
		})
	}
	t.Run("a worker is killed in the middle of a list", func(t *testing.T) {
		t.Parallel()
		killedInList(t, want)
	})
}

func sameAs(t *testing.T, got, want content) {
	t.Helper()
	sameContent(t, "resources", got.Resources, want.Resources)
	sameContent(t, "violations", got.Violations, want.Violations)
	sameContent(t, "counts", got.Counts, want.Counts)
}

// killedInList kills the worker (kill -9) at further pages of lists, each time before the
// answer arrives, and wants what an undisturbed scan leaves.
func killedInList(t *testing.T, want content) {
	fake := awsfake.New(troubled)
	fake.SetFaults(awsfake.Faults{PageSize: 5})
	c := startCluster(t)
	pages, kills := 0, 0
	h := &trouble{next: fake, random: rand.New(rand.NewPCG(1, 1))}
	var mu sync.Mutex
	h.page = func() {
		mu.Lock()
		defer mu.Unlock()
		if pages++; kills < 3 && pages%4 == 2 {
			kills++
			_ = c.processes()["discovery"].Kill()
		}
	}
	srv := httptest.NewServer(h)
	defer srv.Close()
	client := c.client(t)
	_, err := client.AddAccount(t.Context(), schemas.Account{
		Name: "prod", Provider: "aws", Endpoint: srv.URL, Regions: []string{"us-east-1"}, Services: troubledServices,
	})
	if err != nil {
		t.Fatal(err)
	}
	c.scan(t, client, nil, schemas.ScanLimit{})
	mu.Lock()
	defer mu.Unlock()
	if kills < 3 {
		t.Errorf("%d kills, %d pages", kills, pages)
	}
	got, _ := newProgram(t, "INSIGHTS_SERVER="+c.url).content(t, schemas.Scan{})
	sameAs(t, got, want)
}

// What lists do not show yet is asked for before it is said to be gone: of a second scan
// with lists that lag behind nothing changes. IAM's only list has all that there is to say of
// a role, so that one which it does not show is read again a little later.
func TestListsThatLagRemoveNothing(t *testing.T) {
	t.Parallel()
	fake := awsfake.New(troubled)
	hidden := []string{"i-00000000000000001", "sg-00000000000000004", "bucket-00000002"}
	lag := awsfake.Faults{Added: slices.Concat(hidden, []string{"user-000001", "role-000001"}), ListLag: time.Hour, PageSize: 4, Overlap: 1}
	srv := httptest.NewServer(&trouble{next: fake, random: rand.New(rand.NewPCG(1, 1)), after: func(text string) {
		if strings.Contains(text, "Action=GetRole&") { // it is verified: the list catches up
			caughtUp := lag
			caughtUp.Added = hidden
			fake.SetFaults(caughtUp)
		}
	}})
	defer srv.Close()
	p := newProgram(t)
	p.ok(t, "account", "add", "prod", "--endpoint", srv.URL, "--region", "us-east-1", "--service", strings.Join(troubledServices, ","))
	want, _ := p.content(t, p.scan(t))
	fake.SetFaults(lag)
	got, s := p.content(t, p.scan(t))
	sameAs(t, got, want)
	if s.Changes.Opened+s.Changes.Fixed+s.Changes.Reopened > 0 {
		t.Errorf("%+v", s.Changes)
	}
	if len(s.Rereads) != 1 || s.Rereads["global/iam"].Passing != 1 {
		t.Errorf("read again: %v", s.Rereads)
	}
	// What is really gone is said to be.
	fake.SetFaults(awsfake.Faults{Removed: []string{"bucket-00000002"}})
	if got, _ = p.content(t, p.scan(t)); len(got.Resources) >= len(want.Resources) {
		t.Errorf("%d resources of %d are left", len(got.Resources), len(want.Resources))
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
