package aws_foundations

import rego.v1

a_key(extra) := object.union({"__type": "aws:kms/key:Key", "keyId": "k", "isEnabled": true, "customerMasterKeySpec": "SYMMETRIC_DEFAULT"}, extra)

test_deny_key_rotation_finds_it_off if {
	deny_key_rotation == {"the key does not rotate"} with input as a_key({"enableKeyRotation": false})
	count(deny_key_rotation) == 1 with input as a_key({})
}

test_deny_key_rotation_passes_when_on if count(deny_key_rotation) == 0 with input as a_key({"enableKeyRotation": true})

test_deny_key_rotation_passes_a_disabled_key if {
	count(deny_key_rotation) == 0 with input as a_key({"enableKeyRotation": false, "isEnabled": false})
}

test_deny_key_rotation_passes_keys_that_cannot if {
	every spec in ["RSA_2048", "ECC_NIST_P256", "HMAC_256", "SM2", "ML_DSA_65"] {
		count(deny_key_rotation) == 0 with input as a_key({"customerMasterKeySpec": spec})
	}
	count(deny_key_rotation) == 0 with input as a_key({"customKeyStoreId": "cks-1"})
}

key_policy(statement) := a_key({"policy": json.marshal({"Statement": [statement]})})

test_deny_key_public_policy_finds_everyone if {
	deny_key_public_policy == {`statement "all" of the key policy allows kms:Decrypt to everyone`} with input as key_policy({
		"Sid": "all", "Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "kms:Decrypt", "Resource": "*",
	})
}

test_deny_key_public_policy_passes_the_account if {
	count(deny_key_public_policy) == 0 with input as key_policy({
		"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:root"}, "Action": "kms:*", "Resource": "*",
	})
	count(deny_key_public_policy) == 0 with input as key_policy({
		"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "kms:Decrypt", "Resource": "*",
		"Condition": {"StringEquals": {"kms:CallerAccount": "123456789012", "kms:ViaService": "s3.us-east-1.amazonaws.com"}},
	})
}

key_state(extra) := object.union({"__type": "insights:aws/keyState:KeyState", "keyId": "k"}, extra)

test_deny_key_deletion_finds_a_scheduled_one if {
	deny_key_deletion == {"the key is about to be deleted (state PendingDeletion, date 2026-01-01T00:00:00Z)"} with input as key_state({
		"state": "PendingDeletion", "deletionDate": "2026-01-01T00:00:00Z",
	})
	count(deny_key_deletion) == 1 with input as key_state({"state": "PendingReplicaDeletion"})
}

test_deny_key_deletion_passes_keys_that_stay if {
	every state in ["Enabled", "Disabled", "PendingImport"] {
		count(deny_key_deletion) == 0 with input as key_state({"state": state})
	}
}
