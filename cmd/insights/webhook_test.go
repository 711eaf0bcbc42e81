package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
	"github.com/insights-scanner/insights-scanner/scanner/api"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// A server that is killed while it tells of what a scan found goes on where it
// was: every change arrives, whatever else is sent again has the same id.
func TestKilledWhileItTells(t *testing.T) {
	t.Parallel()
	url, _ := startFake(t, awsfake.Population{AccountID: "123456789012", Regions: []string{"us-east-1"}, Buckets: 4, Users: 1})
	p := newProgram(t, "INSIGHTS_NATS_LEASE_TTL=1s", "INSIGHTS_NATS_ACK_WAIT=1s")
	addr := freeAddress(t)

	var mu sync.Mutex
	var serve *os.Process
	came, kills := map[string]int{}, 0
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		mu.Lock()
		defer mu.Unlock()
		came[r.Header.Get("webhook-id")]++
		if kills < 2 && len(came) == 2*(kills+1) {
			kills++
			_ = serve.Kill() // it does not see the answer
		}
	}))
	defer hook.Close()

	p.ok(t, "account", "add", "prod", "--endpoint", url, "--region", "us-east-1")
	p.ok(t, "webhook", "add", "hook", hook.URL)
	start := func() (ended <-chan struct{}) {
		cmd := p.command(t.Context(), "serve", "--listen", addr)
		mu.Lock()
		defer mu.Unlock()
		background(t, cmd)
		serve = cmd.Process
		eventually(t, time.Minute, "serve answers", func() bool { return dial(addr) })
		return nil
	}
	start()
	client, err := api.NewClient("http://"+addr, "")
	if err != nil {
		t.Fatal(err)
	}
	scan, err := client.StartScan(t.Context(), "prod", schemas.ScanLimit{})
	if err != nil {
		t.Fatal(err)
	}
	told := func() (done bool) {
		if !dial(addr) {
			start()
		}
		s, err := client.GetScan(t.Context(), scan.ID)
		if err != nil || !s.State.Ended() {
			return false
		}
		var events []schemas.ViolationEvent
		err = api.AllEvents(t.Context(), client, "prod", "", func(e schemas.ViolationEvent) { events = append(events, e) })
		mu.Lock()
		defer mu.Unlock()
		for _, e := range events {
			if came[e.EventID] == 0 {
				return false
			}
		}
		return err == nil && kills == 2 && len(events) >= 4 && len(came) == len(events)
	}
	eventually(t, 3*time.Minute, "every change has arrived", told)
}
