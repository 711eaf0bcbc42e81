package api_test

import (
	"context"
	"net/http"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/insights-scanner/insights-scanner/scanner/api"
	"github.com/insights-scanner/insights-scanner/scanner/bus"
	"github.com/insights-scanner/insights-scanner/scanner/bus/bustest"
	"github.com/insights-scanner/insights-scanner/scanner/seal"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// remembering is a server that keeps answers in a real bucket.
func remembering(t *testing.T) (*server, *bus.Table[api.Answered]) {
	t.Helper()
	ring, err := seal.Create(filepath.Join(t.TempDir(), "keyring.json"))
	ok(t, err)
	kept := bus.NewTable[api.Answered](bustest.Start(t), schemas.BucketAnswers)
	return newServer(t, func(c *api.ServerConfig) { c.Answers, c.Seal, c.Open = kept, ring.SealText, ring.OpenText }), kept
}

const key = "Idempotency-Key: "

func TestARepeatedWriteIsDoneOnce(t *testing.T) {
	t.Parallel()
	s, kept := remembering(t)
	s.service.out = filledOutputs()
	first := s.ask(t, "POST", "/v1/tokens", `{"name":"ci","scope":"read"}`, asJSON, key+"a")
	again := s.ask(t, "POST", "/v1/tokens", `{"name":"ci","scope":"read"}`, asJSON, key+"a")
	if first.status != http.StatusCreated || again.status != first.status || again.body != first.body || again.header.Get("Content-Type") != "application/json" {
		t.Errorf("first %d %s, then %d %s", first.status, first.body, again.status, again.body)
	}
	if first.header.Get("Idempotency-Replayed") != "" || again.header.Get("Idempotency-Replayed") != "true" {
		t.Error("the repetition does not say that it is one")
	}
	if n := len(s.service.methods()); n != 1 {
		t.Errorf("done %d times", n)
	}
	// The secret of the token is in no store in the open.
	secret := output[string](s.service)
	ok(t, kept.List(t.Context(), "", func(_ string, v api.Answered, _ uint64) error {
		if secret == "" || v.Body == "" || strings.Contains(v.Body, secret) {
			t.Errorf("kept %q", v.Body)
		}
		return nil
	}))
	for name, c := range map[string]struct {
		path, body, key string
		status, calls   int
	}{
		"another body":  {"/v1/tokens", `{"name":"ci","scope":"admin"}`, "a", http.StatusUnprocessableEntity, 0},
		"another path":  {"/v1/groups", `{"name":"ci"}`, "a", http.StatusUnprocessableEntity, 0},
		"another key":   {"/v1/tokens", `{"name":"ci","scope":"read"}`, "b", http.StatusCreated, 1},
		"no key":        {"/v1/tokens", `{"name":"ci","scope":"read"}`, "", http.StatusCreated, 1},
		"too long":      {"/v1/tokens", `{"name":"ci","scope":"read"}`, strings.Repeat("k", 256), http.StatusBadRequest, 0},
		"an odd key":    {"/v1/tokens", `{"name":"ci","scope":"read"}`, "ü/. >*", http.StatusCreated, 1},
		"of a question": {"/v1/packs/p/1/validate-config", `{}`, "a", http.StatusOK, 1}, // nothing is written: the key does not matter
	} {
		before := len(s.service.methods())
		a := s.ask(t, "POST", c.path, c.body, asJSON, key+c.key)
		if a.status != c.status || len(s.service.methods())-before != c.calls {
			t.Errorf("%s: %d %s, called %d times", name, a.status, a.body, len(s.service.methods())-before)
		}
	}
}

// A key is of whoever uses it.
func TestKeysOfSeveralCallersDoNotMeet(t *testing.T) {
	t.Parallel()
	s, _ := remembering(t)
	for _, name := range []string{"one", "two"} {
		header := "Authorization: Bearer " + s.token(t, name, api.ScopeWrite)
		s.service.set(func(s *stub) {
			s.out = map[reflect.Type]any{reflect.TypeFor[schemas.Group](): schemas.Group{Name: name}}
		})
		for range 2 {
			if a := s.ask(t, "POST", "/v1/groups", `{"name":"g"}`, asJSON, header, key+"a"); !strings.Contains(a.body, name) {
				t.Errorf("%s got %s", name, a.body)
			}
		}
	}
	if n := len(s.service.methods()); n != 2 {
		t.Errorf("done %d times", n)
	}
}

// What failed for reasons of the server may be tried again; what was refused stays refused.
func TestOnlyWhatWasAnsweredIsKept(t *testing.T) {
	t.Parallel()
	for code, calls := range map[schemas.Code]int{
		schemas.CodeUnavailable: 2, schemas.CodeInternal: 2, schemas.CodeThrottled: 2, schemas.CodeCancelled: 2, schemas.CodeFenced: 2, schemas.CodeConflict: 1, schemas.CodeNotFound: 1, schemas.CodeInvalid: 1,
	} {
		s, _ := remembering(t)
		s.service.err = schemas.Errorf(code, "no")
		first := s.ask(t, "DELETE", "/v1/groups/g", "", key+"a")
		again := s.ask(t, "DELETE", "/v1/groups/g", "", key+"a")
		if n := len(s.service.methods()); n != calls || first.status != again.status || first.body != again.body || again.problem(t).Code != code {
			t.Errorf("%s: done %d times: %d %s, then %d %s", code, n, first.status, first.body, again.status, again.body)
		}
	}
}

// A request that is still worked on is not done a second time beside; one whose
// process died is, when its time has passed.
func TestARequestThatIsWorkedOn(t *testing.T) {
	t.Parallel()
	s, kept := remembering(t)
	entered, leave := make(chan struct{}), make(chan struct{})
	s.service.do = func(context.Context, string) error {
		close(entered)
		<-leave
		return nil
	}
	done := make(chan answer)
	go func() { done <- s.ask(t, "DELETE", "/v1/groups/g", "", key+"a") }()
	<-entered
	a := s.ask(t, "DELETE", "/v1/groups/g", "", key+"a")
	if a.status != http.StatusConflict || a.header.Get("Retry-After") != "1" || !strings.Contains(a.problem(t).Detail, "being worked on") {
		t.Errorf("%d %s", a.status, a.body)
	}
	close(leave)
	if a := <-done; a.status != http.StatusNoContent {
		t.Errorf("%d %s", a.status, a.body)
	}
	s.service.set(func(s *stub) { s.do = nil })
	// As a process leaves it that is killed in between.
	ok(t, kept.List(t.Context(), "", func(id string, v api.Answered, rev uint64) error {
		_, err := kept.Update(t.Context(), id, api.Answered{Request: v.Request, Until: s.clock.Now().Add(time.Minute)}, rev)
		return err
	}))
	if a := s.ask(t, "DELETE", "/v1/groups/g", "", key+"a"); a.status != http.StatusConflict {
		t.Errorf("%d %s", a.status, a.body)
	}
	s.clock.add(time.Minute)
	if a := s.ask(t, "DELETE", "/v1/groups/g", "", key+"a"); a.status != http.StatusNoContent || len(s.service.methods()) != 2 {
		t.Errorf("%d %s, done %d times", a.status, a.body, len(s.service.methods()))
	}
}

func TestAnAnswerThatIsTooLargeToKeep(t *testing.T) {
	t.Parallel()
	s, _ := remembering(t)
	s.service.out = map[reflect.Type]any{reflect.TypeFor[schemas.Group](): schemas.Group{Name: strings.Repeat("x", 300<<10)}}
	if a := s.ask(t, "POST", "/v1/groups", `{"name":"g"}`, asJSON, key+"a"); a.status != http.StatusCreated {
		t.Errorf("%d", a.status)
	}
	if a := s.ask(t, "POST", "/v1/groups", `{"name":"g"}`, asJSON, key+"a"); a.status != http.StatusConflict || !strings.Contains(a.body, "too large to keep") {
		t.Errorf("%d %s", a.status, a.body)
	}
}

func TestEveryTokenHasItsLimit(t *testing.T) {
	t.Parallel()
	s := newServer(t, func(c *api.ServerConfig) { c.RequestsPerMinute = 3 })
	one, two := "Authorization: Bearer "+s.token(t, "one", api.ScopeRead), "Authorization: Bearer "+s.token(t, "two", api.ScopeRead)
	for i, left := range []string{`"token";r=2;t=20`, `"token";r=1;t=40`, `"token";r=0;t=60`} {
		a := s.ask(t, "GET", "/v1/groups", "", one)
		if a.status != http.StatusOK || a.header.Get("RateLimit") != left || a.header.Get("RateLimit-Policy") != `"token";q=3;w=60` {
			t.Errorf("request %d: %d, %q of %q", i, a.status, a.header.Get("RateLimit"), a.header.Get("RateLimit-Policy"))
		}
	}
	a := s.ask(t, "GET", "/v1/groups", "", one)
	if a.status != http.StatusTooManyRequests || a.header.Get("Retry-After") != "20" || a.problem(t).Code != schemas.CodeThrottled {
		t.Errorf("%d %v %s", a.status, a.header, a.body)
	}
	if a := s.ask(t, "GET", "/v1/groups", "", two); a.status != http.StatusOK {
		t.Errorf("another token: %d %s", a.status, a.body)
	}
	s.clock.add(20 * time.Second)
	if a := s.ask(t, "GET", "/v1/groups", "", one); a.status != http.StatusOK {
		t.Errorf("after the wait: %d %s", a.status, a.body)
	}
	if a := s.ask(t, "GET", "/v1/groups", "", one); a.status != http.StatusTooManyRequests {
		t.Errorf("it grew by more than one: %d", a.status)
	}
}
