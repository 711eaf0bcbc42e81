package aws

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/configservice"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/efs"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancing"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/guardduty"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/wafv2"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	"github.com/rs/zerolog"

	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// Limits name services as the SDK does; a name that it does not know would leave
// the service on the default in silence.
func TestLimitsNameServices(t *testing.T) {
	t.Parallel()
	ids := map[string]bool{
		ec2.ServiceID:                    true,
		iam.ServiceID:                    true,
		s3.ServiceID:                     true,
		s3control.ServiceID:              true,
		cloudtrail.ServiceID:             true,
		configservice.ServiceID:          true,
		sqs.ServiceID:                    true,
		kms.ServiceID:                    true,
		rds.ServiceID:                    true,
		dynamodb.ServiceID:               true,
		secretsmanager.ServiceID:         true,
		sns.ServiceID:                    true,
		cloudwatchlogs.ServiceID:         true,
		cloudwatch.ServiceID:             true,
		guardduty.ServiceID:              true,
		elasticloadbalancingv2.ServiceID: true,
		elasticloadbalancing.ServiceID:   true,
		acm.ServiceID:                    true,
		cloudfront.ServiceID:             true,
		lambda.ServiceID:                 true,
		ecr.ServiceID:                    true,
		efs.ServiceID:                    true,
		ecs.ServiceID:                    true,
		eks.ServiceID:                    true,
		apigateway.ServiceID:             true,
		athena.ServiceID:                 true,
		kinesis.ServiceID:                true,
		sfn.ServiceID:                    true,
		wafv2.ServiceID:                  true,
		route53.ServiceID:                true,
		apigatewayv2.ServiceID:           true,
	}
	for _, svc := range services {
		for name := range svc.limits {
			if id, _, _ := strings.Cut(name, ":"); !ids[id] {
				t.Errorf("%s: %q is no service", svc.name, id)
			}
		}
	}
}

// limiterOf is one with a share of the rates.
func limiterOf(share float64) *limiter {
	l := newLimiter(time.Now)
	l.set(share, false)
	return l
}

// took is how long n waits for an operation take.
func took(t *testing.T, l *limiter, service, operation string, n int) time.Duration {
	t.Helper()
	start := time.Now()
	for range n {
		if _, err := l.bucket(home, service, operation).wait(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	return time.Since(start)
}

// Times here are those of a clock that jumps when everybody waits.
func TestLimiterKeepsTheRateOfEachOperation(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := limiterOf(0.5)
		// EC2: 50 at once, then 10 a second.
		if d := took(t, l, "EC2", "DescribeVpcs", 50); d != 0 {
			t.Errorf("the burst took %s", d)
		}
		if d := took(t, l, "EC2", "DescribeVpcs", 10); d.Round(time.Millisecond) != time.Second {
			t.Errorf("10 more took %s", d)
		}
		// Other operations and services have buckets of their own.
		if d := took(t, l, "EC2", "DescribeSubnets", 50) + took(t, l, "IAM", "DescribeVpcs", 20); d != 0 {
			t.Errorf("others waited for %s", d)
		}
		if d := took(t, l, "Kafka", "ListClusters", 20+20); d.Round(time.Millisecond) != time.Second {
			t.Errorf("the default took %s", d)
		}
		// Idle time fills the bucket, up to the burst.
		time.Sleep(time.Hour)
		if d := took(t, l, "EC2", "DescribeVpcs", 51); d.Round(time.Millisecond) != time.Second/10 {
			t.Errorf("after an idle hour it took %s", d)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		took(t, l, "EC2", "Slow", 50)
		if _, err := l.bucket(home, "EC2", "Slow").wait(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("waiting for nobody: %v", err)
		}
		// Another share is no new burst.
		l.set(0.25, false)
		if d := took(t, l, "EC2", "DescribeVpcs", 5); d.Round(time.Millisecond) != time.Second {
			t.Errorf("5 by half the share took %s", d)
		}
		l.set(1, true)
		if d := took(t, l, "EC2", "DescribeVpcs", 1000); d != 0 {
			t.Errorf("an emulator was spared for %s", d)
		}
	})
}

// Every attempt counts against the rate, also what the SDK repeats, and no call
// gets past it.
func TestLimiterStandsBeforeEveryAttempt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a, n := newAccount(awsfake.Population{VPCs: 1}), 0
		a.asked("ec2:DescribeVpcs", func(string, url.Values) answer {
			if n++; n <= 3 {
				return answer{http.StatusServiceUnavailable, ec2Error("RequestLimitExceeded")}
			}
			return answer{}
		})
		s, l := a.in(home), limiterOf(0.5)
		s.cfg.APIOptions = append(s.cfg.APIOptions, func(stack *middleware.Stack) error { return l.addTo(stack) })
		s.cfg.Retryer = func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) {
				o.MaxAttempts, o.RateLimiter = 8, ratelimit.None
				o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
			})
		}
		var c counters
		if _, err := s.ec2().DescribeVpcs(withCounters(t.Context(), &c), nil); err != nil {
			t.Fatal(err)
		}
		if c.calls.Load() != 4 || c.throttles.Load() != 3 {
			t.Errorf("counted %d attempts, %d throttles", c.calls.Load(), c.throttles.Load())
		}
		// The bucket is empty at the service, and so it is here.
		if d := took(t, l, "EC2", "DescribeVpcs", 2); d < time.Second/10 {
			t.Errorf("two more took %s", d)
		}
	})
}

// One limiter serves an AWS account, with whatever credentials and under whatever
// name it is read; other accounts have their own, and regions buckets of their own.
func TestLimiterPerAccountAndRegion(t *testing.T) {
	t.Parallel()
	p := New(zerolog.Nop(), time.Now)
	const id = schemas.AccountID("aws-123456789012")
	l := p.limiter(id, schemas.Account{Name: "prod", Profile: "one"})
	if p.limiter(id, schemas.Account{Name: "again", Profile: "two"}) != l {
		t.Error("other credentials have another limiter")
	}
	if p.limiter("aws-210987654321", schemas.Account{Name: "prod"}) == l {
		t.Error("a limiter is shared with another account")
	}
	if l.bucket(home, "EC2", "DescribeVpcs") != l.bucket(home, "EC2", "DescribeVpcs") || l.bucket(home, "EC2", "DescribeVpcs") == l.bucket("eu-west-1", "EC2", "DescribeVpcs") {
		t.Error("the buckets are not those of regions")
	}
	if l.share != schemas.DefaultMaxShare || l.learn {
		t.Errorf("share %v, learn %t", l.share, l.learn)
	}
	// A setting that changes holds from the next unit on.
	if p.limiter(id, schemas.Account{MaxShare: new(0.2)}); l.share != 0.2 {
		t.Errorf("share %v", l.share)
	}
	if p.limiter(id, schemas.Account{Endpoint: "http://aws.test"}); l.share != 1 || !l.learn {
		t.Errorf("an emulator: share %v, learn %t", l.share, l.learn)
	}
}

// What a call learns of the rate holds for the others: Retry-After is kept by all of
// them, in either form.
func TestLimiterKeepsRetryAfter(t *testing.T) {
	t.Parallel()
	for _, date := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			a, n := newAccount(awsfake.Population{VPCs: 1}), 0
			s, l := a.in(home), limiterOf(1)
			s.cfg.HTTPClient = httpClient(func(r *http.Request) (*http.Response, error) {
				res, err := inProcess{a}.Do(r)
				if n++; n == 1 {
					no := answer{http.StatusServiceUnavailable, ec2Error("RequestLimitExceeded")}
					res.StatusCode, res.Body = no.status, io.NopCloser(strings.NewReader(no.body))
					res.Header.Set("Retry-After", "90")
					if date {
						res.Header.Set("Retry-After", time.Now().Add(90*time.Second).UTC().Format(http.TimeFormat))
					}
				}
				return res, err
			})
			s.cfg.APIOptions = append(s.cfg.APIOptions, func(stack *middleware.Stack) error { return l.addTo(stack) })
			s.cfg.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
			if _, err := s.ec2().DescribeVpcs(t.Context(), nil); !isThrottle(err) {
				t.Fatal(err)
			}
			start := time.Now()
			if _, err := s.ec2().DescribeVpcs(t.Context(), nil); err != nil {
				t.Fatal(err)
			}
			if d := time.Since(start).Round(time.Second); d != 90*time.Second {
				t.Errorf("as a date %t: the next call was made after %s", date, d)
			}
		})
	}
}

// Units of an account that start at the same moment share what the first of them
// made; two limiters would be twice the rate.
func TestAccessIsMadeOnce(t *testing.T) {
	sdkFiles(t)
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIAFAKE")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "fake")
	const n = 4
	var arrived sync.WaitGroup
	arrived.Add(n)
	fake := newAccount(awsfake.Population{}).asked("sts:GetCallerIdentity", func(string, url.Values) answer {
		arrived.Done()
		arrived.Wait() // nobody is answered before all have asked
		return answer{}
	})
	srv := httptest.NewServer(fake)
	defer srv.Close()
	p := New(zerolog.Nop(), time.Now)
	got := make(chan *access, n)
	for range n {
		go func() {
			acc, err := p.access(t.Context(), schemas.Account{Name: "prod", Endpoint: srv.URL})
			if err != nil {
				t.Error(err)
			}
			got <- acc
		}()
	}
	first := <-got
	for range n - 1 {
		if acc := <-got; acc != first || acc == nil {
			t.Error("an access of its own")
		}
	}
}

// What an account was read with before its settings changed is not kept for ever.
func TestAccessThatNobodyUsesIsLetGo(t *testing.T) {
	sdkFiles(t)
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIAFAKE")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "fake")
	srv := httptest.NewServer(newAccount(awsfake.Population{}))
	defer srv.Close()
	now := time.Now()
	p := New(zerolog.Nop(), func() time.Time { return now })
	access := func(region string) *access {
		acc, err := p.access(t.Context(), schemas.Account{Name: "prod", Endpoint: srv.URL, Regions: []string{region}})
		if err != nil {
			t.Fatal(err)
		}
		return acc
	}
	access("eu-west-1")
	first := access("us-east-1")
	now = now.Add(idleAccess - time.Minute)
	access("us-east-1")
	now = now.Add(time.Minute)
	if access("us-east-1") != first || len(p.accounts) != 1 {
		t.Errorf("%d are kept", len(p.accounts))
	}
}

func TestThrottlesAreRecognized(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]bool{
		"Throttling": true, "ThrottlingException": true, "RequestLimitExceeded": true, "SlowDown": true, "TooManyRequestsException": true,
		"Throttling.User": true, "AccessDenied": false, "InternalError": false, "ServiceUnavailable": false,
	} {
		if got := isThrottle(apiError(code, 400)); got != want {
			t.Errorf("%s: %t", code, got)
		}
	}
	if !isThrottle(apiError("Whatever", http.StatusTooManyRequests)) {
		t.Error("429 is no throttle")
	}
	// HEAD has no body, and so no code.
	if !isThrottle(apiError(http.StatusText(http.StatusServiceUnavailable), http.StatusServiceUnavailable)) {
		t.Error("503 without a code is no throttle")
	}
	for message, want := range map[string]bool{"Rate exceeded": true, "You may not have more than 5": false} {
		err := &smithy.GenericAPIError{Code: "LimitExceededException", Message: message}
		if got := isThrottle(err); got != want {
			t.Errorf("%s: %t", message, got)
		}
	}
}
