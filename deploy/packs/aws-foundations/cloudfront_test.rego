package aws_foundations

import rego.v1

a_distribution(extra) := object.union({"__type": "aws:cloudfront/distribution:Distribution", "enabled": true}, extra)

viewer_policy(policy) := {"viewerProtocolPolicy": policy}

test_deny_distribution_plain_http_finds_the_default_behavior if {
	deny_distribution_plain_http == {"the default behavior takes plain HTTP"} with input as a_distribution({"defaultCacheBehavior": viewer_policy("allow-all")})
}

test_deny_distribution_plain_http_finds_another_behavior if {
	deny_distribution_plain_http == {"the behavior of /a takes plain HTTP"} with input as a_distribution({
		"defaultCacheBehavior": viewer_policy("https-only"),
		"orderedCacheBehaviors": [object.union(viewer_policy("allow-all"), {"pathPattern": "/a"}), viewer_policy("redirect-to-https")],
	})
}

test_deny_distribution_plain_http_finds_what_is_not_said if {
	count(deny_distribution_plain_http) == 2 with input as a_distribution({"orderedCacheBehaviors": [{"pathPattern": "/a"}]})
}

test_deny_distribution_plain_http_passes_https if {
	count(deny_distribution_plain_http) == 0 with input as a_distribution({"defaultCacheBehavior": viewer_policy("redirect-to-https"), "orderedCacheBehaviors": [viewer_policy("https-only")]})
}

least_version(version) := a_distribution({"viewerCertificate": {"minimumProtocolVersion": version}})

test_deny_distribution_tls_finds_old_versions if {
	deny_distribution_tls == {"viewers may use TLSv1"} with input as least_version("TLSv1")
	count(deny_distribution_tls) == 1 with input as least_version("TLSv1.1_2016")
}

test_deny_distribution_tls_finds_what_is_not_said if deny_distribution_tls == {"viewers may use any version of TLS"} with input as a_distribution({})

test_deny_distribution_tls_passes_current_ones if {
	every version in ["TLSv1.2_2018", "TLSv1.2_2021", "TLSv1.3_2025"] { count(deny_distribution_tls) == 0 with input as least_version(version) }
}

custom_origin(policy) := {"originId": "web", "customOriginConfig": {"originProtocolPolicy": policy}}

test_deny_distribution_origin_plain_finds_http if {
	deny_distribution_origin_plain == {"the origin web may be asked by plain HTTP"} with input as a_distribution({"origins": [custom_origin("http-only"), {"originId": "files", "s3OriginConfig": {}}]})
}

test_deny_distribution_origin_plain_finds_viewers_without_https if {
	count(deny_distribution_origin_plain) == 1 with input as a_distribution({"origins": [custom_origin("match-viewer")], "defaultCacheBehavior": viewer_policy("allow-all")})
	count(deny_distribution_origin_plain) == 1 with input as a_distribution({
		"origins": [custom_origin("match-viewer")], "defaultCacheBehavior": viewer_policy("https-only"),
		"orderedCacheBehaviors": [viewer_policy("allow-all")],
	})
}

test_deny_distribution_origin_plain_finds_no_origins if deny_distribution_origin_plain == {"the distribution names no origins"} with input as a_distribution({})

test_deny_distribution_origin_plain_passes_https if {
	count(deny_distribution_origin_plain) == 0 with input as a_distribution({"origins": [custom_origin("https-only"), {"originId": "files", "s3OriginConfig": {}}]})
}

test_deny_distribution_origin_plain_passes_viewers_with_https if {
	count(deny_distribution_origin_plain) == 0 with input as a_distribution({"origins": [custom_origin("match-viewer")], "defaultCacheBehavior": viewer_policy("https-only")})
}

test_warn_distribution_logging_finds_none if warn_distribution_logging == {"the distribution does not log access"} with input as a_distribution({"defaultCacheBehavior": viewer_policy("https-only")})

test_warn_distribution_logging_passes_standard_logs if {
	count(warn_distribution_logging) == 0 with input as a_distribution({"loggingConfig": {"bucket": "logs.s3.amazonaws.com"}})
}

test_warn_distribution_logging_passes_real_time_logs if {
	count(warn_distribution_logging) == 0 with input as a_distribution({"defaultCacheBehavior": {"realtimeLogConfigArn": "arn:aws:cloudfront::1:realtime-log-config/l"}})
}

test_warn_distribution_firewall_finds_none if warn_distribution_firewall == {"the distribution has no web ACL"} with input as a_distribution({})

test_warn_distribution_firewall_passes_either_kind if {
	count(warn_distribution_firewall) == 0 with input as a_distribution({"webAclId": "arn:aws:wafv2:us-east-1:1:global/webacl/a/1"})
	count(warn_distribution_firewall) == 0 with input as a_distribution({"webAclId": "12345678-90ab-cdef-1234-567890abcdef"})
}

test_warn_distribution_root_object_finds_none if {
	warn_distribution_root_object == {"the distribution has no default root object"} with input as a_distribution({})
}

test_warn_distribution_root_object_passes_one if count(warn_distribution_root_object) == 0 with input as a_distribution({"defaultRootObject": "index.html"})
