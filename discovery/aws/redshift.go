package aws

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/redshift"
	"github.com/aws/aws-sdk-go-v2/service/redshift/types"

	"github.com/insights-scanner/insights-scanner/discovery"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// redshiftProjection counts changes of the projections in this file.
const redshiftProjection = 1

const (
	typeRedshiftCluster     = "aws:redshift/cluster:Cluster"
	typeRedshiftLogging     = "aws:redshift/logging:Logging"
	typeSnapshotCopy        = "aws:redshift/snapshotCopy:SnapshotCopy"
	typeRedshiftSubnetGroup = "aws:redshift/subnetGroup:SubnetGroup"
)

var (
	listRedshiftClusters     = listCall("redshift:DescribeClusters", 100)
	redshiftLogging          = eachCall("redshift:DescribeLoggingStatus", "logging")
	listRedshiftSubnetGroups = listCall("redshift:DescribeClusterSubnetGroups", 100)
)

// Redshift publishes no rates for these operations.
var redshiftService = &service{
	name: "redshift",
	types: []typeSpec{
		{token: typeRedshiftCluster, calls: []call{listRedshiftClusters}},
		{token: typeSnapshotCopy, calls: []call{listRedshiftClusters}, with: typeRedshiftCluster},
		{token: typeRedshiftLogging, calls: []call{listRedshiftClusters, redshiftLogging}},
		{token: typeRedshiftSubnetGroup, calls: []call{listRedshiftSubnetGroups}},
	},
	lists: []list{
		{listRedshiftClusters.action, []string{typeRedshiftCluster, typeSnapshotCopy, typeRedshiftLogging}, eachRedshiftCluster},
		{listRedshiftSubnetGroups.action, []string{typeRedshiftSubnetGroup}, eachRedshiftSubnetGroup},
	},
}

const redshiftGone = "ClusterNotFound"

func (s *session) redshift() *redshift.Client {
	return client(s, "redshift", func(c aws.Config) *redshift.Client { return redshift.NewFromConfig(c) })
}

func (s *session) redshiftARN(path string) string {
	return fmt.Sprintf("arn:%s:redshift:%s:%s:%s", s.partition, s.region, s.awsAccount, path)
}

func redshiftTags(list []types.Tag) map[string]any {
	return tagMap(list, func(t types.Tag) (key, value *string) { return t.Key, t.Value })
}

func eachRedshiftCluster(ctx context.Context, s *session, ids []string, emit observe) error {
	return namedOrAll(ctx, ids, redshiftGone, func(ctx context.Context, id *string) error {
		p := redshift.NewDescribeClustersPaginator(s.redshift(), &redshift.DescribeClustersInput{ClusterIdentifier: id, MaxRecords: aws.Int32(100)})
		return pages(ctx, p, func(out *redshift.DescribeClustersOutput) error {
			return parallel(ctx, detailParallel, out.Clusters, func(ctx context.Context, c types.Cluster) error {
				logging, err := s.redshift().DescribeLoggingStatus(ctx, &redshift.DescribeLoggingStatusInput{ClusterIdentifier: c.ClusterIdentifier})
				if isNotFound(err, redshiftGone) {
					return nil
				}
				f := facetOf(redshiftLogging.action, err)
				if err == nil {
					if f = f.need(logging.LoggingEnabled != nil); f.state == schemas.FacetPresent && !*logging.LoggingEnabled {
						f.state = schemas.FacetAbsent
					}
				}
				return emit(ctx, projectRedshiftCluster(s, c, f, logging)...)
			})
		})
	})
}

// projectRedshiftCluster gives a cluster, and what Pulumi has beside it.
func projectRedshiftCluster(s *session, c types.Cluster, loggingF facet, logging *redshift.DescribeLoggingStatusOutput) []discovery.Observation {
	d, id, call := newDocument(), aws.ToString(c.ClusterIdentifier), listRedshiftClusters.action
	d.set("region", s.region)
	d.set("arn", s.redshiftARN("cluster:"+id))
	d.texts(map[string]*string{
		"availabilityZone": c.AvailabilityZone, "clusterIdentifier": c.ClusterIdentifier, "clusterSubnetGroupName": c.ClusterSubnetGroupName,
		"clusterVersion": c.ClusterVersion, "databaseName": c.DBName, "defaultIamRoleArn": c.DefaultIamRoleArn, "kmsKeyId": c.KmsKeyId,
		"maintenanceTrackName": c.MaintenanceTrackName, "masterUsername": c.MasterUsername, "nodeType": c.NodeType,
		"preferredMaintenanceWindow": c.PreferredMaintenanceWindow, "clusterNamespaceArn": c.ClusterNamespaceArn,
	})
	d.flags(call, map[string]*bool{
		"allowVersionUpgrade": c.AllowVersionUpgrade, "encrypted": c.Encrypted, "enhancedVpcRouting": c.EnhancedVpcRouting, "publiclyAccessible": c.PubliclyAccessible,
	})
	d.asked("automatedSnapshotRetentionPeriod", c.AutomatedSnapshotRetentionPeriod, call)
	d.integers(map[string]*int32{"manualSnapshotRetentionPeriod": c.ManualSnapshotRetentionPeriod, "numberOfNodes": c.NumberOfNodes})
	if c.NumberOfNodes != nil {
		d.set("clusterType", map[bool]string{true: "multi-node", false: "single-node"}[*c.NumberOfNodes > 1])
	}
	if c.Endpoint != nil {
		d.set("port", optional(c.Endpoint.Port))
	}
	if c.MultiAZ != nil {
		d.set("multiAz", strings.EqualFold(*c.MultiAZ, "enabled"))
	}
	if c.AvailabilityZoneRelocationStatus != nil {
		d.set("availabilityZoneRelocationEnabled", *c.AvailabilityZoneRelocationStatus == "enabled")
	}
	if c.AquaConfiguration != nil {
		d.set("aquaConfigurationStatus", string(c.AquaConfiguration.AquaConfigurationStatus))
	}
	if len(c.ClusterParameterGroups) > 0 {
		d.set("clusterParameterGroupName", aws.ToString(c.ClusterParameterGroups[0].ParameterGroupName))
	}
	if c.ElasticIpStatus != nil {
		d.set("elasticIp", aws.ToString(c.ElasticIpStatus.ElasticIp))
	}
	redshiftGroups(d, c)
	if c.MasterPasswordSecretArn != nil {
		d.set("manageMasterPassword", true)
		d.texts(map[string]*string{"masterPasswordSecretArn": c.MasterPasswordSecretArn, "masterPasswordSecretKmsKeyId": c.MasterPasswordSecretKmsKeyId})
	} else {
		d.notReadable("masterPassword")
	}
	d.set("tags", redshiftTags(c.Tags))
	sortUnknown(d)
	list := []discovery.Observation{d.observe(s.region, typeRedshiftCluster, id, id, redshiftProjection)}
	if v := c.ClusterSnapshotCopyStatus; v != nil {
		split := newDocument()
		split.set("region", s.region)
		split.set("clusterIdentifier", id)
		split.camels(v, nil)
		list = append(list, split.observe(s.region, typeSnapshotCopy, id, id, redshiftProjection))
	}
	split := newDocument()
	split.set("region", s.region)
	split.set("clusterIdentifier", id)
	if !split.unread(loggingF, "bucketName", "logDestinationType", "logExports", "s3KeyPrefix") {
		split.texts(map[string]*string{"bucketName": logging.BucketName, "s3KeyPrefix": logging.S3KeyPrefix})
		split.set("logDestinationType", string(logging.LogDestinationType))
		split.set("logExports", sortedStrings(logging.LogExports))
	}
	return append(list, split.observeIf(loggingF, s.region, typeRedshiftLogging, id, id, redshiftProjection)...)
}

func redshiftGroups(d *document, c types.Cluster) {
	roles, groups := make([]string, len(c.IamRoles)), make([]string, len(c.VpcSecurityGroups))
	for i, r := range c.IamRoles {
		roles[i] = aws.ToString(r.IamRoleArn)
	}
	for i, g := range c.VpcSecurityGroups {
		groups[i] = aws.ToString(g.VpcSecurityGroupId)
	}
	d.set("iamRoles", sortedStrings(roles))
	d.set("vpcSecurityGroupIds", sortedStrings(groups))
}

func eachRedshiftSubnetGroup(ctx context.Context, s *session, ids []string, emit observe) error {
	return namedOrAll(ctx, ids, "ClusterSubnetGroupNotFoundFault", func(ctx context.Context, id *string) error {
		p := redshift.NewDescribeClusterSubnetGroupsPaginator(s.redshift(), &redshift.DescribeClusterSubnetGroupsInput{ClusterSubnetGroupName: id, MaxRecords: aws.Int32(100)})
		return pages(ctx, p, func(out *redshift.DescribeClusterSubnetGroupsOutput) error {
			for _, g := range out.ClusterSubnetGroups {
				name, subnets := aws.ToString(g.ClusterSubnetGroupName), make([]string, len(g.Subnets))
				for i, n := range g.Subnets {
					subnets[i] = aws.ToString(n.SubnetIdentifier)
				}
				d := newDocument()
				d.set("region", s.region)
				d.set("arn", s.redshiftARN("subnetgroup:"+name))
				d.texts(map[string]*string{"name": g.ClusterSubnetGroupName, "description": g.Description})
				d.set("subnetIds", sortedStrings(subnets))
				d.set("tags", redshiftTags(g.Tags))
				if err := emit(ctx, d.observe(s.region, typeRedshiftSubnetGroup, name, name, redshiftProjection)); err != nil {
					return err
				}
			}
			return nil
		})
	})
}
