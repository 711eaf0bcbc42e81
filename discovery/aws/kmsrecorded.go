package aws

import (
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
)

var recordedKeys = &recordedType{name: "AWS::KMS::Key", calls: []recordedCall{
	{call: describeKey, operation: "KMS:DescribeKey", by: "KeyId", answer: recordedMetadata},
	{call: keyPolicy, operation: "KMS:GetKeyPolicy", by: "KeyId", answer: func(i *recordedItem) (any, error) {
		policy := i.document("Policy")
		if policy == "" {
			return nil, nil
		}
		return &kms.GetKeyPolicyOutput{Policy: &policy}, nil
	}},
	{call: keyRotation, operation: "KMS:GetKeyRotationStatus", by: "KeyId", answer: recordedRotation},
}}

// recordedMetadata leaves keys of external stores and such as are to be deleted to KMS: of the
// first Config does not have all, and the others must not be missed.
func recordedMetadata(i *recordedItem) (any, error) {
	var m types.KeyMetadata
	if !i.configuration.has("keyManager", "keyState", "keySpec", "keyUsage", "origin", "enabled", "multiRegion") || !i.configuration.into(&m) {
		return nil, nil
	}
	if m.Origin == types.OriginTypeExternalKeyStore || m.KeyState == types.KeyStatePendingDeletion {
		return nil, nil
	}
	return &kms.DescribeKeyOutput{KeyMetadata: &m}, nil
}

// recordedRotation is that of keys that are not rotated: how often others are Config does not say.
func recordedRotation(i *recordedItem) (any, error) {
	var rotates bool
	if !i.more("KeyRotationStatus", &rotates) || rotates {
		return nil, nil
	}
	return &kms.GetKeyRotationStatusOutput{}, nil
}
