package aws

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudcontrol"

	"github.com/insights-scanner/insights-scanner/discovery"
	"github.com/insights-scanner/insights-scanner/discovery/cfn"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// The long tail: every type that AWS's Cloud Control API can list and that no service of
// table.go reads, as Pulumi's aws-native types. What a type is made of says discovery/cfn;
// whether and how it is listed, the region's registry (tailregistry.go).

const (
	ccList = "cloudformation:ListResources"
	ccGet  = "cloudformation:GetResource"
)

// tailActions are the IAM actions that reading the tail takes beside those of the services,
// which Cloud Control calls with the same credentials.
var tailActions = []string{registryList, registryDescribe, ccList, ccGet}

// tailLimits are not published. Others report about 30 a second, shared by all types
// (ekristen/aws-nuke#508), and begin to be throttled above 25.
var tailLimits = map[string]limit{
	"CloudControl":   {rate: 30, burst: 30, shared: true, guess: true},
	"CloudFormation": {rate: 10, burst: 10, shared: true, guess: true},
}

// tailAttempts bound the SDK's retries: handlers fail for good with the code of a passing
// trouble.
const tailAttempts = 4

// tailParallel is how many types are read at once; the limiter keeps the rate.
const tailParallel = 8

// tailProjection counts changes of the projection of all types of the tail.
const tailProjection = 1

// globalHomes are the services whose resources every region lists alike, with the region
// that is asked where that is not the partition's home.
var globalHomes = map[string]string{
	"Account": "", "BcmPricingCalculator": "", "Billing": "", "BillingConductor": "", "Budgets": "", "CE": "", "CloudFront": "",
	"GlobalAccelerator": "us-west-2", "IAM": "", "Invoicing": "", "NetworkManager": "us-west-2", "Organizations": "", "PricingPlanManager": "",
	"Route53": "", "Route53RecoveryControl": "us-west-2", "Route53RecoveryReadiness": "us-west-2", "Shield": "", "WAF": "",
}

// tailReader reads the long tail in a region, or that of services without one. It
// implements discovery.Reader.
type tailReader struct {
	in         func(region string) *session
	region     string // where the unit is asked
	unitRegion string
	registry   *registry
	caps       map[string]int
	counted    counters
}

// tailRegion is where a type is asked.
func (r *tailReader) session(name string) *session {
	if home := globalHomes[cfn.Service(name)]; home != "" && schemas.PartitionOf(r.region) == "aws" {
		return r.in(home)
	}
	return r.in(r.region)
}

func (s *session) cloudcontrol() *cloudcontrol.Client {
	return client(s, "cloudcontrol", func(c aws.Config) *cloudcontrol.Client {
		return cloudcontrol.NewFromConfig(c, func(o *cloudcontrol.Options) { o.RetryMaxAttempts = tailAttempts })
	})
}

// Read emits everything of every type that can be listed. A type that cannot be is
// unsupported, with the reason.
func (r *tailReader) Read(ctx context.Context, emit discovery.Emit) ([]schemas.ScopeEnd, error) {
	ctx, done := withGiveUp(withCounters(ctx, &r.counted))
	defer done()
	t := &tailRun{run: newRun(emit), r: r}
	t.caps = r.caps
	types, err := r.types(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		state, reason := classifyScope(err)
		all := schemas.UnitKey{Region: r.unitRegion, Service: schemas.ServiceTail}.StandIn()
		return []schemas.ScopeEnd{{Scope: all, State: state, Call: registryList, Reason: reason, Passing: passes(err)}}, nil
	}
	t.types = types
	err = parallel(ctx, tailParallel, types, t.read)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err != nil {
		return nil, err
	}
	return t.ends(), nil
}

// types are those that the region offers and that are the unit's to read.
func (r *tailReader) types(ctx context.Context) ([]offer, error) {
	var all []offer
	var regions []string
	for _, s := range r.sessions() {
		if slices.Contains(regions, s.region) {
			continue
		}
		regions = append(regions, s.region)
		offered, err := r.registry.offers(ctx, s)
		if err != nil {
			return nil, err
		}
		all = append(all, slices.DeleteFunc(offered, func(o offer) bool {
			_, global := globalHomes[cfn.Service(o.name)]
			return global != (r.unitRegion == schemas.GlobalRegion) || readElsewhere(o.name) || r.session(o.name) != s
		})...)
	}
	slices.SortFunc(all, func(a, b offer) int { return strings.Compare(a.name, b.name) })
	return all, nil
}

// sessions are those of the regions that the unit's types are asked in.
func (r *tailReader) sessions() []*session {
	list := []*session{r.in(r.region)}
	if r.unitRegion == schemas.GlobalRegion {
		for service := range globalHomes {
			list = append(list, r.session("AWS::"+service+"::"))
		}
	}
	return list
}

// tailRun is one reading of a tail unit.
type tailRun struct {
	*run

	r     *tailReader
	types []offer
}

// unsupported notes a type that cannot be listed.
func (t *tailRun) unsupported(token, reason string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.notes[token] = schemas.ScopeEnd{State: schemas.ScopeUnsupported, Reason: reason}
}

func (t *tailRun) ends() []schemas.ScopeEnd {
	t.mu.Lock()
	defer t.mu.Unlock()
	ends := make([]schemas.ScopeEnd, 0, len(t.types))
	for _, o := range t.types {
		token := cfn.Token(o.name)
		end, noted := t.notes[token]
		if !noted {
			end.State = schemas.ScopeComplete
		} else if end.Call == "" && end.State != schemas.ScopeUnsupported {
			end.Call = ccList
		}
		end.Scope = schemas.Scope{Region: t.r.unitRegion, Type: token, Route: schemas.RouteCloudControl}
		end.Seen = t.seen[token]
		ends = append(ends, end)
	}
	return ends
}

// read lists a type and reads what it lists. Errors are those of emitting.
func (t *tailRun) read(ctx context.Context, o offer) error {
	token := cfn.Token(o.name)
	switch {
	case o.unprovisionable:
		t.unsupported(token, "cannot be listed: CloudFormation has no handlers of the type")
		return nil
	case cfn.Lookup(o.name) == nil:
		t.unsupported(token, "not read: the type is newer than this version")
		return nil
	}
	err := t.each(ctx, o, func(ctx context.Context, d tailResource) error {
		if err := t.resource(ctx, o, d); err != nil {
			return err
		}
		return t.enough([]string{token})
	})
	var no unlistable
	call, isCall := errors.AsType[listError](err)
	switch {
	case err == nil, errors.Is(err, errCapped):
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &no):
		t.unsupported(token, "cannot be listed: "+string(no))
		return nil
	case isCall:
		t.refused(call, token)
		return nil
	}
	return err
}

// refused notes the call that left a type incomplete. Cloud Control passes on what the
// service refused to its handler, which is what has to be allowed.
func (t *tailRun) refused(e listError, token string) {
	call := e.call
	if call == "" {
		call = ccList
	}
	if action := refusedAction(e.err); action != "" {
		call = action
	}
	t.incomplete(call, e.err, token)
}

// Verify reads keys directly.
func (r *tailReader) Verify(ctx context.Context, keys []schemas.Key, emit discovery.Emit) (gone []schemas.Key, err error) {
	ctx, done := withGiveUp(withCounters(ctx, &r.counted))
	defer done()
	t := &tailRun{run: newRun(emit), r: r}
	var errs []error
	for _, k := range keys {
		name := cfn.Of(k.Type)
		if name == "" {
			errs = append(errs, schemas.Errorf(schemas.CodeNotFound, "%s is no type that this version knows", k.Type))
			continue
		}
		there, err := t.verify(ctx, name, k)
		if err != nil {
			errs = append(errs, err)
		} else if !there {
			gone = append(gone, k)
		}
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	err = errors.Join(errs...)
	if slices.ContainsFunc(errs, passes) {
		return gone, schemas.Errorf(schemas.CodeUnavailable, "%w", err)
	}
	return gone, err
}

// Calls counts API attempts so far.
func (r *tailReader) Calls() (calls, throttles uint64) {
	return r.counted.calls.Load(), r.counted.throttles.Load()
}
