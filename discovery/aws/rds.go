package aws

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// rdsProjection counts changes of the projections in rdsproject.go.
const rdsProjection = 1

const (
	typeDBInstance                = "aws:rds/instance:Instance"
	typeDBClusterInstance         = "aws:rds/clusterInstance:ClusterInstance"
	typeDBCluster                 = "aws:rds/cluster:Cluster"
	typeDBSnapshot                = "aws:rds/snapshot:Snapshot"
	typeDBSnapshotExposure        = "insights:aws/dbSnapshotExposure:DbSnapshotExposure"
	typeDBClusterSnapshot         = "aws:rds/clusterSnapshot:ClusterSnapshot"
	typeDBClusterSnapshotExposure = "insights:aws/dbClusterSnapshotExposure:DbClusterSnapshotExposure"
	typeDBSubnetGroup             = "aws:rds/subnetGroup:SubnetGroup"
)

var (
	listDBInstances          = listCall("rds:DescribeDBInstances", 100)
	listDBClusters           = listCall("rds:DescribeDBClusters", 100)
	listDBSnapshots          = listCall("rds:DescribeDBSnapshots", 100)
	listDBClusterSnapshots   = listCall("rds:DescribeDBClusterSnapshots", 100)
	listDBSubnetGroups       = listCall("rds:DescribeDBSubnetGroups", 100)
	dbSnapshotSharing        = eachCall("rds:DescribeDBSnapshotAttributes", "sharing")
	dbClusterSnapshotSharing = eachCall("rds:DescribeDBClusterSnapshotAttributes", "sharing")
	dbSnapshotCalls          = []call{listDBSnapshots, dbSnapshotSharing}
	dbClusterSnapshotCalls   = []call{listDBClusterSnapshots, dbClusterSnapshotSharing}
)

var rdsService = &service{
	name: "rds",
	types: []typeSpec{
		{token: typeDBInstance, calls: []call{listDBInstances}},
		{token: typeDBClusterInstance, calls: []call{listDBInstances}, with: typeDBInstance},
		{token: typeDBCluster, calls: []call{listDBClusters}},
		{token: typeDBSnapshot, calls: dbSnapshotCalls, recorded: recordedDBSnapshots},
		{token: typeDBSnapshotExposure, calls: dbSnapshotCalls, with: typeDBSnapshot, recorded: recordedDBSnapshots},
		{token: typeDBClusterSnapshot, calls: dbClusterSnapshotCalls, recorded: recordedDBClusterSnapshots},
		{token: typeDBClusterSnapshotExposure, calls: dbClusterSnapshotCalls, with: typeDBClusterSnapshot, recorded: recordedDBClusterSnapshots},
		{token: typeDBSubnetGroup, calls: []call{listDBSubnetGroups, tagCall}},
	},
	lists: rdsLists,
}

var (
	dbInstanceTypes        = []string{typeDBInstance, typeDBClusterInstance}
	dbSnapshotTypes        = []string{typeDBSnapshot, typeDBSnapshotExposure}
	dbClusterSnapshotTypes = []string{typeDBClusterSnapshot, typeDBClusterSnapshotExposure}
)

var rdsLists = []list{
	{listDBSubnetGroups.action, []string{typeDBSubnetGroup}, eachDBSubnetGroup},
	{listDBClusters.action, []string{typeDBCluster}, eachDBCluster},
	{listDBInstances.action, dbInstanceTypes, eachDBInstance},
	{listDBSnapshots.action, dbSnapshotTypes, eachDBSnapshot},
	{listDBClusterSnapshots.action, dbClusterSnapshotTypes, eachDBClusterSnapshot},
}

// rdsPageSize is RDS's largest page, and the one that it gives without being told.
var rdsPageSize = aws.Int32(100)

func (s *session) rds() *rds.Client {
	return client(s, "rds", func(c aws.Config) *rds.Client { return rds.NewFromConfig(c) })
}

// namedOrAll reads everything, or each of the ids by its name. The code is how
// RDS says that it does not know a name.
func namedOrAll(ctx context.Context, ids []string, code string, read func(ctx context.Context, id *string) error) error {
	if ids == nil {
		return read(ctx, nil)
	}
	return parallel(ctx, detailParallel, ids, func(ctx context.Context, id string) error {
		if err := read(ctx, &id); !isNotFound(err, code) {
			return err
		}
		return nil
	})
}

// otherEngine is true of what RDS lists for DocumentDB and Neptune, which are
// services and Pulumi types of their own.
func otherEngine(engine *string) bool {
	return aws.ToString(engine) == "docdb" || aws.ToString(engine) == "neptune"
}

func eachDBInstance(ctx context.Context, s *session, ids []string, emit observe) error {
	return namedOrAll(ctx, ids, "DBInstanceNotFound", func(ctx context.Context, id *string) error {
		p := rds.NewDescribeDBInstancesPaginator(s.rds(), &rds.DescribeDBInstancesInput{DBInstanceIdentifier: id, MaxRecords: rdsPageSize})
		return pages(ctx, p, func(out *rds.DescribeDBInstancesOutput) error {
			for _, i := range out.DBInstances {
				if otherEngine(i.Engine) {
					continue
				}
				if err := emit(ctx, projectDBInstance(s.region, i)); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

func eachDBCluster(ctx context.Context, s *session, ids []string, emit observe) error {
	return namedOrAll(ctx, ids, "DBClusterNotFoundFault", func(ctx context.Context, id *string) error {
		p := rds.NewDescribeDBClustersPaginator(s.rds(), &rds.DescribeDBClustersInput{DBClusterIdentifier: id, MaxRecords: rdsPageSize})
		return pages(ctx, p, func(out *rds.DescribeDBClustersOutput) error {
			for _, c := range out.DBClusters {
				if otherEngine(c.Engine) {
					continue
				}
				if err := emit(ctx, projectDBCluster(s.region, c)); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

func eachDBSubnetGroup(ctx context.Context, s *session, ids []string, emit observe) error {
	return namedOrAll(ctx, ids, "DBSubnetGroupNotFoundFault", func(ctx context.Context, id *string) error {
		p := rds.NewDescribeDBSubnetGroupsPaginator(s.rds(), &rds.DescribeDBSubnetGroupsInput{DBSubnetGroupName: id, MaxRecords: rdsPageSize})
		return pages(ctx, p, func(out *rds.DescribeDBSubnetGroupsOutput) error {
			arns := make([]string, len(out.DBSubnetGroups))
			for i, g := range out.DBSubnetGroups {
				arns[i] = aws.ToString(g.DBSubnetGroupArn)
			}
			tags, tagsF := tagsByARN(ctx, s, arns)
			for _, g := range out.DBSubnetGroups {
				if err := emit(ctx, projectDBSubnetGroup(s.region, g, tagsF, tags[aws.ToString(g.DBSubnetGroupArn)])); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

// automatedSnapshot is the type of the snapshots that RDS makes and deletes
// itself. Nobody can change or share them; they are encrypted when their database
// is.
const automatedSnapshot = "automated"

// manualSnapshot is the type of snapshots that can be shared with other accounts.
const manualSnapshot = "manual"

func eachDBSnapshot(ctx context.Context, s *session, ids []string, emit observe) error {
	return namedOrAll(ctx, ids, "DBSnapshotNotFound", func(ctx context.Context, id *string) error {
		p := rds.NewDescribeDBSnapshotsPaginator(s.rds(), &rds.DescribeDBSnapshotsInput{DBSnapshotIdentifier: id, MaxRecords: rdsPageSize})
		return pages(ctx, p, func(out *rds.DescribeDBSnapshotsOutput) error {
			ids := make([]string, len(out.DBSnapshots))
			for i, v := range out.DBSnapshots {
				ids[i] = aws.ToString(v.DBSnapshotIdentifier)
			}
			ctx := s.recorded(ctx, recordedDBSnapshots, s.region, ids)
			leaveOlder(ctx, out.DBSnapshots, func(v types.DBSnapshot) (*string, *time.Time) { return v.DBSnapshotIdentifier, v.SnapshotCreateTime })
			return parallel(ctx, detailParallel, out.DBSnapshots, func(ctx context.Context, v types.DBSnapshot) error {
				if aws.ToString(v.SnapshotType) == automatedSnapshot || otherEngine(v.Engine) {
					return nil
				}
				sharing, exists := dbSnapshotShares(ctx, s, v)
				if !exists {
					return nil
				}
				return emit(ctx, projectDBSnapshot(s.region, v, sharing)...)
			})
		})
	})
}

func eachDBClusterSnapshot(ctx context.Context, s *session, ids []string, emit observe) error {
	return namedOrAll(ctx, ids, "DBClusterSnapshotNotFoundFault", func(ctx context.Context, id *string) error {
		p := rds.NewDescribeDBClusterSnapshotsPaginator(s.rds(), &rds.DescribeDBClusterSnapshotsInput{DBClusterSnapshotIdentifier: id, MaxRecords: rdsPageSize})
		return pages(ctx, p, func(out *rds.DescribeDBClusterSnapshotsOutput) error {
			ids := make([]string, len(out.DBClusterSnapshots))
			for i, v := range out.DBClusterSnapshots {
				ids[i] = aws.ToString(v.DBClusterSnapshotIdentifier)
			}
			ctx := s.recorded(ctx, recordedDBClusterSnapshots, s.region, ids)
			leaveOlder(ctx, out.DBClusterSnapshots, func(v types.DBClusterSnapshot) (*string, *time.Time) {
				return v.DBClusterSnapshotIdentifier, v.SnapshotCreateTime
			})
			return parallel(ctx, detailParallel, out.DBClusterSnapshots, func(ctx context.Context, v types.DBClusterSnapshot) error {
				if aws.ToString(v.SnapshotType) == automatedSnapshot || otherEngine(v.Engine) {
					return nil
				}
				sharing, exists := dbClusterSnapshotShares(ctx, s, v)
				if !exists {
					return nil
				}
				return emit(ctx, projectDBClusterSnapshot(s.region, v, sharing)...)
			})
		})
	})
}

// sharing is with whom a snapshot is shared: account numbers, or "all".
type sharing struct {
	facet

	with []string
}

// restoreAttribute is the attribute of a snapshot that lists who may restore it.
const restoreAttribute = "restore"

// dbSnapshotShares asks with whom a manual snapshot is shared; the facet of
// others is absent. exists is false when it was deleted since it was listed.
func dbSnapshotShares(ctx context.Context, s *session, v types.DBSnapshot) (shares sharing, exists bool) {
	shares.facet = facet{state: schemas.FacetAbsent, call: dbSnapshotSharing.action}
	if v.SnapshotType != nil && *v.SnapshotType != manualSnapshot {
		return shares, true
	}
	out, err := s.rds().DescribeDBSnapshotAttributes(ctx, &rds.DescribeDBSnapshotAttributesInput{DBSnapshotIdentifier: v.DBSnapshotIdentifier})
	if isNotFound(err, "DBSnapshotNotFound") {
		return shares, false
	}
	if shares.facet = facetOf(dbSnapshotSharing.action, err); err == nil {
		r := out.DBSnapshotAttributesResult
		if shares.facet = shares.need(r != nil && r.DBSnapshotIdentifier != nil); r != nil {
			for _, a := range r.DBSnapshotAttributes {
				if aws.ToString(a.AttributeName) == restoreAttribute {
					shares.with = a.AttributeValues
				}
			}
		}
	}
	return shares, true
}

// dbClusterSnapshotShares is dbSnapshotShares of a cluster's snapshot.
func dbClusterSnapshotShares(ctx context.Context, s *session, v types.DBClusterSnapshot) (shares sharing, exists bool) {
	shares.facet = facet{state: schemas.FacetAbsent, call: dbClusterSnapshotSharing.action}
	if v.SnapshotType != nil && *v.SnapshotType != manualSnapshot {
		return shares, true
	}
	out, err := s.rds().DescribeDBClusterSnapshotAttributes(ctx, &rds.DescribeDBClusterSnapshotAttributesInput{DBClusterSnapshotIdentifier: v.DBClusterSnapshotIdentifier})
	if isNotFound(err, "DBClusterSnapshotNotFoundFault") {
		return shares, false
	}
	if shares.facet = facetOf(dbClusterSnapshotSharing.action, err); err == nil {
		r := out.DBClusterSnapshotAttributesResult
		if shares.facet = shares.need(r != nil && r.DBClusterSnapshotIdentifier != nil); r != nil {
			for _, a := range r.DBClusterSnapshotAttributes {
				if aws.ToString(a.AttributeName) == restoreAttribute {
					shares.with = a.AttributeValues
				}
			}
		}
	}
	return shares, true
}
