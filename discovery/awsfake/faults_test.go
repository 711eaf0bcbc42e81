package awsfake_test

import (
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/efs"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
)

// clock is moved by hand.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// inside is a server without a network, whose clock is moved by hand, and a
// configuration that calls it and never tries again.
func inside(p awsfake.Population) (*awsfake.Server, aws.Config, *clock) {
	p.AccountID, p.Regions = "123456789012", []string{"us-east-1", "eu-west-1"}
	fake, c := awsfake.New(p), &clock{t: time.Now()}
	fake.SetClock(c.now)
	cfg := awsfake.Config("http://aws.test", "us-east-1")
	cfg.HTTPClient = fake.Client()
	cfg.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
	return fake, cfg, c
}

func s3Client(cfg aws.Config) *s3.Client {
	return s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true })
}

// oneOf makes a call in each protocol.
func oneOf(t *testing.T, cfg aws.Config) map[string]func() error {
	ctx := t.Context()
	return map[string]func() error{
		"ec2":    func() error { _, err := ec2.NewFromConfig(cfg).DescribeVpcs(ctx, nil); return err },
		"s3":     func() error { _, err := s3Client(cfg).ListBuckets(ctx, nil); return err },
		"iam":    func() error { _, err := iam.NewFromConfig(cfg).GetAccountSummary(ctx, nil); return err },
		"kms":    func() error { _, err := kms.NewFromConfig(cfg).ListKeys(ctx, nil); return err },
		"sqs":    func() error { _, err := sqs.NewFromConfig(cfg).ListQueues(ctx, nil); return err },
		"lambda": func() error { _, err := lambda.NewFromConfig(cfg).ListFunctions(ctx, nil); return err },
		"efs":    func() error { _, err := efs.NewFromConfig(cfg).DescribeFileSystems(ctx, nil); return err },
	}
}

// shapes are status and code of a fault in each protocol.
type shapes map[string]struct {
	status int
	code   string
}

func TestEveryProtocolHasItsOwnRefusals(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		faults awsfake.Faults
		want   shapes
	}{
		"throttled": {
			awsfake.Faults{Limits: map[string]awsfake.Limit{"ec2": {}, "s3": {}, "iam": {}, "kms": {}, "sqs": {}, "lambda": {}, "elasticfilesystem": {}}},
			shapes{
				"ec2": {503, "RequestLimitExceeded"}, "s3": {503, "SlowDown"}, "iam": {400, "Throttling"}, "kms": {400, "ThrottlingException"},
				"sqs": {400, "RequestThrottled"}, "lambda": {429, "TooManyRequestsException"}, "efs": {429, "ThrottlingException"},
			},
		},
		"denied": {
			awsfake.Faults{Denials: []awsfake.Denial{{Action: "*"}}},
			shapes{
				"ec2": {403, "UnauthorizedOperation"}, "s3": {403, "AccessDenied"}, "iam": {403, "AccessDenied"}, "kms": {400, "AccessDeniedException"},
				"sqs": {400, "AccessDeniedException"}, "lambda": {403, "AccessDeniedException"}, "efs": {403, "AccessDeniedException"},
			},
		},
		"region disabled": {
			awsfake.Faults{Disabled: []string{"us-east-1"}},
			shapes{
				"ec2": {401, "AuthFailure"}, "s3": {400, "InvalidToken"}, "iam": {403, "InvalidClientTokenId"}, "kms": {400, "UnrecognizedClientException"},
				"sqs": {400, "UnrecognizedClientException"}, "lambda": {403, "UnrecognizedClientException"}, "efs": {403, "UnrecognizedClientException"},
			},
		},
		"clock": {
			awsfake.Faults{Skew: time.Hour},
			shapes{
				"ec2": {401, "AuthFailure"}, "s3": {403, "RequestTimeTooSkewed"}, "iam": {403, "SignatureDoesNotMatch"}, "kms": {400, "InvalidSignatureException"},
				"sqs": {400, "InvalidSignatureException"}, "lambda": {403, "InvalidSignatureException"}, "efs": {403, "InvalidSignatureException"},
			},
		},
	} {
		fake, cfg, _ := inside(awsfake.Population{})
		fake.SetFaults(c.faults)
		calls := oneOf(t, cfg)
		for service, want := range c.want {
			for range 2 { // an empty bucket holds one token
				_ = calls[service]()
			}
			err := calls[service]()
			wantCode(t, err, want.code)
			if res, ok := errors.AsType[*awshttp.ResponseError](err); !ok || res.HTTPStatusCode() != want.status {
				t.Errorf("%s, %s: %v, want status %d", name, service, err, want.status)
			}
		}
	}
}

func TestRatesChangeByTheClock(t *testing.T) {
	t.Parallel()
	fake, cfg, clock := inside(awsfake.Population{})
	fake.SetFaults(awsfake.Faults{Limits: map[string]awsfake.Limit{"lambda": {
		Rate: 10, Burst: 2, Schedule: []awsfake.Step{{time.Minute, 1}, {2 * time.Minute, 4}}, RetryAfter: 3 * time.Second,
	}}})
	call := oneOf(t, cfg)["lambda"]
	passed := func(d time.Duration) (n int) {
		for step := time.Duration(0); step < d; step += 100 * time.Millisecond {
			err := call()
			if err == nil {
				n++
			} else if res, ok := errors.AsType[*smithyhttp.ResponseError](err); !ok || res.Response.Header.Get("Retry-After") != "3" {
				t.Errorf("%v without Retry-After", err)
			}
			clock.move(100 * time.Millisecond)
		}
		return n
	}
	for _, c := range []struct{ least, most int }{{100, 102}, {10, 13}, {39, 41}} {
		if n := passed(10 * time.Second); n < c.least || n > c.most {
			t.Errorf("%d calls of 100 passed, want %d to %d", n, c.least, c.most)
		}
		clock.move(50 * time.Second)
	}
	if throttled := fake.Faulted()["TooManyRequestsException"]; throttled == 0 {
		t.Error("no throttled call was counted")
	}
}

func TestDenialsSpeakAsIAMDoes(t *testing.T) {
	t.Parallel()
	fake, cfg, _ := inside(awsfake.Population{Buckets: 2, More: map[string]int{"key": 2, "queue": 1}})
	fake.SetFaults(awsfake.Faults{Denials: []awsfake.Denial{
		{Action: "s3:GetBucketPolicy", Resource: "bucket-00000000"},
		{Action: "kms:GetKeyPolicy", Resource: "00000000-0000-4000-8000-000000000001", Policy: "service control policy", Explicit: true},
		{Action: "sqs:*"},
		{Action: "iam:*", Policy: "permissions boundary"},
	}})
	ctx := t.Context()
	policyOf := func(bucket string) error {
		_, err := s3Client(cfg).GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: &bucket})
		return err
	}
	keyPolicy := func(key string) error {
		_, err := kms.NewFromConfig(cfg).GetKeyPolicy(ctx, &kms.GetKeyPolicyInput{KeyId: &key})
		return err
	}
	const user = "User: arn:aws:iam::123456789012:role/insights-reader is not authorized to perform: "
	for text, err := range map[string]error{
		user + `s3:GetBucketPolicy on resource: "arn:aws:s3:::bucket-00000000" because no identity-based policy allows the s3:GetBucketPolicy action`:                    policyOf("bucket-00000000"),
		user + "kms:GetKeyPolicy on resource: arn:aws:kms:us-east-1:123456789012:00000000-0000-4000-8000-000000000001 with an explicit deny in a service control policy": keyPolicy("00000000-0000-4000-8000-000000000001"),
		user + "sqs:listqueues on resource: * because no identity-based policy allows the sqs:listqueues action":                                                         oneOf(t, cfg)["sqs"](),
		user + "iam:GetAccountSummary on resource: * because no permissions boundary allows the iam:GetAccountSummary action":                                            oneOf(t, cfg)["iam"](),
	} {
		if api, ok := errors.AsType[smithy.APIError](err); !ok || api.ErrorMessage() != text {
			t.Errorf("%v\nwant %s", err, text)
		}
	}
	wantCode(t, policyOf("bucket-00000001"), "NoSuchBucketPolicy")
	if err := keyPolicy("00000000-0000-4000-8000-000000000000"); err != nil {
		t.Error(err)
	}
}

// assumed is a configuration with credentials of a role.
func assumed(cfg aws.Config, account string) aws.Config {
	role := "arn:aws:iam::" + account + ":role/audit/insights"
	own := cfg.Copy()
	own.Credentials = aws.NewCredentialsCache(stscreds.NewAssumeRoleProvider(sts.NewFromConfig(cfg), role, func(o *stscreds.AssumeRoleOptions) { o.RoleSessionName = "scan" }))
	return own
}

func TestRolesOfManyAccounts(t *testing.T) {
	t.Parallel()
	fake, cfg, clock := inside(awsfake.Population{Accounts: 100, Volumes: 1, VPCs: 1})
	who := func(cfg aws.Config) (*sts.GetCallerIdentityOutput, error) {
		return sts.NewFromConfig(cfg).GetCallerIdentity(t.Context(), nil)
	}
	last := assumed(cfg, "123456789111")
	i, err := who(last)
	if err != nil || *i.Account != "123456789111" || *i.Arn != "arn:aws:sts::123456789111:assumed-role/insights/scan" {
		t.Fatalf("%v, %v", i, err)
	}
	_, err = who(assumed(cfg, "123456789112"))
	wantCode(t, err, "AccessDenied")
	keys := cfg.Copy()
	keys.Credentials = credentials.NewStaticCredentialsProvider("AKIA123456789050", "fake", "")
	if i, err := who(keys); err != nil || *i.Account != "123456789050" {
		t.Fatalf("%v, %v", i, err)
	}
	vpcs := func() (string, error) {
		out, err := ec2.NewFromConfig(last).DescribeVpcs(t.Context(), nil)
		if err != nil {
			return "", err
		}
		return *out.Vpcs[0].OwnerId, nil
	}
	if owner, err := vpcs(); err != nil || owner != "123456789111" {
		t.Fatalf("a VPC of %s, %v", owner, err)
	}
	// Credentials end after some calls, or some time.
	fake.SetFaults(awsfake.Faults{SessionCalls: 1})
	_, err = vpcs()
	wantCode(t, err, "RequestExpired")
	fake.SetFaults(awsfake.Faults{SessionLife: 2 * time.Minute})
	last = assumed(cfg, "123456789111")
	if _, err := vpcs(); err != nil {
		t.Fatal(err)
	}
	clock.move(2 * time.Minute)
	_, err = vpcs()
	wantCode(t, err, "RequestExpired")
}

func TestPagesLagAndOverlap(t *testing.T) {
	t.Parallel()
	fake, cfg, clock := inside(awsfake.Population{Buckets: 5})
	fake.SetFaults(awsfake.Faults{
		Removed: []string{"bucket-00000001"}, Added: []string{"bucket-00000002"}, ListLag: time.Minute, PageSize: 2, Overlap: 1,
	})
	list := func() (names []string) {
		pages := s3.NewListBucketsPaginator(s3Client(cfg), &s3.ListBucketsInput{MaxBuckets: aws.Int32(10)})
		for pages.HasMorePages() {
			page, err := pages.NextPage(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, b := range page.Buckets {
				names = append(names, strings.TrimPrefix(*b.Name, "bucket-0000000"))
			}
		}
		return names
	}
	head := func(name string) error {
		_, err := s3Client(cfg).HeadBucket(t.Context(), &s3.HeadBucketInput{Bucket: &name})
		return err
	}
	if err := head("bucket-00000002"); err != nil {
		t.Errorf("the new bucket: %v", err)
	}
	if err := head("bucket-00000001"); err == nil {
		t.Error("the removed bucket is still there")
	}
	if got := strings.Join(list(), " "); got != "0 1 1 3 3 4" {
		t.Errorf("pages hold %s", got)
	}
	clock.move(time.Minute)
	if got := strings.Join(list(), " "); got != "0 2 3 3 4" {
		t.Errorf("a minute later pages hold %s", got)
	}
}

func TestSomeCallsFailAndSomeBreakOff(t *testing.T) {
	t.Parallel()
	fake := awsfake.New(awsfake.Population{AccountID: "123456789012", Regions: []string{"us-east-1"}, VPCs: 3})
	fake.SetFaults(awsfake.Faults{Fail: 0.1, Cut: 0.1, Seed: 7})
	cfg := awsfake.Config("http://aws.test", "us-east-1")
	cfg.HTTPClient = fake.Client()
	cfg.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
	statuses, good := map[int]int{}, 0
	for range 1000 {
		_, err := ec2.NewFromConfig(cfg).DescribeVpcs(t.Context(), nil)
		if err == nil {
			good++
		} else if res, ok := errors.AsType[*awshttp.ResponseError](err); ok {
			statuses[res.HTTPStatusCode()]++
		}
	}
	bad := statuses[500] + statuses[502] + statuses[503]
	cut := int(fake.Faulted()["cut"])
	if bad < 70 || bad > 130 || statuses[500] == 0 || statuses[502] == 0 || statuses[503] == 0 || cut < 70 || cut > 130 || good > 1000-bad-cut+30 {
		t.Errorf("%d good, %d cut, failed %v", good, cut, statuses)
	}
}

func TestAServiceThatARegionLacksHasNoHost(t *testing.T) {
	t.Parallel()
	fake, cfg, _ := inside(awsfake.Population{})
	fake.SetFaults(awsfake.Faults{Missing: []string{"lambda/us-east-1"}})
	err := oneOf(t, cfg)["lambda"]()
	if dns, ok := errors.AsType[*net.DNSError](err); !ok || !dns.IsNotFound {
		t.Errorf("%v, want a name that does not resolve", err)
	}
	srv, cfg := start(t, awsfake.Population{})
	srv.SetFaults(awsfake.Faults{Missing: []string{"lambda/us-east-1"}})
	err = oneOf(t, cfg)["lambda"]()
	if _, ok := errors.AsType[*smithyhttp.RequestSendError](err); !ok {
		t.Errorf("%v, want no answer", err)
	}
	for service, call := range oneOf(t, cfg) {
		if service != "lambda" {
			if err := call(); err != nil {
				t.Error(err)
			}
		}
	}
}

// The SDK learns the server's clock from a refusal and tries again by it.
func TestTheSDKMendsItsClock(t *testing.T) {
	t.Parallel()
	fake, cfg, _ := inside(awsfake.Population{})
	cfg.Retryer = nil
	fake.SetFaults(awsfake.Faults{Skew: time.Hour})
	client := s3Client(cfg)
	if _, err := client.ListBuckets(t.Context(), nil); err != nil {
		t.Error(err)
	}
	if by := fake.Faulted(); by["RequestTimeTooSkewed"] != 1 {
		t.Errorf("%v, want one refusal", by)
	}
}
