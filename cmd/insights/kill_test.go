package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
	"github.com/insights-scanner/insights-scanner/scanner/api"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// TestKillAnyProcessAnyTime runs the roles as separate processes and kills them
// (kill -9; now and then they are told to stop) at random moments of scans: what is
// stored in the end equals an undisturbed run's. INSIGHTS_KILL_ROUNDS sets the
// number of rounds, whose seeds are 1, 2, …
func TestKillAnyProcessAnyTime(t *testing.T) {
	t.Parallel()
	rounds := 1
	if s := os.Getenv("INSIGHTS_KILL_ROUNDS"); s != "" {
		var err error
		if rounds, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	}
	want := someScans(t, nil)
	if len(want.Violations) == 0 || len(want.Events) == 0 || len(want.Resources) == 0 {
		t.Fatalf("the undisturbed run found nothing: %d violations, %d events, %d resources", len(want.Violations), len(want.Events), len(want.Resources))
	}
	for seed := 1; seed <= rounds; seed++ {
		t.Run(fmt.Sprintf("seed%d", seed), func(t *testing.T) {
			got := someScans(t, rand.New(rand.NewPCG(uint64(seed), 1)))
			sameContent(t, "resources", got.Resources, want.Resources)
			sameContent(t, "violations", got.Violations, want.Violations)
			sameContent(t, "events", got.Events, want.Events)
			sameContent(t, "counts", got.Counts, want.Counts)
		})
	}
}

// content is what the scans left, without times and orders, which differ
// between any two runs.
type content struct {
	Resources, Violations, Events, Counts []string
}

func sameContent(t *testing.T, what string, got, want []string) {
	t.Helper()
	g, w := map[string]int{}, map[string]int{}
	for _, s := range got {
		g[s]++
	}
	for _, s := range want {
		w[s]++
	}
	for s, n := range w {
		if g[s] != n {
			t.Errorf("%s: %d times instead of %d: %s", what, g[s], n, s)
		}
	}
	for s, n := range g {
		if w[s] == 0 {
			t.Errorf("%s: %d times, unexpected: %s", what, n, s)
		}
	}
}

// someScans scans an account, changes it, scans parts of it, begins a scan that is
// cancelled, and scans all again. With a random source it kills processes meanwhile.
func someScans(t *testing.T, random *rand.Rand) content {
	t.Helper()
	fake := awsfake.New(awsfake.Population{
		AccountID: "123456789012", Regions: []string{"us-east-1", "eu-west-1"},
		Instances: 300, Volumes: 100, SecurityGroups: 60, Subnets: 5, VPCs: 1, Snapshots: 40, Images: 3,
		Buckets: 40, Users: 20, Roles: 30, Policies: 20,
	})
	srv := httptest.NewServer(fake)
	defer srv.Close()
	c := startCluster(t)
	client := c.client(t)
	ctx := t.Context()
	// Services without anything would only make the rounds longer.
	account := schemas.Account{Name: "prod", Provider: "aws", Endpoint: srv.URL, Services: []string{"s3", "ec2", "iam", "config"}}
	c.retry(t, "add account", func() error {
		_, err := client.AddAccount(ctx, account)
		if schemas.CodeOf(err) == schemas.CodeConflict {
			return nil // the answer was lost, the account was not
		}
		return err
	})
	c.scan(t, client, random, schemas.ScanLimit{})
	fake.SetFaults(awsfake.Faults{
		Removed: []string{"i-00000000000000000", "i-01000000000000004", "sg-0000000000000000a", "bucket-00000005", "user-000003", "role-000004", "policy-000005"},
		Changed: []string{"i-00000000000000001", "bucket-00000002", "bucket-00000004", "user-000001"},
	})
	c.scan(t, client, random, schemas.ScanLimit{Services: []string{"ec2"}, Regions: []string{"us-east-1"}})
	c.scan(t, client, random, schemas.ScanLimit{Resources: []string{"arn:aws:s3:::bucket-00000002", "arn:aws:iam::123456789012:user/user-000001"}})
	c.cancelled(t, client, random)
	c.scan(t, client, random, schemas.ScanLimit{})
	return c.content(t, client)
}

// cluster is the system as separate processes over one NATS. What ends, killed or
// by itself because NATS was away, is started again, as an init system does.
type cluster struct {
	url   string // of the API
	nats  string
	start map[string]func() *exec.Cmd

	mu      sync.Mutex
	procs   map[string]*os.Process
	stopped bool
	ended   sync.WaitGroup
}

// startCluster starts it, with more environment for every process.
func startCluster(t testing.TB, env ...string) *cluster {
	t.Helper()
	dir := t.TempDir()
	natsAddr, apiAddr := freeAddress(t), freeAddress(t)
	shared := []string{
		"INSIGHTS_NATS_URL=nats://" + natsAddr, "INSIGHTS_SECRETS_KEY_FILE=" + filepath.Join(dir, "keyring.json"),
		"INSIGHTS_NATS_ACK_WAIT=2s", "INSIGHTS_NATS_LEASE_TTL=1s", "INSIGHTS_LOG_LEVEL=error", "INSIGHTS_DRAIN_TIMEOUT=2s",
	}
	serve := func(role string, own ...string) func() *exec.Cmd {
		p := newProgram(t, slices.Concat([]string{"INSIGHTS_ROLES=" + role}, shared, env, own)...)
		return func() *exec.Cmd {
			cmd := p.command(context.Background(), "serve")
			cmd.Stderr = os.Stderr
			return cmd
		}
	}
	newProgram(t, shared...).ok(t, "config", "keyring", filepath.Join(dir, "keyring.json"))
	c := &cluster{url: "http://" + apiAddr, nats: "nats://" + natsAddr, procs: map[string]*os.Process{}, start: map[string]func() *exec.Cmd{
		"nats": func() *exec.Cmd {
			return self(t, "INSIGHTS_TEST_NATS="+filepath.Join(dir, "nats"), "INSIGHTS_TEST_NATS_LISTEN="+natsAddr)
		},
		"control":   serve("control,sink", "INSIGHTS_LISTEN="+apiAddr),
		"discovery": serve("discovery"),
		"evaluator": serve("evaluator"),
	}}
	t.Cleanup(c.stop)
	c.launch(t, "nats")
	eventually(t, time.Minute, "NATS listens", func() bool { return dial(natsAddr) })
	for _, name := range []string{"control", "discovery", "evaluator"} {
		c.launch(t, name)
	}
	eventually(t, time.Minute, "the API answers", func() bool { return dial(apiAddr) })
	return c
}

// launch keeps a process running until the cluster stops.
func (c *cluster) launch(t testing.TB, name string) {
	t.Helper()
	cmd := c.run(name)
	if cmd == nil {
		t.Fatalf("%s does not start", name)
	}
	c.ended.Go(func() {
		for ; cmd != nil; cmd = c.run(name) {
			_ = cmd.Wait()
			again := time.NewTimer(200 * time.Millisecond)
			<-again.C
		}
	})
}

// run starts a process; nil when the cluster has stopped, or it cannot.
func (c *cluster) run(name string) *exec.Cmd {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopped {
		return nil
	}
	cmd := c.start[name]()
	if err := cmd.Start(); err != nil {
		return nil
	}
	c.procs[name] = cmd.Process
	return cmd
}

// processes are those that run, by role.
func (c *cluster) processes() map[string]*os.Process {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.procs)
}

// kill ends some process: by kill -9, or by a signal after which it drains.
func (c *cluster) kill(random *rand.Rand) {
	name, how := victims[random.IntN(len(victims))], syscall.SIGKILL
	if name != "nats" && random.IntN(3) == 0 {
		how = syscall.SIGTERM
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	_ = c.procs[name].Signal(how)
}

func (c *cluster) stop() {
	c.mu.Lock()
	c.stopped = true
	for _, p := range c.procs {
		_ = p.Kill()
	}
	c.mu.Unlock()
	c.ended.Wait()
}

func (c *cluster) client(t testing.TB) api.Service {
	t.Helper()
	client, err := api.NewClient(c.url, "")
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// retry repeats what fails while processes are down.
func (c *cluster) retry(t *testing.T, what string, do func() error) {
	t.Helper()
	var err error
	deadline := time.NewTimer(2 * time.Minute)
	defer deadline.Stop()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		if err = do(); err == nil {
			return
		}
		select {
		case <-deadline.C:
			t.Fatalf("%s: %v", what, err)
		case <-tick.C:
		}
	}
}

var victims = []string{"control", "discovery", "evaluator", "nats"}

// scan runs a scan to its end, killing processes if there is a random source.
func (c *cluster) scan(t *testing.T, client api.Service, random *rand.Rand, limit schemas.ScanLimit) {
	t.Helper()
	scan := c.end(t, client, random, c.begin(t, client, limit))
	if scan.State != schemas.ScanSucceeded {
		t.Fatalf("scan %s of %q ended %s: %s", scan.ID, limit, scan.State, scan.Reason)
	}
}

// cancelled begins a scan and cancels it; it may be over by then.
func (c *cluster) cancelled(t *testing.T, client api.Service, random *rand.Rand) {
	t.Helper()
	scan := c.begin(t, client, schemas.ScanLimit{})
	if random != nil {
		c.kill(random)
	}
	c.retry(t, "cancel scan", func() error {
		_, err := client.CancelScan(t.Context(), scan.ID)
		if schemas.CodeOf(err) == schemas.CodeConflict {
			return nil // it has ended
		}
		return err
	})
	if scan = c.end(t, client, random, scan); scan.State != schemas.ScanCancelled && scan.State != schemas.ScanSucceeded {
		t.Fatalf("scan %s ended %s: %s", scan.ID, scan.State, scan.Reason)
	}
}

// begin starts a scan.
func (c *cluster) begin(t *testing.T, client api.Service, limit schemas.ScanLimit) (scan schemas.Scan) {
	t.Helper()
	ctx := t.Context()
	before := c.scans(t, client)
	c.retry(t, "start scan", func() error {
		var err error
		if scan, err = client.StartScan(ctx, "prod", limit); err == nil {
			return nil
		}
		list, listErr := client.ListScans(ctx, "prod", 0)
		if listErr == nil && len(list) > before { // the answer was lost, the scan was not
			scan = list[0]
			return nil
		}
		return err
	})
	return scan
}

// end waits for the end of a scan, killing processes if there is a random source.
func (c *cluster) end(t *testing.T, client api.Service, random *rand.Rand, scan schemas.Scan) schemas.Scan {
	t.Helper()
	ctx := t.Context()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		c.retry(t, "scan ends", func() error {
			s, err := client.GetScan(ctx, scan.ID)
			if err == nil && !s.State.Ended() {
				err = fmt.Errorf("scan is %s: %+v", s.State, s.Progress)
			}
			if err == nil {
				scan = s
			}
			return err
		})
	}()
	for kills := 0; random != nil && kills < 6; kills++ {
		pause := time.NewTimer(time.Duration(50+random.IntN(900)) * time.Millisecond)
		select {
		case <-ended:
			kills = 6
		case <-pause.C:
			c.kill(random)
		}
		pause.Stop()
	}
	<-ended
	return scan
}

func (c *cluster) scans(t *testing.T, client api.Service) int {
	t.Helper()
	n := 0
	c.retry(t, "list scans", func() error {
		list, err := client.ListScans(t.Context(), "prod", 0)
		n = len(list)
		return err
	})
	return n
}

func (c *cluster) content(t *testing.T, client api.Service) content {
	t.Helper()
	ctx := t.Context()
	var out content
	text := func(v any) string {
		raw, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	c.retry(t, "read what is stored", func() error {
		out = content{}
		for cursor := ""; ; {
			page, err := client.Resources(ctx, schemas.ResourceQuery{Properties: true, Limit: 1000, Cursor: cursor})
			if err != nil {
				return err
			}
			for _, r := range page.Resources {
				out.Resources = append(out.Resources, text([]any{r.Key, r.Name, r.Properties, r.Unknown, r.Hash}))
			}
			if cursor = page.Next; cursor == "" {
				break
			}
		}
		for cursor := ""; ; {
			page, err := client.Violations(ctx, schemas.ViolationQuery{State: []schemas.ViolationState{schemas.ViolationOpen, schemas.ViolationFixed}, Limit: 1000, Cursor: cursor})
			if err != nil {
				return err
			}
			for _, v := range page.Violations {
				out.Violations = append(out.Violations, text([]any{v.Finding, v.Key, v.Policy, v.State, v.FixCause, v.Messages, v.Severity, v.Level, v.Reopened}))
			}
			if cursor = page.Next; cursor == "" {
				break
			}
		}
		err := api.AllEvents(ctx, client, "prod", "", func(e schemas.ViolationEvent) {
			out.Events = append(out.Events, text([]any{e.Finding, e.Key, e.Policy, e.Transition, e.Cause}))
		})
		if err != nil {
			return err
		}
		report, err := client.Report(ctx, schemas.ReportQuery{})
		if err != nil {
			return err
		}
		for _, a := range report.Accounts {
			out.Counts = append(out.Counts, text([]any{a.Resources, a.Counts, a.Open, a.Gaps}))
		}
		return nil
	})
	return out
}
