package aws_foundations

import rego.v1

# METADATA
# title: Buckets block public access
# description: >-
#   All four block public access settings of the bucket are on. They hold whatever the bucket's policy and ACL say.
# custom:
#   severity: high
#   remediation: Turn all four settings on under the bucket's permissions. Serve public files through CloudFront instead.
#   tags: [s3, public]
#   controls:
#     - {framework: CIS AWS Foundations Benchmark, version: 3.0.0, id: 2.1.4}
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: S3.8}
deny_bucket_public_access_block contains msg if {
	input.__type == "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
	count(public_access_open) > 0
	msg := sprintf("the bucket does not block public access in full, off: %s", [concat(", ", public_access_open)])
}

# METADATA
# title: Bucket ACLs are not public
# description: >-
#   The bucket's ACL grants nothing to everyone or to every AWS user. A block public access setting may make such a
#   grant harmless today; it is found all the same, since the grant comes to life with the setting's end.
# custom:
#   severity: high
#   remediation: Set object ownership to "Bucket owner enforced", which turns ACLs off, or remove the grant.
#   tags: [s3, public]
#   controls:
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: S3.2}
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: S3.3}
deny_bucket_public_acl contains msg if {
	input.__type == "aws:s3/bucket:Bucket"
	some grant in list(input.grants)
	who := public_groups[grant.uri]
	msg := sprintf("the bucket's ACL grants %s to %s", [concat(", ", grant.permissions), who])
}

public_groups := {
	"http://acs.amazonaws.com/groups/global/AllUsers": "everyone",
	"http://acs.amazonaws.com/groups/global/AuthenticatedUsers": "every AWS user",
}

# METADATA
# title: Bucket policies are not public
# description: >-
#   No statement of the bucket's policy allows something to everyone without a condition that fixes where requests
#   come from. As with ACLs, block public access may hide such a statement, it is found all the same.
# custom:
#   severity: critical
#   remediation: Name the principals in the statement, or add a condition such as aws:PrincipalOrgID or aws:SourceVpce.
#   tags: [s3, public]
#   controls:
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: S3.2}
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: S3.3}
deny_bucket_public_policy contains msg if {
	input.__type == "aws:s3/bucket:Bucket"
	some n, statement in statements(input.policy)
	opens(statement)
	msg := sprintf("%s of the bucket policy allows %s to everyone", [named(n, statement), actions(statement)])
}

# METADATA
# title: Buckets refuse requests without TLS
# description: >-
#   S3 also answers plain HTTP. A statement of the bucket policy has to deny every action to everyone when
#   aws:SecureTransport is false.
# custom:
#   severity: medium
#   remediation: >-
#     Add a statement to the bucket policy that denies s3:* on the bucket and its objects to Principal "*" when
#     aws:SecureTransport is false.
#   tags: [s3, encryption]
#   controls:
#     - {framework: CIS AWS Foundations Benchmark, version: 3.0.0, id: 2.1.1}
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: S3.5}
deny_bucket_plain_http contains "the bucket has no policy that denies requests without TLS" if {
	input.__type == "aws:s3/bucket:Bucket"
	not input.policy
}

deny_bucket_plain_http contains "no statement of the bucket policy denies all requests without TLS" if {
	input.__type == "aws:s3/bucket:Bucket"
	input.policy
	not refuses_plain_http
}

refuses_plain_http if {
	some statement in statements(input.policy)
	statement.Effect == "Deny"
	anyone(statement.Principal)
	some action in listed(statement.Action)
	action in {"*", "s3:*"}
	some resource in listed(statement.Resource)
	covers_objects(resource, input.bucket)
	only_without_tls(statement.Condition)
}

covers_objects("*", _)

covers_objects(resource, bucket) if {
	parts := split(resource, ":::")
	startswith(parts[0], "arn:")
	parts[1] in {"*", concat("", [bucket, "*"]), concat("", [bucket, "/*"])}
}

# Any further condition would let plain requests pass that do not meet it.
only_without_tls(condition) if {
	count(condition) == 1
	some operator, keys in condition
	lower(operator) in {"bool", "boolifexists"}
	count(keys) == 1
	some key, values in keys
	lower(key) == "aws:securetransport"
	every value in listed(values) { lower(sprintf("%v", [value])) == "false" }
}

# METADATA
# title: Buckets encrypt by default
# description: >-
#   The bucket has a default encryption. S3 gives every bucket one since 2023; set requireKms to ask for a KMS key,
#   whose use can be permitted and logged.
# custom:
#   severity: medium
#   remediation: Set the bucket's default encryption, with SSE-KMS where requireKms is set.
#   tags: [s3, encryption]
#   controls:
#     - {framework: NIST SP 800-53, version: Rev. 5, id: SC-28}
deny_bucket_encryption contains "the bucket has no default encryption" if {
	input.__type == "aws:s3/bucket:Bucket"
	not default_encryption
}

deny_bucket_encryption contains msg if {
	input.__type == "aws:s3/bucket:Bucket"
	setting("deny_bucket_encryption", "requireKms")
	not startswith(default_encryption, "aws:kms")
	msg := sprintf("the bucket's default encryption is %s, not with a KMS key", [default_encryption])
}

default_encryption := input.serverSideEncryptionConfiguration.rule.applyServerSideEncryptionByDefault.sseAlgorithm

# METADATA
# title: Buckets keep versions
# description: With versioning, what was overwritten or deleted by mistake or by an attacker can be brought back.
# custom:
#   severity: low
#   remediation: Enable versioning, with a lifecycle rule that expires old versions.
#   tags: [s3]
#   controls:
#     - {framework: NIST SP 800-53, version: Rev. 5, id: CP-9}
warn_bucket_versioning contains "the bucket does not keep versions of its objects" if {
	input.__type == "aws:s3/bucket:Bucket"
	not input.versioning.enabled == true
}

# METADATA
# title: Buckets log access
# description: >-
#   Server access logs tell who read and wrote objects. Buckets that S3 itself may write logs to by their ACL are left
#   out, logging them to themselves would never end; waive other target buckets.
# custom:
#   severity: low
#   remediation: Turn server access logging on, with another bucket of the same region as target.
#   tags: [s3, logging]
#   controls:
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: S3.9}
warn_bucket_logging contains "the bucket does not log who accesses it" if {
	input.__type == "aws:s3/bucket:Bucket"
	not input.logging.targetBucket
	not log_target
}

log_target if {
	some grant in list(input.grants)
	grant.uri == "http://acs.amazonaws.com/groups/s3/LogDelivery"
	"WRITE" in grant.permissions
}
