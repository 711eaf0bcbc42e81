package awsfake

import (
	"bytes"
	"fmt"
	"net/url"
)

var redshiftOperations = map[string]operation{
	"DescribeClusters": redshiftClusters.describe, "DescribeClusterSubnetGroups": redshiftSubnetGroups.describe, "DescribeLoggingStatus": redshiftLogging,
}

var (
	redshiftClusters     = rdsKind{[]string{"redshiftCluster"}, "ClusterIdentifier", "Clusters", "Cluster", "ClusterNotFound", redshiftCluster}
	redshiftSubnetGroups = rdsKind{[]string{"redshiftSubnetGroup"}, "ClusterSubnetGroupName", "ClusterSubnetGroups", "ClusterSubnetGroup", "ClusterSubnetGroupNotFoundFault", redshiftSubnetGroup}
)

func (q *request) redshiftTags(name string) string {
	owner := "team"
	if q.touched(name) {
		owner = "changed"
	}
	return "<Tags><Tag><Key>owner</Key><Value>" + owner + "</Value></Tag></Tags>"
}

// Every cluster copies its snapshots.
func redshiftCluster(q *request, b *bytes.Buffer, _, name string) {
	fmt.Fprintf(b, `<ClusterIdentifier>%s</ClusterIdentifier><ClusterStatus>available</ClusterStatus><NodeType>ra3.xlplus</NodeType><NumberOfNodes>2</NumberOfNodes>`+
		`<ClusterVersion>1.0</ClusterVersion><DBName>dev</DBName><MasterUsername>admin</MasterUsername><Endpoint><Address>c.test</Address><Port>5439</Port></Endpoint>`+
		`<AllowVersionUpgrade>true</AllowVersionUpgrade><AutomatedSnapshotRetentionPeriod>1</AutomatedSnapshotRetentionPeriod><Encrypted>true</Encrypted>`+
		`<EnhancedVpcRouting>false</EnhancedVpcRouting><PubliclyAccessible>false</PubliclyAccessible><PreferredMaintenanceWindow>sun:01:00-sun:01:30</PreferredMaintenanceWindow>`+
		`<MultiAZ>disabled</MultiAZ><ClusterSnapshotCopyStatus><DestinationRegion>eu-west-1</DestinationRegion><RetentionPeriod>7</RetentionPeriod>`+
		`<ManualSnapshotRetentionPeriod>-1</ManualSnapshotRetentionPeriod></ClusterSnapshotCopyStatus>%s`, name, q.redshiftTags(name))
}

func redshiftSubnetGroup(q *request, b *bytes.Buffer, _, name string) {
	fmt.Fprintf(b, `<ClusterSubnetGroupName>%s</ClusterSubnetGroupName><Description>subnets</Description><VpcId>vpc-00000000000000000</VpcId><SubnetGroupStatus>Complete</SubnetGroupStatus>`+
		`<Subnets><Subnet><SubnetIdentifier>subnet-00000000000000000</SubnetIdentifier></Subnet></Subnets>%s`, name, q.redshiftTags(name))
}

func redshiftLogging(q *request, form url.Values, b *bytes.Buffer) *fault {
	if _, f := redshiftClusters.named(q, form.Get("ClusterIdentifier")); f != nil {
		return f
	}
	b.WriteString(`<LoggingEnabled>true</LoggingEnabled><BucketName>logs</BucketName><S3KeyPrefix>redshift/</S3KeyPrefix><LogDestinationType>s3</LogDestinationType>`)
	return nil
}
