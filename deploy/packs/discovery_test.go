package packs_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// emitted are the properties that discovery/aws gives the types that policies
// judge, or says of that they are unknown.
var emitted = table(`
aws:acm/certificate:Certificate: arn certificateAuthorityArn domainName domainValidationOptions keyAlgorithm notAfter notBefore options
    region renewalEligibility renewalSummaries status subjectAlternativeNames tags type validationMethod
aws:autoscaling/group:Group: arn availabilityZoneDistribution availabilityZones capacityRebalance capacityReservationSpecification context
    defaultCooldown defaultInstanceWarmup desiredCapacity desiredCapacityType enabledMetrics healthCheckGracePeriod healthCheckType
    initialLifecycleHooks instanceLifecyclePolicy instanceMaintenancePolicy launchConfiguration launchTemplate loadBalancers
    maxInstanceLifetime maxSize metricsGranularity minSize mixedInstancesPolicy name placementGroup protectFromScaleIn region
    serviceLinkedRoleArn suspendedProcesses tags targetGroupArns terminationPolicies trafficSources vpcZoneIdentifiers warmPool
aws:cloudfront/distribution:Distribution: aliases anycastIpListId arn cacheTagConfig comment connectionFunctionAssociation
    continuousDeploymentPolicyId customErrorResponses defaultCacheBehavior defaultRootObject enabled httpVersion isIpv6Enabled
    loggingConfig orderedCacheBehaviors originGroups origins priceClass restrictions staging tags viewerCertificate viewerMtlsConfig
    webAclId
aws:cloudtrail/trail:Trail: advancedEventSelectors cloudWatchLogsGroupArn cloudWatchLogsRoleArn enableLogFileValidation enableLogging
    eventSelectors includeGlobalServiceEvents isMultiRegionTrail isOrganizationTrail kmsKeyId name region s3BucketName s3KeyPrefix
    snsTopicName tags
aws:dynamodb/table:Table: arn attributes billingMode deletionProtectionEnabled globalSecondaryIndexes hashKey localSecondaryIndexes name
    onDemandThroughput pointInTimeRecovery rangeKey readCapacity region replicas serverSideEncryption streamEnabled streamViewType
    tableClass tags ttl writeCapacity
aws:cfg/recorder:Recorder: name recordingGroup recordingMode region roleArn
aws:cloudtrail/eventDataStore:EventDataStore: advancedEventSelectors arn billingMode kmsKeyId multiRegionEnabled name organizationEnabled region
    retentionPeriod suspend tags terminationProtectionEnabled
aws:cloudtrail/trail:Trail: advancedEventSelectors arn cloudWatchLogsGroupArn cloudWatchLogsRoleArn enableLogFileValidation enableLogging
    eventSelectors homeRegion includeGlobalServiceEvents insightSelectors isMultiRegionTrail isOrganizationTrail kmsKeyId name region s3BucketName
    s3KeyPrefix snsTopicArn snsTopicName tags
aws:cloudwatch/compositeAlarm:CompositeAlarm: actionsEnabled actionsSuppressor alarmActions alarmDescription alarmName alarmRule arn
    insufficientDataActions okActions region tags
aws:cloudwatch/logGroup:LogGroup: arn deletionProtectionEnabled kmsKeyId logGroupClass name region retentionInDays tags
aws:cloudwatch/metricAlarm:MetricAlarm: actionsEnabled alarmActions alarmDescription arn comparisonOperator datapointsToAlarm dimensions
    evaluateLowSampleCountPercentiles evaluationPeriods extendedStatistic insufficientDataActions metricName metricQueries name namespace okActions
    period region statistic tags threshold thresholdMetricId treatMissingData unit
aws:ebs/encryptionByDefault:EncryptionByDefault: enabled region
aws:ebs/snapshot:Snapshot: description encrypted kmsKeyId region storageTier tags volumeId volumeSize
aws:ebs/volume:Volume: availabilityZone encrypted iops kmsKeyId multiAttachEnabled region size snapshotId tags throughput type
aws:ec2/defaultSecurityGroup:DefaultSecurityGroup: egress ingress region tags vpcId
aws:ec2/instance:Instance: ami associatePublicIpAddress availabilityZone disableApiStop disableApiTermination ebsBlockDevices ebsOptimized
    iamInstanceProfile instanceType keyName metadataOptions monitoring privateIp publicIp region rootBlockDevice sourceDestCheck subnetId
    tags tenancy userData userDataBase64 vpcSecurityGroupIds
aws:ec2/launchConfiguration:LaunchConfiguration: arn associatePublicIpAddress ebsBlockDevices ebsOptimized enableMonitoring
    ephemeralBlockDevices iamInstanceProfile imageId instanceType keyName metadataOptions name placementTenancy region rootBlockDevice
    securityGroups spotPrice userData userDataBase64
aws:ec2/securityGroup:SecurityGroup: description egress ingress name region tags vpcId
aws:elb/loadBalancer:LoadBalancer: accessLogs arn availabilityZones connectionDraining connectionDrainingTimeout crossZoneLoadBalancing
    desyncMitigationMode healthCheck idleTimeout instances internal listeners name region securityGroups sourceSecurityGroup subnets tags
aws:ecr/repository:Repository: arn encryptionConfigurations imageScanningConfiguration imageTagMutability imageTagMutabilityExclusionFilters
    name region registryId repositoryUrl tags
aws:ecr/repositoryPolicy:RepositoryPolicy: policy region registryId repository
aws:ecs/cluster:Cluster: arn configuration name region serviceConnectDefaults settings tags
aws:ecs/service:Service: arn availabilityZoneRebalancing capacityProviderStrategies cluster deploymentCircuitBreaker deploymentController
    deploymentMaximumPercent deploymentMinimumHealthyPercent desiredCount enableEcsManagedTags enableExecuteCommand
    healthCheckGracePeriodSeconds iamRole launchType loadBalancers name networkConfiguration orderedPlacementStrategies
    placementConstraints platformVersion propagateTags region schedulingStrategy serviceRegistries tags taskDefinition
    volumeConfiguration
aws:ecs/taskDefinition:TaskDefinition: arn containerDefinitions cpu enableFaultInjection ephemeralStorage executionRoleArn family ipcMode
    memory networkMode pidMode placementConstraints proxyConfiguration region requiresCompatibilities revision runtimePlatform tags
    taskRoleArn volumes
aws:efs/accessPoint:AccessPoint: arn fileSystemId posixUser region rootDirectory tags
aws:efs/fileSystem:FileSystem: arn availabilityZoneName creationToken encrypted kmsKeyId lifecyclePolicies performanceMode protection
    provisionedThroughputInMibps region tags throughputMode
aws:eks/cluster:Cluster: accessConfig arn computeConfig deletionProtection enabledClusterLogTypes encryptionConfig kubernetesNetworkConfig
    name region remoteNetworkConfig roleArn storageConfig tags upgradePolicy version vpcConfig zonalShiftConfig
aws:guardduty/detector:Detector: accountId arn datasources enable findingPublishingFrequency region tags
aws:iam/groupPolicy:GroupPolicy: group name policy
aws:iam/groupPolicyAttachment:GroupPolicyAttachment: group policyArn
aws:iam/policy:Policy: description name path policy
aws:iam/role:Role: assumeRolePolicy description inlinePolicies managedPolicyArns maxSessionDuration name path permissionsBoundary tags
aws:iam/rolePolicy:RolePolicy: name policy role
aws:iam/rolePolicyAttachment:RolePolicyAttachment: policyArn role
aws:iam/userPolicy:UserPolicy: name policy user
aws:iam/userPolicyAttachment:UserPolicyAttachment: policyArn user
aws:kms/key:Key: arn bypassPolicyLockoutSafetyCheck customKeyStoreId customerMasterKeySpec description enableKeyRotation isEnabled keyId
    keyUsage multiRegion policy region rotationPeriodInDays tags xksKeyId
aws:rds/cluster:Cluster: allocatedStorage arn autoMinorVersionUpgrade availabilityZones backtrackWindow backupRetentionPeriod
    clusterIdentifier clusterScalabilityType copyTagsToSnapshot databaseInsightsMode databaseName dbClusterInstanceClass
    dbClusterParameterGroupName dbSubnetGroupName dbSystemId deletionProtection domain domainIamRoleName enableGlobalWriteForwarding
    enableHttpEndpoint enabledCloudwatchLogsExports engine engineLifecycleSupport engineMode engineVersion globalClusterIdentifier
    iamDatabaseAuthenticationEnabled iamRoles iops kmsKeyId manageMasterUserPassword masterUserSecretKmsKeyId masterUsername
    monitoringInterval monitoringRoleArn networkType performanceInsightsEnabled performanceInsightsKmsKeyId
    performanceInsightsRetentionPeriod port preferredBackupWindow preferredMaintenanceWindow region replicationSourceIdentifier
    scalingConfiguration serverlessv2ScalingConfiguration storageEncrypted storageType tags vpcSecurityGroupIds
aws:rds/clusterInstance:ClusterInstance: arn autoMinorVersionUpgrade clusterIdentifier copyTagsToSnapshot engine engineVersion identifier
    instanceClass monitoringInterval performanceInsightsEnabled port promotionTier publiclyAccessible region storageEncrypted tags
aws:rds/clusterSnapshot:ClusterSnapshot: allocatedStorage availabilityZones dbClusterIdentifier dbClusterSnapshotArn
    dbClusterSnapshotIdentifier engine engineVersion kmsKeyId licenseModel port region sharedAccounts snapshotType
    sourceDbClusterSnapshotArn storageEncrypted tags vpcId
aws:rds/instance:Instance: allocatedStorage arn autoMinorVersionUpgrade availabilityZone backupRetentionPeriod backupTarget backupWindow
    caCertIdentifier characterSetName copyTagsToSnapshot customIamInstanceProfile customerOwnedIpEnabled databaseInsightsMode dbName
    dbSubnetGroupName dedicatedLogVolume deletionProtection domain domainIamRoleName enabledCloudwatchLogsExports engine
    engineLifecycleSupport engineVersion iamDatabaseAuthenticationEnabled identifier instanceClass iops kmsKeyId licenseModel
    maintenanceWindow manageMasterUserPassword masterUserSecretKmsKeyId maxAllocatedStorage monitoringInterval monitoringRoleArn multiAz
    ncharCharacterSetName networkType optionGroupName parameterGroupName performanceInsightsEnabled performanceInsightsKmsKeyId
    performanceInsightsRetentionPeriod port publiclyAccessible region replicaMode replicateSourceDb storageEncrypted storageThroughput
    storageType tags timezone username vpcSecurityGroupIds
aws:rds/snapshot:Snapshot: allocatedStorage availabilityZone dbInstanceIdentifier dbSnapshotArn dbSnapshotIdentifier encrypted engine
    engineVersion iops kmsKeyId licenseModel optionGroupName port region sharedAccounts snapshotType sourceDbSnapshotIdentifier sourceRegion
    storageType tags vpcId
aws:lb/listener:Listener: alpnPolicy arn certificateArn defaultActions loadBalancerArn mutualAuthentication port protocol region
    routingHttpRequestXAmznMtlsClientcertHeaderName routingHttpRequestXAmznMtlsClientcertIssuerHeaderName
    routingHttpRequestXAmznMtlsClientcertLeafHeaderName routingHttpRequestXAmznMtlsClientcertSerialNumberHeaderName
    routingHttpRequestXAmznMtlsClientcertSubjectHeaderName routingHttpRequestXAmznMtlsClientcertValidityHeaderName
    routingHttpRequestXAmznTlsCipherSuiteHeaderName routingHttpRequestXAmznTlsVersionHeaderName
    routingHttpResponseAccessControlAllowCredentialsHeaderValue routingHttpResponseAccessControlAllowHeadersHeaderValue
    routingHttpResponseAccessControlAllowMethodsHeaderValue routingHttpResponseAccessControlAllowOriginHeaderValue
    routingHttpResponseAccessControlExposeHeadersHeaderValue routingHttpResponseAccessControlMaxAgeHeaderValue
    routingHttpResponseContentSecurityPolicyHeaderValue routingHttpResponseServerEnabled
    routingHttpResponseStrictTransportSecurityHeaderValue routingHttpResponseXContentTypeOptionsHeaderValue
    routingHttpResponseXFrameOptionsHeaderValue sslPolicy tags tcpIdleTimeoutSeconds
aws:lb/loadBalancer:LoadBalancer: accessLogs arn clientKeepAlive connectionLogs customerOwnedIpv4Pool desyncMitigationMode
    dnsRecordClientRoutingPolicy dropInvalidHeaderFields enableCrossZoneLoadBalancing enableDeletionProtection enableHttp2
    enablePrefixForIpv6SourceNat enableTlsVersionAndCipherSuiteHeaders enableWafFailOpen enableXffClientPort enableZonalShift
    enforceSecurityGroupInboundRulesOnPrivateLinkTraffic healthCheckLogs idleTimeout internal ipAddressType ipamPools loadBalancerType
    minimumLoadBalancerCapacity name preserveHostHeader region secondaryIpsAutoAssignedPerSubnet securityGroups subnetMappings subnets
    tags xffHeaderProcessingMode
aws:lambda/function:Function: architectures arn codeSha256 codeSigningConfigArn deadLetterConfig description environment ephemeralStorage
    fileSystemConfig handler imageConfig imageUri kmsKeyArn layers loggingConfig memorySize name packageType region
    reservedConcurrentExecutions role runtime snapStart tags timeout tracingConfig vpcConfig
aws:lambda/functionUrl:FunctionUrl: authorizationType cors functionArn functionName functionUrl invokeMode qualifier region
aws:lambda/permission:Permission: action eventSourceToken function functionUrlAuthType invokedViaFunctionUrl principal principalOrgId region
    sourceAccount sourceArn statementId
aws:s3/bucket:Bucket: bucket grants lifecycleRules logging policy region serverSideEncryptionConfiguration tags versioning
aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock: blockPublicAcls blockPublicPolicy bucket ignorePublicAcls region
    restrictPublicBuckets
aws:secretsmanager/secret:Secret: arn description kmsKeyId name policy region replicas tags type
aws:secretsmanager/secretRotation:SecretRotation: externalSecretRotationRoleArn region rotationEnabled rotationLambdaArn rotationRules
    secretId
aws:sns/topic:Topic: arn contentBasedDeduplication displayName fifoTopic kmsMasterKeyId name owner policy region signatureVersion tags tracingConfig
aws:sns/topicSubscription:TopicSubscription: arn endpoint ownerId pendingConfirmation protocol region topic
aws:sqs/queue:Queue: delaySeconds fifoQueue kmsMasterKeyId messageRetentionSeconds name policy redrivePolicy region sqsManagedSseEnabled tags
aws:apigateway/methodSettings:MethodSettings: methodPath region restApi settings stageName
aws:apigatewayv2/stage:Stage: accessLogSettings apiId arn autoDeploy clientCertificateId defaultRouteSettings deploymentId description name region
    routeSettings stageVariables tags
aws:ec2/launchTemplate:LaunchTemplate: arn blockDeviceMappings capacityReservationSpecification cpuOptions creditSpecification defaultVersion
    description disableApiStop disableApiTermination ebsOptimized enclaveOptions hibernationOptions iamInstanceProfile imageId
    instanceInitiatedShutdownBehavior instanceMarketOptions instanceRequirements instanceType kernelId keyName licenseSpecifications
    maintenanceOptions metadataOptions monitoring name networkInterfaces placement privateDnsNameOptions ramDiskId region securityGroupNames
    tagSpecifications tags userData vpcSecurityGroupIds
aws:elasticache/replicationGroup:ReplicationGroup: arn atRestEncryptionEnabled authToken autoMinorVersionUpgrade automaticFailoverEnabled clusterMode
    dataTieringEnabled description engine engineVersion globalReplicationGroupId ipDiscovery kmsKeyId maintenanceWindow multiAzEnabled networkType
    nodeType notificationTopicArn numCacheClusters numNodeGroups parameterGroupName port region replicasPerNodeGroup replicationGroupId
    securityGroupIds snapshotRetentionLimit snapshotWindow subnetGroupName tags transitEncryptionEnabled transitEncryptionMode userGroupIds
aws:elasticsearch/domain:Domain: accessPolicies advancedOptions advancedSecurityOptions arn autoTuneOptions clusterConfig cognitoOptions
    domainEndpointOptions domainName ebsOptions elasticsearchVersion encryptAtRest logPublishingOptions nodeToNodeEncryption region snapshotOptions
    tags vpcOptions
aws:kinesis/stream:Stream: arn encryptionType kmsKeyId maxRecordSizeInKib name region retentionPeriod shardCount shardLevelMetrics streamModeDetails
    tags
aws:opensearch/domain:Domain: accessPolicies advancedOptions advancedSecurityOptions arn autoTuneOptions clusterConfig cognitoOptions
    domainEndpointOptions domainName ebsOptions encryptAtRest engineVersion ipAddressType logPublishingOptions nodeToNodeEncryption
    offPeakWindowOptions region snapshotOptions softwareUpdateOptions tags vpcOptions
aws:redshift/cluster:Cluster: allowVersionUpgrade aquaConfigurationStatus arn automatedSnapshotRetentionPeriod availabilityZone
    availabilityZoneRelocationEnabled clusterIdentifier clusterNamespaceArn clusterParameterGroupName clusterSubnetGroupName clusterType
    clusterVersion databaseName defaultIamRoleArn elasticIp encrypted enhancedVpcRouting iamRoles kmsKeyId maintenanceTrackName manageMasterPassword
    manualSnapshotRetentionPeriod masterPassword masterPasswordSecretArn masterPasswordSecretKmsKeyId masterUsername multiAz nodeType numberOfNodes
    port preferredMaintenanceWindow publiclyAccessible region tags vpcSecurityGroupIds
aws:sfn/stateMachine:StateMachine: arn definition encryptionConfiguration loggingConfiguration name region roleArn tags tracingConfiguration type
insights:aws/accountPublicAccessBlock:AccountPublicAccessBlock: accountId blockPublicAcls blockPublicPolicy configured ignorePublicAcls
    restrictPublicBuckets
insights:aws/amiExposure:AmiExposure: imageId public
insights:aws/credentialReportUser:CredentialReportUser: accessKeys arn mfaActive passwordAgeDays passwordEnabled passwordUnusedDays user
insights:aws/dbClusterSnapshotExposure:DbClusterSnapshotExposure: public snapshotId
insights:aws/dbSnapshotExposure:DbSnapshotExposure: public snapshotId
insights:aws/keyState:KeyState: deletionDate keyId region state
insights:aws/passwordPolicy:PasswordPolicy: accountId allowUsersToChangePassword configured hardExpiry maxPasswordAge minimumPasswordLength
    passwordReusePrevention requireLowercaseCharacters requireNumbers requireSymbols requireUppercaseCharacters
insights:aws/regionDetectors:RegionDetectors: detectors region
insights:aws/regionRecorders:RegionRecorders: deliveryChannels recorders region
insights:aws/regionTrails:RegionTrails: region trails
insights:aws/rootAccount:RootAccount: accessKeysPresent accountId mfaActive
insights:aws/snapshotExposure:SnapshotExposure: public snapshotId
`)

// table reads lines of a type and its properties; an indented line goes on.
func table(text string) map[string][]string {
	out, token := map[string][]string{}, ""
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if !strings.HasPrefix(line, " ") && len(fields) > 0 {
			token, fields = strings.TrimSuffix(fields[0], ":"), fields[1:]
		}
		out[token] = append(out[token], fields...)
	}
	delete(out, "")
	return out
}

// The golden files of discovery/aws are what it really emits: a property that
// the table lists must be in one of them.
func TestTheTableIsWhatDiscoveryEmits(t *testing.T) {
	files, err := filepath.Glob("../../discovery/aws/testdata/golden/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden files: %v", err)
	}
	seen := map[string]map[string]bool{}
	for _, file := range files {
		for _, o := range golden(t, file) {
			key, ok := schemas.ParseKey(o.Key)
			if !ok {
				t.Fatalf("%s: key %q", file, o.Key)
			}
			if seen[key.Type] == nil {
				seen[key.Type] = map[string]bool{}
			}
			for _, name := range o.names() {
				seen[key.Type][name] = true
			}
		}
	}
	for token, names := range emitted {
		for _, name := range names {
			// EncryptionByDefault has no golden file: a setting with two properties.
			if seen[token] != nil && !seen[token][name] {
				t.Errorf("%s: no resource has %s, which the table lists", token, name)
			}
		}
	}
}

// observed is a resource of a golden file.
type observed struct {
	Key        string
	Properties map[string]any
	Unknown    []schemas.UnknownPath
}

func golden(t *testing.T, file string) []observed {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var list []observed
	if err := json.Unmarshal(raw, &list); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return list
}

// names are the top-level properties of a resource, known or not.
func (o observed) names() []string {
	names := slices.Collect(maps.Keys(o.Properties))
	for _, u := range o.Unknown {
		name, _, _ := strings.Cut(u.Path, ".")
		names = append(names, name)
	}
	return names
}
