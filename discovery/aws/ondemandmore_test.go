package aws

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"testing"

	"github.com/insights-scanner/insights-scanner/discovery"
	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// What is read on demand of others than buckets: properties as awsfake answers of
// the first of a kind, and of an answer that says that nothing is configured.
var moreOnDemand = []struct {
	svc        *service
	kind       string // of awsfake
	token      string
	call       call
	op         string // of awsfake
	says, want string // an answer with everything, and what becomes of it
	none       string // an answer that says that nothing is configured
	wantNone   string
	paths      []string
	silent     string // an answer that says nothing
}{
	{
		dynamodbService, "table", typeTable, tableTTL, "dynamodb:DescribeTimeToLive",
		`{"TimeToLiveDescription":{"TimeToLiveStatus":"ENABLED","AttributeName":"expires"}}`, `{"ttl":{"attributeName":"expires","enabled":true}}`,
		`{"TimeToLiveDescription":{"TimeToLiveStatus":"DISABLED"}}`, `{"ttl":{"enabled":false}}`,
		[]string{"ttl"},
		`{}`,
	},
	{
		efsService, "fileSystem", typeFileSystem, fileSystemLifecycle, "elasticfilesystem:DescribeLifecycleConfiguration",
		`{"LifecyclePolicies":[{"TransitionToPrimaryStorageClass":"AFTER_1_ACCESS"},{"TransitionToIA":"AFTER_7_DAYS"},{"TransitionToArchive":"AFTER_90_DAYS"}]}`,
		`{"lifecyclePolicies":[{"transitionToArchive":"AFTER_90_DAYS"},{"transitionToIa":"AFTER_7_DAYS"},{"transitionToPrimaryStorageClass":"AFTER_1_ACCESS"}]}`,
		`{"LifecyclePolicies":[]}`, `{}`,
		[]string{"lifecyclePolicies"},
		`{}`,
	},
	{
		lambdaService, "function", typeFunction, functionCode, "lambda:GetFunction",
		`{"Code":{"RepositoryType":"ECR","ImageUri":"image:1","SourceKMSKeyArn":"arn:key","Location":"https://secret"}}`, `{"imageUri":"image:1","sourceKmsKeyArn":"arn:key"}`,
		`{"Code":{"RepositoryType":"S3"}}`, `{}`,
		[]string{"imageUri", "sourceKmsKeyArn"},
		`{}`,
	},
	{
		lambdaService, "function", typeFunction, functionSigning, "lambda:GetFunctionCodeSigningConfig",
		`{"FunctionName":"f","CodeSigningConfigArn":"arn:c"}`, `{"codeSigningConfigArn":"arn:c"}`, `{"FunctionName":"f"}`, `{}`,
		[]string{"codeSigningConfigArn"},
		`{}`,
	},
	{
		secretsmanagerService, "secret", typeSecret, secretDescription, "secretsmanager:DescribeSecret",
		`{"ARN":"a","ReplicationStatus":[{"Region":"us-west-2","KmsKeyId":"k"},{"Region":"eu-west-1"}]}`, `{"replicas":[{"kmsKeyId":"k","region":"us-west-2"},{"region":"eu-west-1"}]}`,
		`{"ARN":"a"}`, `{}`,
		[]string{"replicas"},
		`{}`,
	},
}

// readFacets reads the first resource of a type with some facets.
func (a *account) readFacets(t *testing.T, svc *service, token string, calls ...string) (found discovery.Observation) {
	t.Helper()
	var mu sync.Mutex
	r := &reader{svc: svc, session: a.in(home), unitRegion: home, facets: calls}
	_, err := r.Read(t.Context(), func(_ context.Context, o discovery.Observation) error {
		mu.Lock()
		defer mu.Unlock()
		if o.Type == token {
			found = o
		}
		return nil
	})
	if err != nil || found.ID == "" {
		t.Fatalf("%s: found %+v, %v", token, found, err)
	}
	return found
}

// A facet that is read on demand is read when its call is named, in every state, and
// no other time; awsfake answers it.
func TestFacetsOnDemand(t *testing.T) {
	t.Parallel()
	for _, c := range moreOnDemand {
		one := func() *account { return newAccount(awsfake.Population{More: map[string]int{c.kind: 1}}) }
		check := func(what string, o discovery.Observation, want string, state schemas.FacetState) {
			t.Helper()
			got := map[string]any{}
			for _, path := range c.paths {
				if v, ok := o.Properties[path]; ok {
					got[path] = v
				}
				u := unknown(o, path)
				if state == "" && u != nil || state != "" && (u == nil || u.State != state || u.Call != c.call.action) {
					t.Errorf("%s, %s: %s is unknown as %+v, want %q", c.call.action, what, path, u, state)
				}
			}
			if raw, err := json.Marshal(got); err != nil || string(raw) != want {
				t.Errorf("%s, %s: %s\nwant %s", c.call.action, what, raw, want)
			}
		}
		check("everything", one().says(c.op, c.says).readFacets(t, c.svc, c.token, c.call.action), c.want, "")
		check("none", one().says(c.op, c.none).readFacets(t, c.svc, c.token, c.call.action), c.wantNone, "")
		check("silent", one().says(c.op, c.silent).readFacets(t, c.svc, c.token, c.call.action), "{}", schemas.FacetFailed)
		check("denied", one().fails(c.op, http.StatusForbidden, jsonError("AccessDeniedException")).readFacets(t, c.svc, c.token, c.call.action), "{}", schemas.FacetDenied)
		a := one()
		check("not asked for", a.readFacets(t, c.svc, c.token, "ec2:Other"), "{}", schemas.FacetNotRead)
		if n := a.count(c.op); n != 0 {
			t.Errorf("%s was called %d times without need", c.op, n)
		}
		o := a.readFacets(t, c.svc, c.token, c.call.action)
		if n := a.count(c.op); n != 1 || slices.ContainsFunc(c.paths, func(p string) bool { return unknown(o, p) != nil }) {
			t.Errorf("%s was called %d times; unknown %+v", c.op, n, o.Unknown)
		}
		if u, ok := OnDemand(o.Key, c.call.action); !ok || u != (schemas.UnitKey{Region: home, Service: c.svc.name}) {
			t.Errorf("%s is read in %s, %v", c.call.action, u, ok)
		}
	}
}

// Of a VPC each attribute takes a call of its own, and one that fails is unknown alone.
func TestVPCAttributesOnDemand(t *testing.T) {
	t.Parallel()
	one := func() *account { return newAccount(awsfake.Population{VPCs: 1}) }
	paths := []string{"enableDnsHostnames", "enableDnsSupport", "enableNetworkAddressUsageMetrics"}
	states := func(o discovery.Observation) (list []any) {
		for _, p := range paths {
			if u := unknown(o, p); u != nil {
				list = append(list, u.State)
			} else {
				list = append(list, o.Properties[p])
			}
		}
		return list
	}
	const op = "ec2:DescribeVpcAttribute"
	for what, c := range map[string]struct {
		a    *account
		call string
		want []any
	}{
		"read":       {one(), describeVPCAttribute, []any{false, true, false}},
		"not needed": {one(), "ec2:Other", []any{schemas.FacetNotRead, schemas.FacetNotRead, schemas.FacetNotRead}},
		"one denied": {one().asked(op, func(_ string, q url.Values) answer {
			if q.Get("Attribute") == "enableDnsSupport" {
				return answer{http.StatusForbidden, ec2Error("UnauthorizedOperation")}
			}
			return answer{}
		}), describeVPCAttribute, []any{false, schemas.FacetDenied, false}},
		"silent": {one().says(op, `<DescribeVpcAttributeResponse/>`), describeVPCAttribute, []any{schemas.FacetFailed, schemas.FacetFailed, schemas.FacetFailed}},
	} {
		if got := states(c.a.readFacets(t, ec2Service, typeVPC, c.call)); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", what, got, c.want)
		}
	}
}
