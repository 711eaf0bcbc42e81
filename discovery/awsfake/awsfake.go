// Package awsfake is an AWS endpoint that generates accounts of any size from a
// few numbers: it honours page sizes and tokens, throttles by token buckets,
// refuses actions, lets credentials expire and fails requests as AWS does, in the
// real error shapes of each protocol. It keeps nothing per resource, so a million
// resources cost no memory. Tests and benchmarks scan it through the unmodified
// AWS SDK; botocore reads every answer of it (botocore_test.go).
package awsfake

import (
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Population says how much of everything an account holds. EC2 counts are per region.
type Population struct {
	AccountID string   `json:"accountId"` // 12 digits
	Regions   []string `json:"regions"`   // enabled regions

	// Accounts is how many accounts there are, all alike, numbered from AccountID
	// on; 0 stands for one. Who is asked for tells the access key: "AKIA" and the
	// number, or what AssumeRole gave for a role of it; any other key is of the first.
	Accounts int `json:"accounts,omitempty"`

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

	// Tail is how many resources Cloud Control has of each type that it lists, per region,
	// and of those that need a parent one below each; TailEvery has only every n-th type have any,
	// TailTypes has the registry offer only the first so many. Without Tail it offers none.
	Tail      int `json:"tail,omitempty"`
	TailEvery int `json:"tailEvery,omitempty"`
	TailTypes int `json:"tailTypes,omitempty"`

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

// has tells whether an account is one of the population.
func (p *Population) has(account string) bool {
	first, err1 := strconv.Atoi(p.AccountID)
	n, err2 := strconv.Atoi(account)
	if err1 != nil || err2 != nil || len(account) != len(p.AccountID) {
		return account == p.AccountID
	}
	return n >= first && n < first+max(1, p.Accounts)
}

// Server is the endpoint. The zero value is not usable; see New.
type Server struct {
	pop Population
	now func() time.Time

	calls  atomic.Uint64
	counts sync.Map // "service:Operation" -> *atomic.Uint64
	gave   sync.Map // code of a fault that was asked for -> *atomic.Uint64

	faults atomic.Pointer[faultState]
}

// New makes an endpoint for a population.
func New(p Population) *Server {
	s := &Server{pop: p, now: time.Now}
	s.SetFaults(Faults{})
	return s
}

// SetClock replaces the clock of the endpoint, before its first request.
func (s *Server) SetClock(now func() time.Time) {
	s.now = now
	s.SetFaults(Faults{})
}

// Calls is how many requests came in so far, and by "service:Operation".
func (s *Server) Calls() (total uint64, byOperation map[string]uint64) {
	return s.calls.Load(), counted(&s.counts)
}

// Faulted is how many requests failed because of Faults, by error code.
func (s *Server) Faulted() map[string]uint64 { return counted(&s.gave) }

func counted(m *sync.Map) map[string]uint64 {
	by := map[string]uint64{}
	m.Range(func(k, v any) bool {
		by[k.(string)] = v.(*atomic.Uint64).Load()
		return true
	})
	return by
}

func count(m *sync.Map, name string) {
	c, ok := m.Load(name)
	if !ok {
		c, _ = m.LoadOrStore(name, new(atomic.Uint64))
	}
	c.(*atomic.Uint64).Add(1)
}

// ServeHTTP answers one SDK request. The service is taken from the signature's
// credential scope, since every service shares the one endpoint.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, controlPath) {
		s.control(w, r)
		return
	}
	key, region, service, ok := credentialScope(r)
	if !ok {
		http.Error(w, "request is not signed", http.StatusForbidden)
		return
	}
	if service == "s3" && isS3Control(r) {
		service = "s3control" // which signs as S3
	}
	a := newAnswer()
	defer a.free()
	q := &request{Server: s, w: a, r: r, region: region, service: service, pop: s.pop, number: s.calls.Add(1), faults: s.faults.Load()}
	q.pop.AccountID = s.accountOf(key)
	q.serve()
	q.send(w)
}

// serve answers in the protocol of the service.
func (q *request) serve() {
	switch q.service {
	case "s3":
		q.s3()
	case "s3control":
		q.s3control()
	default:
		if svc, ok := queryServices[q.service]; ok {
			q.query(svc)
		} else if svc, ok := jsonServices[q.service]; ok {
			q.json(svc)
		} else if svc, ok := restServices[q.service]; ok {
			q.rest(svc)
		} else {
			http.Error(q.w, "no such service: "+q.service, http.StatusNotImplemented)
		}
	}
}

// credentialScope reads access key, region and service from
// "Credential=AK/date/region/service/aws4_request".
func credentialScope(r *http.Request) (key, region, service string, ok bool) {
	_, rest, found := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	if !found {
		return "", "", "", false
	}
	scope, _, _ := strings.Cut(rest, ",")
	p := strings.Split(scope, "/")
	if len(p) < 5 {
		return "", "", "", false
	}
	return p[0], p[2], p[3], true
}

// request is one call being answered.
type request struct {
	*Server
	w        *answer
	r        *http.Request
	region   string
	service  string // that it is signed for; "s3control" is told from "s3"
	pop      Population
	number   uint64 // of all calls, from 1
	faults   *faultState
	listing  bool // a page is being made, see window
	recorded bool // an item of AWS Config is being made
}
