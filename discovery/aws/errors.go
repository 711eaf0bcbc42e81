package aws

import (
	"errors"
	"fmt"
	"io"
	"net/http"
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
	"AuthorizationError", "AuthorizationErrorException", "AllAccessDisabled", "NotAuthorized", "OptInRequired",
	"Forbidden", // made by the SDK of a 403 without a body, as HEAD has it
}

// disabledCodes are how services of a region that is not enabled for the account
// refuse credentials that are good elsewhere, as Provider.access has checked.
var disabledCodes = []string{"AuthFailure", "UnrecognizedClientException", "InvalidClientTokenId"}

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
	if slices.Contains(deniedCodes, code) || slices.Contains(disabledCodes, code) || code == "" && httpStatus(err) == http.StatusForbidden {
		return schemas.FacetDenied, reasonOf(err)
	}
	return schemas.FacetFailed, reasonOf(err)
}

// classifyScope is classify for a list call.
func classifyScope(err error) (schemas.ScopeState, string) {
	state, reason := classify(err)
	if state == schemas.FacetDenied {
		return schemas.ScopeDenied, reason
	}
	return schemas.ScopeFailed, reason
}

// reasonOf is the error code where there is one, else the whole text.
func reasonOf(err error) string {
	code := errorCode(err)
	switch {
	case slices.Contains(disabledCodes, code):
		return code + ": the region may not be enabled for the account"
	case code != "":
		return code
	case httpStatus(err) >= http.StatusBadRequest: // a proxy's page, say
		return fmt.Sprintf("HTTP %d without an error code", httpStatus(err))
	default:
		return err.Error()
	}
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
	default:
		return e.WithHint("%s", remedy)
	}
	return e
}

// cutShort makes the SDK ask again when an answer broke off: by itself it takes
// half an answer for one that it cannot read.
func cutShort(err error) aws.Ternary {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return aws.TrueTernary
	}
	return aws.UnknownTernary
}

// instanceMetadata is the service name of the last place where the SDK looks for
// credentials.
const instanceMetadata = "ec2imds"

// isNetwork tells whether a request did not get through. Where that was one for
// credentials to an instance's metadata, there simply are none.
func isNetwork(err error) bool {
	for e := err; e != nil; e = errors.Unwrap(e) {
		if op, ok := errors.AsType[*smithy.OperationError](e); ok && op.Service() == instanceMetadata {
			return false
		}
	}
	_, ok := errors.AsType[*smithyhttp.RequestSendError](err)
	return ok
}

// isNotFound tells whether the service positively answered with one of the codes.
func isNotFound(err error, codes ...string) bool {
	return slices.Contains(codes, errorCode(err))
}
