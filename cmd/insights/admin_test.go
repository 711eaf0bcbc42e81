package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/insights-scanner/insights-scanner/scanner/bus"
	"github.com/insights-scanner/insights-scanner/schemas"
)

func TestWhoMayAskTheAdminListener(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name               string
		loopback           bool
		host, remote, path string
		want               int
	}{
		{"this machine", true, "127.0.0.1:9480", "127.0.0.1:5000", "/healthz", http.StatusOK},
		{"by name", true, "localhost:9480", "[::1]:5000", "/metrics", http.StatusOK},
		{"a page that bound its name to this machine", true, "evil.example:9480", "127.0.0.1:5000", "/metrics", http.StatusForbidden},
		{"a probe from elsewhere", false, "10.0.0.7:9480", "10.0.0.1:5000", "/healthz", http.StatusOK},
		{"a scrape from elsewhere", false, "pod.example:9480", "10.0.0.1:5000", "/metrics", http.StatusOK},
		{"a profile from elsewhere", false, "10.0.0.7:9480", "10.0.0.1:5000", "/debug/pprof/cmdline", http.StatusForbidden},
		{"a list of profiles from elsewhere", false, "10.0.0.7:9480", "10.0.0.1:5000", "/debug/pprof/", http.StatusForbidden},
		{"a profile through a port forward", false, "localhost:9480", "127.0.0.1:5000", "/debug/pprof/cmdline", http.StatusOK},
		{"nothing there", true, "127.0.0.1:9480", "127.0.0.1:5000", "/v1/accounts", http.StatusNotFound},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, c.path, nil)
			r.Host, r.RemoteAddr = c.host, c.remote
			w := httptest.NewRecorder()
			adminHandler(newObserver(), c.loopback, zerolog.Nop()).ServeHTTP(w, r)
			if w.Code != c.want {
				t.Errorf("%d, want %d: %s", w.Code, c.want, w.Body)
			}
		})
	}
}

func TestAdminAddress(t *testing.T) {
	t.Parallel()
	for addr, ok := range map[string]bool{
		"127.0.0.1:9480": true, "[::1]:9480": true, "0.0.0.0:9480": true, "off": true, "": true,
		":9480": false, "9480": false, "127.0.0.1": false, "127.0.0.1:": false,
	} {
		_, err := loadConfig("", noEnv, map[string]string{"adminAddr": addr})
		if ok != (err == nil) {
			t.Errorf("%q: %v", addr, err)
		}
	}
	for _, addr := range []string{"", adminOff} {
		stop, err := startAdmin(addr, newObserver(), zerolog.Nop())
		if err != nil {
			t.Fatal(err)
		}
		stop()
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := startAdmin(l.Addr().String(), newObserver(), zerolog.Nop()); schemas.CodeOf(err) != schemas.CodeInvalid || !strings.Contains(err.Error(), l.Addr().String()) {
		t.Errorf("an address that is taken: %v", err)
	}
}

// The default must not keep a second process on the machine from serving.
func TestDefaultAdminAddressMayBeTaken(t *testing.T) {
	t.Parallel()
	addr := defaultConfig().AdminAddr
	if l, err := net.Listen("tcp", addr); err == nil { // else somebody has it already
		defer l.Close()
	}
	var log lockedBuffer
	stop, err := startAdmin(addr, newObserver(), zerolog.New(&log))
	if err != nil {
		t.Fatal(err)
	}
	stop()
	if !strings.Contains(log.String(), "is taken") {
		t.Errorf("logged %q", log.String())
	}
}

func TestHealthSaysWhichPartIsNotWell(t *testing.T) {
	t.Parallel()
	h := newHealth()
	check := func(ready bool, want map[string]string) {
		t.Helper()
		parts, ok := h.report(t.Context())
		for part, text := range want {
			if !strings.HasPrefix(parts[part], text) {
				t.Errorf("%s: %q, want %q", part, parts[part], text)
			}
		}
		if ok != ready || len(parts) != len(want) {
			t.Errorf("ready %v: %v", ok, parts)
		}
	}
	check(false, map[string]string{"process": "starting"})
	process, stop := context.WithCancel(t.Context())
	h.started(process)
	var broken error
	h.set("nats", func(context.Context) error { return broken })
	begun, end := make(chan struct{}), make(chan struct{})
	sink := h.role(role{"sink", func(context.Context) error {
		close(begun)
		<-end
		return nil
	}})
	check(false, map[string]string{"process": "ok", "nats": "ok", "sink": "has not started"})
	ended := make(chan error, 1)
	go func() { ended <- sink.run(process) }()
	<-begun
	check(true, map[string]string{"process": "ok", "nats": "ok", "sink": "ok"})
	broken = errors.New("no route to host")
	check(false, map[string]string{"process": "ok", "nats": "no route", "sink": "ok"})
	broken = nil
	stop()
	check(false, map[string]string{"process": "draining", "nats": "ok", "sink": "ok"})
	close(end)
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	check(false, map[string]string{"process": "draining", "nats": "ok", "sink": "has ended"})
}

// A scrape does not fail with NATS: it has everything else.
func TestScrapeWithoutNATS(t *testing.T) {
	t.Parallel()
	o := newObserver()
	o.metrics.registry.MustRegister(newQueues(func(context.Context) ([]bus.Queue, error) { return nil, errors.New("no answer") }, nil))
	var log lockedBuffer
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
	adminHandler(o, false, zerolog.New(&log)).ServeHTTP(w, r)
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "insights_build_info") || strings.Contains(w.Body.String(), "insights_queue") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if !strings.Contains(log.String(), "no answer") {
		t.Errorf("logged %q", log.String())
	}
}
