package aws_foundations

import rego.v1

# METADATA
# title: No policy gives full administration
# description: >-
#   A policy that allows every action on every resource makes whoever has it an administrator. Judged are the
#   account's own policies, inline policies, and where AWS's AdministratorAccess is attached. Roles of IAM Identity
#   Center are left out, they are given out there.
# custom:
#   severity: high
#   remediation: >-
#     Replace the statement by the actions and resources that are needed. Waive the finding for the few roles that
#     administer the account.
#   tags: [iam]
#   controls:
#     - {framework: CIS AWS Foundations Benchmark, version: 3.0.0, id: "1.16"}
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: IAM.1}
deny_admin_policy contains msg if {
	input.__type in {
		"aws:iam/policy:Policy", "aws:iam/userPolicy:UserPolicy",
		"aws:iam/groupPolicy:GroupPolicy", "aws:iam/rolePolicy:RolePolicy",
	}
	some n, statement in statements(input.policy)
	administers(statement)
	msg := sprintf("%s allows every action on every resource", [named(n, statement)])
}

deny_admin_policy contains msg if {
	input.__type == "aws:iam/userPolicyAttachment:UserPolicyAttachment"
	administrator_access
	msg := sprintf("AdministratorAccess is attached to user %s", [input.user])
}

deny_admin_policy contains msg if {
	input.__type == "aws:iam/groupPolicyAttachment:GroupPolicyAttachment"
	administrator_access
	msg := sprintf("AdministratorAccess is attached to group %s", [input.group])
}

deny_admin_policy contains msg if {
	input.__type == "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
	administrator_access
	not of_identity_center
	msg := sprintf("AdministratorAccess is attached to role %s", [input.role])
}

of_identity_center if startswith(input.role, "AWSReservedSSO_")

# In whichever partition.
administrator_access if endswith(input.policyArn, ":iam::aws:policy/AdministratorAccess")

# METADATA
# title: Roles do not trust everyone
# description: >-
#   A trust policy whose principal is "*" lets anybody with any AWS account assume the role, unless a condition fixes
#   who asks. An external id is no such condition, it is not meant to be a secret.
# custom:
#   severity: critical
#   remediation: Name the accounts, roles or services that may assume the role, or ask for your aws:PrincipalOrgID.
#   tags: [iam, public]
#   controls:
#     - {framework: NIST SP 800-53, version: Rev. 5, id: AC-3}
deny_role_trust contains msg if {
	input.__type == "aws:iam/role:Role"
	some n, statement in statements(input.assumeRolePolicy)
	opens(statement)
	msg := sprintf("%s of the trust policy lets everyone assume the role", [named(n, statement)])
}
