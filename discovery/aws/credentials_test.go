package aws_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/insights-scanner/insights-scanner/discovery"
	"github.com/insights-scanner/insights-scanner/discovery/aws"
	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// tokens is an STS whose keys lapse by a clock that tests move, before an awsfake
// that refuses those that have.
type tokens struct {
	next http.Handler

	mu      sync.Mutex
	now     time.Time
	life    time.Duration
	step    time.Duration // passes at the nth of the coming calls, at once
	nth     int
	skew    time.Duration // how far AWS is ahead of our clock
	expires map[string]time.Time
	gone    map[string]bool // keys that nobody knows any more
	account map[string]string
	issued  int
	refused int
}

func newTokens(next http.Handler, life time.Duration) *tokens {
	return &tokens{
		next: next, now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), life: life,
		expires: map[string]time.Time{}, gone: map[string]bool{}, account: map[string]string{},
	}
}

func (t *tokens) clock() time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.now
}

func (t *tokens) set(f func(*tokens)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f(t)
}

func (t *tokens) counts() (issued, refused int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.issued, t.refused
}

func (t *tokens) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, rest, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	scope := strings.Split(rest, "/")
	key, service := scope[0], scope[3]
	if service == "sts" {
		_ = r.ParseForm()
	}
	t.mu.Lock()
	if t.nth--; t.nth == 0 {
		t.now = t.now.Add(t.step)
	}
	at := t.now.Add(t.skew)
	end, temporary := t.expires[key]
	var code string
	switch {
	case t.gone[key]:
		code = "InvalidClientTokenId"
	case temporary && !at.Before(end):
		code = "ExpiredToken"
	}
	if code != "" {
		t.refused++
	}
	assume := code == "" && r.Form.Get("Action") == "AssumeRole"
	if assume {
		t.issued++
		key = fmt.Sprintf("ASIA%d", t.issued)
		t.expires[key] = at.Add(t.life)
	}
	account := t.account[key]
	t.mu.Unlock()
	switch {
	case code != "":
		refuse(w, r, service, code)
	case assume:
		_, _ = fmt.Fprintf(w, "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>%s</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>%s</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>",
			key, at.Add(t.life).Format(time.RFC3339))
	case service == "sts" && account != "":
		_, _ = fmt.Fprintf(w, "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::%[1]s:user/u</Arn><Account>%[1]s</Account></GetCallerIdentityResult></GetCallerIdentityResponse>", account)
	default:
		t.next.ServeHTTP(w, r)
	}
}

// refuse answers as the services' protocols do.
func refuse(w http.ResponseWriter, r *http.Request, service, code string) {
	switch {
	case service == "s3" && !strings.HasPrefix(r.URL.Path, "/v20180820/"):
		w.WriteHeader(http.StatusBadRequest)
		_, _ = fmt.Fprintf(w, "<Error><Code>%s</Code></Error>", code)
	case service == "sqs":
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = fmt.Fprintf(w, `{"__type":%q}`, code)
	default:
		w.WriteHeader(http.StatusForbidden)
		_, _ = fmt.Fprintf(w, "<ErrorResponse><Error><Code>%s</Code></Error></ErrorResponse>", code)
	}
}

// readSome reads units of an account and returns what was seen, and the first error.
func readSome(t *testing.T, p *aws.Provider, a schemas.Account, units ...schemas.UnitKey) (snapshot, error) {
	t.Helper()
	s := snapshot{map[schemas.Key]discovery.Observation{}, map[schemas.Scope]schemas.ScopeEnd{}}
	for _, u := range units {
		r, err := p.Open(t.Context(), schemas.Unit{Account: a, Unit: u})
		if err != nil {
			return s, err
		}
		var mu sync.Mutex
		ends, err := r.Read(t.Context(), func(_ context.Context, o discovery.Observation) error {
			mu.Lock()
			defer mu.Unlock()
			s.observations[o.Key] = o
			return nil
		})
		if err != nil {
			return s, err
		}
		for _, e := range ends {
			s.scopes[e.Scope] = e
		}
	}
	return s, nil
}

var (
	bucketUnit = schemas.UnitKey{Region: "global", Service: "s3"}
	queueUnit  = schemas.UnitKey{Region: "us-east-1", Service: "sqs"}
)

// wantSame checks that a scan saw all that an undisturbed one sees.
func wantSame(t *testing.T, got, want snapshot) {
	t.Helper()
	if len(got.observations) != len(want.observations) {
		t.Errorf("saw %d resources, want %d", len(got.observations), len(want.observations))
	}
	for k, o := range want.observations {
		if g := got.observations[k]; len(g.Unknown) != len(o.Unknown) || len(g.Properties) != len(o.Properties) {
			t.Errorf("%s: %d properties and %v, want %d and %v", k, len(g.Properties), g.Unknown, len(o.Properties), o.Unknown)
		}
	}
	for scope, e := range got.scopes {
		if e.State != schemas.ScopeComplete {
			t.Errorf("%s: %+v", scope, e)
		}
	}
}

// A role's session lives for 15 minutes, of which two pass in the middle of every unit,
// while up to 16 calls are under way: what they were signed with is then two minutes old
// at most, however slow the machine, and is renewed five minutes before its end.
func TestScanOutlivesItsCredentials(t *testing.T) {
	fake, a := fakeAccount(t)
	calm := aws.New(zerolog.Nop(), time.Now)
	want, err := readSome(t, calm, a, bucketUnit, queueUnit)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		skew     time.Duration
		sessions int
	}{
		"in step":           {0, 3},         // renewed after 10 and 20 minutes
		"our clock is late": {time.Hour, 2}, // after 15, by a refusal
	} {
		t.Run(name, func(t *testing.T) {
			sts := newTokens(fake, 15*time.Minute)
			sts.step, sts.skew = 2*time.Minute, c.skew
			a := a
			a.Endpoint, a.RoleARN = serve(t, sts), "arn:aws:iam::123456789012:role/insights"
			p := aws.New(zerolog.Nop(), sts.clock)
			for range 12 {
				sts.set(func(s *tokens) { s.nth = 20 })
				got, err := readSome(t, p, a, bucketUnit, queueUnit)
				if err != nil {
					t.Fatal(err)
				}
				wantSame(t, got, want)
				sts.set(func(s *tokens) {
					if s.nth > 0 {
						t.Fatalf("%d calls fewer than it takes", s.nth)
					}
				})
			}
			issued, refused := sts.counts()
			if issued != c.sessions {
				t.Errorf("the role was assumed %d times, want %d", issued, c.sessions)
			}
			if c.skew == 0 && refused > 0 {
				t.Errorf("%d calls were refused: renewed too late", refused)
			}
			if c.skew > 0 && refused == 0 {
				t.Error("nothing was refused")
			}
		})
	}
}

// profile writes the SDK's shared credentials.
func profile(t *testing.T, file, key string) {
	t.Helper()
	text := fmt.Sprintf("[default]\naws_access_key_id = %s\naws_secret_access_key = s\n", key)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func profiled(t *testing.T) (*tokens, *aws.Provider, schemas.Account, string) {
	t.Helper()
	fake := awsfake.New(population)
	sts := newTokens(fake, time.Hour)
	file := filepath.Join(t.TempDir(), "credentials")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", file)
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(t.TempDir(), "config"))
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "")
	profile(t, file, "AKIAOLD")
	a := schemas.Account{ID: "aws-123456789012", Name: "prod", Provider: "aws", Endpoint: serve(t, sts)}
	return sts, aws.New(zerolog.Nop(), sts.clock), a, file
}

func TestKeysReplacedInTheProfileArePickedUp(t *testing.T) {
	sts, p, a, file := profiled(t)
	want, err := readSome(t, p, a, bucketUnit, queueUnit)
	if err != nil {
		t.Fatal(err)
	}
	// The old key is deleted at AWS, which is found out by a refusal.
	profile(t, file, "AKIANEW")
	sts.set(func(t *tokens) { t.gone["AKIAOLD"], t.now = true, t.now.Add(time.Minute) })
	got, err := readSome(t, p, a, bucketUnit, queueUnit)
	if err != nil {
		t.Fatal(err)
	}
	wantSame(t, got, want)
	if _, refused := sts.counts(); refused == 0 {
		t.Error("nothing was refused")
	}
	// Or it is not deleted, and the next one is used before long.
	profile(t, file, "AKIATHIRD")
	sts.set(func(t *tokens) { t.now, t.refused = t.now.Add(10*time.Minute), 0 })
	if _, err := readSome(t, p, a, queueUnit); err != nil {
		t.Fatal(err)
	}
	sts.set(func(t *tokens) { t.gone["AKIANEW"] = true })
	if _, err := readSome(t, p, a, queueUnit); err != nil {
		t.Fatal(err)
	}
	if _, refused := sts.counts(); refused > 0 {
		t.Error("the replaced key is still in use")
	}
}

func TestKeysOfAnotherAccountAreRefused(t *testing.T) {
	sts, p, a, file := profiled(t)
	if _, err := readSome(t, p, a, queueUnit); err != nil {
		t.Fatal(err)
	}
	profile(t, file, "AKIAOTHER")
	sts.set(func(t *tokens) { t.account["AKIAOTHER"], t.now = "999999999999", t.now.Add(10*time.Minute) })
	got, err := readSome(t, p, a, queueUnit)
	if schemas.CodeOf(err) != schemas.CodeInvalid || len(got.observations) > 0 {
		t.Errorf("%d resources, %v", len(got.observations), err)
	}
	if _, _, err := p.Plan(t.Context(), a); schemas.CodeOf(err) != schemas.CodeConflict {
		t.Errorf("plan: %v", err)
	}
	profile(t, file, "AKIAOLD")
	sts.set(func(t *tokens) { t.now = t.now.Add(10 * time.Minute) })
	if _, err := readSome(t, p, a, queueUnit); err != nil {
		t.Errorf("the account's own keys: %v", err)
	}
}

// Without credentials nothing is known: the unit is to be read again, and its
// resources do not turn up with facets that failed.
func TestLapsedCredentialsEndTheUnit(t *testing.T) {
	sts, p, a, _ := profiled(t)
	a.RoleARN = "arn:aws:iam::123456789012:role/insights"
	if _, _, err := p.Plan(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	sts.set(func(t *tokens) { // both the role's session and what it was assumed with
		t.gone["AKIAOLD"], t.gone["ASIA1"] = true, true
		t.expires["ASIA1"] = t.now
	})
	r, err := p.Open(t.Context(), schemas.Unit{Account: a, Unit: bucketUnit})
	if err != nil {
		t.Fatal(err)
	}
	sts.set(func(t *tokens) { delete(t.gone, "ASIA1") })
	ends, err := r.Read(t.Context(), func(_ context.Context, o discovery.Observation) error {
		t.Errorf("%s: %v", o.Key, o.Unknown)
		return nil
	})
	if schemas.CodeOf(err) != schemas.CodeDenied || !errors.Is(err, discovery.ErrCredentials) {
		t.Errorf("%+v, %v", ends, err)
	}
	_, err = r.Verify(t.Context(), []schemas.Key{{Region: "us-east-1", Type: "aws:s3/bucket:Bucket", ID: "x"}}, nil)
	if !errors.Is(err, discovery.ErrCredentials) {
		t.Errorf("verify: %v", err)
	}
}
