package aws

import (
	"net/http"
	"testing"

	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
)

func single(kinds ...string) *account {
	more := map[string]int{}
	for _, k := range kinds {
		more[k] = 1
	}
	return newAccount(awsfake.Population{More: more})
}

func several(n int, kinds ...string) awsfake.Population {
	more := map[string]int{}
	for _, k := range kinds {
		more[k] = n
	}
	return awsfake.Population{More: more}
}

const fullStream = `{"StreamDescriptionSummary":{"StreamName":"s","EncryptionType":"KMS","KeyId":"k","RetentionPeriodHours":48,"OpenShardCount":2,"MaxRecordSizeInKiB":1024,` +
	`"EnhancedMonitoring":[{"ShardLevelMetrics":["OutgoingBytes","IncomingBytes"]}],"StreamModeDetails":{"StreamMode":"ON_DEMAND"}}}`

func TestGoldenStreams(t *testing.T) {
	t.Parallel()
	const summary = "kinesis:DescribeStreamSummary"
	golden(t, "kinesis", newAccount(several(2, "stream")).read(t, kinesisService, home).sorted())
	golden(t, "kinesis-full", single("stream").says(summary, fullStream).read(t, kinesisService, home).sorted())
	golden(t, "kinesis-denied", single("stream").fails(summary, http.StatusBadRequest, jsonError("AccessDeniedException")).read(t, kinesisService, home).sorted())
	golden(t, "kinesis-silent", single("stream").says(summary, `{"StreamDescriptionSummary":{}}`).read(t, kinesisService, home).sorted())
	verifies(t, kinesisService, several(3, "stream"), "stream-000000", map[string]string{typeStream: summary})
}

const fullMachine = `{"stateMachineArn":"arn:m","name":"m","type":"EXPRESS","definition":"{}","roleArn":"arn:r","loggingConfiguration":{"level":"ERROR","includeExecutionData":true,` +
	`"destinations":[{"cloudWatchLogsLogGroup":{"logGroupArn":"arn:l"}}]},"tracingConfiguration":{"enabled":true},"encryptionConfiguration":{"type":"CUSTOMER_MANAGED_KMS_KEY",` +
	`"kmsKeyId":"k","kmsDataKeyReusePeriodSeconds":300}}`

func TestGoldenStateMachines(t *testing.T) {
	t.Parallel()
	const describe = "states:DescribeStateMachine"
	golden(t, "sfn", newAccount(several(2, "stateMachine")).read(t, sfnService, home).sorted())
	golden(t, "sfn-full", single("stateMachine").says(describe, fullMachine).read(t, sfnService, home).sorted())
	golden(t, "sfn-denied", single("stateMachine").fails(describe, http.StatusBadRequest, jsonError("AccessDeniedException")).read(t, sfnService, home).sorted())
	golden(t, "sfn-silent", single("stateMachine").says(describe, `{}`).read(t, sfnService, home).sorted())
	verifies(t, sfnService, several(3, "stateMachine"), "machine-000000", map[string]string{typeStateMachine: describe})
}

const fullVault = `{"BackupVaultList":[{"BackupVaultName":"v","BackupVaultArn":"arn:v","EncryptionKeyArn":"arn:k","Locked":true,"MinRetentionDays":1,"MaxRetentionDays":2,"LockDate":1735689600},` +
	`{"BackupVaultName":"air","VaultType":"LOGICALLY_AIR_GAPPED_BACKUP_VAULT"}]}`

const fullPlan = `{"BackupPlanId":"p","BackupPlan":{"BackupPlanName":"n","AdvancedBackupSettings":[{"ResourceType":"EC2","BackupOptions":{"WindowsVSS":"enabled"}}],"Rules":[{"RuleName":"r",` +
	`"RuleId":"i","TargetBackupVaultName":"v","ScheduleExpression":"cron(0 5 ? * * *)","ScheduleExpressionTimezone":"UTC","StartWindowMinutes":60,"CompletionWindowMinutes":120,` +
	`"EnableContinuousBackup":true,"Lifecycle":{"MoveToColdStorageAfterDays":1,"DeleteAfterDays":91,"OptInToArchiveForSupportedResources":true},"RecoveryPointTags":{"a":"b"},` +
	`"CopyActions":[{"DestinationBackupVaultArn":"arn:d","Lifecycle":{"DeleteAfterDays":5}}]}]}}`

func TestGoldenBackups(t *testing.T) {
	t.Parallel()
	const vaults, plan = "backup:ListBackupVaults", "backup:GetBackupPlan"
	golden(t, "backup", newAccount(several(2, "backupVault", "backupPlan")).read(t, backupService, home).sorted())
	golden(t, "backup-full", single("backupPlan").says(vaults, fullVault).says(plan, fullPlan).read(t, backupService, home).sorted())
	a := single("backupVault", "backupPlan")
	for _, operation := range []string{"backup:GetBackupVaultAccessPolicy", plan} {
		a.fails(operation, http.StatusForbidden, jsonError("AccessDeniedException"))
	}
	golden(t, "backup-denied", a.read(t, backupService, home).sorted())
	golden(t, "backup-silent", single("backupVault", "backupPlan").says(vaults, `{"BackupVaultList":[{"BackupVaultName":"vault-000000"}]}`).
		says("backup:GetBackupVaultAccessPolicy", `{}`).says(plan, `{}`).read(t, backupService, home).sorted())
	p := several(3, "backupVault", "backupPlan")
	verifies(t, backupService, p, "vault-000000", map[string]string{typeVault: vaults, typeVaultLock: vaults, typeVaultPolicy: vaults})
	verifies(t, backupService, p, "plan-000000", map[string]string{typeBackupPlan: plan})
}

// A plan that was deleted is shown for what it made, and is no plan.
func TestDeletedBackupPlan(t *testing.T) {
	t.Parallel()
	s := single("backupPlan").says("backup:GetBackupPlan", `{"BackupPlan":{"BackupPlanName":"n"},"DeletionDate":1735689600}`).read(t, backupService, home)
	if s.count(typeBackupPlan) != 0 || s.scopes[typeBackupPlan].State != "complete" {
		t.Errorf("%v", s.list)
	}
}

const fullParameter = `{"Parameters":[{"Name":"/a/b","Type":"SecureString","Tier":"Advanced","DataType":"text","Description":"d","KeyId":"k","AllowedPattern":"p"}]}`

const fullDocument = `{"DocumentIdentifiers":[{"Name":"d","DocumentFormat":"YAML","DocumentType":"Automation","TargetType":"/","VersionName":"v","Tags":[{"Key":"a","Value":"b"}]}]}`

func TestGoldenSSM(t *testing.T) {
	t.Parallel()
	const parameters, documents, sharing = "ssm:DescribeParameters", "ssm:ListDocuments", "ssm:DescribeDocumentPermission"
	golden(t, "ssm", newAccount(several(2, "parameter", "document")).read(t, ssmService, home).sorted())
	golden(t, "ssm-full", single().says(parameters, fullParameter).says(documents, fullDocument).says(sharing, `{"AccountIds":["222222222222","111111111111"]}`).read(t, ssmService, home).sorted())
	golden(t, "ssm-denied", single("document").fails(sharing, http.StatusBadRequest, jsonError("AccessDeniedException")).read(t, ssmService, home).sorted())
	golden(t, "ssm-silent", single().says(parameters, `{"Parameters":[{"Name":"p"}]}`).says(documents, `{"DocumentIdentifiers":[{"Name":"d"}]}`).says(sharing, `{}`).read(t, ssmService, home).sorted())
	p := several(3, "parameter", "document")
	verifies(t, ssmService, p, "parameter-000000", map[string]string{typeParameter: parameters})
	verifies(t, ssmService, p, "document-000000", map[string]string{typeDocument: "ssm:DescribeDocument"})
}

const fullCache = `<CacheClusters><CacheCluster><CacheClusterId>c</CacheClusterId><ARN>arn:c</ARN><Engine>redis</Engine><EngineVersion>7.1</EngineVersion><CacheNodeType>cache.r7g.large</CacheNodeType>` +
	`<NumCacheNodes>2</NumCacheNodes><PreferredAvailabilityZone>Multiple</PreferredAvailabilityZone><PreferredMaintenanceWindow>w</PreferredMaintenanceWindow><SnapshotWindow>s</SnapshotWindow>` +
	`<SnapshotRetentionLimit>3</SnapshotRetentionLimit><TransitEncryptionEnabled>true</TransitEncryptionEnabled><AutoMinorVersionUpgrade>false</AutoMinorVersionUpgrade><IpDiscovery>ipv4</IpDiscovery>` +
	`<NetworkType>ipv4</NetworkType><CacheSubnetGroupName>g</CacheSubnetGroupName><ReplicationGroupId>r</ReplicationGroupId><PreferredOutpostArn>arn:o</PreferredOutpostArn>` +
	`<CacheParameterGroup><CacheParameterGroupName>p</CacheParameterGroupName></CacheParameterGroup><NotificationConfiguration><TopicArn>arn:t</TopicArn></NotificationConfiguration>` +
	`<CacheNodes><CacheNode><Endpoint><Port>6379</Port></Endpoint></CacheNode></CacheNodes><SecurityGroups><member><SecurityGroupId>sg-1</SecurityGroupId></member></SecurityGroups>` +
	`<LogDeliveryConfigurations><LogDeliveryConfiguration><DestinationType>cloudwatch-logs</DestinationType><LogFormat>json</LogFormat><LogType>slow-log</LogType><DestinationDetails>` +
	`<CloudWatchLogsDetails><LogGroup>l</LogGroup></CloudWatchLogsDetails></DestinationDetails></LogDeliveryConfiguration></LogDeliveryConfigurations></CacheCluster></CacheClusters>`

const fullReplication = `<ReplicationGroups><ReplicationGroup><ReplicationGroupId>r</ReplicationGroupId><ARN>arn:r</ARN><Description>d</Description><Engine>valkey</Engine><KmsKeyId>k</KmsKeyId>` +
	`<CacheNodeType>cache.r7g.large</CacheNodeType><SnapshotWindow>s</SnapshotWindow><SnapshotRetentionLimit>1</SnapshotRetentionLimit><AtRestEncryptionEnabled>true</AtRestEncryptionEnabled>` +
	`<TransitEncryptionEnabled>true</TransitEncryptionEnabled><TransitEncryptionMode>required</TransitEncryptionMode><AuthTokenEnabled>true</AuthTokenEnabled><AutoMinorVersionUpgrade>true</AutoMinorVersionUpgrade>` +
	`<AutomaticFailover>enabled</AutomaticFailover><MultiAZ>enabled</MultiAZ><ClusterMode>enabled</ClusterMode><DataTiering>enabled</DataTiering><IpDiscovery>ipv6</IpDiscovery><NetworkType>dual_stack</NetworkType>` +
	`<MemberClusters><ClusterId>a</ClusterId><ClusterId>b</ClusterId></MemberClusters><NodeGroups><NodeGroup><NodeGroupMembers><NodeGroupMember/><NodeGroupMember/></NodeGroupMembers></NodeGroup></NodeGroups>` +
	`<ConfigurationEndpoint><Port>6380</Port></ConfigurationEndpoint><GlobalReplicationGroupInfo><GlobalReplicationGroupId>g</GlobalReplicationGroupId></GlobalReplicationGroupInfo>` +
	`<UserGroupIds><member>u2</member><member>u1</member></UserGroupIds></ReplicationGroup></ReplicationGroups>`

func TestGoldenCaches(t *testing.T) {
	t.Parallel()
	const clusters, groups, subnets = "elasticache:DescribeCacheClusters", "elasticache:DescribeReplicationGroups", "elasticache:DescribeCacheSubnetGroups"
	kinds := []string{"cacheCluster", "replicationGroup", "cacheSubnetGroup"}
	golden(t, "elasticache", newAccount(several(2, kinds...)).read(t, elasticacheService, home).sorted())
	golden(t, "elasticache-full", single().says(clusters, iamAnswer("DescribeCacheClusters", fullCache)).says(groups, iamAnswer("DescribeReplicationGroups", fullReplication)).
		read(t, elasticacheService, home).sorted())
	golden(t, "elasticache-denied", single(kinds...).fails("tagging:GetResources", http.StatusBadRequest, jsonError("AccessDeniedException")).read(t, elasticacheService, home).sorted())
	golden(t, "elasticache-silent", single().says(clusters, iamAnswer("DescribeCacheClusters", "<CacheClusters><CacheCluster><CacheClusterId>c</CacheClusterId></CacheCluster></CacheClusters>")).
		says(groups, iamAnswer("DescribeReplicationGroups", "<ReplicationGroups><ReplicationGroup><ReplicationGroupId>r</ReplicationGroupId></ReplicationGroup></ReplicationGroups>")).
		read(t, elasticacheService, home).sorted())
	p := several(3, kinds...)
	verifies(t, elasticacheService, p, "cachecluster-000000", map[string]string{typeCacheCluster: clusters})
	verifies(t, elasticacheService, p, "replicationgroup-000000", map[string]string{typeReplicationGroup: groups})
	verifies(t, elasticacheService, p, "cachesubnetgroup-000000", map[string]string{typeCacheSubnetGroup: subnets})
}
