package aws

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// rdsAnswer wraps the result of an RDS action.
var rdsAnswer = iamAnswer

const fullDBInstance = `<DBInstances><DBInstance><DBInstanceIdentifier>orders</DBInstanceIdentifier><DBInstanceArn>arn:aws:rds:us-east-1:123456789012:db:orders</DBInstanceArn>` +
	`<DBInstanceClass>db.m7g.large</DBInstanceClass><Engine>sqlserver-se</Engine><EngineVersion>16.00</EngineVersion><AllocatedStorage>100</AllocatedStorage>` +
	`<MaxAllocatedStorage>500</MaxAllocatedStorage><StorageType>io2</StorageType><Iops>3000</Iops><StorageThroughput>125</StorageThroughput><StorageEncrypted>true</StorageEncrypted>` +
	`<KmsKeyId>arn:aws:kms:us-east-1:123456789012:key/k</KmsKeyId><PubliclyAccessible>true</PubliclyAccessible><MultiAZ>true</MultiAZ><BackupRetentionPeriod>0</BackupRetentionPeriod>` +
	`<BackupTarget>region</BackupTarget><PreferredBackupWindow>01:00-02:00</PreferredBackupWindow><PreferredMaintenanceWindow>sun:03:00-sun:04:00</PreferredMaintenanceWindow>` +
	`<AutoMinorVersionUpgrade>false</AutoMinorVersionUpgrade><DeletionProtection>true</DeletionProtection><IAMDatabaseAuthenticationEnabled>true</IAMDatabaseAuthenticationEnabled>` +
	`<CopyTagsToSnapshot>false</CopyTagsToSnapshot><PerformanceInsightsEnabled>true</PerformanceInsightsEnabled><PerformanceInsightsKMSKeyId>pk</PerformanceInsightsKMSKeyId>` +
	`<PerformanceInsightsRetentionPeriod>7</PerformanceInsightsRetentionPeriod><MonitoringInterval>60</MonitoringInterval><MonitoringRoleArn>arn:aws:iam::123456789012:role/m</MonitoringRoleArn>` +
	`<EnabledCloudwatchLogsExports><member>error</member><member>agent</member></EnabledCloudwatchLogsExports><CACertificateIdentifier>rds-ca-rsa2048-g1</CACertificateIdentifier>` +
	`<DBName>orders</DBName><DBSubnetGroup><DBSubnetGroupName>private</DBSubnetGroupName></DBSubnetGroup><DBParameterGroups><DBParameterGroup><DBParameterGroupName>pg</DBParameterGroupName></DBParameterGroup></DBParameterGroups>` +
	`<OptionGroupMemberships><OptionGroupMembership><OptionGroupName>og</OptionGroupName></OptionGroupMembership></OptionGroupMemberships>` +
	`<VpcSecurityGroups><VpcSecurityGroupMembership><VpcSecurityGroupId>sg-2</VpcSecurityGroupId></VpcSecurityGroupMembership><VpcSecurityGroupMembership><VpcSecurityGroupId>sg-1</VpcSecurityGroupId></VpcSecurityGroupMembership></VpcSecurityGroups>` +
	`<MasterUsername>admin</MasterUsername><DbInstancePort>1433</DbInstancePort><AvailabilityZone>us-east-1a</AvailabilityZone><LicenseModel>license-included</LicenseModel>` +
	`<CharacterSetName>cs</CharacterSetName><NcharCharacterSetName>ncs</NcharCharacterSetName><Timezone>UTC</Timezone><NetworkType>IPV4</NetworkType><CustomIamInstanceProfile>p</CustomIamInstanceProfile>` +
	`<CustomerOwnedIpEnabled>true</CustomerOwnedIpEnabled><DedicatedLogVolume>true</DedicatedLogVolume><DatabaseInsightsMode>standard</DatabaseInsightsMode><EngineLifecycleSupport>open-source-rds-extended-support-disabled</EngineLifecycleSupport>` +
	`<ReadReplicaSourceDBInstanceIdentifier>source</ReadReplicaSourceDBInstanceIdentifier><ReplicaMode>mounted</ReplicaMode><DomainMemberships><DomainMembership><Domain>d-1</Domain><FQDN>corp.example.com</FQDN><OU>OU=db</OU><AuthSecretArn>arn:s</AuthSecretArn><DnsIps><member>192.0.2.2</member><member>192.0.2.1</member></DnsIps><IAMRoleName>ad</IAMRoleName></DomainMembership></DomainMemberships>` +
	`<MasterUserSecret><SecretArn>s</SecretArn><KmsKeyId>sk</KmsKeyId></MasterUserSecret><TagList><Tag><Key>owner</Key><Value>shop</Value></Tag></TagList></DBInstance></DBInstances>`

const fullDBMember = `<DBInstance><DBInstanceIdentifier>ledger-1</DBInstanceIdentifier><DBClusterIdentifier>ledger</DBClusterIdentifier><PubliclyAccessible>false</PubliclyAccessible>` +
	`<StorageEncrypted>true</StorageEncrypted><AutoMinorVersionUpgrade>true</AutoMinorVersionUpgrade><CopyTagsToSnapshot>true</CopyTagsToSnapshot>` +
	`<PerformanceInsightsEnabled>true</PerformanceInsightsEnabled><PerformanceInsightsKMSKeyId>pk</PerformanceInsightsKMSKeyId></DBInstance>`

const fullDBCluster = `<DBClusters><DBCluster><DBClusterIdentifier>ledger</DBClusterIdentifier><DBClusterArn>arn:aws:rds:us-east-1:123456789012:cluster:ledger</DBClusterArn>` +
	`<DatabaseName>ledger</DatabaseName><DBClusterInstanceClass>db.m6gd.large</DBClusterInstanceClass><DBClusterParameterGroup>cpg</DBClusterParameterGroup><DBSubnetGroup>private</DBSubnetGroup>` +
	`<DBSystemId>sid</DBSystemId><Engine>aurora-mysql</Engine><EngineLifecycleSupport>open-source-rds-extended-support</EngineLifecycleSupport><EngineMode>provisioned</EngineMode><EngineVersion>8.0</EngineVersion>` +
	`<GlobalClusterIdentifier>world</GlobalClusterIdentifier><KmsKeyId>k</KmsKeyId><MasterUsername>admin</MasterUsername><MonitoringInterval>30</MonitoringInterval><MonitoringRoleArn>m</MonitoringRoleArn><NetworkType>DUAL</NetworkType>` +
	`<PerformanceInsightsEnabled>true</PerformanceInsightsEnabled><PerformanceInsightsKMSKeyId>pk</PerformanceInsightsKMSKeyId><PerformanceInsightsRetentionPeriod>465</PerformanceInsightsRetentionPeriod>` +
	`<PreferredBackupWindow>01:00-02:00</PreferredBackupWindow><PreferredMaintenanceWindow>sun:03:00-sun:04:00</PreferredMaintenanceWindow><ReplicationSourceIdentifier>r</ReplicationSourceIdentifier><StorageType>aurora-iopt1</StorageType>` +
	`<ClusterScalabilityType>standard</ClusterScalabilityType><DatabaseInsightsMode>advanced</DatabaseInsightsMode><CopyTagsToSnapshot>true</CopyTagsToSnapshot><DeletionProtection>true</DeletionProtection>` +
	`<IAMDatabaseAuthenticationEnabled>true</IAMDatabaseAuthenticationEnabled><StorageEncrypted>true</StorageEncrypted><AutoMinorVersionUpgrade>true</AutoMinorVersionUpgrade><HttpEndpointEnabled>true</HttpEndpointEnabled>` +
	`<GlobalWriteForwardingRequested>true</GlobalWriteForwardingRequested><BackupRetentionPeriod>35</BackupRetentionPeriod><AllocatedStorage>1</AllocatedStorage><Iops>1000</Iops><Port>3306</Port><BacktrackWindow>3600</BacktrackWindow>` +
	`<AvailabilityZones><AvailabilityZone>us-east-1b</AvailabilityZone><AvailabilityZone>us-east-1a</AvailabilityZone></AvailabilityZones><EnabledCloudwatchLogsExports><member>slowquery</member><member>audit</member></EnabledCloudwatchLogsExports>` +
	`<VpcSecurityGroups><VpcSecurityGroupMembership><VpcSecurityGroupId>sg-1</VpcSecurityGroupId></VpcSecurityGroupMembership></VpcSecurityGroups>` +
	`<ServerlessV2ScalingConfiguration><MinCapacity>0.5</MinCapacity><MaxCapacity>16</MaxCapacity><SecondsUntilAutoPause>300</SecondsUntilAutoPause></ServerlessV2ScalingConfiguration>` +
	`<ScalingConfigurationInfo><AutoPause>true</AutoPause><MinCapacity>1</MinCapacity><MaxCapacity>2</MaxCapacity><SecondsBeforeTimeout>60</SecondsBeforeTimeout><SecondsUntilAutoPause>300</SecondsUntilAutoPause><TimeoutAction>RollbackCapacityChange</TimeoutAction></ScalingConfigurationInfo>` +
	`<LocalWriteForwardingStatus>enabled</LocalWriteForwardingStatus><CertificateDetails><CAIdentifier>rds-ca-rsa2048-g1</CAIdentifier></CertificateDetails>` +
	`<AssociatedRoles><DBClusterRole><RoleArn>r2</RoleArn></DBClusterRole><DBClusterRole><RoleArn>r1</RoleArn></DBClusterRole></AssociatedRoles><DomainMemberships><DomainMembership><Domain>d-1</Domain><FQDN>corp.example.com</FQDN><OU>OU=db</OU><AuthSecretArn>arn:s</AuthSecretArn><DnsIps><member>192.0.2.2</member><member>192.0.2.1</member></DnsIps><IAMRoleName>ad</IAMRoleName></DomainMembership></DomainMemberships>` +
	`<MasterUserSecret><SecretArn>s</SecretArn><KmsKeyId>sk</KmsKeyId></MasterUserSecret></DBCluster></DBClusters>`

const fullDBSnapshot = `<DBSnapshots><DBSnapshot><DBSnapshotIdentifier>dbsnapshot-000000</DBSnapshotIdentifier><DBSnapshotArn>a</DBSnapshotArn><DBInstanceIdentifier>orders</DBInstanceIdentifier><AvailabilityZone>us-east-1a</AvailabilityZone>` +
	`<Engine>mysql</Engine><EngineVersion>8.0</EngineVersion><KmsKeyId>k</KmsKeyId><LicenseModel>general-public-license</LicenseModel><OptionGroupName>og</OptionGroupName><SnapshotType>manual</SnapshotType>` +
	`<SourceDBSnapshotIdentifier>s</SourceDBSnapshotIdentifier><SourceRegion>eu-west-1</SourceRegion><StorageType>gp3</StorageType><VpcId>vpc-1</VpcId><Encrypted>false</Encrypted><AllocatedStorage>20</AllocatedStorage><Iops>3000</Iops><Port>3306</Port></DBSnapshot>` +
	`<DBSnapshot><DBSnapshotIdentifier>awsbackup:job-1</DBSnapshotIdentifier><SnapshotType>awsbackup</SnapshotType><Encrypted>true</Encrypted></DBSnapshot>` +
	`<DBSnapshot><DBSnapshotIdentifier>rds:orders-1</DBSnapshotIdentifier><SnapshotType>automated</SnapshotType></DBSnapshot></DBSnapshots>`

const fullDBClusterSnapshot = `<DBClusterSnapshots><DBClusterSnapshot><DBClusterSnapshotIdentifier>dbclustersnapshot-000000</DBClusterSnapshotIdentifier><DBClusterSnapshotArn>a</DBClusterSnapshotArn><DBClusterIdentifier>ledger</DBClusterIdentifier>` +
	`<Engine>aurora-mysql</Engine><EngineVersion>8.0</EngineVersion><KmsKeyId>k</KmsKeyId><LicenseModel>aurora-mysql</LicenseModel><SnapshotType>manual</SnapshotType><SourceDBClusterSnapshotArn>s</SourceDBClusterSnapshotArn><VpcId>vpc-1</VpcId>` +
	`<StorageEncrypted>false</StorageEncrypted><AllocatedStorage>1</AllocatedStorage><Port>3306</Port><AvailabilityZones><AvailabilityZone>us-east-1b</AvailabilityZone><AvailabilityZone>us-east-1a</AvailabilityZone></AvailabilityZones></DBClusterSnapshot>` +
	`<DBClusterSnapshot><DBClusterSnapshotIdentifier>awsbackup:job-2</DBClusterSnapshotIdentifier><SnapshotType>awsbackup</SnapshotType><StorageEncrypted>true</StorageEncrypted></DBClusterSnapshot>` +
	`<DBClusterSnapshot><DBClusterSnapshotIdentifier>rds:ledger-1</DBClusterSnapshotIdentifier><SnapshotType>automated</SnapshotType></DBClusterSnapshot></DBClusterSnapshots>`

// sharedWith is the answer of a snapshot's attributes.
func sharedWith(element string, with ...string) string {
	values := ""
	for _, w := range with {
		values += "<AttributeValue>" + w + "</AttributeValue>"
	}
	return rdsAnswer("Describe"+element+"Attributes", fmt.Sprintf("<%[1]sAttributesResult><%[1]sIdentifier>s</%[1]sIdentifier><%[1]sAttributes><%[1]sAttribute>"+
		"<AttributeName>restore</AttributeName><AttributeValues>%[2]s</AttributeValues></%[1]sAttribute></%[1]sAttributes></%[1]sAttributesResult>", element, values))
}

// databases has one of each kind that RDS lists.
func databases() *account {
	return newAccount(awsfake.Population{More: map[string]int{
		"dbInstance": 1, "dbClusterInstance": 1, "dbCluster": 1, "dbSnapshot": 1, "dbClusterSnapshot": 1, "dbSubnetGroup": 1,
	}})
}

// describes answers each list of RDS.
func describes(a *account, instances, clusters, snapshots, clusterSnapshots, groups string) *account {
	for operation, body := range map[string]string{
		"DescribeDBInstances": instances, "DescribeDBClusters": clusters, "DescribeDBSnapshots": snapshots,
		"DescribeDBClusterSnapshots": clusterSnapshots, "DescribeDBSubnetGroups": groups,
	} {
		a.says("rds:"+operation, rdsAnswer(operation, body))
	}
	return a
}

func TestGoldenDatabases(t *testing.T) {
	t.Parallel()
	golden(t, "rds", databases().read(t, rdsService, home).sorted())
	golden(t, "rds-full", describes(databases(), strings.Replace(fullDBInstance, "</DBInstances>", fullDBMember+"</DBInstances>", 1), fullDBCluster, fullDBSnapshot, fullDBClusterSnapshot,
		`<DBSubnetGroups><DBSubnetGroup><DBSubnetGroupName>private</DBSubnetGroupName><DBSubnetGroupArn>arn:aws:rds:us-east-1:123456789012:subgrp:private</DBSubnetGroupArn>`+
			`<DBSubnetGroupDescription>d</DBSubnetGroupDescription><VpcId>vpc-1</VpcId><Subnets><Subnet><SubnetIdentifier>subnet-2</SubnetIdentifier></Subnet><Subnet><SubnetIdentifier>subnet-1</SubnetIdentifier></Subnet></Subnets>`+
			`<SupportedNetworkTypes><member>IPV4</member><member>DUAL</member></SupportedNetworkTypes></DBSubnetGroup></DBSubnetGroups>`).
		says("rds:DescribeDBSnapshotAttributes", sharedWith("DBSnapshot", "all", "210987654321")).
		says("rds:DescribeDBClusterSnapshotAttributes", sharedWith("DBClusterSnapshot", "210987654321", "112233445566")).read(t, rdsService, home).sorted())
	// What is not in the answer is not "off", and a snapshot of which nothing is said may be shared.
	golden(t, "rds-silent", describes(databases(),
		`<DBInstances><DBInstance><DBInstanceIdentifier>i</DBInstanceIdentifier></DBInstance><DBInstance><DBInstanceIdentifier>m</DBInstanceIdentifier><DBClusterIdentifier>c</DBClusterIdentifier></DBInstance></DBInstances>`,
		`<DBClusters><DBCluster><DBClusterIdentifier>c</DBClusterIdentifier></DBCluster></DBClusters>`,
		`<DBSnapshots><DBSnapshot><DBSnapshotIdentifier>s</DBSnapshotIdentifier></DBSnapshot></DBSnapshots>`,
		`<DBClusterSnapshots><DBClusterSnapshot><DBClusterSnapshotIdentifier>s</DBClusterSnapshotIdentifier></DBClusterSnapshot></DBClusterSnapshots>`,
		`<DBSubnetGroups><DBSubnetGroup><DBSubnetGroupName>g</DBSubnetGroupName></DBSubnetGroup></DBSubnetGroups>`).
		says("rds:DescribeDBSnapshotAttributes", rdsAnswer("DescribeDBSnapshotAttributes", "")).
		says("rds:DescribeDBClusterSnapshotAttributes", rdsAnswer("DescribeDBClusterSnapshotAttributes", "")).read(t, rdsService, home).sorted())
}

// A refused or failed question for sharing leaves the snapshot, and the question
// open.
func TestDatabaseSnapshotSharingUnknown(t *testing.T) {
	t.Parallel()
	for state, no := range map[schemas.FacetState]answer{
		schemas.FacetDenied: {http.StatusForbidden, iamError("AccessDenied")}, schemas.FacetFailed: {http.StatusInternalServerError, iamError("InternalFailure")},
	} {
		a := databases().fails("rds:DescribeDBSnapshotAttributes", no.status, no.body).fails("rds:DescribeDBClusterSnapshotAttributes", no.status, no.body).
			fails("tagging:GetResources", http.StatusBadRequest, jsonError("AccessDeniedException"))
		s := a.read(t, rdsService, home)
		for token, c := range map[string]struct{ id, path, call string }{
			typeDBSnapshot:                {"dbsnapshot-000000", "sharedAccounts", "rds:DescribeDBSnapshotAttributes"},
			typeDBSnapshotExposure:        {"dbsnapshot-000000", "public", "rds:DescribeDBSnapshotAttributes"},
			typeDBClusterSnapshot:         {"dbclustersnapshot-000000", "sharedAccounts", "rds:DescribeDBClusterSnapshotAttributes"},
			typeDBClusterSnapshotExposure: {"dbclustersnapshot-000000", "public", "rds:DescribeDBClusterSnapshotAttributes"},
		} {
			o, ok := s.one(token, c.id)
			if !ok {
				t.Errorf("%s is missing", token)
			}
			wantUnknown(t, o, c.path, state, c.call)
			if e := s.scopes[token]; e.State != schemas.ScopeComplete {
				t.Errorf("%+v", e)
			}
		}
		o, _ := s.one(typeDBSubnetGroup, "dbsubnetgroup-000000")
		wantUnknown(t, o, "tags", schemas.FacetDenied, "tag:GetResources")
	}
}

// A snapshot that is gone when it is asked for is not one that nobody shares.
func TestDatabaseSnapshotDeletedMeanwhile(t *testing.T) {
	t.Parallel()
	two := func() *account {
		return newAccount(awsfake.Population{More: map[string]int{"dbSnapshot": 2, "dbClusterSnapshot": 2}})
	}
	checkDeletedMeanwhile(t, two(), rdsService, "rds:DescribeDBSnapshotAttributes", "dbsnapshot-000000", iamError("DBSnapshotNotFound"), dbSnapshotTypes...)
	checkDeletedMeanwhile(t, two(), rdsService, "rds:DescribeDBClusterSnapshotAttributes", "dbclustersnapshot-000000", iamError("DBClusterSnapshotNotFoundFault"), dbClusterSnapshotTypes...)
}

// RDS lists the clusters of other services as its own.
func TestOtherEnginesAreLeftOut(t *testing.T) {
	t.Parallel()
	for _, engine := range []string{"docdb", "neptune"} {
		e := "<Engine>" + engine + "</Engine>"
		s := describes(databases(), `<DBInstances><DBInstance><DBInstanceIdentifier>i</DBInstanceIdentifier>`+e+`</DBInstance></DBInstances>`,
			`<DBClusters><DBCluster><DBClusterIdentifier>c</DBClusterIdentifier>`+e+`</DBCluster></DBClusters>`,
			`<DBSnapshots><DBSnapshot><DBSnapshotIdentifier>s</DBSnapshotIdentifier>`+e+`</DBSnapshot></DBSnapshots>`,
			`<DBClusterSnapshots><DBClusterSnapshot><DBClusterSnapshotIdentifier>s</DBClusterSnapshotIdentifier>`+e+`</DBClusterSnapshot></DBClusterSnapshots>`, "").read(t, rdsService, home)
		if len(s.list) != 0 {
			t.Errorf("%s: %v", engine, s.list)
		}
	}
}

func TestVerifyDatabases(t *testing.T) {
	t.Parallel()
	for token, removed := range map[string]string{
		typeDBInstance: "dbinstance-000001", typeDBClusterInstance: "dbclusterinstance-000000", typeDBCluster: "dbcluster-000001",
		typeDBSnapshot: "dbsnapshot-000000", typeDBSnapshotExposure: "dbsnapshot-000000", typeDBClusterSnapshot: "dbclustersnapshot-000000",
		typeDBClusterSnapshotExposure: "dbclustersnapshot-000001", typeDBSubnetGroup: "dbsubnetgroup-000000",
	} {
		checkVerify(t, rdsService, removed, token)
	}
	// A refusal does not say that anything is gone.
	a := databases().fails("rds:DescribeDBInstances", http.StatusForbidden, iamError("AccessDenied"))
	key := schemas.Key{Region: home, Type: typeDBInstance, ID: "dbinstance-000000"}
	if emitted, gone, err := a.verify(t, rdsService, key); err == nil || len(gone)+len(emitted) != 0 {
		t.Errorf("emitted %v, gone %v, %v", emitted, gone, err)
	}
}
