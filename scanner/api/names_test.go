package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// A name must never leave its place in the path: what asks for an account must
// not ask for the tokens.
func TestNamesStayInTheirPlace(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	c := s.client(t, "")
	for _, name := range []string{
		"a/b", "//", "../tokens", "../../tokens", "a/../b", "./a", "%2e%2e", "%2F", "a%", "?x=1", "a?account=b", "#", "a;b", "a b", " ", "+",
		"ü", "\U0001F511", "a\nb", "\x00", "{account}", ":", "http://evil.example/", strings.Repeat("long", 500),
	} {
		ask := map[string]func() error{
			"GetAccount":      func() error { _, err := c.GetAccount(t.Context(), name); return err },
			"RemoveAccount":   func() error { return c.RemoveAccount(t.Context(), name) },
			"EffectivePacks":  func() error { _, err := c.EffectivePacks(t.Context(), name); return err },
			"CancelScan":      func() error { _, err := c.CancelScan(t.Context(), name); return err },
			"GetPack":         func() error { _, err := c.GetPack(t.Context(), name, name); return err },
			"DeleteGroup":     func() error { return c.DeleteGroup(t.Context(), name) },
			"AddGroupAccount": func() error { _, err := c.AddGroupAccount(t.Context(), name, name); return err },
			"WithdrawPack":    func() error { _, err := c.WithdrawPack(t.Context(), name, name); return err },
			"RevokeToken":     func() error { return c.RevokeToken(t.Context(), name) },
		}
		for method, do := range ask {
			ok(t, do())
			got := s.service.last()
			for _, arg := range got.args {
				if got.method != method || arg != name {
					t.Errorf("%s(%q) became %s(%q)", method, name, got.method, arg)
				}
			}
		}
	}
}

// "." and ".." mean a way through the path to all that stand between. There is
// nothing of such a name; what matters is that nothing else is asked for.
func TestDotsLeadNowhere(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	c := s.client(t, "")
	for _, name := range []string{".", ".."} {
		_, err := c.EffectivePacks(t.Context(), name)
		ok(t, err)
		_, err = c.AddGroupAccount(t.Context(), name, name)
		ok(t, err)
		ok(t, c.RevokeToken(t.Context(), name))
	}
	_, err := c.GetAccount(t.Context(), "/") // a path's end, not a name, to the router
	wantCode(t, err, schemas.CodeNotFound)
	want := []string{"EffectivePacks", "AddGroupAccount", "RevokeToken", "EffectivePacks", "AddGroupAccount", "RevokeToken"}
	for i, got := range s.service.calls {
		name, _ := got.args[0].(string)
		if got.method != want[i] || !strings.HasSuffix(name, ".") {
			t.Errorf("called %s(%q)", got.method, got.args)
		}
	}
}

func TestEmptyNamesAreRefused(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	c := s.client(t, "")
	_, err := c.GetAccount(t.Context(), "")
	wantCode(t, err, schemas.CodeInvalid, "must not be empty")
	wantCode(t, c.RemoveAccount(t.Context(), ""), schemas.CodeInvalid)
	wantCode(t, c.DeleteGroup(t.Context(), ""), schemas.CodeInvalid)
	_, err = c.AddGroupAccount(t.Context(), "g", "")
	wantCode(t, err, schemas.CodeInvalid)
	_, err = c.EnrolPack(t.Context(), "g", schemas.Enrolment{})
	wantCode(t, err, schemas.CodeInvalid)
	_, err = c.GetPack(t.Context(), "", "1")
	wantCode(t, err, schemas.CodeInvalid)
	if called := s.service.methods(); len(called) > 0 {
		t.Errorf("called %v", called)
	}
	_, err = c.GetPack(t.Context(), "p", "")
	ok(t, err)
	if got := s.service.last().args[1]; got != schemas.Latest {
		t.Errorf("no version became %q", got)
	}
}

// Paths as a browser or curl would send them; a token that may only read must
// not reach what needs more.
func TestRawPathsStayInside(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	reader := "Authorization: Bearer " + s.token(t, "reader", "read")
	for path, want := range map[string]int{
		"/v1/accounts/%2e%2e":             http.StatusOK, // the account ".."
		"/v1/accounts/..%2ftokens":        http.StatusOK,
		"/v1/accounts/../tokens":          http.StatusForbidden, // redirected, and refused there
		"/v1/accounts/a/../../tokens":     http.StatusForbidden,
		"/v1//tokens":                     http.StatusForbidden,
		"/v1/accounts/":                   http.StatusNotFound,
		"/v1/groups//accounts/a":          http.StatusNotFound,
		"/v1/accounts/a/packs/../../../x": http.StatusNotFound,
		"/../v1/tokens":                   http.StatusForbidden,
		"/%2e%2e/v1/tokens":               http.StatusNotFound,
		"/v1/TOKENS":                      http.StatusNotFound,
	} {
		if a := s.ask(t, "GET", path, "", reader); a.status != want {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
	for _, m := range s.service.methods() {
		if m != "GetAccount" {
			t.Errorf("called %s", m)
		}
	}
}
