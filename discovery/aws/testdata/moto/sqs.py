import json

from compare import policy, resource

QUEUE, POLICY = "aws:sqs/queue:Queue", "aws:sqs/queuePolicy:QueuePolicy"

EXPLAINED = {}

ACCESS = {"Version": "2012-10-17", "Statement": [{"Sid": "all", "Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"}]}


def seed(aws):
    sqs = aws("sqs")
    dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sqs.create_queue(QueueName="orders", tags={"owner": "shop"}, Attributes={
        "DelaySeconds": "5", "MaximumMessageSize": "1024", "MessageRetentionPeriod": "3600", "VisibilityTimeout": "60",
        "ReceiveMessageWaitTimeSeconds": "3", "KmsMasterKeyId": "alias/aws/sqs", "KmsDataKeyReusePeriodSeconds": "600",
        "RedrivePolicy": json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 3}), "Policy": json.dumps(ACCESS)})
    sqs.create_queue(QueueName="ledger.fifo", Attributes={"FifoQueue": "true", "ContentBasedDeduplication": "true"})


def expected(aws):
    sqs = aws("sqs")
    for url in sqs.list_queues()["QueueUrls"]:
        a = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        name = url.rsplit("/", 1)[1]
        access = policy(a.get("Policy"))
        yield resource(QUEUE, url, name, {
            "region": "us-east-1", "name": name, "tags": sqs.list_queue_tags(QueueUrl=url).get("Tags"), "policy": access,
            "delaySeconds": int(a["DelaySeconds"]), "maxMessageSize": int(a["MaximumMessageSize"]),
            "messageRetentionSeconds": int(a["MessageRetentionPeriod"]), "visibilityTimeoutSeconds": int(a["VisibilityTimeout"]),
            "receiveWaitTimeSeconds": int(a["ReceiveMessageWaitTimeSeconds"]),
            "kmsMasterKeyId": a.get("KmsMasterKeyId"),
            "kmsDataKeyReusePeriodSeconds": int(a["KmsDataKeyReusePeriodSeconds"]) if "KmsDataKeyReusePeriodSeconds" in a else None,
            "redrivePolicy": a.get("RedrivePolicy"), "redriveAllowPolicy": a.get("RedriveAllowPolicy"),
            "deduplicationScope": a.get("DeduplicationScope"), "fifoThroughputLimit": a.get("FifoThroughputLimit"),
            "fifoQueue": a.get("FifoQueue") == "true", "contentBasedDeduplication": a.get("ContentBasedDeduplication") == "true",
            "sqsManagedSseEnabled": a.get("SqsManagedSseEnabled") == "true",
        })
        if access:
            yield resource(POLICY, url, name, {"region": "us-east-1", "queueUrl": url, "policy": access})
