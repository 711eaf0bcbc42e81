package aws

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/insights-scanner/insights-scanner/discovery"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// kmsProjection counts changes of the projections in this file.
const kmsProjection = 1

const (
	typeKey      = "aws:kms/key:Key"
	typeKeyState = "insights:aws/keyState:KeyState"
	typeKeyAlias = "aws:kms/alias:Alias"
)

var (
	listKeys    = listCall("kms:ListKeys", 1000)
	listAliases = listCall("kms:ListAliases", 100)
	describeKey = eachCall("kms:DescribeKey", "metadata")
	keyPolicy   = eachCall("kms:GetKeyPolicy", "policy")
	keyRotation = eachCall("kms:GetKeyRotationStatus", "rotation")
)

var kmsService = &service{
	name: "kms",
	types: []typeSpec{
		{token: typeKey, calls: []call{listKeys, describeKey, keyPolicy, keyRotation, tagCall}, recorded: recordedKeys},
		{token: typeKeyState, calls: []call{listKeys, describeKey}, with: typeKey, recorded: recordedKeys},
		{token: typeKeyAlias, calls: []call{listAliases}},
	},
	// "AWS KMS request quotas": 500 a second for the slowest of these operations.
	limits: map[string]limit{"KMS": {rate: 500, burst: 500}},
	lists:  kmsLists,
}

var kmsLists = []list{
	{listKeys.action, []string{typeKey, typeKeyState}, eachKey},
	{listAliases.action, []string{typeKeyAlias}, eachAlias},
}

func (s *session) kms() *kms.Client {
	return client(s, "kms", func(c aws.Config) *kms.Client { return kms.NewFromConfig(c) })
}

func eachKey(ctx context.Context, s *session, ids []string, emit observe) error {
	if ids != nil {
		return readKeys(ctx, s, ids, emit)
	}
	p := kms.NewListKeysPaginator(s.kms(), &kms.ListKeysInput{Limit: aws.Int32(1000)})
	return pages(ctx, p, func(out *kms.ListKeysOutput) error {
		ids := make([]string, len(out.Keys))
		for i, k := range out.Keys {
			ids[i] = aws.ToString(k.KeyId)
		}
		return readKeys(ctx, s, ids, emit)
	})
}

// readKeys emits those of the keys that exist and are the customer's. A key whose
// metadata is refused may be AWS's own, of which there is nothing to judge: whether it
// is one of ours was not read.
func readKeys(ctx context.Context, s *session, ids []string, emit observe) error {
	arns := make([]string, len(ids))
	for i, id := range ids {
		arns[i] = s.keyARN(id)
	}
	tags, tagsF := tagsByARN(ctx, s, arns)
	ctx = s.recorded(ctx, recordedKeys, s.region, ids)
	return parallel(ctx, detailParallel, ids, func(ctx context.Context, id string) error {
		k := &keyFacets{id: id, arn: s.keyARN(id), tags: tags[s.keyARN(id)], tagsF: tagsF}
		if k.read(ctx, s.kms()); k.gone || k.metadata.KeyManager == types.KeyManagerTypeAws {
			return nil
		}
		return emit(ctx, k.project(s.region)...)
	})
}

func (s *session) keyARN(id string) string {
	return fmt.Sprintf("arn:%s:kms:%s:%s:key/%s", s.partition, s.region, s.awsAccount, id)
}

// keyFacets is everything that is read of one key.
type keyFacets struct {
	id, arn string
	gone    bool // a call said that there is no such key

	metadata types.KeyMetadata
	policy   string
	rotation *kms.GetKeyRotationStatusOutput
	tags     map[string]any

	metadataF, policyF, rotationF, tagsF facet
}

// read asks for the metadata first: keys of AWS need no more.
func (k *keyFacets) read(ctx context.Context, c *kms.Client) {
	out, err := c.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: &k.id})
	if k.metadataF = k.facet(describeKey.action, err); err == nil {
		if out.KeyMetadata != nil {
			k.metadata = *out.KeyMetadata
		}
		k.metadataF = k.metadataF.need(k.metadata.KeyManager != "" && k.metadata.KeyState != "")
	}
	if k.gone || k.metadata.KeyManager == types.KeyManagerTypeAws {
		return
	}
	// The only name there is; the default, which some emulators do not know.
	policy, err := c.GetKeyPolicy(ctx, &kms.GetKeyPolicyInput{KeyId: &k.id, PolicyName: aws.String("default")})
	if k.policyF = k.facet(keyPolicy.action, err); err == nil {
		k.policy = canonicalPolicy(aws.ToString(policy.Policy))
		k.policyF = k.policyF.need(k.policy != "")
	}
	if !k.mayRotate() {
		k.rotationF = facet{state: schemas.FacetAbsent, call: keyRotation.action}
		return
	}
	k.rotation, err = c.GetKeyRotationStatus(ctx, &kms.GetKeyRotationStatusInput{KeyId: &k.id})
	k.rotationF = k.facet(keyRotation.action, err, "UnsupportedOperationException")
}

// facet notes what a call's error says.
func (k *keyFacets) facet(call string, err error, absent ...string) facet {
	k.gone = k.gone || isNotFound(err, "NotFoundException")
	return facetOf(call, err, absent...)
}

// mayRotate is false of keys that KMS never rotates: asymmetric and HMAC keys,
// and those whose material is not made by KMS.
func (k *keyFacets) mayRotate() bool {
	if k.metadataF.state != schemas.FacetPresent {
		return true // who knows
	}
	return k.metadata.KeySpec == types.KeySpecSymmetricDefault && k.metadata.Origin == types.OriginTypeAwsKms
}

func (k *keyFacets) project(region string) []discovery.Observation {
	m := k.metadata
	d := newDocument()
	d.set("region", region)
	d.set("keyId", k.id)
	d.set("arn", k.arn)
	for name, value := range map[string]string{
		"description": aws.ToString(m.Description), "keyUsage": string(m.KeyUsage), "customerMasterKeySpec": string(m.KeySpec),
		"customKeyStoreId": aws.ToString(m.CustomKeyStoreId), "xksKeyId": xksKeyID(m),
	} {
		d.facet(name, k.metadataF, func() any { return value })
	}
	d.facet("isEnabled", k.metadataF, func() any { return m.Enabled })
	d.facet("multiRegion", k.metadataF.need(m.MultiRegion != nil), func() any { return *m.MultiRegion })
	d.facet("policy", k.policyF, func() any { return k.policy })
	d.facet("enableKeyRotation", k.rotationF, func() any { return k.rotation.KeyRotationEnabled })
	d.facet("rotationPeriodInDays", k.rotationF, func() any { return optional(k.rotation.RotationPeriodInDays) })
	d.facet("tags", k.tagsF, func() any { return k.tags })
	d.notReadable("bypassPolicyLockoutSafetyCheck")
	sortUnknown(d)
	state := newDocument()
	state.set("region", region)
	state.set("keyId", k.id)
	state.facet("state", k.metadataF, func() any { return string(m.KeyState) })
	state.facet("deletionDate", k.metadataF, func() any {
		if m.DeletionDate == nil {
			return nil
		}
		return m.DeletionDate.UTC().Format(time.RFC3339)
	})
	return append(d.observeIf(k.metadataF, region, typeKey, k.id, k.id, kmsProjection),
		state.observeIf(k.metadataF, region, typeKeyState, k.id, k.id, kmsProjection)...)
}

func xksKeyID(m types.KeyMetadata) string {
	if m.XksKeyConfiguration == nil {
		return ""
	}
	return aws.ToString(m.XksKeyConfiguration.Id)
}

// awsAlias begins the aliases of AWS's own keys; customers cannot make such.
const awsAlias = "alias/aws/"

// eachAlias reads the whole list also for some: KMS has no call for one alias.
func eachAlias(ctx context.Context, s *session, names []string, emit observe) error {
	p := kms.NewListAliasesPaginator(s.kms(), &kms.ListAliasesInput{Limit: aws.Int32(100)})
	return pages(ctx, p, func(out *kms.ListAliasesOutput) error {
		for _, a := range out.Aliases {
			name := aws.ToString(a.AliasName)
			if strings.HasPrefix(name, awsAlias) || names != nil && !slices.Contains(names, name) {
				continue
			}
			d := newDocument()
			d.set("region", s.region)
			d.set("name", name)
			d.set("arn", aws.ToString(a.AliasArn))
			d.set("targetKeyId", aws.ToString(a.TargetKeyId))
			if err := emit(ctx, d.observe(s.region, typeKeyAlias, name, name, kmsProjection)); err != nil {
				return err
			}
		}
		return nil
	})
}
