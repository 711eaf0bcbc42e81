package aws_foundations

import rego.v1

root_account(extra) := object.union({"__type": "insights:aws/rootAccount:RootAccount", "accountId": "1"}, extra)

test_deny_root_mfa_finds_none if {
	deny_root_mfa == {"the root user has no MFA device"} with input as root_account({"mfaActive": false})
}

test_deny_root_mfa_finds_what_is_not_said if count(deny_root_mfa) == 1 with input as root_account({})

test_deny_root_mfa_passes_with_a_device if count(deny_root_mfa) == 0 with input as root_account({"mfaActive": true})

test_deny_root_access_key_finds_a_key if {
	deny_root_access_key == {"the root user has an access key"} with input as root_account({"accessKeysPresent": true})
}

test_deny_root_access_key_finds_what_is_not_said if count(deny_root_access_key) == 1 with input as root_account({})

test_deny_root_access_key_passes_without if {
	count(deny_root_access_key) == 0 with input as root_account({"accessKeysPresent": false})
}

password_rules(extra) := object.union({"__type": "insights:aws/passwordPolicy:PasswordPolicy", "configured": true}, extra)

test_deny_password_length_finds_short_ones if {
	deny_password_length == {"passwords need only 8 characters; at least 14 are wanted"} with input as password_rules({"minimumPasswordLength": 8})
}

test_deny_password_length_finds_no_policy_at_all if {
	deny_password_length == {"no password policy is configured, so passwords need only AWS's 8 characters; at least 14 are wanted"} with input as password_rules({"configured": false})
}

test_deny_password_length_finds_a_text if {
	count(deny_password_length) == 1 with input as password_rules({"minimumPasswordLength": "20"})
}

test_deny_password_length_finds_what_is_configured if {
	count(deny_password_length) == 1 with input as password_rules({"minimumPasswordLength": 14})
		with data.config as {"deny_password_length": {"minimumLength": 20}}
}

test_deny_password_length_passes_at_the_limit if {
	count(deny_password_length) == 0 with input as password_rules({"minimumPasswordLength": 14})
}

test_deny_password_reuse_finds_too_few if {
	deny_password_reuse == {"only the last 5 passwords are remembered; 24 are wanted"} with input as password_rules({"passwordReusePrevention": 5})
}

test_deny_password_reuse_finds_none if {
	deny_password_reuse == {"no earlier passwords are remembered; 24 are wanted"} with input as password_rules({"passwordReusePrevention": 0})
}

test_deny_password_reuse_finds_no_policy_at_all if count(deny_password_reuse) == 1 with input as password_rules({"configured": false})

test_deny_password_reuse_passes_at_the_limit if {
	count(deny_password_reuse) == 0 with input as password_rules({"passwordReusePrevention": 24})
}

test_deny_password_reuse_passes_what_is_configured if {
	count(deny_password_reuse) == 0 with input as password_rules({"passwordReusePrevention": 5})
		with data.config as {"deny_password_reuse": {"remembered": 5}}
}

all_blocked := {"blockPublicAcls": true, "blockPublicPolicy": true, "ignorePublicAcls": true, "restrictPublicBuckets": true}

account_block(flags) := object.union({"__type": "insights:aws/accountPublicAccessBlock:AccountPublicAccessBlock"}, flags)

test_deny_account_public_access_finds_one_off if {
	deny_account_public_access == {"the account does not block public access in full, off: blockPublicPolicy"} with input as account_block(object.union(all_blocked, {"blockPublicPolicy": false}))
}

test_deny_account_public_access_finds_nothing_configured if {
	deny_account_public_access == {"the account does not block public access in full, off: blockPublicAcls, blockPublicPolicy, ignorePublicAcls, restrictPublicBuckets"} with input as account_block({})
}

test_deny_account_public_access_finds_a_text if {
	count(deny_account_public_access) == 1 with input as account_block(object.union(all_blocked, {"ignorePublicAcls": "true"}))
}

test_deny_account_public_access_passes_when_all_are_on if {
	count(deny_account_public_access) == 0 with input as account_block(all_blocked)
}
