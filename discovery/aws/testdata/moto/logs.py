from compare import resource

GROUP, FILTER = "aws:cloudwatch/logGroup:LogGroup", "aws:cloudwatch/logMetricFilter:LogMetricFilter"

EXPLAINED = {}


def seed(aws):
    logs = aws("logs")
    logs.create_log_group(logGroupName="/app/orders", tags={"owner": "shop"}, kmsKeyId="arn:aws:kms:us-east-1:123456789012:key/1", logGroupClass="INFREQUENT_ACCESS")
    logs.put_retention_policy(logGroupName="/app/orders", retentionInDays=365)
    logs.create_log_group(logGroupName="forever")
    logs.put_metric_filter(logGroupName="forever", filterName="root", filterPattern='{ $.userIdentity.type = "Root" }', metricTransformations=[
        {"metricName": "root", "metricNamespace": "Audit", "metricValue": "1", "defaultValue": 0, "unit": "Count"}])
    logs.put_metric_filter(logGroupName="/app/orders", filterName="errors", filterPattern="ERROR", metricTransformations=[
        {"metricName": "errors", "metricNamespace": "App", "metricValue": "1"}])


def expected(aws):
    logs = aws("logs")
    for g in logs.describe_log_groups()["logGroups"]:
        name = g["logGroupName"]
        yield resource(GROUP, name, name, {
            "region": "us-east-1", "name": name, "arn": g["arn"].removesuffix(":*"), "retentionInDays": g.get("retentionInDays", 0),
            "kmsKeyId": g.get("kmsKeyId"), "logGroupClass": g.get("logGroupClass"), "tags": logs.list_tags_log_group(logGroupName=name)["tags"],
        })
    for f in logs.describe_metric_filters()["metricFilters"]:
        t = f["metricTransformations"][0]
        yield resource(FILTER, f["logGroupName"] + ":" + f["filterName"], f["filterName"], {
            "region": "us-east-1", "name": f["filterName"], "logGroupName": f["logGroupName"], "pattern": f["filterPattern"],
            "applyOnTransformedLogs": f.get("applyOnTransformedLogs", False),
            "metricTransformation": {k: v for k, v in {
                "name": t["metricName"], "namespace": t["metricNamespace"], "value": t["metricValue"], "unit": t.get("unit"),
                "defaultValue": f"{t['defaultValue']:g}" if "defaultValue" in t else None}.items() if v},
        })
