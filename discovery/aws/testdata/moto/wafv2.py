from compare import resource, tags

ACL, LOGGING = "aws:wafv2/webAcl:WebAcl", "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration"

EXPLAINED = {ACL: {"tags": "moto's Tagging API does not know web ACLs"}}

WATCHED = {"SampledRequestsEnabled": True, "CloudWatchMetricsEnabled": True, "MetricName": "web"}


def seed(aws):
    waf = aws("wafv2")
    arn = waf.create_web_acl(
        Name="web", Scope="REGIONAL", DefaultAction={"Allow": {}}, Description="of the shop", VisibilityConfig=WATCHED, Tags=[{"Key": "owner", "Value": "shop"}],
        Rules=[{"Name": "rate", "Priority": 1, "Action": {"Block": {}}, "VisibilityConfig": WATCHED, "Statement": {"RateBasedStatement": {"Limit": 100, "AggregateKeyType": "IP"}}}])["Summary"]["ARN"]
    waf.create_web_acl(Name="edge", Scope="CLOUDFRONT", DefaultAction={"Block": {}}, VisibilityConfig=WATCHED)
    waf.put_logging_configuration(LoggingConfiguration={"ResourceArn": arn, "LogDestinationConfigs": ["arn:aws:s3:::aws-waf-logs-shop"]})


def watched(c):
    return {"sampledRequestsEnabled": c["SampledRequestsEnabled"], "cloudwatchMetricsEnabled": c["CloudWatchMetricsEnabled"], "metricName": c["MetricName"]}


def expected(aws):
    waf = aws("wafv2")
    for scope in ("REGIONAL", "CLOUDFRONT"):
        for s in waf.list_web_acls(Scope=scope)["WebACLs"]:
            v = waf.get_web_acl(Name=s["Name"], Id=s["Id"], Scope=scope)["WebACL"]
            rules = [{"name": r["Name"], "priority": r["Priority"], "action": {"block": {}}, "visibilityConfig": watched(r["VisibilityConfig"])} for r in v.get("Rules", [])]
            yield resource(ACL, "/".join((s["Id"], s["Name"], scope)), s["Name"], {
                "region": "us-east-1", "arn": v["ARN"], "name": v["Name"], "scope": scope, "description": v.get("Description"), "rules": rules,
                "defaultAction": {"allow": {}} if "Allow" in v["DefaultAction"] else {"block": {}}, "visibilityConfig": watched(v["VisibilityConfig"]),
                "tags": tags(waf.list_tags_for_resource(ResourceARN=v["ARN"])["TagInfoForResource"]["TagList"]),
            }, unknown=["rules.statement"] if rules else [])
        for c in waf.list_logging_configurations(Scope=scope)["LoggingConfigurations"]:
            arn = c["ResourceArn"]
            yield resource(LOGGING, arn, arn.split("/")[2], {"region": "us-east-1", "resourceArn": arn, "logDestinationConfigs": sorted(c["LogDestinationConfigs"])})
