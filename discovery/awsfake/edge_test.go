package awsfake_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancing"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
)

// Pages over a service's cap are an error, as they are at AWS: who asks for them
// would not learn of it otherwise.
func TestPagesOverTheCapAreRefused(t *testing.T) {
	t.Parallel()
	_, cfg := start(t, awsfake.Population{})
	ctx := t.Context()
	v2, classic, scaling := elasticloadbalancingv2.NewFromConfig(cfg), elasticloadbalancing.NewFromConfig(cfg), autoscaling.NewFromConfig(cfg)
	for code, calls := range map[string][]func(size int32) error{
		"ValidationError": {
			func(n int32) error {
				_, err := v2.DescribeLoadBalancers(ctx, &elasticloadbalancingv2.DescribeLoadBalancersInput{PageSize: aws.Int32(400 + n)})
				return err
			},
			func(n int32) error {
				_, err := v2.DescribeTargetGroups(ctx, &elasticloadbalancingv2.DescribeTargetGroupsInput{PageSize: aws.Int32(400 + n)})
				return err
			},
			func(n int32) error {
				_, err := classic.DescribeLoadBalancers(ctx, &elasticloadbalancing.DescribeLoadBalancersInput{PageSize: aws.Int32(400 + n)})
				return err
			},
			func(n int32) error {
				_, err := scaling.DescribeAutoScalingGroups(ctx, &autoscaling.DescribeAutoScalingGroupsInput{MaxRecords: aws.Int32(100 + n)})
				return err
			},
			func(n int32) error {
				_, err := scaling.DescribeLaunchConfigurations(ctx, &autoscaling.DescribeLaunchConfigurationsInput{MaxRecords: aws.Int32(100 + n)})
				return err
			},
		},
		"ValidationException": {func(n int32) error {
			_, err := acm.NewFromConfig(cfg).ListCertificates(ctx, &acm.ListCertificatesInput{MaxItems: aws.Int32(1000 + n)})
			return err
		}},
		"InvalidArgument": {func(n int32) error {
			_, err := cloudfront.NewFromConfig(cfg).ListDistributions(ctx, &cloudfront.ListDistributionsInput{MaxItems: aws.Int32(100 + n)})
			return err
		}},
	} {
		for _, call := range calls {
			if err := call(0); err != nil {
				t.Error(err)
			}
			wantCode(t, call(1), code)
		}
	}
}

// The two APIs of Elastic Load Balancing have operations of one name.
func TestLoadBalancersOfEitherAPI(t *testing.T) {
	t.Parallel()
	_, cfg := start(t, awsfake.Population{More: map[string]int{"loadBalancer": 2, "classicLoadBalancer": 3}})
	v2, err := elasticloadbalancingv2.NewFromConfig(cfg).DescribeLoadBalancers(t.Context(), nil)
	if err != nil || len(v2.LoadBalancers) != 2 {
		t.Errorf("%v, %v", v2, err)
	}
	classic, err := elasticloadbalancing.NewFromConfig(cfg).DescribeLoadBalancers(t.Context(), nil)
	if err != nil || len(classic.LoadBalancerDescriptions) != 3 {
		t.Errorf("%v, %v", classic, err)
	}
}
