from compare import resource, tags

GROUP, QUERY, CATALOG, DATABASE = (
    "aws:athena/workgroup:Workgroup", "aws:athena/namedQuery:NamedQuery", "aws:athena/dataCatalog:DataCatalog", "aws:athena/database:Database")

EXPLAINED = {}


def seed(aws):
    athena = aws("athena")
    athena.create_work_group(Name="reports", Description="of the shop", Tags=[{"Key": "owner", "Value": "shop"}], Configuration={
        "ResultConfiguration": {"OutputLocation": "s3://results/", "EncryptionConfiguration": {"EncryptionOption": "SSE_KMS", "KmsKey": "arn:aws:kms:us-east-1:123456789012:key/k"}},
        "EnforceWorkGroupConfiguration": True, "PublishCloudWatchMetricsEnabled": True, "BytesScannedCutoffPerQuery": 10000000,
        "RequesterPaysEnabled": False, "EngineVersion": {"SelectedEngineVersion": "AUTO"}})
    athena.create_data_catalog(Name="hive", Type="HIVE", Description="old", Parameters={"metadata-function": "arn:f"}, Tags=[{"Key": "owner", "Value": "shop"}])
    athena.create_named_query(Name="all", Database="d", QueryString="SELECT 1", Description="everything", WorkGroup="reports")


def arn(path):
    return "arn:aws:athena:us-east-1:123456789012:" + path


def expected(aws):
    athena = aws("athena")
    for g in athena.list_work_groups()["WorkGroups"]:
        name = g["Name"]
        g = athena.get_work_group(WorkGroup=name)["WorkGroup"]
        c = g.get("Configuration") or {}
        result, version = c.get("ResultConfiguration", {}), c.get("EngineVersion", {})
        secret = result.get("EncryptionConfiguration", {})
        configuration = {
            "enforceWorkgroupConfiguration": c.get("EnforceWorkGroupConfiguration"), "publishCloudwatchMetricsEnabled": c.get("PublishCloudWatchMetricsEnabled"),
            "bytesScannedCutoffPerQuery": c.get("BytesScannedCutoffPerQuery"), "requesterPaysEnabled": c.get("RequesterPaysEnabled"),
            "enableMinimumEncryptionConfiguration": c.get("EnableMinimumEncryptionConfiguration"),
            "engineVersion": {k: v for k, v in {
                "selectedEngineVersion": version.get("SelectedEngineVersion"), "effectiveEngineVersion": version.get("EffectiveEngineVersion")}.items() if v},
            "resultConfiguration": {k: v for k, v in {
                "outputLocation": result.get("OutputLocation"),
                "encryptionConfiguration": {"encryptionOption": secret["EncryptionOption"], "kmsKeyArn": secret["KmsKey"]} if secret else None}.items() if v},
        }
        yield resource(GROUP, name, name, {
            "region": "us-east-1", "name": name, "arn": arn("workgroup/" + name), "description": g.get("Description"), "state": g["State"],
            "configuration": {k: v for k, v in configuration.items() if v is not None and v != {}},
            "tags": tags(athena.list_tags_for_resource(ResourceARN=arn("workgroup/" + name))["Tags"]),
        })
        for ident in athena.list_named_queries(WorkGroup=name)["NamedQueryIds"]:
            # moto cannot tell of several queries at once.
            yield resource(QUERY, ident, ident, {"region": "us-east-1", "workgroup": name}, unknown=["database", "description", "name", "query"])
    for c in athena.list_data_catalogs()["DataCatalogsSummary"]:
        name = c["CatalogName"]
        if name == "AwsDataCatalog":
            continue
        c = athena.get_data_catalog(Name=name)["DataCatalog"]
        yield resource(CATALOG, name, name, {
            "region": "us-east-1", "name": name, "arn": arn("datacatalog/" + name), "description": c.get("Description"), "type": c["Type"],
            "parameters": c.get("Parameters"), "tags": tags(athena.list_tags_for_resource(ResourceARN=arn("datacatalog/" + name))["Tags"]),
        })
    for d in athena.list_databases(CatalogName="AwsDataCatalog")["DatabaseList"]:
        yield resource(DATABASE, d["Name"], d["Name"], {
            "region": "us-east-1", "name": d["Name"], "comment": d.get("Description"), "properties": d.get("Parameters")}, unknown=["bucket", "encryptionConfiguration"])
