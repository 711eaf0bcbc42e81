import json

from compare import resource, tags

PARAMETER, DOCUMENT = "aws:ssm/parameter:Parameter", "aws:ssm/document:Document"

EXPLAINED = {}

RUN = {"schemaVersion": "2.2", "description": "run", "mainSteps": [{"action": "aws:runShellScript", "name": "a", "inputs": {"runCommand": ["true"]}}]}


def seed(aws):
    ssm = aws("ssm")
    ssm.put_parameter(Name="/shop/password", Value="s3cret", Type="SecureString", KeyId="alias/aws/ssm", Description="of the shop", Tags=[{"Key": "owner", "Value": "shop"}])
    ssm.put_parameter(Name="plain", Value="1", Type="String", AllowedPattern="[0-9]", Tier="Advanced")
    ssm.create_document(Name="run", Content=json.dumps(RUN), DocumentType="Command", DocumentFormat="JSON", TargetType="/AWS::EC2::Instance", Tags=[{"Key": "owner", "Value": "shop"}])
    ssm.modify_document_permission(Name="run", PermissionType="Share", AccountIdsToAdd=["all"])
    ssm.create_document(Name="own", Content=json.dumps(RUN), DocumentType="Command", DocumentFormat="JSON")


def expected(aws):
    ssm = aws("ssm")
    for p in ssm.describe_parameters()["Parameters"]:
        name = p["Name"]
        yield resource(PARAMETER, name, name, {
            "region": "us-east-1", "name": name, "arn": "arn:aws:ssm:us-east-1:123456789012:parameter/" + name.lstrip("/"), "type": p["Type"], "keyId": p.get("KeyId"),
            "description": p.get("Description"), "allowedPattern": p.get("AllowedPattern"), "dataType": p.get("DataType"), "tier": p.get("Tier"),
            "tags": tags(ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId=name)["TagList"]),
        }, unknown=["value"])
    for d in ssm.list_documents(Filters=[{"Key": "Owner", "Values": ["Self"]}])["DocumentIdentifiers"]:
        name = d["Name"]
        shared = ssm.describe_document_permission(Name=name, PermissionType="Share").get("AccountIds", [])
        yield resource(DOCUMENT, name, name, {
            "region": "us-east-1", "name": name, "arn": "arn:aws:ssm:us-east-1:123456789012:document/" + name, "documentFormat": d.get("DocumentFormat"),
            "documentType": d.get("DocumentType"), "targetType": d.get("TargetType"), "versionName": d.get("VersionName"), "tags": tags(d.get("Tags")),
            "permissions": {"type": "Share", "accountIds": ",".join(sorted(shared))} if shared else None}, unknown=["content"])
