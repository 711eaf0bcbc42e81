package aws_foundations

import rego.v1

test_statements_of_a_list if count(statements(`{"Statement": [{"Effect": "Allow"}, {"Effect": "Deny"}]}`)) == 2

test_statements_of_one_without_a_list if statements(`{"Statement": {"Effect": "Deny"}}`) == [{"Effect": "Deny"}]

test_anyone_in_its_spellings if {
	anyone("*")
	anyone({"AWS": "*"})
	anyone({"AWS": ["arn:aws:iam::1:root", "*"]})
}

test_named_principals_are_not_anyone if {
	not anyone({"AWS": "arn:aws:iam::1:root"})
	not anyone({"Service": "ec2.amazonaws.com"})
	not anyone({"Federated": "arn:aws:iam::1:saml-provider/x"})
}

test_excepting_somebody_opens_to_the_rest if opens({"Effect": "Allow", "NotPrincipal": {"AWS": "arn:aws:iam::1:root"}})

test_a_deny_opens_nothing if {
	not opens({"Effect": "Deny", "Principal": "*"})
	not opens({"Effect": "Deny", "NotPrincipal": {"AWS": "arn:aws:iam::1:root"}})
}

for_everyone(condition) := {"Effect": "Allow", "Principal": "*", "Condition": condition}

test_conditions_that_fix_the_origin_narrow if {
	not opens(for_everyone({"StringEquals": {"aws:PrincipalOrgID": "o-1"}}))
	not opens(for_everyone({"StringEquals": {"AWS:SOURCEVPCE": ["vpce-1", "vpce-2"]}}))
	not opens(for_everyone({"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}))
	not opens(for_everyone({"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-1/*"}}))
	not opens(for_everyone({"Bool": {"aws:SecureTransport": "true"}, "ArnLike": {"aws:SourceArn": "arn:aws:sns:*:1:x"}}))
}

test_other_conditions_do_not_narrow if {
	opens(for_everyone({"Bool": {"aws:SecureTransport": "true"}}))
	opens(for_everyone({"StringEquals": {"sts:ExternalId": "x"}}))
	opens(for_everyone({"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}}))
	opens(for_everyone({"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}}))
	opens(for_everyone({"ForAllValues:StringEquals": {"aws:PrincipalOrgPaths": "o-1/*"}}))
}

test_boundless_values_do_not_narrow if {
	opens(for_everyone({"IpAddress": {"aws:SourceIp": ["192.0.2.0/24", "0.0.0.0/0"]}}))
	opens(for_everyone({"IpAddress": {"aws:SourceIp": "::/0"}}))
	opens(for_everyone({"StringLike": {"aws:PrincipalArn": "*"}}))
}

test_arns_that_fix_neither_account_nor_resource_do_not_narrow if {
	every arn in ["arn:*", "arn:aws:*", "arn:aws:s3:::*", "arn:aws:sns:us-east-1:*:*", "arn:aws:iam::*:*", "arn:aws:execute-api:*:*:*/*"] {
		opens(for_everyone({"ArnLike": {"aws:SourceArn": arn}}))
	}
	every arn in ["arn:aws:s3:::bucket", "arn:aws:s3:::bucket-*", "arn:aws:sns:*:1:*"] {
		not opens(for_everyone({"ArnLike": {"aws:SourceArn": arn}}))
	}
}

# Every account can have a role of that name.
test_principals_of_any_account_do_not_narrow if {
	opens(for_everyone({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/admin"}}))
	not opens(for_everyone({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::1:role/*"}}))
}

test_administers_in_its_spellings if {
	administers({"Effect": "Allow", "Action": "*", "Resource": "*"})
	administers({"Effect": "Allow", "Action": ["s3:Get*", "*:*"], "Resource": ["arn:aws:s3:::b", "*"]})
	administers({"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}})
}

test_less_does_not_administer if {
	not administers({"Effect": "Deny", "Action": "*", "Resource": "*"})
	not administers({"Effect": "Allow", "Action": "s3:*", "Resource": "*"})
	not administers({"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::b"})
	not administers({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"})
}

test_named_by_sid_or_number if {
	named(0, {"Sid": "Public"}) == `statement "Public"`
	named(1, {}) == "statement 2"
	named(1, {"Sid": ""}) == "statement 2"
}

test_actions_as_text if {
	actions({"Action": "s3:GetObject"}) == "s3:GetObject"
	actions({"Action": ["s3:GetObject", "s3:ListBucket"]}) == "s3:GetObject, s3:ListBucket"
	actions({"NotAction": "s3:Put*"}) == "everything but s3:Put*"
}
