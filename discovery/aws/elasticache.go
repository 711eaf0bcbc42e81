package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticache"
	"github.com/aws/aws-sdk-go-v2/service/elasticache/types"

	"github.com/insights-scanner/insights-scanner/discovery"
)

// elasticacheProjection counts changes of the projections in this file.
const elasticacheProjection = 1

const (
	typeCacheCluster     = "aws:elasticache/cluster:Cluster"
	typeReplicationGroup = "aws:elasticache/replicationGroup:ReplicationGroup"
	typeCacheSubnetGroup = "aws:elasticache/subnetGroup:SubnetGroup"
)

var (
	listCacheClusters     = listCall("elasticache:DescribeCacheClusters", 100)
	listReplicationGroups = listCall("elasticache:DescribeReplicationGroups", 100)
	listCacheSubnetGroups = listCall("elasticache:DescribeCacheSubnetGroups", 100)
)

// ElastiCache publishes no rates for these operations.
var elasticacheService = &service{
	name: "elasticache",
	types: []typeSpec{
		{token: typeCacheCluster, calls: []call{listCacheClusters, tagCall}},
		{token: typeReplicationGroup, calls: []call{listReplicationGroups, tagCall}},
		{token: typeCacheSubnetGroup, calls: []call{listCacheSubnetGroups, tagCall}},
	},
	lists: []list{
		{listCacheClusters.action, []string{typeCacheCluster}, eachCacheCluster},
		{listReplicationGroups.action, []string{typeReplicationGroup}, eachReplicationGroup},
		{listCacheSubnetGroups.action, []string{typeCacheSubnetGroup}, eachCacheSubnetGroup},
	},
}

func (s *session) elasticache() *elasticache.Client {
	return client(s, "elasticache", func(c aws.Config) *elasticache.Client { return elasticache.NewFromConfig(c) })
}

// tagged asks for the tags of a page and emits what is made of each item with them.
func tagged[T any](ctx context.Context, s *session, list []T, arn func(T) *string, emit observe, project func(T, facet, map[string]any) discovery.Observation) error {
	arns := make([]string, len(list))
	for i, v := range list {
		arns[i] = aws.ToString(arn(v))
	}
	tags, tagsF := tagsByARN(ctx, s, arns)
	for i, v := range list {
		if err := emit(ctx, project(v, tagsF, tags[arns[i]])); err != nil {
			return err
		}
	}
	return nil
}

func eachCacheCluster(ctx context.Context, s *session, ids []string, emit observe) error {
	return namedOrAll(ctx, ids, "CacheClusterNotFound", func(ctx context.Context, id *string) error {
		p := elasticache.NewDescribeCacheClustersPaginator(s.elasticache(), &elasticache.DescribeCacheClustersInput{CacheClusterId: id, MaxRecords: aws.Int32(100), ShowCacheNodeInfo: aws.Bool(true)})
		return pages(ctx, p, func(out *elasticache.DescribeCacheClustersOutput) error {
			return tagged(ctx, s, out.CacheClusters, func(c types.CacheCluster) *string { return c.ARN }, emit, func(c types.CacheCluster, f facet, tags map[string]any) discovery.Observation {
				return projectCacheCluster(s.region, c, f, tags)
			})
		})
	})
}

func projectCacheCluster(region string, c types.CacheCluster, tagsF facet, tags map[string]any) discovery.Observation {
	d, id, call := newDocument(), aws.ToString(c.CacheClusterId), listCacheClusters.action
	d.set("region", region)
	d.texts(map[string]*string{
		"arn": c.ARN, "clusterId": c.CacheClusterId, "engine": c.Engine, "engineVersion": c.EngineVersion, "maintenanceWindow": c.PreferredMaintenanceWindow,
		"nodeType": c.CacheNodeType, "preferredOutpostArn": c.PreferredOutpostArn, "replicationGroupId": c.ReplicationGroupId, "snapshotWindow": c.SnapshotWindow,
		"subnetGroupName": c.CacheSubnetGroupName,
	})
	d.flags(call, map[string]*bool{"transitEncryptionEnabled": c.TransitEncryptionEnabled})
	if c.AutoMinorVersionUpgrade != nil { // a text in Pulumi
		d.set("autoMinorVersionUpgrade", map[bool]string{true: "true", false: "false"}[*c.AutoMinorVersionUpgrade])
	}
	d.set("ipDiscovery", string(c.IpDiscovery))
	d.set("networkType", string(c.NetworkType))
	d.integers(map[string]*int32{"numCacheNodes": c.NumCacheNodes, "snapshotRetentionLimit": c.SnapshotRetentionLimit})
	switch zone := aws.ToString(c.PreferredAvailabilityZone); zone {
	case "":
	case "Multiple":
		d.set("azMode", "cross-az")
	default:
		d.set("azMode", "single-az")
		d.set("availabilityZone", zone)
	}
	if c.CacheParameterGroup != nil {
		d.set("parameterGroupName", aws.ToString(c.CacheParameterGroup.CacheParameterGroupName))
	}
	if c.NotificationConfiguration != nil {
		d.set("notificationTopicArn", aws.ToString(c.NotificationConfiguration.TopicArn))
	}
	if c.ConfigurationEndpoint != nil {
		d.set("port", optional(c.ConfigurationEndpoint.Port))
	} else if len(c.CacheNodes) > 0 && c.CacheNodes[0].Endpoint != nil {
		d.set("port", optional(c.CacheNodes[0].Endpoint.Port))
	}
	groups := make([]string, len(c.SecurityGroups))
	for i, g := range c.SecurityGroups {
		groups[i] = aws.ToString(g.SecurityGroupId)
	}
	d.set("securityGroupIds", sortedStrings(groups))
	d.set("logDeliveryConfigurations", cacheLogs(c.LogDeliveryConfigurations))
	d.facet("tags", tagsF, func() any { return tags })
	sortUnknown(d)
	return d.observe(region, typeCacheCluster, id, id, elasticacheProjection)
}

func cacheLogs(list []types.LogDeliveryConfiguration) []any {
	out := []any{}
	for _, c := range list {
		d := newDocument()
		d.set("destinationType", string(c.DestinationType))
		d.set("logFormat", string(c.LogFormat))
		d.set("logType", string(c.LogType))
		if v := c.DestinationDetails; v != nil && v.CloudWatchLogsDetails != nil {
			d.set("destination", aws.ToString(v.CloudWatchLogsDetails.LogGroup))
		} else if v != nil && v.KinesisFirehoseDetails != nil {
			d.set("destination", aws.ToString(v.KinesisFirehoseDetails.DeliveryStream))
		}
		out = append(out, d.properties)
	}
	sortByJSON(out)
	return out
}

func eachReplicationGroup(ctx context.Context, s *session, ids []string, emit observe) error {
	return namedOrAll(ctx, ids, "ReplicationGroupNotFoundFault", func(ctx context.Context, id *string) error {
		p := elasticache.NewDescribeReplicationGroupsPaginator(s.elasticache(), &elasticache.DescribeReplicationGroupsInput{ReplicationGroupId: id, MaxRecords: aws.Int32(100)})
		return pages(ctx, p, func(out *elasticache.DescribeReplicationGroupsOutput) error {
			return tagged(ctx, s, out.ReplicationGroups, func(g types.ReplicationGroup) *string { return g.ARN }, emit, func(g types.ReplicationGroup, f facet, tags map[string]any) discovery.Observation {
				return projectReplicationGroup(s.region, g, f, tags)
			})
		})
	})
}

// ofMembers are settings that the members of a group have, not the group.
var ofMembers = []string{"engineVersion", "maintenanceWindow", "notificationTopicArn", "parameterGroupName", "securityGroupIds", "subnetGroupName"}

func projectReplicationGroup(region string, g types.ReplicationGroup, tagsF facet, tags map[string]any) discovery.Observation {
	d, id, call := newDocument(), aws.ToString(g.ReplicationGroupId), listReplicationGroups.action
	d.set("region", region)
	d.texts(map[string]*string{
		"arn": g.ARN, "replicationGroupId": g.ReplicationGroupId, "description": g.Description, "engine": g.Engine, "kmsKeyId": g.KmsKeyId,
		"nodeType": g.CacheNodeType, "snapshotWindow": g.SnapshotWindow,
	})
	d.flags(call, map[string]*bool{"atRestEncryptionEnabled": g.AtRestEncryptionEnabled, "transitEncryptionEnabled": g.TransitEncryptionEnabled})
	if g.AutoMinorVersionUpgrade != nil {
		d.set("autoMinorVersionUpgrade", *g.AutoMinorVersionUpgrade)
	}
	d.told("automaticFailoverEnabled", g.AutomaticFailover == types.AutomaticFailoverStatusEnabled || g.AutomaticFailover == types.AutomaticFailoverStatusEnabling, g.AutomaticFailover != "", call)
	d.told("multiAzEnabled", g.MultiAZ == types.MultiAZStatusEnabled, g.MultiAZ != "", call)
	d.set("clusterMode", string(g.ClusterMode))
	d.set("dataTieringEnabled", g.DataTiering == types.DataTieringStatusEnabled)
	d.set("ipDiscovery", string(g.IpDiscovery))
	d.set("networkType", string(g.NetworkType))
	d.set("transitEncryptionMode", string(g.TransitEncryptionMode))
	d.integers(map[string]*int32{"snapshotRetentionLimit": g.SnapshotRetentionLimit})
	d.set("numCacheClusters", len(g.MemberClusters))
	d.set("numNodeGroups", len(g.NodeGroups))
	if len(g.NodeGroups) > 0 {
		d.set("replicasPerNodeGroup", max(0, len(g.NodeGroups[0].NodeGroupMembers)-1))
		if e := g.NodeGroups[0].PrimaryEndpoint; e != nil {
			d.set("port", optional(e.Port))
		}
	}
	if e := g.ConfigurationEndpoint; e != nil {
		d.set("port", optional(e.Port))
	}
	if g.GlobalReplicationGroupInfo != nil {
		d.set("globalReplicationGroupId", aws.ToString(g.GlobalReplicationGroupInfo.GlobalReplicationGroupId))
	}
	d.set("logDeliveryConfigurations", cacheLogs(g.LogDeliveryConfigurations))
	d.set("userGroupIds", sortedStrings(g.UserGroupIds))
	if aws.ToBool(g.AuthTokenEnabled) {
		d.notReadable("authToken")
	}
	d.notRead(listCacheClusters.action, ofMembers...)
	d.facet("tags", tagsF, func() any { return tags })
	sortUnknown(d)
	return d.observe(region, typeReplicationGroup, id, id, elasticacheProjection)
}

func eachCacheSubnetGroup(ctx context.Context, s *session, ids []string, emit observe) error {
	return namedOrAll(ctx, ids, "CacheSubnetGroupNotFoundFault", func(ctx context.Context, id *string) error {
		p := elasticache.NewDescribeCacheSubnetGroupsPaginator(s.elasticache(), &elasticache.DescribeCacheSubnetGroupsInput{CacheSubnetGroupName: id, MaxRecords: aws.Int32(100)})
		return pages(ctx, p, func(out *elasticache.DescribeCacheSubnetGroupsOutput) error {
			return tagged(ctx, s, out.CacheSubnetGroups, func(g types.CacheSubnetGroup) *string { return g.ARN }, emit, func(g types.CacheSubnetGroup, f facet, tags map[string]any) discovery.Observation {
				d, name := newDocument(), aws.ToString(g.CacheSubnetGroupName)
				d.set("region", s.region)
				d.texts(map[string]*string{"arn": g.ARN, "name": g.CacheSubnetGroupName, "description": g.CacheSubnetGroupDescription, "vpcId": g.VpcId})
				subnets := make([]string, len(g.Subnets))
				for i, n := range g.Subnets {
					subnets[i] = aws.ToString(n.SubnetIdentifier)
				}
				d.set("subnetIds", sortedStrings(subnets))
				d.facet("tags", f, func() any { return tags })
				return d.observe(s.region, typeCacheSubnetGroup, name, name, elasticacheProjection)
			})
		})
	})
}
