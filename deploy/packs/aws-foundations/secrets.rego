package aws_foundations

import rego.v1

# METADATA
# title: Secrets rotate
# description: >-
#   Secrets Manager changes the secret, and the password behind it, on a schedule, so that a copy that leaked is soon
#   worth nothing. Secrets that an AWS service made for itself are left out, it is the service that rotates them.
# custom:
#   severity: medium
#   remediation: Turn rotation on, with a function that changes the password. Waive secrets whose owner cannot take a new one.
#   tags: [secretsmanager]
#   controls:
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: SecretsManager.1}
deny_secret_rotation contains "the secret does not rotate" if {
	input.__type == "aws:secretsmanager/secretRotation:SecretRotation"
	not input.rotationEnabled == true
	not of_a_service
}

# Services name their secrets "rds!db-…"; nobody else may use the character.
of_a_service if contains(input.secretId, "!")

# METADATA
# title: Secret policies are not public
# description: >-
#   No statement of the secret's policy allows something to everyone without a condition that fixes where requests
#   come from.
# custom:
#   severity: critical
#   remediation: >-
#     Name the principals in the statement, and have Secrets Manager block public policies. Change the secret if it was
#     open.
#   tags: [secretsmanager, public]
#   controls:
#     - {framework: NIST SP 800-53, version: Rev. 5, id: AC-3}
deny_secret_public_policy contains msg if {
	input.__type == "aws:secretsmanager/secret:Secret"
	some n, statement in statements(input.policy)
	opens(statement)
	msg := sprintf("%s of the secret's policy allows %s to everyone", [named(n, statement), actions(statement)])
}
