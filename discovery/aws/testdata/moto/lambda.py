import io
import json
import zipfile

from compare import resource

FUNCTION, PERMISSION, URL = "aws:lambda/function:Function", "aws:lambda/permission:Permission", "aws:lambda/functionUrl:FunctionUrl"

EXPLAINED = {
    FUNCTION: {"deadLetterConfig": "moto takes it and does not show it in the list of functions"},
}


def code():
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w") as z:
        z.writestr("main.py", "def handler(event, context): pass")
    return raw.getvalue()


def seed(aws):
    role = aws("iam").create_role(RoleName="functions", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}))["Role"]["Arn"]
    ec2 = aws("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.0.0/24")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName="functions", Description="functions", VpcId=vpc)["GroupId"]
    f = aws("lambda")
    f.create_function(FunctionName="plain", Runtime="python3.13", Role=role, Handler="main.handler", Code={"ZipFile": code()})
    f.create_function(
        FunctionName="orders", Runtime="nodejs22.x", Role=role, Handler="main.handler", Code={"ZipFile": code()}, Description="takes orders",
        Timeout=60, MemorySize=512, Environment={"Variables": {"TABLE": "orders", "MODE": "on"}}, TracingConfig={"Mode": "Active"},
        VpcConfig={"SubnetIds": [subnet], "SecurityGroupIds": [group]}, KMSKeyArn="arn:aws:kms:us-east-1:123456789012:key/k",
        DeadLetterConfig={"TargetArn": "arn:aws:sqs:us-east-1:123456789012:dead"}, Architectures=["arm64"], EphemeralStorage={"Size": 1024},
        Tags={"owner": "shop"})
    f.put_function_concurrency(FunctionName="orders", ReservedConcurrentExecutions=7)
    f.add_permission(FunctionName="orders", StatementId="bucket", Action="lambda:InvokeFunction", Principal="s3.amazonaws.com",
                     SourceArn="arn:aws:s3:::uploads", SourceAccount="123456789012")
    f.add_permission(FunctionName="orders", StatementId="everyone", Action="lambda:InvokeFunctionUrl", Principal="*", FunctionUrlAuthType="NONE")
    f.create_function_url_config(FunctionName="orders", AuthType="NONE", Cors={"AllowOrigins": ["*"], "AllowMethods": ["GET"]})


def expected(aws):
    client = aws("lambda")
    for item in client.list_functions()["Functions"]:
        name = item["FunctionName"]
        f = client.get_function(FunctionName=name)
        c = f["Configuration"]
        vpc = c.get("VpcConfig") or {}
        yield resource(FUNCTION, name, name, {
            "region": "us-east-1", "name": name, "arn": c["FunctionArn"], "description": c.get("Description"), "role": c["Role"],
            "handler": c["Handler"], "runtime": c["Runtime"], "packageType": c.get("PackageType"), "timeout": c["Timeout"], "memorySize": c["MemorySize"],
            "kmsKeyArn": c.get("KMSKeyArn"), "codeSha256": c["CodeSha256"], "architectures": c["Architectures"],
            "layers": [layer["Arn"] for layer in c.get("Layers", [])], "tracingConfig": {"mode": c["TracingConfig"]["Mode"]},
            "deadLetterConfig": {"targetArn": "arn:aws:sqs:us-east-1:123456789012:dead"} if name == "orders" else None,
            "ephemeralStorage": {"size": c["EphemeralStorage"]["Size"]}, "snapStart": {"applyOn": c["SnapStart"]["ApplyOn"]},
            "environment": {"variables": c["Environment"]["Variables"]} if "Environment" in c else None,
            "vpcConfig": {"subnetIds": vpc["SubnetIds"], "securityGroupIds": vpc["SecurityGroupIds"], "vpcId": vpc["VpcId"],
                          "ipv6AllowedForDualStack": vpc.get("Ipv6AllowedForDualStack", False)} if vpc.get("SubnetIds") else None,
            "reservedConcurrentExecutions": f.get("Concurrency", {}).get("ReservedConcurrentExecutions"), "tags": f.get("Tags"),
        }, demand={
            "imageUri": f["Code"].get("ImageUri"), "sourceKmsKeyArn": f["Code"].get("SourceKMSKeyArn"),
            "codeSigningConfigArn": client.get_function_code_signing_config(FunctionName=name).get("CodeSigningConfigArn"),
        })
        yield from permissions(client, name)
        yield from urls(client, name)


def permissions(client, name):
    try:
        text = client.get_policy(FunctionName=name)["Policy"]
    except client.exceptions.ResourceNotFoundException:
        return
    for s in json.loads(text)["Statement"]:
        equals = s.get("Condition", {}).get("StringEquals", {})
        principal = s["Principal"]
        yield resource(PERMISSION, f"{name}/{s['Sid']}", s["Sid"], {
            "region": "us-east-1", "function": name, "statementId": s["Sid"], "action": s["Action"],
            "principal": principal if isinstance(principal, str) else next(iter(principal.values())),
            "sourceArn": s.get("Condition", {}).get("ArnLike", {}).get("AWS:SourceArn"),
            "sourceAccount": equals.get("AWS:SourceAccount"), "functionUrlAuthType": equals.get("lambda:FunctionUrlAuthType"),
        })


def urls(client, name):
    try:
        u = client.get_function_url_config(FunctionName=name)
    except client.exceptions.ResourceNotFoundException:
        return
    cors = u.get("Cors")
    yield resource(URL, name, name, {
        "region": "us-east-1", "functionName": name, "functionArn": u["FunctionArn"], "functionUrl": u["FunctionUrl"],
        "authorizationType": u["AuthType"], "invokeMode": u["InvokeMode"],
        "cors": {"allowCredentials": cors.get("AllowCredentials", False), "allowOrigins": cors["AllowOrigins"], "allowMethods": cors["AllowMethods"]} if cors else None,
    })
