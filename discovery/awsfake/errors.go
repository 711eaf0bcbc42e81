package awsfake

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// fault is an answer that is an error.
type fault struct {
	status        int
	code, message string
	retryAfter    time.Duration // 0 is not sent
	members       map[string]string
}

// Codes that services have of their own, by the name that they sign with. What
// is not listed has its protocol's.
var (
	throttleFaults = map[string]fault{
		"ec2":               {status: 503, code: "RequestLimitExceeded", message: "Request limit exceeded."},
		"s3":                {status: 503, code: "SlowDown", message: "Please reduce your request rate."},
		"s3control":         {status: 503, code: "SlowDown", message: "Please reduce your request rate."},
		"sqs":               {status: 400, code: "RequestThrottled", message: "Request is throttled."},
		"tagging":           {status: 400, code: "ThrottledException", message: "Rate exceeded"},
		"elasticfilesystem": {status: 429, code: "ThrottlingException", message: "Rate exceeded"},
		"eks":               {status: 429, code: "ThrottlingException", message: "Rate exceeded"},
		"apigateway":        {status: 429, code: "TooManyRequestsException", message: "Rate exceeded"},
		"appflow":           {status: 429, code: "ThrottlingException", message: "Rate exceeded"},
		"es":                {status: 429, code: "ThrottlingException", message: "Rate exceeded"},
		"guardduty":         {status: 429, code: "TooManyRequestsException", message: "Rate exceeded"},
		// The model puts retryAfterSeconds into the header.
		"lambda": {
			status: 429, code: "TooManyRequestsException", message: "Rate exceeded", retryAfter: time.Second,
			members: map[string]string{"Reason": "CallerRateLimitExceeded"},
		},
	}
	internalFaults = map[string]fault{
		"ec2":               {code: "InternalError", message: "An internal error has occurred"},
		"s3":                {code: "InternalError", message: "We encountered an internal error. Please try again."},
		"s3control":         {code: "InternalServiceException", message: "We encountered an internal error. Please try again."},
		"sns":               {code: "InternalError"},
		"iam":               {code: "ServiceFailure"},
		"monitoring":        {code: "InternalServiceFault"},
		"kms":               {code: "KMSInternalException"},
		"dynamodb":          {code: "InternalServerError"},
		"secretsmanager":    {code: "InternalServiceError"},
		"tagging":           {code: "InternalServiceException"},
		"ecs":               {code: "ServerException"},
		"ecr":               {code: "ServerException"},
		"eks":               {code: "ServerException"},
		"lambda":            {code: "ServiceException"},
		"elasticfilesystem": {code: "InternalServerError"},
		"guardduty":         {code: "InternalServerErrorException"},
	}
	unavailableFaults = map[string]fault{
		"ec2": {code: "Unavailable", message: "The server is overloaded and can't handle the request."},
		"s3":  {code: "ServiceUnavailable", message: "Service is unable to handle request."},
	}
)

// own is the service's own fault of a kind, else the protocol's.
func (q *request) own(faults map[string]fault, other fault) *fault {
	f, ok := faults[q.service]
	if !ok {
		return &other
	}
	if f.status == 0 {
		f.status = other.status
	}
	if f.message == "" {
		f.message = other.message
	}
	return &f
}

// isXML tells the protocols that write their errors in XML.
func (q *request) isXML() bool {
	_, query := queryServices[q.service]
	return query || q.service == "s3" || q.service == "s3control" || restServices[q.service].xml
}

// throttled is each service's own way to say "slow down".
func (q *request) throttled(l Limit) *fault {
	other := fault{status: 400, code: "ThrottlingException", message: "Rate exceeded"}
	if q.isXML() {
		other.code = "Throttling"
	}
	f := q.own(throttleFaults, other)
	if l.RetryAfter > 0 {
		f.retryAfter = l.RetryAfter
	}
	return f
}

func (q *request) unavailable() *fault {
	other := fault{status: 503, code: "ServiceUnavailableException", message: "awsfake: failing on request"}
	return q.own(unavailableFaults, other)
}

// broken is one of the ways in which a service fails.
func (q *request) broken() *fault {
	switch q.random(3) % 3 {
	case 0:
		return q.unavailable()
	case 1:
		return &fault{status: http.StatusBadGateway} // a load balancer's page
	}
	return q.own(internalFaults, fault{status: 500, code: "InternalFailure", message: "The request processing has failed because of an unknown error."})
}

// expired is how credentials that have lapsed are refused.
func (q *request) expired() *fault {
	switch {
	case q.service == "ec2":
		return &fault{status: 400, code: "RequestExpired", message: "Request has expired."}
	case q.service == "s3" || q.service == "s3control":
		return &fault{status: 400, code: "ExpiredToken", message: "The provided token has expired."}
	case q.isXML():
		return &fault{status: 403, code: "ExpiredToken", message: "The security token included in the request is expired"}
	}
	return &fault{status: q.forbidden(), code: "ExpiredTokenException", message: "The security token included in the request is expired"}
}

// disabled is how a region that is not enabled refuses good credentials.
func (q *request) disabled() *fault {
	const invalid = "The security token included in the request is invalid."
	switch {
	case q.service == "ec2":
		return &fault{status: 401, code: "AuthFailure", message: "AWS was not able to validate the provided access credentials"}
	case q.service == "s3" || q.service == "s3control":
		return &fault{status: 400, code: "InvalidToken", message: "The provided token is malformed or otherwise invalid."}
	case q.isXML():
		return &fault{status: 403, code: "InvalidClientTokenId", message: invalid}
	}
	return &fault{status: q.forbidden(), code: "UnrecognizedClientException", message: invalid}
}

// skewed is how a signature from too far off the server's clock is refused.
func (q *request) skewed(signed time.Time) *fault {
	const layout = "20060102T150405Z"
	now := q.serverTime().UTC()
	text := fmt.Sprintf("Signature expired: %s is now earlier than %s (%s - 5 min.)", signed.Format(layout), now.Add(-5*time.Minute).Format(layout), now.Format(layout))
	if signed.After(now) {
		text = fmt.Sprintf("Signature not yet current: %s is still later than %s (%s + 5 min.)", signed.Format(layout), now.Add(5*time.Minute).Format(layout), now.Format(layout))
	}
	switch {
	case q.service == "ec2":
		return &fault{status: 401, code: "AuthFailure", message: "AWS was not able to validate the provided access credentials"}
	case q.service == "s3" || q.service == "s3control":
		return &fault{status: 403, code: "RequestTimeTooSkewed", message: "The difference between the request time and the current time is too large."}
	case q.isXML():
		return &fault{status: 403, code: "SignatureDoesNotMatch", message: text}
	}
	return &fault{status: q.forbidden(), code: "InvalidSignatureException", message: text}
}

// forbidden is the status of a refusal without XML: the json protocols know 400 alone.
func (q *request) forbidden() int {
	if _, rest := restServices[q.service]; rest {
		return http.StatusForbidden
	}
	return http.StatusBadRequest
}

// denied is a refusal in the words of IAM.
func (q *request) denied(d Denial, action, resource string) *fault {
	if q.service == "sqs" {
		action = strings.ToLower(action) // as SQS writes it
	}
	text := fmt.Sprintf("User: %s is not authorized to perform: %s%s %s", q.caller(), action, q.onResource(resource), d.because(action))
	switch {
	case q.service == "ec2":
		return &fault{status: 403, code: "UnauthorizedOperation", message: "You are not authorized to perform this operation. " + text}
	case q.service == "sns":
		return &fault{status: 403, code: "AuthorizationError", message: text}
	case q.isXML():
		return &fault{status: 403, code: "AccessDenied", message: text}
	}
	return &fault{status: q.forbidden(), code: "AccessDeniedException", message: text}
}

// onResource names a resource, in quotes where it is S3's.
func (q *request) onResource(name string) string {
	switch {
	case q.service == "s3":
		bucket, _, _ := strings.Cut(strings.TrimPrefix(q.r.URL.Path, "/"), "/")
		if bucket == "" {
			return "" // s3:ListAllMyBuckets has none
		}
		return ` on resource: "arn:aws:s3:::` + bucket + `"`
	case q.service == "ec2":
		return ""
	case strings.HasPrefix(name, "arn:"):
		return " on resource: " + name
	case name != "":
		return fmt.Sprintf(" on resource: arn:aws:%s:%s:%s:%s", q.service, q.region, q.pop.AccountID, name)
	}
	return " on resource: *"
}

func (d Denial) because(action string) string {
	policy, article := d.Policy, "a"
	if policy == "" {
		policy = "identity-based policy"
	}
	if policy[0] == 'i' {
		article = "an"
	}
	if d.Explicit {
		return "with an explicit deny in " + article + " " + policy
	}
	return "because no " + policy + " allows the " + action + " action"
}

// fail sends an error in the shape of the service's protocol.
func (q *request) fail(f *fault) {
	if f.retryAfter > 0 {
		q.w.Header().Set("Retry-After", strconv.Itoa(int(max(f.retryAfter, time.Second)/time.Second)))
	}
	switch {
	case f.code == "": // not of the service
		q.w.Header().Set("Content-Type", "text/html")
		q.w.WriteHeader(f.status)
		fmt.Fprintf(q.w, "<html><head><title>%d %[2]s</title></head><body><center><h1>%[1]d %[2]s</h1></center></body></html>", f.status, http.StatusText(f.status))
	case q.service == "s3":
		q.xmlFault(f, "application/xml", `<Error><Code>%s</Code><Message>%s</Message><RequestId>fake</RequestId><HostId>fake</HostId></Error>`)
	case q.service == "s3control": // which S3 does not wrap
		q.xmlFault(f, "application/xml", `<ErrorResponse><Error><Code>%s</Code><Message>%s</Message></Error><RequestId>fake</RequestId><HostId>fake</HostId></ErrorResponse>`)
	case q.service == "ec2":
		q.xmlFault(f, "text/xml;charset=UTF-8", `<Response><Errors><Error><Code>%s</Code><Message>%s</Message></Error></Errors><RequestID>fake</RequestID></Response>`)
	case q.isXML():
		kind := "Sender"
		if f.status >= 500 {
			kind = "Receiver"
		}
		q.xmlFault(f, "text/xml;charset=UTF-8", `<ErrorResponse><Error><Type>`+kind+`</Type><Code>%s</Code><Message>%s</Message></Error><RequestId>fake</RequestId></ErrorResponse>`)
	default:
		q.jsonFault(f)
	}
}

func (q *request) xmlFault(f *fault, contentType, format string) {
	q.w.Header().Set("Content-Type", contentType)
	q.w.WriteHeader(f.status)
	fmt.Fprintf(q.w, `<?xml version="1.0" encoding="UTF-8"?>`+format, f.code, esc(f.message))
}
