package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/rs/zerolog"

	"github.com/insights-scanner/insights-scanner/scanner/api"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// observer is what a process shows of itself to those who run it.
type observer struct {
	metrics *metrics
	health  *health
}

func newObserver() *observer { return &observer{metrics: newMetrics(), health: newHealth()} }

// startAdmin answers operators on addr until stop is called: health, metrics and
// profiles, all without authentication. Without an address it does nothing. That
// the default one is taken, as by another process of ours, is no reason not to
// serve; the error of any other is CodeInvalid.
func startAdmin(addr string, o *observer, log zerolog.Logger) (stop func(), err error) {
	if addr == "" || addr == adminOff {
		return func() {}, nil
	}
	l, err := net.Listen("tcp", addr)
	if err != nil && addr == defaultConfig().AdminAddr {
		log.Warn().Err(err).Msg("no metrics and probes: the default --admin-addr is taken, choose another one")
		return func() {}, nil
	}
	if err != nil {
		return nil, schemas.Errorf(schemas.CodeInvalid, "listen on %s: %w", addr, err).WithHint("Choose another --admin-addr, or off.")
	}
	log.Info().Str("url", "http://"+l.Addr().String()).Msg("metrics and probes")
	if !api.IsLoopback(addr) {
		log.Warn().Str("address", addr).Msg("metrics and probes are open to whoever reaches this address")
	}
	srv := &http.Server{Handler: adminHandler(o, api.IsLoopback(addr), log), ReadHeaderTimeout: 10 * time.Second, MaxHeaderBytes: 64 << 10}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = srv.Serve(l) // ends with Close
	}()
	return func() {
		_ = srv.Close()
		<-ended
	}, nil
}

// adminHandler answers without authentication. On loopback the Host header must
// name this machine: a foreign page may have bound a name of its own to it.
func adminHandler(o *observer, loopback bool, log zerolog.Logger) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		writeStatus(w, http.StatusOK, map[string]any{"status": "ok"})
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		parts, ready := o.health.report(r.Context())
		if !ready {
			log.Debug().Interface("checks", parts).Msg("not ready")
			writeStatus(w, http.StatusServiceUnavailable, map[string]any{"status": "not ready", "checks": parts})
			return
		}
		writeStatus(w, http.StatusOK, map[string]any{"status": "ready", "checks": parts})
	})
	mux.Handle("GET /metrics", promhttp.HandlerFor(o.metrics.registry, promhttp.HandlerOpts{
		// What cannot be asked for now is left out, and told.
		ErrorHandling: promhttp.ContinueOnError, ErrorLog: scrapeLog{log},
	}))
	profiles(mux)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if loopback && !api.IsLoopback(r.Host) {
			http.Error(w, "the Host is not this machine", http.StatusForbidden)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// profiles mounts net/http/pprof for this machine only, whatever the address:
// a profile slows the process down for as long as the caller wants.
func profiles(mux *http.ServeMux) {
	local := func(h http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if !api.IsLoopback(r.RemoteAddr) {
				http.Error(w, "profiles are for requests from this machine only", http.StatusForbidden)
				return
			}
			h(w, r)
		}
	}
	mux.HandleFunc("/debug/pprof/", local(pprof.Index)) // and the named ones: heap, goroutine, …
	mux.HandleFunc("/debug/pprof/cmdline", local(pprof.Cmdline))
	mux.HandleFunc("/debug/pprof/profile", local(pprof.Profile))
	mux.HandleFunc("/debug/pprof/trace", local(pprof.Trace))
	mux.HandleFunc("/debug/pprof/symbol", local(pprof.Symbol))
}

func writeStatus(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // whoever asked may be gone
}

// scrapeLog passes on what a scrape could not get.
type scrapeLog struct{ log zerolog.Logger }

// Println implements promhttp.Logger.
func (l scrapeLog) Println(v ...any) { l.log.Warn().Msg(strings.TrimSpace(fmt.Sprintln(v...))) }

// storeAnswers asks the store something small.
func (n *node) storeAnswers(ctx context.Context) error {
	_, err := n.store.EngineVersion(ctx)
	return err
}
