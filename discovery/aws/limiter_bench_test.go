package aws

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
)

// hidden is the rate that the benchmark's service lets through, two minutes each.
var hidden = []float64{20, 5, 40}

const (
	hiddenFor     = 2 * time.Minute
	hiddenCallers = 16
	hiddenLatency = 50 * time.Millisecond
)

// throttling answers from awsfake at a rate that changes, each call after a latency.
type throttling struct {
	account *account
	start   time.Time

	mu    sync.Mutex
	quota quota
	calls []sent
}

// Do implements aws.HTTPClient.
func (s *throttling) Do(r *http.Request) (*http.Response, error) {
	time.Sleep(hiddenLatency / 2)
	s.mu.Lock()
	now := time.Since(s.start)
	ok := s.quota.allow(now)
	s.calls = append(s.calls, sent{now, !ok})
	s.mu.Unlock()
	time.Sleep(hiddenLatency / 2)
	if !ok {
		return refuse(http.StatusServiceUnavailable, "RequestLimitExceeded")(r, &http.Response{Header: http.Header{}, Request: r})
	}
	return inProcess{s.account}.Do(r)
}

// used is the share of the possible rate, the throttled part, how many calls the callers
// were told had failed for good, and how long after each change nine tenths of the rate
// were used for five seconds on end.
type used struct {
	share, throttled float64
	failed           int
	adapted          []time.Duration
}

// drive lets callers call as fast as the SDK's configuration lets them, in simulated time.
func drive(t *testing.T, configure func(*aws.Config)) (u used) {
	a := newAccount(awsfake.Population{VPCs: 1})
	s := &throttling{account: a, start: time.Now()}
	s.quota = quota{burst: 20, tokens: 20, rate: func(d time.Duration) float64 { return hidden[min(int(d/hiddenFor), len(hidden)-1)] }}
	cfg := aws.Config{Region: home, HTTPClient: s, BaseEndpoint: aws.String("http://aws.test"), Credentials: credentials.NewStaticCredentialsProvider("AKIAFAKE", "fake", "")}
	configure(&cfg)
	c := ec2.NewFromConfig(cfg)
	end := time.Duration(len(hidden)) * hiddenFor
	ctx, stop := context.WithTimeout(t.Context(), end)
	defer stop()
	var wg sync.WaitGroup
	var mu sync.Mutex
	for range hiddenCallers {
		wg.Go(func() {
			for ctx.Err() == nil {
				if _, err := c.DescribeVpcs(ctx, nil); err != nil && ctx.Err() == nil {
					mu.Lock()
					u.failed++
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	passed, throttled := (&crowd{calls: s.calls}).between(0, end)
	possible := 0.0
	for i, r := range hidden {
		possible += r * hiddenFor.Seconds()
		u.adapted = append(u.adapted, adapted(s.calls, r, time.Duration(i)*hiddenFor))
	}
	u.share, u.throttled = passed/possible, throttled/(passed+throttled)
	return u
}

// adapted is how long after from a span of five seconds begins in which nine tenths of a rate pass
// and one call of ten at most is throttled; the whole time when none does.
func adapted(calls []sent, rate float64, from time.Duration) time.Duration {
	const span = 5 * time.Second
	c := &crowd{calls: calls}
	for d := time.Duration(0); d+span <= hiddenFor; d += time.Second / 2 {
		if passed, throttled := c.between(from+d, from+d+span); passed >= 0.9*rate*span.Seconds() && throttled <= 0.1*(passed+throttled) {
			return d
		}
	}
	return hiddenFor
}

// modes are ways to keep to a rate that nobody tells.
var modes = []struct {
	name      string
	configure func(*aws.Config)
}{
	{"insights", func(c *aws.Config) {
		l := newLimiter(time.Now)
		l.set(1, false)
		c.APIOptions = append(c.APIOptions, l.addTo)
		c.Retryer = func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) { o.MaxAttempts, o.RateLimiter = maxAttempts, ratelimit.None })
		}
	}},
	{"sdk-standard", func(c *aws.Config) { c.Retryer = func() aws.Retryer { return retry.NewStandard() } }},
	{"sdk-standard-no-quota", func(c *aws.Config) {
		c.Retryer = func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) { o.MaxAttempts, o.RateLimiter = maxAttempts, ratelimit.None })
		}
	}},
	{"sdk-adaptive", func(c *aws.Config) {
		c.Retryer = func() aws.Retryer {
			return patient{retry.NewAdaptiveMode(func(o *retry.AdaptiveModeOptions) { o.FailOnNoAttemptTokens = true })}
		}
	}},
}

// patient waits for a token of the adaptive mode a millisecond at a time: by itself that
// sleeps for what is left of one, rounded down, and where time stands still in between, for ever.
type patient struct{ *retry.AdaptiveMode }

// GetAttemptToken implements aws.RetryerV2.
func (p patient) GetAttemptToken(ctx context.Context) (func(error) error, error) {
	for {
		release, err := p.AdaptiveMode.GetAttemptToken(ctx)
		if err == nil || ctx.Err() != nil {
			return release, err
		}
		time.Sleep(time.Millisecond)
	}
}

// The limiter reaches what it is meant to under a rate that changes, through the real SDK.
func TestLimiterUnderAHiddenRate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		u := drive(t, modes[0].configure)
		if u.share < 0.9 || u.throttled > 0.02 || u.failed > 0 || slices.Max(u.adapted) > 30*time.Second {
			t.Errorf("%+v", u)
		}
	})
}

// BenchmarkLimiter calls one operation from 16 callers, 50 ms a call, where 20, then 5, then 40
// calls a second are let through (a bucket of 20), two minutes each. Time is simulated: the figures
// are exact and the same on any machine, but for the SDK's random back-off.
func BenchmarkLimiter(b *testing.B) {
	for _, m := range modes {
		b.Run(m.name, func(b *testing.B) {
			var u used
			for b.Loop() {
				// Simulated time is for tests only.
				testing.RunTests(func(string, string) (bool, error) { return true, nil }, []testing.InternalTest{{Name: m.name, F: func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) { u = drive(t, m.configure) })
				}}})
			}
			b.ReportMetric(100*u.share, "%ofrate")
			b.ReportMetric(100*u.throttled, "%throttled")
			b.ReportMetric(float64(u.failed), "failed")
			for i, d := range u.adapted {
				b.ReportMetric(d.Seconds(), fmt.Sprintf("s-to-%g/s", hidden[i]))
			}
		})
	}
}
