from compare import resource

RECORDER, STATUS, CHANNEL = "aws:cfg/recorder:Recorder", "aws:cfg/recorderStatus:RecorderStatus", "aws:cfg/deliveryChannel:DeliveryChannel"
FACT = "insights:aws/regionRecorders:RegionRecorders"

EXPLAINED = {}


def seed(aws):
    config = aws("config")
    config.put_configuration_recorder(ConfigurationRecorder={
        "name": "default", "roleARN": "arn:aws:iam::123456789012:role/config",
        "recordingGroup": {"allSupported": False, "includeGlobalResourceTypes": False, "resourceTypes": ["AWS::S3::Bucket", "AWS::EC2::Instance"]}})
    config.put_delivery_channel(DeliveryChannel={
        "name": "default", "s3BucketName": "history", "s3KeyPrefix": "config", "snsTopicARN": "arn:aws:sns:us-east-1:123456789012:config",
        "configSnapshotDeliveryProperties": {"deliveryFrequency": "Six_Hours"}})
    config.start_configuration_recorder(ConfigurationRecorderName="default")


def expected(aws):
    config = aws("config")
    recording = {s["name"]: s["recording"] for s in config.describe_configuration_recorder_status()["ConfigurationRecordersStatus"]}
    seen, channels = [], []
    for r in config.describe_configuration_recorders()["ConfigurationRecorders"]:
        name, group = r["name"], r["recordingGroup"]
        seen.append({"name": name, "roleArn": r["roleARN"], "recording": recording[name], "allSupported": group["allSupported"],
                     "includeGlobalResourceTypes": group["includeGlobalResourceTypes"]})
        yield resource(RECORDER, name, name, {"region": "us-east-1", "name": name, "roleArn": r["roleARN"], "recordingGroup": {
            "allSupported": group["allSupported"], "includeGlobalResourceTypes": group["includeGlobalResourceTypes"], "resourceTypes": sorted(group["resourceTypes"]),
            "recordingStrategies": [{"useOnly": group["recordingStrategy"]["useOnly"]}]}})
        yield resource(STATUS, name, name, {"region": "us-east-1", "name": name, "isEnabled": recording[name]})
    for c in config.describe_delivery_channels()["DeliveryChannels"]:
        channels.append(c["name"])
        yield resource(CHANNEL, c["name"], c["name"], {
            "region": "us-east-1", "name": c["name"], "s3BucketName": c["s3BucketName"], "s3KeyPrefix": c.get("s3KeyPrefix"), "s3KmsKeyArn": c.get("s3KmsKeyArn"),
            "snsTopicArn": c.get("snsTopicARN"),
            "snapshotDeliveryProperties": {"deliveryFrequency": c["configSnapshotDeliveryProperties"]["deliveryFrequency"]} if "configSnapshotDeliveryProperties" in c else None})
    yield resource(FACT, "us-east-1", "us-east-1", {"region": "us-east-1", "recorders": seen, "deliveryChannels": sorted(channels)})
