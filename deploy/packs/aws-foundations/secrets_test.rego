package aws_foundations

import rego.v1

secret_rotation(extra) := object.union({"__type": "aws:secretsmanager/secretRotation:SecretRotation", "secretId": "arn:aws:secretsmanager:us-east-1:1:secret:orders-AbCdEf"}, extra)

test_deny_secret_rotation_finds_it_off if {
	deny_secret_rotation == {"the secret does not rotate"} with input as secret_rotation({"rotationEnabled": false})
	count(deny_secret_rotation) == 1 with input as secret_rotation({})
}

test_deny_secret_rotation_passes_when_on if count(deny_secret_rotation) == 0 with input as secret_rotation({"rotationEnabled": true})

test_deny_secret_rotation_passes_secrets_of_services if {
	count(deny_secret_rotation) == 0 with input as secret_rotation({
		"rotationEnabled": false, "secretId": "arn:aws:secretsmanager:us-east-1:1:secret:events!connection/x-AbCdEf",
	})
}

secret_with(principal) := {
	"__type": "aws:secretsmanager/secret:Secret", "name": "orders",
	"policy": json.marshal({"Statement": {"Effect": "Allow", "Principal": principal, "Action": "secretsmanager:GetSecretValue", "Resource": "*"}}),
}

test_deny_secret_public_policy_finds_everyone if {
	deny_secret_public_policy == {"statement 1 of the secret's policy allows secretsmanager:GetSecretValue to everyone"} with input as secret_with("*")
}

test_deny_secret_public_policy_passes_named_principals if {
	count(deny_secret_public_policy) == 0 with input as secret_with({"AWS": "arn:aws:iam::123456789012:root"})
}

test_deny_secret_public_policy_passes_without_a_policy if {
	count(deny_secret_public_policy) == 0 with input as {"__type": "aws:secretsmanager/secret:Secret", "name": "orders"}
}
