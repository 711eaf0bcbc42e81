package awsfake

import (
	"bytes"
	"fmt"
)

var elasticacheOperations = map[string]operation{
	"DescribeCacheClusters": cacheClusters.describe, "DescribeReplicationGroups": replicationGroups.describe, "DescribeCacheSubnetGroups": cacheSubnetGroups.describe,
}

var (
	cacheClusters     = rdsKind{[]string{"cacheCluster"}, "CacheClusterId", "CacheClusters", "CacheCluster", "CacheClusterNotFound", cacheCluster}
	replicationGroups = rdsKind{[]string{"replicationGroup"}, "ReplicationGroupId", "ReplicationGroups", "ReplicationGroup", "ReplicationGroupNotFoundFault", replicationGroup}
	cacheSubnetGroups = rdsKind{[]string{"cacheSubnetGroup"}, "CacheSubnetGroupName", "CacheSubnetGroups", "CacheSubnetGroup", "CacheSubnetGroupNotFoundFault", cacheSubnetGroup}
)

func (q *request) cacheARN(kind, name string) string {
	return "arn:aws:elasticache:" + q.region + ":" + q.pop.AccountID + ":" + kind + ":" + name
}

func cacheCluster(q *request, b *bytes.Buffer, _, name string) {
	window := "sun:01:00-sun:02:00"
	if q.touched(name) {
		window = "mon:01:00-mon:02:00"
	}
	fmt.Fprintf(b, `<CacheClusterId>%s</CacheClusterId><ARN>%s</ARN><CacheClusterStatus>available</CacheClusterStatus><Engine>memcached</Engine><EngineVersion>1.6.22</EngineVersion>`+
		`<CacheNodeType>cache.t4g.micro</CacheNodeType><NumCacheNodes>1</NumCacheNodes><PreferredAvailabilityZone>us-east-1a</PreferredAvailabilityZone>`+
		`<PreferredMaintenanceWindow>%s</PreferredMaintenanceWindow><TransitEncryptionEnabled>false</TransitEncryptionEnabled><AtRestEncryptionEnabled>false</AtRestEncryptionEnabled>`+
		`<AutoMinorVersionUpgrade>true</AutoMinorVersionUpgrade><ConfigurationEndpoint><Address>c.test</Address><Port>11211</Port></ConfigurationEndpoint>`,
		name, q.cacheARN("cluster", name), window)
}

func replicationGroup(q *request, b *bytes.Buffer, _, name string) {
	fmt.Fprintf(b, `<ReplicationGroupId>%s</ReplicationGroupId><ARN>%s</ARN><Description>%s</Description><Status>available</Status><Engine>redis</Engine>`+
		`<CacheNodeType>cache.t4g.micro</CacheNodeType><AutomaticFailover>enabled</AutomaticFailover><MultiAZ>disabled</MultiAZ><AtRestEncryptionEnabled>true</AtRestEncryptionEnabled>`+
		`<TransitEncryptionEnabled>true</TransitEncryptionEnabled><AuthTokenEnabled>true</AuthTokenEnabled><MemberClusters><ClusterId>m-1</ClusterId><ClusterId>m-2</ClusterId></MemberClusters>`+
		`<SnapshotRetentionLimit>0</SnapshotRetentionLimit>`, name, q.cacheARN("replicationgroup", name), q.described(name))
}

func cacheSubnetGroup(q *request, b *bytes.Buffer, _, name string) {
	fmt.Fprintf(b, `<CacheSubnetGroupName>%s</CacheSubnetGroupName><ARN>%s</ARN><CacheSubnetGroupDescription>%s</CacheSubnetGroupDescription><VpcId>vpc-00000000000000000</VpcId>`+
		`<Subnets><Subnet><SubnetIdentifier>subnet-00000000000000000</SubnetIdentifier></Subnet></Subnets>`, name, q.cacheARN("subnetgroup", name), q.described(name))
}
