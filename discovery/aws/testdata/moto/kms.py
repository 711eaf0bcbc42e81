import json

from compare import policy, resource, tags

KEY, STATE, ALIAS = "aws:kms/key:Key", "insights:aws/keyState:KeyState", "aws:kms/alias:Alias"

EXPLAINED = {}

ACCESS = {"Version": "2012-10-17", "Statement": [{"Sid": "all", "Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"}]}


def seed(aws):
    kms = aws("kms")
    def key(**more):
        # moto does not fill in what may be left out.
        return kms.create_key(**{"KeyUsage": "ENCRYPT_DECRYPT", "MultiRegion": False, **more})["KeyMetadata"]["KeyId"]

    orders = key(Description="orders", Policy=json.dumps(ACCESS), Tags=[{"TagKey": "owner", "TagValue": "shop"}], MultiRegion=True)
    kms.enable_key_rotation(KeyId=orders)
    kms.create_alias(AliasName="alias/orders", TargetKeyId=orders)
    key(KeyUsage="SIGN_VERIFY", KeySpec="RSA_2048")
    kms.disable_key(KeyId=key(Description="old"))
    kms.schedule_key_deletion(KeyId=key(), PendingWindowInDays=7)


def expected(aws):
    kms = aws("kms")
    for key in kms.list_keys()["Keys"]:
        ident = key["KeyId"]
        k = kms.describe_key(KeyId=ident)["KeyMetadata"]
        if k["KeyManager"] == "AWS":
            continue
        rotates = k["KeySpec"] == "SYMMETRIC_DEFAULT" and k["Origin"] == "AWS_KMS"
        rotation = kms.get_key_rotation_status(KeyId=ident) if rotates else {}
        yield resource(KEY, ident, ident, {
            "region": "us-east-1", "keyId": ident, "arn": k["Arn"], "description": k.get("Description"), "keyUsage": k["KeyUsage"],
            "customerMasterKeySpec": k["KeySpec"], "isEnabled": k["Enabled"], "multiRegion": k["MultiRegion"],
            "policy": policy(kms.get_key_policy(KeyId=ident, PolicyName="default")["Policy"]), "tags": tags(kms.list_resource_tags(KeyId=ident)["Tags"], "TagKey", "TagValue"),
            "enableKeyRotation": rotation.get("KeyRotationEnabled"), "rotationPeriodInDays": rotation.get("RotationPeriodInDays"),
        }, unknown=["bypassPolicyLockoutSafetyCheck"])
        deletion = k.get("DeletionDate")
        yield resource(STATE, ident, ident, {
            "region": "us-east-1", "keyId": ident, "state": k["KeyState"],
            "deletionDate": deletion and deletion.strftime("%Y-%m-%dT%H:%M:%SZ"),
        })
    for a in kms.list_aliases()["Aliases"]:
        if not a["AliasName"].startswith("alias/aws/"):
            yield resource(ALIAS, a["AliasName"], a["AliasName"], {
                "region": "us-east-1", "name": a["AliasName"], "arn": a["AliasArn"], "targetKeyId": a["TargetKeyId"]})
