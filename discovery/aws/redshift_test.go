package aws

import (
	"net/http"
	"testing"

	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
)

func warehouses(n int) *account {
	return newAccount(awsfake.Population{More: map[string]int{"redshiftCluster": n, "redshiftSubnetGroup": n}})
}

const fullWarehouse = `<Clusters><Cluster><ClusterIdentifier>c</ClusterIdentifier><AvailabilityZone>us-east-1a</AvailabilityZone><ClusterSubnetGroupName>g</ClusterSubnetGroupName>` +
	`<ClusterVersion>1.0</ClusterVersion><DBName>dev</DBName><DefaultIamRoleArn>arn:d</DefaultIamRoleArn><KmsKeyId>arn:k</KmsKeyId><MaintenanceTrackName>current</MaintenanceTrackName>` +
	`<MasterUsername>admin</MasterUsername><NodeType>ra3.xlplus</NodeType><PreferredMaintenanceWindow>sun:01:00-sun:01:30</PreferredMaintenanceWindow><ClusterNamespaceArn>arn:n</ClusterNamespaceArn>` +
	`<AllowVersionUpgrade>false</AllowVersionUpgrade><Encrypted>true</Encrypted><EnhancedVpcRouting>true</EnhancedVpcRouting><PubliclyAccessible>true</PubliclyAccessible>` +
	`<AutomatedSnapshotRetentionPeriod>0</AutomatedSnapshotRetentionPeriod><ManualSnapshotRetentionPeriod>-1</ManualSnapshotRetentionPeriod><NumberOfNodes>1</NumberOfNodes>` +
	`<Endpoint><Port>5439</Port></Endpoint><MultiAZ>Enabled</MultiAZ><AvailabilityZoneRelocationStatus>enabled</AvailabilityZoneRelocationStatus>` +
	`<AquaConfiguration><AquaConfigurationStatus>auto</AquaConfigurationStatus></AquaConfiguration><ClusterParameterGroups><ClusterParameterGroup><ParameterGroupName>p</ParameterGroupName></ClusterParameterGroup></ClusterParameterGroups>` +
	`<ElasticIpStatus><ElasticIp>1.2.3.4</ElasticIp></ElasticIpStatus><IamRoles><ClusterIamRole><IamRoleArn>arn:2</IamRoleArn></ClusterIamRole><ClusterIamRole><IamRoleArn>arn:1</IamRoleArn></ClusterIamRole></IamRoles>` +
	`<VpcSecurityGroups><VpcSecurityGroup><VpcSecurityGroupId>sg-1</VpcSecurityGroupId></VpcSecurityGroup></VpcSecurityGroups><MasterPasswordSecretArn>arn:s</MasterPasswordSecretArn>` +
	`<MasterPasswordSecretKmsKeyId>arn:sk</MasterPasswordSecretKmsKeyId><Tags><Tag><Key>a</Key><Value>b</Value></Tag></Tags>` +
	`<ClusterSnapshotCopyStatus><DestinationRegion>eu-west-1</DestinationRegion><RetentionPeriod>7</RetentionPeriod><ManualSnapshotRetentionPeriod>1</ManualSnapshotRetentionPeriod>` +
	`<SnapshotCopyGrantName>g</SnapshotCopyGrantName></ClusterSnapshotCopyStatus></Cluster></Clusters>`

func redshiftAnswer(action, result string) string { return iamAnswer(action, result) }

func TestGoldenRedshift(t *testing.T) {
	t.Parallel()
	const clusters, logging = "redshift:DescribeClusters", "redshift:DescribeLoggingStatus"
	golden(t, "redshift", warehouses(2).read(t, redshiftService, home).sorted())
	golden(t, "redshift-full", warehouses(1).says(clusters, redshiftAnswer("DescribeClusters", fullWarehouse)).says(logging, redshiftAnswer("DescribeLoggingStatus",
		"<LoggingEnabled>true</LoggingEnabled><LogDestinationType>cloudwatch</LogDestinationType><LogExports><member>userlog</member><member>connectionlog</member></LogExports>")).
		read(t, redshiftService, home).sorted())
	golden(t, "redshift-off", warehouses(1).says(logging, redshiftAnswer("DescribeLoggingStatus", "<LoggingEnabled>false</LoggingEnabled>")).read(t, redshiftService, home).sorted())
	for name, code := range map[string]string{"redshift-denied": "AccessDenied", "redshift-failed": "InternalFailure"} {
		golden(t, name, warehouses(1).fails(logging, http.StatusForbidden, iamError(code)).read(t, redshiftService, home).sorted())
	}
	golden(t, "redshift-silent", warehouses(1).says(clusters, redshiftAnswer("DescribeClusters", "<Clusters><Cluster><ClusterIdentifier>c</ClusterIdentifier></Cluster></Clusters>")).
		says(logging, redshiftAnswer("DescribeLoggingStatus", "")).read(t, redshiftService, home).sorted())
}

func TestVerifyRedshift(t *testing.T) {
	t.Parallel()
	p := awsfake.Population{More: map[string]int{"redshiftCluster": 3, "redshiftSubnetGroup": 3}}
	const clusters = "redshift:DescribeClusters"
	verifies(t, redshiftService, p, "redshiftcluster-000000", map[string]string{typeRedshiftCluster: clusters, typeRedshiftLogging: clusters, typeSnapshotCopy: clusters})
	verifies(t, redshiftService, p, "redshiftsubnetgroup-000000", map[string]string{typeRedshiftSubnetGroup: "redshift:DescribeClusterSubnetGroups"})
}

// A cluster that is gone when its logging is asked for is not one without logging.
func TestClusterDeletedMeanwhile(t *testing.T) {
	t.Parallel()
	a := warehouses(1).fails("redshift:DescribeLoggingStatus", http.StatusNotFound, iamError(redshiftGone))
	if s := a.read(t, redshiftService, home); s.count(typeRedshiftCluster) != 0 || s.scopes[typeRedshiftCluster].State != "complete" {
		t.Errorf("%v", s.scopes)
	}
}
