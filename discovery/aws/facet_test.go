package aws

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"reflect"
	"strings"
	"testing"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// apiError is an answer of a service with a code and a status.
func apiError(code string, status int) error {
	return &smithy.OperationError{ServiceID: "EC2", OperationName: "DescribeVpcs", Err: &awshttp.ResponseError{
		ResponseError: &smithyhttp.ResponseError{
			Response: &smithyhttp.Response{Response: &http.Response{StatusCode: status}},
			Err:      &smithy.GenericAPIError{Code: code, Message: "text"},
		},
	}}
}

// A property of a facet in each of the six states: only the first is a value,
// only the second is "none"; the others say that they do not know, and why.
func TestFacetInAllSixStates(t *testing.T) {
	t.Parallel()
	states := []schemas.FacetState{
		schemas.FacetPresent, schemas.FacetAbsent, schemas.FacetDenied, schemas.FacetFailed, schemas.FacetNotRead, schemas.FacetNotReadable,
	}
	for _, state := range states {
		d := newDocument()
		f := facet{state: state, call: "s3:GetBucketPolicy", reason: "why"}
		d.facet("policy", f, func() any {
			if state != schemas.FacetPresent {
				t.Errorf("%s: the value was asked for", state)
			}
			return "text"
		})
		o := d.observe(home, typeBucket, "b", "b", 1)
		switch state {
		case schemas.FacetPresent:
			if o.Properties["policy"] != "text" || len(o.Unknown) != 0 {
				t.Errorf("%s: %+v", state, o)
			}
		case schemas.FacetAbsent:
			if len(o.Properties) != 0 || len(o.Unknown) != 0 {
				t.Errorf("%s: %+v", state, o)
			}
		default:
			want := schemas.UnknownPath{Path: "policy", State: state, Call: "s3:GetBucketPolicy", Reason: "why"}
			if len(o.Properties) != 0 || len(o.Unknown) != 1 || o.Unknown[0] != want {
				t.Errorf("%s: %+v", state, o)
			}
		}
	}
}

func TestFacetOfAnAnswer(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err    error
		state  schemas.FacetState
		reason string
	}{
		"answered":       {nil, schemas.FacetPresent, ""},
		"not configured": {apiError("NoSuchBucketPolicy", 404), schemas.FacetAbsent, ""},
		// The same status with another code is no answer to the question.
		"another not found": {apiError("NoSuchBucket", 404), schemas.FacetFailed, "NoSuchBucket"},
		"denied":            {apiError("AccessDenied", 403), schemas.FacetDenied, "AccessDenied"},
		"throttled out":     {apiError("SlowDown", 503), schemas.FacetFailed, "SlowDown"},
		"no answer":         {errors.New("connection reset"), schemas.FacetFailed, "connection reset"},
		"cancelled":         {context.Canceled, schemas.FacetFailed, "context canceled"},
	} {
		f := facetOf("s3:GetBucketPolicy", c.err, "NoSuchBucketPolicy")
		if f.state != c.state || f.reason != c.reason || f.call != "s3:GetBucketPolicy" {
			t.Errorf("%s: %+v", name, f)
		}
	}
	// An answer that lacks what was asked for takes back only that it is present.
	for _, state := range []schemas.FacetState{schemas.FacetAbsent, schemas.FacetDenied, schemas.FacetFailed} {
		f := facet{state: state, call: "c", reason: "r"}
		if f.need(false) != f {
			t.Errorf("%s became %+v", state, f.need(false))
		}
	}
	if f := (facet{state: schemas.FacetPresent, call: "c"}); f.need(true) != f || f.need(false) != (facet{state: schemas.FacetFailed, call: "c", reason: notInAnswer}) {
		t.Errorf("%+v, %+v", f.need(true), f.need(false))
	}
}

func TestRefusalsAreToldFromFailures(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]schemas.ScopeState{
		"AccessDenied": "denied", "AccessDeniedException": "denied", "UnauthorizedOperation": "denied", "OptInRequired": "denied", "Forbidden": "denied",
		// How a region that is not enabled for the account refuses good credentials.
		"AuthFailure": "denied", "UnrecognizedClientException": "denied", "InvalidClientTokenId": "denied",
		"Throttling": "failed", "RequestLimitExceeded": "failed", "InternalError": "failed", "ServiceUnavailable": "failed", "PermanentRedirect": "failed",
		"ExpiredToken": "failed", "ValidationError": "failed", "NoSuchBucket": "failed",
	} {
		state, reason := classifyScope(listError{err: apiError(code, 400)})
		if state != want || !strings.HasPrefix(reason, code) {
			t.Errorf("%s: %s, %q", code, state, reason)
		}
		if told := strings.Contains(reason, "region may not be enabled"); told != (code == "AuthFailure" || code == "UnrecognizedClientException" || code == "InvalidClientTokenId") {
			t.Errorf("%s: %q", code, reason)
		}
	}
	// A 403 without a code is a refusal all the same; other statuses say nothing.
	bare := func(status int) error {
		return &awshttp.ResponseError{ResponseError: &smithyhttp.ResponseError{
			Response: &smithyhttp.Response{Response: &http.Response{StatusCode: status}}, Err: errors.New("no body"),
		}}
	}
	if state, _ := classify(bare(403)); state != schemas.FacetDenied {
		t.Errorf("403: %s", state)
	}
	if state, reason := classify(bare(500)); state != schemas.FacetFailed || reason == "" {
		t.Errorf("500: %s, %q", state, reason)
	}
}

// Whoever asks for a plan learns whether to mend something or to wait.
func TestUnreachable(t *testing.T) {
	t.Parallel()
	send := &smithyhttp.RequestSendError{Err: errors.New("dial tcp: connection refused")}
	noMetadata := &smithy.OperationError{
		ServiceID: "STS", OperationName: "GetCallerIdentity",
		Err: fmt.Errorf("get credentials: %w", &smithy.OperationError{ServiceID: "ec2imds", OperationName: "GetMetadata", Err: send}),
	}
	for name, c := range map[string]struct {
		err  error
		code schemas.Code
	}{
		"refused":          {apiError("AccessDenied", 403), schemas.CodeDenied},
		"wrong key":        {apiError("InvalidClientTokenId", 403), schemas.CodeDenied},
		"expired":          {apiError("ExpiredToken", 400), schemas.CodeDenied},
		"no credentials":   {errors.New("failed to refresh cached credentials"), schemas.CodeDenied},
		"no metadata":      {noMetadata, schemas.CodeDenied},
		"throttled":        {apiError("Throttling", 400), schemas.CodeThrottled},
		"broken":           {apiError("InternalFailure", 500), schemas.CodeUnavailable},
		"overloaded":       {apiError("ServiceUnavailable", 503), schemas.CodeUnavailable},
		"no network":       {&smithy.OperationError{ServiceID: "STS", Err: send}, schemas.CodeUnavailable},
		"role, no network": {&smithy.OperationError{ServiceID: "STS", Err: fmt.Errorf("get credentials: %w", &smithy.OperationError{ServiceID: "STS", Err: send})}, schemas.CodeUnavailable},
	} {
		err := unreachable("sts:GetCallerIdentity", c.err, "Do this.")
		e, _ := errors.AsType[*schemas.Error](err)
		if e.Code != c.code || (e.Hint == "Do this.") != (c.code == schemas.CodeDenied) ||
			strings.Contains(e.Hint, "Check the network") != strings.Contains(name, "no network") || !errors.Is(err, c.err) || !strings.HasPrefix(err.Error(), "sts:GetCallerIdentity: ") {
			t.Errorf("%s: %s %v", name, e.Code, err)
		}
	}
}

// What AWS writes on a resource, such as the name of its CloudFormation stack, is
// no tag of the account's.
func TestTagsOfAWSAreNoTags(t *testing.T) {
	t.Parallel()
	const stack = "aws:cloudformation:stack-name"
	for name, c := range map[string]struct{ tags, want any }{
		"some":  {map[string]any{stack: "s", "owner": "team", "awsome": "yes"}, map[string]any{"owner": "team", "awsome": "yes"}},
		"alone": {map[string]any{stack: "s"}, nil},
		"list":  {[]any{map[string]any{"key": stack}, map[string]any{"key": "owner"}}, []any{map[string]any{"key": "owner"}}},
	} {
		d := newDocument()
		d.set("tags", c.tags)
		if got := d.observe(home, typeVPC, "vpc-1", "", 1).Properties["tags"]; !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// A host that does not exist is no refusal and no outage: asking again will not help.
func TestAServiceThatIsNotInTheRegion(t *testing.T) {
	t.Parallel()
	err := error(&smithy.OperationError{ServiceID: "EKS", OperationName: "ListClusters", Err: &smithyhttp.RequestSendError{
		Err: &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "eks.mars-north-1.amazonaws.com", IsNotFound: true}},
	}})
	state, reason := classify(err)
	if state != schemas.FacetFailed || reason != "no host eks.mars-north-1.amazonaws.com: the service may not exist in this region" || passes(err) {
		t.Errorf("%s, %s, passes %t", state, reason, passes(err))
	}
}

// What time may mend is told from what it will not.
func TestWhatPasses(t *testing.T) {
	t.Parallel()
	for code, c := range map[string]struct {
		status int
		want   bool
	}{
		"InternalError": {500, true}, "ServiceUnavailable": {503, true}, "SlowDown": {503, true}, "Throttling": {400, true}, "ExpiredToken": {400, true},
		"AccessDenied": {403, false}, "AuthFailure": {401, false}, "ValidationError": {400, false}, "NotImplemented": {501, false},
	} {
		if got := passes(apiError(code, c.status)); got != c.want {
			t.Errorf("%s: %t", code, got)
		}
	}
	if !passes(&smithyhttp.RequestSendError{Err: errors.New("connection reset by peer")}) || !passes(io.ErrUnexpectedEOF) || passes(errNoID) {
		t.Error("what is no answer is judged wrong")
	}
}
