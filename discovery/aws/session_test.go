package aws

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/insights-scanner/insights-scanner/discovery"
	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
	"github.com/insights-scanner/insights-scanner/schemas"
)

const (
	home = "us-east-1"
	self = "123456789012"
)

// inProcess answers the SDK's requests without a network.
type inProcess struct{ http.Handler }

// Do implements aws.HTTPClient.
func (c inProcess) Do(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	if r.Body == nil {
		r.Body = http.NoBody
	}
	w := httptest.NewRecorder()
	c.ServeHTTP(w, r)
	res := w.Result()
	res.Request = r
	return res, nil
}

// answer is what an operation is answered with.
type answer struct {
	status int
	body   string
}

// account answers chosen operations as told and all others like awsfake. Its
// calls are named "iam:GetUser", or "s3:acl" by the sub-resource of a bucket.
type account struct {
	fake *awsfake.Server

	mu    sync.Mutex
	on    map[string]func(region string, q url.Values) answer
	calls []string // "operation region"
}

func newAccount(p awsfake.Population) *account {
	p.AccountID, p.Regions = self, []string{home, "eu-west-1"}
	return &account{fake: awsfake.New(p), on: map[string]func(string, url.Values) answer{}}
}

// says answers an operation with a body.
func (a *account) says(operation, body string) *account {
	return a.fails(operation, http.StatusOK, body)
}

func (a *account) fails(operation string, status int, body string) *account {
	return a.asked(operation, func(string, url.Values) answer { return answer{status, body} })
}

func (a *account) asked(operation string, f func(region string, q url.Values) answer) *account {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.on[operation] = f
	return a
}

// count is how often an operation was called.
func (a *account) count(operation string) (n int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, c := range a.calls {
		if op, _, _ := strings.Cut(c, " "); op == operation {
			n++
		}
	}
	return n
}

// named tells what a request asks for.
func named(r *http.Request) (operation, region string, q url.Values) {
	scope := strings.Split(r.Header.Get("Authorization"), "/")
	service := scope[3]
	region = scope[2]
	q = r.URL.Query()
	switch service {
	case "s3":
		operation = "s3:"
		for k := range q {
			if k != "x-id" && !strings.HasPrefix(k, "max-") && !strings.HasPrefix(k, "continuation") && k != "prefix" {
				operation = "s3:" + k
			}
		}
		if strings.HasPrefix(r.URL.Path, "/v20180820/") {
			operation = "s3control:publicAccessBlock"
		} else if r.Method == http.MethodHead {
			operation = "s3:HEAD"
		}
		q.Set("bucket", strings.Trim(r.URL.Path, "/"))
	default:
		if r.Body == nil {
			r.Body = http.NoBody // a GET of the rest protocols
		}
		if operation = awsfake.Operation(r); operation != "" {
			q.Set("path", r.URL.Path)
			if r.Body == nil {
				break
			}
			raw, err := io.ReadAll(r.Body)
			if err != nil {
				panic(err)
			}
			r.Body = io.NopCloser(bytes.NewReader(raw))
			q.Set("body", string(raw))
			break
		}
		if err := r.ParseForm(); err != nil {
			panic(err)
		}
		q = r.Form
		operation = service + ":" + q.Get("Action")
	}
	return operation, region, q
}

func (a *account) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	operation, region, q := named(r)
	a.mu.Lock()
	a.calls = append(a.calls, operation+" "+region)
	f := a.on[operation]
	a.mu.Unlock()
	if f != nil {
		if res := f(region, q); res.status != 0 {
			w.Header().Set("Content-Type", contentType(res.body))
			w.WriteHeader(res.status)
			_, _ = io.WriteString(w, res.body)
			return
		}
	}
	a.fake.ServeHTTP(w, r)
}

// contentType is that of a body, which each protocol writes in one of two languages.
func contentType(body string) string {
	if strings.HasPrefix(body, "{") {
		return "application/x-amz-json-1.1"
	}
	return "text/xml"
}

// Error bodies in each protocol's shape.

func s3Error(code string) string { return fmt.Sprintf("<Error><Code>%s</Code></Error>", code) }

func s3controlError(code string) string {
	return "<ErrorResponse>" + s3Error(code) + "</ErrorResponse>"
}

func iamError(code string) string {
	return fmt.Sprintf("<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code></Error></ErrorResponse>", code)
}

func ec2Error(code string) string {
	return fmt.Sprintf("<Response><Errors><Error><Code>%s</Code></Error></Errors></Response>", code)
}

func jsonError(code string) string { return fmt.Sprintf(`{"__type":%q,"message":"no"}`, code) }

// iamAnswer wraps the result of an IAM action.
func iamAnswer(action, result string) string {
	return fmt.Sprintf("<%[1]sResponse><%[1]sResult>%[2]s</%[1]sResult></%[1]sResponse>", action, result)
}

// in is the account seen from a region, without retries.
func (a *account) in(region string) *session {
	return &session{
		cfg: aws.Config{
			Region: region, HTTPClient: inProcess{a}, BaseEndpoint: aws.String("http://aws.test"),
			Credentials: credentials.NewStaticCredentialsProvider("AKIAFAKE", "fake", ""),
			Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
		},
		account:    schemas.Account{Endpoint: "http://aws.test"},
		awsAccount: self, partition: "aws", region: region, now: time.Now,
	}
}

// seen is what a read emitted, and how its scopes ended.
type seen struct {
	list   []discovery.Observation
	scopes map[string]schemas.ScopeEnd // by type
}

// read reads a service in a region.
func (a *account) read(t *testing.T, svc *service, region string) seen {
	t.Helper()
	return a.readWith(t, svc, region)
}

// readWith reads some facets on demand, too.
func (a *account) readWith(t *testing.T, svc *service, region string, facets ...string) seen {
	t.Helper()
	return seenBy(t, &reader{svc: svc, session: a.in(region), unitRegion: region, facets: facets})
}

// seenBy is what a reader emits, and how its scopes ended.
func seenBy(t *testing.T, r discovery.Reader) seen {
	t.Helper()
	s := seen{scopes: map[string]schemas.ScopeEnd{}}
	var mu sync.Mutex
	ends, err := r.Read(t.Context(), func(_ context.Context, o discovery.Observation) error {
		mu.Lock()
		defer mu.Unlock()
		s.list = append(s.list, o)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range ends {
		s.scopes[e.Type] = e
	}
	return s
}

// one is the only observation of a type and id; ok is false when there is none.
func (s seen) one(token, id string) (o discovery.Observation, ok bool) {
	for _, o := range s.list {
		if o.Type == token && o.ID == id {
			return o, true
		}
	}
	return o, false
}

func (s seen) count(token string) (n int) {
	for _, o := range s.list {
		if o.Type == token {
			n++
		}
	}
	return n
}

// unknown is what an observation says of a path; nil when it says nothing.
func unknown(o discovery.Observation, path string) *schemas.UnknownPath {
	for i := range o.Unknown {
		if o.Unknown[i].Path == path {
			return &o.Unknown[i]
		}
	}
	return nil
}

// wantUnknown checks that a path is unknown in a state by a call, and not known besides.
func wantUnknown(t *testing.T, o discovery.Observation, path string, state schemas.FacetState, call string) {
	t.Helper()
	u := unknown(o, path)
	if u == nil || u.State != state || u.Call != call || u.Reason == "" {
		t.Errorf("%s: %s is %+v, want %s by %s with a reason", o.Key, path, u, state, call)
	}
}

// sorted is what was emitted by key, for readers that ask for many things at once.
func (s seen) sorted() []discovery.Observation {
	slices.SortFunc(s.list, func(a, b discovery.Observation) int { return strings.Compare(a.String(), b.String()) })
	return s.list
}
