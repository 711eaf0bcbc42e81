"""Calls of several protocols through the proxy, with what became of each as JSON."""

import json

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

outcomes = {}


def call(service, operation, endpoint=None, **arguments):
    client = boto3.client(service, endpoint_url=endpoint, config=Config(retries={"max_attempts": 0}))
    try:
        getattr(client, operation)(**arguments)
        outcome = "ok"
    except ClientError as e:
        outcome = e.response["Error"]["Code"]
    outcomes.setdefault(service + "." + operation, []).append(outcome)


call("s3", "list_buckets")
call("s3", "create_bucket", Bucket="a-bucket")
call("s3", "get_bucket_policy", Bucket="a-bucket")
call("s3", "get_public_access_block", Bucket="a-bucket")
call("s3control", "get_public_access_block", AccountId="123456789012")
call("ec2", "describe_volumes")
call("iam", "list_users")
call("dynamodb", "list_tables")
call("kms", "list_keys")
call("lambda", "list_functions")
call("sqs", "list_queues", endpoint="https://sqs.us-east-1.amazonaws.com")
call("sns", "list_topics")
call("sns", "list_topics")
call("sns", "list_topics")
print(json.dumps(outcomes))
