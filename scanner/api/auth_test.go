package api_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/insights-scanner/insights-scanner/scanner/api"
	"github.com/insights-scanner/insights-scanner/schemas"
)

func TestLoopbackIsOpenUntilThereIsAToken(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	a := s.ask(t, "POST", "/v1/tokens", `{"name":"ci","scope":"read"}`, asJSON)
	if a.status != http.StatusCreated || s.service.last().actor != api.LocalActor {
		t.Fatalf("%d %s as %q", a.status, a.body, s.service.last().actor)
	}
	secret := s.token(t, "ci", api.ScopeRead)
	a = s.ask(t, "GET", "/v1/accounts", "")
	if p := a.problem(t); a.status != http.StatusUnauthorized || p.Code != schemas.CodeDenied || !strings.Contains(p.Hint, "INSIGHTS_TOKEN") {
		t.Errorf("without a token: %d %s", a.status, a.body)
	}
	if a := s.ask(t, "GET", "/v1/accounts", "", "Authorization: Bearer "+secret); a.status != http.StatusOK || s.service.last().actor != "ci" {
		t.Errorf("with it: %d as %q", a.status, s.service.last().actor)
	}
	// An expired token is a token too: time alone must not open the door.
	_, _, err := s.tokens.Create(t.Context(), "short", api.ScopeRead, time.Second, "test")
	ok(t, err)
	ok(t, s.tokens.Revoke(t.Context(), "ci"))
	s.clock.add(time.Hour)
	if a := s.ask(t, "GET", "/v1/accounts", ""); a.status != http.StatusUnauthorized {
		t.Errorf("with an expired token: %d", a.status)
	}
	ok(t, s.tokens.Revoke(t.Context(), "short"))
	if a := s.ask(t, "GET", "/v1/accounts", ""); a.status != http.StatusOK {
		t.Errorf("without any token again: %d %s", a.status, a.body)
	}
}

func TestOtherAddressesAlwaysNeedAToken(t *testing.T) {
	t.Parallel()
	s := newServer(t, func(c *api.ServerConfig) { c.Loopback = false })
	if a := s.ask(t, "GET", "/v1/accounts", ""); a.status != http.StatusUnauthorized {
		t.Errorf("without any token: %d %s", a.status, a.body)
	}
	secret := s.token(t, "ci", api.ScopeRead)
	if a := s.ask(t, "GET", "/v1/accounts", "", "Authorization: Bearer "+secret, "Host: insights.example.com"); a.status != http.StatusOK {
		t.Errorf("with a token: %d %s", a.status, a.body)
	}
}

func TestWrongCredentialsAreRefused(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	secret := s.token(t, "ci", api.ScopeAdmin)
	_, _, err := s.tokens.Create(t.Context(), "short", api.ScopeAdmin, time.Minute, "test")
	ok(t, err)
	for name, header := range map[string]string{
		"another token":   "Bearer ins_wrong",
		"no token":        "Bearer ",
		"nothing":         "Bearer",
		"the hash":        "Bearer " + s.table.m["ci"].Hash,
		"part of it":      "Bearer " + secret[:len(secret)-1],
		"more than it":    "Bearer " + secret + "A",
		"other case":      "Bearer " + strings.ToUpper(secret),
		"another kind":    "Basic " + secret,
		"the bare secret": secret,
		"the name":        "Bearer ci",
	} {
		a := s.ask(t, "GET", "/v1/accounts", "", "Authorization: "+header)
		if p := a.problem(t); a.status != http.StatusUnauthorized || p.Code != schemas.CodeDenied || strings.Contains(a.body, "ins_") {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	if n := len(s.service.calls); n != 0 {
		t.Errorf("%d calls came through", n)
	}
	if a := s.ask(t, "GET", "/v1/accounts", "", "Authorization: bearer  "+secret); a.status != http.StatusOK {
		t.Errorf("the scheme's case or a blank matters: %d %s", a.status, a.body)
	}
	if strings.Contains(s.log.String(), secret) {
		t.Error("the log has a token")
	}
}

func TestExpiredTokenSaysSo(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	secret, _, err := s.tokens.Create(t.Context(), "ci", api.ScopeRead, time.Minute, "test")
	ok(t, err)
	s.clock.add(time.Minute - time.Nanosecond)
	if a := s.ask(t, "GET", "/v1/accounts", "", "Authorization: Bearer "+secret); a.status != http.StatusOK {
		t.Errorf("just before: %d", a.status)
	}
	s.clock.add(time.Nanosecond)
	a := s.ask(t, "GET", "/v1/accounts", "", "Authorization: Bearer "+secret)
	if p := a.problem(t); a.status != http.StatusUnauthorized || p.Detail != "token ci has expired" || p.Hint == "" {
		t.Errorf("just then: %d %s", a.status, a.body)
	}
	_, err = s.client(t, secret).ListAccounts(t.Context())
	wantCode(t, err, schemas.CodeDenied, "has expired", "token create")
}

// Who cannot be looked up is neither let in nor told to be nobody.
func TestUnreadableTokensAreNoRefusal(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	secret := s.token(t, "ci", api.ScopeRead)
	s.table.fail(schemas.Errorf(schemas.CodeUnavailable, "no answer from the bus"))
	for _, header := range []string{"", "Authorization: Bearer " + secret} {
		if a := s.ask(t, "GET", "/v1/accounts", "", header); a.status != http.StatusServiceUnavailable || a.problem(t).Code != schemas.CodeUnavailable {
			t.Errorf("%q: %d %s", header, a.status, a.body)
		}
	}
	s.table.fail(errors.New("hunter22"))
	if a := s.ask(t, "GET", "/v1/accounts", ""); a.status != http.StatusInternalServerError || strings.Contains(a.body, "hunter22") {
		t.Errorf("%d %s", a.status, a.body)
	}
}

// A page elsewhere may bind a name of its own to 127.0.0.1 (DNS rebinding): the
// name in the Host header gives it away.
func TestHostMustBeThisMachine(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for host, want := range map[string]int{
		"localhost": 200, "LOCALHOST:8080": 200, "127.0.0.1": 200, "127.0.0.1:8080": 200, "127.1.2.3:1": 200, "[::1]:8080": 200, "[::1]": 200,
		"evil.example": 403, "evil.example:8080": 403, "127.0.0.1.evil.example": 403, "localhost.evil.example:8080": 403,
		"192.168.1.2:8080": 403, "0.0.0.0:8080": 403, "[::]:8080": 403, "2130706433": 403, "localhost.": 403,
	} {
		for _, path := range []string{"/v1/accounts", "/v1/version", "/healthz"} {
			if a := s.ask(t, "GET", path, "", "Host: "+host); a.status != want {
				t.Errorf("%s with host %s: %d %s", path, host, a.status, a.body)
			}
		}
	}
	// HTTP/1.0 knows requests without a host.
	req := httptest.NewRequest("GET", "/v1/accounts", nil)
	req.Host = ""
	w := httptest.NewRecorder()
	s.Config.Handler.ServeHTTP(w, req)
	if w.Code != http.StatusForbidden {
		t.Errorf("without a host: %d", w.Code)
	}
}

func TestForeignPagesCannotChangeAnything(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for name, c := range map[string]struct {
		method string
		header []string
		want   int
	}{
		"command line":             {"POST", nil, 201},
		"our own page":             {"POST", []string{"Sec-Fetch-Site: same-origin", "Origin: " + s.URL}, 201},
		"another site":             {"POST", []string{"Sec-Fetch-Site: cross-site", "Origin: https://evil.example"}, 403},
		"another port":             {"POST", []string{"Sec-Fetch-Site: same-site", "Origin: http://127.0.0.1:1"}, 403},
		"an old browser":           {"POST", []string{"Origin: https://evil.example"}, 403},
		"a sandboxed frame":        {"POST", []string{"Origin: null"}, 403},
		"deleting":                 {"DELETE", []string{"Origin: https://evil.example"}, 403},
		"reading, without effects": {"GET", []string{"Sec-Fetch-Site: cross-site"}, 200},
	} {
		path, body := "/v1/groups", `{"name":"g"}`
		if c.method == "DELETE" {
			path, body = "/v1/groups/g", ""
		}
		before := len(s.service.methods())
		a := s.ask(t, c.method, path, body, append(c.header, asJSON)...)
		if a.status != c.want || (len(s.service.methods()) > before) != (c.want < 300) {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
		if c.want == 403 && a.problem(t).Code != schemas.CodeDenied {
			t.Errorf("%s: %s", name, a.body)
		}
		if a.header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: another site may read the answer", name)
		}
	}
}

func TestCheckListen(t *testing.T) {
	t.Parallel()
	tokens := api.NewTokens(&table{m: map[string]api.Token{}}, newClock().Now)
	loopback := []string{"127.0.0.1:8080", "localhost:8080", "LocalHost:0", "[::1]:8080", "127.8.8.8:1"}
	reachable := []string{"0.0.0.0:8080", ":8080", "[::]:8080", "192.168.1.2:8080", "insights.example.com:8080", "127.0.0.1.example.com:80", ""}
	check := func(addrs []string, refused bool) {
		t.Helper()
		for _, addr := range addrs {
			err := api.CheckListen(t.Context(), addr, tokens)
			if !refused {
				ok(t, err)
				continue
			}
			wantCode(t, err, schemas.CodeInvalid, "refuse to listen on "+addr, "insights token create")
		}
	}
	check(loopback, false)
	check(reachable, true)
	_, _, err := tokens.Create(t.Context(), "ci", api.ScopeAdmin, 0, "test")
	ok(t, err)
	check(loopback, false)
	check(reachable, false)

	broken := api.NewTokens(&table{err: schemas.Errorf(schemas.CodeUnavailable, "no answer")}, newClock().Now)
	wantCode(t, api.CheckListen(t.Context(), ":8080", broken), schemas.CodeUnavailable)
	ok(t, api.CheckListen(t.Context(), "127.0.0.1:8080", broken))
	for _, addr := range loopback {
		if !api.IsLoopback(addr) {
			t.Errorf("%q is no loopback address", addr)
		}
	}
	for _, addr := range reachable {
		if api.IsLoopback(addr) {
			t.Errorf("%q is a loopback address", addr)
		}
	}
}
