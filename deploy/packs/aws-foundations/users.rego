package aws_foundations

import rego.v1

# Users are judged by the credential report, whose ages are whole days at the
# time it was made.

# METADATA
# title: Console users have MFA
# description: >-
#   A user with a console password needs a second factor. Users without a console password are not asked for one.
# custom:
#   severity: high
#   remediation: Have the user assign an MFA device, or delete the console password if nobody signs in with it.
#   tags: [iam]
#   controls:
#     - {framework: CIS AWS Foundations Benchmark, version: 3.0.0, id: "1.10"}
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: IAM.5}
deny_console_mfa contains "the user has a console password, but no MFA device" if {
	input.__type == "insights:aws/credentialReportUser:CredentialReportUser"
	has_password
	not input.mfaActive == true
}

has_password if not input.passwordEnabled == false

# METADATA
# title: Access keys are rotated
# description: Active access keys older than the configured number of days should have been replaced.
# custom:
#   severity: medium
#   remediation: >-
#     Make a second key, move what uses the old one, deactivate the old one, and delete it when nothing breaks. Better,
#     replace keys by roles.
#   tags: [iam]
#   controls:
#     - {framework: CIS AWS Foundations Benchmark, version: 3.0.0, id: "1.14"}
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: IAM.3}
deny_access_key_age contains msg if {
	input.__type == "insights:aws/credentialReportUser:CredentialReportUser"
	some key in active_keys
	most := setting("deny_access_key_age", "maxDays")
	key.ageDays > most
	msg := sprintf("access key %v is %d days old; at most %d are wanted", [key.number, key.ageDays, most])
}

deny_access_key_age contains msg if {
	input.__type == "insights:aws/credentialReportUser:CredentialReportUser"
	some key in active_keys
	not is_number(object.get(key, "ageDays", null))
	msg := sprintf("access key %v is active, and the credential report does not tell its age", [key.number])
}

active_keys := [key | some key in list(input.accessKeys); not key.active == false]

# METADATA
# title: Unused credentials are removed
# description: >-
#   Console passwords and access keys that nobody has used for the configured number of days should be disabled. What
#   was never used counts from the day it was made.
# custom:
#   severity: medium
#   remediation: Deactivate the access key or delete the console password; delete the user if nothing is left of it.
#   tags: [iam]
#   controls:
#     - {framework: CIS AWS Foundations Benchmark, version: 3.0.0, id: "1.12"}
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: IAM.8}
deny_unused_credentials contains msg if {
	input.__type == "insights:aws/credentialReportUser:CredentialReportUser"
	some name, days in credentials
	at_least(days, setting("deny_unused_credentials", "unusedDays"))
	msg := sprintf("%s was not used for %d days", [name, days])
}

deny_unused_credentials contains msg if {
	input.__type == "insights:aws/credentialReportUser:CredentialReportUser"
	some name, days in credentials
	not is_number(days)
	msg := sprintf("%s is enabled, and the credential report does not tell when it was used", [name])
}

# Enabled credentials with the days they were not used.
credentials["the console password"] := days if {
	has_password
	days := password_unused
}

credentials[name] := days if {
	some key in active_keys
	name := sprintf("access key %v", [key.number])
	days := object.get(key, "unusedDays", null)
}

password_unused := input.passwordUnusedDays

password_unused := null if not input.passwordUnusedDays

# METADATA
# title: One active access key per user
# description: >-
#   A second key is for the days of a rotation. Two that stay active are twice the keys to lose, and often one of them
#   is forgotten.
# custom:
#   severity: low
#   remediation: Finish the rotation, then deactivate and delete the older key.
#   tags: [iam]
#   controls:
#     - {framework: CIS AWS Foundations Benchmark, version: 3.0.0, id: "1.13"}
warn_second_access_key contains msg if {
	input.__type == "insights:aws/credentialReportUser:CredentialReportUser"
	count(active_keys) > 1
	msg := sprintf("the user has %d active access keys", [count(active_keys)])
}

# METADATA
# title: Users get permissions through groups
# description: >-
#   Policies on single users are overlooked when people change their jobs. Groups, or roles, say what a person may do.
# custom:
#   severity: low
#   remediation: Move the policy to a group and the user into the group.
#   tags: [iam]
#   controls:
#     - {framework: CIS AWS Foundations Benchmark, version: 3.0.0, id: "1.15"}
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: IAM.2}
warn_user_policy contains msg if {
	input.__type == "aws:iam/userPolicy:UserPolicy"
	msg := sprintf("user %s has an inline policy: %s", [input.user, input.name])
}

warn_user_policy contains msg if {
	input.__type == "aws:iam/userPolicyAttachment:UserPolicyAttachment"
	msg := sprintf("user %s has the policy %s attached directly", [input.user, input.policyArn])
}
