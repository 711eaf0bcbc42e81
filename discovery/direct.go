package discovery

import (
	"context"
	"errors"
	"slices"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// runDirect reads the unit's keys and nothing else. What does not exist is told,
// not published as gone: that is for an attempt that completes the scope.
func (a *attempt) runDirect(ctx context.Context) (*schemas.DirectEnd, error) {
	keys := a.unit.Keys
	hashes, err := a.known(ctx, keys)
	if err != nil {
		return nil, err
	}
	a.start()
	var failures []error
	var gone []schemas.Key
	for some := range slices.Chunk(keys, verifySize) {
		g, failure, err := a.directly(ctx, some)
		if err != nil {
			return nil, err
		}
		gone, failures = append(gone, g...), append(failures, failure)
	}
	end := &schemas.DirectEnd{Read: []schemas.ResourceRead{}}
	for _, k := range keys {
		if state := a.stateOf(k, hashes, gone); state != "" {
			end.Read = append(end.Read, schemas.ResourceRead{Key: k, State: state})
		}
	}
	if err := errors.Join(failures...); err != nil {
		end.Failure = err.Error()
	}
	return end, a.flush(ctx)
}

// stateOf is empty for what is neither there nor held, and for what could not
// be read.
func (a *attempt) stateOf(k schemas.Key, held map[schemas.Key]string, gone []schemas.Key) schemas.ResourceState {
	_, seen := a.seen[a.hash(k)]
	_, known := held[k]
	switch {
	case seen && !known:
		return schemas.ResourceNew
	case seen && a.whole[k]:
		return schemas.ResourceChanged
	case seen:
		return schemas.ResourceUnchanged
	case known && slices.Contains(gone, k):
		return schemas.ResourceGone
	default:
		return ""
	}
}
