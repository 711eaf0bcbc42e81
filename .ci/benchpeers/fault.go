package main

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"

	"golang.org/x/time/rate"
)

// faults is what the proxy refuses.
type faults struct {
	Deny []string // operations as identify names them
	// Rate bounds the calls per second of each service, with a burst as big. 0 does not.
	Rate float64

	mu      sync.Mutex
	buckets map[string]*rate.Limiter
}

type fault int

const (
	none fault = iota
	denied
	throttled
)

// of says what becomes of a call.
func (f *faults) of(op string) fault {
	if slices.Contains(f.Deny, op) {
		return denied
	}
	service, _, _ := strings.Cut(op, ":")
	// Who the credentials are is asked before anything else: not throttled, so that
	// each tool begins.
	if f.Rate > 0 && service != "sts" && !f.bucket(service).Allow() {
		return throttled
	}
	return none
}

func (f *faults) bucket(service string) *rate.Limiter {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.buckets == nil {
		f.buckets = map[string]*rate.Limiter{}
	}
	if f.buckets[service] == nil {
		f.buckets[service] = rate.NewLimiter(rate.Limit(f.Rate), int(max(f.Rate, 1)))
	}
	return f.buckets[service]
}

// The services whose errors are XML documents in an ErrorResponse.
var queryServices = map[string]bool{
	"iam": true, "sts": true, "rds": true, "sns": true, "autoscaling": true, "elasticloadbalancing": true, "monitoring": true,
	"cloudformation": true, "elasticache": true, "redshift": true,
}

// answer writes the error in the service's own shape: S3 and EC2 have their own,
// the query services share one, the rest is JSON with the code in body and header.
func (f fault) answer(w http.ResponseWriter, op string) {
	service, name, _ := strings.Cut(op, ":")
	status, code := f.code(service)
	message := "Rate exceeded"
	if f == denied {
		message = fmt.Sprintf("User: arn:aws:iam::123456789012:user/bench is not authorized to perform: %s:%s", service, name)
	}
	type errorXML struct {
		XMLName       xml.Name `xml:"Error"`
		Type          string   `xml:",omitempty"`
		Code, Message string
	}
	var body string
	kind := "text/xml"
	text := func(e errorXML) string {
		out, err := xml.Marshal(e)
		if err != nil {
			panic(err) // three strings
		}
		return string(out)
	}
	switch {
	case service == "s3":
		body = text(errorXML{Code: code, Message: message})
	case service == "ec2":
		body = "<Response><Errors>" + text(errorXML{Code: code, Message: message}) + "</Errors><RequestID>refused</RequestID></Response>"
	case queryServices[service]:
		body = "<ErrorResponse>" + text(errorXML{Type: "Sender", Code: code, Message: message}) + "<RequestId>refused</RequestId></ErrorResponse>"
	default:
		kind = "application/x-amz-json-1.1"
		out, err := json.Marshal(map[string]string{"__type": code, "message": message})
		if err != nil {
			panic(err) // two strings
		}
		body = string(out)
		w.Header().Set("X-Amzn-ErrorType", code)
	}
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(status)
	_, _ = w.Write([]byte(body)) // a client that is gone needs no answer
}

// code is the service's own way to refuse.
func (f fault) code(service string) (status int, code string) {
	deny := f == denied
	switch {
	case service == "s3" && deny:
		return http.StatusForbidden, "AccessDenied"
	case service == "s3":
		return http.StatusServiceUnavailable, "SlowDown"
	case service == "ec2" && deny:
		return http.StatusForbidden, "UnauthorizedOperation"
	case service == "ec2":
		return http.StatusServiceUnavailable, "RequestLimitExceeded"
	case queryServices[service] && deny:
		return http.StatusForbidden, "AccessDenied"
	case queryServices[service]:
		return http.StatusBadRequest, "Throttling"
	case service == "lambda" && deny:
		return http.StatusForbidden, "AccessDeniedException"
	case service == "lambda":
		return http.StatusTooManyRequests, "TooManyRequestsException"
	case deny:
		return http.StatusBadRequest, "AccessDeniedException"
	}
	return http.StatusBadRequest, "ThrottlingException"
}
