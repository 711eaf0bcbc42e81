package aws

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/insights-scanner/insights-scanner/discovery"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// bucketFacets is everything that is read of one bucket.
type bucketFacets struct {
	bucket
	gone bool // a call said that there is no such bucket

	policy     string
	versioning *s3.GetBucketVersioningOutput
	encryption *types.ServerSideEncryptionConfiguration
	pab        *types.PublicAccessBlockConfiguration
	logging    *types.LoggingEnabled
	acl        *s3.GetBucketAclOutput
	ownership  *types.OwnershipControls
	lifecycle  *s3.GetBucketLifecycleConfigurationOutput

	replication *types.ReplicationConfiguration

	policyF, versioningF, encryptionF, pabF, loggingF, aclF, ownershipF, lifecycleF, replicationF facet

	more bucketMore
}

// bucketObservations reads a bucket and projects it. exists is false when it
// was deleted meanwhile.
func bucketObservations(ctx context.Context, s *session, listed bucket) (list []discovery.Observation, exists bool) {
	b := &bucketFacets{bucket: listed}
	b.read(ctx, s.s3In(b.region))
	b.readMore(ctx, s.s3In(b.region))
	if b.gone {
		return nil, false
	}
	return b.project(), true
}

// facet notes what a call's error says.
func (b *bucketFacets) facet(call string, err error, absent ...string) facet {
	if isNotFound(err, "NoSuchBucket") {
		b.gone = true
	}
	return facetOf(call, err, absent...)
}

func (b *bucketFacets) read(ctx context.Context, c *s3.Client) {
	n := &b.name
	versioning, err := c.GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: n})
	if b.versioningF = b.facet("s3:GetBucketVersioning", err); b.gone {
		return
	}
	b.versioning = versioning
	policy, err := c.GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: n})
	if b.policyF = b.facet("s3:GetBucketPolicy", err, "NoSuchBucketPolicy"); err == nil {
		b.policy = canonicalPolicy(aws.ToString(policy.Policy))
		b.policyF = b.policyF.need(b.policy != "")
	}
	encryption, err := c.GetBucketEncryption(ctx, &s3.GetBucketEncryptionInput{Bucket: n})
	if b.encryptionF = b.facet("s3:GetEncryptionConfiguration", err, "ServerSideEncryptionConfigurationNotFoundError"); err == nil {
		b.encryption = encryption.ServerSideEncryptionConfiguration
		b.encryptionF = b.encryptionF.need(b.encryption != nil && len(b.encryption.Rules) > 0)
	}
	pab, err := c.GetPublicAccessBlock(ctx, &s3.GetPublicAccessBlockInput{Bucket: n})
	if b.pabF = b.facet("s3:GetBucketPublicAccessBlock", err, "NoSuchPublicAccessBlockConfiguration"); err == nil {
		b.pab = pab.PublicAccessBlockConfiguration
		b.pabF = b.pabF.need(b.pab != nil)
	}
	logging, err := c.GetBucketLogging(ctx, &s3.GetBucketLoggingInput{Bucket: n})
	if b.loggingF = b.facet("s3:GetBucketLogging", err); err == nil {
		if b.logging = logging.LoggingEnabled; b.logging == nil {
			b.loggingF.state = schemas.FacetAbsent
		}
	}
	b.acl, err = c.GetBucketAcl(ctx, &s3.GetBucketAclInput{Bucket: n})
	if b.aclF = b.facet("s3:GetBucketAcl", err); err == nil {
		b.aclF = b.aclF.need(b.acl.Owner != nil)
	}
	ownership, err := c.GetBucketOwnershipControls(ctx, &s3.GetBucketOwnershipControlsInput{Bucket: n})
	if b.ownershipF = b.facet("s3:GetBucketOwnershipControls", err, "OwnershipControlsNotFoundError"); err == nil {
		b.ownership = ownership.OwnershipControls
		b.ownershipF = b.ownershipF.need(b.ownership != nil && len(b.ownership.Rules) > 0)
	}
	b.lifecycle, err = c.GetBucketLifecycleConfiguration(ctx, &s3.GetBucketLifecycleConfigurationInput{Bucket: n})
	if b.lifecycleF = b.facet("s3:GetLifecycleConfiguration", err, "NoSuchLifecycleConfiguration"); err == nil {
		b.lifecycleF = b.lifecycleF.need(len(b.lifecycle.Rules) > 0)
	}
	b.replicationF = b.readReplication(ctx, c)
}

func (b *bucketFacets) project() []discovery.Observation {
	list := []discovery.Observation{b.whole(), b.bucketVersioning(), b.publicAccessBlock(), b.accessControlList()}
	split := func(token string, f facet, body map[string]func() any) {
		d := newDocument()
		d.set("bucket", b.name)
		d.set("region", b.region)
		for _, name := range sortedKeys(body) {
			d.facet(name, f, body[name])
		}
		list = append(list, d.observeIf(f, b.region, token, b.name, b.name, s3Projection)...)
	}
	split(typeBucketPolicy, b.policyF, map[string]func() any{"policy": func() any { return b.policy }})
	split(typeBucketEncryption, b.encryptionF, map[string]func() any{"rules": func() any { return encryptionRules(b.encryption) }})
	split(typeBucketOwnership, b.ownershipF, map[string]func() any{"rule": func() any { return ownershipRule(b.ownership) }})
	split(typeBucketLifecycle, b.lifecycleF, map[string]func() any{
		"rules":                              func() any { return lifecycleRules(b.lifecycle) },
		"transitionDefaultMinimumObjectSize": func() any { return string(b.lifecycle.TransitionDefaultMinimumObjectSize) },
	})
	split(typeBucketReplication, b.replicationF, map[string]func() any{
		"role":  func() any { return aws.ToString(b.replication.Role) },
		"rules": func() any { return replicationRules(b.replication.Rules) },
	})
	split(typeBucketLogging, b.loggingF, map[string]func() any{
		"targetBucket":          func() any { return aws.ToString(b.logging.TargetBucket) },
		"targetPrefix":          func() any { return aws.ToString(b.logging.TargetPrefix) },
		"targetGrants":          func() any { return targetGrants(b.logging.TargetGrants) },
		"targetObjectKeyFormat": func() any { return keyFormat(b.logging.TargetObjectKeyFormat) },
	})
	return list
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func (b *bucketFacets) whole() discovery.Observation {
	d := newDocument()
	d.set("bucket", b.name)
	d.set("region", b.region)
	d.facet("tags", b.tagsF, func() any { return b.tags })
	d.facet("policy", b.policyF, func() any { return b.policy })
	d.facet("grants", b.aclF, func() any { return bucketGrants(b.acl) })
	d.facet("acl", b.aclF, func() any { return cannedACL(b.acl) })
	d.facet("versioning", b.versioningF, func() any {
		return map[string]any{
			"enabled":   b.versioning.Status == types.BucketVersioningStatusEnabled,
			"mfaDelete": b.versioning.MFADelete == types.MFADeleteStatusEnabled,
		}
	})
	d.facet("serverSideEncryptionConfiguration", b.encryptionF, func() any {
		rules := encryptionRules(b.encryption)
		if len(rules) == 0 {
			return nil
		}
		return map[string]any{"rule": rules[0]}
	})
	d.facet("logging", b.loggingF, func() any {
		return map[string]any{"targetBucket": aws.ToString(b.logging.TargetBucket), "targetPrefix": aws.ToString(b.logging.TargetPrefix)}
	})
	d.facet("lifecycleRules", b.lifecycleF, func() any { return bucketLifecycleRules(b.lifecycle) })
	d.facet("replicationConfiguration", b.replicationF, func() any { return replication(b.replication) })
	b.more.set(d)
	return d.observe(b.region, typeBucket, b.name, b.name, s3Projection)
}

// bucketVersioning is always emitted: a bucket that never had versioning says
// Disabled, so that a pack can judge it.
func (b *bucketFacets) bucketVersioning() discovery.Observation {
	d := newDocument()
	d.set("bucket", b.name)
	d.set("region", b.region)
	d.facet("versioningConfiguration", b.versioningF, func() any {
		status := string(b.versioning.Status)
		if status == "" {
			status = "Disabled"
		}
		c := map[string]any{"status": status}
		if b.versioning.MFADelete != "" {
			c["mfaDelete"] = string(b.versioning.MFADelete)
		}
		return c
	})
	return d.observe(b.region, typeBucketVersioning, b.name, b.name, s3Projection)
}

var publicAccessNames = []string{"blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"}

func publicAccessFlags(acls, ignore, policy, restrict *bool) map[string]*bool {
	return map[string]*bool{"blockPublicAcls": acls, "ignorePublicAcls": ignore, "blockPublicPolicy": policy, "restrictPublicBuckets": restrict}
}

// setPublicAccess sets the flags of a public access block that was found.
func setPublicAccess(d *document, f facet, flags map[string]*bool) {
	for _, name := range publicAccessNames {
		v := flags[name]
		d.facet(name, f.need(v != nil), func() any { return *v })
	}
}

// setNoPublicAccess sets them where none is configured: nothing is blocked.
func setNoPublicAccess(d *document) {
	for _, name := range publicAccessNames {
		d.set(name, false)
	}
}

// publicAccessBlock is always emitted: without a configuration nothing is blocked.
func (b *bucketFacets) publicAccessBlock() discovery.Observation {
	d := newDocument()
	d.set("bucket", b.name)
	d.set("region", b.region)
	var flags map[string]*bool
	if c := b.pab; c != nil {
		flags = publicAccessFlags(c.BlockPublicAcls, c.IgnorePublicAcls, c.BlockPublicPolicy, c.RestrictPublicBuckets)
	}
	if b.pabF.state == schemas.FacetAbsent {
		setNoPublicAccess(d)
	} else {
		setPublicAccess(d, b.pabF, flags)
	}
	return d.observe(b.region, typeBucketPAB, b.name, b.name, s3Projection)
}

// accessControlList is always emitted: every bucket has one.
func (b *bucketFacets) accessControlList() discovery.Observation {
	d := newDocument()
	d.set("bucket", b.name)
	d.set("region", b.region)
	d.facet("accessControlPolicy", b.aclF, func() any { return accessControlPolicy(b.acl) })
	d.facet("acl", b.aclF, func() any { return cannedACL(b.acl) })
	return d.observe(b.region, typeBucketACL, b.name, b.name, s3Projection)
}

func encryptionRules(c *types.ServerSideEncryptionConfiguration) []any {
	if c == nil {
		return nil
	}
	rules := make([]any, len(c.Rules))
	for i, r := range c.Rules {
		rule := map[string]any{"bucketKeyEnabled": aws.ToBool(r.BucketKeyEnabled)}
		if by := r.ApplyServerSideEncryptionByDefault; by != nil {
			apply := map[string]any{"sseAlgorithm": string(by.SSEAlgorithm)}
			if by.KMSMasterKeyID != nil {
				apply["kmsMasterKeyId"] = *by.KMSMasterKeyID
			}
			rule["applyServerSideEncryptionByDefault"] = apply
		}
		rules[i] = rule
	}
	return rules
}

func ownershipRule(c *types.OwnershipControls) any {
	if c == nil || len(c.Rules) == 0 {
		return nil
	}
	return map[string]any{"objectOwnership": string(c.Rules[0].ObjectOwnership)}
}
