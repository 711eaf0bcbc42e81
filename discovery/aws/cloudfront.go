package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
)

// cloudfrontProjection counts changes of the projections in cloudfrontproject.go.
const cloudfrontProjection = 1

const typeDistribution = "aws:cloudfront/distribution:Distribution"

var (
	listDistributions = listCall("cloudfront:ListDistributions", 100)
	// The list has all but logging and the default root object.
	distributionConfig = eachCall("cloudfront:GetDistributionConfig", "configuration")
)

var cloudfrontService = &service{
	name: "cloudfront", global: true,
	types: []typeSpec{{token: typeDistribution, calls: []call{listDistributions, distributionConfig, tagCall}, verify: []string{"cloudfront:GetDistribution"}}},
	// None are published; 5/s in all is what other scanners found to be let pass.
	limits: map[string]limit{"CloudFront": {rate: 10, burst: 10, shared: true, guess: true}},
	lists:  cloudfrontLists,
}

var cloudfrontLists = []list{{listDistributions.action, []string{typeDistribution}, eachDistribution}}

func (s *session) cloudfront() *cloudfront.Client {
	return client(s, "cloudfront", func(c aws.Config) *cloudfront.Client { return cloudfront.NewFromConfig(c) })
}

func eachDistribution(ctx context.Context, s *session, ids []string, emit observe) error {
	if ids != nil {
		return parallel(ctx, detailParallel, ids, func(ctx context.Context, id string) error { return oneDistribution(ctx, s, id, emit) })
	}
	p := cloudfront.NewListDistributionsPaginator(s.cloudfront(), &cloudfront.ListDistributionsInput{MaxItems: aws.Int32(100)})
	return pages(ctx, p, func(out *cloudfront.ListDistributionsOutput) error {
		if out.DistributionList == nil {
			return nil
		}
		return readDistributions(ctx, s, out.DistributionList.Items, emit)
	})
}

// readDistributions emits those that still exist when their configuration is read.
func readDistributions(ctx context.Context, s *session, list []types.DistributionSummary, emit observe) error {
	arns := make([]string, len(list))
	for i, d := range list {
		arns[i] = aws.ToString(d.ARN)
	}
	tags, tagsF := tagsByARN(ctx, s, arns)
	return parallel(ctx, detailParallel, list, func(ctx context.Context, d types.DistributionSummary) error {
		out, err := s.cloudfront().GetDistributionConfig(ctx, &cloudfront.GetDistributionConfigInput{Id: d.Id})
		if isNotFound(err, "NoSuchDistribution") {
			return nil
		}
		f, config := facetOf(distributionConfig.action, err), &types.DistributionConfig{}
		if err == nil && out.DistributionConfig != nil {
			config = out.DistributionConfig
		}
		return emit(ctx, projectDistribution(d, f, config, tagsF, tags[aws.ToString(d.ARN)]))
	})
}

// oneDistribution reads a distribution by its id, list entry and configuration at
// once.
func oneDistribution(ctx context.Context, s *session, id string, emit observe) error {
	out, err := s.cloudfront().GetDistribution(ctx, &cloudfront.GetDistributionInput{Id: &id})
	if isNotFound(err, "NoSuchDistribution") {
		return nil
	}
	if err != nil {
		return err
	}
	d, config := out.Distribution, &types.DistributionConfig{}
	if d == nil {
		d = &types.Distribution{}
	}
	if d.DistributionConfig != nil {
		config = d.DistributionConfig
	}
	arn := aws.ToString(d.ARN)
	tags, tagsF := tagsByARN(ctx, s, []string{arn})
	summary := types.DistributionSummary{
		Id: d.Id, ARN: d.ARN, DomainName: d.DomainName, Aliases: config.Aliases, CacheBehaviors: config.CacheBehaviors, Comment: config.Comment,
		CustomErrorResponses: config.CustomErrorResponses, DefaultCacheBehavior: config.DefaultCacheBehavior, Enabled: config.Enabled,
		HttpVersion: config.HttpVersion, IsIPV6Enabled: config.IsIPV6Enabled, OriginGroups: config.OriginGroups, Origins: config.Origins,
		PriceClass: config.PriceClass, Restrictions: config.Restrictions, Staging: config.Staging, ViewerCertificate: config.ViewerCertificate,
		ViewerMtlsConfig: config.ViewerMtlsConfig, WebACLId: config.WebACLId, AnycastIpListId: config.AnycastIpListId,
		ConnectionFunctionAssociation: config.ConnectionFunctionAssociation,
	}
	return emit(ctx, projectDistribution(summary, facetOf(distributionConfig.action, nil), config, tagsF, tags[arn]))
}
