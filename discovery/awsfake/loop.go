package awsfake

import (
	"cmp"
	"context"
	"io"
	"net/http"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/appflow"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/backup"
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
	"github.com/aws/aws-sdk-go-v2/service/elasticache"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancing"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/guardduty"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/opensearch"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/redshift"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/wafv2"
	waftypes "github.com/aws/aws-sdk-go-v2/service/wafv2/types"
	"golang.org/x/sync/errgroup"
)

// Loop makes the calls of a scan of an awsfake account with the SDK and nothing
// else: the yardstick for what a scan costs beside them. It leaves out the calls
// that are made once per scan (who am I, regions, S3 Control).
func Loop(ctx context.Context, endpoint, region string) error {
	cfg := Config(endpoint, region)
	for _, part := range []func(context.Context, aws.Config) error{loopEC2, loopIAM, loopRest, loopEmpty, loopS3} {
		if err := part(ctx, cfg); err != nil {
			return err
		}
	}
	return nil
}

// Config is for clients of the SDK that call a server at endpoint.
func Config(endpoint, region string) aws.Config {
	return aws.Config{
		Region: region, BaseEndpoint: aws.String(endpoint),
		Credentials: credentials.NewStaticCredentialsProvider("AKIAFAKE", "fake", ""),
		HTTPClient:  readOnlyBody{awshttp.NewBuildableClient()},
	}
}

// readOnlyBody is what discovery/aws sends, for the same reason.
type readOnlyBody struct{ client aws.HTTPClient }

// Do implements aws.HTTPClient.
func (c readOnlyBody) Do(r *http.Request) (*http.Response, error) {
	if r.Body != nil && r.Body != http.NoBody {
		r.Body = struct{ io.ReadCloser }{r.Body}
	}
	return c.client.Do(r)
}

type pager[Out, Options any] interface {
	HasMorePages() bool
	NextPage(context.Context, ...func(*Options)) (Out, error)
}

func drain[Out, Options any](ctx context.Context, p pager[Out, Options]) error {
	for p.HasMorePages() {
		if _, err := p.NextPage(ctx); err != nil {
			return err
		}
	}
	return nil
}

func loopEC2(ctx context.Context, cfg aws.Config) error {
	c, size, self := ec2.NewFromConfig(cfg), aws.Int32(1000), []string{"self"}
	for _, list := range []func() error{
		func() error {
			return drain(ctx, ec2.NewDescribeVpcsPaginator(c, &ec2.DescribeVpcsInput{MaxResults: size}))
		},
		func() error {
			return drain(ctx, ec2.NewDescribeSubnetsPaginator(c, &ec2.DescribeSubnetsInput{MaxResults: size}))
		},
		func() error {
			return drain(ctx, ec2.NewDescribeSecurityGroupsPaginator(c, &ec2.DescribeSecurityGroupsInput{MaxResults: size}))
		},
		func() error {
			return drain(ctx, ec2.NewDescribeInstancesPaginator(c, &ec2.DescribeInstancesInput{MaxResults: size}))
		},
		func() error {
			return drain(ctx, ec2.NewDescribeVolumesPaginator(c, &ec2.DescribeVolumesInput{MaxResults: size}))
		},
		func() error {
			return drain(ctx, ec2.NewDescribeSnapshotsPaginator(c, &ec2.DescribeSnapshotsInput{MaxResults: size, OwnerIds: self}))
		},
		func() error {
			return drain(ctx, ec2.NewDescribeSnapshotsPaginator(c, &ec2.DescribeSnapshotsInput{MaxResults: size, OwnerIds: self, RestorableByUserIds: []string{"all"}}))
		},
		func() error {
			return drain(ctx, ec2.NewDescribeImagesPaginator(c, &ec2.DescribeImagesInput{MaxResults: size, Owners: self}))
		},
		func() error { _, err := c.GetEbsEncryptionByDefault(ctx, nil); return err },
		func() error {
			return drain(ctx, ec2.NewDescribeLaunchTemplateVersionsPaginator(c, &ec2.DescribeLaunchTemplateVersionsInput{MaxResults: aws.Int32(200), Versions: []string{"$Latest"}}))
		},
		func() error {
			return drain(ctx, ec2.NewDescribeLaunchTemplatesPaginator(c, &ec2.DescribeLaunchTemplatesInput{MaxResults: aws.Int32(200)}))
		},
		func() error {
			return drain(ctx, ec2.NewDescribeFlowLogsPaginator(c, &ec2.DescribeFlowLogsInput{MaxResults: size}))
		},
		func() error {
			return drain(ctx, ec2.NewDescribeSecurityGroupRulesPaginator(c, &ec2.DescribeSecurityGroupRulesInput{MaxResults: size}))
		},
	} {
		if err := list(); err != nil {
			return err
		}
	}
	return nil
}

func loopIAM(ctx context.Context, cfg aws.Config) error {
	c := iam.NewFromConfig(cfg)
	_, _ = c.GetAccountPasswordPolicy(ctx, nil) // there is none
	if _, err := c.GetAccountSummary(ctx, nil); err != nil {
		return err
	}
	if _, err := c.GenerateCredentialReport(ctx, nil); err != nil {
		return err
	}
	if _, err := c.GetCredentialReport(ctx, nil); err != nil {
		return err
	}
	return drain(ctx, iam.NewGetAccountAuthorizationDetailsPaginator(c, &iam.GetAccountAuthorizationDetailsInput{MaxItems: aws.Int32(1000)}))
}

func loopRest(ctx context.Context, cfg aws.Config) error {
	if _, err := cloudtrail.NewFromConfig(cfg).DescribeTrails(ctx, nil); err != nil {
		return err
	}
	c := configservice.NewFromConfig(cfg)
	if _, err := c.DescribeConfigurationRecorders(ctx, nil); err != nil {
		return err
	}
	if _, err := c.DescribeConfigurationRecorderStatus(ctx, nil); err != nil {
		return err
	}
	_, err := c.DescribeDeliveryChannels(ctx, nil)
	return err
}

// loopEmpty makes the list calls of the services that the population has nothing
// of: each has one page.
func loopEmpty(ctx context.Context, cfg aws.Config) error {
	as, logs, stores := autoscaling.NewFromConfig(cfg), cloudwatchlogs.NewFromConfig(cfg), efs.NewFromConfig(cfg)
	balancers, tasks, keys := elasticloadbalancingv2.NewFromConfig(cfg), ecs.NewFromConfig(cfg), kms.NewFromConfig(cfg)
	dbs, topics := rds.NewFromConfig(cfg), sns.NewFromConfig(cfg)
	return cmp.Or(
		one(ctx, acm.NewFromConfig(cfg).ListCertificates),
		one(ctx, as.DescribeAutoScalingGroups),
		one(ctx, as.DescribeLaunchConfigurations),
		one(ctx, cloudfront.NewFromConfig(cfg).ListDistributions),
		one(ctx, cloudtrail.NewFromConfig(cfg).ListEventDataStores),
		one(ctx, cloudwatch.NewFromConfig(cfg).DescribeAlarms),
		one(ctx, dynamodb.NewFromConfig(cfg).ListTables),
		one(ctx, ecr.NewFromConfig(cfg).DescribeRepositories),
		one(ctx, tasks.ListClusters),
		one(ctx, tasks.ListTaskDefinitions),
		one(ctx, eks.NewFromConfig(cfg).ListClusters),
		one(ctx, elasticloadbalancing.NewFromConfig(cfg).DescribeLoadBalancers),
		one(ctx, balancers.DescribeLoadBalancers),
		one(ctx, balancers.DescribeTargetGroups),
		one(ctx, guardduty.NewFromConfig(cfg).ListDetectors),
		one(ctx, keys.ListKeys),
		one(ctx, keys.ListAliases),
		one(ctx, lambda.NewFromConfig(cfg).ListFunctions),
		one(ctx, logs.DescribeLogGroups),
		one(ctx, logs.DescribeMetricFilters),
		one(ctx, dbs.DescribeDBSubnetGroups),
		one(ctx, dbs.DescribeDBClusters),
		one(ctx, dbs.DescribeDBInstances),
		one(ctx, dbs.DescribeDBSnapshots),
		one(ctx, dbs.DescribeDBClusterSnapshots),
		one(ctx, secretsmanager.NewFromConfig(cfg).ListSecrets),
		one(ctx, topics.ListTopics),
		one(ctx, topics.ListSubscriptions),
		one(ctx, sqs.NewFromConfig(cfg).ListQueues),
		one(ctx, stores.DescribeFileSystems),
		one(ctx, stores.DescribeAccessPoints),
		loopNewer(ctx, cfg),
	)
}

// loopNewer is loopEmpty of more services.
func loopNewer(ctx context.Context, cfg aws.Config) error {
	rest, http, queries, files := apigateway.NewFromConfig(cfg), apigatewayv2.NewFromConfig(cfg), athena.NewFromConfig(cfg), appflow.NewFromConfig(cfg)
	houses, caches, vaults, systems := redshift.NewFromConfig(cfg), elasticache.NewFromConfig(cfg), backup.NewFromConfig(cfg), ssm.NewFromConfig(cfg)
	_, err := queries.ListDatabases(ctx, &athena.ListDatabasesInput{CatalogName: aws.String("AwsDataCatalog")})
	return cmp.Or(
		err,
		one(ctx, rest.GetRestApis),
		one(ctx, rest.GetDomainNames),
		one(ctx, http.GetApis),
		one(ctx, http.GetDomainNames),
		one(ctx, queries.ListWorkGroups),
		one(ctx, queries.ListDataCatalogs),
		one(ctx, files.ListFlows),
		one(ctx, files.DescribeConnectorProfiles),
		one(ctx, opensearch.NewFromConfig(cfg).ListDomainNames),
		one(ctx, houses.DescribeClusters),
		one(ctx, houses.DescribeClusterSubnetGroups),
		one(ctx, caches.DescribeCacheClusters),
		one(ctx, caches.DescribeReplicationGroups),
		one(ctx, caches.DescribeCacheSubnetGroups),
		one(ctx, kinesis.NewFromConfig(cfg).ListStreams),
		one(ctx, sfn.NewFromConfig(cfg).ListStateMachines),
		one(ctx, vaults.ListBackupVaults),
		one(ctx, vaults.ListBackupPlans),
		one(ctx, systems.DescribeParameters),
		one(ctx, systems.ListDocuments),
		one(ctx, route53.NewFromConfig(cfg).ListHostedZones),
		one(ctx, route53.NewFromConfig(cfg).ListQueryLoggingConfigs),
		loopWAF(ctx, wafv2.NewFromConfig(cfg)),
	)
}

func loopWAF(ctx context.Context, c *wafv2.Client) error {
	for _, scope := range []waftypes.Scope{waftypes.ScopeRegional, waftypes.ScopeCloudfront} {
		if _, err := c.ListWebACLs(ctx, &wafv2.ListWebACLsInput{Scope: scope}); err != nil {
			return err
		}
		if _, err := c.ListLoggingConfigurations(ctx, &wafv2.ListLoggingConfigurationsInput{Scope: scope}); err != nil {
			return err
		}
	}
	return nil
}

// one makes a call without parameters.
func one[In, Out, Options any](ctx context.Context, call func(context.Context, *In, ...func(*Options)) (*Out, error)) error {
	_, err := call(ctx, nil)
	return err
}

// loopS3 reads every bucket as a scan does, as many at once.
func loopS3(ctx context.Context, cfg aws.Config) error {
	c := s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true })
	tagging := resourcegroupstaggingapi.NewFromConfig(cfg)
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(16)
	p := s3.NewListBucketsPaginator(c, &s3.ListBucketsInput{MaxBuckets: aws.Int32(1000)})
	for p.HasMorePages() && ctx.Err() == nil {
		page, err := p.NextPage(ctx)
		if err != nil {
			return err
		}
		for some := range slices.Chunk(page.Buckets, 100) {
			if err := loopTags(ctx, tagging, some); err != nil {
				return err
			}
		}
		for _, b := range page.Buckets {
			g.Go(func() error { loopBucket(ctx, c, b.Name); return nil })
		}
	}
	return g.Wait()
}

func loopTags(ctx context.Context, c *resourcegroupstaggingapi.Client, buckets []s3types.Bucket) error {
	arns := make([]string, len(buckets))
	for i, b := range buckets {
		arns[i] = "arn:aws:s3:::" + aws.ToString(b.Name)
	}
	return drain(ctx, resourcegroupstaggingapi.NewGetResourcesPaginator(c, &resourcegroupstaggingapi.GetResourcesInput{ResourceARNList: arns}))
}

// loopBucket ignores errors: "not configured" is one.
func loopBucket(ctx context.Context, c *s3.Client, name *string) {
	_, _ = c.GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: name})
	_, _ = c.GetPublicAccessBlock(ctx, &s3.GetPublicAccessBlockInput{Bucket: name})
	_, _ = c.GetBucketEncryption(ctx, &s3.GetBucketEncryptionInput{Bucket: name})
	_, _ = c.GetBucketLogging(ctx, &s3.GetBucketLoggingInput{Bucket: name})
	_, _ = c.GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: name})
	_, _ = c.GetBucketAcl(ctx, &s3.GetBucketAclInput{Bucket: name})
	_, _ = c.GetBucketOwnershipControls(ctx, &s3.GetBucketOwnershipControlsInput{Bucket: name})
	_, _ = c.GetBucketLifecycleConfiguration(ctx, &s3.GetBucketLifecycleConfigurationInput{Bucket: name})
}
