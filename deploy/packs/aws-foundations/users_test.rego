package aws_foundations

import rego.v1

a_user(extra) := object.union(
	{
		"__type": "insights:aws/credentialReportUser:CredentialReportUser", "user": "ann",
		"passwordEnabled": false, "mfaActive": false, "accessKeys": [],
	},
	extra,
)

test_deny_console_mfa_finds_a_password_alone if {
	deny_console_mfa == {"the user has a console password, but no MFA device"} with input as a_user({"passwordEnabled": true})
}

test_deny_console_mfa_finds_what_is_not_said if {
	count(deny_console_mfa) == 1 with input as {"__type": "insights:aws/credentialReportUser:CredentialReportUser"}
}

test_deny_console_mfa_passes_with_a_device if {
	count(deny_console_mfa) == 0 with input as a_user({"passwordEnabled": true, "mfaActive": true})
}

test_deny_console_mfa_passes_without_a_password if count(deny_console_mfa) == 0 with input as a_user({})

with_keys(keys) := a_user({"accessKeys": keys})

test_deny_access_key_age_finds_an_old_key if {
	deny_access_key_age == {"access key 2 is 91 days old; at most 90 are wanted"} with input as with_keys([
		{"number": 1, "active": true, "ageDays": 90, "unusedDays": 0},
		{"number": 2, "active": true, "ageDays": 91, "unusedDays": 0},
	])
}

test_deny_access_key_age_finds_an_age_that_is_not_told if {
	deny_access_key_age == {"access key 1 is active, and the credential report does not tell its age"} with input as with_keys([{"number": 1, "active": true}])
}

test_deny_access_key_age_finds_what_is_configured if {
	count(deny_access_key_age) == 1 with input as with_keys([{"number": 1, "active": true, "ageDays": 31}])
		with data.config as {"deny_access_key_age": {"maxDays": 30}}
}

test_deny_access_key_age_passes_a_young_key if {
	count(deny_access_key_age) == 0 with input as with_keys([{"number": 1, "active": true, "ageDays": 0}])
}

test_deny_access_key_age_passes_an_inactive_key if {
	count(deny_access_key_age) == 0 with input as with_keys([{"number": 1, "active": false, "ageDays": 900}])
}

test_deny_access_key_age_passes_no_key if count(deny_access_key_age) == 0 with input as with_keys([])

test_deny_unused_credentials_finds_a_password if {
	deny_unused_credentials == {"the console password was not used for 45 days"} with input as a_user({"passwordEnabled": true, "passwordUnusedDays": 45})
}

test_deny_unused_credentials_finds_a_key if {
	deny_unused_credentials == {"access key 2 was not used for 400 days"} with input as with_keys([
		{"number": 1, "active": true, "unusedDays": 44},
		{"number": 2, "active": true, "unusedDays": 400},
	])
}

test_deny_unused_credentials_finds_a_use_that_is_not_told if {
	deny_unused_credentials == {
		"the console password is enabled, and the credential report does not tell when it was used",
		"access key 1 is enabled, and the credential report does not tell when it was used",
	} with input as a_user({"passwordEnabled": true, "accessKeys": [{"number": 1, "active": true}]})
}

test_deny_unused_credentials_finds_what_is_configured if {
	count(deny_unused_credentials) == 1 with input as with_keys([{"number": 1, "active": true, "unusedDays": 30}])
		with data.config as {"deny_unused_credentials": {"unusedDays": 30}}
}

test_deny_unused_credentials_passes_used_ones if {
	count(deny_unused_credentials) == 0 with input as a_user({
		"passwordEnabled": true, "passwordUnusedDays": 0,
		"accessKeys": [{"number": 1, "active": true, "unusedDays": 44}],
	})
}

test_deny_unused_credentials_passes_disabled_ones if {
	count(deny_unused_credentials) == 0 with input as a_user({
		"passwordUnusedDays": 400,
		"accessKeys": [{"number": 1, "active": false, "unusedDays": 400}],
	})
}

test_warn_second_access_key_finds_two if {
	warn_second_access_key == {"the user has 2 active access keys"} with input as with_keys([{"number": 1, "active": true}, {"number": 2, "active": true}])
}

test_warn_second_access_key_passes_one_active_key if {
	count(warn_second_access_key) == 0 with input as with_keys([{"number": 1, "active": true}, {"number": 2, "active": false}])
}

test_warn_user_policy_finds_an_inline_policy if {
	warn_user_policy == {"user ann has an inline policy: notes"} with input as {"__type": "aws:iam/userPolicy:UserPolicy", "user": "ann", "name": "notes", "policy": "{}"}
}

test_warn_user_policy_finds_an_attachment if {
	warn_user_policy == {"user ann has the policy arn:aws:iam::1:policy/notes attached directly"} with input as {"__type": "aws:iam/userPolicyAttachment:UserPolicyAttachment", "user": "ann", "policyArn": "arn:aws:iam::1:policy/notes"}
}

test_warn_user_policy_passes_a_group_policy if {
	count(warn_user_policy) == 0 with input as {"__type": "aws:iam/groupPolicy:GroupPolicy", "group": "devs", "name": "notes", "policy": "{}"}
}
