from compare import resource

DETECTOR, FEATURE, FACT = "aws:guardduty/detector:Detector", "aws:guardduty/detectorFeature:DetectorFeature", "insights:aws/regionDetectors:RegionDetectors"

EXPLAINED = {}


def seed(aws):
    aws("guardduty").create_detector(
        Enable=True, FindingPublishingFrequency="ONE_HOUR", Tags={"owner": "audit"},
        DataSources={"S3Logs": {"Enable": True}, "Kubernetes": {"AuditLogs": {"Enable": False}}},
        Features=[{"Name": "S3_DATA_EVENTS", "Status": "ENABLED"}, {"Name": "EKS_AUDIT_LOGS", "Status": "DISABLED"}, {"Name": "RUNTIME_MONITORING", "Status": "DISABLED", "AdditionalConfiguration": [
            {"Name": "EKS_ADDON_MANAGEMENT", "Status": "ENABLED"}, {"Name": "EC2_AGENT_MANAGEMENT", "Status": "DISABLED"}]}])


def on(status):
    return {"enable": status["Status"] == "ENABLED"}


def expected(aws):
    gd = aws("guardduty")
    ids = gd.list_detectors()["DetectorIds"]
    seen = []
    for ident in ids:
        d = gd.get_detector(DetectorId=ident)
        sources = d["DataSources"]
        seen.append({"id": ident, "enabled": d["Status"] == "ENABLED"})
        yield resource(DETECTOR, ident, ident, {
            "region": "us-east-1", "accountId": "123456789012", "arn": f"arn:aws:guardduty:us-east-1:123456789012:detector/{ident}",
            "enable": d["Status"] == "ENABLED", "findingPublishingFrequency": d["FindingPublishingFrequency"], "tags": d.get("Tags"),
            "datasources": {"s3Logs": on(sources["S3Logs"]), "kubernetes": {"auditLogs": on(sources["Kubernetes"]["AuditLogs"])}},
        })
        for f in d["Features"]:
            yield resource(FEATURE, ident + "/" + f["Name"], f["Name"], {
                "region": "us-east-1", "detectorId": ident, "name": f["Name"], "status": f["Status"],
                "additionalConfigurations": sorted([{"name": a["Name"], "status": a["Status"]} for a in f.get("AdditionalConfiguration", [])], key=lambda a: a["name"]),
            })
    yield resource(FACT, "us-east-1", "us-east-1", {"region": "us-east-1", "detectors": seen})
