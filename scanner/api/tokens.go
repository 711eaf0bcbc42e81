package api

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// Table is the part of a key-value table that tokens need; see bus.Table.
type Table[T any] interface {
	Create(ctx context.Context, key string, v T) (rev uint64, err error)
	Get(ctx context.Context, key string) (v T, rev uint64, err error)
	Delete(ctx context.Context, key string) error
	List(ctx context.Context, prefix string, fn func(key string, v T, rev uint64) error) error
}

// secretPrefix makes a leaked token recognizable to scanners of code.
const secretPrefix = "ins_"

// tokensFresh is how long a list of tokens is believed: the longest time that a
// token revoked by another process still works.
const tokensFresh = 2 * time.Second

var tokenName = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_-]{0,99}$`)

// Tokens are the API tokens. Only hashes of their secrets are kept.
type Tokens struct {
	table Table[Token]
	now   func() time.Time

	mu      sync.Mutex
	list    []Token
	read    time.Time
	changes uint64 // made here; a list that was read meanwhile may lack them
}

// NewTokens keeps tokens in a table (schemas.BucketTokens).
func NewTokens(table Table[Token], now func() time.Time) *Tokens {
	return &Tokens{table: table, now: now}
}

// Create makes a token and returns its secret, which is kept nowhere. ttl 0 is
// for ever. Errors: CodeInvalid, CodeConflict when the name is taken.
func (t *Tokens) Create(ctx context.Context, name string, scope TokenScope, ttl time.Duration, by string) (string, Token, error) {
	var p schemas.Problems
	p.Check(tokenName.MatchString(name), "name", "%q must match %s", name, tokenName)
	p.Check(name != LocalActor, "name", "%q is taken", name)
	p.Check(scope.rank() > 0, "scope", "%q must be read, write or admin", scope)
	p.Check(ttl >= 0, "ttl", "must not be negative")
	if err := p.Err(); err != nil {
		return "", Token{}, err
	}
	raw := make([]byte, 32)
	_, _ = rand.Read(raw) // never fails; it ends the program instead
	secret := secretPrefix + base64.RawURLEncoding.EncodeToString(raw)
	tok := Token{Name: name, Scope: scope, Hash: hash(secret), CreatedAt: t.now().UTC().Truncate(time.Millisecond), CreatedBy: by}
	if ttl > 0 {
		tok.ExpiresAt = tok.CreatedAt.Add(ttl)
	}
	_, err := t.table.Create(ctx, name, tok)
	if err != nil {
		if schemas.CodeOf(err) == schemas.CodeConflict {
			err = schemas.Errorf(schemas.CodeConflict, "there is a token named %q already", name)
		}
		return "", Token{}, err
	}
	t.forget()
	return secret, tok.shown(), nil
}

// List returns every token, also expired ones, by name and without hashes.
func (t *Tokens) List(ctx context.Context) ([]Token, error) {
	list, err := t.load(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]Token, len(list))
	for i, tok := range list {
		out[i] = tok.shown()
	}
	slices.SortFunc(out, func(a, b Token) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}

// Revoke ends a token; CodeNotFound when there is none of that name.
func (t *Tokens) Revoke(ctx context.Context, name string) error {
	// A name that could not have been created is not looked up: it may be no key.
	if !tokenName.MatchString(name) {
		return errNoToken(name)
	}
	_, _, err := t.table.Get(ctx, name)
	if err != nil {
		if schemas.CodeOf(err) == schemas.CodeNotFound {
			err = errNoToken(name)
		}
		return err
	}
	if err := t.table.Delete(ctx, name); err != nil {
		return err
	}
	t.forget()
	return nil
}

func errNoToken(name string) error {
	return schemas.Errorf(schemas.CodeNotFound, "there is no token %q", name).WithHint("list them: insights token list")
}

// Any tells whether there is a token, expired or not.
func (t *Tokens) Any(ctx context.Context) (bool, error) {
	list, err := t.cached(ctx)
	return len(list) > 0, err
}

// Verify finds the token of a secret. CodeDenied when there is none or it has
// expired; other errors mean that it could not be looked up.
func (t *Tokens) Verify(ctx context.Context, secret string) (Token, error) {
	list, err := t.cached(ctx)
	if err != nil {
		return Token{}, err
	}
	want := []byte(hash(secret))
	for _, tok := range list {
		if subtle.ConstantTimeCompare(want, []byte(tok.Hash)) != 1 {
			continue
		}
		if !tok.ExpiresAt.IsZero() && !t.now().Before(tok.ExpiresAt) {
			return Token{}, schemas.Errorf(schemas.CodeDenied, "token %s has expired", tok.Name).WithHint("make another: insights token create NAME")
		}
		return tok.shown(), nil
	}
	return Token{}, schemas.Errorf(schemas.CodeDenied, "the token is not valid")
}

func (t *Tokens) cached(ctx context.Context) ([]Token, error) {
	t.mu.Lock()
	list, age := t.list, t.now().Sub(t.read)
	fresh := !t.read.IsZero() && age >= 0 && age < tokensFresh
	t.mu.Unlock()
	if fresh {
		return list, nil
	}
	return t.load(ctx)
}

func (t *Tokens) load(ctx context.Context) ([]Token, error) {
	// Taken before reading, so that the list is never believed too long.
	at := t.now()
	t.mu.Lock()
	changes := t.changes
	t.mu.Unlock()
	var list []Token
	err := t.table.List(ctx, "", func(_ string, tok Token, _ uint64) error {
		list = append(list, tok)
		return nil
	})
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	if t.changes == changes {
		t.list, t.read = list, at
	}
	t.mu.Unlock()
	return list, nil
}

func (t *Tokens) forget() {
	t.mu.Lock()
	t.read = time.Time{}
	t.changes++
	t.mu.Unlock()
}

func hash(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// shown is the token without its hash.
func (t Token) shown() Token {
	t.Hash = ""
	return t
}

func (s TokenScope) rank() int {
	return 1 + slices.Index([]TokenScope{ScopeRead, ScopeWrite, ScopeAdmin}, s)
}

// Allows tells whether a scope includes another one.
func (s TokenScope) Allows(o TokenScope) bool { return o.rank() > 0 && s.rank() >= o.rank() }
