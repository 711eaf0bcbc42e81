package aws_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
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

// population has at least one of everything awsfake knows.
var population = awsfake.Population{
	AccountID: "123456789012", Regions: []string{"us-east-1", "eu-west-1"},
	Instances: 3, Volumes: 2, SecurityGroups: 4, Subnets: 2, VPCs: 1, Snapshots: 2, Images: 2,
	Buckets: 6, Users: 3, Roles: 2, Policies: 2,
	More: map[string]int{"*": 2},
}

// fakeAccount is an awsfake and the account that names it.
func fakeAccount(t *testing.T) (*awsfake.Server, schemas.Account) {
	t.Helper()
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIAFAKE")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "fake")
	fake := awsfake.New(population)
	return fake, schemas.Account{ID: "aws-123456789012", Name: "prod", Provider: "aws", Endpoint: serve(t, fake)}
}

func serve(t *testing.T, h http.Handler) (url string) {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return srv.URL
}

// snapshot is everything one scan saw.
type snapshot struct {
	observations map[schemas.Key]discovery.Observation
	scopes       map[schemas.Scope]schemas.ScopeEnd
}

func scan(t *testing.T, a schemas.Account) snapshot {
	t.Helper()
	p := aws.New(zerolog.Nop(), func() time.Time { return time.Unix(0, 0) })
	id, units, err := p.Plan(t.Context(), a)
	if err != nil || id != a.ID {
		t.Fatalf("plan: %s, %v", id, err)
	}
	s := snapshot{map[schemas.Key]discovery.Observation{}, map[schemas.Scope]schemas.ScopeEnd{}}
	var mu sync.Mutex
	for _, u := range units {
		r, err := p.Open(t.Context(), schemas.Unit{Account: a, Unit: u})
		if err != nil {
			t.Fatal(err)
		}
		ends, err := r.Read(t.Context(), func(_ context.Context, o discovery.Observation) error {
			mu.Lock()
			defer mu.Unlock()
			if _, twice := s.observations[o.Key]; twice {
				t.Errorf("%s observed twice", o.Key)
			}
			s.observations[o.Key] = o
			return nil
		})
		if err != nil {
			t.Fatalf("%s: %v", u, err)
		}
		for _, e := range ends {
			s.scopes[e.Scope] = e
		}
	}
	return s
}

func (s snapshot) count(token string) (n int) {
	for k := range s.observations {
		if k.Type == token {
			n++
		}
	}
	return n
}

func TestScanSeesThePopulation(t *testing.T) {
	_, a := fakeAccount(t)
	s := scan(t, a)
	for token, want := range map[string]int{
		"aws:ec2/instance:Instance": 6, "aws:ebs/volume:Volume": 10, "aws:ec2/securityGroup:SecurityGroup": 8,
		"aws:ebs/snapshot:Snapshot": 4, "insights:aws/snapshotExposure:SnapshotExposure": 4, "aws:ec2/ami:Ami": 4,
		"aws:s3/bucket:Bucket": 6, "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": 6, "aws:s3/bucketPolicy:BucketPolicy": 2,
		"aws:iam/user:User": 3, "aws:iam/role:Role": 2, "aws:iam/rolePolicy:RolePolicy": 2, "aws:iam/policy:Policy": 2,
		"insights:aws/credentialReportUser:CredentialReportUser": 3, "insights:aws/rootAccount:RootAccount": 1,
		"insights:aws/passwordPolicy:PasswordPolicy": 1, "insights:aws/regionTrails:RegionTrails": 2,
		"insights:aws/regionRecorders:RegionRecorders": 2, "aws:ebs/encryptionByDefault:EncryptionByDefault": 2,
	} {
		if got := s.count(token); got != want {
			t.Errorf("%s: %d, want %d", token, got, want)
		}
	}
	for scope, e := range s.scopes {
		if e.State != schemas.ScopeComplete {
			t.Errorf("%s: %+v", scope, e)
		}
	}
	role := s.observations[schemas.Key{Region: "global", Type: "aws:iam/role:Role", ID: "role-000000"}]
	if doc, _ := role.Properties["assumeRolePolicy"].(string); !strings.HasPrefix(doc, `{"Version":"2012-10-17"`) {
		t.Errorf("trust policy not decoded: %q", doc)
	}
}

// actionTypes are the types that need each IAM action to be read.
func actionTypes() map[string][]string {
	m := map[string][]string{}
	for _, t := range aws.Types() {
		for _, c := range t.Calls {
			m[c.Action] = append(m[c.Action], t.Type)
		}
	}
	return m
}

// apart divides actions into few groups in which no two are of one type: of what
// their denial changes, the type says which of them it was.
func apart(actions map[string][]string) (groups []map[string][]string) {
	for _, action := range slices.Sorted(maps.Keys(actions)) {
		types := actions[action]
		free := slices.IndexFunc(groups, func(group map[string][]string) bool {
			for _, others := range group {
				if slices.ContainsFunc(others, func(t string) bool { return slices.Contains(types, t) }) {
					return false
				}
			}
			return true
		})
		if free < 0 {
			free = len(groups)
			groups = append(groups, map[string][]string{})
		}
		groups[free][action] = types
	}
	return groups
}

// Denying an action changes what needs it and nothing else: the scope is denied,
// or the resource says which property is unknown and why.
func TestDenialOfEachActionIsToldWhereItMatters(t *testing.T) {
	fake, a := fakeAccount(t)
	want := scan(t, a)
	for n, group := range apart(actionTypes()) {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			fake.SetFaults(awsfake.Faults{Deny: slices.Collect(maps.Keys(group))})
			got := scan(t, a)
			told := map[string]bool{"s3:GetBucketLocation": true} // nothing has to tell of this one
			of := map[string]string{}                             // the action of each type
			for action, tokens := range group {
				for _, token := range tokens {
					of[token] = action
				}
			}
			for scope, e := range got.scopes {
				if e.State == schemas.ScopeComplete {
					continue
				}
				if e.State != schemas.ScopeDenied || e.Call == "" || e.Call != of[scope.Type] {
					t.Errorf("scope %s: %+v", scope, e)
				}
				told[e.Call] = true
			}
			for k, w := range want.observations {
				g, ok := got.observations[k]
				if scope := scopeOf(got, k); !ok && scope.State == schemas.ScopeDenied {
					continue
				}
				if !ok {
					// A split resource may only be missing when it was not there before.
					t.Errorf("%s is missing", k)
					continue
				}
				if same(g, w) {
					continue
				}
				action := of[k.Type]
				if action == "" {
					t.Errorf("%s changed without needing any of %v", k, slices.Sorted(maps.Keys(group)))
				}
				denied := func(u schemas.UnknownPath) bool { return u.State == schemas.FacetDenied }
				if !slices.ContainsFunc(g.Unknown, denied) || slices.ContainsFunc(g.Unknown, func(u schemas.UnknownPath) bool { return denied(u) && u.Call != action }) {
					t.Errorf("%s changed by the denial of %s and says why: %v", k, action, g.Unknown)
				}
				told[action] = true
			}
			for action := range group {
				if !told[action] {
					t.Errorf("nothing tells of the denial of %s", action)
				}
			}
		})
	}
}

func same(a, b discovery.Observation) bool {
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	return string(x) == string(y)
}

func scopeOf(s snapshot, k schemas.Key) schemas.ScopeEnd {
	for _, region := range []string{k.Region, schemas.GlobalRegion} {
		if e, ok := s.scopes[schemas.Scope{Region: region, Type: k.Type, Route: schemas.RouteNative}]; ok {
			return e
		}
	}
	return schemas.ScopeEnd{}
}

// Verify tells what exists from what is gone, for every type that awsfake can
// read directly.
func TestVerifyTellsGoneFromThere(t *testing.T) {
	fake, a := fakeAccount(t)
	before := scan(t, a)
	removed := []string{
		"i-00000000000000000", "sg-01000000000000001", "bucket-00000003", "user-000001", "AKIA0000000000000001", "role-000001", "classic-000001", "scaling-group-000001",
		"E000000000001", "arn:aws:acm:eu-west-1:123456789012:certificate/00000000-0000-0000-0000-000000000001",
		"arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/target-group-000001/0000000000000001",
	}
	fake.SetFaults(awsfake.Faults{Removed: removed})
	p := aws.New(zerolog.Nop(), time.Now)
	for k, o := range before.observations {
		service := map[string]string{
			"ec2": "ec2", "ebs": "ec2", "s3": "s3", "iam": "iam",
			"lb": "elbv2", "elb": "elb", "autoscaling": "autoscaling", "acm": "acm", "cloudfront": "cloudfront",
		}[strings.Split(strings.Split(k.Type, ":")[1], "/")[0]]
		if k.Type == "aws:ec2/launchConfiguration:LaunchConfiguration" {
			service = "autoscaling"
		}
		if service == "" || slices.Contains([]string{"aws:iam/rolePolicy:RolePolicy"}, k.Type) {
			continue
		}
		region := k.Region
		if service == "s3" || service == "iam" || service == "cloudfront" {
			region = schemas.GlobalRegion
		}
		r, err := p.Open(t.Context(), schemas.Unit{Account: a, Unit: schemas.UnitKey{Region: region, Service: service}})
		if err != nil {
			t.Fatal(err)
		}
		var emitted []schemas.Key
		gone, err := r.Verify(t.Context(), []schemas.Key{k}, func(_ context.Context, o discovery.Observation) error {
			emitted = append(emitted, o.Key)
			return nil
		})
		if err != nil {
			t.Errorf("%s: %v", k, err)
			continue
		}
		isGone := slices.Contains(removed, k.ID)
		if (len(gone) == 1) != isGone || (len(emitted) == 1 && emitted[0] == k) == isGone {
			t.Errorf("%s (%s): gone %v, emitted %v; removed: %t", k, o.Name, gone, emitted, isGone)
		}
	}
}
