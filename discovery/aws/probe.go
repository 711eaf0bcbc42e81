package aws

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"sync"

	"github.com/insights-scanner/insights-scanner/discovery"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// errEnough ends a list of which a probe has read enough.
var errEnough = errors.New("a probe has seen enough")

// enough is how many resources of a list a probe reads at most: some, since the
// first may not have what takes another call.
const enough = 30

// oneByOne marks the context of a probe: a resource is begun when the one before
// is through with everything that hangs off it.
type oneByOne struct{}

// probes tells whether a read is a probe's.
func probes(ctx context.Context) bool { return ctx.Value(oneByOne{}) != nil }

// Probe tries the API calls of a scan on the first resources of each list, in the
// global services and in the given regions (none: those of a scan), and returns
// every IAM action with what came of it. Calls that need a resource of a kind
// that the account does not have are not tried. Errors are those of Plan.
func (p *Provider) Probe(ctx context.Context, a schemas.Account, regions []string) ([]schemas.Permission, error) {
	if len(regions) > 0 {
		a.Regions = regions
	}
	_, units, err := p.Plan(ctx, a)
	if err != nil {
		return nil, err
	}
	acc, err := p.access(ctx, a)
	if err != nil {
		return nil, err
	}
	found, probes := make([][]schemas.Permission, len(units)), make([]*probe, len(units))
	err = parallel(ctx, detailParallel, indexes(units), func(ctx context.Context, i int) (err error) {
		svc, region := serviceNamed(units[i].Service), units[i].Region
		if svc == nil {
			found[i], err = p.probeTail(ctx, acc, a, units[i])
			return err
		}
		if svc.global {
			region = homeRegion(acc.identity.partition)
		}
		b := &probe{svc: svc, region: units[i].Region}
		if err := b.read(ctx, p.session(acc, a, region)); err != nil {
			return err
		}
		found[i], probes[i] = b.permissions(), b
		return nil
	})
	if err != nil {
		return nil, err
	}
	recorded, err := p.probeRecorded(ctx, acc, a, slices.DeleteFunc(probes, func(b *probe) bool { return b == nil }))
	return merged(append(slices.Concat(found...), recorded...)), err
}

func indexes[T any](list []T) []int {
	out := make([]int, len(list))
	for i := range out {
		out[i] = i
	}
	return out
}

// probe is what reading a service a little has shown.
type probe struct {
	svc    *service
	region string // of the unit

	calls counters // what was called

	mu   sync.Mutex
	said map[string]schemas.ScopeEnd // by IAM action: the first answer that was not given

	recordable map[string]recordable // by region
}

// read reads the first resource of each list; what is read in another way takes
// a few calls and is read whole.
func (b *probe) read(ctx context.Context, s *session) error {
	b.said, b.calls.operations = map[string]schemas.ScopeEnd{}, &sync.Map{}
	ctx = withCounters(ctx, &b.calls)
	if b.svc.read != nil {
		r := newRun(func(_ context.Context, o discovery.Observation) error { b.note(o); return nil })
		if err := b.svc.read(ctx, s, r); err != nil {
			return err
		}
		for _, e := range r.scopes(b.svc, b.region) {
			if e.State != schemas.ScopeComplete {
				b.refuse(e.Call, e.State, e.Reason)
			}
		}
	}
	for _, l := range b.svc.lists {
		n := 0
		unread, err := l.unread(l.each(context.WithValue(ctx, oneByOne{}, true), s, nil, func(ctx context.Context, list ...discovery.Observation) error {
			if n += len(list); n > enough {
				return errEnough
			}
			b.note(list...)
			return ctx.Err()
		}))
		for _, t := range unread {
			if b.svc.lacking(b.region, t.err) { // nobody can allow it
				b.refuse(t.call, schemas.ScopeState(schemas.PermissionNotTried), notOffered)
				continue
			}
			state, reason := classifyScope(t.err)
			b.refuse(t.call, state, reason)
		}
		if err != nil && !errors.Is(err, errEnough) {
			return err
		}
	}
	return ctx.Err() // calls that were cut off look refused
}

func (b *probe) note(list ...discovery.Observation) {
	for _, o := range list {
		b.noteRecorded(o)
		for _, u := range o.Unknown {
			switch u.State {
			case schemas.FacetDenied:
				b.refuse(u.Call, schemas.ScopeDenied, u.Reason)
			case schemas.FacetFailed:
				b.refuse(u.Call, schemas.ScopeFailed, u.Reason)
			}
		}
	}
}

func (b *probe) refuse(action string, state schemas.ScopeState, reason string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, ok := b.said[action]; !ok {
		b.said[action] = schemas.ScopeEnd{State: state, Reason: reason}
	}
}

// operations are those of S3 and API Gateway that are not called like their IAM actions; those of
// all other services are.
var operations = map[string]string{
	apigatewayGet:                    "API Gateway:GetRestApis", // the first of several
	"s3:GetAccountPublicAccessBlock": "S3 Control:GetPublicAccessBlock",
	"s3:GetBucketPublicAccessBlock":  "S3:GetPublicAccessBlock",
	"s3:GetEncryptionConfiguration":  "S3:GetBucketEncryption",
	"s3:GetLifecycleConfiguration":   "S3:GetBucketLifecycleConfiguration",
	"s3:GetReplicationConfiguration": "S3:GetBucketReplication",
	"s3:ListAllMyBuckets":            "S3:ListBuckets",
	"s3:ListBucket":                  "S3:HeadBucket",
}

// permissions are the service's actions with what came of them.
func (b *probe) permissions() []schemas.Permission {
	var list []schemas.Permission
	add := func(action, token, untried string) {
		p := schemas.Permission{Action: action, Region: b.region, State: schemas.PermissionNotTried, Reason: untried, Types: []string{token}}
		_, name, _ := strings.Cut(action, ":")
		if b.calls.called(cmp.Or(operations[action], name)) {
			p.State, p.Reason = schemas.PermissionAllowed, ""
		}
		if no, ok := b.said[action]; ok {
			p.State, p.Reason = schemas.PermissionState(no.State), no.Reason
		}
		list = append(list, p)
	}
	for _, t := range b.svc.types {
		for _, c := range t.calls {
			add(c.action, t.token, "no resource to try it on")
		}
		for _, c := range t.onDemand {
			add(c.action, t.token, "only read when an enrolled pack needs it")
		}
		for _, action := range t.verify {
			add(action, t.token, "only asked when a list leaves a resource out")
		}
	}
	return merged(list)
}

// merged has every action of a region once: with the worst that was said of it,
// and not tried only where it was tried nowhere.
func merged(list []schemas.Permission) []schemas.Permission {
	rank := []schemas.PermissionState{schemas.PermissionNotTried, schemas.PermissionAllowed, schemas.PermissionFailed, schemas.PermissionDenied}
	at := map[string]int{}
	var out []schemas.Permission
	for _, p := range list {
		i, ok := at[p.Action+" "+p.Region]
		if !ok {
			at[p.Action+" "+p.Region] = len(out)
			out = append(out, p)
			continue
		}
		for _, t := range p.Types {
			if !slices.Contains(out[i].Types, t) {
				out[i].Types = append(out[i].Types, t)
			}
		}
		if slices.Index(rank, p.State) > slices.Index(rank, out[i].State) {
			out[i].State, out[i].Reason = p.State, p.Reason
		}
	}
	slices.SortFunc(out, func(a, b schemas.Permission) int {
		return cmp.Or(strings.Compare(a.Action, b.Action), strings.Compare(a.Region, b.Region))
	})
	return out
}
