package aws

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go/middleware"
	"golang.org/x/time/rate"
)

// limit is a token bucket: calls per second and how many at once.
type limit struct {
	rate  rate.Limit
	burst int
}

// defaultLimit suits services that publish none.
var defaultLimit = limit{20, 20}

// limits are published request rates per account and region, halved so that
// the account's own automation keeps room. EC2: "Request throttling for the
// Amazon EC2 API" (non-mutating 100 burst, 20/s; Describe without paging 50, 10/s).
// IAM and CloudTrail: their quotas pages. S3 publishes 5,500 reads per second per
// prefix and none for configuration calls.
var limits = map[string]limit{
	"EC2":            {10, 50},
	"IAM":            {10, 20},
	"CloudTrail":     {5, 10},
	"Config Service": {5, 10},
	"S3":             {100, 100},
	"S3 Control":     {5, 10},
	"STS":            {20, 20},
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
	key := service + ":" + operation
	l.mu.Lock()
	b, ok := l.buckets[key]
	if !ok {
		lim, ok := limits[service]
		if !ok {
			lim = defaultLimit
		}
		b = rate.NewLimiter(lim.rate, lim.burst)
		l.buckets[key] = b
	}
	l.mu.Unlock()
	return b.Wait(ctx)
}

// counters count API attempts; the context of a unit carries its own.
type counters struct{ calls, throttles atomic.Uint64 }

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
			count(ctx, out, err)
			return out, meta, err
		}), (*retry.Attempt)(nil).ID(), middleware.After)
}

func count(ctx context.Context, _ middleware.FinalizeOutput, err error) {
	c, ok := ctx.Value(countersKey{}).(*counters)
	if !ok {
		return
	}
	c.calls.Add(1)
	if err != nil && isThrottle(err) {
		c.throttles.Add(1)
	}
}

func isThrottle(err error) bool {
	return retry.ThrottleErrorCode{Codes: retry.DefaultThrottleErrorCodes}.IsErrorThrottle(err).Bool() ||
		httpStatus(err) == http.StatusTooManyRequests
}
