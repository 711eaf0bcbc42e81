package aws

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// What of a table's replicas is read on demand, each in its own region.
var (
	replicaProtection = eachCall(describeTable.action, "protection of replicas")
	replicaRecovery   = eachCall(tableBackups.action, "recovery of replicas")
)

// tableReplicas are the copies of a table in other regions, by region.
type tableReplicas struct {
	regions               []string
	protected, recovered  map[string]bool
	protectionF, recoverF facet
}

func readReplicas(ctx context.Context, s *session, name string, list []types.ReplicaDescription) tableReplicas {
	r := tableReplicas{protected: map[string]bool{}, recovered: map[string]bool{}}
	for _, replica := range list {
		if region := aws.ToString(replica.RegionName); region != s.region {
			r.regions = append(r.regions, region)
		}
	}
	r.protectionF = r.each(ctx, replicaProtection, func(region string) (there bool, err error) {
		out, err := s.dynamodb().DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &name}, inRegion(region))
		if err == nil && out.Table != nil && out.Table.DeletionProtectionEnabled != nil {
			r.protected[region], there = *out.Table.DeletionProtectionEnabled, true
		}
		return there, err
	})
	r.recoverF = r.each(ctx, replicaRecovery, func(region string) (there bool, err error) {
		out, err := s.dynamodb().DescribeContinuousBackups(ctx, &dynamodb.DescribeContinuousBackupsInput{TableName: &name}, inRegion(region))
		if err == nil && out.ContinuousBackupsDescription != nil && out.ContinuousBackupsDescription.PointInTimeRecoveryDescription != nil {
			status := out.ContinuousBackupsDescription.PointInTimeRecoveryDescription.PointInTimeRecoveryStatus
			r.recovered[region], there = status == types.PointInTimeRecoveryStatusEnabled, status != ""
		}
		return there, err
	})
	return r
}

func inRegion(region string) func(*dynamodb.Options) {
	return func(o *dynamodb.Options) { o.Region = region }
}

// each reads a facet of every replica; it is known when that of all is.
func (r *tableReplicas) each(ctx context.Context, c call, read func(region string) (there bool, err error)) facet {
	return onDemand(ctx, c.action, func() facet {
		for _, region := range r.regions {
			there, err := read(region)
			if f := facetOf(c.action, err).need(there); f.state.Unknown() {
				return f
			}
		}
		return facetOf(c.action, nil)
	})
}

// set puts them into the document of the table, which was described.
func (r *tableReplicas) set(d *document, list []types.ReplicaDescription) {
	if len(r.regions) == 0 {
		return
	}
	protection, recovery := !d.unread(r.protectionF, "replicas.deletionProtectionEnabled"), !d.unread(r.recoverF, "replicas.pointInTimeRecovery")
	replicas := make([]any, 0, len(r.regions))
	for _, v := range list {
		region := aws.ToString(v.RegionName)
		if !slices.Contains(r.regions, region) {
			continue // the table itself
		}
		replica := newDocument()
		replica.set("regionName", region)
		replica.set("kmsKeyArn", aws.ToString(v.KMSMasterKeyId))
		if protected, there := r.protected[region]; protection && there {
			replica.set("deletionProtectionEnabled", protected)
		}
		if recovered, there := r.recovered[region]; recovery && there {
			replica.set("pointInTimeRecovery", recovered)
		}
		replicas = append(replicas, replica.properties)
	}
	sortByJSON(replicas)
	d.set("replicas", replicas)
}
