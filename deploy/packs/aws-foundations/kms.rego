package aws_foundations

import rego.v1

# METADATA
# title: KMS keys rotate
# description: >-
#   KMS makes new material for the key every year, or as often as it is told, and still decrypts with the old one.
#   Disabled keys, asymmetric and HMAC keys and those of custom key stores are left out. Waive keys whose material was
#   imported, KMS cannot make that anew.
# custom:
#   severity: medium
#   remediation: Turn automatic rotation on. Whoever uses the key notices nothing.
#   tags: [kms, encryption]
#   controls:
#     - {framework: CIS AWS Foundations Benchmark, version: 3.0.0, id: "3.6"}
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: KMS.4}
deny_key_rotation contains "the key does not rotate" if {
	input.__type == "aws:kms/key:Key"
	not input.enableKeyRotation == true
	not rests
}

# rests is true of a key that cannot rotate, or encrypts nothing new.
rests if input.isEnabled == false

rests if startswith(input.customKeyStoreId, "cks-")

rests if {
	some spec in ["ECC_", "HMAC_", "ML_DSA_", "RSA_", "SM2"]
	startswith(input.customerMasterKeySpec, spec)
}

# METADATA
# title: KMS key policies are not public
# description: >-
#   No statement of the key's policy allows something to everyone without a condition that fixes where requests come
#   from. IAM of other accounts could then let its users decrypt.
# custom:
#   severity: critical
#   remediation: Name the principals in the statement, or add a condition such as kms:CallerAccount or aws:PrincipalOrgID.
#   tags: [kms, public]
#   controls:
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: KMS.5}
deny_key_public_policy contains msg if {
	input.__type == "aws:kms/key:Key"
	some n, statement in statements(input.policy)
	opens(statement)
	msg := sprintf("%s of the key policy allows %s to everyone", [named(n, statement), actions(statement)])
}

# METADATA
# title: KMS keys are not about to be deleted
# description: >-
#   What was encrypted with a key cannot be read any more once the key is deleted. The wait before is there to find out
#   in time that it was a mistake.
# custom:
#   severity: high
#   remediation: >-
#     Cancel the deletion if anything still needs the key, and disable the key instead. Waive the finding if nothing
#     does.
#   tags: [kms]
#   controls:
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: KMS.3}
deny_key_deletion contains msg if {
	input.__type == "insights:aws/keyState:KeyState"
	not stays
	msg := sprintf("the key is about to be deleted (state %v, date %v)", [
		object.get(input, "state", "unknown"), object.get(input, "deletionDate", "not set"),
	])
}

stays if input.state in {"Creating", "Disabled", "Enabled", "PendingImport", "Unavailable", "Updating"}
