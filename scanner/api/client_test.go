package api_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/insights-scanner/insights-scanner/scanner/api"
	"github.com/insights-scanner/insights-scanner/schemas"
)

func TestAddressOfAServer(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"http://127.0.0.1:8080", "https://insights.example.com", "https://example.com/insights/", "http://[::1]:8080"} {
		_, err := api.NewClient(good, "")
		ok(t, err)
	}
	for _, bad := range []string{"", "localhost", "localhost:8080", "ftp://a", "http://", "http://a b", "http://a:b", "https://a?x=1", "unix:///run/x"} {
		_, err := api.NewClient(bad, "")
		wantCode(t, err, schemas.CodeInvalid, bad, "for example http://127.0.0.1:8080")
	}
	// Somebody's password must not end up in a terminal or a log.
	for _, secret := range []string{"https://admin:hunter22@example.com", "https://hunter22@example.com", "admin:hunter22@example.com", "http://a:hunter22 @b", "http://%zz:hunter22@b"} {
		_, err := api.NewClient(secret, "")
		wantCode(t, err, schemas.CodeInvalid, "no user or password")
		if strings.Contains(err.Error(), "hunter22") {
			t.Errorf("%v tells it", err)
		}
	}
}

func TestServerBehindAPath(t *testing.T) {
	t.Parallel()
	for _, base := range []string{"/insights", "/insights/", "/a%2Fb/c"} {
		var path atomic.Pointer[string]
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			p := r.URL.EscapedPath()
			path.Store(&p)
			_, _ = w.Write([]byte("{}"))
		}))
		t.Cleanup(srv.Close)
		c, err := api.NewClient(srv.URL+base, "")
		ok(t, err)
		_, err = c.GetAccount(t.Context(), "prod/eu")
		ok(t, err)
		if want := strings.TrimSuffix(base, "/") + "/v1/accounts/prod%2Feu"; *path.Load() != want {
			t.Errorf("asked for %s, want %s", *path.Load(), want)
		}
	}
}

func TestWhatIsNoServerOfOurs(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status int
		body   string
		code   schemas.Code
	}{
		"page not found":   {404, "<html>", schemas.CodeNotFound},
		"gateway":          {502, "<html>", schemas.CodeUnavailable},
		"gateway too late": {504, "", schemas.CodeUnavailable},
		"login":            {401, "{}", schemas.CodeDenied},
		"forbidden":        {403, `{"error":"no"}`, schemas.CodeDenied},
		"slow down":        {429, "", schemas.CodeThrottled},
		"defect":           {500, "oops", schemas.CodeInternal},
		"moved":            {302, "", schemas.CodeInternal},
		"a page":           {200, "<html>", schemas.CodeInternal},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(c.status)
				_, _ = w.Write([]byte(c.body))
			}))
			t.Cleanup(srv.Close)
			client, err := api.NewClient(srv.URL, "")
			ok(t, err)
			_, err = client.ListAccounts(t.Context())
			wantCode(t, err, c.code)
			if c.status != 200 && !strings.Contains(err.Error(), "is this the address of insights serve?") {
				t.Errorf("%v does not say what may be wrong", err)
			}
		})
	}
}

// A redirect leads who knows where; the token must not go along.
func TestTokenDoesNotFollowARedirect(t *testing.T) {
	t.Parallel()
	var leaked atomic.Bool
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { leaked.Store(true) }))
	t.Cleanup(other.Close)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer hunter22" {
			t.Errorf("authorization %q", r.Header.Get("Authorization"))
		}
		http.Redirect(w, r, other.URL, http.StatusTemporaryRedirect)
	}))
	t.Cleanup(srv.Close)
	c, err := api.NewClient(srv.URL, "hunter22")
	ok(t, err)
	_, err = c.StartScan(t.Context(), "prod", schemas.ScanLimit{})
	wantCode(t, err, schemas.CodeInternal, "307")
	if leaked.Load() {
		t.Error("the redirect was followed")
	}
}

func TestServerThatIsNotThere(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.NotFoundHandler())
	srv.Close()
	c, err := api.NewClient(srv.URL, "hunter22")
	ok(t, err)
	_, err = c.ListAccounts(t.Context())
	wantCode(t, err, schemas.CodeUnavailable, srv.URL, "insights serve")

	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = c.ListAccounts(cancelled)
	wantCode(t, err, schemas.CodeCancelled, "context canceled")

	// One that breaks off in the middle of an answer.
	half := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = w.Write([]byte(`{"items":[`))
	}))
	t.Cleanup(half.Close)
	c, err = api.NewClient(half.URL, "")
	ok(t, err)
	_, err = c.ListAccounts(t.Context())
	wantCode(t, err, schemas.CodeUnavailable)
}

// A token that asked too much waits as long as it is told and asks again; what the
// server was throttled with itself is for the caller.
func TestAskedTooMuch(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		left := "0"
		if r.URL.Path == "/v1/groups" {
			left = "7" // some
		}
		if raw, _ := io.ReadAll(r.Body); r.Method == http.MethodPut && !strings.Contains(string(raw), "ACME") {
			t.Errorf("body %q", raw)
		}
		w.Header().Set("RateLimit", `"token";r=`+left+`;t=60`)
		if asked.Add(1) == 1 || left != "0" {
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(http.StatusTooManyRequests)
			_, _ = io.WriteString(w, `{"code":"throttled","detail":"slow down"}`)
			return
		}
		_, _ = io.WriteString(w, `{"name":"ACME"}`)
	}))
	t.Cleanup(srv.Close)
	c, err := api.NewClient(srv.URL, "")
	ok(t, err)
	if f, err := c.PutFramework(t.Context(), schemas.Framework{Name: "ACME"}); err != nil || f.Name != "ACME" || asked.Load() != 2 {
		t.Errorf("%+v, %v after %d requests", f, err, asked.Load())
	}
	_, err = c.ListGroups(t.Context())
	if wantCode(t, err, schemas.CodeThrottled, "slow down"); asked.Load() != 3 {
		t.Errorf("%d requests", asked.Load())
	}
}

// The wait a server asks for is kept, in whole seconds rounded up.
func TestTimeToWait(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for given, want := range map[time.Duration]time.Duration{0: 0, time.Millisecond: time.Second, 1500 * time.Millisecond: 2 * time.Second, time.Minute: time.Minute} {
		s.service.set(func(s *stub) {
			s.err = &schemas.Error{Code: schemas.CodeThrottled, Message: "slow down", RetryAfter: given}
		})
		_, err := s.client(t, "").ListAccounts(t.Context())
		wantCode(t, err, schemas.CodeThrottled)
		if e, _ := errors.AsType[*schemas.Error](err); e.RetryAfter != want {
			t.Errorf("%s became %s, want %s", given, e.RetryAfter, want)
		}
	}
}
