from compare import resource, tags

TRAIL, FACT = "aws:cloudtrail/trail:Trail", "insights:aws/regionTrails:RegionTrails"

EXPLAINED = {}


def seed(aws):
    # moto knows no event data stores.
    aws("s3").create_bucket(Bucket="trail-logs")
    aws("sns").create_topic(Name="alerts")  # as sns.py has it
    ct = aws("cloudtrail")
    ct.create_trail(Name="audit", S3BucketName="trail-logs", S3KeyPrefix="audit", SnsTopicName="alerts", IncludeGlobalServiceEvents=True, IsMultiRegionTrail=False,
                    EnableLogFileValidation=True, CloudWatchLogsLogGroupArn="arn:aws:logs:us-east-1:123456789012:log-group:audit:*",
                    CloudWatchLogsRoleArn="arn:aws:iam::123456789012:role/audit", KmsKeyId="arn:aws:kms:us-east-1:123456789012:key/1",
                    TagsList=[{"Key": "owner", "Value": "audit"}])
    ct.start_logging(Name="audit")
    ct.put_event_selectors(TrailName="audit", EventSelectors=[
        {"ReadWriteType": "WriteOnly", "IncludeManagementEvents": True, "ExcludeManagementEventSources": ["rdsdata.amazonaws.com", "kms.amazonaws.com"],
         "DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3:::b/", "arn:aws:s3:::a/"]}]}])
    ct.put_insight_selectors(TrailName="audit", InsightSelectors=[{"InsightType": "ApiErrorRateInsight"}, {"InsightType": "ApiCallRateInsight"}])
    ct.create_trail(Name="data", S3BucketName="trail-logs", IsMultiRegionTrail=True)
    ct.put_event_selectors(TrailName="data", AdvancedEventSelectors=[
        {"Name": "objects", "FieldSelectors": [{"Field": "eventCategory", "Equals": ["Data"]}, {"Field": "resources.ARN", "StartsWith": ["arn:aws:s3:::b/", "arn:aws:s3:::a/"]}]}])


def simple(selector):
    out = {"readWriteType": selector["ReadWriteType"], "includeManagementEvents": selector["IncludeManagementEvents"],
           "excludeManagementEventSources": sorted(selector.get("ExcludeManagementEventSources", [])),
           "dataResources": [{"type": r["Type"], "values": sorted(r["Values"])} for r in selector.get("DataResources", [])]}
    return {k: v for k, v in out.items() if v != []}


def advanced(selector):
    names = {"Field": "field", "Equals": "equals", "StartsWith": "startsWiths"}
    fields = [{names[k]: v if isinstance(v, str) else sorted(v) for k, v in f.items()} for f in selector["FieldSelectors"]]
    return {"name": selector["Name"], "fieldSelectors": sorted(fields, key=lambda f: "equals" not in f)}


def expected(aws):
    ct = aws("cloudtrail")
    seen = []
    for t in ct.describe_trails(includeShadowTrails=True)["trailList"]:
        arn = t["TrailARN"]
        status = ct.get_trail_status(Name=arn)
        selectors = ct.get_event_selectors(TrailName=arn)
        insights = ct.get_insight_selectors(TrailName=arn)
        entry = {
            "name": t["Name"], "arn": arn, "homeRegion": t["HomeRegion"], "isMultiRegionTrail": t["IsMultiRegionTrail"], "isLogging": status["IsLogging"],
            "logFileValidationEnabled": t["LogFileValidationEnabled"], "includeGlobalServiceEvents": t["IncludeGlobalServiceEvents"],
            "s3BucketName": t["S3BucketName"], "isOrganizationTrail": t["IsOrganizationTrail"]}
        if "KmsKeyId" in t:
            entry["kmsKeyId"] = t["KmsKeyId"]
        seen.append(entry)
        yield resource(TRAIL, arn, t["Name"], {
            "region": "us-east-1", "name": t["Name"], "arn": arn, "homeRegion": t["HomeRegion"], "s3BucketName": t["S3BucketName"], "s3KeyPrefix": t.get("S3KeyPrefix"),
            "snsTopicName": t.get("SnsTopicName"), "snsTopicArn": t.get("SnsTopicARN"), "kmsKeyId": t.get("KmsKeyId"), "isMultiRegionTrail": t["IsMultiRegionTrail"],
            "isOrganizationTrail": t["IsOrganizationTrail"], "enableLogFileValidation": t["LogFileValidationEnabled"],
            "includeGlobalServiceEvents": t["IncludeGlobalServiceEvents"], "cloudWatchLogsGroupArn": t.get("CloudWatchLogsLogGroupArn"),
            "cloudWatchLogsRoleArn": t.get("CloudWatchLogsRoleArn"), "enableLogging": status["IsLogging"],
            "eventSelectors": [simple(s) for s in selectors.get("EventSelectors", [])],
            "advancedEventSelectors": [advanced(s) for s in selectors.get("AdvancedEventSelectors", [])],
            "insightSelectors": sorted([{"insightType": s["InsightType"]} for s in insights.get("InsightSelectors", [])], key=lambda s: s["insightType"]),
            "tags": tags(ct.list_tags(ResourceIdList=[arn])["ResourceTagList"][0]["TagsList"]),
        }, unknown=[] if "InsightSelectors" in insights else ["insightSelectors"])  # AWS answers with an error where there are none
    yield resource(FACT, "us-east-1", "us-east-1", {"region": "us-east-1", "trails": sorted(seen, key=lambda t: t["arn"])})
