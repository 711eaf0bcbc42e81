from compare import resource, tags

CLUSTER, GROUP, SUBNETS = "aws:elasticache/cluster:Cluster", "aws:elasticache/replicationGroup:ReplicationGroup", "aws:elasticache/subnetGroup:SubnetGroup"

EXPLAINED = {}


def seed(aws):
    cache, ec2 = aws("elasticache"), aws("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.11.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.11.1.0/24")["Subnet"]["SubnetId"]
    cache.create_cache_subnet_group(CacheSubnetGroupName="inside", CacheSubnetGroupDescription="of the shop", SubnetIds=[subnet], Tags=[{"Key": "owner", "Value": "shop"}])
    cache.create_cache_cluster(
        CacheClusterId="sessions", Engine="memcached", CacheNodeType="cache.t3.micro", NumCacheNodes=2, Port=11211, PreferredMaintenanceWindow="sun:01:00-sun:02:00",
        CacheSubnetGroupName="inside", SecurityGroupIds=["sg-1"], Tags=[{"Key": "owner", "Value": "shop"}])
    cache.create_replication_group(
        ReplicationGroupId="carts", ReplicationGroupDescription="of the shop", Engine="redis", CacheNodeType="cache.t3.micro", NumCacheClusters=2,
        AutomaticFailoverEnabled=True, MultiAZEnabled=True, AtRestEncryptionEnabled=True, TransitEncryptionEnabled=True, KmsKeyId="arn:aws:kms:us-east-1:123456789012:key/k",
        SnapshotRetentionLimit=3, Tags=[{"Key": "owner", "Value": "shop"}])


OF_MEMBERS = ["engineVersion", "maintenanceWindow", "notificationTopicArn", "parameterGroupName", "securityGroupIds", "subnetGroupName"]


def expected(aws):
    cache = aws("elasticache")

    def own(arn):
        return tags(cache.list_tags_for_resource(ResourceName=arn)["TagList"])

    for c in cache.describe_cache_clusters(ShowCacheNodeInfo=True)["CacheClusters"]:
        ident, zone, nodes = c["CacheClusterId"], c.get("PreferredAvailabilityZone"), c.get("CacheNodes", [])
        endpoint = c.get("ConfigurationEndpoint") or (nodes[0].get("Endpoint") if nodes else None) or {}
        yield resource(CLUSTER, ident, ident, {
            "region": "us-east-1", "arn": c["ARN"], "clusterId": ident, "engine": c["Engine"], "engineVersion": c.get("EngineVersion"), "nodeType": c["CacheNodeType"],
            "maintenanceWindow": c.get("PreferredMaintenanceWindow"), "snapshotWindow": c.get("SnapshotWindow"), "subnetGroupName": c.get("CacheSubnetGroupName"),
            "replicationGroupId": c.get("ReplicationGroupId"), "transitEncryptionEnabled": c.get("TransitEncryptionEnabled"),
            "preferredOutpostArn": c.get("PreferredOutpostArn"), "autoMinorVersionUpgrade": str(c["AutoMinorVersionUpgrade"]).lower() if "AutoMinorVersionUpgrade" in c else None,
            "ipDiscovery": c.get("IpDiscovery"), "networkType": c.get("NetworkType"), "numCacheNodes": c.get("NumCacheNodes"),
            "snapshotRetentionLimit": c.get("SnapshotRetentionLimit"), "azMode": {None: None, "": None, "Multiple": "cross-az"}.get(zone, "single-az"),
            "availabilityZone": None if zone == "Multiple" else zone, "parameterGroupName": (c.get("CacheParameterGroup") or {}).get("CacheParameterGroupName"),
            "notificationTopicArn": (c.get("NotificationConfiguration") or {}).get("TopicArn"), "port": endpoint.get("Port"),
            "securityGroupIds": sorted(g["SecurityGroupId"] for g in c.get("SecurityGroups", []) if "SecurityGroupId" in g),
            "logDeliveryConfigurations": [{k: v for k, v in {
                "destinationType": x.get("DestinationType"), "logFormat": x.get("LogFormat"), "logType": x.get("LogType")}.items() if v}
                for x in c.get("LogDeliveryConfigurations", [])], "tags": own(c["ARN"]),
        }, unknown=[] if "TransitEncryptionEnabled" in c else ["transitEncryptionEnabled"])
    for g in cache.describe_replication_groups()["ReplicationGroups"]:
        ident, nodes, unknown = g["ReplicationGroupId"], g.get("NodeGroups", []), list(OF_MEMBERS)
        unknown += [name for name, key in (("atRestEncryptionEnabled", "AtRestEncryptionEnabled"), ("transitEncryptionEnabled", "TransitEncryptionEnabled"),
                                           ("automaticFailoverEnabled", "AutomaticFailover"), ("multiAzEnabled", "MultiAZ")) if key not in g]
        unknown += ["authToken"] if g.get("AuthTokenEnabled") else []
        endpoint = g.get("ConfigurationEndpoint") or (nodes[0].get("PrimaryEndpoint") if nodes else None) or {}
        yield resource(GROUP, ident, ident, {
            "region": "us-east-1", "arn": g["ARN"], "replicationGroupId": ident, "description": g.get("Description"), "engine": g.get("Engine"), "kmsKeyId": g.get("KmsKeyId"),
            "nodeType": g.get("CacheNodeType"), "snapshotWindow": g.get("SnapshotWindow"), "atRestEncryptionEnabled": g.get("AtRestEncryptionEnabled"),
            "transitEncryptionEnabled": g.get("TransitEncryptionEnabled"), "autoMinorVersionUpgrade": g.get("AutoMinorVersionUpgrade"),
            "automaticFailoverEnabled": g["AutomaticFailover"] in ("enabled", "enabling") if "AutomaticFailover" in g else None,
            "multiAzEnabled": g["MultiAZ"] == "enabled" if "MultiAZ" in g else None, "clusterMode": g.get("ClusterMode"),
            "dataTieringEnabled": g.get("DataTiering") == "enabled", "ipDiscovery": g.get("IpDiscovery"), "networkType": g.get("NetworkType"),
            "transitEncryptionMode": g.get("TransitEncryptionMode"), "snapshotRetentionLimit": g.get("SnapshotRetentionLimit"),
            "numCacheClusters": len(g.get("MemberClusters", [])), "numNodeGroups": len(nodes),
            "replicasPerNodeGroup": max(0, len(nodes[0].get("NodeGroupMembers", [])) - 1) if nodes else None, "port": endpoint.get("Port"),
            "userGroupIds": sorted(g.get("UserGroupIds", [])), "tags": own(g["ARN"]),
            "globalReplicationGroupId": (g.get("GlobalReplicationGroupInfo") or {}).get("GlobalReplicationGroupId"),
        }, unknown=unknown)
    for g in cache.describe_cache_subnet_groups()["CacheSubnetGroups"]:
        name = g["CacheSubnetGroupName"]
        yield resource(SUBNETS, name, name, {
            "region": "us-east-1", "arn": g["ARN"], "name": name, "description": g.get("CacheSubnetGroupDescription"), "vpcId": g.get("VpcId"),
            "subnetIds": sorted(s["SubnetIdentifier"] for s in g.get("Subnets", [])), "tags": own(g["ARN"])})
