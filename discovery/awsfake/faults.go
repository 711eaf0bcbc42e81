package awsfake

import (
	"maps"
	"slices"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Faults is what goes wrong, from the moment on that it is set. Durations count
// from then, by the clock of the server.
type Faults struct {
	Deny    []string `json:"deny,omitempty"`    // IAM actions, "s3:GetBucketPolicy"
	Denials []Denial `json:"denials,omitempty"` // the same with a resource, an account or a kind of policy

	// Throttle bounds calls per second of an account in a region by
	// "service:Operation" ("ec2:DescribeInstances"), with as large a burst.
	Throttle map[string]float64 `json:"throttle,omitempty"`
	// Limits does by "service:Operation", or by "service" for one bucket that all
	// its operations without a limit of their own draw from.
	Limits map[string]Limit `json:"limits,omitempty"`

	// FailEvery makes every n-th call a 503; 0 is never.
	FailEvery uint64 `json:"failEvery,omitempty"`
	// Fail is the share of calls, 0 to 1, that get a 500, 502 or 503; Cut of those
	// whose answer breaks off in the middle. Which calls, Seed says.
	Fail float64 `json:"fail,omitempty"`
	Cut  float64 `json:"cut,omitempty"`
	Seed uint64  `json:"seed,omitempty"`

	// PageSize bounds the pages of lists below what each allows; 0 does not.
	PageSize int `json:"pageSize,omitempty"`
	// Overlap is how many items of a page are in the next one again.
	Overlap int `json:"overlap,omitempty"`

	// Removed, Changed and Added name resources of the population by provider id.
	// An added one is found when it is asked for, but in pages only after ListLag; a
	// removed one stays in them so long.
	Removed []string      `json:"removed,omitempty"`
	Changed []string      `json:"changed,omitempty"`
	Added   []string      `json:"added,omitempty"`
	ListLag time.Duration `json:"listLag,omitempty"`

	// Recorder is how AWS Config's recorders do; nil: they record everything at once.
	Recorder *Recorder `json:"recorder,omitempty"`
	// Unrecorded are those of Removed, Changed and Added of which Config does not know yet.
	Unrecorded []string `json:"unrecorded,omitempty"`

	// Skew is how far the server's clock is ahead. Requests signed more than five
	// minutes (S3: 15) off it are refused.
	Skew time.Duration `json:"skew,omitempty"`
	// SessionLife is how long credentials of AssumeRole live, whatever was asked for;
	// SessionCalls how many calls to the server, by anybody, they outlive. 0 does
	// not bound them.
	SessionLife  time.Duration `json:"sessionLife,omitempty"`
	SessionCalls uint64        `json:"sessionCalls,omitempty"`

	// Disabled are regions that are not enabled for the accounts: good credentials
	// are refused in them, and DescribeRegions leaves them out.
	Disabled []string `json:"disabled,omitempty"`
	// Missing are services that a region does not have, "service/region": there is
	// no host of that name.
	Missing []string `json:"missing,omitempty"`
}

// Recorder is what AWS Config's recorders do not record, and how they fail.
type Recorder struct {
	Stopped bool          `json:"stopped,omitempty"`
	Status  string        `json:"status,omitempty"` // the last one; "" is Success
	Silent  time.Duration `json:"silent,omitempty"` // since the last status
	Types   []string      `json:"types,omitempty"`  // the only ones of Config's types; none: all
	Except  []string      `json:"except,omitempty"` // types that are left out
	Daily   []string      `json:"daily,omitempty"`  // types recorded once a day
}

// Denial refuses an action.
type Denial struct {
	Action string `json:"action"` // "s3:GetBucketPolicy"; "s3:*" and "*" are all
	// Resource is an id, a name or an ARN that a request names; "" is any.
	Resource string `json:"resource,omitempty"`
	Account  string `json:"account,omitempty"` // "" is any
	// Policy is the kind that refuses, in AWS's words: "service control policy",
	// "permissions boundary", "session policy", "resource-based policy", "resource
	// control policy"; "" is "identity-based policy".
	Policy string `json:"policy,omitempty"`
	// Explicit: it says no, instead of not saying yes.
	Explicit bool `json:"explicit,omitempty"`
}

// Limit is a token bucket, one for every account and region.
type Limit struct {
	Rate  float64 `json:"rate"`            // calls per second
	Burst int     `json:"burst,omitempty"` // 0 is a second's worth
	// Schedule are other rates from some time on, in order of time.
	Schedule []Step `json:"schedule,omitempty"`
	// RetryAfter is sent with a refusal, in whole seconds.
	RetryAfter time.Duration `json:"retryAfter,omitempty"`
}

// Step is a rate that holds from a time on.
type Step struct {
	After time.Duration `json:"after"`
	Rate  float64       `json:"rate"`
}

// at is the rate that holds so long after the faults were set.
func (l Limit) at(after time.Duration) rate.Limit {
	r := l.Rate
	for _, s := range l.Schedule {
		if after >= s.After {
			r = s.Rate
		}
	}
	return rate.Limit(r)
}

// faultState is what SetFaults makes of Faults. It does not change but for its
// buckets.
type faultState struct {
	Faults
	since                   time.Time
	deny                    map[string]bool
	removed, changed, added map[string]bool
	unrecorded              map[string]bool
	limits                  map[string]Limit
	buckets                 sync.Map // bucketKey -> *rate.Limiter
}

type bucketKey struct{ account, region, name string }

// SetFaults replaces what goes wrong from the next request on.
func (s *Server) SetFaults(f Faults) {
	st := &faultState{
		Faults: f, since: s.now(), deny: set(f.Deny), removed: set(f.Removed), changed: set(f.Changed), added: set(f.Added), unrecorded: set(f.Unrecorded), limits: map[string]Limit{},
	}
	maps.Copy(st.limits, f.Limits)
	for op, r := range f.Throttle {
		st.limits[op] = Limit{Rate: r}
	}
	s.faults.Store(st)
}

func set(list []string) map[string]bool {
	m := make(map[string]bool, len(list))
	for _, e := range list {
		m[e] = true
	}
	return m
}

// take takes a token for an operation; ok is false when its bucket is empty.
func (q *request) take(operation string) (l Limit, ok bool) {
	name := q.service + ":" + operation
	l, limited := q.faults.limits[name]
	if !limited {
		name = q.service
		if l, limited = q.faults.limits[name]; !limited {
			return l, true
		}
	}
	now := q.now()
	key, is := bucketKey{q.pop.AccountID, q.region, name}, l.at(now.Sub(q.faults.since))
	b, there := q.faults.buckets.Load(key)
	if !there {
		burst := l.Burst
		if burst == 0 {
			burst = max(1, int(l.Rate))
		}
		b, _ = q.faults.buckets.LoadOrStore(key, rate.NewLimiter(is, burst))
	}
	bucket := b.(*rate.Limiter)
	if bucket.Limit() != is {
		bucket.SetLimitAt(now, is)
	}
	return l, bucket.AllowN(now, 1)
}

// chance is true for a share of calls, which ones seed, number and salt say.
func (q *request) chance(share float64, salt uint64) bool {
	return share > 0 && float64(q.random(salt)>>11)/(1<<53) < share
}

// random is splitmix64 of what tells this call and this use from others.
func (q *request) random(salt uint64) uint64 {
	x := (q.faults.Seed<<32 + q.number + salt<<56) * 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// gone and touched answer for one resource of the population, or for what AWS Config
// knows of it.
func (q *request) gone(id string) bool {
	if q.recorded && q.faults.unrecorded[id] {
		return q.faults.added[id]
	}
	if !q.listing {
		return q.faults.removed[id]
	}
	lagging := q.faults.ListLag > 0 && q.now().Sub(q.faults.since) < q.faults.ListLag
	return q.faults.removed[id] && !lagging || q.faults.added[id] && lagging
}

func (q *request) touched(id string) bool {
	return q.faults.changed[id] && !(q.recorded && q.faults.unrecorded[id])
}

// lacks tells whether the region has not the service.
func (q *request) lacks() bool {
	return slices.Contains(q.faults.Missing, q.service+"/"+q.region)
}
