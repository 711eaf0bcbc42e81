from compare import resource, tags

ZONE, RECORD, LOG = "aws:route53/zone:Zone", "aws:route53/record:Record", "aws:route53/queryLog:QueryLog"

EXPLAINED = {ZONE: {"tags": "moto's Tagging API does not know zones"}}


def seed(aws):
    dns = aws("route53")
    zone = dns.create_hosted_zone(Name="shop.example.com", CallerReference="1", HostedZoneConfig={"Comment": "of the shop", "PrivateZone": False})["HostedZone"]["Id"]
    dns.change_tags_for_resource(ResourceType="hostedzone", ResourceId=zone.split("/")[-1], AddTags=[{"Key": "owner", "Value": "shop"}])
    records = [
        {"Name": "www.shop.example.com", "Type": "A", "TTL": 300, "ResourceRecords": [{"Value": "192.0.2.2"}, {"Value": "192.0.2.1"}]},
        {"Name": "shop.example.com", "Type": "TXT", "TTL": 60, "ResourceRecords": [{"Value": '"a"'}]},
        {"Name": "blue.shop.example.com", "Type": "A", "TTL": 60, "SetIdentifier": "blue", "Weight": 10, "ResourceRecords": [{"Value": "192.0.2.3"}]},
        {"Name": "lb.shop.example.com", "Type": "A", "AliasTarget": {"HostedZoneId": "Z2", "DNSName": "lb.example.com.", "EvaluateTargetHealth": True}},
    ]
    dns.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": [{"Action": "CREATE", "ResourceRecordSet": r} for r in records]})
    aws("logs").create_log_group(logGroupName="/aws/route53/shop")
    dns.create_query_logging_config(HostedZoneId=zone, CloudWatchLogsLogGroupArn="arn:aws:logs:us-east-1:123456789012:log-group:/aws/route53/shop:*")


def expected(aws):
    dns = aws("route53")
    for z in dns.list_hosted_zones()["HostedZones"]:
        ident, name = z["Id"].split("/")[-1], z["Name"].rstrip(".")
        yield resource(ZONE, ident, name, {
            "arn": "arn:aws:route53:::hostedzone/" + ident, "name": name, "comment": z["Config"].get("Comment"),
            "tags": tags(dns.list_tags_for_resource(ResourceType="hostedzone", ResourceId=ident)["ResourceTagSet"]["Tags"]),
        }, region="global", unknown=["vpcs"] if z["Config"]["PrivateZone"] else [])
        for r in dns.list_resource_record_sets(HostedZoneId=ident)["ResourceRecordSets"]:
            name, alias = r["Name"].rstrip("."), r.get("AliasTarget")
            yield resource(RECORD, "_".join([ident, name, r["Type"]] + ([r["SetIdentifier"]] if "SetIdentifier" in r else [])), name, {
                "zoneId": ident, "name": name, "type": r["Type"], "ttl": r.get("TTL"), "setIdentifier": r.get("SetIdentifier"),
                "records": sorted(v["Value"].strip('"') if r["Type"] == "TXT" else v["Value"] for v in r.get("ResourceRecords", [])),
                "weightedRoutingPolicies": [{"weight": r["Weight"]}] if "Weight" in r else None,
                "aliases": [{"name": alias["DNSName"].rstrip("."), "zoneId": alias["HostedZoneId"], "evaluateTargetHealth": alias["EvaluateTargetHealth"]}] if alias else None,
            }, region="global")
    for c in dns.list_query_logging_configs()["QueryLoggingConfigs"]:
        yield resource(LOG, c["Id"], c["Id"], {
            "arn": "arn:aws:route53:::queryloggingconfig/" + c["Id"], "cloudwatchLogGroupArn": c["CloudWatchLogsLogGroupArn"], "zoneId": c["HostedZoneId"].split("/")[-1]}, region="global")
