package aws_foundations

import rego.v1

a_queue(extra) := object.union({"__type": "aws:sqs/queue:Queue", "name": "q"}, extra)

test_deny_queue_encryption_finds_none if {
	deny_queue_encryption == {"the queue is not encrypted"} with input as a_queue({"sqsManagedSseEnabled": false})
}

test_deny_queue_encryption_finds_what_is_not_said if count(deny_queue_encryption) == 1 with input as a_queue({})

test_deny_queue_encryption_passes_either_kind if {
	count(deny_queue_encryption) == 0 with input as a_queue({"sqsManagedSseEnabled": true})
	count(deny_queue_encryption) == 0 with input as a_queue({"sqsManagedSseEnabled": false, "kmsMasterKeyId": "alias/aws/sqs"})
}

open_to(principal, condition) := json.marshal({"Statement": [{"Sid": "s", "Effect": "Allow", "Principal": principal, "Action": "x:Send", "Resource": "*", "Condition": condition}]})

test_deny_queue_public_policy_finds_everyone if {
	deny_queue_public_policy == {`statement "s" of the queue policy allows x:Send to everyone`} with input as a_queue({"policy": open_to("*", {})})
}

test_deny_queue_public_policy_finds_a_condition_for_everyone if {
	count(deny_queue_public_policy) == 1 with input as a_queue({"policy": open_to("*", {"ArnLike": {"aws:SourceArn": "*"}})})
}

test_deny_queue_public_policy_passes_a_topic if {
	count(deny_queue_public_policy) == 0 with input as a_queue({"policy": open_to({"AWS": "*"}, {"ArnEquals": {"aws:SourceArn": "arn:aws:sns:us-east-1:1:t"}})})
}

test_deny_queue_public_policy_passes_no_policy if count(deny_queue_public_policy) == 0 with input as a_queue({})

a_topic(extra) := object.union({"__type": "aws:sns/topic:Topic", "name": "t"}, extra)

test_warn_topic_kms_finds_none if warn_topic_kms == {"the topic is not encrypted with a KMS key"} with input as a_topic({})

test_warn_topic_kms_passes_a_key if count(warn_topic_kms) == 0 with input as a_topic({"kmsMasterKeyId": "alias/k"})

test_deny_topic_public_policy_finds_everyone if {
	deny_topic_public_policy == {`statement "s" of the topic policy allows x:Send to everyone`} with input as a_topic({"policy": open_to({"AWS": "*"}, {})})
}

test_deny_topic_public_policy_passes_the_policy_of_new_topics if {
	count(deny_topic_public_policy) == 0 with input as a_topic({"policy": open_to({"AWS": "*"}, {"StringEquals": {"AWS:SourceOwner": "123456789012"}})})
}

a_subscription(extra) := object.union({"__type": "aws:sns/topicSubscription:TopicSubscription", "topic": "arn:t"}, extra)

test_deny_subscription_plain_http_finds_it if {
	deny_subscription_plain_http == {"messages are delivered over plain HTTP"} with input as a_subscription({"protocol": "http"})
}

test_deny_subscription_plain_http_finds_what_is_not_said if count(deny_subscription_plain_http) == 1 with input as a_subscription({})

test_deny_subscription_plain_http_passes_others if {
	every protocol in ["https", "sqs", "lambda", "email"] {
		count(deny_subscription_plain_http) == 0 with input as a_subscription({"protocol": protocol})
	}
}
