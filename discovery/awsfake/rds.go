package awsfake

import (
	"bytes"
	"fmt"
	"net/url"
	"strings"
)

var rdsOperations = map[string]operation{
	"DescribeDBInstances": dbInstances.describe, "DescribeDBClusters": dbClusters.describe, "DescribeDBSubnetGroups": dbSubnetGroups.describe,
	"DescribeDBSnapshots": dbSnapshots.describe, "DescribeDBClusterSnapshots": dbClusterSnapshots.describe,
	"DescribeDBSnapshotAttributes": dbSnapshots.attributes, "DescribeDBClusterSnapshotAttributes": dbClusterSnapshots.attributes,
}

// rdsKind is what one Describe operation of RDS lists.
type rdsKind struct {
	kinds    []string // of the population, one after the other; also the start of names
	param    string   // that names a single one
	set      string   // the list in the answer, with its items
	element  string
	notFound string
	item     func(q *request, b *bytes.Buffer, kind, name string)
}

var (
	dbInstances        = rdsKind{[]string{"dbInstance", "dbClusterInstance"}, "DBInstanceIdentifier", "DBInstances", "DBInstance", "DBInstanceNotFound", dbInstance}
	dbClusters         = rdsKind{[]string{"dbCluster"}, "DBClusterIdentifier", "DBClusters", "DBCluster", "DBClusterNotFoundFault", dbCluster}
	dbSubnetGroups     = rdsKind{[]string{"dbSubnetGroup"}, "DBSubnetGroupName", "DBSubnetGroups", "DBSubnetGroup", "DBSubnetGroupNotFoundFault", dbSubnetGroup}
	dbSnapshots        = rdsKind{[]string{"dbSnapshot"}, "DBSnapshotIdentifier", "DBSnapshots", "DBSnapshot", "DBSnapshotNotFound", dbSnapshot}
	dbClusterSnapshots = rdsKind{[]string{"dbClusterSnapshot"}, "DBClusterSnapshotIdentifier", "DBClusterSnapshots", "DBClusterSnapshot", "DBClusterSnapshotNotFoundFault", dbClusterSnapshot}
)

// rdsName is a name as RDS keeps it, in lower case.
func rdsName(kind string, i int) string { return fmt.Sprintf("%s-%06d", strings.ToLower(kind), i) }

// at is the i-th of the kind.
func (k rdsKind) at(q *request, i int) (kind, name string) {
	for _, kind = range k.kinds {
		if i < q.pop.more(kind) {
			break
		}
		i -= q.pop.more(kind)
	}
	return kind, rdsName(kind, i)
}

func (k rdsKind) count(q *request) (n int) {
	for _, kind := range k.kinds {
		n += q.pop.more(kind)
	}
	return n
}

// named finds the one that a request names.
func (k rdsKind) named(q *request, name string) (kind string, f *fault) {
	start, i, _ := strings.Cut(name, "-")
	for _, kind := range k.kinds {
		if strings.ToLower(kind) == start && number(i) < q.pop.more(kind) && rdsName(kind, number(i)) == name && !q.gone(name) {
			return kind, nil
		}
	}
	status := 404
	if k.notFound == "ClusterSubnetGroupNotFoundFault" || k.notFound == "CacheSubnetGroupNotFoundFault" {
		status = 400
	}
	return "", &fault{status: status, code: k.notFound, message: name + " not found."}
}

func (k rdsKind) describe(q *request, form url.Values, b *bytes.Buffer) *fault {
	size := form.Get("MaxRecords")
	if n := number(size); size != "" && (n < 20 || n > 100) {
		return &fault{status: 400, code: "InvalidParameterValue", message: "Invalid value " + size + " for MaxRecords. Must be between 20 and 100"}
	}
	fmt.Fprintf(b, "<%s>", k.set)
	var from, to int
	next := ""
	if name := form.Get(k.param); name != "" {
		kind, f := k.named(q, name)
		if f != nil {
			return f
		}
		k.write(q, b, kind, name)
	} else {
		from, to, next = q.window(form.Get("Marker"), number(size), 100, k.count(q))
	}
	for i := from; i < to; i++ {
		if kind, name := k.at(q, i); !q.gone(name) {
			k.write(q, b, kind, name)
		}
	}
	fmt.Fprintf(b, "</%s>", k.set)
	if next != "" {
		fmt.Fprintf(b, "<Marker>%s</Marker>", next)
	}
	return nil
}

func (k rdsKind) write(q *request, b *bytes.Buffer, kind, name string) {
	fmt.Fprintf(b, "<%s>", k.element)
	k.item(q, b, kind, name)
	fmt.Fprintf(b, "</%s>", k.element)
}

// attributes of a snapshot: it is shared with nobody.
func (k rdsKind) attributes(q *request, form url.Values, b *bytes.Buffer) *fault {
	name := form.Get(k.param)
	if _, f := k.named(q, name); f != nil {
		return f
	}
	fmt.Fprintf(b, `<%[1]sAttributesResult><%[2]s>%[3]s</%[2]s><%[1]sAttributes><%[1]sAttribute><AttributeName>restore</AttributeName><AttributeValues/></%[1]sAttribute></%[1]sAttributes></%[1]sAttributesResult>`,
		k.element, k.param, name)
	return nil
}

func (q *request) rdsARN(kind, name string) string {
	return "arn:aws:rds:" + q.region + ":" + q.pop.AccountID + ":" + kind + ":" + name
}

// rdsTags are one tag, whose value changes with the resource.
func (q *request) rdsTags(name string) string {
	owner := "team"
	if q.touched(name) {
		owner = "changed"
	}
	return "<TagList><Tag><Key>owner</Key><Value>" + owner + "</Value></Tag></TagList>"
}

func dbInstance(q *request, b *bytes.Buffer, kind, name string) {
	fmt.Fprintf(b, `<DBInstanceIdentifier>%s</DBInstanceIdentifier><DBInstanceArn>%s</DBInstanceArn><DBInstanceClass>db.t4g.medium</DBInstanceClass><DBInstanceStatus>available</DBInstanceStatus>`, name, q.rdsARN("db", name))
	if kind == "dbClusterInstance" {
		fmt.Fprintf(b, `<DBClusterIdentifier>%s</DBClusterIdentifier><PromotionTier>1</PromotionTier><Engine>aurora-postgresql</Engine><EngineVersion>16.4</EngineVersion>`, rdsName("dbCluster", 0))
	} else {
		b.WriteString(`<Engine>postgres</Engine><EngineVersion>16.4</EngineVersion><AllocatedStorage>100</AllocatedStorage><StorageType>gp3</StorageType>`)
	}
	b.WriteString(`<Endpoint><Address>db.test</Address><Port>5432</Port></Endpoint><BackupRetentionPeriod>7</BackupRetentionPeriod><MultiAZ>false</MultiAZ>` +
		`<PubliclyAccessible>false</PubliclyAccessible><StorageEncrypted>true</StorageEncrypted><AutoMinorVersionUpgrade>true</AutoMinorVersionUpgrade>` +
		`<CopyTagsToSnapshot>true</CopyTagsToSnapshot><DeletionProtection>false</DeletionProtection><PerformanceInsightsEnabled>true</PerformanceInsightsEnabled>` +
		`<IAMDatabaseAuthenticationEnabled>false</IAMDatabaseAuthenticationEnabled><MonitoringInterval>0</MonitoringInterval><MasterUsername>admin</MasterUsername>` +
		q.rdsTags(name))
}

func dbCluster(q *request, b *bytes.Buffer, _, name string) {
	fmt.Fprintf(b, `<DBClusterIdentifier>%s</DBClusterIdentifier><DBClusterArn>%s</DBClusterArn><Engine>aurora-postgresql</Engine><EngineVersion>16.4</EngineVersion>`+
		`<EngineMode>provisioned</EngineMode><BackupRetentionPeriod>7</BackupRetentionPeriod><StorageEncrypted>true</StorageEncrypted><Port>5432</Port>`+
		`<CopyTagsToSnapshot>true</CopyTagsToSnapshot><DeletionProtection>true</DeletionProtection><IAMDatabaseAuthenticationEnabled>false</IAMDatabaseAuthenticationEnabled>%s`,
		name, q.rdsARN("cluster", name), q.rdsTags(name))
}

func dbSubnetGroup(q *request, b *bytes.Buffer, _, name string) {
	vpc := "vpc-00000000000000000"
	if q.touched(name) {
		vpc = "vpc-00000000000000001"
	}
	fmt.Fprintf(b, `<DBSubnetGroupName>%s</DBSubnetGroupName><DBSubnetGroupArn>%s</DBSubnetGroupArn><DBSubnetGroupDescription>subnets</DBSubnetGroupDescription><VpcId>%s</VpcId>`+
		`<Subnets><Subnet><SubnetIdentifier>subnet-00000000000000000</SubnetIdentifier></Subnet></Subnets>`, name, q.rdsARN("subgrp", name), vpc)
}

func dbSnapshot(q *request, b *bytes.Buffer, _, name string) {
	fmt.Fprintf(b, `<DBSnapshotIdentifier>%s</DBSnapshotIdentifier><DBSnapshotArn>%s</DBSnapshotArn><DBInstanceIdentifier>%s</DBInstanceIdentifier>`+
		`<SnapshotType>manual</SnapshotType><Status>available</Status><Engine>postgres</Engine><Encrypted>true</Encrypted><AllocatedStorage>100</AllocatedStorage><SnapshotCreateTime>2025-01-01T00:00:00Z</SnapshotCreateTime>%s`,
		name, q.rdsARN("snapshot", name), rdsName("dbInstance", 0), q.rdsTags(name))
}

func dbClusterSnapshot(q *request, b *bytes.Buffer, _, name string) {
	fmt.Fprintf(b, `<DBClusterSnapshotIdentifier>%s</DBClusterSnapshotIdentifier><DBClusterSnapshotArn>%s</DBClusterSnapshotArn><DBClusterIdentifier>%s</DBClusterIdentifier>`+
		`<SnapshotType>manual</SnapshotType><Status>available</Status><Engine>aurora-postgresql</Engine><StorageEncrypted>true</StorageEncrypted><SnapshotCreateTime>2025-01-01T00:00:00Z</SnapshotCreateTime>%s`,
		name, q.rdsARN("cluster-snapshot", name), rdsName("dbCluster", 0), q.rdsTags(name))
}
