package aws_foundations

import rego.v1

# METADATA
# title: Functions run a supported runtime
# description: >-
#   AWS stops to patch a runtime some time after its language does. Functions that are container images bring their own
#   and are left out. The setting "supported" lists the runtimes that AWS patched in November 2026; extend it when AWS
#   adds one.
# custom:
#   severity: medium
#   remediation: Test the function with the next version of its language, then change its runtime.
#   tags: [lambda]
#   controls:
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: Lambda.2}
deny_function_runtime contains msg if {
	input.__type == "aws:lambda/function:Function"
	not runs_supported
	msg := sprintf("the function's runtime is %s, which is not a supported one", [function_runtime])
}

runs_supported if input.packageType == "Image"

runs_supported if input.runtime in setting("deny_function_runtime", "supported")

function_runtime := sprintf("%v", [input.runtime])

function_runtime := "not told" if not input.runtime

# METADATA
# title: Functions are not public
# description: >-
#   No statement of a function's policy lets everyone use it. A statement for everyone is not public when it names the
#   source, the account or the organization that requests come from.
# custom:
#   severity: critical
#   remediation: Remove the permission, or give it a source ARN, a source account or an organization id.
#   tags: [lambda, public]
#   controls:
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: Lambda.1}
deny_function_public contains msg if {
	input.__type == "aws:lambda/permission:Permission"
	not permits_somebody
	not permission_bounded
	msg := sprintf("the permission gives everyone %v", [permitted])
}

permits_somebody if trim(input.principal, "* ") != ""

permission_bounded if {
	some origin in permission_origins
	not boundless(origin)
}

permission_origins contains input.sourceArn

permission_origins contains input.sourceAccount

permission_origins contains input.principalOrgId

permitted := input.action

permitted := "an action that is not told" if not input.action

# METADATA
# title: Function URLs ask who calls
# description: >-
#   Without AWS_IAM as its authorization type, a function's URL answers everybody who knows it. The function has to find
#   out for itself who calls, if it does.
# custom:
#   severity: high
#   remediation: >-
#     Set the URL's authorization type to AWS_IAM, or put an API Gateway or CloudFront before the function. Waive URLs
#     that are meant for everyone.
#   tags: [lambda, public]
#   controls:
#     - {framework: NIST SP 800-53, version: Rev. 5, id: AC-3}
deny_function_url_auth contains "the function's URL does not ask who calls" if {
	input.__type == "aws:lambda/functionUrl:FunctionUrl"
	not input.authorizationType == "AWS_IAM"
}
