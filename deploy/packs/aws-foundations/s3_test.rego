package aws_foundations

import rego.v1

a_bucket(extra) := object.union({"__type": "aws:s3/bucket:Bucket", "bucket": "b", "region": "us-east-1"}, extra)

bucket_block(flags) := object.union({"__type": "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "bucket": "b"}, flags)

test_deny_bucket_public_access_block_finds_one_off if {
	deny_bucket_public_access_block == {"the bucket does not block public access in full, off: restrictPublicBuckets"} with input as bucket_block(object.union(all_blocked, {"restrictPublicBuckets": false}))
}

test_deny_bucket_public_access_block_finds_one_missing if {
	count(deny_bucket_public_access_block) == 1 with input as bucket_block(object.remove(all_blocked, ["blockPublicAcls"]))
}

test_deny_bucket_public_access_block_passes_when_all_are_on if {
	count(deny_bucket_public_access_block) == 0 with input as bucket_block(all_blocked)
}

owner := {"type": "CanonicalUser", "id": "1", "permissions": ["FULL_CONTROL"]}

group(name, permissions) := {
	"type": "Group", "uri": sprintf("http://acs.amazonaws.com/groups/%s", [name]),
	"permissions": permissions,
}

test_deny_bucket_public_acl_finds_everyone if {
	deny_bucket_public_acl == {"the bucket's ACL grants READ, WRITE to everyone"} with input as a_bucket({"grants": [owner, group("global/AllUsers", ["READ", "WRITE"])]})
}

test_deny_bucket_public_acl_finds_every_aws_user if {
	deny_bucket_public_acl == {"the bucket's ACL grants READ to every AWS user"} with input as a_bucket({"grants": [group("global/AuthenticatedUsers", ["READ"]), owner]})
}

test_deny_bucket_public_acl_passes_owner_and_logs if {
	count(deny_bucket_public_acl) == 0 with input as a_bucket({"grants": [owner, group("s3/LogDelivery", ["WRITE"])]})
}

test_deny_bucket_public_acl_passes_without_grants if count(deny_bucket_public_acl) == 0 with input as a_bucket({})

bucket_policy(list_of_statements) := a_bucket({"policy": policy_text(list_of_statements)})

public_read := {
	"Sid": "PublicRead", "Effect": "Allow", "Principal": "*",
	"Action": ["s3:GetObject", "s3:GetObjectVersion"], "Resource": "arn:aws:s3:::b/*",
}

test_deny_bucket_public_policy_finds_everyone if {
	deny_bucket_public_policy == {`statement "PublicRead" of the bucket policy allows s3:GetObject, s3:GetObjectVersion to everyone`} with input as bucket_policy([tls_only, public_read])
}

test_deny_bucket_public_policy_finds_all_but_one if {
	deny_bucket_public_policy == {"statement 1 of the bucket policy allows everything but s3:PutObject to everyone"} with input as bucket_policy({
		"Effect": "Allow", "NotPrincipal": {"AWS": "arn:aws:iam::1:root"},
		"NotAction": "s3:PutObject", "Resource": "*",
	})
}

test_deny_bucket_public_policy_passes_no_policy if count(deny_bucket_public_policy) == 0 with input as a_bucket({})

test_deny_bucket_public_policy_passes_a_deny if count(deny_bucket_public_policy) == 0 with input as bucket_policy([tls_only])

test_deny_bucket_public_policy_passes_cloudfront if {
	count(deny_bucket_public_policy) == 0 with input as bucket_policy([object.union(public_read, {"Principal": {"Service": "cloudfront.amazonaws.com"}})])
}

test_deny_bucket_public_policy_passes_a_vpc_endpoint if {
	count(deny_bucket_public_policy) == 0 with input as bucket_policy([object.union(public_read, {"Condition": {"StringEquals": {"aws:SourceVpce": "vpce-1"}}})])
}

tls_only := {
	"Sid": "TLSOnly", "Effect": "Deny", "Principal": "*", "Action": "s3:*",
	"Resource": ["arn:aws:s3:::b", "arn:aws:s3:::b/*"],
	"Condition": {"Bool": {"aws:SecureTransport": "false"}},
}

test_deny_bucket_plain_http_finds_no_policy if {
	deny_bucket_plain_http == {"the bucket has no policy that denies requests without TLS"} with input as a_bucket({})
}

test_deny_bucket_plain_http_finds_another_policy if {
	deny_bucket_plain_http == {"no statement of the bucket policy denies all requests without TLS"} with input as bucket_policy([public_read])
}

test_deny_bucket_plain_http_finds_gaps if {
	every gap in [
		{"Effect": "Allow"},
		{"Principal": {"AWS": "arn:aws:iam::1:root"}},
		{"Action": "s3:PutObject"},
		{"Resource": "arn:aws:s3:::b"},
		{"Resource": "arn:aws:s3:::other/*"},
		{"Resource": "arn:aws:s3:::b/public/*"},
	] {
		count(deny_bucket_plain_http) == 1 with input as bucket_policy([object.union(tls_only, gap)])
	}
	every condition in [
		{"Bool": {"aws:SecureTransport": "true"}},
		{"Bool": {"aws:SecureTransport": "false", "aws:ViaAWSService": "false"}},
		{"Bool": {"aws:SecureTransport": "false"}, "IpAddress": {"aws:SourceIp": "192.0.2.0/24"}},
		{"NumericLessThan": {"s3:TlsVersion": "1.2"}},
	] {
		count(deny_bucket_plain_http) == 1 with input as bucket_policy([object.union(object.remove(tls_only, ["Condition"]), {"Condition": condition})])
	}
	count(deny_bucket_plain_http) == 1 with input as bucket_policy([object.remove(tls_only, ["Condition"])])
}

test_deny_bucket_plain_http_passes_tls_only if count(deny_bucket_plain_http) == 0 with input as bucket_policy([public_read, tls_only])

test_deny_bucket_plain_http_passes_other_spellings if {
	every spelling in [
		{"Principal": {"AWS": "*"}},
		{"Action": ["s3:GetObject", "*"]},
		{"Resource": "*"},
		{"Resource": "arn:aws-cn:s3:::b*"},
		{"Condition": {"Bool": {"AWS:SecureTransport": false}}},
		{"Condition": {"Bool": {"aws:SecureTransport": ["false"]}}},
	] {
		count(deny_bucket_plain_http) == 0 with input as bucket_policy(json.patch(tls_only, [{"op": "replace", "path": key, "value": value} | some key, value in spelling]))
	}
}

encrypted(algorithm) := a_bucket({"serverSideEncryptionConfiguration": {"rule": {
	"bucketKeyEnabled": false,
	"applyServerSideEncryptionByDefault": {"sseAlgorithm": algorithm},
}}})

require_kms := {"deny_bucket_encryption": {"requireKms": true}}

test_deny_bucket_encryption_finds_none if {
	deny_bucket_encryption == {"the bucket has no default encryption"} with input as a_bucket({})
}

test_deny_bucket_encryption_finds_a_rule_without_default if {
	count(deny_bucket_encryption) == 1 with input as a_bucket({"serverSideEncryptionConfiguration": {"rule": {"bucketKeyEnabled": false}}})
}

test_deny_bucket_encryption_finds_no_kms_where_asked_for if {
	deny_bucket_encryption == {"the bucket's default encryption is AES256, not with a KMS key"} with input as encrypted("AES256")
		with data.config as require_kms
}

test_deny_bucket_encryption_passes_any if {
	count(deny_bucket_encryption) == 0 with input as encrypted("AES256")
	count(deny_bucket_encryption) == 0 with input as encrypted("aws:kms")
}

test_deny_bucket_encryption_passes_kms_where_asked_for if {
	count(deny_bucket_encryption) == 0 with input as encrypted("aws:kms") with data.config as require_kms
	count(deny_bucket_encryption) == 0 with input as encrypted("aws:kms:dsse") with data.config as require_kms
}

test_warn_bucket_versioning_finds_it_off if {
	warn_bucket_versioning == {"the bucket does not keep versions of its objects"} with input as a_bucket({"versioning": {"enabled": false, "mfaDelete": false}})
}

test_warn_bucket_versioning_finds_it_missing if count(warn_bucket_versioning) == 1 with input as a_bucket({})

test_warn_bucket_versioning_passes_when_on if count(warn_bucket_versioning) == 0 with input as a_bucket({"versioning": {"enabled": true}})

test_warn_bucket_logging_finds_none if {
	warn_bucket_logging == {"the bucket does not log who accesses it"} with input as a_bucket({"grants": [owner]})
}

test_warn_bucket_logging_finds_a_log_group_that_only_reads if {
	count(warn_bucket_logging) == 1 with input as a_bucket({"grants": [group("s3/LogDelivery", ["READ_ACP"])]})
}

test_warn_bucket_logging_passes_with_a_target if {
	count(warn_bucket_logging) == 0 with input as a_bucket({"logging": {"targetBucket": "logs", "targetPrefix": "b/"}})
}

test_warn_bucket_logging_passes_the_target if {
	count(warn_bucket_logging) == 0 with input as a_bucket({"grants": [owner, group("s3/LogDelivery", ["READ_ACP", "WRITE"])]})
}
