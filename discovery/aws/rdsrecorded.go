package aws

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"
)

// The attributes of snapshots say with whom they are shared. In items accounts come several times.
var (
	recordedDBSnapshots = &recordedType{name: "AWS::RDS::DBSnapshot", calls: []recordedCall{{
		call: dbSnapshotSharing, operation: "RDS:DescribeDBSnapshotAttributes", by: "DBSnapshotIdentifier",
		answer: func(i *recordedItem) (any, error) {
			var list []types.DBSnapshotAttribute
			id := i.configuration.text("dBSnapshotIdentifier")
			if !i.more("DBSnapshotAttributes", &list) || id == "" || len(list) == 0 {
				return nil, nil
			}
			for n := range list {
				list[n].AttributeValues = distinct(list[n].AttributeValues)
			}
			return &rds.DescribeDBSnapshotAttributesOutput{DBSnapshotAttributesResult: &types.DBSnapshotAttributesResult{
				DBSnapshotIdentifier: aws.String(id), DBSnapshotAttributes: list,
			}}, nil
		},
	}}}
	recordedDBClusterSnapshots = &recordedType{name: "AWS::RDS::DBClusterSnapshot", calls: []recordedCall{{
		call: dbClusterSnapshotSharing, operation: "RDS:DescribeDBClusterSnapshotAttributes", by: "DBClusterSnapshotIdentifier",
		answer: func(i *recordedItem) (any, error) {
			var list []types.DBClusterSnapshotAttribute
			id := i.configuration.text("dbclusterSnapshotIdentifier")
			if !i.more("DBClusterSnapshotAttributes", &list) || id == "" || len(list) == 0 {
				return nil, nil
			}
			for n := range list {
				list[n].AttributeValues = distinct(list[n].AttributeValues)
			}
			return &rds.DescribeDBClusterSnapshotAttributesOutput{DBClusterSnapshotAttributesResult: &types.DBClusterSnapshotAttributesResult{
				DBClusterSnapshotIdentifier: aws.String(id), DBClusterSnapshotAttributes: list,
			}}, nil
		},
	}}}
)

func distinct(list []string) []string { return slices.Compact(slices.Sorted(slices.Values(list))) }
