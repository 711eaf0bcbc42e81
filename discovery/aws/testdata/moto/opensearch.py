import json

from compare import policy, resource, tags

DOMAIN, ACCESS = "aws:opensearch/domain:Domain", "aws:opensearch/domainPolicy:DomainPolicy"
OLD, OLD_ACCESS = "aws:elasticsearch/domain:Domain", "aws:elasticsearch/domainPolicy:DomainPolicy"

EXPLAINED = {DOMAIN: {"tags": "moto's Tagging API does not know domains"}}

OPEN = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "es:*", "Resource": "*"}]}


def seed(aws):
    search = aws("opensearch")
    search.create_domain(
        DomainName="logs", EngineVersion="OpenSearch_2.11", ClusterConfig={"InstanceType": "m5.large.search", "InstanceCount": 2, "ZoneAwarenessEnabled": True},
        EBSOptions={"EBSEnabled": True, "VolumeType": "gp3", "VolumeSize": 20}, AccessPolicies=json.dumps(OPEN), EncryptionAtRestOptions={"Enabled": True, "KmsKeyId": "k"},
        NodeToNodeEncryptionOptions={"Enabled": True}, DomainEndpointOptions={"EnforceHTTPS": True, "TLSSecurityPolicy": "Policy-Min-TLS-1-2-2019-07"},
        LogPublishingOptions={"AUDIT_LOGS": {"CloudWatchLogsLogGroupArn": "arn:aws:logs:us-east-1:123456789012:log-group:search", "Enabled": True}}, TagList=[{"Key": "owner", "Value": "shop"}])
    search.create_domain(DomainName="old", EngineVersion="Elasticsearch_7.10")


def lower(of, renamed=()):
    named = dict(renamed)
    return {named.get(k, k[0].lower() + k[1:]): v for k, v in (of or {}).items() if v is not None and v != ""}


ENDPOINT = {"EnforceHTTPS": "enforceHttps", "TLSSecurityPolicy": "tlsSecurityPolicy"}
DEVICES = {"EBSEnabled": "ebsEnabled"}
CLUSTER = {"MultiAZWithStandbyEnabled": "multiAzWithStandbyEnabled"}


def expected(aws):
    search = aws("opensearch")
    names = [d["DomainName"] for d in search.list_domain_names()["DomainNames"]]
    for d in search.describe_domains(DomainNames=names)["DomainStatusList"]:
        name, (engine, version) = d["DomainName"], d["EngineVersion"].split("_")
        old = engine == "Elasticsearch"
        cluster = lower(d.get("ClusterConfig"), CLUSTER)
        cluster = {k: lower(v) if isinstance(v, dict) else v for k, v in cluster.items()}
        security = lower(d.get("AdvancedSecurityOptions"))
        if old:
            cluster = {k: v.replace(".search", ".elasticsearch") if isinstance(v, str) else v for k, v in cluster.items() if k != "multiAzWithStandbyEnabled"}
            security.pop("anonymousAuthEnabled", None)
        tune, vpc = d.get("AutoTuneOptions") or {}, d.get("VPCOptions") or {}
        tuned = {"desiredState": "ENABLED" if tune["State"].startswith("ENABLE") else "DISABLED"} if "State" in tune else {}
        if not old and "UseOffPeakWindow" in tune:
            tuned["useOffPeakWindow"] = tune["UseOffPeakWindow"]
        window = d.get("OffPeakWindowOptions") or {}
        access = policy(d.get("AccessPolicies"))
        about = {"region": "us-east-1", "domainName": name}
        yield resource(OLD if old else DOMAIN, name, name, about | {
            "arn": d["ARN"], "elasticsearchVersion" if old else "engineVersion": version if old else d["EngineVersion"], "accessPolicies": access,
            "advancedOptions": d.get("AdvancedOptions"), "advancedSecurityOptions": security, "autoTuneOptions": tuned, "clusterConfig": cluster,
            "domainEndpointOptions": lower(d.get("DomainEndpointOptions"), ENDPOINT), "ebsOptions": lower(d.get("EBSOptions"), DEVICES),
            "encryptAtRest": lower(d["EncryptionAtRestOptions"]), "nodeToNodeEncryption": lower(d["NodeToNodeEncryptionOptions"]),
            "logPublishingOptions": sorted(({"logType": k, "enabled": v["Enabled"], "cloudwatchLogGroupArn": v["CloudWatchLogsLogGroupArn"]}
                                            for k, v in (d.get("LogPublishingOptions") or {}).items()), key=lambda v: json.dumps(v, sort_keys=True)),
            "snapshotOptions": lower(d.get("SnapshotOptions")), "ipAddressType": None if old else d.get("IPAddressType"),
            "softwareUpdateOptions": None if old else lower(d.get("SoftwareUpdateOptions")),
            "offPeakWindowOptions": None if old or not window else {"enabled": window["Enabled"]},
            "vpcOptions": {"vpcId": vpc["VPCId"]} if vpc.get("VPCId") else None, "tags": tags(search.list_tags(ARN=d["ARN"])["TagList"]),
        }, unknown=["advancedSecurityOptions.masterUserOptions"] if security.get("enabled") else [])
        if access:
            yield resource(OLD_ACCESS if old else ACCESS, name, name, about | {"accessPolicies": access})
