package api_test

import (
	"context"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/insights-scanner/insights-scanner/scanner/api"
	"github.com/insights-scanner/insights-scanner/scanner/bus"
	"github.com/insights-scanner/insights-scanner/scanner/bus/bustest"
	"github.com/insights-scanner/insights-scanner/schemas"
)

func testContext(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// The life of tokens as every process sees it, in a real bucket.
func TestTokensOnTheBus(t *testing.T) {
	t.Parallel()
	ctx, c := testContext(t), newClock()
	b := bustest.Start(t)
	bucket := bus.NewTable[api.Token](b, schemas.BucketTokens)
	here, there := api.NewTokens(bucket, c.Now), api.NewTokens(bucket, c.Now)

	if some, err := here.Any(ctx); err != nil || some {
		t.Fatalf("any: %t, %v", some, err)
	}
	secret, made, err := here.Create(ctx, "ci", api.ScopeWrite, 90*time.Second, "alice")
	ok(t, err)
	want := api.Token{Name: "ci", Scope: api.ScopeWrite, CreatedAt: c.Now(), CreatedBy: "alice", ExpiresAt: c.Now().Add(90 * time.Second)}
	if made != want {
		t.Errorf("made %+v, want %+v", made, want)
	}
	if !regexp.MustCompile(`^ins_[A-Za-z0-9_-]{43}$`).MatchString(secret) {
		t.Errorf("secret %q", secret)
	}
	kept, _, err := bucket.Get(ctx, "ci")
	ok(t, err)
	raw, _ := json.Marshal(kept)
	if kept.Hash == "" || strings.Contains(string(raw), strings.TrimPrefix(secret, "ins_")) {
		t.Errorf("kept %s", raw)
	}
	got, err := there.Verify(ctx, secret)
	if err != nil || got != want {
		t.Errorf("verified %+v, %v", got, err)
	}
	_, _, err = there.Create(ctx, "ci", api.ScopeRead, 0, "bob")
	wantCode(t, err, schemas.CodeConflict, `"ci" already`)

	ever, forever, err := there.Create(ctx, "a", api.ScopeRead, 0, "bob")
	ok(t, err)
	if !forever.ExpiresAt.IsZero() || ever == secret {
		t.Errorf("made %+v", forever)
	}
	list, err := here.List(ctx)
	if err != nil || !slices.Equal(list, []api.Token{forever, want}) {
		t.Errorf("list %+v, %v; want both by name without hashes", list, err)
	}
	ok(t, here.Revoke(ctx, "ci"))
	_, err = here.Verify(ctx, secret)
	wantCode(t, err, schemas.CodeDenied)
	wantCode(t, here.Revoke(ctx, "ci"), schemas.CodeNotFound, "token list")
	// A name is free again, its old secret stays worthless.
	_, _, err = here.Create(ctx, "ci", api.ScopeRead, 0, "alice")
	ok(t, err)
	_, err = here.Verify(ctx, secret)
	wantCode(t, err, schemas.CodeDenied)
}

func TestTokensAreChecked(t *testing.T) {
	t.Parallel()
	store := &table{m: map[string]api.Token{}}
	tokens := api.NewTokens(store, newClock().Now)
	for name, c := range map[string]struct {
		name  string
		scope api.TokenScope
		ttl   time.Duration
		texts []string
	}{
		"empty name":     {"", api.ScopeRead, 0, []string{"name:"}},
		"dots":           {"..", api.ScopeRead, 0, []string{"name:"}},
		"wildcard":       {"a.*", api.ScopeRead, 0, []string{"name:"}},
		"two lines":      {"a\nb", api.ScopeRead, 0, []string{"name:"}},
		"too long":       {strings.Repeat("a", 101), api.ScopeRead, 0, []string{"name:"}},
		"the local one":  {api.LocalActor, api.ScopeRead, 0, []string{`"local" is taken`}},
		"no scope":       {"a", "", 0, []string{"scope:"}},
		"unknown scope":  {"a", "root", 0, []string{`scope: "root"`}},
		"negative ttl":   {"a", api.ScopeRead, -1, []string{"ttl:"}},
		"all of them":    {"", "", -1, []string{"name:", "scope:", "ttl:"}},
		"a slash in it":  {"a/b", api.ScopeRead, 0, []string{"name:"}},
		"starts by dash": {"-a", api.ScopeRead, 0, []string{"name:"}},
	} {
		secret, made, err := tokens.Create(t.Context(), c.name, c.scope, c.ttl, "test")
		if secret != "" || made != (api.Token{}) {
			t.Errorf("%s: made %q, %+v", name, secret, made)
		}
		wantCode(t, err, schemas.CodeInvalid, c.texts...)
	}
	if len(store.m) > 0 {
		t.Errorf("made %v", store.m)
	}
	// What can be no name is not looked up: it may be no key either.
	store.fail(schemas.Errorf(schemas.CodeInvalid, "no key"))
	for _, name := range []string{"", "a.b", "> *"} {
		wantCode(t, tokens.Revoke(t.Context(), name), schemas.CodeNotFound)
	}
	store.fail(schemas.Errorf(schemas.CodeUnavailable, "no answer"))
	_, _, err := tokens.Create(t.Context(), "a", api.ScopeRead, 0, "test")
	wantCode(t, err, schemas.CodeUnavailable)
	_, err = tokens.List(t.Context())
	wantCode(t, err, schemas.CodeUnavailable)
}

// What another process revoked works for two seconds at most, and looking it up
// does not ask the bus at every request.
func TestTokensAreBelievedForTwoSeconds(t *testing.T) {
	t.Parallel()
	c, store := newClock(), &table{m: map[string]api.Token{}}
	here, there := api.NewTokens(store, c.Now), api.NewTokens(store, c.Now)
	secret, _, err := here.Create(t.Context(), "ci", api.ScopeRead, 0, "test")
	ok(t, err)
	for range 5 {
		_, err := here.Verify(t.Context(), secret)
		ok(t, err)
		some, err := here.Any(t.Context())
		if err != nil || !some {
			t.Fatalf("any: %t, %v", some, err)
		}
	}
	if store.lists != 1 {
		t.Errorf("listed %d times", store.lists)
	}
	ok(t, there.Revoke(t.Context(), "ci"))
	c.add(2*time.Second - time.Nanosecond)
	if _, err := here.Verify(t.Context(), secret); err != nil {
		t.Errorf("looked up before the time: %v", err)
	}
	c.add(time.Nanosecond)
	_, err = here.Verify(t.Context(), secret)
	wantCode(t, err, schemas.CodeDenied)

	// A clock that was set back must not keep an old list alive.
	secret, _, err = there.Create(t.Context(), "ci", api.ScopeRead, 0, "test")
	ok(t, err)
	c.add(-time.Hour)
	_, err = here.Verify(t.Context(), secret)
	ok(t, err)
	// A list that cannot be read again is not believed any longer.
	c.add(3 * time.Second)
	store.fail(schemas.Errorf(schemas.CodeUnavailable, "no answer"))
	_, err = here.Verify(t.Context(), secret)
	wantCode(t, err, schemas.CodeUnavailable)
}

// A list that was read while a token was made or revoked lacks the change.
func TestChangesHereCountAtOnce(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*api.Tokens) (string, error){
		"made": func(tokens *api.Tokens) (string, error) {
			secret, _, err := tokens.Create(t.Context(), "new", api.ScopeRead, 0, "test")
			return secret, err
		},
		"revoked": func(tokens *api.Tokens) (string, error) { return "", tokens.Revoke(t.Context(), "old") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := &table{m: map[string]api.Token{}}
			tokens := api.NewTokens(store, newClock().Now)
			old, _, err := tokens.Create(t.Context(), "old", api.ScopeRead, 0, "test")
			ok(t, err)
			reading, changed := make(chan struct{}), make(chan struct{})
			store.listing = func() {
				close(reading)
				<-changed
			}
			done := make(chan error, 1)
			go func() {
				_, err := tokens.Any(t.Context())
				done <- err
			}()
			<-reading
			secret, err := change(tokens)
			ok(t, err)
			store.mu.Lock()
			store.listing = nil
			store.mu.Unlock()
			close(changed)
			ok(t, <-done)
			if name == "made" {
				_, err = tokens.Verify(t.Context(), secret)
				ok(t, err)
				return
			}
			_, err = tokens.Verify(t.Context(), old)
			wantCode(t, err, schemas.CodeDenied)
		})
	}
}
