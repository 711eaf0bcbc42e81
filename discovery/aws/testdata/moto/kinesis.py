from compare import resource, tags

STREAM = "aws:kinesis/stream:Stream"

EXPLAINED = {STREAM: {"tags": "moto's Tagging API does not know streams"}}


def seed(aws):
    kinesis = aws("kinesis")
    kinesis.create_stream(StreamName="clicks", ShardCount=2, StreamModeDetails={"StreamMode": "PROVISIONED"})
    kinesis.add_tags_to_stream(StreamName="clicks", Tags={"owner": "shop"})
    kinesis.start_stream_encryption(StreamName="clicks", EncryptionType="KMS", KeyId="alias/aws/kinesis")
    kinesis.increase_stream_retention_period(StreamName="clicks", RetentionPeriodHours=48)
    kinesis.enable_enhanced_monitoring(StreamName="clicks", ShardLevelMetrics=["IncomingBytes"])
    kinesis.create_stream(StreamName="orders", StreamModeDetails={"StreamMode": "ON_DEMAND"})


def expected(aws):
    kinesis = aws("kinesis")
    for name in kinesis.list_streams()["StreamNames"]:
        v = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
        mode = v.get("StreamModeDetails", {}).get("StreamMode")
        yield resource(STREAM, name, name, {
            "region": "us-east-1", "name": name, "arn": v["StreamARN"], "encryptionType": v["EncryptionType"], "kmsKeyId": v.get("KeyId"),
            "retentionPeriod": v["RetentionPeriodHours"], "shardCount": v["OpenShardCount"] if mode != "ON_DEMAND" else None,
            "shardLevelMetrics": sorted(m for e in v["EnhancedMonitoring"] for m in e["ShardLevelMetrics"]),
            "streamModeDetails": {"streamMode": mode} if mode else None, "tags": tags(kinesis.list_tags_for_stream(StreamName=name)["Tags"]),
        })
