package aws

import (
	"cmp"
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/cloudcontrol"
	"github.com/aws/smithy-go/middleware"
)

// limit is a token bucket as a service publishes it: calls per second and how many
// at once, per account and region. Services declare theirs by the SDK's service id
// ("EC2") for every operation by itself, or by service id and operation
// ("Lambda:GetPolicy") for one. An account's MaxShare says how much of it is used.
type limit struct {
	rate, burst float64
	// shared makes all operations of the service id draw from one bucket, except
	// those with a limit of their own.
	shared bool
	// guess marks what is not published: where to begin, and nothing to stop at.
	guess bool
}

// defaultLimit suits services that publish none.
var defaultLimit = limit{rate: 40, burst: 40, guess: true}

// limitOf finds the limit of an operation and the bucket that it draws from.
func limitOf(service, operation string) (bucket string, l limit) {
	own := service + ":" + operation
	limits := []map[string]limit{tailLimits}
	for _, s := range services {
		limits = append(limits, s.limits)
	}
	for _, limits := range limits {
		if l, ok := limits[own]; ok {
			return own, l
		}
		if l, ok := limits[service]; ok {
			if l.shared {
				return service, l
			}
			return own, l
		}
	}
	return own, defaultLimit
}

// limiter holds the buckets of an account: one for each region, service and operation,
// shared by all units of this process, whatever credentials they use.
type limiter struct {
	now func() time.Time

	mu      sync.Mutex
	share   float64 // of the service's rates
	tail    float64 // of Cloud Control's
	learn   bool    // from throttles alone, as with emulators: nothing is published of them
	buckets map[string]*turnstile
}

func newLimiter(now func() time.Time) *limiter {
	return &limiter{now: now, buckets: map[string]*turnstile{}}
}

// set changes how much of the services' rates is used. What was learned of them stays,
// unless they are those of an emulator by now, or not any more.
func (l *limiter) set(share float64, learn bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.learn != learn || l.share == 0:
		l.buckets = map[string]*turnstile{}
	case l.share != share:
		l.rescale(share, func(name string) bool { return l.tail == 0 || !ofTail(name) })
	}
	l.share, l.learn = share, learn
}

// rescale changes the share of some buckets. The caller has the lock.
func (l *limiter) rescale(share float64, of func(name string) bool) {
	rescaled := map[*turnstile]bool{} // one may have several names
	for name, b := range l.buckets {
		if of(name) && !rescaled[b] {
			b.rescale(share)
			rescaled[b] = true
		}
	}
}

// ofTail tells the name of Cloud Control's bucket in any region.
func ofTail(name string) bool { return strings.Contains(name, ":"+cloudcontrol.ServiceID) }

// setTail changes how much of Cloud Control's rate is used; 0 is as of other services.
func (l *limiter) setTail(share float64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.tail != share {
		l.tail = share
		l.rescale(cmp.Or(share, l.share), ofTail)
	}
}

// bucket is the operation's own or the one of its service, kept under both names.
func (l *limiter) bucket(region, service, operation string) *turnstile {
	l.mu.Lock()
	defer l.mu.Unlock()
	own := region + ":" + service + ":" + operation
	if b, ok := l.buckets[own]; ok {
		return b
	}
	name, published := limitOf(service, operation)
	name = region + ":" + name
	b, ok := l.buckets[name]
	if !ok {
		seed := &published
		if l.learn {
			seed = nil
		}
		share := l.share
		if service == cloudcontrol.ServiceID {
			share = cmp.Or(l.tail, share)
		}
		b = &turnstile{now: l.now, turn: make(chan struct{}, 1), pace: newPace(seed, share, l.now())}
		l.buckets[name] = b
	}
	l.buckets[own] = b
	return b
}

// turnstile is a pace that many callers share, in the order in which they came.
type turnstile struct {
	now  func() time.Time
	turn chan struct{}

	mu   sync.Mutex
	pace *pace
}

func (b *turnstile) rescale(share float64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.pace.rescale(share, b.now())
}

// wait blocks until one more call may be made, and returns when it was let go.
func (b *turnstile) wait(ctx context.Context) (time.Time, error) {
	select {
	case b.turn <- struct{}{}:
	case <-ctx.Done():
		return time.Time{}, ctx.Err()
	}
	defer func() { <-b.turn }()
	for {
		if err := ctx.Err(); err != nil {
			return time.Time{}, err
		}
		b.mu.Lock()
		now := b.now()
		d := b.pace.take(now)
		b.mu.Unlock()
		if d == 0 {
			return now, nil
		}
		t := time.NewTimer(d)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
		}
	}
}

// answered learns from the outcome of a call that was let go at a time.
func (b *turnstile) answered(left time.Time, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if isThrottle(err) {
		now := b.now()
		b.pace.throttled(now, left, retryAfter(err, now))
	} else {
		b.pace.passedOne()
	}
}

// counters count API attempts; the context of a unit carries its own.
type counters struct {
	calls, throttles atomic.Uint64
	operations       *sync.Map // of a probe: what was called, as "EC2:DescribeVpcs", by the SDK's names
}

// called tells whether an operation was, of a probe. Its service is left out where the name
// says enough.
func (c *counters) called(operation string) (yes bool) {
	c.operations.Range(func(name, _ any) bool {
		yes = strings.HasSuffix(":"+name.(string), ":"+operation)
		return !yes
	})
	return yes
}

type countersKey struct{}

func withCounters(ctx context.Context, c *counters) context.Context {
	return context.WithValue(ctx, countersKey{}, c)
}

// addTo puts the limiter before every attempt, behind the SDK's retryer.
func (l *limiter) addTo(stack *middleware.Stack) error {
	return stack.Finalize.Insert(middleware.FinalizeMiddlewareFunc("InsightsLimiter",
		func(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
			b := l.bucket(awsmiddleware.GetRegion(ctx), awsmiddleware.GetServiceID(ctx), awsmiddleware.GetOperationName(ctx))
			left, err := b.wait(ctx)
			if err != nil {
				return middleware.FinalizeOutput{}, middleware.Metadata{}, err
			}
			out, meta, err := next.HandleFinalize(ctx, in)
			b.answered(left, err)
			count(ctx, err)
			return out, meta, err
		}), (*retry.Attempt)(nil).ID(), middleware.After)
}

// listen tells of every attempt, those of credentials among them.
func (p *Provider) listen(stack *middleware.Stack) error {
	if p.called == nil {
		return nil
	}
	return stack.Finalize.Insert(middleware.FinalizeMiddlewareFunc("InsightsCalls",
		func(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
			out, meta, err := next.HandleFinalize(ctx, in)
			p.called(awsmiddleware.GetServiceID(ctx), awsmiddleware.GetOperationName(ctx), isThrottle(err))
			return out, meta, err
		}), (*retry.Attempt)(nil).ID(), middleware.After)
}

func count(ctx context.Context, err error) {
	c, ok := ctx.Value(countersKey{}).(*counters)
	if !ok {
		return
	}
	c.calls.Add(1)
	if c.operations != nil && ctx.Err() == nil { // else it may not have left the house
		c.operations.Store(awsmiddleware.GetServiceID(ctx)+":"+awsmiddleware.GetOperationName(ctx), true)
	}
	if isThrottle(err) {
		c.throttles.Add(1)
	}
}
