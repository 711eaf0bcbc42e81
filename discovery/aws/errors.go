package aws

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// This file is the only one that reads AWS error codes by class.

// deniedCodes are answers that say "you may not", not "there is none".
var deniedCodes = []string{
	"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "UnauthorizedAccess",
	"AuthorizationError", "AuthorizationErrorException", "AllAccessDisabled", "NotAuthorized", forbidden,
}

// forbidden is made by the SDK of a 403 without a body, as HEAD has it.
const forbidden = "Forbidden"

// What codes say that people may not know. They stand behind the code in a reason.
var (
	// disabledCodes are how services of a region that is not enabled for the account
	// refuse credentials that are good elsewhere, as Provider.access has checked.
	disabledCodes = []string{"AuthFailure", "UnrecognizedClientException", "InvalidClientTokenId", "InvalidAccessKeyId", "InvalidToken"}
	// unsubscribedCodes are of accounts that have not been let into a service.
	unsubscribedCodes = []string{"OptInRequired", "SubscriptionRequiredException"}
	// unofferedCodes are of calls that the service does not have, as in a region that
	// has got a part of it.
	unofferedCodes = []string{"InvalidAction", "UnknownOperationException", "UnknownOperation"}
	// lapsedCodes are of credentials that were good when they were read; they are renewed.
	lapsedCodes = []string{"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"}
	// reportCodes are of a credential report that is being made anew.
	reportCodes = []string{"ReportInProgress", "ReportExpired", "ReportNotPresent"}
	// handlerCodes are of Cloud Control, whose handlers call the service: its answer is in the text.
	handlerCodes = []string{
		"GeneralServiceException", "HandlerFailureException", "HandlerInternalFailureException", "InvalidRequestException", "ServiceInternalErrorException",
	}
)

// errorCode is the service's error code, "" when the error is not an API answer.
func errorCode(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorCode()
	}
	return ""
}

// httpStatus is the status of the answer behind err, 0 without one.
func httpStatus(err error) int {
	if res, ok := errors.AsType[*awshttp.ResponseError](err); ok {
		return res.HTTPStatusCode()
	}
	return 0
}

// classify turns the error of one facet's call into the facet's state and a
// reason for people. It is never given a positive "not configured" answer.
func classify(err error) (schemas.FacetState, string) {
	code := errorCode(err)
	if slices.Contains(slices.Concat(deniedCodes, disabledCodes, unsubscribedCodes), code) || code == "" && httpStatus(err) == http.StatusForbidden || handlerRefused(err) {
		return schemas.FacetDenied, reasonOf(err)
	}
	return schemas.FacetFailed, reasonOf(err)
}

// refusedByService finds in the text of a handler's error that the service refused it, and
// refusedFor which action that was.
var (
	refusedByService = regexp.MustCompile(`AccessDenied|UnauthorizedOperation|[Nn]ot authorized to perform|AuthorizationError`)
	refusedFor       = regexp.MustCompile(`not authorized to perform:? ([a-z0-9-]+:[A-Za-z0-9]+)`)
)

// handlerRefused tells of a handler of Cloud Control that the service refused.
func handlerRefused(err error) bool {
	return slices.Contains(handlerCodes, errorCode(err)) && refusedByService.MatchString(err.Error())
}

// refusedAction is the IAM action that a refusal names, "" for one that names none.
func refusedAction(err error) string {
	if m := refusedFor.FindStringSubmatch(err.Error()); m != nil {
		return m[1]
	}
	return ""
}

// classifyScope is classify for a list call.
func classifyScope(err error) (schemas.ScopeState, string) {
	state, reason := classify(err)
	return scopeState(state), reason
}

// scopeState is that of a scope which lacks what a facet in an unknown state would have told of.
func scopeState(f schemas.FacetState) schemas.ScopeState {
	if f == schemas.FacetDenied {
		return schemas.ScopeDenied
	}
	return schemas.ScopeFailed
}

// reasonOf is short, and the same for all that failed alike, since reports count by it:
// the error code, with what it means where that is not plain, or what became of the request.
func reasonOf(err error) string {
	code := errorCode(err)
	switch {
	case slices.Contains(disabledCodes, code):
		return code + ": the region may not be enabled for the account"
	case slices.Contains(unsubscribedCodes, code):
		return code + ": the account is not subscribed to the service"
	case slices.Contains(unofferedCodes, code):
		return code + ": the service does not offer the call in this region"
	case slices.Contains(deniedCodes, code):
		return code + denier(err)
	case handlerRefused(err):
		return "AccessDenied" + denier(err)
	case code != "":
		return code
	case httpStatus(err) >= http.StatusBadRequest: // a proxy's page, say
		return fmt.Sprintf("HTTP %d without an error code", httpStatus(err))
	}
	if noHost(err) {
		dns, _ := errors.AsType[*net.DNSError](err)
		return "no host " + dns.Name + ": the service may not exist in this region"
	}
	return err.Error()
}

// noHost tells whether a name is known not to exist; one that could not be asked for may.
func noHost(err error) bool {
	dns, ok := errors.AsType[*net.DNSError](err)
	return ok && dns.IsNotFound
}

// deniedBy and allowedBy find in a refusal which policy it is of: "... is not authorized to
// perform: s3:GetBucketPolicy on resource: ... with an explicit deny in a service control policy",
// "... because no identity-based policy allows the s3:GetBucketPolicy action" ("Troubleshoot
// access denied error messages" of the IAM user guide).
var (
	deniedBy  = regexp.MustCompile(`with an explicit deny in an? ((?:[A-Za-z-]+ ){0,3}(?:policy|boundary))\b`)
	allowedBy = regexp.MustCompile(`because no ((?:[A-Za-z-]+ ){0,3}(?:policy|boundary)) allows\b`)
)

// denier is the kind of policy that refused a call; nothing when the refusal does not say.
func denier(err error) string {
	text := err.Error()
	if m := deniedBy.FindStringSubmatch(text); m != nil {
		return ": denied by " + article(m[1])
	}
	if m := allowedBy.FindStringSubmatch(text); m != nil {
		return ": no " + m[1] + " allows it"
	}
	return ""
}

func article(kind string) string {
	if strings.ContainsRune("aeiouAEIOU", rune(kind[0])) {
		return "an " + kind
	}
	return "a " + kind
}

// passes tells of an error that time may mend, however long the SDK has tried: then what
// it left open is worth asking for again.
func passes(err error) bool {
	if noHost(err) || handlerRefused(err) {
		return false
	}
	code, status := errorCode(err), httpStatus(err)
	_, slow := retry.DefaultRetryableErrorCodes[code]
	return isThrottle(err) || status >= http.StatusInternalServerError && status != http.StatusNotImplemented ||
		isNetwork(err) || errors.Is(err, io.ErrUnexpectedEOF) || slow || code == "NotStabilizedException" || slices.Contains(slices.Concat(lapsedCodes, reportCodes), code) ||
		schemas.CodeOf(err) == schemas.CodeUnavailable
}

// limitExceeded is a throttle in some services and in others a quota that is used up;
// only the message tells.
const limitExceeded = "LimitExceededException"

// isThrottle tells whether a call was refused because there were too many.
func isThrottle(err error) bool {
	if err == nil {
		return false
	}
	switch code := errorCode(err); {
	case code == limitExceeded:
		return strings.Contains(err.Error(), "ate exceeded")
	case strings.HasPrefix(code, "Throttling"): // "Throttling.User"
		return true
	case slices.Contains(handlerCodes, code):
		return strings.Contains(err.Error(), "ate exceeded") || strings.Contains(err.Error(), "Throttling")
	case code == "" || code == http.StatusText(http.StatusServiceUnavailable): // the SDK's name of a 503 without a body, as HEAD has it
		return slices.Contains([]int{http.StatusServiceUnavailable, http.StatusTooManyRequests}, httpStatus(err))
	}
	return retry.ThrottleErrorCode{Codes: retry.DefaultThrottleErrorCodes}.IsErrorThrottle(err).Bool() ||
		httpStatus(err) == http.StatusTooManyRequests
}

// retryThrottles makes the SDK ask again after every throttle.
func retryThrottles(err error) aws.Ternary {
	if isThrottle(err) {
		return aws.TrueTernary
	}
	return aws.UnknownTernary
}

// retryAfter is how long the service asked to be left alone, in seconds or until a
// date; 0 when it did not.
func retryAfter(err error, now time.Time) time.Duration {
	res, ok := errors.AsType[*awshttp.ResponseError](err)
	if !ok || res.Response == nil {
		return 0
	}
	text := res.Response.Header.Get("Retry-After")
	if n, err := strconv.Atoi(text); err == nil {
		return time.Duration(max(n, 0)) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(at.Sub(now), 0)
	}
	return 0
}

// unreachable tells the caller of Plan or Open why the cloud cannot be asked: a
// refusal with its remedy, or an outage, which time mends.
func unreachable(call string, err error, remedy string) error {
	e := schemas.Errorf(schemas.CodeDenied, "%s: %w", call, err)
	switch {
	case isThrottle(err):
		e.Code = schemas.CodeThrottled
	case httpStatus(err) >= http.StatusInternalServerError, isNetwork(err):
		e.Code = schemas.CodeUnavailable
		if isNetwork(err) {
			return e.WithHint("Check the network, the proxy and --endpoint, then try again.")
		}
	default:
		return e.WithHint("%s", remedy)
	}
	return e
}

// fellSilent tells whether nothing came any more for so long that the client gave up.
func fellSilent(err error) bool {
	_, silent := errors.AsType[*awshttp.ResponseTimeoutError](err)
	return silent
}

// cutShort makes the SDK ask again when an answer broke off or ceased: by itself it takes
// half an answer for one that it cannot read.
func cutShort(err error) aws.Ternary {
	if errors.Is(err, io.ErrUnexpectedEOF) || fellSilent(err) {
		return aws.TrueTernary
	}
	return aws.UnknownTernary
}

// instanceMetadata is the service name of the last place where the SDK looks for
// credentials.
const instanceMetadata = "ec2imds"

// isNetwork tells whether a request or its answer did not get through. Where that was one for
// credentials to an instance's metadata, there simply are none.
func isNetwork(err error) bool {
	for e := err; e != nil; e = errors.Unwrap(e) {
		if op, ok := errors.AsType[*smithy.OperationError](e); ok && op.Service() == instanceMetadata {
			return false
		}
	}
	if _, ok := errors.AsType[*smithyhttp.RequestSendError](err); ok {
		return true
	}
	// The answer broke off, or nothing more of it came.
	if _, ok := errors.AsType[*net.OpError](err); ok {
		return true
	}
	n, ok := errors.AsType[net.Error](err)
	return ok && n.Timeout() || fellSilent(err)
}

// saysGone tells whether an error whose code is of many things says in words that
// something does not exist.
func saysGone(err error, code string, words ...string) bool {
	return isNotFound(err, code) && slices.ContainsFunc(words, func(w string) bool { return strings.Contains(err.Error(), w) })
}

// isNotFound tells whether the service positively answered with one of the codes.
func isNotFound(err error, codes ...string) bool {
	return slices.Contains(codes, errorCode(err))
}
