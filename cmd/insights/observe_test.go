package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
	"github.com/insights-scanner/insights-scanner/scanner/api"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// TestServeIsObserved runs the whole server in this process: what it logs, counts
// and answers of a scan, and how it ends with a unit in hand.
func TestServeIsObserved(t *testing.T) {
	o := startObserved(t)
	scan := o.scan(t)
	if scan.State != schemas.ScanPartial {
		t.Fatalf("scan ended %s: %s", scan.State, scan.Reason)
	}
	t.Run("logs", func(t *testing.T) { o.logs(t, scan) })
	t.Run("ready", func(t *testing.T) { o.ready(t) })
	t.Run("profiles", func(t *testing.T) { o.profiles(t) })

	o.gate.shut()
	if _, err := o.client.StartScan(t.Context(), "prod", schemas.ScanLimit{}); err != nil {
		t.Fatal(err)
	}
	o.gate.await(t)
	t.Run("metrics", func(t *testing.T) { o.metrics(t) })
	t.Run("drain", func(t *testing.T) { o.drain(t) })
}

// observed is a server in this process, and the cloud it reads.
type observed struct {
	url, admin string
	client     api.Service
	gate       *gate
	log        *lockedBuffer
	interrupt  context.CancelFunc
	ended      chan error
}

func startObserved(t *testing.T) *observed {
	t.Helper()
	for k, v := range map[string]string{
		"AWS_EC2_METADATA_DISABLED": "true", "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "AKIAFAKE", "AWS_SECRET_ACCESS_KEY": "fake",
	} {
		t.Setenv(k, v)
	}
	fake := awsfake.New(awsfake.Population{
		AccountID: "123456789012", Regions: []string{"us-east-1"}, Instances: 3, Volumes: 2, SecurityGroups: 2, VPCs: 1, Buckets: 8, Users: 2, Roles: 1,
	})
	fake.SetFaults(awsfake.Faults{Deny: []string{"ec2:DescribeVolumes"}, Throttle: map[string]float64{"s3:GetBucketAcl": 3}})
	o := &observed{gate: &gate{next: fake, held: make(chan struct{}, 100)}, log: &lockedBuffer{}, ended: make(chan error, 1)}
	srv := httptest.NewServer(o.gate)
	t.Cleanup(srv.Close)
	t.Cleanup(o.gate.open)

	listen, admin := freeAddress(t), freeAddress(t)
	o.url, o.admin = "http://"+listen, "http://"+admin
	env := map[string]string{
		"INSIGHTS_DATA_DIR": t.TempDir(), "INSIGHTS_CHDB_LIB": tool(t, "chdb", "libchdb.so"), "INSIGHTS_CLICKHOUSE_LIBRARY": tool(t, "chdb", "libchdb.so"),
		"INSIGHTS_LISTEN": listen, "INSIGHTS_ADMIN_ADDR": admin, "INSIGHTS_LOG_LEVEL": "debug", "INSIGHTS_LOG_FORMAT": "json",
		"INSIGHTS_WORKERS_DISCOVERY": "1", // so that units wait for each other
	}
	root := newRoot(stdio{in: strings.NewReader(""), out: io.Discard, err: o.log, env: func(k string) string { return env[k] }})
	root.SetArgs([]string{"serve"})
	ctx, cancel := context.WithCancel(context.Background())
	o.interrupt = cancel
	go func() { o.ended <- root.ExecuteContext(ctx) }()
	t.Cleanup(func() {
		o.gate.open()
		cancel()
		if t.Failed() {
			t.Logf("log:\n%s", o.log)
		}
	})
	eventually(t, time.Minute, "the server is ready", func() bool { return o.status("/readyz") == http.StatusOK && dial(listen) })
	var err error
	if o.client, err = api.NewClient(o.url, ""); err != nil {
		t.Fatal(err)
	}
	account := schemas.Account{Name: "prod", Provider: "aws", Endpoint: srv.URL, Regions: []string{"us-east-1"}, Services: observedServices}
	if _, err := o.client.AddAccount(t.Context(), account); err != nil {
		t.Fatal(err)
	}
	return o
}

// scan scans the account to the end.
func (o *observed) scan(t *testing.T) schemas.Scan {
	t.Helper()
	scan, err := o.client.StartScan(t.Context(), "prod", schemas.ScanLimit{})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, 2*time.Minute, "the scan ends", func() bool {
		if scan, err = o.client.GetScan(t.Context(), scan.ID); err != nil {
			t.Fatal(err)
		}
		return scan.State.Ended()
	})
	return scan
}

// get asks the admin listener; status 0 when it does not answer.
func (o *observed) get(path string) (status int, body string) {
	resp, err := http.Get(o.admin + path)
	if err != nil {
		return 0, ""
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, ""
	}
	return resp.StatusCode, string(raw)
}

func (o *observed) status(path string) int {
	status, _ := o.get(path)
	return status
}

// logs checks that one can follow a scan through every stage. What a part has done is told
// before it is logged.
func (o *observed) logs(t *testing.T, scan schemas.Scan) {
	units := len(scan.Units)
	want := map[string]int{
		// control
		"info scan started": 1, "debug ask for unit with unit": units, "debug close scope": 1, "info scan ended": 1,
		// discovery
		"debug unit begun with unit": units, "debug snapshot batch published with unit": 3, "debug unit read with unit": units,
		"warn unit read with gaps with unit": 1,
		// evaluator
		"debug batch judged with unit": 3,
		// sink
		"debug snapshot batch stored with unit": 3, "debug verdict batch stored with unit": 3, "debug unit end stored with unit": units,
		"debug scope closed": 1,
	}
	missing := ""
	defer func() {
		if missing != "" {
			t.Log(missing)
		}
	}()
	eventually(t, time.Minute, "every stage is logged", func() bool {
		seen, gaps := o.logged(t, scan)
		missing = ""
		for what, least := range want {
			if seen[what] < least {
				missing += fmt.Sprintf("%q: %d lines, want at least %d\n", what, seen[what], least)
			}
		}
		if gaps != 1 {
			missing += fmt.Sprintf("%d lines of the gap, want 1\n", gaps)
		}
		return missing == ""
	})
}

// logged counts the lines of a scan, and those that tell of its gap.
func (o *observed) logged(t *testing.T, scan schemas.Scan) (seen map[string]int, gaps int) {
	type line struct{ Level, Message, Scan, Account, Unit, Call string }
	seen = map[string]int{}
	for text := range strings.Lines(o.log.String()) {
		var l line
		if err := json.Unmarshal([]byte(text), &l); err != nil {
			t.Fatalf("no JSON: %s", text)
		}
		if l.Scan != scan.ID {
			continue
		}
		if l.Account != "prod" {
			t.Errorf("no account: %s", text)
		}
		seen[l.Level+" "+l.Message]++
		if l.Unit != "" {
			seen[l.Level+" "+l.Message+" with unit"]++
		}
		if l.Message == "unit read with gaps" && l.Call == "ec2:DescribeVolumes" && l.Unit == "us-east-1/ec2" {
			gaps++
		}
	}
	return seen, gaps
}

// readiness is what /readyz answers.
type readiness struct {
	Status string            `json:"status"`
	Checks map[string]string `json:"checks"`
}

func (o *observed) readiness(t *testing.T) (int, readiness) {
	t.Helper()
	status, body := o.get("/readyz")
	var r readiness
	if err := json.Unmarshal([]byte(body), &r); err != nil {
		t.Fatalf("/readyz: %d %s", status, body)
	}
	return status, r
}

func (o *observed) ready(t *testing.T) {
	if status, body := o.get("/healthz"); status != http.StatusOK || body != "{\"status\":\"ok\"}\n" {
		t.Errorf("/healthz: %d %s", status, body)
	}
	status, r := o.readiness(t)
	want := []string{"clickhouse", "control", "discovery", "evaluator", "nats", "organizations", "pack files", "packs", "plan", "process", "retention", "schedule", "sink", "store", "webhooks"}
	if have := slices.Sorted(maps.Keys(r.Checks)); status != http.StatusOK || r.Status != "ready" || !slices.Equal(have, want) {
		t.Errorf("/readyz: %d %+v", status, r)
	}
	for part, text := range r.Checks {
		if text != healthy {
			t.Errorf("%s: %s", part, text)
		}
	}
}

func (o *observed) profiles(t *testing.T) {
	if status, body := o.get("/debug/pprof/goroutine?debug=1"); status != http.StatusOK || !strings.Contains(body, "(*node).serve") {
		t.Errorf("goroutines: %d %.200s", status, body)
	}
	resp, err := http.Get(o.url + "/debug/pprof/")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusNotFound {
		t.Errorf("the API's port answers /debug/pprof/ with %d", resp.StatusCode)
	}
}

// documented finds the metrics of the table in docs/operations.md.
var documented = regexp.MustCompile("(?m)^\\| `(insights_[a-z_]+)` \\| (gauge|counter|histogram) \\|")

// metrics holds what is scraped against what is documented, while a unit is in
// hand and others wait.
func (o *observed) metrics(t *testing.T) {
	doc, err := os.ReadFile(filepath.Join("..", "..", "docs", "operations.md"))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	for _, m := range documented.FindAllStringSubmatch(string(doc), -1) {
		want[m[1]] = m[2]
	}
	if len(want) < 15 {
		t.Fatalf("only %d metrics documented", len(want))
	}
	var text string
	var have map[string]string
	var values map[string]float64
	eventually(t, time.Minute, "every unit of the second scan is asked for", func() bool {
		var status int
		if status, text = o.get("/metrics"); status != http.StatusOK {
			t.Fatalf("/metrics: %d %s", status, text)
		}
		have, values = exposed(t, text)
		return values[`insights_queue_messages{stream="INSIGHTS_UNITS"}`] == 5
	})
	for name, kind := range want {
		if have[name] != kind {
			t.Errorf("%s is documented as %s, exposed as %q", name, kind, have[name])
		}
		if kind == "histogram" {
			name += "_count"
		}
		if values[name] <= 0 {
			t.Errorf("%s is %v", name, values[name])
		}
	}
	for name := range have {
		if want[name] == "" && strings.HasPrefix(name, "insights_") {
			t.Errorf("%s is not documented", name)
		}
	}
	for _, name := range []string{"go_goroutines", "process_resident_memory_bytes"} {
		if values[name] <= 0 {
			t.Errorf("%s is %v", name, values[name])
		}
	}
	for series, want := range map[string]float64{
		`insights_units_total{outcome="complete",service="s3"}`:                                                         1,
		`insights_units_total{outcome="partial",service="ec2"}`:                                                         1,
		`insights_resources_total{kind="gone",service="s3"}`:                                                            0,
		`insights_scan_duration_seconds_count{state="partial"}`:                                                         1,
		`insights_aws_calls_total{operation="DescribeVpcs",service="EC2"}`:                                              1,
		`insights_consumer_in_hand_messages{consumer="discovery",stream="INSIGHTS_UNITS"}`:                              1,
		`insights_consumer_waiting_messages{consumer="discovery",stream="INSIGHTS_UNITS"}`:                              4,
		`insights_queue_messages{stream="INSIGHTS_UNITS"}`:                                                              5,
		`insights_queue_messages{stream="INSIGHTS_DEAD"}`:                                                               0,
		`insights_queue_oldest_age_seconds{stream="INSIGHTS_DEAD"}`:                                                     0,
		`insights_deliveries_total{consumer="sink-verdicts",fate="dead_letter"}`:                                        0,
		`insights_scan_duration_seconds_count{state="failed"}`:                                                          0,
		`insights_aws_throttles_total{operation="DescribeVpcs",service="EC2"}`:                                          0,
		`insights_aws_calls_total{operation="GetCallerIdentity",service="STS"}`:                                         1,
		`insights_deliveries_total{consumer="discovery",fate="acked"}`:                                                  5,
		`insights_api_requests_total{route="POST /v1/accounts",status="201"}`:                                           1,
		`insights_verdicts_total{outcome="errored",pack="aws_foundations"}`:                                             0,
		`insights_engine_load_duration_seconds_count{runtime="` + string(schemas.RuntimeOPA) + `"}`:                     1,
		`insights_consumer_waiting_messages{consumer="sink-snapshots-` + partition() + `",stream="INSIGHTS_SNAPSHOTS"}`: 0,
	} {
		if have, ok := values[series]; !ok || have != want {
			t.Errorf("%s is %v, want %v", series, have, want)
		}
	}
	// A scan is stored by who drove it, and once more, with the same content, by who starts the
	// next one before its account is free.
	if n := values[`insights_sink_insert_rows_count{table="scans"}`]; n < 1 || n > 2 {
		t.Errorf("%v inserts of scans", n)
	}
	if strings.Contains(text, "prod") || strings.Contains(text, "123456789012") {
		t.Error("the metrics name the account")
	}
}

func partition() string { return fmt.Sprintf("%02d", schemas.Partition("aws-123456789012")) }

var sample = regexp.MustCompile(`^([a-z_]+)(\{.*\})? (\S+)$`)

// exposed reads the text format: the kind of every metric, and the value of every
// series and, under the name alone, of all its series.
func exposed(t *testing.T, text string) (kinds map[string]string, values map[string]float64) {
	t.Helper()
	kinds, values = map[string]string{}, map[string]float64{}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if words := strings.Fields(line); words[0] == "#" {
			if words[1] == "TYPE" {
				kinds[words[2]] = words[3]
			}
			continue
		}
		m := sample.FindStringSubmatch(line)
		if m == nil {
			t.Fatalf("no sample: %s", line)
		}
		v, err := strconv.ParseFloat(m[3], 64)
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		values[m[1]] += v
		if m[2] != "" {
			values[m[1]+m[2]] = v
		}
	}
	return kinds, values
}

// drain interrupts the server while it reads a unit.
func (o *observed) drain(t *testing.T) {
	o.interrupt()
	eventually(t, time.Minute, "not ready", func() bool { return o.status("/readyz") == http.StatusServiceUnavailable })
	if _, r := o.readiness(t); r.Status != "not ready" || !strings.HasPrefix(r.Checks["process"], "draining") || r.Checks["discovery"] != healthy {
		t.Errorf("/readyz: %+v", r)
	}
	if o.status("/healthz") != http.StatusOK {
		t.Error("a draining process is not alive")
	}
	select {
	case err := <-o.ended:
		t.Fatalf("ended (%v) with a unit in hand", err)
	default:
	}
	before := len(o.log.String())
	o.gate.open()
	select {
	case err := <-o.ended:
		if code := report(err); code != exitOK {
			t.Errorf("exit code %d: %v", code, err)
		}
	case <-time.After(time.Minute):
		t.Fatal("still running without anything in hand")
	}
	after := o.log.String()[before:]
	if n := strings.Count(after, `"message":"unit read"`); n != 1 {
		t.Errorf("%d units were read after the signal, want the one in hand:\n%s", n, after)
	}
	if strings.Contains(after, `"message":"unit begun"`) {
		t.Errorf("a unit was begun after the signal:\n%s", after)
	}
	if dial(strings.TrimPrefix(o.admin, "http://")) {
		t.Error("the admin listener is still open")
	}
}

// observedServices are what the scans read: IAM, which is held, and four that wait
// for it.
var observedServices = []string{"s3", "ec2", "iam", "cloudtrail", "config"}

// gate holds the calls to IAM, the first service that a scan reads, while shut.
type gate struct {
	next http.Handler
	held chan struct{} // gets one for every call that is held

	mu   sync.Mutex
	wait chan struct{} // closed by open; nil when open
}

func (g *gate) shut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.wait = make(chan struct{})
}

func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.wait != nil {
		close(g.wait)
		g.wait = nil
	}
}

// await waits until a call is held.
func (g *gate) await(t *testing.T) {
	t.Helper()
	select {
	case <-g.held:
	case <-time.After(time.Minute):
		t.Fatal("no unit was begun")
	}
}

func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	wait := g.wait
	g.mu.Unlock()
	if wait != nil && strings.Contains(r.Header.Get("Authorization"), "/iam/aws4_request") {
		g.held <- struct{}{}
		select {
		case <-wait:
		case <-r.Context().Done():
			return
		}
	}
	g.next.ServeHTTP(w, r)
}

// lockedBuffer is written by many.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
