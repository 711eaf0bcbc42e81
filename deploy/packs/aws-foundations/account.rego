package aws_foundations

import rego.v1

# METADATA
# title: The root user has MFA
# description: >-
#   The root user can do everything in the account and cannot be limited by a policy. A password alone must not be
#   enough to sign in as it.
# custom:
#   severity: critical
#   remediation: Sign in as the root user, open "Security credentials" and assign an MFA device, best a hardware key.
#   tags: [iam]
#   controls:
#     - {framework: CIS AWS Foundations Benchmark, version: 3.0.0, id: "1.5"}
deny_root_mfa contains "the root user has no MFA device" if {
	input.__type == "insights:aws/rootAccount:RootAccount"
	not input.mfaActive == true
}

# METADATA
# title: The root user has no access keys
# description: >-
#   An access key of the root user gives whoever holds it the whole account, without MFA and without limits.
# custom:
#   severity: critical
#   remediation: Move what uses the key to a role, then delete the key under "Security credentials" of the root user.
#   tags: [iam]
#   controls:
#     - {framework: CIS AWS Foundations Benchmark, version: 3.0.0, id: "1.4"}
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: IAM.4}
deny_root_access_key contains "the root user has an access key" if {
	input.__type == "insights:aws/rootAccount:RootAccount"
	not input.accessKeysPresent == false
}

# METADATA
# title: Passwords have a minimum length
# description: >-
#   IAM users must choose passwords of at least the configured length. Without a password policy AWS asks for eight
#   characters.
# custom:
#   severity: medium
#   remediation: Set the minimum length in the account's password policy (IAM, Account settings).
#   tags: [iam]
#   controls:
#     - {framework: CIS AWS Foundations Benchmark, version: 3.0.0, id: "1.8"}
deny_password_length contains msg if {
	input.__type == "insights:aws/passwordPolicy:PasswordPolicy"
	least := setting("deny_password_length", "minimumLength")
	not at_least(password_minimum, least)
	msg := sprintf("%s; at least %d are wanted", [password_length, least])
}

password_minimum := input.minimumPasswordLength

password_minimum := 0 if not input.minimumPasswordLength

password_length := "no password policy is configured, so passwords need only AWS's 8 characters" if password_minimum == 0

password_length := sprintf("passwords need only %v characters", [password_minimum]) if password_minimum != 0

# METADATA
# title: Passwords are not reused
# description: >-
#   A user must not go back to one of the last passwords, so that a password that leaked once stays useless.
# custom:
#   severity: low
#   remediation: Turn on "Prevent password reuse" in the account's password policy and have 24 passwords remembered.
#   tags: [iam]
#   controls:
#     - {framework: CIS AWS Foundations Benchmark, version: 3.0.0, id: "1.9"}
deny_password_reuse contains msg if {
	input.__type == "insights:aws/passwordPolicy:PasswordPolicy"
	least := setting("deny_password_reuse", "remembered")
	not at_least(password_memory, least)
	msg := sprintf("%s; %d are wanted", [passwords_remembered, least])
}

password_memory := input.passwordReusePrevention

password_memory := 0 if not input.passwordReusePrevention

passwords_remembered := "no earlier passwords are remembered" if password_memory == 0

passwords_remembered := sprintf("only the last %v passwords are remembered", [password_memory]) if password_memory != 0

# METADATA
# title: The account blocks public access to S3
# description: >-
#   The account's own block public access settings hold for every bucket, also for those made tomorrow, and whatever
#   a bucket's policy or ACL says.
# custom:
#   severity: high
#   remediation: >-
#     Turn all four settings on under S3, "Block Public Access settings for this account". Buckets that must be public
#     belong into an account of their own.
#   tags: [s3, public]
#   controls:
#     - {framework: CIS AWS Foundations Benchmark, version: 3.0.0, id: 2.1.4}
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: S3.1}
deny_account_public_access contains msg if {
	input.__type == "insights:aws/accountPublicAccessBlock:AccountPublicAccessBlock"
	count(public_access_open) > 0
	msg := sprintf("the account does not block public access in full, off: %s", [concat(", ", public_access_open)])
}

# The settings that are not on, of an account or a bucket.
public_access_open contains "blockPublicAcls" if not input.blockPublicAcls == true

public_access_open contains "blockPublicPolicy" if not input.blockPublicPolicy == true

public_access_open contains "ignorePublicAcls" if not input.ignorePublicAcls == true

public_access_open contains "restrictPublicBuckets" if not input.restrictPublicBuckets == true
