"""What every operation of awsfake is asked with, beside nothing.

An operation is asked with each of its parameter sets; one that is not here is
asked without any. The first set finds something, others may not.
"""

REGION = "us-east-1"
ACCOUNT = "123456789012"


def arn(service, rest, region=REGION):
    return f"arn:aws:{service}:{region}:{ACCOUNT}:{rest}"


TRAIL, OTHER_TRAIL = (arn("cloudtrail", f"trail/trail-00000{i}") for i in (0, 1))
BALANCER, TARGETS, LISTENER = (
    arn("elasticloadbalancing", f"{kind}00000{{0}}/000000000000000{{0}}".format(0) + end)
    for kind, end in (("loadbalancer/app/load-balancer-", ""), ("targetgroup/target-group-", ""), ("listener/app/load-balancer-", "/0000000000000000"))
)
KEYS = [f"00000000-0000-4000-8000-00000000000{i}" for i in (0, 1, 9)]
FILE_SYSTEMS = [f"fs-{i:017x}" for i in (0, 1, 9)]
BUCKETS = [{"Bucket": f"bucket-0000000{i}"} for i in (3, 0, 1, 9)]


RECORDED = {
    "AWS::SQS::Queue": f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/queue-000000", "AWS::SNS::Topic": arn("sns", "topic-000000"), "AWS::KMS::Key": KEYS[0],
    "AWS::DynamoDB::Table": "table-000000", "AWS::Lambda::Function": "function-000000", "AWS::ECR::Repository": "repository-000000",
    "AWS::EFS::FileSystem": FILE_SYSTEMS[0], "AWS::ElasticLoadBalancingV2::LoadBalancer": BALANCER, "AWS::RDS::DBSnapshot": "dbsnapshot-000000",
    "AWS::RDS::DBClusterSnapshot": "dbclustersnapshot-000000", "AWS::S3::Bucket": "bucket-00000000",
}


def each(name, *values):
    return [{name: v} for v in values]


def each_type(**more):
    """Types that Cloud Control does not know, cannot list, and lists for a parent."""
    return [{"TypeName": name, **more} for name in ("AWS::No::Such", "AWS::EC2::NetworkAclEntry", "AWS::EKS::Nodegroup")]


PARAMETERS = {
    "acm": {
        "DescribeCertificate": each("CertificateArn", *(arn("acm", f"certificate/00000000-0000-0000-0000-00000000000{i}") for i in (0, 9))),
        "ListCertificates": [{}, {"Includes": {"keyTypes": ["EC_prime256v1"]}}, {"MaxItems": 1001}],
    },
    "apigateway": {
        "GetDomainName": each("domainName", "domain-000000", "none"),
        "GetRestApi": each("restApiId", "restapi-000000", "none"),
        "GetStage": [{"restApiId": "restapi-000000", "stageName": name} for name in ("prod", "none")],
        "GetStages": each("restApiId", "restapi-000000", "none"),
    },
    "apigatewayv2": {
        "GetApi": each("ApiId", "httpapi-000000", "none"),
        "GetDomainName": each("DomainName", "domain-000000", "none"),
        "GetStage": [{"ApiId": "httpapi-000000", "StageName": name} for name in ("$default", "none")],
        "GetStages": each("ApiId", "httpapi-000000", "none"),
    },
    "appflow": {
        "DescribeConnectorProfiles": [{}, {"connectorProfileNames": ["profile-000000", "none"]}],
        "DescribeFlow": each("flowName", "flow-000000", "none"),
    },
    "athena": {
        "BatchGetNamedQuery": [{"NamedQueryIds": ["query-000000", "none"]}],
        "GetDataCatalog": each("Name", "catalog-000000", "none"),
        "GetDatabase": [{"CatalogName": "AwsDataCatalog", "DatabaseName": name} for name in ("database-000000", "none")],
        "GetNamedQuery": each("NamedQueryId", "query-000000", "none"),
        "GetWorkGroup": each("WorkGroup", "workgroup-000000", "workgroup-000001", "none"),
        "ListDatabases": [{"CatalogName": "AwsDataCatalog"}],
        "ListNamedQueries": [{"WorkGroup": "workgroup-000000"}, {"WorkGroup": "workgroup-000001"}, {"WorkGroup": "none"}],
    },
    "autoscaling": {
        "DescribeAutoScalingGroups": [{}, {"AutoScalingGroupNames": ["scaling-group-000001", "none"]}],
        "DescribeLaunchConfigurations": [{}, {"LaunchConfigurationNames": ["launch-configuration-000001"]}],
        "DescribeLifecycleHooks": each("AutoScalingGroupName", "scaling-group-000000", "scaling-group-000001", "none"),
    },
    "backup": {
        "GetBackupPlan": each("BackupPlanId", "plan-000000", "none"),
        "GetBackupVaultAccessPolicy": each("BackupVaultName", "vault-000000", "vault-000001"),
    },
    "cloudcontrol": {
        "GetResource": [{"TypeName": "AWS::Logs::QueryDefinition", "Identifier": f"querydefinitionid-00000{i}"} for i in (0, 9)] + each_type(Identifier="x"),
        "ListResources": [{"TypeName": "AWS::Logs::QueryDefinition"}] + each_type(),
    },
    "cloudformation": {
        "DescribeType": [{"Type": "RESOURCE", "TypeName": name} for name in ("AWS::Logs::QueryDefinition", "AWS::No::Such")],
        "ListTypes": [{"Type": "RESOURCE", "Visibility": "PUBLIC"}, {"ProvisioningType": "NON_PROVISIONABLE"}],
    },
    "cloudfront": {
        "GetDistribution": each("Id", "E000000000000", "E000000000009"),
        "GetDistributionConfig": each("Id", "E000000000000", "E000000000009"),
    },
    "cloudtrail": {
        "GetEventDataStore": each("EventDataStore", arn("cloudtrail", "eventdatastore/store-000000"), arn("cloudtrail", "eventdatastore/store-000009")),
        "GetEventSelectors": each("TrailName", TRAIL, OTHER_TRAIL, TRAIL[:-1] + "9"),
        "GetInsightSelectors": each("TrailName", TRAIL, OTHER_TRAIL),
        "GetTrailStatus": each("Name", TRAIL, TRAIL[:-1] + "9"),
        "ListTags": [{"ResourceIdList": [TRAIL, OTHER_TRAIL]}],
    },
    "cloudwatch": {"DescribeAlarms": [{}, {"AlarmTypes": ["MetricAlarm", "CompositeAlarm"]}, {"AlarmNames": ["alarm-000001"]}]},
    "config": {
        "BatchGetResourceConfig": [{"resourceKeys": [{"resourceType": kind, "resourceId": i} for i in (name, "none")]} for kind, name in RECORDED.items()],
    },
    "dynamodb": {
        "DescribeContinuousBackups": each("TableName", "table-000000", "table-000001", "table-000009"),
        "DescribeTable": each("TableName", "table-000000", "table-000009"),
        "DescribeTimeToLive": each("TableName", "table-000000", "table-000001", "table-000009"),
    },
    "ec2": {
        "DescribeImages": [{"Owners": ["self"]}, {"ImageIds": ["ami-00000000000000001"]}],
        "DescribeInstances": [{"MaxResults": 1000}, {"InstanceIds": ["i-00000000000000001"]}, {"InstanceIds": ["i-00000000000000009"]}],
        "DescribeInstanceAttribute": [{"InstanceId": f"i-{i:017x}", "Attribute": name} for i in (1, 9) for name in ("disableApiStop", "disableApiTermination", "userData")],
        "DescribeSnapshots": [{"OwnerIds": ["self"]}, {"OwnerIds": ["self"], "RestorableByUserIds": ["all"]}],
        "DescribeFlowLogs": [{}, {"Filter": [{"Name": "flow-log-id", "Values": ["fl-00000000000000001"]}]}],
        "DescribeLaunchTemplateVersions": [{"Versions": ["$Latest"]}] + [{"LaunchTemplateId": f"lt-{i:017x}", "Versions": ["$Latest"]} for i in (1, 9)],
        "DescribeLaunchTemplates": [{}, {"LaunchTemplateIds": ["lt-00000000000000001"]}, {"LaunchTemplateIds": ["lt-00000000000000009"]}],
        "DescribeSecurityGroupRules": [{}, {"Filters": [{"Name": "security-group-rule-id", "Values": ["sgr-00000000000000001"]}]}],
        "DescribeVpcAttribute": [{"VpcId": f"vpc-{i:017x}", "Attribute": name} for i in (1, 9) for name in ("enableDnsSupport", "enableDnsHostnames", "enableNetworkAddressUsageMetrics")],
        "DescribeVolumes": [{}, {"Filters": [{"Name": "volume-id", "Values": ["vol-00000000000000001"]}]}],
    },
    "ecr": {
        "DescribeRepositories": [{}, {"repositoryNames": ["repository-000000"]}, {"repositoryNames": ["none"]}],
        "GetLifecyclePolicy": each("repositoryName", "repository-000000", "repository-000001", "none"),
        "GetRepositoryPolicy": each("repositoryName", "repository-000000", "repository-000001", "none"),
    },
    "ecs": {
        "DescribeClusters": [{"clusters": ["cluster-000000", "none"]}],
        "DescribeServices": [{"cluster": "cluster-000000", "services": ["service-000000", "none"]}, {"cluster": "none", "services": ["none"]}],
        "DescribeTaskDefinition": each("taskDefinition", "family-000000:1", "none"),
        "ListServices": each("cluster", "cluster-000000", "cluster-000001", "none"),
    },
    "efs": {
        "DescribeAccessPoints": [{}, {"AccessPointId": f"fsap-{1:017x}"}, {"AccessPointId": f"fsap-{9:017x}"}],
        "DescribeBackupPolicy": each("FileSystemId", *FILE_SYSTEMS),
        "DescribeFileSystemPolicy": each("FileSystemId", *FILE_SYSTEMS),
        "DescribeLifecycleConfiguration": each("FileSystemId", *FILE_SYSTEMS),
        "DescribeFileSystems": [{}] + each("FileSystemId", *FILE_SYSTEMS),
    },
    "eks": {
        "DescribeAddon": [{"clusterName": "eks-000000", "addonName": name} for name in ("addon-000000", "none")],
        "DescribeCluster": each("name", "eks-000000", "none"),
        "DescribeNodegroup": [{"clusterName": "eks-000000", "nodegroupName": name} for name in ("nodes-000000", "none")],
        "DescribePodIdentityAssociation": [{"clusterName": "eks-000000", "associationId": i} for i in ("a-000000", "a-999999")],
        "ListAddons": each("clusterName", "eks-000000", "none"),
        "ListNodegroups": each("clusterName", "eks-000000", "eks-000001", "none"),
    },
    "elasticache": {
        "DescribeCacheClusters": [{}, {"CacheClusterId": "cachecluster-000000"}, {"CacheClusterId": "none"}],
        "DescribeCacheSubnetGroups": [{}, {"CacheSubnetGroupName": "none"}],
        "DescribeReplicationGroups": [{}, {"ReplicationGroupId": "replicationgroup-000000"}, {"ReplicationGroupId": "none"}],
    },
    "elb": {
        "DescribeLoadBalancerAttributes": each("LoadBalancerName", "classic-000000", "none"),
        "DescribeLoadBalancers": [{}, {"LoadBalancerNames": ["classic-000000"]}, {"LoadBalancerNames": ["none"]}],
    },
    "elbv2": {
        "DescribeCapacityReservation": each("LoadBalancerArn", BALANCER, BALANCER + "9"),
        "DescribeListenerAttributes": each("ListenerArn", LISTENER, LISTENER + "9"),
        "DescribeListeners": [{"LoadBalancerArn": BALANCER}, {"ListenerArns": [LISTENER]}, {"ListenerArns": [LISTENER + "9"]}],
        "DescribeLoadBalancerAttributes": each("LoadBalancerArn", BALANCER, BALANCER + "9"),
        "DescribeLoadBalancers": [{}, {"LoadBalancerArns": [BALANCER]}, {"LoadBalancerArns": [BALANCER + "9"]}],
        "DescribeTags": [{"ResourceArns": [LISTENER]}],
        "DescribeTargetGroupAttributes": each("TargetGroupArn", TARGETS, TARGETS + "9"),
        "DescribeTargetGroups": [{}, {"TargetGroupArns": [TARGETS]}],
    },
    "guardduty": {"GetDetector": each("DetectorId", f"d{0:031d}", "none")},
    "iam": {
        "GetAccountAuthorizationDetails": [{}, {"Filter": ["Role"]}],
        "GetPolicy": each("PolicyArn", arn("iam", "policy/policy-000000", ""), arn("iam", "policy/policy-000009", "")),
        "GetRole": each("RoleName", "role-000000", "none"),
        "GetRolePolicy": [{"RoleName": "role-000000", "PolicyName": name} for name in ("inline", "none")],
        "GetLoginProfile": each("UserName", "user-000000", "none"),
        "GetUser": each("UserName", "user-000000", "none"),
        "GetUserPolicy": [{"UserName": "user-000000", "PolicyName": "none"}],
        "GetGroup": each("GroupName", "none"),
        "GetGroupPolicy": [{"GroupName": "none", "PolicyName": "none"}],
        "ListAccessKeys": each("UserName", "user-000001", "user-000000", "none"),
        "ListAttachedGroupPolicies": each("GroupName", "none"),
        "ListAttachedRolePolicies": each("RoleName", "role-000000", "none"),
        "ListAttachedUserPolicies": each("UserName", "user-000000", "none"),
    },
    "kinesis": {"DescribeStreamSummary": each("StreamName", "stream-000000", "stream-000001", "none")},
    "kms": {
        "DescribeKey": each("KeyId", *KEYS),
        "GetKeyPolicy": each("KeyId", *KEYS),
        "GetKeyRotationStatus": each("KeyId", *KEYS),
    },
    "lambda": {
        name: each("FunctionName", "function-000000", "function-000001", "none")
        for name in ("GetFunction", "GetFunctionCodeSigningConfig", "GetFunctionConcurrency", "GetFunctionConfiguration", "GetPolicy", "ListFunctionUrlConfigs")
    },
    "logs": {"DescribeMetricFilters": [{}, {"logGroupName": "log-group-000000"}, {"logGroupName": "none"}]},
    "opensearch": {
        "DescribeDomain": each("DomainName", "search-000000", "none"),
        "DescribeDomains": [{"DomainNames": ["search-000000", "search-000001", "none"]}],
    },
    "rds": {
        "DescribeDBClusterSnapshotAttributes": each("DBClusterSnapshotIdentifier", "dbclustersnapshot-000000", "none"),
        "DescribeDBClusterSnapshots": [{}, {"DBClusterSnapshotIdentifier": "none"}],
        "DescribeDBClusters": [{}, {"DBClusterIdentifier": "dbcluster-000000"}, {"DBClusterIdentifier": "none"}],
        "DescribeDBInstances": [{}, {"DBInstanceIdentifier": "dbinstance-000000"}, {"DBInstanceIdentifier": "none"}],
        "DescribeDBSnapshotAttributes": each("DBSnapshotIdentifier", "dbsnapshot-000000", "none"),
        "DescribeDBSnapshots": [{}, {"DBSnapshotIdentifier": "none"}],
        "DescribeDBSubnetGroups": [{}, {"DBSubnetGroupName": "none"}],
    },
    "redshift": {
        "DescribeClusterSubnetGroups": [{}, {"ClusterSubnetGroupName": "none"}],
        "DescribeClusters": [{}, {"ClusterIdentifier": "redshiftcluster-000000"}, {"ClusterIdentifier": "none"}],
        "DescribeLoggingStatus": each("ClusterIdentifier", "redshiftcluster-000000", "none"),
    },
    "resourcegroupstaggingapi": {"GetResources": [{"ResourceARNList": [TRAIL]}]},
    "route53": {
        "GetHostedZone": each("Id", "ZONE000000", "ZONE000009"),
        "GetQueryLoggingConfig": each("Id", "querylog-000000", "none"),
        "ListResourceRecordSets": each("HostedZoneId", "ZONE000000", "ZONE000001", "ZONE000009"),
    },
    "s3": {
        name: BUCKETS
        for name in (
            "GetBucketAccelerateConfiguration", "GetBucketAcl", "GetBucketCors", "GetBucketEncryption", "GetBucketLifecycleConfiguration",
            "GetBucketLocation", "GetBucketLogging", "GetBucketNotificationConfiguration", "GetBucketOwnershipControls", "GetBucketPolicy",
            "GetBucketPolicyStatus", "GetBucketReplication", "GetBucketRequestPayment", "GetBucketTagging", "GetBucketVersioning",
            "GetBucketWebsite", "GetObjectLockConfiguration", "GetPublicAccessBlock", "HeadBucket",
        )
    },
    "s3control": {"GetPublicAccessBlock": each("AccountId", ACCOUNT)},
    "secretsmanager": {
        "DescribeSecret": each("SecretId", arn("secretsmanager", "secret:secret-000000-AbCdEf"), "none"),
        "GetResourcePolicy": each("SecretId", arn("secretsmanager", "secret:secret-000000-AbCdEf"), "none"),
    },
    "sns": {
        "GetSubscriptionAttributes": each("SubscriptionArn", arn("sns", "topic-000000:subscription-000000"), arn("sns", "topic-000000:none")),
        "GetTopicAttributes": each("TopicArn", arn("sns", "topic-000000"), arn("sns", "none")),
    },
    "sqs": {"GetQueueAttributes": each("QueueUrl", *(f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{name}" for name in ("queue-000000", "none")))},
    "ssm": {
        "DescribeDocument": each("Name", "document-000000", "none"),
        "DescribeDocumentPermission": [{"Name": name, "PermissionType": "Share"} for name in ("document-000000", "document-000001", "none")],
        "DescribeParameters": [{}, {"ParameterFilters": [{"Key": "Name", "Option": "Equals", "Values": ["parameter-000000", "none"]}]}],
    },
    "stepfunctions": {
        "DescribeStateMachine": each("stateMachineArn", *(arn("states", "stateMachine:" + name) for name in ("machine-000000", "machine-000001", "none"))),
    },
    "wafv2": {
        "GetLoggingConfiguration": each("ResourceArn", arn("wafv2", "regional/webacl/acl-000000/x"), arn("wafv2", "regional/webacl/none/x")),
        "GetWebACL": [{"Name": f"acl-00000{i}", "Id": f"00000000-0000-4000-8000-00000000000{i}", "Scope": "REGIONAL"} for i in (0, 9)],
        "ListLoggingConfigurations": each("Scope", "REGIONAL", "CLOUDFRONT"),
        "ListWebACLs": each("Scope", "REGIONAL", "CLOUDFRONT"),
    },
    "sts": {"AssumeRole": [{"RoleArn": arn("iam", f"role/insights", ""), "RoleSessionName": "scan"}, {"RoleArn": "arn:aws:iam::999999999999:role/insights", "RoleSessionName": "scan"}]},
}

# What is never configured in an awsfake account, so there is no answer but an error.
NEVER = {
    "iam:GetAccountPasswordPolicy", "iam:GetUserPolicy", "iam:GetGroup", "iam:GetGroupPolicy", "iam:ListAttachedGroupPolicies",
    "s3:GetBucketPolicyStatus", "s3:GetBucketLifecycleConfiguration", "s3:GetBucketWebsite", "s3:GetBucketCors",
    "s3:GetBucketReplication", "s3:GetObjectLockConfiguration", "s3control:GetPublicAccessBlock",
}

# Where botocore's models are not AWS, and why awsfake is right.
EXPLAINED = {
    ("acm:DescribeCertificate", ".Certificate.KeyAlgorithm: 'RSA-2048' is none of KeyAlgorithm"): "ACM's own examples have it so; the list has RSA_2048",
    ("autoscaling:DescribeLaunchConfigurations", ".LaunchConfigurations[].KeyName: '' is too short or too long for XmlStringMaxLen255"): "an empty element is how no key is told",
    ("cloudfront:ListDistributions", "DistributionList.Items[].HttpVersion: 'HTTP2' is none of HttpVersion"): "lists write it in capitals, configurations do not",
    ("lambda:GetFunctionCodeSigningConfig", ".CodeSigningConfigArn is required and missing"): "of a function without one; Terraform's provider, too, reads a missing ARN as none",
    ("s3:GetBucketLocation", ": text 'eu-west-1' in a structure"): "the root element is the constraint; botocore's handlers read it so, its model cannot say it",
}
