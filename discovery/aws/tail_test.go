package aws

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/insights-scanner/insights-scanner/discovery"
	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
	"github.com/insights-scanner/insights-scanner/discovery/cfn"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// tail reads the long tail of an account; the registry is kept between sweeps.
type tail struct {
	*account

	registry *registry
	sessions map[string]*session
	caps     map[string]int
}

func newTail(p awsfake.Population) *tail {
	return &tail{account: newAccount(p), registry: newRegistry(), sessions: map[string]*session{}}
}

func (a *tail) reader(region string) *tailReader {
	var mu sync.Mutex
	at := region
	if region == schemas.GlobalRegion {
		at = home
	}
	return &tailReader{region: at, unitRegion: region, registry: a.registry, caps: a.caps, in: func(region string) *session {
		mu.Lock()
		defer mu.Unlock()
		if a.sessions[region] == nil {
			a.sessions[region] = a.in(region)
		}
		return a.sessions[region]
	}}
}

func (a *tail) sweep(t *testing.T, region string) seen {
	t.Helper()
	s := seenBy(t, a.reader(region))
	for _, e := range s.scopes {
		if e.Route != schemas.RouteCloudControl || e.Region != region {
			t.Errorf("scope %+v", e.Scope)
		}
	}
	return s
}

// Every type that the registry offers is read, or named with the reason why it cannot be;
// what services read is left to them.
func TestTailIsReadWhole(t *testing.T) {
	t.Parallel()
	a := newTail(awsfake.Population{Tail: 1})
	s := a.sweep(t, home)
	global := a.sweep(t, schemas.GlobalRegion)
	complete, unsupported := 0, map[string]string{}
	for _, name := range tailTypes() {
		token := cfn.Token(name)
		e, in := s.scopes[token]
		g, inGlobal := global.scopes[token]
		if in && inGlobal {
			t.Errorf("%s is read twice", name)
		}
		if inGlobal {
			e = g
		}
		switch e.State {
		case schemas.ScopeComplete:
			complete++
			if e.Seen == 0 || int(e.Seen) != s.count(token)+global.count(token) {
				t.Errorf("%s: %d were seen", name, e.Seen)
			}
		case schemas.ScopeUnsupported:
			unsupported[name] = e.Reason
			if e.Seen != 0 {
				t.Errorf("%s: %+v", name, e)
			}
		case "": // the schemas that awsfake has are older than some types
		default:
			t.Errorf("%s: %+v", name, e)
		}
	}
	if complete < 1150 || len(unsupported) > 260 {
		t.Errorf("%d types were read, %d cannot be", complete, len(unsupported))
	}
	for name, want := range map[string]string{
		"AWS::SageMaker::NotebookInstance":          "cannot be listed: CloudFormation has no handlers of the type",
		"AWS::ECS::TaskSet":                         "cannot be listed: CloudFormation has no list handler of the type",
		"AWS::AmplifyUIBuilder::Form":               "cannot be listed: needs ResourceModel AppId, EnvironmentName",
		"AWS::Amplify::Branch":                      "",
		"AWS::EKS::FargateProfile":                  "", // below a type that a service reads
		"AWS::WAFv2::IPSet":                         "",
		"AWS::AppConfig::Deployment":                "", // below one that is below another
		"AWS::Transfer::User":                       "",
		"AWS::Lambda::LayerVersion":                 "cannot be listed: needs ResourceModel LayerName",
		"AWS::Organizations::Policy":                "",
		"AWS::ApiGatewayV2::Route":                  "",
		"AWS::OpenSearchServerless::SecurityPolicy": "",
	} {
		if unsupported[name] != want {
			t.Errorf("%s: %q, want %q", name, unsupported[name], want)
		}
	}
	for _, token := range []string{"aws-native:s3:Bucket", "aws-native:iam:Role", "aws-native:sqs:Queue", "aws-native:lambda:Url", "aws-native:ec2:SecurityGroupIngress"} {
		if s.count(token)+global.count(token) > 0 || s.scopes[token].Type+global.scopes[token].Type != "" {
			t.Errorf("%s is read by its service", token)
		}
	}
	if ipSets := s.count("aws-native:wafv2:IpSet"); ipSets != 2 {
		t.Errorf("%d IP sets, want those of both scopes", ipSets)
	}
	t.Logf("%d types were read, %d cannot be", complete, len(unsupported))
	checkTailPage(t, a, s, global)
}

// few types that are listed in all ways: the whole, a part, the identifier.
func few() *tail { return newTail(awsfake.Population{Tail: 60, TailTypes: 40}) }

// A second sweep finds the same, in fewer calls: it knows which lists tell everything, and
// what cannot be listed.
func TestTailAgainIsTheSame(t *testing.T) {
	t.Parallel()
	a := few()
	first := a.sweep(t, home).sorted()
	calls, _ := a.fake.Calls()
	reads := a.count("cloudcontrolapi:GetResource")
	second := a.sweep(t, home).sorted()
	again, _ := a.fake.Calls()
	if len(first) < 500 || !reflect.DeepEqual(first, second) {
		t.Errorf("%d, then %d resources, or others", len(first), len(second))
	}
	if n := a.count("cloudcontrolapi:GetResource") - reads; n >= reads || reads >= len(first) {
		t.Errorf("%d direct reads of %d resources, then %d", reads, len(first), n)
	}
	if again -= calls; again >= calls {
		t.Errorf("%d calls, then %d", calls, again)
	}
	t.Logf("%d resources: %d calls, then %d", len(first), calls, again)
}

// keptTypes is a TypeStore of a test, through JSON as the real one.
type keptTypes struct {
	mu   sync.Mutex
	said map[string]string
	err  error
}

func (k *keptTypes) Get(_ context.Context, key string) (v KeptType, rev uint64, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	text, ok := k.said[key]
	if !ok || k.err != nil {
		return v, 0, cmp.Or(k.err, error(schemas.Errorf(schemas.CodeNotFound, "%s is not kept", key)))
	}
	return v, 1, json.Unmarshal([]byte(text), &v)
}

func (k *keptTypes) Put(_ context.Context, key string, v KeptType) (uint64, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.said[key] = encode(v)
	return 1, k.err
}

// The first sweep of a new process describes no type that the last one has described, and trusts
// the lists that it has tried; a type that has changed since is asked for again.
func TestTailOfANewProcess(t *testing.T) {
	t.Parallel()
	kept := &keptTypes{said: map[string]string{}}
	sweep := func(a *tail) (found []discovery.Observation, calls, described int) {
		a.registry.kept = kept
		found = a.sweep(t, home).sorted()
		n, _ := a.fake.Calls()
		return found, int(n), a.count("cloudformation:DescribeType")
	}
	found, calls, described := sweep(few())
	again, newCalls, newDescribed := sweep(few())
	if described < 20 || newDescribed != 0 || newCalls > calls-described || !reflect.DeepEqual(found, again) {
		t.Errorf("%d calls, %d to describe types; then %d, %d; the same: %t", calls, described, newCalls, newDescribed, reflect.DeepEqual(found, again))
	}
	t.Logf("%d types kept; %d calls, %d to describe types; in a new process %d and %d", len(kept.said), calls, described, newCalls, newDescribed)
	for key, text := range kept.said {
		kept.said[key] = strings.Replace(text, "2026-08-03", "2026-08-02", 1)
	}
	if again, _, n := sweep(few()); n != described || !reflect.DeepEqual(found, again) {
		t.Errorf("%d of %d types that have changed were described", n, described)
	}
	kept.err = schemas.Errorf(schemas.CodeUnavailable, "no answer")
	if again, _, n := sweep(few()); n != described || !reflect.DeepEqual(found, again) {
		t.Errorf("%d of %d types were described without a store", n, described)
	}
}

// What is write-only is not readable, what the service alone says is no property, and names
// are Pulumi's.
func TestTailProjection(t *testing.T) {
	t.Parallel()
	known := &schema{WriteOnly: []string{"Secret", "Code.ZipFile", "Tags"}, ReadOnly: map[string]bool{"CreatedAt": true}, Unordered: map[string]bool{"List": true}}
	typ := cfn.Lookup("AWS::Logs::QueryDefinition")
	o := projectTail("r", "t", typ, known, tailResource{"id", map[string]any{
		"QueryDefinitionId": "id", "Name": "n", "CreatedAt": "now", "New": map[string]any{"KMSKey": "k"},
		"List": []any{"b", "a"}, "Tags": []any{map[string]any{"Key": "b", "Value": "2"}, map[string]any{"Key": "aws:a", "Value": "1"}},
	}}, facet{state: schemas.FacetPresent})
	want := map[string]any{
		"queryDefinitionId": "id", "name": "n", "new": map[string]any{"kmsKey": "k"}, "list": []any{"a", "b"},
		"tags": []any{map[string]any{"key": "b", "value": "2"}},
	}
	if !reflect.DeepEqual(o.Properties, want) || o.Name != "n" || o.ID != "id" {
		t.Errorf("%+v", o)
	}
	for _, path := range []string{"secret", "code.zipFile"} {
		if u := unknown(o, path); u == nil || u.State != schemas.FacetNotReadable {
			t.Errorf("%s: %+v", path, u)
		}
	}
	if len(o.Unknown) != 2 {
		t.Errorf("unknown: %+v", o.Unknown)
	}
}

// A read that is refused leaves what the list did not say unknown, with the action that the
// service refused to the handler.
func TestTailRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ code, message, call, reason string }{
		{"AccessDeniedException", "no", ccGet, "AccessDeniedException"},
		{
			"GeneralServiceException", "User: arn:aws:iam::1:role/r is not authorized to perform: acm-pca:GetPolicy on resource: x because no identity-based policy allows the acm-pca:GetPolicy action",
			"acm-pca:GetPolicy", "AccessDenied: no identity-based policy allows it",
		},
	} {
		a := few()
		a.fails("cloudcontrolapi:GetResource", 400, fmt.Sprintf(`{"__type":%q,"Message":%q}`, c.code, c.message))
		s := a.sweep(t, home)
		if len(s.list) < 500 {
			t.Errorf("%d resources", len(s.list))
		}
		for _, o := range s.list {
			for _, u := range o.Unknown {
				if u.State != schemas.FacetDenied || u.Call != c.call || u.Reason != c.reason {
					t.Fatalf("%s: %+v", o.Key, u)
				}
			}
			typ := cfn.Lookup(cfn.Of(o.Type))
			for _, p := range typ.Properties {
				_, known := o.Properties[typ.PropertyName(p)]
				if known == (unknown(o, typ.PropertyName(p)) != nil) {
					t.Fatalf("%s: %s is neither known nor unknown, or both", o.Key, p)
				}
			}
		}
		for _, e := range s.scopes {
			branches := e.Type == "aws-native:amplify:Branch" // whose lists need a property of the application
			if branches != (e.State == schemas.ScopeDenied) || branches && (e.Call != c.call || e.Reason != c.reason) {
				t.Errorf("%+v", e)
			}
		}
	}
	// Of a list the type is not complete.
	a := few()
	a.fails("cloudcontrolapi:ListResources", 400, `{"__type":"HandlerFailureException","Message":"AccessDenied"}`)
	for _, e := range a.sweep(t, home).scopes {
		if e.State != schemas.ScopeDenied && e.State != schemas.ScopeUnsupported || e.State == schemas.ScopeDenied && (e.Call != ccList || e.Reason != "AccessDenied") {
			t.Errorf("%+v", e)
		}
	}
	// Of the registry nothing is known, not even which types there are.
	a = few()
	a.fails("cloudformation:ListTypes", 403, iamError("AccessDenied"))
	s := a.sweep(t, home)
	if e := s.scopes["cloudcontrol:*"]; len(s.scopes) != 1 || e.State != schemas.ScopeDenied || e.Call != registryList {
		t.Errorf("%+v", s.scopes)
	}
}

// A list that breaks off keeps what it gave, and is not complete.
func TestTailListBreaksOff(t *testing.T) {
	t.Parallel()
	a := few()
	a.asked("cloudcontrolapi:ListResources", func(_ string, q url.Values) answer {
		if strings.Contains(q.Get("body"), "NextToken") {
			return answer{400, `{"__type":"GeneralServiceException","Message":"no"}`}
		}
		return answer{}
	})
	complete := 0
	for _, e := range a.sweep(t, home).scopes {
		switch {
		case e.State == schemas.ScopeUnsupported:
		case e.State == schemas.ScopeComplete && e.Seen < 50:
			complete++
		case e.State != schemas.ScopeFailed || e.Seen != 50 || e.Reason != "GeneralServiceException":
			t.Errorf("%+v", e)
		}
	}
	if complete > 20 {
		t.Errorf("%d lists did not break off", complete)
	}
}

func TestTailVerify(t *testing.T) {
	t.Parallel()
	a := few()
	s := a.sweep(t, home)
	keys := []schemas.Key{s.list[0].Key, s.list[0].Key, {Region: home, Type: s.list[0].Type, ID: "none-999999"}}
	removed := s.list[len(s.list)-1].Key
	a.fake.SetFaults(awsfake.Faults{Removed: []string{removed.ID}})
	keys = append(keys[1:], removed)
	var found []schemas.Key
	gone, err := a.reader(home).Verify(t.Context(), keys, func(_ context.Context, o discovery.Observation) error {
		found = append(found, o.Key)
		if !reflect.DeepEqual(o, s.list[0]) {
			t.Errorf("%+v, want %+v", o, s.list[0])
		}
		return nil
	})
	if err != nil || !slices.Equal(gone, keys[1:]) || !slices.Equal(found, keys[:1]) {
		t.Errorf("gone %v, found %v, %v", gone, found, err)
	}
	unit, located, err := besides(removed)
	if err != nil || unit != (schemas.UnitKey{Region: home, Service: schemas.ServiceTail}) || !slices.Equal(located, []schemas.Key{removed}) {
		t.Errorf("%v %v %v", unit, located, err)
	}
	a.fails("cloudcontrolapi:GetResource", 400, `{"__type":"AccessDeniedException","Message":"no"}`)
	if gone, err := a.reader(home).Verify(t.Context(), keys, func(context.Context, discovery.Observation) error { return nil }); err == nil || gone != nil {
		t.Errorf("refused: %v, %v", gone, err)
	}
}

func TestTailCaps(t *testing.T) {
	t.Parallel()
	a := few()
	a.caps = map[string]int{"aws-native:acmpca:CertificateAuthority": 3}
	var further atomic.Int32
	a.asked("cloudcontrolapi:ListResources", func(_ string, q url.Values) answer {
		if strings.Contains(q.Get("body"), "ACMPCA::CertificateAuthority\"") && strings.Contains(q.Get("body"), "NextToken") {
			further.Add(1)
		}
		return answer{}
	})
	s := a.sweep(t, home)
	if further.Load() > 0 {
		t.Error("pages behind the cap are asked for")
	}
	e := s.scopes["aws-native:acmpca:CertificateAuthority"]
	if e.Seen != 3 || e.State != schemas.ScopeFailed || e.Reason != "capped at 3 by configuration" {
		t.Errorf("%+v", e)
	}
}

// The table of what services read names types and tokens that exist, and every type of a
// service that CloudFormation has, too.
func TestWhatIsReadElsewhere(t *testing.T) {
	t.Parallel()
	for token, names := range elsewhere {
		for name := range strings.FieldsSeq(names) {
			if cfn.Lookup(name) == nil {
				t.Errorf("%s: there is no %s", token, name)
			}
		}
	}
	// Parts of what is in the table, or nothing that CloudFormation knows.
	parts := []string{"s3", "iam", "efs", "ecr", "ebs", "ec2", "cfg", "guardduty", "apigateway", "athena", "elasticsearch", "opensearch", "redshift", "wafv2", "route53", "elasticache", "ssm", "backup"}
	for _, svc := range services {
		for _, spec := range svc.types {
			_, named := elsewhere[spec.token]
			_, rest, _ := strings.Cut(spec.token, ":")
			module, _, _ := strings.Cut(rest, "/")
			if !named && spec.with == "" && strings.HasPrefix(spec.token, "aws:") && !slices.Contains(parts, module) {
				t.Errorf("%s: which of CloudFormation's types is it? Name it in tailelsewhere.go", spec.token)
			}
		}
	}
}

func TestTailUnits(t *testing.T) {
	t.Parallel()
	all := []schemas.UnitKey{{Region: schemas.GlobalRegion, Service: schemas.ServiceTail}, {Region: "eu-west-1", Service: schemas.ServiceTail}}
	for _, c := range []struct {
		account schemas.Account
		want    []schemas.UnitKey
	}{
		{schemas.Account{}, all},
		{schemas.Account{Tail: schemas.TailOff}, nil},
		{schemas.Account{Endpoint: "http://x"}, nil},
		{schemas.Account{Endpoint: "http://x", Tail: schemas.TailEachScan}, all},
		{schemas.Account{Services: []string{"s3"}}, nil},
		{schemas.Account{Services: []string{"cloudcontrol"}}, all},
	} {
		if got := tailUnits(c.account, []string{"eu-west-1"}); !slices.Equal(got, c.want) {
			t.Errorf("%+v: %v", c.account, got)
		}
	}
}

// The tail's share of Cloud Control's rate stands by itself, whatever the others' is.
func TestTailShare(t *testing.T) {
	t.Parallel()
	l := newLimiter(time.Now)
	rate := func(service, operation string) float64 { return l.bucket(home, service, operation).pace.rate }
	l.set(0.5, false)
	l.setTail(0.2)
	if cc, ec2 := rate("CloudControl", "ListResources"), rate("EC2", "DescribeVpcs"); cc != 6 || ec2 != 10 {
		t.Errorf("%g and %g calls a second", cc, ec2)
	}
	l.set(1, false)
	if cc, ec2 := rate("CloudControl", "GetResource"), rate("EC2", "DescribeVpcs"); cc != 6 || ec2 != 20 {
		t.Errorf("%g and %g calls a second after the others' share was raised", cc, ec2)
	}
	l.setTail(0)
	if cc := rate("CloudControl", "ListResources"); math.Abs(cc-30) > 0.001 {
		t.Errorf("%g calls a second without a share of its own", cc)
	}
	// It is the account's.
	of := New(zerolog.Nop(), time.Now).limiter("aws-"+self, schemas.Account{MaxShare: new(0.5), TailShare: new(0.1)})
	if cc, ec2 := of.bucket(home, "CloudControl", "ListResources").pace.rate, of.bucket(home, "EC2", "DescribeVpcs").pace.rate; cc != 3 || ec2 != 10 {
		t.Errorf("%g and %g calls a second of an account with shares", cc, ec2)
	}
}
