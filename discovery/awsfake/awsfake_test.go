package awsfake_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
)

func start(t *testing.T, p awsfake.Population) (*awsfake.Server, aws.Config) {
	t.Helper()
	p.AccountID, p.Regions = "123456789012", []string{"us-east-1", "eu-west-1"}
	fake := awsfake.New(p)
	srv := httptest.NewServer(fake)
	t.Cleanup(srv.Close)
	cfg := awsfake.Config(srv.URL, "us-east-1")
	cfg.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
	return fake, cfg
}

func TestPagesHoldEveryInstanceOnce(t *testing.T) {
	t.Parallel()
	fake, cfg := start(t, awsfake.Population{Instances: 2345, SecurityGroups: 3, Subnets: 2, VPCs: 1, Images: 1})
	fake.SetFaults(awsfake.Faults{Removed: []string{"i-00000000000000007"}})
	seen := map[string]bool{}
	pages := ec2.NewDescribeInstancesPaginator(ec2.NewFromConfig(cfg), &ec2.DescribeInstancesInput{MaxResults: aws.Int32(1000)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range page.Reservations {
			for _, i := range r.Instances {
				if seen[*i.InstanceId] {
					t.Fatalf("%s twice", *i.InstanceId)
				}
				seen[*i.InstanceId] = true
			}
		}
	}
	if len(seen) != 2344 || seen["i-00000000000000007"] {
		t.Errorf("%d instances, want 2344 without the removed one", len(seen))
	}
	if total, by := fake.Calls(); total != 3 || by["ec2:DescribeInstances"] != 3 {
		t.Errorf("%d calls (%v), want 3 pages", total, by)
	}
}

func TestBucketsAnswerLikeS3(t *testing.T) {
	t.Parallel()
	_, cfg := start(t, awsfake.Population{Buckets: 25})
	client := s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true })
	seen := 0
	pages := s3.NewListBucketsPaginator(client, &s3.ListBucketsInput{MaxBuckets: aws.Int32(10)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		seen += len(page.Buckets)
	}
	if seen != 25 {
		t.Errorf("%d buckets, want 25", seen)
	}
	_, err := client.GetBucketPolicy(context.Background(), &s3.GetBucketPolicyInput{Bucket: aws.String("bucket-00000001")})
	wantCode(t, err, "NoSuchBucketPolicy")
	policy, err := client.GetBucketPolicy(context.Background(), &s3.GetBucketPolicyInput{Bucket: aws.String("bucket-00000003")})
	if err != nil || len(*policy.Policy) == 0 {
		t.Errorf("policy: %v, %v", policy, err)
	}
	_, err = client.GetBucketAcl(context.Background(), &s3.GetBucketAclInput{Bucket: aws.String("bucket-00000099")})
	wantCode(t, err, "NoSuchBucket")
}

func TestAuthorizationDetailsPageThroughAllKinds(t *testing.T) {
	t.Parallel()
	_, cfg := start(t, awsfake.Population{Users: 12, Roles: 13, Policies: 14})
	pages := iam.NewGetAccountAuthorizationDetailsPaginator(iam.NewFromConfig(cfg), &iam.GetAccountAuthorizationDetailsInput{MaxItems: aws.Int32(5)})
	users, roles, policies := 0, 0, 0
	for pages.HasMorePages() {
		page, err := pages.NextPage(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		users, roles, policies = users+len(page.UserDetailList), roles+len(page.RoleDetailList), policies+len(page.Policies)
	}
	if users != 12 || roles != 13 || policies != 14 {
		t.Errorf("%d users, %d roles, %d policies; want 12, 13, 14", users, roles, policies)
	}
}

func TestFaultsHaveEachServicesOwnShape(t *testing.T) {
	t.Parallel()
	fake, cfg := start(t, awsfake.Population{})
	ctx := context.Background()
	calls := map[string]func() error{
		"ec2": func() error { _, err := ec2.NewFromConfig(cfg).DescribeVpcs(ctx, nil); return err },
		"s3": func() error {
			_, err := s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true }).ListBuckets(ctx, nil)
			return err
		},
		"iam":        func() error { _, err := iam.NewFromConfig(cfg).GetAccountSummary(ctx, nil); return err },
		"cloudtrail": func() error { _, err := cloudtrail.NewFromConfig(cfg).DescribeTrails(ctx, nil); return err },
	}
	fake.SetFaults(awsfake.Faults{Deny: []string{"ec2:DescribeVpcs", "s3:ListAllMyBuckets", "iam:GetAccountSummary", "cloudtrail:DescribeTrails"}})
	for service, code := range map[string]string{"ec2": "UnauthorizedOperation", "s3": "AccessDenied", "iam": "AccessDenied", "cloudtrail": "AccessDeniedException"} {
		wantCode(t, calls[service](), code)
	}
	fake.SetFaults(awsfake.Faults{Throttle: map[string]float64{"ec2:DescribeVpcs": 0, "s3:ListBuckets": 0, "iam:GetAccountSummary": 0, "cloudtrail:DescribeTrails": 0}})
	for service, code := range map[string]string{"ec2": "RequestLimitExceeded", "s3": "SlowDown", "iam": "Throttling", "cloudtrail": "ThrottlingException"} {
		_ = calls[service]() // a bucket of rate 0 holds one call
		wantCode(t, calls[service](), code)
	}
	fake.SetFaults(awsfake.Faults{})
	for service, call := range calls {
		if err := call(); err != nil {
			t.Errorf("%s: %v", service, err)
		}
	}
}

func wantCode(t *testing.T, err error, code string) {
	t.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != code {
		t.Errorf("error %v, want %s", err, code)
	}
}
