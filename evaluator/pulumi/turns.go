package pulumi

import (
	"context"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"
)

// width is how many calls a pack has in hand at a time. The SDKs judge one after
// another; more than a few only wait there instead of here.
const width = 16

// turns lets calls run side by side, or one alone. Nobody overtakes.
type turns struct{ sem *semaphore.Weighted }

func newTurns() turns { return turns{semaphore.NewWeighted(width)} }

// take waits for a turn; the error is ctx's.
func (t turns) take(ctx context.Context, alone bool) (done func(), err error) {
	n := int64(1)
	if alone {
		n = width
	}
	if err := t.sem.Acquire(ctx, n); err != nil {
		return nil, err
	}
	return func() { t.sem.Release(n) }, nil
}

// allowances bound calls. A type of resources on which the pack gave no answer
// in time gets less and less of it, so that it cannot hold up a scan for its
// limit on every resource; answers in time give it back, step by step.
type allowances struct {
	slow atomic.Int32 // types with overruns

	mu       sync.Mutex
	overruns map[string]int       // by type
	spared   map[string]time.Time // by type, when one was given the whole limit last
}

// How often an allowance is halved. Who is asked alone may be a resource that did
// nothing but wait for another.
const (
	leastAllowance = 4
	leastAlone     = 2
)

func (a *allowances) of(token string, alone bool, limit time.Duration) time.Duration {
	if a.slow.Load() == 0 {
		return limit
	}
	least := leastAllowance
	if alone {
		least = leastAlone
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return limit >> min(a.overruns[token], least)
}

// spare tells whether a resource that overran less than the whole limit may have
// all of it: now and then, so that one that is slow only is judged in the end.
func (a *allowances) spare(token string, now time.Time, pause time.Duration) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if last, ok := a.spared[token]; ok && now.Sub(last) < pause {
		return false
	}
	if a.spared == nil {
		a.spared = map[string]time.Time{}
	}
	a.spared[token] = now
	return true
}

func (a *allowances) finished(token string, overran bool) {
	if !overran && a.slow.Load() == 0 {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.overruns == nil {
		a.overruns = map[string]int{}
	}
	switch n := a.overruns[token]; {
	case overran:
		a.overruns[token] = min(n+1, leastAllowance)
	case n <= 1:
		delete(a.overruns, token)
	default:
		a.overruns[token] = n - 1
	}
	a.slow.Store(int32(min(len(a.overruns), math.MaxInt32)))
}
