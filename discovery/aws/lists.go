package aws

import (
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

// observe takes what was made of one item.
type observe func(...discovery.Observation) error

// readLists is the read of a service that consists of lists. A list that fails
// leaves its types incomplete and does not touch the others.
func readLists(lists []list) func(context.Context, *session, *run) error {
	return func(ctx context.Context, s *session, r *run) error {
		for _, l := range lists {
			err := l.each(ctx, s, nil, func(list ...discovery.Observation) error {
				for _, o := range list {
					if err := r.emit(ctx, o); err != nil {
						return err
					}
				}
				return nil
			})
			if call, ok := errors.AsType[listError](err); ok {
				r.incomplete(l.call, call.err, l.tokens...)
			} else if err != nil {
				return err
			}
		}
		return nil
	}
}

// verifyLists is the verify of a service that consists of lists.
func verifyLists(lists []list) func(context.Context, *session, *run, string, []schemas.Key) ([]schemas.Key, error) {
	return func(ctx context.Context, s *session, r *run, token string, keys []schemas.Key) (gone []schemas.Key, err error) {
		l := lists[slices.IndexFunc(lists, func(l list) bool { return slices.Contains(l.tokens, token) })]
		ids := make([]string, len(keys))
		for i, k := range keys {
			ids[i] = k.ID
		}
		var mu sync.Mutex
		there := map[schemas.Key]bool{}
		err = l.each(ctx, s, ids, func(list ...discovery.Observation) error {
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
