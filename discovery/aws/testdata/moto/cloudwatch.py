from compare import resource, tags

METRIC = "aws:cloudwatch/metricAlarm:MetricAlarm"

EXPLAINED = {}

UNKNOWN = ["evaluationCriteria", "evaluationInterval", "warmUpConfiguration"]


def seed(aws):
    cw = aws("cloudwatch")
    cw.put_metric_alarm(
        AlarmName="root", AlarmDescription="root was used", ActionsEnabled=True, Tags=[{"Key": "owner", "Value": "audit"}],
        AlarmActions=["arn:aws:sns:us-east-1:123456789012:b", "arn:aws:sns:us-east-1:123456789012:a"], OKActions=["arn:aws:sns:us-east-1:123456789012:ok"],
        InsufficientDataActions=["arn:aws:sns:us-east-1:123456789012:missing"], MetricName="root", Namespace="Audit", Statistic="Sum",
        Dimensions=[{"Name": "Trail", "Value": "main"}], Period=300, EvaluationPeriods=2, DatapointsToAlarm=1, Threshold=1.5,
        ComparisonOperator="GreaterThanOrEqualToThreshold", TreatMissingData="notBreaching", Unit="Count")
    cw.put_metric_alarm(
        AlarmName="quiet", ActionsEnabled=False, MetricName="latency", Namespace="App", ExtendedStatistic="p99", EvaluateLowSampleCountPercentile="ignore",
        Period=60, EvaluationPeriods=1, Threshold=1.0, ComparisonOperator="LessThanThreshold")
    cw.put_metric_alarm(
        AlarmName="ratio", EvaluationPeriods=1, Threshold=0.0, ComparisonOperator="GreaterThanThreshold", Metrics=[
            {"Id": "m1", "MetricStat": {"Metric": {"Namespace": "App", "MetricName": "errors", "Dimensions": [{"Name": "Stage", "Value": "prod"}]}, "Period": 60, "Stat": "Sum", "Unit": "Count"}, "ReturnData": False},
            {"Id": "e1", "Expression": "m1 * 2", "Label": "twice", "ReturnData": True}])


def query(q):
    out = {"id": q["Id"], "expression": q.get("Expression"), "label": q.get("Label"), "period": q.get("Period"), "returnData": q.get("ReturnData")}
    if "MetricStat" in q:
        s = q["MetricStat"]
        out["metric"] = {k: v for k, v in {
            "metricName": s["Metric"]["MetricName"], "namespace": s["Metric"]["Namespace"], "dimensions": tags(s["Metric"].get("Dimensions"), key="Name"),
            "period": s["Period"], "stat": s["Stat"], "unit": s.get("Unit")}.items() if v}
    return {k: v for k, v in out.items() if v is not None and v != ""}


def expected(aws):
    cw = aws("cloudwatch")
    # moto cannot make composite alarms.
    for a in cw.describe_alarms()["MetricAlarms"]:
        yield resource(METRIC, a["AlarmName"], a["AlarmName"], {
            "region": "us-east-1", "name": a["AlarmName"], "arn": a["AlarmArn"], "alarmDescription": a.get("AlarmDescription"),
            "tags": tags(cw.list_tags_for_resource(ResourceARN=a["AlarmArn"])["Tags"]), "actionsEnabled": a["ActionsEnabled"],
            "alarmActions": sorted(a.get("AlarmActions", [])), "okActions": a.get("OKActions"), "insufficientDataActions": a.get("InsufficientDataActions"),
            "comparisonOperator": a["ComparisonOperator"], "datapointsToAlarm": a.get("DatapointsToAlarm"), "dimensions": tags(a.get("Dimensions"), key="Name"),
            "evaluateLowSampleCountPercentiles": a.get("EvaluateLowSampleCountPercentile"), "evaluationPeriods": a["EvaluationPeriods"],
            "extendedStatistic": a.get("ExtendedStatistic"), "metricName": a.get("MetricName"), "namespace": a.get("Namespace"), "period": a.get("Period"),
            "statistic": a.get("Statistic"), "threshold": a.get("Threshold"), "treatMissingData": a.get("TreatMissingData"), "unit": a.get("Unit"),
            "metricQueries": sorted([query(q) for q in a.get("Metrics", [])], key=lambda q: q["id"]),
        }, unknown=UNKNOWN)
