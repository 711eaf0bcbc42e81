package api_test

import (
	"context"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"net/http"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/insights-scanner/insights-scanner/scanner/api"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// open is the scope of what needs no token.
const open = api.TokenScope("")

// scopes is what every route needs. A new route must be entered here.
var scopes = map[string]api.TokenScope{
	"GET /healthz":      open,
	"GET /readyz":       open,
	"GET /v1/version":   open,
	"GET /openapi.json": open,
	"GET /openapi.yaml": open,
	"/v1/":              open, // there is no such thing
	"/":                 open, // the console, which holds no data

	"GET /v1/accounts":                                api.ScopeRead,
	"POST /v1/accounts":                               api.ScopeWrite,
	"GET /v1/accounts/{account}":                      api.ScopeRead,
	"PUT /v1/accounts/{account}":                      api.ScopeWrite,
	"DELETE /v1/accounts/{account}":                   api.ScopeWrite,
	"POST /v1/accounts/{account}/check":               api.ScopeWrite,
	"POST /v1/accounts/{account}/organization/sync":   api.ScopeWrite,
	"DELETE /v1/accounts/{account}/results":           api.ScopeAdmin,
	"GET /v1/accounts/{account}/packs":                api.ScopeRead,
	"GET /v1/accounts/{account}/packs/explained":      api.ScopeRead,
	"GET /v1/accounts/{account}/groups":               api.ScopeRead,
	"GET /v1/retention":                               api.ScopeRead,
	"GET /v1/scans":                                   api.ScopeRead,
	"POST /v1/scans":                                  api.ScopeWrite,
	"GET /v1/scans/{scan}":                            api.ScopeRead,
	"POST /v1/scans/{scan}/cancel":                    api.ScopeWrite,
	"GET /v1/scans/{scan}/events":                     api.ScopeRead,
	"GET /v1/packs":                                   api.ScopeRead,
	"POST /v1/packs":                                  api.ScopeWrite,
	"GET /v1/packs/{pack}/{version}":                  api.ScopeRead,
	"GET /v1/packs/{pack}":                            api.ScopeRead,
	"DELETE /v1/packs/{pack}/{version}":               api.ScopeWrite,
	"POST /v1/preview":                                api.ScopeWrite,
	"GET /v1/packs/{pack}/{version}/archive":          api.ScopeRead,
	"POST /v1/packs/{pack}/{version}/validate-config": api.ScopeRead,
	"GET /v1/groups":                                  api.ScopeRead,
	"POST /v1/groups":                                 api.ScopeWrite,
	"GET /v1/groups/{group}":                          api.ScopeRead,
	"DELETE /v1/groups/{group}":                       api.ScopeWrite,
	"PUT /v1/groups/{group}/selector":                 api.ScopeWrite,
	"PUT /v1/groups/{group}/packs/{pack}":             api.ScopeWrite,
	"DELETE /v1/groups/{group}/packs/{pack}":          api.ScopeWrite,
	"PUT /v1/groups/{group}/accounts/{account}":       api.ScopeWrite,
	"DELETE /v1/groups/{group}/accounts/{account}":    api.ScopeWrite,
	"GET /v1/tokens":                                  api.ScopeAdmin,
	"POST /v1/tokens":                                 api.ScopeAdmin,
	"DELETE /v1/tokens/{token}":                       api.ScopeAdmin,
	"GET /v1/backup":                                  api.ScopeAdmin,
	"GET /v1/dead-letters":                            api.ScopeRead,
	"GET /v1/dead-letters/{id}":                       api.ScopeRead,
	"POST /v1/dead-letters/{id}/replay":               api.ScopeWrite,
	"DELETE /v1/dead-letters/{id}":                    api.ScopeWrite,
	"GET /v1/report":                                  api.ScopeRead,
	"GET /v1/violations":                              api.ScopeRead,
	"GET /v1/violations/{finding}":                    api.ScopeRead,
	"PATCH /v1/violations/{finding}":                  api.ScopeWrite,
	"GET /v1/waivers":                                 api.ScopeRead,
	"POST /v1/waivers":                                api.ScopeWrite,
	"GET /v1/waivers/{waiver}":                        api.ScopeRead,
	"PUT /v1/waivers/{waiver}":                        api.ScopeWrite,
	"DELETE /v1/waivers/{waiver}":                     api.ScopeWrite,
	"GET /v1/frameworks":                              api.ScopeRead,
	"GET /v1/framework-files":                         api.ScopeRead,
	"PUT /v1/frameworks":                              api.ScopeWrite,
	"GET /v1/frameworks/{framework}":                  api.ScopeRead,
	"DELETE /v1/frameworks/{framework}":               api.ScopeWrite,
	"GET /v1/frameworks/{framework}/report":           api.ScopeRead,
	"GET /v1/trend":                                   api.ScopeRead,
	"GET /v1/scans/{scan}/diff/{other}":               api.ScopeRead,
	"GET /v1/resources":                               api.ScopeRead,
	"GET /v1/webhooks":                                api.ScopeAdmin,
	"POST /v1/webhooks":                               api.ScopeAdmin,
	"POST /v1/webhooks/{webhook}/test":                api.ScopeAdmin,
	"DELETE /v1/webhooks/{webhook}":                   api.ScopeAdmin,
	"GET /v1/export/violations":                       api.ScopeRead,
	"GET /v1/export/resources":                        api.ScopeRead,
	"GET /v1/export/report":                           api.ScopeRead,
	"GET /v1/export/frameworks/{framework}/report":    api.ScopeRead,
	"GET /v1/events":                                  api.ScopeRead,
}

// bodies are requests that are understood; the others need none.
var bodies = map[string][2]string{
	"POST /v1/accounts":                               {`{"name":"prod"}`, "application/json"},
	"POST /v1/accounts/{account}/check":               {`{}`, "application/json"},
	"PUT /v1/accounts/{account}":                      {`{"name":"prod"}`, "application/json"},
	"POST /v1/webhooks":                               {`{"name":"w","url":"http://x"}`, "application/json"},
	"POST /v1/scans":                                  {`{"account":"prod"}`, "application/json"},
	"POST /v1/packs":                                  {"archive", "application/gzip"},
	"POST /v1/groups":                                 {`{"name":"g"}`, "application/json"},
	"POST /v1/tokens":                                 {`{"name":"ci","scope":"read"}`, "application/json"},
	"PUT /v1/groups/{group}/selector":                 {`{"selector":"env=prod"}`, "application/json"},
	"PUT /v1/groups/{group}/packs/{pack}":             {`{}`, "application/json"},
	"POST /v1/preview":                                {`{}`, "application/json"},
	"POST /v1/waivers":                                {`{"name":"w"}`, "application/json"},
	"PUT /v1/waivers/{waiver}":                        {`{"reason":"r"}`, "application/json"},
	"PUT /v1/frameworks":                              {`{"name":"f"}`, "application/json"},
	"PATCH /v1/violations/{finding}":                  {`{"note":"n"}`, "application/json"},
	"POST /v1/packs/{pack}/{version}/validate-config": {`{}`, "application/json"},
}

// patterns are all that the package registers, as its source has them.
func patterns(t *testing.T) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	found["GET /openapi.json"], found["GET /openapi.yaml"] = true, true
	names, err := filepath.Glob("*.go")
	ok(t, err)
	for _, name := range names {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			c, ok := n.(*ast.CallExpr)
			if !ok || len(c.Args) < 2 {
				return true
			}
			fun, ok := c.Fun.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			at, serves := map[string]int{"op": 1, "streams": 1, "HandleFunc": 0, "Handle": 0}[fun.Sel.Name]
			arg, text := c.Args[at].(*ast.BasicLit)
			if serves && text {
				p, err := strconv.Unquote(arg.Value)
				found[p] = err == nil
			}
			return true
		})
	}
	return found
}

func TestEveryRouteHasItsScope(t *testing.T) {
	t.Parallel()
	known := patterns(t)
	for p := range known {
		if _, ok := scopes[p]; !ok {
			t.Errorf("route %q is not in the table of scopes", p)
		}
	}
	console := func(c *api.ServerConfig) {
		c.Console = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("console")) })
	}
	var s *server
	s = newServer(t, console, func(c *api.ServerConfig) {
		c.Backup = func(ctx context.Context, _ io.Writer) error { return s.service.note(ctx, "Backup", nil) }
		c.FrameworkPage = func(ctx context.Context, _ schemas.FrameworkQuery, _ io.Writer) error {
			return s.service.note(ctx, "FrameworkPage", nil)
		}
	})
	// A scan that has ended, so that following it ends too.
	s.service.out = filledOutputs()
	// And lists that have one page, so that exports end.
	s.service.out[reflect.TypeFor[schemas.ViolationPage]()] = schemas.ViolationPage{}
	s.service.out[reflect.TypeFor[schemas.ResourcePage]()] = schemas.ResourcePage{}
	held := map[api.TokenScope]string{"": ""}
	for _, scope := range []api.TokenScope{api.ScopeRead, api.ScopeWrite, api.ScopeAdmin} {
		held[scope] = "Authorization: Bearer " + s.token(t, string(scope), scope)
	}
	rank := map[api.TokenScope]int{api.ScopeRead: 1, api.ScopeWrite: 2, api.ScopeAdmin: 3}
	for pattern, need := range scopes {
		if !known[pattern] {
			t.Errorf("there is no route %q", pattern)
		}
		method, path, found := strings.Cut(pattern, " ")
		if !found {
			method, path = "GET", pattern
		}
		body := bodies[pattern]
		for scope, header := range held {
			before := len(s.service.methods())
			a := s.ask(t, method, strings.NewReplacer("{id}", "7", "{", "", "}", "").Replace(path), body[0], header, "Content-Type: "+body[1])
			called := len(s.service.methods()) > before
			switch {
			case pattern == "/v1/":
				if a.status != http.StatusNotFound || a.problem(t).Code != schemas.CodeNotFound {
					t.Errorf("%s with %q: %d %s", pattern, scope, a.status, a.body)
				}
			case rank[scope] >= rank[need]:
				if a.status < 200 || a.status > 299 || called != (need != open) {
					t.Errorf("%s with scope %q: %d %s", pattern, scope, a.status, a.body)
				}
			case scope == "":
				if a.status != http.StatusUnauthorized || a.problem(t).Code != schemas.CodeDenied || called || a.header.Get("WWW-Authenticate") == "" {
					t.Errorf("%s without a token: %d %s", pattern, a.status, a.body)
				}
			default:
				p := a.problem(t)
				if a.status != http.StatusForbidden || p.Code != schemas.CodeDenied || called || !strings.Contains(p.Detail, "needs "+string(need)) {
					t.Errorf("%s with scope %q: %d %s", pattern, scope, a.status, a.body)
				}
			}
		}
	}
}

func TestScopesIncludeTheOnesBefore(t *testing.T) {
	t.Parallel()
	all := []api.TokenScope{"", api.ScopeRead, api.ScopeWrite, api.ScopeAdmin, "root"}
	for i, have := range all {
		for j, need := range all {
			known := func(n int) bool { return n > 0 && n < len(all)-1 }
			if got, want := have.Allows(need), known(i) && known(j) && i >= j; got != want {
				t.Errorf("%q allows %q: %t", have, need, got)
			}
		}
	}
}
