from compare import resource, tags

TABLE = "aws:dynamodb/table:Table"

EXPLAINED = {}


def attributes(**kinds):
    return [{"AttributeName": n, "AttributeType": k} for n, k in kinds.items()]


def key(hash_, sort=None):
    return [{"AttributeName": hash_, "KeyType": "HASH"}] + ([{"AttributeName": sort, "KeyType": "RANGE"}] if sort else [])


def seed(aws):
    db = aws("dynamodb")
    db.create_table(
        TableName="orders", AttributeDefinitions=attributes(who="S", at="N", what="S"), KeySchema=key("who", "at"),
        ProvisionedThroughput={"ReadCapacityUnits": 5, "WriteCapacityUnits": 6}, DeletionProtectionEnabled=True,
        SSESpecification={"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": "arn:aws:kms:us-east-1:123456789012:key/k"},
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}, Tags=[{"Key": "owner", "Value": "shop"}],
        GlobalSecondaryIndexes=[{
            "IndexName": "by-what", "KeySchema": key("what", "at"), "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["b", "a"]},
            "ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 2}}],
        LocalSecondaryIndexes=[{"IndexName": "local", "KeySchema": key("who", "what"), "Projection": {"ProjectionType": "ALL"}}])
    db.update_continuous_backups(TableName="orders", PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True})
    db.update_time_to_live(TableName="orders", TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires"})
    db.create_table(TableName="plain", AttributeDefinitions=attributes(id="S"), KeySchema=key("id"), BillingMode="PAY_PER_REQUEST")
    # moto lists a replica, and does not make its table.
    for there, protected in (db, False), (aws("dynamodb", "us-west-2"), True):
        there.create_table(TableName="global", AttributeDefinitions=attributes(id="S"), KeySchema=key("id"), BillingMode="PAY_PER_REQUEST",
                           StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}, DeletionProtectionEnabled=protected)
    db.update_table(TableName="global", ReplicaUpdates=[{"Create": {"RegionName": "us-west-2"}}])


def names(schema):
    by_kind = {e["KeyType"]: e["AttributeName"] for e in schema}
    return {"hashKey": by_kind["HASH"], "rangeKey": by_kind.get("RANGE")}


def index(i, local=False):
    d = {"name": i["IndexName"], **names(i["KeySchema"]), "projectionType": i["Projection"]["ProjectionType"],
         "nonKeyAttributes": sorted(i["Projection"].get("NonKeyAttributes", [])) or None}
    if local:
        del d["hashKey"]
    else:
        d["readCapacity"], d["writeCapacity"] = i["ProvisionedThroughput"]["ReadCapacityUnits"], i["ProvisionedThroughput"]["WriteCapacityUnits"]
    return {k: v for k, v in d.items() if v is not None}


def lasting(t):
    return {k: v for k, v in {"enabled": t["TimeToLiveStatus"] == "ENABLED", "attributeName": t.get("AttributeName")}.items() if v is not None}


def replicas(aws, name, t):
    there = [aws("dynamodb", r["RegionName"]) for r in t.get("Replicas", []) if r["RegionName"] != "us-east-1"]
    return {
        "replicas.deletionProtectionEnabled": [db.describe_table(TableName=name)["Table"]["DeletionProtectionEnabled"] for db in there],
        "replicas.pointInTimeRecovery": [
            db.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
            for db in there],
    } if there else {}


def expected(aws):
    db = aws("dynamodb")
    for name in db.list_tables()["TableNames"]:
        t = db.describe_table(TableName=name)["Table"]
        recovery = db.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
        encryption, stream, warm = t.get("SSEDescription"), t.get("StreamSpecification", {}), t.get("WarmThroughput")
        point = {"enabled": recovery["PointInTimeRecoveryStatus"] == "ENABLED"}
        if "RecoveryPeriodInDays" in recovery:
            point["recoveryPeriodInDays"] = recovery["RecoveryPeriodInDays"]
        yield resource(TABLE, name, name, {
            "region": "us-east-1", "name": name, "arn": t["TableArn"], **names(t["KeySchema"]),
            "attributes": sorted(({"name": a["AttributeName"], "type": a["AttributeType"]} for a in t["AttributeDefinitions"]), key=lambda a: a["name"]),
            "billingMode": t.get("BillingModeSummary", {}).get("BillingMode", "PROVISIONED"),
            "readCapacity": t["ProvisionedThroughput"]["ReadCapacityUnits"], "writeCapacity": t["ProvisionedThroughput"]["WriteCapacityUnits"],
            "deletionProtectionEnabled": t["DeletionProtectionEnabled"], "streamEnabled": stream.get("StreamEnabled", False),
            "streamViewType": stream.get("StreamViewType"), "tableClass": t.get("TableClassSummary", {}).get("TableClass", "STANDARD"),
            "serverSideEncryption": encryption and {"enabled": encryption["Status"] == "ENABLED", "kmsKeyArn": encryption["KMSMasterKeyArn"]},
            "warmThroughput": warm and {"readUnitsPerSecond": warm["ReadUnitsPerSecond"], "writeUnitsPerSecond": warm["WriteUnitsPerSecond"]},
            "pointInTimeRecovery": point, "tags": tags(db.list_tags_of_resource(ResourceArn=t["TableArn"])["Tags"]),
            "globalSecondaryIndexes": [index(i) for i in t.get("GlobalSecondaryIndexes", [])],
            "localSecondaryIndexes": [index(i, local=True) for i in t.get("LocalSecondaryIndexes", [])],
            "replicas": [{"regionName": r["RegionName"]} for r in t.get("Replicas", []) if r["RegionName"] != "us-east-1"],
        }, demand={"ttl": lasting(db.describe_time_to_live(TableName=name)["TimeToLiveDescription"]), **replicas(aws, name, t)})
