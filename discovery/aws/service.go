// Package aws reads AWS accounts with the AWS SDK and projects what it reads to
// Pulumi's classic aws types. One file per service holds reader, facets, what
// they cost, IAM actions, request limits and projection.
package aws

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/insights-scanner/insights-scanner/discovery"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// service is one AWS service the scanner reads. The explicit list of them is
// in table.go.
type service struct {
	name   string // as in units: "s3", "ec2", "iam"
	global bool   // read once per account, in the partition's home region
	// regions are those in which AWS offers the service, as it has published; none: everywhere.
	regions []string
	types   []typeSpec
	// limits are request rates of the SDK's service ids, published or guessed; see limiter.go.
	limits map[string]limit
	// lists are how it is read, in this order, and verified.
	lists []list
	// direct are the lists that read resources directly, where lists do not.
	direct []list
	// read is for what is read in another way, before the lists: it emits everything
	// and notes on r what could not be read.
	read func(ctx context.Context, s *session, r *run) error
	// verify is for services whose resources are read directly in another way: it
	// reads those of one type, or of the types of one list, emits what exists and
	// returns the keys that the service positively does not know.
	verify func(ctx context.Context, s *session, r *run, token string, keys []schemas.Key) (gone []schemas.Key, err error)
}

// lacking tells whether an error is that of a region without the service: AWS has published
// none there, and there is no host for it. Neither alone would do: names may fail to resolve,
// and regions get services.
func (svc *service) lacking(region string, err error) bool {
	return svc.regions != nil && !slices.Contains(svc.regions, region) && noHost(err)
}

const notOffered = "AWS does not offer the service in this region"

// emits tells whether the service has resources of a type.
func (svc *service) emits(token string) bool {
	return slices.ContainsFunc(svc.types, func(t typeSpec) bool { return t.token == token })
}

// typeOf is a type of the service.
func (svc *service) typeOf(token string) typeSpec {
	i := slices.IndexFunc(svc.types, func(t typeSpec) bool { return t.token == token })
	return svc.types[i]
}

// typeSpec is an emitted type and the calls that its facets take.
type typeSpec struct {
	token string // Pulumi type token
	calls []call // the list call first
	// onDemand are calls that are made only when a unit's Facets name them.
	onDemand []call
	// with is the type whose calls bring this one along, so that reading both
	// costs no more than that one alone; "" for a type with calls of its own.
	with string
	// verify are IAM actions that only the direct read of a key takes.
	verify []string
	// recorded is what AWS Config records of it that answers some of the calls.
	recorded *recordedType
}

// call is the API call behind a facet.
type call struct {
	action string // IAM action
	facet  string // what it gives, for people: "list", "policy", "tags"
	per    int    // resources of the type in one answer: a page, or one; 0 for one call per unit
}

// Calls that are alike in every service.
func listCall(action string, page int) call { return call{action, "list", page} }
func eachCall(action, facet string) call    { return call{action, facet, 1} }
func onceCall(action, facet string) call    { return call{action, facet, 0} }

// run collects the outcome of one read: what was emitted, and the state of
// every scope. Types without a note are complete.
type run struct {
	emitFunc discovery.Emit
	caps     map[string]int // by type token

	mu     sync.Mutex
	notes  map[string]schemas.ScopeEnd // by type token; the first note of a type stays
	seen   map[string]uint64
	unread map[string]schemas.ScopeEnd // by type token, of what may not exist; the first reason stays
	// recorded counts those of seen of which something was answered by AWS Config.
	recorded map[string]uint64
}

func newRun(emit discovery.Emit) *run {
	return &run{emitFunc: emit, notes: map[string]schemas.ScopeEnd{}, unread: map[string]schemas.ScopeEnd{}, seen: map[string]uint64{}, recorded: map[string]uint64{}}
}

// errNoID is the reason of a list with an item that cannot be told from others.
var errNoID = errors.New("the answer has an item without an id")

// emit passes an observation on.
func (r *run) emit(ctx context.Context, o discovery.Observation) error {
	// Calls that a cancelled context cut off look failed; they must not be told.
	if err := ctx.Err(); err != nil {
		return err
	}
	if o.ID == "" {
		r.incomplete("", errNoID, o.Type)
		return nil
	}
	if o.Unread != nil {
		r.doubt(o)
		return r.emitFunc(ctx, o)
	}
	if !r.admit(o.Type) {
		return nil
	}
	if at, ok := recordedAt(ctx, o.ID); ok {
		o.Recorded = at
		r.mu.Lock()
		r.recorded[o.Type]++
		r.mu.Unlock()
	}
	return r.emitFunc(ctx, o)
}

// admit counts a resource, unless as many of its type as the account is to have
// read are there already: then the type is incomplete, and nothing of it is gone.
func (r *run) admit(token string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if limit, capped := r.caps[token]; capped && r.seen[token] >= uint64(limit) {
		r.note(cappedAt(limit), token)
		return false
	}
	r.seen[token]++
	return true
}

// note notes how types end, unless that is noted already. The caller has locked.
func (r *run) note(end schemas.ScopeEnd, tokens ...string) {
	for _, t := range tokens {
		if _, ok := r.notes[t]; !ok {
			r.notes[t] = end
		}
	}
}

// cappedAt is how types end that are incomplete on purpose.
func cappedAt(limit int) schemas.ScopeEnd {
	return schemas.ScopeEnd{State: schemas.ScopeFailed, Reason: fmt.Sprintf("capped at %d by configuration", limit)}
}

// errCapped ends a list whose type has reached its cap.
var errCapped = errors.New("capped")

// enough is errCapped once the first type of a list has been cut: what is further
// on in it is not asked for, and its other types are incomplete, too.
func (r *run) enough(tokens []string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	limit, capped := r.caps[tokens[0]]
	if _, cut := r.notes[tokens[0]]; !capped || !cut || r.seen[tokens[0]] < uint64(limit) {
		return nil
	}
	r.note(cappedAt(limit), tokens...)
	return errCapped
}

// incomplete notes that the list behind some types could not be read whole. That a type is
// capped does not hide it: people can mend it, and the cap is there again then.
func (r *run) incomplete(call string, err error, tokens ...string) {
	state, reason := classifyScope(err)
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, t := range tokens {
		if note, ok := r.notes[t]; !ok || note == cappedAt(r.caps[t]) {
			r.notes[t] = schemas.ScopeEnd{State: state, Call: call, Reason: reason, Passing: passes(err)}
		}
	}
}

// doubt notes that nobody could read whether a resource exists.
func (r *run) doubt(o discovery.Observation) {
	r.mu.Lock()
	defer r.mu.Unlock()
	end, ok := r.unread[o.Type]
	if !ok {
		end = schemas.ScopeEnd{State: scopeState(o.Unread.State), Call: o.Unread.Call, Reason: o.Unread.Reason}
	}
	end.Unread++
	end.Passing = end.Passing || o.Passing
	r.unread[o.Type] = end
}

// doubts are the errors for which nobody could read whether resources of each type exist.
func (r *run) doubts() (errs []error) {
	for _, token := range sortedKeys(r.unread) {
		e := r.unread[token]
		err := fmt.Errorf("%s: %s; whether there is %s is not known", e.Call, e.Reason, token)
		if e.Passing {
			err = schemas.Errorf(schemas.CodeUnavailable, "%w", err)
		}
		errs = append(errs, err)
	}
	return errs
}

// unsupported notes types of a service that the region does not have.
func (r *run) unsupported(call string, tokens []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.note(schemas.ScopeEnd{State: schemas.ScopeUnsupported, Call: call, Reason: notOffered}, tokens...)
}

// scopes is one ScopeEnd per type of the service.
func (r *run) scopes(svc *service, region string) []schemas.ScopeEnd {
	r.mu.Lock()
	defer r.mu.Unlock()
	ends := make([]schemas.ScopeEnd, 0, len(svc.types))
	for _, t := range svc.types {
		end, noted := r.notes[t.token]
		if !noted {
			end, noted = r.unread[t.token]
		}
		if !noted {
			end.State = schemas.ScopeComplete
		} else if end.Call == "" {
			end.Call = t.calls[0].action
		}
		end.Scope = schemas.Scope{Region: region, Type: t.token, Route: schemas.RouteNative}
		end.Seen = r.seen[t.token]
		ends = append(ends, end)
	}
	return ends
}
