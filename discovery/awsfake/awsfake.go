// Package awsfake is an AWS endpoint that generates an account of any size from
// a few numbers: it honours page sizes and tokens, throttles by token buckets,
// refuses actions and fails requests as AWS does, in the real error shapes of
// each protocol. It keeps nothing per resource, so a million resources cost no
// memory. Tests and benchmarks scan it through the unmodified AWS SDK.
package awsfake

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"

	"golang.org/x/time/rate"
)

// Population says how much of everything an account holds. EC2 counts are per region.
type Population struct {
	AccountID string   `json:"accountId"` // 12 digits
	Regions   []string `json:"regions"`   // enabled regions

	Instances      int `json:"instances"` // each has one volume more than Volumes
	Volumes        int `json:"volumes"`   // unattached ones
	SecurityGroups int `json:"securityGroups"`
	Subnets        int `json:"subnets"`
	VPCs           int `json:"vpcs"`
	Snapshots      int `json:"snapshots"`
	Images         int `json:"images"`

	Buckets  int `json:"buckets"`
	Users    int `json:"users"`
	Roles    int `json:"roles"` // each with one inline policy
	Policies int `json:"policies"`

	// More counts every other kind ("queue"), per region or, for global services,
	// in all; "*" stands for those that are not named.
	More map[string]int `json:"more,omitempty"`
}

func (p *Population) more(kind string) int {
	if n, ok := p.More[kind]; ok {
		return n
	}
	return p.More["*"]
}

// Faults is what goes wrong.
type Faults struct {
	Deny []string `json:"deny,omitempty"` // IAM actions, "s3:GetBucketPolicy"
	// Throttle bounds calls per second by "service:Operation" ("ec2:DescribeInstances").
	Throttle map[string]float64 `json:"throttle,omitempty"`
	// FailEvery makes every n-th call a 500 or 503; 0 is never.
	FailEvery uint64 `json:"failEvery,omitempty"`
	// PageSize bounds the pages of lists below what each allows; 0 does not.
	PageSize int `json:"pageSize,omitempty"`
	// Removed and Changed name resources by provider id.
	Removed []string `json:"removed,omitempty"`
	Changed []string `json:"changed,omitempty"`
}

// Server is the endpoint. The zero value is not usable; see New.
type Server struct {
	pop Population

	calls  atomic.Uint64
	counts sync.Map // "service:Operation" -> *atomic.Uint64

	mu       sync.RWMutex
	deny     map[string]bool
	buckets  map[string]*rate.Limiter
	every    uint64
	pageSize int
	removed  map[string]bool
	changed  map[string]bool
}

// New makes an endpoint for a population.
func New(p Population) *Server {
	s := &Server{pop: p}
	s.SetFaults(Faults{})
	return s
}

// SetFaults replaces what goes wrong from the next request on.
func (s *Server) SetFaults(f Faults) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.deny, s.removed, s.changed = set(f.Deny), set(f.Removed), set(f.Changed)
	s.buckets = map[string]*rate.Limiter{}
	for op, r := range f.Throttle {
		s.buckets[op] = rate.NewLimiter(rate.Limit(r), max(1, int(r)))
	}
	s.every, s.pageSize = f.FailEvery, f.PageSize
}

func set(list []string) map[string]bool {
	m := make(map[string]bool, len(list))
	for _, e := range list {
		m[e] = true
	}
	return m
}

// Calls is how many requests came in so far, and by "service:Operation".
func (s *Server) Calls() (total uint64, byOperation map[string]uint64) {
	byOperation = map[string]uint64{}
	s.counts.Range(func(k, v any) bool {
		byOperation[k.(string)] = v.(*atomic.Uint64).Load()
		return true
	})
	return s.calls.Load(), byOperation
}

// ServeHTTP answers one SDK request. The service is taken from the signature's
// credential scope, since every service shares the one endpoint.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, controlPath) {
		s.control(w, r)
		return
	}
	region, service, ok := credentialScope(r)
	if !ok {
		http.Error(w, "request is not signed", http.StatusForbidden)
		return
	}
	q := &request{Server: s, w: w, r: r, region: region}
	switch service {
	case "s3":
		if r.Header.Get("X-Amz-Account-Id") != "" || strings.HasPrefix(r.URL.Path, "/v20180820/") {
			q.s3control()
			return
		}
		q.s3()
	default:
		if svc, ok := queryServices[service]; ok {
			q.query(service, svc)
		} else if svc, ok := jsonServices[service]; ok {
			q.json(service, svc)
		} else if svc, ok := restServices[service]; ok {
			q.rest(service, svc)
		} else {
			http.Error(w, "no such service: "+service, http.StatusNotImplemented)
		}
	}
}

// credentialScope reads region and service from "Credential=AK/date/region/service/aws4_request".
func credentialScope(r *http.Request) (region, service string, ok bool) {
	_, rest, found := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	if !found {
		return "", "", false
	}
	scope, _, _ := strings.Cut(rest, ",")
	p := strings.Split(scope, "/")
	if len(p) < 5 {
		return "", "", false
	}
	return p[2], p[3], true
}

// request is one call being answered.
type request struct {
	*Server
	w      http.ResponseWriter
	r      *http.Request
	region string
}

// fault is an answer that is an error.
type fault struct {
	status        int
	code, message string
}

// admit counts the call and says whether it fails instead of being answered.
// action is the IAM action, which is not always service:Operation.
func (q *request) admit(service, operation, action string) *fault {
	name := service + ":" + operation
	n := q.calls.Add(1)
	c, _ := q.counts.LoadOrStore(name, new(atomic.Uint64))
	c.(*atomic.Uint64).Add(1)
	q.mu.RLock()
	defer q.mu.RUnlock()
	switch {
	case q.every > 0 && n%q.every == 0:
		return &fault{http.StatusServiceUnavailable, serverFault(service), "awsfake: failing on request"}
	case q.buckets[name] != nil && !q.buckets[name].Allow():
		return throttled(service)
	case q.deny[action]:
		return denied(service, action)
	}
	return nil
}

func serverFault(service string) string {
	switch service {
	case "ec2":
		return "Unavailable"
	case "s3":
		return "ServiceUnavailable"
	default:
		return "ServiceUnavailableException"
	}
}

// throttled is each service's own way to say "slow down".
func throttled(service string) *fault {
	switch service {
	case "ec2":
		return &fault{http.StatusServiceUnavailable, "RequestLimitExceeded", "Request limit exceeded."}
	case "s3":
		return &fault{http.StatusServiceUnavailable, "SlowDown", "Please reduce your request rate."}
	}
	if _, ok := queryServices[service]; ok {
		return &fault{http.StatusBadRequest, "Throttling", "Rate exceeded"}
	}
	return &fault{http.StatusBadRequest, "ThrottlingException", "Rate exceeded"}
}

func denied(service, action string) *fault {
	text := fmt.Sprintf("User is not authorized to perform: %s", action)
	switch service {
	case "ec2":
		return &fault{http.StatusForbidden, "UnauthorizedOperation", "You are not authorized to perform this operation. " + text}
	case "s3", "s3control", "iam", "sts":
		return &fault{http.StatusForbidden, "AccessDenied", text}
	}
	if _, ok := queryServices[service]; ok {
		return &fault{http.StatusForbidden, "AccessDenied", text}
	}
	return &fault{http.StatusBadRequest, "AccessDeniedException", text}
}

// gone and touched answer for one resource of the population.
func (q *request) gone(id string) bool {
	q.mu.RLock()
	defer q.mu.RUnlock()
	return q.removed[id]
}

func (q *request) touched(id string) bool {
	q.mu.RLock()
	defer q.mu.RUnlock()
	return q.changed[id]
}
