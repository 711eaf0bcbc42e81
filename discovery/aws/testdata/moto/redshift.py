from compare import resource, tags

CLUSTER, LOGGING, COPY, SUBNETS = (
    "aws:redshift/cluster:Cluster", "aws:redshift/logging:Logging", "aws:redshift/snapshotCopy:SnapshotCopy", "aws:redshift/subnetGroup:SubnetGroup")

EXPLAINED = {}


def seed(aws):
    redshift, ec2 = aws("redshift"), aws("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.10.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.10.1.0/24")["Subnet"]["SubnetId"]
    redshift.create_cluster_subnet_group(ClusterSubnetGroupName="inside", Description="of the shop", SubnetIds=[subnet], Tags=[{"Key": "owner", "Value": "shop"}])
    redshift.create_cluster(
        ClusterIdentifier="sales", NodeType="ra3.xlplus", ClusterType="multi-node", NumberOfNodes=2, MasterUsername="admin", MasterUserPassword="Secret123",
        DBName="sales", ClusterSubnetGroupName="inside", Encrypted=True, KmsKeyId="arn:aws:kms:us-east-1:123456789012:key/k", PubliclyAccessible=False,
        AutomatedSnapshotRetentionPeriod=7, PreferredMaintenanceWindow="sun:01:00-sun:01:30", EnhancedVpcRouting=True, Port=5440, AllowVersionUpgrade=True,
        IamRoles=["arn:aws:iam::123456789012:role/copy"], Tags=[{"Key": "owner", "Value": "shop"}])
    redshift.create_cluster(ClusterIdentifier="plain", NodeType="ra3.xlplus", MasterUsername="admin", MasterUserPassword="Secret123")
    aws("s3").create_bucket(Bucket="redshift-logs")
    redshift.enable_logging(ClusterIdentifier="sales", BucketName="redshift-logs", S3KeyPrefix="sales/")
    redshift.enable_snapshot_copy(ClusterIdentifier="sales", DestinationRegion="us-west-2", RetentionPeriod=3, SnapshotCopyGrantName="grant")


def arn(path):
    return "arn:aws:redshift:us-east-1:123456789012:" + path


def expected(aws):
    redshift = aws("redshift")
    for c in redshift.describe_clusters()["Clusters"]:
        ident, groups = c["ClusterIdentifier"], c.get("ClusterParameterGroups", [])
        about = {"region": "us-east-1", "clusterIdentifier": ident}
        yield resource(CLUSTER, ident, ident, about | {
            "arn": arn("cluster:" + ident), "availabilityZone": c.get("AvailabilityZone"), "clusterSubnetGroupName": c.get("ClusterSubnetGroupName"),
            "clusterVersion": c.get("ClusterVersion"), "databaseName": c.get("DBName"), "kmsKeyId": c.get("KmsKeyId"), "masterUsername": c["MasterUsername"],
            "nodeType": c["NodeType"], "preferredMaintenanceWindow": c.get("PreferredMaintenanceWindow"), "allowVersionUpgrade": c["AllowVersionUpgrade"],
            "encrypted": c["Encrypted"], "enhancedVpcRouting": c["EnhancedVpcRouting"], "publiclyAccessible": c["PubliclyAccessible"],
            "automatedSnapshotRetentionPeriod": c["AutomatedSnapshotRetentionPeriod"], "manualSnapshotRetentionPeriod": c.get("ManualSnapshotRetentionPeriod"),
            "numberOfNodes": c["NumberOfNodes"], "clusterType": "multi-node" if c["NumberOfNodes"] > 1 else "single-node",
            "port": c.get("Endpoint", {}).get("Port"), "clusterParameterGroupName": groups[0]["ParameterGroupName"] if groups else None,
            "iamRoles": sorted(r["IamRoleArn"] for r in c.get("IamRoles", [])), "clusterNamespaceArn": c.get("ClusterNamespaceArn"),
            "vpcSecurityGroupIds": sorted(g["VpcSecurityGroupId"] for g in c.get("VpcSecurityGroups", [])), "tags": tags(c.get("Tags")),
        }, unknown=["masterPassword"])
        if copy := c.get("ClusterSnapshotCopyStatus"):
            yield resource(COPY, ident, ident, about | {
                "destinationRegion": copy["DestinationRegion"], "retentionPeriod": copy["RetentionPeriod"], "snapshotCopyGrantName": copy.get("SnapshotCopyGrantName"),
                "manualSnapshotRetentionPeriod": copy.get("ManualSnapshotRetentionPeriod")})
        log = redshift.describe_logging_status(ClusterIdentifier=ident)
        if log["LoggingEnabled"]:
            yield resource(LOGGING, ident, ident, about | {
                "bucketName": log.get("BucketName"), "s3KeyPrefix": log.get("S3KeyPrefix"), "logDestinationType": log.get("LogDestinationType"),
                "logExports": sorted(log.get("LogExports", []))})
    for g in redshift.describe_cluster_subnet_groups()["ClusterSubnetGroups"]:
        name = g["ClusterSubnetGroupName"]
        yield resource(SUBNETS, name, name, {
            "region": "us-east-1", "arn": arn("subnetgroup:" + name), "name": name, "description": g["Description"],
            "subnetIds": sorted(s["SubnetIdentifier"] for s in g["Subnets"]), "tags": tags(g.get("Tags"))})
