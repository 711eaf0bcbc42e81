package aws_foundations

import rego.v1

# METADATA
# title: Distributions ask viewers for HTTPS
# description: Every behavior of the distribution takes HTTPS alone or redirects to it.
# custom:
#   severity: medium
#   remediation: Set the viewer protocol policy of each behavior to "Redirect HTTP to HTTPS" or "HTTPS only".
#   tags: [cloudfront, encryption]
#   controls:
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: CloudFront.3}
deny_distribution_plain_http contains "the default behavior takes plain HTTP" if {
	input.__type == "aws:cloudfront/distribution:Distribution"
	not default_behavior_https
}

deny_distribution_plain_http contains msg if {
	input.__type == "aws:cloudfront/distribution:Distribution"
	some behavior in list(input.orderedCacheBehaviors)
	not behavior_https(behavior)
	msg := sprintf("the behavior of %v takes plain HTTP", [object.get(behavior, "pathPattern", "?")])
}

default_behavior_https if behavior_https(input.defaultCacheBehavior)

behavior_https(behavior) if behavior.viewerProtocolPolicy in {"https-only", "redirect-to-https"}

# METADATA
# title: Distributions ask viewers for TLS 1.2
# description: >-
#   The distribution lets nobody in with a version of TLS before 1.2. With the certificate of cloudfront.net the least
#   version is TLS 1.0 and cannot be changed.
# custom:
#   severity: medium
#   remediation: Give the distribution a certificate of its own and the security policy TLSv1.2_2021 or a later one.
#   tags: [cloudfront, encryption]
#   controls:
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: CloudFront.15}
deny_distribution_tls contains msg if {
	input.__type == "aws:cloudfront/distribution:Distribution"
	not current_viewer_tls
	msg := sprintf("viewers may use %v", [least_viewer_tls])
}

current_viewer_tls if regex.match(`^TLSv1\.[23]_`, input.viewerCertificate.minimumProtocolVersion)

default least_viewer_tls := "any version of TLS"

least_viewer_tls := input.viewerCertificate.minimumProtocolVersion

# METADATA
# title: Distributions ask origins by HTTPS
# description: >-
#   CloudFront asks every custom origin by HTTPS, or by the viewer's protocol where viewers use HTTPS alone. Buckets as
#   origins are asked by the viewer's protocol and not looked at; a bucket's website knows HTTP alone.
# custom:
#   severity: medium
#   remediation: Set the protocol of the origin to "HTTPS only".
#   tags: [cloudfront, encryption]
#   controls:
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: CloudFront.9}
deny_distribution_origin_plain contains "the distribution names no origins" if {
	input.__type == "aws:cloudfront/distribution:Distribution"
	not input.origins
}

deny_distribution_origin_plain contains msg if {
	input.__type == "aws:cloudfront/distribution:Distribution"
	some origin in list(input.origins)
	origin.customOriginConfig
	not origin_https(origin)
	msg := sprintf("the origin %v may be asked by plain HTTP", [object.get(origin, "originId", "?")])
}

origin_https(origin) if origin.customOriginConfig.originProtocolPolicy == "https-only"

origin_https(origin) if {
	origin.customOriginConfig.originProtocolPolicy == "match-viewer"
	default_behavior_https
	count([behavior | some behavior in input.orderedCacheBehaviors; not behavior_https(behavior)]) == 0
}

# METADATA
# title: Distributions log access
# description: >-
#   Standard logs to a bucket, or real-time logs of the default behavior, tell who asked for what. Standard logging of
#   the second version is set up outside of the distribution and not seen here: waive distributions that have it.
# custom:
#   severity: medium
#   remediation: Turn standard logging on, to a bucket that CloudFront may write to.
#   tags: [cloudfront, logging]
#   controls:
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: CloudFront.5}
warn_distribution_logging contains "the distribution does not log access" if {
	input.__type == "aws:cloudfront/distribution:Distribution"
	not input.loggingConfig.bucket
	not input.defaultCacheBehavior.realtimeLogConfigArn
}

# METADATA
# title: Distributions have a web firewall
# description: A web ACL of AWS WAF looks at the requests before they reach the origins.
# custom:
#   severity: medium
#   remediation: Associate a web ACL with the distribution.
#   tags: [cloudfront]
#   controls:
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: CloudFront.6}
warn_distribution_firewall contains "the distribution has no web ACL" if {
	input.__type == "aws:cloudfront/distribution:Distribution"
	not web_acl
}

web_acl if startswith(input.webAclId, "arn:")

# WAF Classic has ids.
web_acl if regex.match(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`, input.webAclId)

# METADATA
# title: Distributions have a default root object
# description: Without one, who asks for "/" may be shown what the origin answers to that, such as a list of a bucket.
# custom:
#   severity: low
#   remediation: Set a default root object such as index.html.
#   tags: [cloudfront]
#   controls:
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: CloudFront.1}
warn_distribution_root_object contains "the distribution has no default root object" if {
	input.__type == "aws:cloudfront/distribution:Distribution"
	not root_object
}

root_object if {
	is_string(input.defaultRootObject)
	input.defaultRootObject != ""
}
