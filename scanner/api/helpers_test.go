package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/insights-scanner/insights-scanner/scanner/api"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// clock is a time that moves only when told to.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func newClock() *clock { return &clock{t: time.Date(2026, 11, 25, 10, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// table keeps tokens in memory; see bus.Table. listing runs inside List, between
// reading and answering.
type table struct {
	mu      sync.Mutex
	m       map[string]api.Token
	lists   int
	err     error
	listing func()
}

func (s *table) Create(_ context.Context, key string, v api.Token) (uint64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.m[key]; ok {
		return 0, schemas.Errorf(schemas.CodeConflict, "exists")
	}
	s.m[key] = v
	return 1, s.err
}

func (s *table) Get(_ context.Context, key string) (api.Token, uint64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, ok := s.m[key]
	if s.err == nil && !ok {
		return v, 0, schemas.Errorf(schemas.CodeNotFound, "none")
	}
	return v, 1, s.err
}

func (s *table) Delete(_ context.Context, key string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.m, key)
	return s.err
}

func (s *table) List(_ context.Context, _ string, fn func(string, api.Token, uint64) error) error {
	s.mu.Lock()
	s.lists++
	m, err, listing := maps.Clone(s.m), s.err, s.listing
	s.mu.Unlock()
	if listing != nil {
		listing()
	}
	if err != nil {
		return err
	}
	for _, k := range slices.Backward(slices.Sorted(maps.Keys(m))) {
		if err := fn(k, m[k], 1); err != nil {
			return err
		}
	}
	return nil
}

// fail makes every access fail from now on.
func (s *table) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
}

// log is a writer that tests read while others write.
type log struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// server is the real handler over some service, listening on loopback.
type server struct {
	*httptest.Server
	service *stub
	tokens  *api.Tokens
	table   *table
	clock   *clock
	log     *log
}

func newServer(t *testing.T, change ...func(*api.ServerConfig)) *server {
	t.Helper()
	s := &server{service: &stub{}, table: &table{m: map[string]api.Token{}}, clock: newClock(), log: &log{}}
	s.tokens = api.NewTokens(s.table, s.clock.Now)
	c := api.ServerConfig{
		Service: s.service, Tokens: s.tokens, Loopback: true, Version: "1.2.3", Log: zerolog.New(s.log), Now: s.clock.Now, Poll: time.Millisecond,
	}
	for _, f := range change {
		f(&c)
	}
	s.Server = httptest.NewServer(api.NewServer(c).Handler())
	t.Cleanup(s.Close)
	return s
}

// token makes a token and returns its secret.
func (s *server) token(t *testing.T, name string, scope api.TokenScope) string {
	t.Helper()
	secret, _, err := s.tokens.Create(t.Context(), name, scope, 0, "test")
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

func (s *server) client(t *testing.T, token string) *api.Client {
	t.Helper()
	c, err := api.NewClient(s.URL, token)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// answer is what came back of a raw request.
type answer struct {
	status int
	header http.Header
	body   string
}

// problem is the body of an error.
type problem struct {
	Type, Title, Detail, Hint string
	Status                    int
	Code                      schemas.Code
}

func (a answer) problem(t *testing.T) (p problem) {
	t.Helper()
	if got := a.header.Get("Content-Type"); got != "application/problem+json" {
		t.Fatalf("content type %q of %d %s", got, a.status, a.body)
	}
	if err := json.Unmarshal([]byte(a.body), &p); err != nil {
		t.Fatalf("%v: %s", err, a.body)
	}
	if p.Status != a.status || p.Type != "about:blank" || p.Title != http.StatusText(a.status) {
		t.Errorf("problem %+v of status %d", p, a.status)
	}
	return p
}

// ask sends a raw request; header lines are "Name: value".
func (s *server) ask(t *testing.T, method, path, body string, header ...string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range header {
		if h == "" {
			continue
		}
		name, value, _ := strings.Cut(h, ": ")
		if name == "Host" {
			req.Host = value
			continue
		}
		req.Header.Set(name, value)
	}
	res, err := s.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{res.StatusCode, res.Header, string(raw)}
}

const asJSON = "Content-Type: application/json"

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantCode(t *testing.T, err error, code schemas.Code, texts ...string) {
	t.Helper()
	if err == nil || schemas.CodeOf(err) != code {
		t.Fatalf("got error %v, want code %s", err, code)
	}
	for _, text := range texts {
		if !strings.Contains(err.Error(), text) {
			t.Fatalf("got error %v, want %q in it", err, text)
		}
	}
}
