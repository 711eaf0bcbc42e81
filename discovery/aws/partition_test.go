package aws

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/insights-scanner/insights-scanner/discovery"
	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// partition is a part of AWS with hosts, regions and ARNs of its own: awsfake behind every
// name that the SDK may look up.
type partition struct {
	name    string
	dns     string // how the names of its hosts end
	home    string
	regions []string
	fake    *awsfake.Server

	mu    sync.Mutex
	hosts map[string]string // of a request, with the region that it is signed for
	asked []url.Values      // of STS
}

// ServeHTTP translates requests to the ARNs of awsfake, which knows the first partition's
// only, and answers back. A bucket in the host's name goes into the path.
func (p *partition) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	service, region := scopeOf(r)
	host := strings.ToLower(r.Host)
	if bucket, _, ok := strings.Cut(host, ".s3."); ok && service == "s3" {
		r.URL.Path = "/" + bucket + r.URL.Path
	}
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	p.mu.Lock()
	p.hosts[host] = region
	if form, err := url.ParseQuery(string(raw)); err == nil && service == "sts" {
		p.asked = append(p.asked, form)
	}
	p.mu.Unlock()
	if service == "organizations" {
		_, _ = io.WriteString(w, p.organization(r.Header.Get("X-Amz-Target")))
		return
	}
	ours := strings.NewReplacer("arn:"+p.name+":", "arn:aws:", "arn%3A"+p.name+"%3A", "arn%3Aaws%3A")
	r.Body = io.NopCloser(strings.NewReader(ours.Replace(string(raw))))
	r.ContentLength = -1
	r.URL.Path = ours.Replace(r.URL.Path)
	r.URL.RawQuery, r.URL.RawPath = ours.Replace(r.URL.RawQuery), ""
	rec := httptest.NewRecorder()
	p.fake.ServeHTTP(rec, r)
	for k, v := range rec.Header() {
		w.Header()[k] = v
	}
	w.Header().Del("Content-Length")
	w.WriteHeader(rec.Code)
	theirs := strings.NewReplacer("arn:aws:", "arn:"+p.name+":", "arn%3Aaws%3A", "arn%3A"+p.name+"%3A")
	_, _ = theirs.WriteString(w, rec.Body.String())
}

// organization answers for one with a member in its root.
func (p *partition) organization(target string) string {
	_, operation, _ := strings.Cut(target, ".")
	return map[string]string{
		"ListRoots":                        `{"Roots":[{"Id":"r-ab12"}]}`,
		"ListAccountsForParent":            `{"Accounts":[{"Id":"210987654321","Name":"member","Status":"ACTIVE"}]}`,
		"ListOrganizationalUnitsForParent": `{"OrganizationalUnits":[]}`,
		"ListTagsForResource":              `{"Tags":[]}`,
	}[operation]
}

func scopeOf(r *http.Request) (service, region string) {
	_, credential, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	scope := strings.Split(credential, "/")
	return scope[3], scope[2]
}

// provider is one whose requests to any host arrive at the partition.
func (p *partition) provider(t *testing.T) *Provider {
	t.Helper()
	srv := httptest.NewTLSServer(p)
	t.Cleanup(srv.Close)
	provider := New(zerolog.Nop(), time.Now)
	provider.http = provider.http.WithTransportOptions(func(tr *http.Transport) {
		tr.TLSClientConfig = srv.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
		tr.TLSClientConfig.InsecureSkipVerify = true // its certificate names no host of AWS
		tr.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "tcp", srv.Listener.Addr().String())
		}
	})
	return provider
}

// An account of another partition is read at its hosts, by a role and policies named in its
// ARNs, signed for its regions; what is found, and the roles of its organization, are of it.
func TestPartitions(t *testing.T) {
	dir := t.TempDir()
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "AKIAFAKE", "AWS_SECRET_ACCESS_KEY": "fake", "AWS_SESSION_TOKEN": "", "AWS_PROFILE": "",
		"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "", "AWS_CA_BUNDLE": "", // of whoever runs the scanner
		"AWS_CONFIG_FILE": filepath.Join(dir, "config"), "AWS_SHARED_CREDENTIALS_FILE": filepath.Join(dir, "credentials"),
	} {
		t.Setenv(name, value)
	}
	for _, p := range []*partition{
		{name: "aws-cn", dns: ".amazonaws.com.cn", home: "cn-north-1", regions: []string{"cn-north-1", "cn-northwest-1"}},
		{name: "aws-us-gov", dns: ".amazonaws.com", home: "us-gov-west-1", regions: []string{"us-gov-east-1", "us-gov-west-1"}},
	} {
		t.Run(p.name, func(t *testing.T) {
			p.fake = awsfake.New(awsfake.Population{
				AccountID: self, Regions: p.regions, Instances: 2, VPCs: 1, Buckets: 2, Users: 1, Roles: 1, Policies: 1, More: map[string]int{"*": 2},
			})
			p.hosts = map[string]string{}
			p.scan(t, schemas.Account{
				Name: "prod", RoleARN: "arn:" + p.name + ":iam::" + self + ":role/reader", ExternalID: "7f3a", MaxShare: new(1.0),
				SessionPolicies: []string{"SecurityAudit", "arn:" + p.name + ":iam::" + self + ":policy/narrow", `{"Version":"2012-10-17"}`},
				Organization:    &schemas.Organization{Role: "reader"},
			})
			p.assumed(t)
			for host, region := range p.hosts {
				if !strings.HasSuffix(host, p.dns) || !slices.Contains(p.regions, region) {
					t.Errorf("asked %s, signed for %s", host, region)
				}
			}
		})
	}
}

func (p *partition) scan(t *testing.T, a schemas.Account) {
	t.Helper()
	provider := p.provider(t)
	id, units, err := provider.Plan(t.Context(), a)
	if err != nil || id != schemas.NewAccountID(p.name, self) {
		t.Fatalf("account %s: %v", id, err)
	}
	a.ID = id
	planned := map[string]bool{}
	resources := 0
	for _, u := range units {
		planned[u.Region] = true
		r, err := provider.Open(t.Context(), schemas.Unit{Account: a, Unit: u})
		if err != nil {
			t.Fatal(err)
		}
		var mu sync.Mutex
		ends, err := r.Read(t.Context(), func(_ context.Context, o discovery.Observation) error {
			mu.Lock()
			defer mu.Unlock()
			resources++
			raw, err := json.Marshal(o)
			if err != nil {
				return err
			}
			if text := string(raw); strings.Contains(text, "arn:aws:") && o.Type != typeCredentialReportUser { // base64 in its answer
				t.Errorf("%s names another partition: %s", o.Key, text)
			}
			return nil
		})
		if err != nil {
			t.Errorf("%s: %v", u, err)
		}
		for _, e := range ends {
			if e.State != schemas.ScopeComplete {
				t.Errorf("%+v", e)
			}
		}
	}
	if resources < 50 {
		t.Errorf("%d resources", resources)
	}
	if want := append([]string{schemas.GlobalRegion}, p.regions...); len(planned) != len(want) || slices.ContainsFunc(want, func(r string) bool { return !planned[r] }) {
		t.Errorf("planned %v, want %v", planned, want)
	}
	members, err := provider.Organization(t.Context(), a)
	if err != nil || len(members) != 1 || members[0].ID != schemas.NewAccountID(p.name, "210987654321") {
		t.Fatalf("%+v, %v", members, err)
	}
	if role := a.Organization.RoleARN(members[0].ID.Partition(), members[0].ID.AWSAccount()); role != "arn:"+p.name+":iam::210987654321:role/reader" {
		t.Errorf("the member is read by %s", role)
	}
}

// assumed checks what STS was asked for.
func (p *partition) assumed(t *testing.T) {
	t.Helper()
	i := slices.IndexFunc(p.asked, func(q url.Values) bool { return q.Get("Action") == "AssumeRole" })
	if i < 0 {
		t.Fatal("no role was assumed")
	}
	if region := p.hosts["sts."+p.home+p.dns]; region != p.home {
		t.Errorf("STS was asked in %q", region)
	}
	for key, want := range map[string]string{
		"RoleArn":                 "arn:" + p.name + ":iam::" + self + ":role/reader",
		"ExternalId":              "7f3a",
		"PolicyArns.member.1.arn": "arn:" + p.name + ":iam::aws:policy/SecurityAudit",
		"PolicyArns.member.2.arn": "arn:" + p.name + ":iam::" + self + ":policy/narrow",
		"Policy":                  `{"Version":"2012-10-17"}`,
	} {
		if got := p.asked[i].Get(key); got != want {
			t.Errorf("%s is %q, want %q", key, got, want)
		}
	}
}
