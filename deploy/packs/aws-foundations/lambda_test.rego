package aws_foundations

import rego.v1

a_function(extra) := object.union({"__type": "aws:lambda/function:Function", "name": "f", "packageType": "Zip"}, extra)

test_deny_function_runtime_finds_an_old_one if {
	deny_function_runtime == {"the function's runtime is nodejs16.x, which is not a supported one"} with input as a_function({"runtime": "nodejs16.x"})
}

test_deny_function_runtime_finds_what_is_not_said if {
	deny_function_runtime == {"the function's runtime is not told, which is not a supported one"} with input as a_function({})
}

test_deny_function_runtime_finds_what_is_not_configured if {
	count(deny_function_runtime) == 1 with input as a_function({"runtime": "python3.14"})
		with data.config as {"deny_function_runtime": {"supported": ["python3.13"]}}
}

test_deny_function_runtime_passes_a_new_one if count(deny_function_runtime) == 0 with input as a_function({"runtime": "python3.14"})

test_deny_function_runtime_passes_an_image if count(deny_function_runtime) == 0 with input as a_function({"packageType": "Image"})

a_permission(extra) := object.union({"__type": "aws:lambda/permission:Permission", "function": "f", "action": "lambda:InvokeFunction"}, extra)

test_deny_function_public_finds_everyone if {
	deny_function_public == {"the permission gives everyone lambda:InvokeFunction"} with input as a_permission({"principal": "*"})
}

test_deny_function_public_finds_what_is_not_said if count(deny_function_public) == 1 with input as object.remove(a_permission({}), ["action"])

test_deny_function_public_finds_a_boundless_source if {
	count(deny_function_public) == 1 with input as a_permission({"principal": "*", "sourceArn": "*"})
}

test_deny_function_public_finds_a_url_for_everyone if {
	count(deny_function_public) == 1 with input as a_permission({"principal": "*", "functionUrlAuthType": "NONE"})
}

test_deny_function_public_passes_a_service if count(deny_function_public) == 0 with input as a_permission({"principal": "s3.amazonaws.com"})

test_deny_function_public_passes_an_account if count(deny_function_public) == 0 with input as a_permission({"principal": "arn:aws:iam::1:root"})

test_deny_function_public_passes_a_source if {
	every origin in [{"sourceArn": "arn:aws:s3:::b"}, {"sourceAccount": "123456789012"}, {"principalOrgId": "o-1"}] {
		count(deny_function_public) == 0 with input as a_permission(object.union({"principal": "*"}, origin))
	}
}

a_function_url(extra) := object.union({"__type": "aws:lambda/functionUrl:FunctionUrl", "functionName": "f"}, extra)

test_deny_function_url_auth_finds_none if {
	deny_function_url_auth == {"the function's URL does not ask who calls"} with input as a_function_url({"authorizationType": "NONE"})
}

test_deny_function_url_auth_finds_what_is_not_said if count(deny_function_url_auth) == 1 with input as a_function_url({})

test_deny_function_url_auth_passes_iam if count(deny_function_url_auth) == 0 with input as a_function_url({"authorizationType": "AWS_IAM"})
