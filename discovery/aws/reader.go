package aws

import (
	"context"
	"errors"
	"slices"

	"github.com/insights-scanner/insights-scanner/discovery"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// reader reads one unit through its service. It implements discovery.Reader.
type reader struct {
	svc        *service
	session    *session
	unitRegion string
	facets     []string       // to read on demand
	caps       map[string]int // by type
	counted    counters
	recording  *recording // what is taken from AWS Config; nil: nothing
}

// Read emits everything the service has. Direct reads (Verify) never use AWS Config.
func (r *reader) Read(ctx context.Context, emit discovery.Emit) ([]schemas.ScopeEnd, error) {
	run := newRun(emit)
	run.caps = r.caps
	ctx, done := withGiveUp(ctx)
	defer done()
	err := r.svc.readAll(withRecording(r.context(ctx), r.recording), r.session, run)
	// A cancelled call looks like a failed one; it must not become a state.
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err != nil {
		return nil, err
	}
	ends := run.scopes(r.svc, r.unitRegion)
	if r.recording != nil {
		r.recording.tell(r.svc, ends, run.recorded)
	}
	return ends, nil
}

// Verify reads keys directly. Those of types that are read together, such as a
// bucket and what is split off it, cost no more than one of them.
func (r *reader) Verify(ctx context.Context, keys []schemas.Key, emit discovery.Emit) (gone []schemas.Key, err error) {
	run := newRun(emit)
	ctx, done := withGiveUp(ctx)
	defer done()
	ctx = r.context(ctx)
	var errs []error
	for len(keys) > 0 {
		token := keys[0].Type
		types := r.svc.together(token)
		var now, later []schemas.Key
		for _, k := range keys {
			if slices.Contains(types, k.Type) {
				now = append(now, k)
			} else {
				later = append(later, k)
			}
		}
		g, err := r.svc.verifyKeys(ctx, r.session, run, token, now)
		if err != nil {
			errs = append(errs, err)
		}
		gone = append(gone, g...)
		keys = later
	}
	errs = append(errs, run.doubts()...)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	err = errors.Join(errs...)
	if slices.ContainsFunc(errs, passes) {
		return gone, schemas.Errorf(schemas.CodeUnavailable, "%w", err)
	}
	return gone, err
}

// context has what reads of the unit look for in it.
func (r *reader) context(ctx context.Context) context.Context {
	return withFacets(withCounters(ctx, &r.counted), r.facets)
}

// Calls counts API attempts so far.
func (r *reader) Calls() (calls, throttles uint64) {
	return r.counted.calls.Load(), r.counted.throttles.Load()
}
