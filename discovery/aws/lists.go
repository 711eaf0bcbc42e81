package aws

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/insights-scanner/insights-scanner/discovery"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// list is one list call with the types made from it.
type list struct {
	call   string // IAM action
	tokens []string
	// each emits everything the account owns, or with ids (not nil) only what
	// exists of these, read directly: what the service says does not exist is
	// left out, and an answer that says neither is an error. The error of the list
	// call is a listError; other errors are those of emit. emit may be called
	// concurrently.
	each func(ctx context.Context, s *session, ids []string, emit observe) error
}

// observe takes what was made of one item. Its context is the one that the item
// was read with: what a cancelled context cut off looks failed and is not taken.
type observe func(ctx context.Context, list ...discovery.Observation) error

// readAll reads the service whole.
func (svc *service) readAll(ctx context.Context, s *session, r *run) error {
	if svc.read != nil {
		return svc.read(ctx, s, r)
	}
	for _, l := range svc.lists {
		if err := l.read(ctx, s, r, r.emit); err != nil {
			return err
		}
	}
	return nil
}

// read reads a list whole. When it fails its types are incomplete, and others
// are not touched.
func (l list) read(ctx context.Context, s *session, r *run, emit discovery.Emit) error {
	err := l.each(ctx, s, nil, func(ctx context.Context, list ...discovery.Observation) error {
		for _, o := range list {
			if err := emit(ctx, o); err != nil {
				return err
			}
		}
		return nil
	})
	call, ok := errors.AsType[listError](err)
	if !ok {
		return err
	}
	r.incomplete(cmp.Or(call.call, l.call), call.err, l.tokens...)
	return nil
}

// verifyKeys reads resources of one type directly.
func (svc *service) verifyKeys(ctx context.Context, s *session, r *run, token string, keys []schemas.Key) (gone []schemas.Key, err error) {
	if svc.verify != nil {
		return svc.verify(ctx, s, r, token, keys)
	}
	l := svc.lists[slices.IndexFunc(svc.lists, func(l list) bool { return slices.Contains(l.tokens, token) })]
	ids := make([]string, len(keys))
	for i, k := range keys {
		ids[i] = k.ID
	}
	var mu sync.Mutex
	there := map[schemas.Key]bool{}
	err = l.each(ctx, s, ids, func(ctx context.Context, list ...discovery.Observation) error {
		for _, o := range list {
			if !slices.Contains(keys, o.Key) {
				continue
			}
			mu.Lock()
			there[o.Key] = true
			mu.Unlock()
			if err := r.emit(ctx, o); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, k := range keys {
		if !there[k] {
			gone = append(gone, k)
		}
	}
	return gone, nil
}

// detailParallel is how many resources of a page are read at once where each
// takes a call of its own; the limiter keeps the rate.
const detailParallel = 16

// parallel calls read for every item, at most n at a time, until one fails.
func parallel[T any](ctx context.Context, n int, items []T, read func(context.Context, T) error) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(n)
	for _, item := range items {
		g.Go(func() error { return read(ctx, item) })
	}
	return g.Wait()
}
