from compare import resource, tags

INSTANCE, MEMBER, CLUSTER = "aws:rds/instance:Instance", "aws:rds/clusterInstance:ClusterInstance", "aws:rds/cluster:Cluster"
SNAPSHOT, CLUSTER_SNAPSHOT = "aws:rds/snapshot:Snapshot", "aws:rds/clusterSnapshot:ClusterSnapshot"
EXPOSURE, CLUSTER_EXPOSURE = "insights:aws/dbSnapshotExposure:DbSnapshotExposure", "insights:aws/dbClusterSnapshotExposure:DbClusterSnapshotExposure"
SUBNETS = "aws:rds/subnetGroup:SubnetGroup"

EXPLAINED = {SUBNETS: {"tags": "moto's Tagging API knows no subnet groups"}}

# moto does not say these of every instance.
UNSAID = ["performanceInsightsEnabled", "publiclyAccessible"]


def seed(aws):
    rds, ec2 = aws("rds"), aws("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    subnets = [ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.1.{i}.0/24", AvailabilityZone=f"us-east-1{z}")["Subnet"]["SubnetId"] for i, z in enumerate("ab")]
    group = ec2.create_security_group(GroupName="db", Description="db", VpcId=vpc)["GroupId"]
    owner = [{"Key": "owner", "Value": "shop"}]
    rds.create_db_subnet_group(DBSubnetGroupName="private", DBSubnetGroupDescription="private", SubnetIds=subnets, Tags=owner)
    rds.create_db_instance(
        DBInstanceIdentifier="orders", DBInstanceClass="db.m7g.large", Engine="postgres", EngineVersion="16.4", AllocatedStorage=100, StorageType="io1", Iops=3000,
        StorageEncrypted=True, KmsKeyId="key", MasterUsername="boss", MasterUserPassword="never-shown", DBName="orders", DBSubnetGroupName="private",
        VpcSecurityGroupIds=[group], BackupRetentionPeriod=7, PreferredBackupWindow="01:00-02:00", PreferredMaintenanceWindow="sun:03:00-sun:04:00", MultiAZ=True,
        PubliclyAccessible=True, AutoMinorVersionUpgrade=False, DeletionProtection=True, EnableIAMDatabaseAuthentication=True, CopyTagsToSnapshot=True,
        EnablePerformanceInsights=True, PerformanceInsightsKMSKeyId="key", MonitoringInterval=60, MonitoringRoleArn="arn:aws:iam::123456789012:role/monitor",
        EnableCloudwatchLogsExports=["upgrade", "postgresql"], Port=5433, MaxAllocatedStorage=500, CACertificateIdentifier="rds-ca-rsa2048-g1", Tags=owner)
    rds.create_db_instance(DBInstanceIdentifier="plain", DBInstanceClass="db.t3.micro", Engine="mysql", AllocatedStorage=20, MasterUsername="boss", MasterUserPassword="never-shown")
    rds.create_db_cluster(
        DBClusterIdentifier="ledger", Engine="aurora-postgresql", EngineVersion="16.4", MasterUsername="boss", MasterUserPassword="never-shown", DatabaseName="ledger",
        DBSubnetGroupName="private", StorageEncrypted=True, KmsKeyId="key", BackupRetentionPeriod=14, DeletionProtection=True, EnableIAMDatabaseAuthentication=True,
        CopyTagsToSnapshot=True, EnableCloudwatchLogsExports=["postgresql"], AvailabilityZones=["us-east-1b", "us-east-1a"], VpcSecurityGroupIds=[group],
        ServerlessV2ScalingConfiguration={"MinCapacity": 0.5, "MaxCapacity": 8}, Tags=owner)
    rds.create_db_instance(DBInstanceIdentifier="ledger-1", DBClusterIdentifier="ledger", DBInstanceClass="db.serverless", Engine="aurora-postgresql", PromotionTier=2)
    rds.create_db_snapshot(DBSnapshotIdentifier="orders-1", DBInstanceIdentifier="orders", Tags=owner)
    rds.create_db_snapshot(DBSnapshotIdentifier="plain-1", DBInstanceIdentifier="plain")
    rds.modify_db_snapshot_attribute(DBSnapshotIdentifier="plain-1", AttributeName="restore", ValuesToAdd=["all"])
    rds.create_db_cluster_snapshot(DBClusterSnapshotIdentifier="ledger-1", DBClusterIdentifier="ledger")
    rds.modify_db_cluster_snapshot_attribute(DBClusterSnapshotIdentifier="ledger-1", AttributeName="restore", ValuesToAdd=["210987654321"])


def groups(members):
    return sorted(g["VpcSecurityGroupId"] for g in members)


def instance(i):
    return {
        "region": "us-east-1", "arn": i["DBInstanceArn"], "identifier": i["DBInstanceIdentifier"], "engine": i["Engine"], "engineVersion": i["EngineVersion"],
        "instanceClass": i["DBInstanceClass"], "availabilityZone": i.get("AvailabilityZone"), "kmsKeyId": i.get("KmsKeyId"), "caCertIdentifier": i.get("CACertificateIdentifier"),
        "customIamInstanceProfile": i.get("CustomIamInstanceProfile"), "monitoringRoleArn": i.get("MonitoringRoleArn"), "monitoringInterval": i.get("MonitoringInterval"),
        "networkType": i.get("NetworkType"), "performanceInsightsKmsKeyId": i.get("PerformanceInsightsKMSKeyId"),
        "performanceInsightsRetentionPeriod": i.get("PerformanceInsightsRetentionPeriod"), "autoMinorVersionUpgrade": i.get("AutoMinorVersionUpgrade"),
        "copyTagsToSnapshot": i.get("CopyTagsToSnapshot"), "performanceInsightsEnabled": i.get("PerformanceInsightsEnabled"),
        "publiclyAccessible": i.get("PubliclyAccessible"), "storageEncrypted": i.get("StorageEncrypted"),
        "port": i.get("Endpoint", {}).get("Port") or i.get("DbInstancePort") or None, "dbSubnetGroupName": i.get("DBSubnetGroup", {}).get("DBSubnetGroupName"),
        "tags": tags(i.get("TagList")),
    }


def member(i):
    return {
        "clusterIdentifier": i["DBClusterIdentifier"], "preferredBackupWindow": i.get("PreferredBackupWindow"), "promotionTier": i.get("PromotionTier"),
        "preferredMaintenanceWindow": i.get("PreferredMaintenanceWindow"), "dbParameterGroupName": next((g["DBParameterGroupName"] for g in i["DBParameterGroups"]), None),
    }


def single(i):
    return {
        "backupTarget": i.get("BackupTarget"), "backupWindow": i.get("PreferredBackupWindow"), "maintenanceWindow": i.get("PreferredMaintenanceWindow"),
        "characterSetName": i.get("CharacterSetName"), "dbName": i.get("DBName"), "engineLifecycleSupport": i.get("EngineLifecycleSupport"),
        "licenseModel": i.get("LicenseModel"), "ncharCharacterSetName": i.get("NcharCharacterSetName"), "replicateSourceDb": i.get("ReadReplicaSourceDBInstanceIdentifier"),
        "storageType": i.get("StorageType"), "timezone": i.get("Timezone"), "username": i.get("MasterUsername"), "databaseInsightsMode": i.get("DatabaseInsightsMode"),
        "replicaMode": i.get("ReplicaMode"), "deletionProtection": i.get("DeletionProtection"), "iamDatabaseAuthenticationEnabled": i.get("IAMDatabaseAuthenticationEnabled"),
        "multiAz": i.get("MultiAZ"), "backupRetentionPeriod": i.get("BackupRetentionPeriod"), "allocatedStorage": i.get("AllocatedStorage"), "iops": i.get("Iops"),
        "maxAllocatedStorage": i.get("MaxAllocatedStorage"), "storageThroughput": i.get("StorageThroughput"), "customerOwnedIpEnabled": i.get("CustomerOwnedIpEnabled", False),
        "dedicatedLogVolume": i.get("DedicatedLogVolume", False), "enabledCloudwatchLogsExports": sorted(i.get("EnabledCloudwatchLogsExports", [])),
        "vpcSecurityGroupIds": groups(i["VpcSecurityGroups"]), "parameterGroupName": next((g["DBParameterGroupName"] for g in i["DBParameterGroups"]), None),
        "optionGroupName": next((g["OptionGroupName"] for g in i.get("OptionGroupMemberships", [])), None),
    }


def cluster(c):
    scaling = c.get("ServerlessV2ScalingConfiguration", {})
    return {
        "region": "us-east-1", "arn": c["DBClusterArn"], "clusterIdentifier": c["DBClusterIdentifier"], "databaseName": c.get("DatabaseName"),
        "dbClusterInstanceClass": c.get("DBClusterInstanceClass"), "dbClusterParameterGroupName": c.get("DBClusterParameterGroup"), "dbSubnetGroupName": c.get("DBSubnetGroup"),
        "engine": c["Engine"], "engineLifecycleSupport": c.get("EngineLifecycleSupport"), "engineMode": c.get("EngineMode"), "engineVersion": c["EngineVersion"],
        "globalClusterIdentifier": c.get("GlobalClusterIdentifier"), "kmsKeyId": c.get("KmsKeyId"), "masterUsername": c.get("MasterUsername"),
        "monitoringRoleArn": c.get("MonitoringRoleArn"), "monitoringInterval": c.get("MonitoringInterval"), "networkType": c.get("NetworkType"),
        "performanceInsightsKmsKeyId": c.get("PerformanceInsightsKMSKeyId"), "performanceInsightsEnabled": c.get("PerformanceInsightsEnabled"),
        "performanceInsightsRetentionPeriod": c.get("PerformanceInsightsRetentionPeriod"), "preferredBackupWindow": c.get("PreferredBackupWindow"),
        "preferredMaintenanceWindow": c.get("PreferredMaintenanceWindow"), "replicationSourceIdentifier": c.get("ReplicationSourceIdentifier"),
        "storageType": c.get("StorageType"), "copyTagsToSnapshot": c.get("CopyTagsToSnapshot"), "deletionProtection": c.get("DeletionProtection"),
        "iamDatabaseAuthenticationEnabled": c.get("IAMDatabaseAuthenticationEnabled"), "storageEncrypted": c.get("StorageEncrypted"),
        "autoMinorVersionUpgrade": c.get("AutoMinorVersionUpgrade"), "enableHttpEndpoint": c.get("HttpEndpointEnabled"),
        "enableGlobalWriteForwarding": c.get("GlobalWriteForwardingRequested"), "backupRetentionPeriod": c.get("BackupRetentionPeriod"),
        "allocatedStorage": c.get("AllocatedStorage"), "iops": c.get("Iops"), "port": c.get("Port"), "backtrackWindow": c.get("BacktrackWindow"),
        "availabilityZones": sorted(c.get("AvailabilityZones", [])), "enabledCloudwatchLogsExports": sorted(c.get("EnabledCloudwatchLogsExports", [])),
        "vpcSecurityGroupIds": groups(c["VpcSecurityGroups"]), "tags": tags(c.get("TagList")), "iamRoles": sorted(r["RoleArn"] for r in c.get("AssociatedRoles", [])),
        "serverlessv2ScalingConfiguration": {
            k: v for k, v in {"minCapacity": scaling.get("MinCapacity"), "maxCapacity": scaling.get("MaxCapacity"),
                              "secondsUntilAutoPause": scaling.get("SecondsUntilAutoPause")}.items() if v is not None},
    }


def password(d, name):
    """What is never returned, unless Secrets Manager keeps it."""
    return [] if d.get("MasterUserSecret") else [name]


def shared(attributes):
    return sorted(v for a in attributes if a["AttributeName"] == "restore" for v in a["AttributeValues"])


def expected(aws):
    rds = aws("rds")
    for i in rds.describe_db_instances()["DBInstances"]:
        name = i["DBInstanceIdentifier"]
        unsaid = [p for p in UNSAID if instance(i)[p] is None]
        if "DBClusterIdentifier" in i:
            yield resource(MEMBER, name, name, {**instance(i), **member(i)}, unknown=unsaid)
        else:
            yield resource(INSTANCE, name, name, {**instance(i), **single(i)}, unknown=[*unsaid, *password(i, "password")])
    for c in rds.describe_db_clusters()["DBClusters"]:
        yield resource(CLUSTER, c["DBClusterIdentifier"], c["DBClusterIdentifier"], cluster(c), unknown=password(c, "masterPassword"))
    for s in rds.describe_db_snapshots()["DBSnapshots"]:
        name = s["DBSnapshotIdentifier"]
        if s["SnapshotType"] == "automated":
            continue
        with_ = shared(rds.describe_db_snapshot_attributes(DBSnapshotIdentifier=name)["DBSnapshotAttributesResult"]["DBSnapshotAttributes"])
        yield resource(SNAPSHOT, name, name, {
            "region": "us-east-1", "dbSnapshotArn": s["DBSnapshotArn"], "dbSnapshotIdentifier": name, "dbInstanceIdentifier": s["DBInstanceIdentifier"],
            "availabilityZone": s.get("AvailabilityZone"), "engine": s["Engine"], "engineVersion": s["EngineVersion"], "kmsKeyId": s.get("KmsKeyId"),
            "licenseModel": s.get("LicenseModel"), "optionGroupName": s.get("OptionGroupName"), "snapshotType": s["SnapshotType"], "encrypted": s["Encrypted"],
            "sourceDbSnapshotIdentifier": s.get("SourceDBSnapshotIdentifier"), "sourceRegion": s.get("SourceRegion"), "storageType": s.get("StorageType"),
            "vpcId": s.get("VpcId"), "allocatedStorage": s.get("AllocatedStorage"), "iops": s.get("Iops"), "port": s.get("Port"), "tags": tags(s.get("TagList")),
            "sharedAccounts": with_,
        })
        yield resource(EXPOSURE, name, name, {"snapshotId": name, "public": "all" in with_})
    for s in rds.describe_db_cluster_snapshots()["DBClusterSnapshots"]:
        name = s["DBClusterSnapshotIdentifier"]
        if s["SnapshotType"] == "automated":
            continue
        answer = rds.describe_db_cluster_snapshot_attributes(DBClusterSnapshotIdentifier=name)
        with_ = shared(answer["DBClusterSnapshotAttributesResult"]["DBClusterSnapshotAttributes"])
        yield resource(CLUSTER_SNAPSHOT, name, name, {
            "region": "us-east-1", "dbClusterSnapshotArn": s["DBClusterSnapshotArn"], "dbClusterSnapshotIdentifier": name,
            "dbClusterIdentifier": s["DBClusterIdentifier"], "engine": s["Engine"], "engineVersion": s["EngineVersion"], "kmsKeyId": s.get("KmsKeyId"),
            "licenseModel": s.get("LicenseModel"), "snapshotType": s["SnapshotType"], "sourceDbClusterSnapshotArn": s.get("SourceDBClusterSnapshotArn"),
            "vpcId": s.get("VpcId"), "storageEncrypted": s["StorageEncrypted"], "allocatedStorage": s.get("AllocatedStorage"), "port": s.get("Port"),
            "availabilityZones": sorted(s.get("AvailabilityZones", [])), "tags": tags(s.get("TagList")), "sharedAccounts": with_,
        })
        yield resource(CLUSTER_EXPOSURE, name, name, {"snapshotId": name, "public": "all" in with_})
    for g in rds.describe_db_subnet_groups()["DBSubnetGroups"]:
        name = g["DBSubnetGroupName"]
        yield resource(SUBNETS, name, name, {
            "region": "us-east-1", "arn": g["DBSubnetGroupArn"], "name": name, "description": g["DBSubnetGroupDescription"], "vpcId": g["VpcId"],
            "subnetIds": sorted(s["SubnetIdentifier"] for s in g["Subnets"]), "supportedNetworkTypes": sorted(g.get("SupportedNetworkTypes", [])),
            "tags": tags(rds.list_tags_for_resource(ResourceName=g["DBSubnetGroupArn"])["TagList"]),
        })
