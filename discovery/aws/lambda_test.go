package aws

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
	"github.com/insights-scanner/insights-scanner/schemas"
)

const firstFunction = "arn:aws:lambda:us-east-1:123456789012:function:function-000000"

const fullFunction = `{"FunctionName":"function-000000","FunctionArn":"` + firstFunction + `","Description":"d","Role":"arn:aws:iam::123456789012:role/app",` +
	`"PackageType":"Image","ImageConfigResponse":{"ImageConfig":{"Command":["b","a"],"EntryPoint":["/e"],"WorkingDirectory":"/w"}},"KMSKeyArn":"arn:k","CodeSha256":"s",` +
	`"Timeout":30,"MemorySize":256,"Architectures":["x86_64","arm64"],"Layers":[{"Arn":"arn:l2"},{"Arn":"arn:l1"}],"Handler":"h","TracingConfig":{"Mode":"Active"},` +
	`"DeadLetterConfig":{"TargetArn":"arn:q"},"VpcConfig":{"VpcId":"vpc-1","SubnetIds":["s2","s1"],"SecurityGroupIds":["g2","g1"],"Ipv6AllowedForDualStack":true},` +
	`"EphemeralStorage":{"Size":1024},"FileSystemConfigs":[{"Arn":"arn:ap","LocalMountPath":"/mnt/a"}],"SnapStart":{"ApplyOn":"PublishedVersions"},"TenancyConfig":{"TenantIsolationMode":"PER_TENANT"},"DurableConfig":{"ExecutionTimeout":60,"RetentionPeriodInDays":7},` +
	`"CapacityProviderConfig":{"LambdaManagedInstancesCapacityProviderConfig":{"CapacityProviderArn":"arn:cp","PerExecutionEnvironmentMaxConcurrency":8}},` +
	`"LoggingConfig":{"LogFormat":"JSON","LogGroup":"g","ApplicationLogLevel":"INFO","SystemLogLevel":"WARN"},"Environment":{"Variables":{"B":"2","A":"1"}}}`

// fullPolicy has every condition that a permission has a property for, and
// statements that are no permission.
const fullPolicy = `{"Statement":[` +
	`{"Sid":"all","Effect":"Allow","Principal":"*","Action":"lambda:InvokeFunctionUrl","Condition":{"StringEquals":{"lambda:FunctionUrlAuthType":"NONE","aws:PrincipalOrgID":"o-1","AWS:SourceAccount":"1","lambda:EventSourceToken":"t"},"ArnLike":{"AWS:SourceArn":"arn:x"},"Bool":{"lambda:InvokedViaFunctionUrl":"true"}}},` +
	`{"Sid":"role","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::1:root"},"Action":"lambda:InvokeFunction"},` +
	`{"Sid":"lists","Effect":"Allow","Principal":{"AWS":["a","b"]},"Action":["lambda:GetFunction","lambda:InvokeFunction"]},` +
	`{"Sid":"vpc","Effect":"Allow","Principal":"*","Action":"lambda:InvokeFunction","Condition":{"StringEquals":{"aws:SourceVpc":"vpc-1"}}},` +
	`{"Sid":"no","Effect":"Deny","Principal":"*","Action":"lambda:*"}]}`

const fullURLs = `{"FunctionUrlConfigs":[{"FunctionArn":"` + firstFunction + `","FunctionUrl":"https://a","AuthType":"NONE","InvokeMode":"BUFFERED","Cors":{"AllowCredentials":true,"AllowHeaders":["h"],"AllowMethods":["POST","GET"],"AllowOrigins":["*"],"ExposeHeaders":["e"],"MaxAge":60}},` +
	`{"FunctionArn":"` + firstFunction + `:live","FunctionUrl":"https://b","AuthType":"AWS_IAM"}]}`

func functions(n int) *account {
	return newAccount(awsfake.Population{More: map[string]int{"function": n}})
}

func quoted(s string) string { return `"` + strings.ReplaceAll(s, `"`, `\"`) + `"` }

func TestGoldenFunctions(t *testing.T) {
	t.Parallel()
	no := jsonError("AccessDeniedException")
	golden(t, "lambda", functions(2).read(t, lambdaService, home).sorted())
	golden(t, "lambda-full", functions(1).says("lambda:ListFunctions", `{"Functions":[`+fullFunction+`]}`).says("lambda:GetFunctionConcurrency", `{"ReservedConcurrentExecutions":0}`).
		says("lambda:GetPolicy", `{"Policy":`+quoted(fullPolicy)+`}`).says("lambda:ListFunctionUrlConfigs", fullURLs).read(t, lambdaService, home).sorted())
	golden(t, "lambda-denied", functions(1).fails("lambda:GetFunctionConcurrency", http.StatusForbidden, no).fails("tagging:GetResources", http.StatusBadRequest, no).
		read(t, lambdaService, home).sorted())
	golden(t, "lambda-failed", functions(1).fails("lambda:GetFunctionConcurrency", http.StatusInternalServerError, jsonError("ServiceException")).read(t, lambdaService, home).sorted())
	// What is not in the answer is not "off".
	golden(t, "lambda-silent", functions(1).says("lambda:ListFunctions", `{"Functions":[{"FunctionName":"f","FunctionArn":"arn:f"}]}`).
		says("lambda:GetFunctionConcurrency", `{}`).fails("lambda:GetPolicy", http.StatusNotFound, jsonError(functionGone)).
		says("lambda:ListFunctionUrlConfigs", `{"FunctionUrlConfigs":[{"FunctionArn":"arn:f"}]}`).read(t, lambdaService, home).sorted())
}

// Variables that may not be decrypted are not missing.
func TestFunctionWithoutItsKey(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]schemas.FacetState{"AccessDeniedException": schemas.FacetDenied, "KMSDisabledException": schemas.FacetFailed} {
		s := functions(1).says("lambda:ListFunctions", `{"Functions":[{"FunctionName":"function-000000","Environment":{"Error":{"ErrorCode":"`+code+`"}},`+
			`"ImageConfigResponse":{"Error":{"ErrorCode":"X"}}}]}`).read(t, lambdaService, home)
		o, _ := s.one(typeFunction, "function-000000")
		wantUnknown(t, o, "environment", want, "kms:Decrypt")
		wantUnknown(t, o, "imageConfig", schemas.FacetFailed, "lambda:ListFunctions")
	}
}

// A function that is gone when its parts are asked for is not one without them.
func TestFunctionDeletedMeanwhile(t *testing.T) {
	t.Parallel()
	a := functions(2)
	for _, operation := range []string{"lambda:GetFunctionConcurrency", "lambda:GetPolicy", "lambda:ListFunctionUrlConfigs"} {
		a.asked(operation, naming("function-000000", answer{http.StatusNotFound, jsonError(functionGone)}))
	}
	s := a.read(t, lambdaService, home)
	for token, n := range map[string]int{typeFunction: 1, typePermission: 1, typeFunctionURL: 0} {
		if s.count(token) != n || s.scopes[token].State != schemas.ScopeComplete {
			t.Errorf("%d of %s, %+v", s.count(token), token, s.scopes[token])
		}
	}
}

// One function whose policy may not be read leaves the others' permissions, and a
// list of them that is not complete.
func TestOneDeniedFunctionOfMany(t *testing.T) {
	t.Parallel()
	a := functions(3).asked("lambda:GetPolicy", naming("function-000001", answer{http.StatusForbidden, jsonError("AccessDeniedException")}))
	s := a.read(t, lambdaService, home)
	if e := s.scopes[typePermission]; s.count(typePermission) != 2 || e.State != schemas.ScopeDenied || e.Call != "lambda:GetPolicy" || e.Reason != "AccessDeniedException" {
		t.Errorf("%d permissions, %+v", s.count(typePermission), e)
	}
	if s.count(typeFunction) != 3 || s.scopes[typeFunction].State != schemas.ScopeComplete || s.scopes[typeFunctionURL].State != schemas.ScopeComplete {
		t.Errorf("%d functions, %+v", s.count(typeFunction), s.scopes)
	}
	// A policy that is no JSON tells nothing.
	s = functions(1).says("lambda:GetPolicy", `{"Policy":"{"}`).read(t, lambdaService, home)
	if e := s.scopes[typePermission]; e.State != schemas.ScopeFailed {
		t.Errorf("%+v", e)
	}
}

// Lambda counts all control plane requests together, except those for policies.
func TestFunctionsShareARate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := limiterOf(0.5)
		if d := took(t, l, "Lambda", "ListFunctions", 3) + took(t, l, "Lambda", "GetFunctionConcurrency", 4) + took(t, l, "Lambda", "GetPolicy", 7); d != 0 {
			t.Errorf("the bursts took %s", d)
		}
		if d := took(t, l, "Lambda", "ListFunctionUrlConfigs", 15); d.Round(time.Millisecond) != 2*time.Second {
			t.Errorf("15 more took %s", d)
		}
	})
}

func TestVerifyFunctions(t *testing.T) {
	t.Parallel()
	verifies(t, lambdaService, awsfake.Population{More: map[string]int{"function": 3}}, "function-000000", map[string]string{
		typeFunction: "lambda:GetFunctionConfiguration", typePermission: "lambda:GetPolicy", typeFunctionURL: "lambda:ListFunctionUrlConfigs",
	})
}

// naming keeps an answer for requests that name something in their path or body.
func naming(name string, a answer) func(string, url.Values) answer {
	return func(_ string, q url.Values) answer {
		if strings.Contains(q.Get("path")+q.Get("body"), name) {
			return a
		}
		return answer{}
	}
}

// verifies checks the direct read of every type: with removed gone from the account,
// exactly what belongs to it is gone; a call that fails says nothing of anything.
func verifies(t *testing.T, svc *service, p awsfake.Population, removed string, calls map[string]string) {
	t.Helper()
	a := newAccount(p)
	before := a.read(t, svc, home).sorted()
	for token, operation := range calls {
		var keys, want []schemas.Key
		for _, o := range before {
			if o.Type != token {
				continue
			}
			keys = append(keys, o.Key)
			if strings.Contains(o.ID, removed) {
				want = append(want, o.Key)
			}
		}
		a := newAccount(p)
		if emitted, gone, err := a.verify(t, svc, keys...); err != nil || len(gone) != 0 || len(emitted) != len(keys) || len(keys) < 2 {
			t.Errorf("%s: %d keys, emitted %d, gone %v, %v", token, len(keys), len(emitted), gone, err)
		}
		a.fake.SetFaults(awsfake.Faults{Removed: []string{removed}})
		if emitted, gone, err := a.verify(t, svc, keys...); err != nil || len(want) == 0 || !slices.Equal(gone, want) || len(emitted) != len(keys)-len(want) {
			t.Errorf("%s: gone %v, want %v; emitted %d of %d, %v", token, gone, want, len(emitted), len(keys), err)
		}
		for _, code := range []string{"AccessDeniedException", "InternalError"} {
			a.fails(operation, http.StatusBadRequest, jsonError(code))
			if emitted, gone, err := a.verify(t, svc, keys...); err == nil || len(gone)+len(emitted) != 0 {
				t.Errorf("%s: %s: emitted %v, gone %v, %v", token, code, emitted, gone, err)
			}
		}
	}
}
