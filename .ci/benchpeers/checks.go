package main

// check is a question that all tools answer, by the names that each has for it.
type check struct {
	name      string // as account.py calls it
	needs     string // the operation without which it cannot be answered
	insights  string // policy of aws-foundations
	prowler   string
	custodian string // policy of custodian.yml
}

var checks = []check{
	{"bucket public access block", "s3:GetPublicAccessBlock", "deny_bucket_public_access_block", "s3_bucket_level_public_access_block", "bucket-public-access-block"},
	{"bucket refuses plain HTTP", "s3:GetBucketPolicy", "deny_bucket_plain_http", "s3_bucket_secure_transport_policy", "bucket-plain-http"},
	{"bucket versioning", "s3:GetBucketVersioning", "warn_bucket_versioning", "s3_bucket_object_versioning", "bucket-versioning"},
	{"bucket encryption", "s3:GetBucketEncryption", "deny_bucket_encryption", "s3_bucket_default_encryption", "bucket-encryption"},
	{"no SSH from everywhere", "ec2:DescribeSecurityGroups", "deny_security_group_admin_ipv4", "ec2_securitygroup_allow_ingress_from_internet_to_tcp_port_22", "security-group-ssh"},
	{"instance asks for IMDSv2", "ec2:DescribeInstances", "deny_instance_imds", "ec2_instance_imdsv2_enabled", "instance-imds"},
	{"volume encryption", "ec2:DescribeVolumes", "deny_volume_encryption", "ec2_ebs_volume_encryption", "volume-encryption"},
	{"console user has MFA", "iam:GetCredentialReport", "deny_console_mfa", "iam_user_mfa_enabled_console_access", "user-mfa"},
	{"password length", "iam:GetAccountPasswordPolicy", "deny_password_length", "iam_password_policy_minimum_length_14", "password-length"},
	{"key rotation", "kms:GetKeyRotationStatus", "deny_key_rotation", "kms_cmk_rotation_enabled", "key-rotation"},
	{"table recovery", "dynamodb:DescribeContinuousBackups", "deny_table_recovery", "dynamodb_tables_pitr_enabled", "table-recovery"},
	{"database encryption", "rds:DescribeDBInstances", "deny_database_encryption", "rds_instance_storage_encrypted", "database-encryption"},
	{"queue encryption", "sqs:GetQueueAttributes", "deny_queue_encryption", "sqs_queues_server_side_encryption_enabled", "queue-encryption"},
	{"topic encryption", "sns:GetTopicAttributes", "warn_topic_kms", "sns_topics_kms_encryption_at_rest_enabled", "topic-encryption"},
	{"function runtime", "lambda:ListFunctions", "deny_function_runtime", "awslambda_function_using_supported_runtimes", "function-runtime"},
	{"trail in every region", "cloudtrail:DescribeTrails", "deny_region_trail", "cloudtrail_multi_region_enabled", "region-trail"},
}

// refused are the operations of the second scenario, of six services: lists of a
// single setting, since without the resources themselves there is nothing to judge,
// and one list of resources.
var refused = []string{
	"s3:GetPublicAccessBlock", "s3:GetBucketPolicy", "ec2:DescribeVolumes", "iam:GetAccountPasswordPolicy",
	"kms:GetKeyRotationStatus", "dynamodb:DescribeContinuousBackups", "sns:GetTopicAttributes", "cloudtrail:DescribeTrails",
}

// services are those that all tools read, by the names that each has for them.
var services = struct{ insights, prowler []string }{
	insights: []string{"cloudtrail", "dynamodb", "ec2", "iam", "kms", "lambda", "rds", "s3", "sns", "sqs"},
	prowler:  []string{"cloudtrail", "dynamodb", "ec2", "iam", "kms", "awslambda", "rds", "s3", "sns", "sqs"},
}

// byName finds the check that a tool calls so; name picks the tool.
func byName(name func(check) string, of string) (string, bool) {
	for _, c := range checks {
		if name(c) == of {
			return c.name, true
		}
	}
	return "", false
}
