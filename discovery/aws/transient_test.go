package aws

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/rs/zerolog"

	"github.com/insights-scanner/insights-scanner/discovery"
	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// flaky fails every call that is made, time and again, before it answers.
type flaky struct {
	next  aws.HTTPClient
	fault func(r *http.Request, good *http.Response) (*http.Response, error)

	mu    sync.Mutex
	calls map[string]int
	total int
}

// failing is how often each call fails: one less than it is tried.
const failing = maxAttempts - 1

// Do implements aws.HTTPClient.
func (f *flaky) Do(r *http.Request) (*http.Response, error) {
	operation, _, q := named(r)
	call := operation + " " + q.Get("bucket")
	f.mu.Lock()
	f.calls[call]++
	f.total++
	n := f.calls[call]
	f.mu.Unlock()
	res, err := f.next.Do(r)
	if err != nil || n > failing || f.fault == nil {
		return res, err
	}
	return f.fault(r, res)
}

// refuse makes a fault of a status and a code.
func refuse(status int, code string) func(*http.Request, *http.Response) (*http.Response, error) {
	return func(r *http.Request, res *http.Response) (*http.Response, error) {
		operation, _, _ := named(r)
		a := refusal(operation, code, status)
		res.StatusCode, res.Body = a.status, io.NopCloser(strings.NewReader(a.body))
		return res, nil
	}
}

var transients = map[string]func(*http.Request, *http.Response) (*http.Response, error){
	"unavailable":   refuse(503, "ServiceUnavailable"),
	"broken":        refuse(500, "InternalError"),
	"bad gateway":   refuse(502, "BadGateway"),
	"throttled":     refuse(400, "Throttling"),
	"slow down":     refuse(503, "SlowDown"),
	"request limit": refuse(503, "RequestLimitExceeded"),
	"reset": func(*http.Request, *http.Response) (*http.Response, error) {
		return nil, &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}
	},
	"closed early": func(*http.Request, *http.Response) (*http.Response, error) { return nil, io.ErrUnexpectedEOF },
	// The answer begins well and breaks off, one way or another.
	"reset halfway":      cut(0.5, &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}),
	"reset before":       cut(0, &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}),
	"too short":          cut(0.5, io.ErrUnexpectedEOF),
	"too short, nothing": cut(0, io.ErrUnexpectedEOF),
}

// cut makes a fault of an answer whose body ends early.
func cut(part float64, err error) func(*http.Request, *http.Response) (*http.Response, error) {
	return func(_ *http.Request, res *http.Response) (*http.Response, error) {
		raw, _ := io.ReadAll(res.Body)
		n := int(float64(len(raw)) * part)
		res.Body = io.NopCloser(io.MultiReader(bytes.NewReader(raw[:n]), ends{err}))
		return res, nil
	}
}

// ends is a body at its end.
type ends struct{ err error }

func (e ends) Read([]byte) (int, error) { return 0, e.err }

// scanned is all that a scan of an account emits and says, as sorted JSON.
func scanned(t *testing.T, client aws.HTTPClient) (lines []string, calls, throttles uint64) {
	t.Helper()
	p := New(zerolog.Nop(), time.Now)
	cfg, err := p.config(t.Context(), schemas.Account{Name: "prod", Endpoint: "http://aws.test"}, maxAttempts)
	if err != nil {
		t.Fatal(err)
	}
	cfg.HTTPClient, cfg.Credentials = client, credentials.NewStaticCredentialsProvider("AKIAFAKE", "fake", "")
	acc := &access{cfg: cfg, identity: identity{"aws", self}, sessions: map[string]*session{}}
	var mu sync.Mutex
	note := func(v any) {
		raw, err := json.Marshal(v)
		if err != nil {
			t.Error(err)
		}
		mu.Lock()
		defer mu.Unlock()
		lines = append(lines, string(raw))
	}
	for _, svc := range services {
		r := &reader{svc: svc, session: p.session(acc, schemas.Account{Endpoint: "http://aws.test"}, home), unitRegion: home}
		ends, err := r.Read(t.Context(), func(_ context.Context, o discovery.Observation) error {
			note(o)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range ends {
			note(e)
		}
		c, th := r.Calls()
		calls, throttles = calls+c, throttles+th
	}
	slices.Sort(lines)
	return lines, calls, throttles
}

// After trouble that passes, a scan has seen what it sees on a quiet day: no
// facet is left unknown, no scope open.
func TestTransientFaultsLeaveNoTrace(t *testing.T) {
	sdkFiles(t)
	var want []string
	synctest.Test(t, func(t *testing.T) {
		quiet := &flaky{next: inProcess{newAccount(full)}, calls: map[string]int{}}
		var calls, throttles uint64
		if want, calls, throttles = scanned(t, quiet); calls != uint64(quiet.total) || throttles != 0 {
			t.Errorf("counted %d calls of %d, %d throttles", calls, quiet.total, throttles)
		}
	})
	for _, name := range slices.Sorted(maps.Keys(transients)) {
		t.Run(name, func(t *testing.T) {
			// In a clock of its own: back-off takes minutes.
			synctest.Test(t, func(t *testing.T) {
				f := &flaky{next: inProcess{newAccount(full)}, fault: transients[name], calls: map[string]int{}}
				got, calls, throttles := scanned(t, f)
				for i := range max(len(got), len(want)) {
					if line(got, i) != line(want, i) {
						t.Fatalf("got  %s\nwant %s", line(got, i), line(want, i))
					}
				}
				if calls != uint64(f.total) {
					t.Errorf("counted %d calls of %d", calls, f.total)
				}
				if throttled := name == "throttled" || name == "slow down" || name == "request limit"; (throttles > 0) != throttled {
					t.Errorf("counted %d throttles", throttles)
				}
			})
		})
	}
}

// awsfake's own way to fail now and then.
func TestFailEvery(t *testing.T) {
	sdkFiles(t)
	synctest.Test(t, func(t *testing.T) {
		want, _, _ := scanned(t, inProcess{newAccount(full)})
		for _, n := range []uint64{7, 10} {
			a := newAccount(full)
			a.fake.SetFaults(awsfake.Faults{FailEvery: n})
			got, _, _ := scanned(t, inProcess{a})
			if !slices.Equal(got, want) {
				t.Errorf("every %d: %d lines, want %d", n, len(got), len(want))
			}
		}
	})
}

// Trouble that does not pass ends in failed scopes and unknown facets, within
// minutes, not in a scan that never ends.
func TestLastingTroubleEnds(t *testing.T) {
	sdkFiles(t)
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		lines, _, _ := scanned(t, httpClient(func(*http.Request) (*http.Response, error) { return nil, errors.New("no route to host") }))
		if took := time.Since(start); took > time.Hour {
			t.Errorf("took %s", took)
		}
		for _, l := range lines {
			if !strings.Contains(l, `"failed"`) && !strings.Contains(l, `"complete"`) {
				t.Errorf("%s", l)
			}
		}
	})
}

// An outage is no refusal: nobody has to mend credentials, and units are tried
// again for longer.
func TestOutageIsNoRefusal(t *testing.T) {
	sdkFiles(t)
	for name, fault := range map[string]func(*http.Request) (*http.Response, error){
		"no network": func(*http.Request) (*http.Response, error) { return nil, errors.New("no route to host") },
		"broken": inProcess{newAccount(full).fails("sts:GetCallerIdentity", 503, iamError("ServiceUnavailable")).
			fails("ec2:DescribeRegions", 503, ec2Error("Unavailable"))}.Do,
	} {
		synctest.Test(t, func(t *testing.T) {
			p, account := New(zerolog.Nop(), time.Now), schemas.Account{Name: "prod", Endpoint: "http://aws.test"}
			cfg, err := p.config(t.Context(), account, maxAttempts)
			if err != nil {
				t.Fatal(err)
			}
			cfg.HTTPClient, cfg.Credentials = httpClient(fault), credentials.NewStaticCredentialsProvider("AKIAFAKE", "fake", "")
			_, errWho := whoAmI(t.Context(), cfg)
			_, errRegions := p.regions(t.Context(), &access{cfg: cfg, identity: identity{"aws", self}, sessions: map[string]*session{}}, account)
			for _, err := range []error{errWho, errRegions} {
				if e, ok := errors.AsType[*schemas.Error](err); !ok || e.Code != schemas.CodeUnavailable || strings.Contains(e.Hint, "credentials") || strings.Contains(e.Hint, "Allow") {
					t.Errorf("%s: %v", name, err)
				}
			}
		})
	}
}

// sdkFiles keeps the SDK from the files and variables of whoever runs the tests.
func sdkFiles(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("AWS_CONFIG_FILE", dir+"/config")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", dir+"/credentials")
	t.Setenv("AWS_PROFILE", "")
	t.Setenv("AWS_CA_BUNDLE", "")
	t.Setenv("AWS_REGION", home)
}
