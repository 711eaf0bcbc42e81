package aws_foundations

import rego.v1

everything := {"Effect": "Allow", "Action": "*", "Resource": "*"}

reading := {"Sid": "Read", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}

policy_text(list_of_statements) := json.marshal({"Version": "2012-10-17", "Statement": list_of_statements})

test_deny_admin_policy_finds_a_managed_policy if {
	deny_admin_policy == {"statement 2 allows every action on every resource"} with input as {"__type": "aws:iam/policy:Policy", "policy": policy_text([reading, everything])}
}

test_deny_admin_policy_finds_inline_policies if {
	every kind in ["aws:iam/userPolicy:UserPolicy", "aws:iam/groupPolicy:GroupPolicy", "aws:iam/rolePolicy:RolePolicy"] {
		deny_admin_policy == {"statement 1 allows every action on every resource"} with input as {"__type": kind, "policy": policy_text(everything)}
	}
}

attached_to(kind, property, name, arn) := {
	"__type": sprintf("aws:iam/%sPolicyAttachment:%sPolicyAttachment", [property, kind]),
	property: name, "policyArn": arn,
}

administrator := "arn:aws:iam::aws:policy/AdministratorAccess"

test_deny_admin_policy_finds_administrator_access if {
	deny_admin_policy == {"AdministratorAccess is attached to user ann"} with input as attached_to("User", "user", "ann", administrator)
	deny_admin_policy == {"AdministratorAccess is attached to group ops"} with input as attached_to("Group", "group", "ops", administrator)
	deny_admin_policy == {"AdministratorAccess is attached to role ci"} with input as attached_to("Role", "role", "ci", "arn:aws-cn:iam::aws:policy/AdministratorAccess")
}

test_deny_admin_policy_passes_less if {
	count(deny_admin_policy) == 0 with input as {"__type": "aws:iam/policy:Policy", "policy": policy_text([reading])}
	count(deny_admin_policy) == 0 with input as {"__type": "aws:iam/rolePolicy:RolePolicy", "policy": policy_text(reading)}
}

test_deny_admin_policy_passes_other_attachments if {
	count(deny_admin_policy) == 0 with input as attached_to("User", "user", "ann", "arn:aws:iam::aws:policy/ReadOnlyAccess")
	count(deny_admin_policy) == 0 with input as attached_to("Group", "group", "ops", "arn:aws:iam::1:policy/AdministratorAccess")
}

test_deny_admin_policy_passes_identity_center if {
	count(deny_admin_policy) == 0 with input as attached_to("Role", "role", "AWSReservedSSO_AdministratorAccess_0123", administrator)
}

trusting(principal, extra) := {
	"__type": "aws:iam/role:Role", "name": "r",
	"assumeRolePolicy": policy_text([object.union({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal}, extra)]),
}

test_deny_role_trust_finds_everyone if {
	deny_role_trust == {"statement 1 of the trust policy lets everyone assume the role"} with input as trusting({"AWS": "*"}, {})
}

test_deny_role_trust_finds_everyone_with_an_external_id if {
	deny_role_trust == {`statement "Open" of the trust policy lets everyone assume the role`} with input as trusting("*", {"Sid": "Open", "Condition": {"StringEquals": {"sts:ExternalId": "x"}}})
}

test_deny_role_trust_passes_services_and_accounts if {
	count(deny_role_trust) == 0 with input as trusting({"Service": "ec2.amazonaws.com"}, {})
	count(deny_role_trust) == 0 with input as trusting({"AWS": "arn:aws:iam::1:root"}, {})
}

test_deny_role_trust_passes_an_organization if {
	count(deny_role_trust) == 0 with input as trusting("*", {"Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}})
}
