import json

from compare import policy, resource, tags

TOPIC, POLICY, SUBSCRIPTION = "aws:sns/topic:Topic", "aws:sns/topicPolicy:TopicPolicy", "aws:sns/topicSubscription:TopicSubscription"

EXPLAINED = {}

ACCESS = {"Version": "2012-10-17", "Statement": [{"Sid": "all", "Effect": "Allow", "Principal": "*", "Action": "sns:Publish", "Resource": "*"}]}


def ordered(value):
    """Lists of texts are sets: in alphabetical order."""
    if isinstance(value, dict):
        return {k: ordered(v) for k, v in value.items()}
    if isinstance(value, list):
        return sorted(value) if all(isinstance(v, str) for v in value) else [ordered(v) for v in value]
    return value


def seed(aws):
    sns = aws("sns")
    alerts = sns.create_topic(Name="alerts", Tags=[{"Key": "owner", "Value": "ops"}], Attributes={
        "DisplayName": "Alerts", "KmsMasterKeyId": "alias/aws/sns", "SignatureVersion": "2", "TracingConfig": "Active"})["TopicArn"]
    role = "arn:aws:iam::123456789012:role/feedback"
    for name, value in {
        "Policy": json.dumps(ACCESS), "DeliveryPolicy": json.dumps({"http": {"defaultHealthyRetryPolicy": {"numRetries": 5}}}),
        "HTTPSuccessFeedbackRoleArn": role, "HTTPFailureFeedbackRoleArn": role, "HTTPSuccessFeedbackSampleRate": "50",
        "LambdaSuccessFeedbackRoleArn": role, "SQSFailureFeedbackRoleArn": role,
    }.items():
        sns.set_topic_attributes(TopicArn=alerts, AttributeName=name, AttributeValue=value)
    sns.create_topic(Name="ledger.fifo", Attributes={"FifoTopic": "true", "ContentBasedDeduplication": "true"})
    sns.create_topic(Name="plain")
    sns.subscribe(TopicArn=alerts, Protocol="http", Endpoint="http://example.com/hook")
    sns.subscribe(TopicArn=alerts, Protocol="sqs", Endpoint="arn:aws:sqs:us-east-1:123456789012:orders", Attributes={
        "RawMessageDelivery": "true", "FilterPolicy": json.dumps({"kind": ["order"]}), "RedrivePolicy": json.dumps({"deadLetterTargetArn": "arn:aws:sqs:us-east-1:123456789012:dead"})})


def expected(aws):
    sns = aws("sns")
    for arn in [t["TopicArn"] for t in sns.list_topics()["Topics"]]:
        a = sns.get_topic_attributes(TopicArn=arn)["Attributes"]
        name = arn.split(":")[-1]
        access = policy(json.dumps(ordered(json.loads(a["Policy"]))))

        def rate(which):
            value = a.get(which + "SuccessFeedbackSampleRate")
            return int(value) if value else None
        yield resource(TOPIC, arn, name, {
            "region": "us-east-1", "name": name, "arn": arn, "tags": tags(sns.list_tags_for_resource(ResourceArn=arn)["Tags"]), "policy": access,
            "displayName": a.get("DisplayName"), "owner": a.get("Owner"), "kmsMasterKeyId": a.get("KmsMasterKeyId"),
            "deliveryPolicy": a.get("DeliveryPolicy"), "tracingConfig": a.get("TracingConfig"),
            "signatureVersion": int(a["SignatureVersion"]) if "SignatureVersion" in a else None,
            "archivePolicy": a.get("ArchivePolicy"), "beginningArchiveTime": a.get("BeginningArchiveTime"), "fifoThroughputScope": a.get("FifoThroughputScope"),
            "fifoTopic": a.get("FifoTopic") == "true", "contentBasedDeduplication": a.get("ContentBasedDeduplication") == "true",
            "httpSuccessFeedbackRoleArn": a.get("HTTPSuccessFeedbackRoleArn"), "httpFailureFeedbackRoleArn": a.get("HTTPFailureFeedbackRoleArn"),
            "httpSuccessFeedbackSampleRate": rate("HTTP"),
            "lambdaSuccessFeedbackRoleArn": a.get("LambdaSuccessFeedbackRoleArn"), "sqsFailureFeedbackRoleArn": a.get("SQSFailureFeedbackRoleArn"),
        })
        yield resource(POLICY, arn, name, {"region": "us-east-1", "arn": arn, "policy": access})
    for s in sns.list_subscriptions()["Subscriptions"]:
        arn = s["SubscriptionArn"]
        yield resource(SUBSCRIPTION, arn, arn.split(":")[-1], {
            "region": "us-east-1", "arn": arn, "topic": s["TopicArn"], "protocol": s["Protocol"], "endpoint": s["Endpoint"], "ownerId": s["Owner"],
            "pendingConfirmation": False,
        }, demand=more(sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]))


def more(a):
    texts = ["deliveryPolicy", "filterPolicy", "filterPolicyScope", "redrivePolicy", "replayPolicy", "subscriptionRoleArn"]
    flags = ["confirmationWasAuthenticated", "rawMessageDelivery"]
    return {**{n: a.get(n[0].upper() + n[1:]) for n in texts}, **{n: a[n[0].upper() + n[1:]].lower() == "true" for n in flags}}
