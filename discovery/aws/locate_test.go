package aws

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/insights-scanner/insights-scanner/discovery"
	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// located asks where a resource of the account is.
func (a *account) located(t *testing.T, resource string) (string, []schemas.Key, error) {
	t.Helper()
	srv := httptest.NewServer(a)
	t.Cleanup(srv.Close)
	unit, keys, err := New(zerolog.Nop(), time.Now).Locate(t.Context(), schemas.Account{ID: "aws-" + self, Name: "prod", Endpoint: srv.URL}, resource)
	return unit.String(), keys, err
}

func keyTexts(keys []schemas.Key) string {
	list := make([]string, len(keys))
	for i, k := range keys {
		list[i] = k.String()
	}
	return strings.Join(list, " ")
}

func TestLocate(t *testing.T) {
	sdkFiles(t)
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIAFAKE")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "fake")
	a := newAccount(awsfake.Population{Buckets: 2})
	buckets := make([]string, len(bucketTypes))
	for i, token := range bucketTypes {
		buckets[i] = "eu-west-1|" + token + "|bucket-00000001"
	}
	for resource, want := range map[string][2]string{
		"arn:aws:ec2:eu-west-1:123456789012:instance/i-1":                          {"eu-west-1/ec2", "eu-west-1|aws:ec2/instance:Instance|i-1"},
		"arn:aws:ec2:eu-west-1:123456789012:security-group/sg-1":                   {"eu-west-1/ec2", "eu-west-1|aws:ec2/securityGroup:SecurityGroup|sg-1 eu-west-1|aws:ec2/defaultSecurityGroup:DefaultSecurityGroup|sg-1"},
		"arn:aws:ec2:eu-west-1::snapshot/snap-1":                                   {"eu-west-1/ec2", "eu-west-1|aws:ebs/snapshot:Snapshot|snap-1 eu-west-1|insights:aws/snapshotExposure:SnapshotExposure|snap-1"},
		"arn:aws:iam::123456789012:role/service/path/reader":                       {"global/iam", "global|aws:iam/role:Role|reader"},
		"arn:aws:iam::123456789012:policy/p/one":                                   {"global/iam", "global|aws:iam/policy:Policy|arn:aws:iam::123456789012:policy/p/one"},
		"arn:aws:cloudtrail:us-east-1:123456789012:trail/all":                      {"us-east-1/cloudtrail", "us-east-1|aws:cloudtrail/trail:Trail|arn:aws:cloudtrail:us-east-1:123456789012:trail/all"},
		"arn:aws:config:us-east-1:123456789012:configuration-recorder/default/abc": {"us-east-1/config", "us-east-1|aws:cfg/recorder:Recorder|default"},
		"arn:aws:s3:::bucket-00000001":                                             {"global/s3", strings.Join(buckets, " ")},
		"eu-west-1|aws:s3/bucketPolicy:BucketPolicy|bucket-00000001":               {"global/s3", strings.Join(buckets, " ")},
		"eu-west-1|aws:ec2/ami:Ami|ami-1":                                          {"eu-west-1/ec2", "eu-west-1|aws:ec2/ami:Ami|ami-1 eu-west-1|insights:aws/amiExposure:AmiExposure|ami-1"},
		"global|insights:aws/rootAccount:RootAccount|123456789012":                 {"global/iam", "global|insights:aws/rootAccount:RootAccount|123456789012"},
	} {
		unit, keys, err := a.located(t, resource)
		if err != nil || unit != want[0] || keyTexts(keys) != want[1] {
			t.Errorf("%s: %s in %s, %v; want %v", resource, keyTexts(keys), unit, err, want)
		}
	}
	for resource, code := range map[string]schemas.Code{
		"i-1": schemas.CodeInvalid,
		"arn:aws:ec2:eu-west-1:999999999999:instance/i-1":     schemas.CodeInvalid,
		"arn:aws-cn:ec2:cn-north-1:123456789012:instance/i-1": schemas.CodeInvalid,
		"arn:aws:ec2:eu-west-1:123456789012:instance/":        schemas.CodeNotFound,
		"arn:aws:ec2:eu-west-1:123456789012:key-pair/k":       schemas.CodeNotFound,
		"arn:aws:s3:::bucket-00000001/an/object":              schemas.CodeNotFound,
		"arn:aws:braket:eu-west-1:123456789012:job/1":         schemas.CodeNotFound,
		"eu-west-1|aws:braket/job:Job|1":                      schemas.CodeNotFound,
	} {
		if _, keys, err := a.located(t, resource); schemas.CodeOf(err) != code || err == nil || len(keys) > 0 {
			t.Errorf("%s: %v, %v; want %s", resource, keys, err, code)
		}
	}
	a.fails("s3:location", http.StatusNotFound, s3Error("NoSuchBucket"))
	if _, _, err := a.located(t, "arn:aws:s3:::bucket-00000001"); schemas.CodeOf(err) != schemas.CodeNotFound {
		t.Errorf("a bucket that is gone: %v", err)
	}
	a.fails("s3:location", http.StatusForbidden, s3Error("AccessDenied"))
	if _, _, err := a.located(t, "arn:aws:s3:::bucket-00000001"); schemas.CodeOf(err) != schemas.CodeDenied {
		t.Errorf("a bucket out of reach: %v", err)
	}
}

// Every row names a service and types that it emits, and an id that its reader
// gives them: what a read emits can be located by its key and read again.
func TestEveryPlaceIsThatOfItsService(t *testing.T) {
	t.Parallel()
	for _, at := range places {
		svc := serviceNamed(at.service)
		if svc == nil {
			t.Errorf("%s %s: no service %q", at.arn, at.kind, at.service)
			continue
		}
		for _, token := range at.types {
			if !slices.ContainsFunc(svc.types, func(s typeSpec) bool { return s.token == token }) {
				t.Errorf("%s %s: %s emits no %s", at.arn, at.kind, at.service, token)
			}
		}
	}
	a := newAccount(full)
	for _, svc := range services {
		unitRegion := home
		if svc.global {
			unitRegion = schemas.GlobalRegion
		}
		for _, o := range a.read(t, svc, home).list {
			unit, keys, err := besides(o.Key)
			if err != nil || unit != (schemas.UnitKey{Region: unitRegion, Service: svc.name}) || !slices.Contains(keys, o.Key) {
				t.Errorf("%s: in %s as %v, %v", o.Key, unit, keys, err)
			}
		}
	}
}

var _ discovery.Provider = (*Provider)(nil)
