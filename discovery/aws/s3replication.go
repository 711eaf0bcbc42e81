package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// readReplication asks only for that of buckets that keep versions: S3 takes it for no
// other, and lets nobody turn versions off before it is deleted. A probe tries the call on any.
func (b *bucketFacets) readReplication(ctx context.Context, c *s3.Client) facet {
	if !probes(ctx) && b.versioningF.state == schemas.FacetPresent && b.versioning.Status != types.BucketVersioningStatusEnabled {
		return facet{state: schemas.FacetAbsent, call: b.versioningF.call}
	}
	out, err := c.GetBucketReplication(ctx, &s3.GetBucketReplicationInput{Bucket: &b.name})
	f := b.facet(bucketReplication.action, err, "ReplicationConfigurationNotFoundError")
	if err == nil {
		b.replication = out.ReplicationConfiguration
		f = f.need(b.replication != nil && len(b.replication.Rules) > 0)
	}
	return f
}

// replication is that of the bucket itself, which differs in what it is made of from the
// resource of its own.
func replication(c *types.ReplicationConfiguration) map[string]any {
	rules := make([]any, len(c.Rules))
	for i, r := range c.Rules {
		rules[i] = replicationRule(r)
	}
	d := newDocument()
	d.set("role", aws.ToString(c.Role))
	d.set("rules", rules)
	return d.properties
}

// replicationRules are those of the resource of its own, which is built like S3's answer.
func replicationRules(rules []types.ReplicationRule) []any {
	out := make([]any, len(rules))
	for i, r := range rules {
		rule := camelMap(r, names{"ReplicaKmsKeyID": "replicaKmsKeyId", "And": ""})
		if f := r.Filter; f != nil && f.And != nil {
			and := newDocument()
			and.set("prefix", aws.ToString(f.And.Prefix))
			and.set("tags", s3Tags(f.And.Tags))
			rule["filter"] = map[string]any{"and": and.properties}
		}
		out[i] = rule
	}
	return out
}

func replicationRule(r types.ReplicationRule) map[string]any {
	d := newDocument()
	d.set("id", aws.ToString(r.ID))
	d.set("status", string(r.Status))
	d.set("prefix", aws.ToString(r.Prefix))
	if r.Priority != nil {
		d.set("priority", int(*r.Priority))
	}
	if r.Filter != nil {
		d.set("filter", replicationFilter(r.Filter))
	}
	if m := r.DeleteMarkerReplication; m != nil {
		d.set("deleteMarkerReplicationStatus", string(m.Status))
	}
	if c := r.SourceSelectionCriteria; c != nil && c.SseKmsEncryptedObjects != nil {
		enabled := c.SseKmsEncryptedObjects.Status == types.SseKmsEncryptedObjectsStatusEnabled
		d.set("sourceSelectionCriteria", map[string]any{"sseKmsEncryptedObjects": map[string]any{"enabled": enabled}})
	}
	if r.Destination != nil {
		d.set("destination", replicationDestination(r.Destination))
	}
	return d.properties
}

func replicationFilter(f *types.ReplicationRuleFilter) map[string]any {
	d := newDocument()
	d.set("prefix", aws.ToString(f.Prefix))
	if f.Tag != nil {
		d.set("tags", s3Tags([]types.Tag{*f.Tag}))
	}
	if f.And != nil {
		d.set("prefix", aws.ToString(f.And.Prefix))
		d.set("tags", s3Tags(f.And.Tags))
	}
	return d.properties
}

func replicationDestination(to *types.Destination) map[string]any {
	d := newDocument()
	d.set("bucket", aws.ToString(to.Bucket))
	d.set("storageClass", string(to.StorageClass))
	d.set("accountId", aws.ToString(to.Account))
	if to.EncryptionConfiguration != nil {
		d.set("replicaKmsKeyId", aws.ToString(to.EncryptionConfiguration.ReplicaKmsKeyID))
	}
	if to.AccessControlTranslation != nil {
		d.set("accessControlTranslation", map[string]any{"owner": string(to.AccessControlTranslation.Owner)})
	}
	if m := to.Metrics; m != nil {
		d.set("metrics", timed(string(m.Status), m.EventThreshold))
	}
	if t := to.ReplicationTime; t != nil {
		d.set("replicationTime", timed(string(t.Status), t.Time))
	}
	return d.properties
}

func timed(status string, t *types.ReplicationTimeValue) map[string]any {
	out := map[string]any{"status": status}
	if t != nil && t.Minutes != nil {
		out["minutes"] = int(*t.Minutes)
	}
	return out
}
