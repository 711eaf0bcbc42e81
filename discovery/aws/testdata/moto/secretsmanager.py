import json

from compare import policy, resource, tags

SECRET, ROTATION, POLICY = ("aws:secretsmanager/" + t for t in ("secret:Secret", "secretRotation:SecretRotation", "secretPolicy:SecretPolicy"))

EXPLAINED = {}

ACCESS = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "secretsmanager:GetSecretValue", "Resource": "*"}]}


def seed(aws):
    secrets = aws("secretsmanager")
    secrets.create_secret(Name="orders", Description="database", KmsKeyId="alias/k", SecretString="never-shown", Tags=[{"Key": "owner", "Value": "shop"}])
    secrets.put_resource_policy(SecretId="orders", ResourcePolicy=json.dumps(ACCESS))
    secrets.create_secret(Name="plain", SecretString="never-shown", AddReplicaRegions=[{"Region": "us-west-2"}])
    secrets.create_secret(Name="old", SecretString="never-shown")
    secrets.delete_secret(SecretId="old")


def expected(aws):
    secrets = aws("secretsmanager")
    for s in secrets.list_secrets()["SecretList"]:
        arn, name = s["ARN"], s["Name"]
        access = policy(secrets.get_resource_policy(SecretId=name).get("ResourcePolicy"))
        yield resource(SECRET, arn, name, {
            "region": "us-east-1", "arn": arn, "name": name, "description": s.get("Description"), "kmsKeyId": s.get("KmsKeyId"),
            "tags": tags(s.get("Tags")), "policy": access,
        }, demand={"replicas": [{k: v for k, v in {"region": r["Region"], "kmsKeyId": r.get("KmsKeyId")}.items() if v}
                                for r in secrets.describe_secret(SecretId=name).get("ReplicationStatus", [])]})
        rules = s.get("RotationRules", {})
        yield resource(ROTATION, arn, name, {
            "region": "us-east-1", "secretId": arn, "rotationEnabled": s.get("RotationEnabled", False), "rotationLambdaArn": s.get("RotationLambdaARN"),
            "rotationRules": {"automaticallyAfterDays": rules["AutomaticallyAfterDays"]} if rules else None,
        })
        if access:
            yield resource(POLICY, arn, name, {"region": "us-east-1", "secretArn": arn, "policy": access})
