package aws_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/insights-scanner/insights-scanner/discovery/aws"
	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// sdkEnvironment gives the SDK an environment of the test's own: credentials, or
// none at all, and no files of whoever runs the tests.
func sdkEnvironment(t *testing.T, credentials bool) {
	t.Helper()
	dir := t.TempDir()
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_SESSION_TOKEN": "", "AWS_PROFILE": "", "AWS_REGION": "", "AWS_DEFAULT_REGION": "",
		"AWS_CONFIG_FILE": filepath.Join(dir, "config"), "AWS_SHARED_CREDENTIALS_FILE": filepath.Join(dir, "credentials"),
		"AWS_EC2_METADATA_DISABLED": "true",
	} {
		t.Setenv(name, value)
	}
	if credentials {
		t.Setenv("AWS_ACCESS_KEY_ID", "AKIAFAKE")
		t.Setenv("AWS_SECRET_ACCESS_KEY", "fake")
	}
}

// sts is an awsfake whose STS and DescribeRegions can be told what to answer; it
// notes what they were asked.
type sts struct {
	fake *awsfake.Server
	url  string

	mu    sync.Mutex
	fail  map[string][2]string // by action: status and code
	asked []url.Values
	keys  []string // access keys that signed
}

func newSTS(t *testing.T) *sts {
	t.Helper()
	s := &sts{fake: awsfake.New(population), fail: map[string][2]string{}}
	srv := httptest.NewServer(s)
	t.Cleanup(srv.Close)
	s.url = srv.URL
	return s
}

func (s *sts) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPost {
		_ = r.ParseForm()
	}
	_, credential, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	key, scope, _ := strings.Cut(credential, "/")
	q := url.Values{}
	for k, v := range r.Form {
		q[k] = v
	}
	q.Set("region", strings.Split(scope, "/")[1])
	s.mu.Lock()
	s.asked, s.keys = append(s.asked, q), append(s.keys, key)
	f, failing := s.fail[q.Get("Action")]
	s.mu.Unlock()
	if failing {
		w.Header().Set("Content-Type", "text/xml")
		status := http.StatusForbidden
		_, _ = fmt.Sscan(f[0], &status)
		w.WriteHeader(status)
		fmt.Fprintf(w, `<ErrorResponse><Error><Type>Sender</Type><Code>%[1]s</Code><Message>no</Message></Error><Errors><Error><Code>%[1]s</Code></Error></Errors></ErrorResponse>`, f[1])
		return
	}
	s.fake.ServeHTTP(w, r)
}

// of are the requests of an action.
func (s *sts) of(action string) (list []url.Values) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, q := range s.asked {
		if q.Get("Action") == action {
			list = append(list, q)
		}
	}
	return list
}

func provider() *aws.Provider { return aws.New(zerolog.Nop(), time.Now) }

func TestPlanOfEveryEnabledRegion(t *testing.T) {
	sdkEnvironment(t, true)
	s := newSTS(t)
	id, units, err := provider().Plan(t.Context(), schemas.Account{Name: "prod", Endpoint: s.url, Services: []string{"s3", "ec2", "iam", "config"}})
	if err != nil || id != "aws-123456789012" {
		t.Fatalf("%s, %v", id, err)
	}
	want := []schemas.UnitKey{
		{Region: "global", Service: "s3"},
		{Region: "eu-west-1", Service: "ec2"},
		{Region: "us-east-1", Service: "ec2"},
		{Region: "global", Service: "iam"},
		{Region: "eu-west-1", Service: "config"},
		{Region: "us-east-1", Service: "config"},
	}
	if !slices.Equal(units, want) {
		t.Errorf("got  %v\nwant %v", units, want)
	}
	// Regions that are not enabled are not asked for: nobody could read them.
	if q := s.of("DescribeRegions"); len(q) != 1 || q[0].Get("AllRegions") != "false" || q[0].Get("region") != "us-east-1" {
		t.Errorf("asked %v", q)
	}
}

func TestPlanOfConfiguredRegionsAndServices(t *testing.T) {
	sdkEnvironment(t, true)
	s := newSTS(t)
	a := schemas.Account{ID: "aws-123456789012", Name: "prod", Endpoint: s.url, Regions: []string{"us-west-2", "eu-west-1", "us-west-2"}, Services: []string{"iam", "ec2"}}
	_, units, err := provider().Plan(t.Context(), a)
	want := []schemas.UnitKey{{Region: "eu-west-1", Service: "ec2"}, {Region: "us-west-2", Service: "ec2"}, {Region: "global", Service: "iam"}}
	if err != nil || !slices.Equal(units, want) {
		t.Errorf("got %v (%v), want %v", units, err, want)
	}
	if n := len(s.of("DescribeRegions")); n != 0 {
		t.Errorf("asked for regions %d times", n)
	}
	a.Services = []string{"s3", "snow"}
	_, _, err = provider().Plan(t.Context(), a)
	wantError(t, err, schemas.CodeInvalid, `service "snow" is not known`, "Services: s3, ec2, iam, cloudtrail, config")
	_, err = provider().Open(t.Context(), schemas.Unit{Account: a, Unit: schemas.UnitKey{Region: "global", Service: "snow"}})
	wantError(t, err, schemas.CodeInvalid, `service "snow" is not known`)
}

func wantError(t *testing.T, err error, code schemas.Code, texts ...string) {
	t.Helper()
	e, ok := errors.AsType[*schemas.Error](err)
	if !ok || e.Code != code {
		t.Fatalf("got error %v, want code %s", err, code)
	}
	for _, text := range texts {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("got error %v, want %q in it", err, text)
		}
	}
}

// Results of one account must never be taken for another's.
func TestCredentialsOfAnotherAccount(t *testing.T) {
	sdkEnvironment(t, true)
	s := newSTS(t)
	a := schemas.Account{ID: "aws-999999999999", Name: "prod", Endpoint: s.url}
	id, units, err := provider().Plan(t.Context(), a)
	wantError(t, err, schemas.CodeConflict, "account prod belong to aws-123456789012, not to aws-999999999999", "role or profile")
	if id != "aws-123456789012" || units != nil {
		t.Errorf("planned %s, %v", id, units)
	}
	_, err = provider().Open(t.Context(), schemas.Unit{Account: a, Unit: schemas.UnitKey{Region: "global", Service: "iam"}})
	wantError(t, err, schemas.CodeInvalid, "belong to aws-123456789012, not to aws-999999999999")
}

func TestNoCredentials(t *testing.T) {
	sdkEnvironment(t, false)
	s := newSTS(t)
	_, _, err := provider().Plan(t.Context(), schemas.Account{Name: "prod", Endpoint: s.url})
	wantError(t, err, schemas.CodeDenied, "sts:GetCallerIdentity", "Check the credentials", "AWS_*", "--profile", "--role-arn")
	if len(s.asked) != 0 {
		t.Errorf("asked %v", s.asked)
	}
	_, _, err = provider().Plan(t.Context(), schemas.Account{Name: "prod", Profile: "nobody", Endpoint: s.url})
	wantError(t, err, schemas.CodeInvalid, "account prod", "nobody")
}

func TestRefusedAndUnreachable(t *testing.T) {
	sdkEnvironment(t, true)
	for name, c := range map[string]struct {
		action, status, code string
		want                 schemas.Code
		hint                 string
	}{
		"wrong key":      {"GetCallerIdentity", "403", "InvalidClientTokenId", schemas.CodeDenied, "Check the credentials"},
		"expired":        {"GetCallerIdentity", "400", "ExpiredToken", schemas.CodeDenied, "Check the credentials"},
		"regions denied": {"DescribeRegions", "403", "UnauthorizedOperation", schemas.CodeDenied, "name the regions with --region"},
	} {
		s := newSTS(t)
		s.fail[c.action] = [2]string{c.status, c.code}
		_, _, err := provider().Plan(t.Context(), schemas.Account{Name: "prod", Endpoint: s.url})
		t.Log(name)
		wantError(t, err, c.want, c.code, c.hint)
	}
}

// A profile names its own credentials and region.
func TestProfile(t *testing.T) {
	sdkEnvironment(t, false)
	s := newSTS(t)
	file := os.Getenv("AWS_SHARED_CREDENTIALS_FILE")
	if err := os.WriteFile(file, []byte("[audit]\naws_access_key_id = AKIAAUDIT\naws_secret_access_key = fake\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(os.Getenv("AWS_CONFIG_FILE"), []byte("[profile audit]\nregion = eu-central-1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := provider().Plan(t.Context(), schemas.Account{Name: "prod", Profile: "audit", Endpoint: s.url}); err != nil {
		t.Fatal(err)
	}
	if q := s.of("GetCallerIdentity"); len(q) != 1 || q[0].Get("region") != "eu-central-1" || s.keys[0] != "AKIAAUDIT" {
		t.Errorf("asked %v by %v", q, s.keys)
	}
}

// A role is assumed once, with its external id, and everything else is signed
// with what it gave.
func TestAssumeRole(t *testing.T) {
	sdkEnvironment(t, true)
	s := newSTS(t)
	a := schemas.Account{Name: "prod", Endpoint: s.url, RoleARN: "arn:aws:iam::123456789012:role/insights-reader", ExternalID: "shared secret"}
	p := provider()
	id, _, err := p.Plan(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	a.ID = id
	if _, err := p.Open(t.Context(), schemas.Unit{Account: a, Unit: schemas.UnitKey{Region: "eu-west-1", Service: "ec2"}}); err != nil {
		t.Fatal(err)
	}
	assumed := s.of("AssumeRole")
	if len(assumed) != 1 || assumed[0].Get("RoleArn") != a.RoleARN || assumed[0].Get("ExternalId") != "shared secret" || assumed[0].Get("RoleSessionName") != "insights-scanner" {
		t.Errorf("assumed %v", assumed)
	}
	if len(s.of("GetCallerIdentity")) != 1 || !slices.Equal(s.keys, []string{"AKIAFAKE", "ASIA1234567890121", "ASIA1234567890121"}) {
		t.Errorf("signed by %v", s.keys)
	}
	// Another external id is another access.
	a.ExternalID = ""
	if _, _, err := p.Plan(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	if assumed := s.of("AssumeRole"); len(assumed) != 2 || assumed[1].Has("ExternalId") {
		t.Errorf("assumed %v", assumed)
	}
	s.fail["AssumeRole"] = [2]string{"403", "AccessDenied"}
	_, _, err = provider().Plan(t.Context(), a)
	wantError(t, err, schemas.CodeDenied, "AssumeRole", "AccessDenied", "may assume --role-arn")
}
