package aws_foundations

import rego.v1

# METADATA
# title: Queues are encrypted
# description: >-
#   Messages are encrypted at rest, with SQS's own keys or with a KMS key. Queues made since 2022 are unless that was
#   turned off.
# custom:
#   severity: medium
#   remediation: Turn server-side encryption of the queue on. Senders and receivers need the permission to use a KMS key.
#   tags: [sqs, encryption]
#   controls:
#     - {framework: NIST SP 800-53, version: Rev. 5, id: SC-28}
deny_queue_encryption contains "the queue is not encrypted" if {
	input.__type == "aws:sqs/queue:Queue"
	not input.kmsMasterKeyId
	not input.sqsManagedSseEnabled == true
}

# METADATA
# title: Queue policies are not public
# description: >-
#   No statement of the queue's policy allows something to everyone without a condition that fixes who asks or from
#   where.
# custom:
#   severity: critical
#   remediation: Name the principals in the statement, or add a condition such as aws:SourceArn or aws:PrincipalOrgID.
#   tags: [sqs, public]
#   controls:
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: SQS.3}
deny_queue_public_policy contains msg if {
	input.__type == "aws:sqs/queue:Queue"
	some n, statement in statements(input.policy)
	opens(statement)
	msg := sprintf("%s of the queue policy allows %s to everyone", [named(n, statement), actions(statement)])
}

# METADATA
# title: Topics encrypt with a KMS key
# description: SNS encrypts messages at rest with a key of your own only where the topic has one.
# custom:
#   severity: low
#   remediation: >-
#     Give the topic a KMS key. Services that publish to it need the permission to use the key, which AWS's own key
#     alias/aws/sns cannot give them.
#   tags: [sns, encryption]
#   controls:
#     - {framework: NIST SP 800-53, version: Rev. 5, id: SC-28}
warn_topic_kms contains "the topic is not encrypted with a KMS key" if {
	input.__type == "aws:sns/topic:Topic"
	not input.kmsMasterKeyId
}

# METADATA
# title: Topic policies are not public
# description: >-
#   No statement of the topic's policy allows something to everyone without a condition that fixes who asks or from
#   where. The policy that SNS gives a new topic has one, the account.
# custom:
#   severity: critical
#   remediation: Name the principals in the statement, or add a condition such as aws:SourceOwner or aws:PrincipalOrgID.
#   tags: [sns, public]
#   controls:
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: SNS.4}
deny_topic_public_policy contains msg if {
	input.__type == "aws:sns/topic:Topic"
	some n, statement in statements(input.policy)
	opens(statement)
	msg := sprintf("%s of the topic policy allows %s to everyone", [named(n, statement), actions(statement)])
}

# METADATA
# title: Subscriptions do not deliver over plain HTTP
# description: Who sits between SNS and the endpoint of an http subscription reads the messages, and can change them.
# custom:
#   severity: medium
#   remediation: Subscribe the endpoint by https and delete this subscription.
#   tags: [sns, encryption]
#   controls:
#     - {framework: NIST SP 800-53, version: Rev. 5, id: SC-8}
deny_subscription_plain_http contains "messages are delivered over plain HTTP" if {
	input.__type == "aws:sns/topicSubscription:TopicSubscription"
	not delivered_otherwise
}

delivered_otherwise if input.protocol in {"application", "email", "email-json", "firehose", "https", "lambda", "sms", "sqs"}
