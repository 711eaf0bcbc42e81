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
		if err := svc.read(ctx, s, r); err != nil {
			return err
		}
	}
	for _, l := range svc.lists {
		if err := l.read(ctx, svc, s, r); err != nil {
			return err
		}
	}
	return nil
}

// read reads a list of the service whole. When it fails its types are incomplete, and
// others are not touched.
func (l list) read(ctx context.Context, svc *service, s *session, r *run) error {
	unread, err := l.unread(l.each(ctx, s, nil, func(ctx context.Context, list ...discovery.Observation) error {
		for _, o := range list {
			if err := r.emit(ctx, o); err != nil {
				return err
			}
		}
		return r.enough(l.tokens)
	}))
	for _, t := range unread {
		if svc.lacking(s.region, t.err) {
			r.unsupported(t.call, t.tokens)
		} else {
			r.incomplete(t.call, t.err, t.tokens...)
		}
	}
	if errors.Is(err, errCapped) {
		return nil
	}
	return err
}

// unread are the calls that an error of each tells of, with the types that they
// would have given; err is any other error.
func (l list) unread(failure error) (calls []trouble, err error) {
	if some, ok := errors.AsType[*troubles](failure); ok {
		return some.list, nil
	}
	if call, ok := errors.AsType[listError](failure); ok {
		return []trouble{{cmp.Or(call.call, l.call), call.err, l.tokens}}, nil
	}
	return nil, failure
}

// listOf is the list that reads resources of a type directly, with all that it
// reads of them; none for services that read them in another way.
func (svc *service) listOf(token string) (l list, ok bool) {
	lists := svc.lists
	if svc.direct != nil {
		lists = svc.direct
	}
	i := slices.IndexFunc(lists, func(l list) bool { return slices.Contains(l.tokens, token) })
	if i < 0 {
		return list{}, false
	}
	return lists[i], true
}

// together are the types that one direct read gives.
func (svc *service) together(token string) []string {
	if l, ok := svc.listOf(token); ok {
		return l.tokens
	}
	return []string{token}
}

// verifyKeys reads resources of types that go together directly.
func (svc *service) verifyKeys(ctx context.Context, s *session, r *run, token string, keys []schemas.Key) (gone []schemas.Key, err error) {
	if svc.verify != nil {
		return svc.verify(ctx, s, r, token, keys)
	}
	l, _ := svc.listOf(token)
	return l.verify(ctx, s, r, keys)
}

// verify reads resources of the list's types directly, each once, emits those of
// the keys that exist and returns the others.
func (l list) verify(ctx context.Context, s *session, r *run, keys []schemas.Key) (gone []schemas.Key, err error) {
	ids := make([]string, len(keys))
	there := make(map[schemas.Key]bool, len(keys))
	for i, k := range keys {
		ids[i], there[k] = k.ID, false
	}
	slices.Sort(ids)
	var mu sync.Mutex
	err = l.each(ctx, s, slices.Compact(ids), func(ctx context.Context, list ...discovery.Observation) error {
		for _, o := range list {
			mu.Lock()
			_, asked := there[o.Key]
			if asked {
				there[o.Key] = true
			}
			mu.Unlock()
			if !asked {
				continue
			}
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

// compare emits those of the keys that are in the list and returns the others.
func compare(ctx context.Context, r *run, list []discovery.Observation, keys []schemas.Key) (gone []schemas.Key, err error) {
	byKey := make(map[schemas.Key]discovery.Observation, len(list))
	for _, o := range list {
		byKey[o.Key] = o
	}
	for _, k := range keys {
		o, ok := byKey[k]
		if !ok {
			gone = append(gone, k)
			continue
		}
		if err := r.emit(ctx, o); err != nil {
			return gone, err
		}
	}
	return gone, nil
}

// troubles are the errors of calls that enumerate some of a list's types, one call
// for each item: the node groups of a cluster that may not be asked for them. What
// they enumerate is not complete, all else is read to the end.
type troubles struct {
	mu   sync.Mutex
	list []trouble
}

type trouble struct {
	call   string // IAM action
	err    error
	tokens []string
}

// keep notes the error of a call, a listError, and gives back any other. What a
// cancelled context cut off looks failed and is not noted.
func (t *troubles) keep(ctx context.Context, err error, call string, tokens ...string) error {
	e, ok := errors.AsType[listError](err)
	if !ok {
		return err
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.list = append(t.list, trouble{call, e.err, tokens})
	return nil
}

// or is the error, or the troubles if there were any; those of a probe that has
// seen enough count, too.
func (t *troubles) or(err error) error {
	if len(t.list) > 0 && (err == nil || errors.Is(err, errEnough)) {
		return t
	}
	return err
}

func (t *troubles) Error() string { return t.list[0].call + ": " + t.list[0].err.Error() }

// detailParallel is how many resources of a page are read at once where each
// takes a call of its own; the limiter keeps the rate.
const detailParallel = 16

// parallel calls read for every item, at most n at a time, until one fails; one
// by one for a probe.
func parallel[T any](ctx context.Context, n int, items []T, read func(context.Context, T) error) error {
	if probes(ctx) {
		n = 1
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(n)
	for _, item := range items {
		g.Go(func() error { return read(ctx, item) })
	}
	return g.Wait()
}
