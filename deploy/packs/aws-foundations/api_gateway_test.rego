package aws_foundations

import rego.v1

method_settings(settings) := {"__type": "aws:apigateway/methodSettings:MethodSettings", "methodPath": "pets/GET", "settings": settings}

test_deny_api_cache_encryption_finds_none if {
	deny_api_cache_encryption == {"cached answers are not encrypted"} with input as method_settings({"cachingEnabled": true, "cacheDataEncrypted": false})
	count(deny_api_cache_encryption) == 1 with input as method_settings({"cachingEnabled": true})
}

test_deny_api_cache_encryption_passes_it if {
	count(deny_api_cache_encryption) == 0 with input as method_settings({"cachingEnabled": true, "cacheDataEncrypted": true})
}

test_deny_api_cache_encryption_passes_without_a_cache if {
	count(deny_api_cache_encryption) == 0 with input as method_settings({"cachingEnabled": false, "cacheDataEncrypted": false})
}

an_api_stage(extra) := object.union({"__type": "aws:apigatewayv2/stage:Stage", "name": "prod"}, extra)

test_warn_api_stage_logging_finds_none if warn_api_stage_logging == {"the stage does not log access"} with input as an_api_stage({})

test_warn_api_stage_logging_passes_it if {
	count(warn_api_stage_logging) == 0 with input as an_api_stage({"accessLogSettings": {"destinationArn": "arn:l", "format": "f"}})
}
