package awsfake

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// admit counts the call and says whether it fails instead of being answered, in
// the order in which AWS looks: who it is, how often, what he may.
func (q *request) admit(operation string) *fault {
	count(&q.counts, q.service+":"+operation)
	f := q.refused(operation)
	if f != nil {
		count(&q.gave, f.code)
	}
	return f
}

func (q *request) refused(operation string) *fault {
	if q.lacks() {
		count(&q.gave, "no such host")
		panic(http.ErrAbortHandler) // closes the connection without an answer
	}
	if f := q.unauthenticated(); f != nil {
		return f
	}
	switch {
	case q.faults.FailEvery > 0 && q.number%q.faults.FailEvery == 0:
		return q.unavailable()
	case q.chance(q.faults.Fail, 1):
		return q.broken()
	}
	if l, ok := q.take(operation); !ok {
		return q.throttled(l)
	}
	return q.unauthorized(operation)
}

// unauthenticated checks when the request was signed and with what.
func (q *request) unauthenticated() *fault {
	signed, err := time.Parse("20060102T150405Z", q.r.Header.Get("X-Amz-Date"))
	if err == nil && signed.Sub(q.serverTime()).Abs() > q.tolerance() {
		return q.skewed(signed)
	}
	if slices.Contains(q.faults.Disabled, q.region) {
		return q.disabled()
	}
	if s, ok := readToken(q.r.Header.Get("X-Amz-Security-Token")); ok && q.lapsed(s) {
		return q.expired()
	}
	return nil
}

func (q *request) serverTime() time.Time { return q.now().Add(q.faults.Skew) }

func (q *request) tolerance() time.Duration {
	if q.service == "s3" || q.service == "s3control" {
		return 15 * time.Minute
	}
	return 5 * time.Minute
}

// unauthorized finds what denies the operation's IAM actions.
func (q *request) unauthorized(operation string) *fault {
	if operation == "GetCallerIdentity" {
		return nil // which no policy can forbid
	}
	for _, action := range Actions(q.service, operation) {
		if q.faults.deny[action] {
			return q.denied(Denial{Action: action}, action, "")
		}
		for _, d := range q.faults.Denials {
			if resource, ok := q.matches(d, action); ok {
				return q.denied(d, action, resource)
			}
		}
	}
	return nil
}

// matches tells whether a denial is for the request, and for which of the
// resources that it names.
func (q *request) matches(d Denial, action string) (resource string, ok bool) {
	if !covers(d.Action, action) || d.Account != "" && d.Account != q.pop.AccountID {
		return "", false
	}
	if d.Resource == "" {
		return "", true
	}
	for _, name := range q.named() {
		if name == d.Resource || strings.HasSuffix(name, "/"+d.Resource) || strings.HasSuffix(name, ":"+d.Resource) || strings.HasSuffix(d.Resource, ":"+name) {
			return name, true
		}
	}
	return "", false
}

// covers is IAM's wildcard at the end of an action.
func covers(pattern, action string) bool {
	start, wild := strings.CutSuffix(pattern, "*")
	return pattern == action || wild && strings.HasPrefix(action, start)
}

// named are all texts of a request that may name a resource. The body of a json
// request was read before, into the form.
func (q *request) named() (list []string) {
	list = strings.Split(strings.Trim(q.r.URL.Path, "/"), "/")
	for _, values := range q.r.URL.Query() {
		list = append(list, values...)
	}
	for _, values := range q.r.PostForm {
		list = append(list, values...)
	}
	return list
}
