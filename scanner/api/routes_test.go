package api_test

import (
	"context"
	"errors"
	"net/http"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/insights-scanner/insights-scanner/scanner/api"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// A misspelt parameter or field must not be lost in silence: the answer would
// be about something else than what was asked.
func TestUnknownParametersAreRefused(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.service.out = filledOutputs()
	for pattern, need := range scopes {
		if need == open {
			continue
		}
		method, path, _ := strings.Cut(pattern, " ")
		body := bodies[pattern]
		a := s.ask(t, method, path+"?acount=prod&a%3Cb=1", body[0], "Content-Type: "+body[1])
		if p := a.problem(t); a.status != http.StatusBadRequest || !strings.Contains(p.Detail, "acount: is no parameter") || !strings.Contains(p.Detail, "a<b: is no parameter") {
			t.Errorf("%s: %d %s", pattern, a.status, a.body)
		}
	}
	for query, text := range map[string]string{
		"/v1/violations?pack=a&pack=b":            "pack: is given twice",
		"/v1/violations?limit=ten":                `limit: "ten" is no number`,
		"/v1/violations?limit=1e3":                "is no number",
		"/v1/violations?desc=yes":                 `desc: "yes" must be true or false`,
		"/v1/resources?properties=1":              "must be true or false",
		"/v1/report?severity=":                    "severity: is empty",
		"/v1/scans?limit=9999999999999999999":     "is no number",
		"/v1/scans?account=%zz":                   "query:",
		"/v1/scans?limit=x&account=a&account=b&c": "c: is no parameter",
	} {
		if a := s.ask(t, "GET", query, ""); a.status != http.StatusBadRequest || !strings.Contains(a.problem(t).Detail, text) {
			t.Errorf("%s: %d %s", query, a.status, a.body)
		}
	}
	if called := s.service.methods(); len(called) > 0 {
		t.Errorf("called %v", called)
	}
}

func TestFiltersArrive(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for query, want := range map[string]any{
		"/v1/violations?account=a&account=b&severity=high&severity=unspecified&state=open&desc=true&limit=-5": schemas.ViolationQuery{
			Accounts: []string{"a", "b"}, Severity: []schemas.Severity{"high", ""}, State: []schemas.ViolationState{"open"}, Desc: true, Limit: -5,
		},
		// An empty account is one that does not exist, not all of them.
		"/v1/report?account=&pack=":                        schemas.ReportQuery{Accounts: []string{""}},
		"/v1/resources?properties=false&severity_not_here": nil,
		"/v1/resources?properties=false":                   schemas.ResourceQuery{},
	} {
		a := s.ask(t, "GET", query, "")
		if want == nil {
			if a.status != http.StatusBadRequest {
				t.Errorf("%s: %d", query, a.status)
			}
			continue
		}
		if a.status != http.StatusOK || !reflect.DeepEqual(s.service.last().args[0], want) {
			t.Errorf("%s: %d, asked %+v, want %+v", query, a.status, s.service.last().args[0], want)
		}
	}
}

// Taking a selector away takes saying so.
func TestASelectorMustBeNamed(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	a := s.ask(t, "PUT", "/v1/groups/g/selector", `{}`, "Content-Type: application/json")
	if a.status != http.StatusBadRequest || !strings.Contains(a.problem(t).Detail, "selector: is missing") || len(s.service.methods()) > 0 {
		t.Errorf("%d %s, called %v", a.status, a.body, s.service.methods())
	}
}

func TestBodiesAreReadStrictly(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for pattern, good := range bodies {
		if good[1] != "application/json" {
			continue
		}
		method, path, _ := strings.Cut(pattern, " ")
		for name, c := range map[string]struct{ body, contentType, text string }{
			"unknown field":   {`{"nmae":"x"}`, "application/json", "nmae"},
			"another type":    {`["x"]`, "application/json", "read the body"},
			"no JSON":         {"name: x", "application/json", "read the body"},
			"nothing":         {"", "application/json", "read the body"},
			"two values":      {good[0] + good[0], "application/json", "one JSON value"},
			"rest":            {good[0] + " x", "application/json", "one JSON value"},
			"text":            {good[0], "text/plain", "must be application/json"},
			"form":            {good[0], "application/x-www-form-urlencoded", "must be application/json"},
			"no content type": {good[0], "", "must be application/json"},
			"too large":       {`{"x":"` + strings.Repeat("y", 1<<20) + `"}`, "application/json", "more than 1048576 bytes"},
		} {
			if name == "too large" && strings.HasSuffix(pattern, "/preview") {
				continue // it may hold an archive
			}
			header := ""
			if c.contentType != "" {
				header = "Content-Type: " + c.contentType
			}
			a := s.ask(t, method, path, c.body, header)
			if p := a.problem(t); a.status != http.StatusBadRequest || p.Code != schemas.CodeInvalid || !strings.Contains(p.Detail, c.text) {
				t.Errorf("%s, %s: %d %s", pattern, name, a.status, a.body)
			}
		}
		if called := s.service.methods(); len(called) > 0 {
			t.Fatalf("%s: called %v", pattern, called)
		}
		a := s.ask(t, method, path, " "+good[0]+"\n", "Content-Type: application/json; charset=utf-8")
		if a.status > 299 || len(s.service.methods()) != 1 {
			t.Errorf("%s: %d %s", pattern, a.status, a.body)
		}
		s.service.set(func(s *stub) { s.calls = nil })
	}
	if a := s.ask(t, "POST", "/v1/scans", `{}`, asJSON); a.status != http.StatusBadRequest || a.problem(t).Detail != "account: is missing" {
		t.Errorf("a scan of nothing: %d %s", a.status, a.body)
	}
}

func TestAnswersAreNotKept(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.service.out = filledOutputs()
	for path, status := range map[string]int{"/v1/accounts": 200, "/v1/report?x=1": 400, "/v1/scans/1/events": 200} {
		if a := s.ask(t, "GET", path, ""); a.status != status || a.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d, Cache-Control %q", path, a.status, a.header.Get("Cache-Control"))
		}
	}
	if a := s.ask(t, "DELETE", "/v1/groups/g", ""); a.status != http.StatusNoContent || a.body != "" {
		t.Errorf("%d %q", a.status, a.body)
	}
	if a := s.ask(t, "POST", "/v1/scans", `{"account":"a"}`, asJSON); a.status != http.StatusAccepted {
		t.Errorf("a scan that has started only: %d", a.status)
	}
	s.service.set(func(s *stub) { s.out = nil })
	if a := s.ask(t, "GET", "/v1/accounts", ""); a.body != `{"items":[]}`+"\n" {
		t.Errorf("an empty list is %q", a.body)
	}
}

func TestReadiness(t *testing.T) {
	t.Parallel()
	var reason atomic.Pointer[error]
	s := newServer(t, func(c *api.ServerConfig) {
		c.Ready = func(context.Context) error {
			if err := reason.Load(); err != nil {
				return *err
			}
			return nil
		}
	})
	if a := s.ask(t, "GET", "/readyz", ""); a.status != http.StatusOK {
		t.Errorf("%d %s", a.status, a.body)
	}
	down := errors.New("dial nats://10.0.0.1")
	reason.Store(&down)
	a := s.ask(t, "GET", "/readyz", "")
	if p := a.problem(t); a.status != http.StatusServiceUnavailable || p.Code != schemas.CodeUnavailable || strings.Contains(a.body, "10.0.0.1") {
		t.Errorf("%d %s", a.status, a.body)
	}
	if !strings.Contains(s.log.String(), "10.0.0.1") {
		t.Error("the log does not say why")
	}
	if a := s.ask(t, "GET", "/healthz", ""); a.status != http.StatusOK {
		t.Errorf("alive, but %d", a.status)
	}
	if a := s.ask(t, "GET", "/v1/version", ""); a.body != `{"version":"1.2.3"}`+"\n" {
		t.Errorf("version %s", a.body)
	}
}

func TestConsoleAnswersOnlyReads(t *testing.T) {
	t.Parallel()
	s := newServer(t, func(c *api.ServerConfig) {
		c.Console = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write([]byte("console " + r.URL.Path)) })
	})
	for request, want := range map[string]string{
		"GET /": "console /", "GET /violations/1": "console /violations/1", "HEAD /": "",
		"POST /": "not_found", "GET /v1/nothing": "not_found", "POST /healthz": "GET, HEAD", "PATCH /v1/accounts": "GET, HEAD, POST",
	} {
		method, path, _ := strings.Cut(request, " ")
		a := s.ask(t, method, path, "")
		switch {
		case strings.HasPrefix(want, "GET"):
			if a.status != http.StatusMethodNotAllowed || a.problem(t).Code != schemas.CodeInvalid || a.header.Get("Allow") != want {
				t.Errorf("%s: %d %s, allowed %q", request, a.status, a.body, a.header.Get("Allow"))
			}
		case want == "not_found":
			if a.status != http.StatusNotFound || a.problem(t).Code != schemas.CodeNotFound {
				t.Errorf("%s: %d %s", request, a.status, a.body)
			}
		case a.status != http.StatusOK || a.body != want:
			t.Errorf("%s: %d %s", request, a.status, a.body)
		}
	}
	if a := newServer(t).ask(t, "GET", "/", ""); a.status != http.StatusNotFound || a.problem(t).Code != schemas.CodeNotFound {
		t.Errorf("without a console: %d %s", a.status, a.body)
	}
}

func TestPanicTellsNothing(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.service.do = func(context.Context, string) error { panic("hunter22") }
	for range 2 { // the server lives on
		a := s.ask(t, "GET", "/v1/accounts", "")
		p := a.problem(t)
		if a.status != http.StatusInternalServerError || p.Code != schemas.CodeInternal || p.Detail != "internal error; the server's log has it" {
			t.Errorf("%d %s", a.status, a.body)
		}
	}
	if log := s.log.String(); !strings.Contains(log, "hunter22") || !strings.Contains(log, `"path":"/v1/accounts"`) {
		t.Errorf("log %s", log)
	}
}

// ttl counts in whole seconds on the wire; rounding must not make a short life
// an endless one.
func TestLifeOfATokenOnTheWire(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for given, want := range map[time.Duration]time.Duration{
		0: 0, 1: time.Second, time.Second: time.Second, 1500 * time.Millisecond: 2 * time.Second, 2160 * time.Hour: 2160 * time.Hour,
		-1: -time.Second, -500 * time.Millisecond: -time.Second, -2 * time.Second: -time.Second, 1<<63 - 1: -time.Second - 1, -1 << 63: -time.Second,
	} {
		_, _, err := s.client(t, "").CreateToken(t.Context(), "ci", api.ScopeRead, given)
		if want == -time.Second-1 { // more than a duration holds once it is rounded up
			wantCode(t, err, schemas.CodeInvalid, "ttlSeconds")
			continue
		}
		ok(t, err)
		if got := s.service.last().args[2]; got != want {
			t.Errorf("%s arrived as %s, want %s", given, got, want)
		}
	}
}
