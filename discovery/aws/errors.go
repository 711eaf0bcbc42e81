package aws

import (
	"errors"
	"net/http"
	"slices"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// This file is the only one that reads AWS error codes by class.

// deniedCodes are answers that say "you may not", not "there is none".
var deniedCodes = []string{
	"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "UnauthorizedAccess",
	"AuthorizationError", "AuthorizationErrorException", "AllAccessDisabled", "NotAuthorized", "OptInRequired",
}

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
	if slices.Contains(deniedCodes, code) || code == "" && httpStatus(err) == http.StatusForbidden {
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
	if code := errorCode(err); code != "" {
		return code
	}
	return err.Error()
}

// isNotFound tells whether the service positively answered with one of the codes.
func isNotFound(err error, codes ...string) bool {
	return slices.Contains(codes, errorCode(err))
}
