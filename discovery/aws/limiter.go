package aws

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go/middleware"
	"golang.org/x/time/rate"
)

// limit is a token bucket: calls per second and how many at once, per account
// and region. Services declare published rates, halved so that the account's own
// automation keeps room, by the SDK's service id ("EC2") for every operation by
// itself, or by service id and operation ("Lambda:GetPolicy") for one.
type limit struct {
	rate  rate.Limit
	burst int
	// shared makes all operations of the service id draw from one bucket, except
	// those with a limit of their own.
	shared bool
}

// defaultLimit suits services that publish none.
var defaultLimit = limit{rate: 20, burst: 20}

// limitOf finds the limit of an operation and the bucket that it draws from.
func limitOf(service, operation string) (bucket string, l limit) {
	own := service + ":" + operation
	for _, s := range services {
		if l, ok := s.limits[own]; ok {
			return own, l
		}
		if l, ok := s.limits[service]; ok {
			if l.shared {
				return service, l
			}
			return own, l
		}
	}
	return own, defaultLimit
}

// limiter holds one bucket per service and operation of an account in a region,
// shared by all units of this process.
type limiter struct {
	mu      sync.Mutex
	buckets map[string]*rate.Limiter
	scale   float64 // 1; emulators need no limit: 0
}

func newLimiter(unlimited bool) *limiter {
	l := &limiter{buckets: map[string]*rate.Limiter{}, scale: 1}
	if unlimited {
		l.scale = 0
	}
	return l
}

// wait blocks until the operation may be called once more.
func (l *limiter) wait(ctx context.Context, service, operation string) error {
	if l.scale == 0 {
		return nil
	}
	l.mu.Lock()
	b, ok := l.buckets[service+":"+operation]
	if !ok {
		b = l.bucket(service, operation)
	}
	l.mu.Unlock()
	return b.Wait(ctx)
}

// bucket is the operation's own or the one of its service, kept under both names.
func (l *limiter) bucket(service, operation string) *rate.Limiter {
	name, lim := limitOf(service, operation)
	b, ok := l.buckets[name]
	if !ok {
		b = rate.NewLimiter(lim.rate, lim.burst)
		l.buckets[name] = b
	}
	l.buckets[service+":"+operation] = b
	return b
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
			if err := l.wait(ctx, awsmiddleware.GetServiceID(ctx), awsmiddleware.GetOperationName(ctx)); err != nil {
				return middleware.FinalizeOutput{}, middleware.Metadata{}, err
			}
			out, meta, err := next.HandleFinalize(ctx, in)
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
			p.called(awsmiddleware.GetServiceID(ctx), awsmiddleware.GetOperationName(ctx), err != nil && isThrottle(err))
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
	if err != nil && isThrottle(err) {
		c.throttles.Add(1)
	}
}

func isThrottle(err error) bool {
	return retry.ThrottleErrorCode{Codes: retry.DefaultThrottleErrorCodes}.IsErrorThrottle(err).Bool() ||
		httpStatus(err) == http.StatusTooManyRequests
}
