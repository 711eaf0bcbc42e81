package aws_foundations

import rego.v1

# METADATA
# title: Cached answers of APIs are encrypted
# description: Where a stage of a REST API keeps answers in its cache, it encrypts them.
# custom:
#   severity: medium
#   remediation: Turn "encrypt cache data" on in the settings of the methods that are cached.
#   tags: [apigateway, encryption]
#   controls:
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: APIGateway.5}
deny_api_cache_encryption contains "cached answers are not encrypted" if {
	input.__type == "aws:apigateway/methodSettings:MethodSettings"
	not input.settings.cachingEnabled == false
	not input.settings.cacheDataEncrypted == true
}

# METADATA
# title: Stages of APIs log access
# description: A stage of an HTTP or WebSocket API logs who asked for what, and what was answered.
# custom:
#   severity: medium
#   remediation: Give the stage access log settings with a log group and a format.
#   tags: [apigateway, logging]
#   controls:
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: APIGateway.9}
warn_api_stage_logging contains "the stage does not log access" if {
	input.__type == "aws:apigatewayv2/stage:Stage"
	not input.accessLogSettings.destinationArn
}
