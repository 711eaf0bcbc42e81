package aws

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/smithy-go"
	"github.com/rs/zerolog"

	"github.com/insights-scanner/insights-scanner/discovery"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// A server that says nothing, or nothing more, does not hold a call for ever.
func TestSilenceEndsACall(t *testing.T) {
	sdkFiles(t)
	for name, begin := range map[string]string{"nothing": "", "half an answer": "<GetCallerIdentityResponse>"} {
		t.Run(name, func(t *testing.T) {
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body) // then the server sees that the client has gone
				if begin != "" {
					_, _ = io.WriteString(w, begin)
					_ = http.NewResponseController(w).Flush()
				}
				<-r.Context().Done()
			}))
			defer s.Close()
			p := New(zerolog.Nop(), time.Now)
			if is, told := p.http.GetReadTimeout(); !told || is != silence {
				t.Errorf("waits for %s", is)
			}
			p.http = newHTTPClient(50 * time.Millisecond)
			cfg, err := p.config(t.Context(), schemas.Account{Name: "prod", Endpoint: s.URL}, 1)
			if err != nil {
				t.Fatal(err)
			}
			cfg.Credentials = credentials.NewStaticCredentialsProvider("AKIAFAKE", "fake", "")
			done := make(chan error, 1)
			go func() { _, err := whoAmI(t.Context(), cfg); done <- err }()
			select {
			case err = <-done:
			case <-time.After(20 * time.Second):
				s.CloseClientConnections()
				t.Fatalf("it still waits: %v", <-done)
			}
			if err == nil || !passes(err) || !cfg.Retryer().IsErrorRetryable(err) {
				t.Errorf("not to be tried again: %v", err)
			}
		})
	}
}

// Accounts share their connections.
func TestAccountsShareAClient(t *testing.T) {
	sdkFiles(t)
	p := New(zerolog.Nop(), time.Now)
	a, errA := p.config(t.Context(), schemas.Account{Name: "a"}, 1)
	b, errB := p.config(t.Context(), schemas.Account{Name: "b"}, 1)
	if errA != nil || errB != nil || a.HTTPClient != b.HTTPClient {
		t.Errorf("two clients, %v, %v", errA, errB)
	}
}

// An answer without a body is no list without a resource.
func TestAnEmptyAnswerIsNoEmptyList(t *testing.T) {
	t.Parallel()
	for _, l := range allLists {
		s := newAccount(full).says(l.operation, "").in(home)
		s.cfg.HTTPClient = readOnlyBody{s.cfg.HTTPClient}
		r := &reader{svc: l.service, session: s, unitRegion: home}
		ends, err := r.Read(t.Context(), func(context.Context, discovery.Observation) error { return nil })
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range ends {
			if slices.Contains(l.types, e.Type) && (e.State != schemas.ScopeFailed || !e.Passing) {
				t.Errorf("%s: %+v", l.operation, e)
			}
		}
	}
}

func TestNoRegionsAreNoPlan(t *testing.T) {
	t.Parallel()
	for _, body := range []string{"", "<DescribeRegionsResponse><regionInfo/></DescribeRegionsResponse>"} {
		s := newAccount(full).says("ec2:DescribeRegions", body).in(home)
		acc := &access{cfg: s.cfg, identity: identity{"aws", self}, sessions: map[string]*session{}}
		regions, err := New(zerolog.Nop(), time.Now).regions(t.Context(), acc, schemas.Account{Endpoint: "http://aws.test"})
		if schemas.CodeOf(err) != schemas.CodeUnavailable {
			t.Errorf("%v, %v", regions, err)
		}
	}
}

// A list whose pages lead to themselves ends, and is not complete.
func TestAPageThatNamesItselfEndsTheList(t *testing.T) {
	t.Parallel()
	a := newAccount(full).says("sqs:ListQueues", `{"QueueUrls":[],"NextToken":"again"}`)
	s := a.read(t, sqsService, home)
	e := s.scopes[typeQueue]
	if e.State != schemas.ScopeFailed || e.Reason != errSamePage.Error() {
		t.Errorf("%+v", e)
	}
	if n := a.count("sqs:ListQueues"); n != 2 {
		t.Errorf("asked %d times", n)
	}
	// Tokens that differ are followed.
	var mu sync.Mutex
	n := 0
	a = newAccount(full).asked("sqs:ListQueues", func(string, url.Values) answer {
		mu.Lock()
		defer mu.Unlock()
		if n++; n > 5 {
			return answer{200, `{"QueueUrls":[]}`}
		}
		return answer{200, `{"QueueUrls":[],"NextToken":"` + strings.Repeat("x", n) + `"}`}
	})
	if e := a.read(t, sqsService, home).scopes[typeQueue]; e.State != schemas.ScopeComplete || n != 6 {
		t.Errorf("%+v after %d pages", e, n)
	}
}

// What broke off in the middle, came too late or is not there yet may come another time.
func TestTroubleOnTheWayPasses(t *testing.T) {
	t.Parallel()
	for name, err := range map[string]error{
		"reset":           &smithy.DeserializationError{Err: &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}},
		"timeout":         &smithy.DeserializationError{Err: &url.Error{Op: "Post", Err: timedOut{}}},
		"slow upload":     apiError("RequestTimeout", 400),
		"report awaited":  schemas.Errorf(schemas.CodeUnavailable, "credential report not ready"),
		"report begun":    apiError("ReportInProgress", 404),
		"report outdated": apiError("ReportExpired", 410),
	} {
		if !passes(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if passes(&smithy.DeserializationError{Err: errors.New("unexpected character")}) || passes(syscall.ENOENT) {
		t.Error("what does not pass does")
	}
}

type timedOut struct{}

func (timedOut) Error() string   { return "i/o timeout" }
func (timedOut) Timeout() bool   { return true }
func (timedOut) Temporary() bool { return true }
