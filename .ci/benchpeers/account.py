#!/usr/bin/env python3
"""Fill a moto server with the account that `make bench-peers` has scanned.

    python .ci/benchpeers/account.py --endpoint http://127.0.0.1:PORT > truth.json

Prints the truth as JSON: "resources", what was made, and "facts", what is right to
say of it: per check and resource whether it passes. Every fact comes from what this
program asked for, none from reading it back. Cases in which checks of the same
name ask for different things are left out, so that a wrong verdict is wrong.
"""

import argparse
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "deploy" / "demo"))
import seed as demo  # noqa: E402
from seed import ACCOUNT, BLOCK_ALL, HOME, SECOND, tls_only  # noqa: E402

facts, resources = [], []


def fact(check, ident, passes):
    facts.append({"check": check, "id": ident, "passes": passes})


def made(kind, ident):
    resources.append({"kind": kind, "id": ident})


def of(region):
    """How many buckets are there; of the rest there are fewer."""
    return 40 if region == HOME else 20


def buckets(aws, region):
    for n in range(of(region)):
        name = f"peers-{region}-{n:02}"
        block, tls, versions, encrypts = n % 2 == 0, n % 3 == 0, n % 4 != 0, n % 5 != 0
        demo.bucket(aws, name, region, block=BLOCK_ALL if block else None,
                    policy=tls_only if tls else None, versioning="Enabled" if versions else None, encryption="AES256" if encrypts else None)
        made("bucket", name)
        fact("bucket public access block", name, block)
        fact("bucket refuses plain HTTP", name, tls)
        fact("bucket versioning", name, versions)
        fact("bucket encryption", name, encrypts)


def network(aws, region, net):
    """Every group is on an instance: unused ones are not judged by every tool."""
    ec2 = aws("ec2", region)
    vpc = demo.vpc(ec2, region, "peers", f"10.{net}.0.0/16")
    subnet = demo.subnet(ec2, region, "peers", vpc, f"10.{net}.1.0/24", False)
    for n in range(of(region) // 2):
        ssh, imds = n % 4 == 0, n % 3 != 0
        rules = [demo.rule(22, ["0.0.0.0/0" if ssh else f"10.{net}.0.0/16"])]
        group = demo.security_group(ec2, region, f"peers-{n:02}", vpc, rules, "of an instance")
        instance = demo.instance(ec2, region, f"peers-{n:02}", subnet, group, imds, False, "")
        made("security group", group)
        made("instance", instance)
        fact("no SSH from everywhere", group, not ssh)
        fact("instance asks for IMDSv2", instance, imds)
    for r in ec2.describe_instances()["Reservations"]:
        for i in r["Instances"]:
            for device in i["BlockDeviceMappings"]:  # moto does not encrypt them
                made("volume", device["Ebs"]["VolumeId"])
                fact("volume encryption", device["Ebs"]["VolumeId"], False)
    for n in range(of(region) // 2):
        ident = demo.volume(ec2, region, f"peers-{n:02}", n % 2 == 0)
        made("volume", ident)
        fact("volume encryption", ident, n % 2 == 0)


def identities(aws):
    iam = aws("iam")
    for n in range(20):
        name = f"peers-{n:02}"
        demo.user(iam, name)
        made("user", name)
        if n % 2:  # console users; for others the question does not arise
            iam.create_login_profile(UserName=name, Password="Peers-Passw0rd!")
            if n % 4 == 1:
                serial = iam.create_virtual_mfa_device(VirtualMFADeviceName=name)["VirtualMFADevice"]["SerialNumber"]
                iam.enable_mfa_device(UserName=name, SerialNumber=serial, AuthenticationCode1="123456", AuthenticationCode2="654321")
            fact("console user has MFA", name, n % 4 == 1)
    for n in range(20):
        demo.role(iam, f"peers-{n:02}", demo.trust({"Service": "ec2.amazonaws.com"}))
        made("role", f"peers-{n:02}")
    iam.update_account_password_policy(MinimumPasswordLength=20)
    fact("password length", "account", True)


def data(aws, region):
    kms, dynamodb = aws("kms", region), aws("dynamodb", region)
    keys = []
    for n in range(of(region) // 2):
        key = kms.create_key(Description=f"peers-{n:02}", KeyUsage="ENCRYPT_DECRYPT", MultiRegion=False)["KeyMetadata"]["KeyId"]
        if n % 2 == 0:
            kms.enable_key_rotation(KeyId=key)
        keys.append(key)
        made("key", key)
        fact("key rotation", key, n % 2 == 0)
    for n in range(of(region) // 2):
        name = f"peers-{region}-{n:02}"
        dynamodb.create_table(TableName=name, BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
                              AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}])
        dynamodb.update_continuous_backups(TableName=name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": n % 2 == 0})
        made("table", name)
        fact("table recovery", name, n % 2 == 0)
    for n in range(of(region) // 4):
        name = f"peers-db-{region}-{n:02}"
        demo.database(aws, name, region, Engine="postgres", EngineVersion="16.4", StorageEncrypted=n % 2 == 0, PubliclyAccessible=False,
                      MultiAZ=False, BackupRetentionPeriod=7, AutoMinorVersionUpgrade=True, EnableIAMDatabaseAuthentication=False)
        made("database", name)
        fact("database encryption", name, n % 2 == 0)
    return keys[0]


def messages(aws, region, key):
    sqs, sns = aws("sqs", region), aws("sns", region)
    for n in range(of(region) // 2):
        name = f"peers-queue-{region}-{n:02}"
        sqs.create_queue(QueueName=name, Attributes={"KmsMasterKeyId": key} if n % 2 == 0 else {"SqsManagedSseEnabled": "false"})
        made("queue", name)
        fact("queue encryption", name, n % 2 == 0)
    for n in range(of(region) // 2):
        name = f"peers-topic-{region}-{n:02}"
        sns.create_topic(Name=name, Attributes={"KmsMasterKeyId": key} if n % 2 == 0 else {})
        made("topic", name)
        fact("topic encryption", name, n % 2 == 0)


def functions(aws):
    for n in range(10):
        demo.function(aws, f"peers-{n:02}", "python3.13" if n % 2 == 0 else "python2.7")
        made("function", f"peers-{n:02}")
        fact("function runtime", f"peers-{n:02}", n % 2 == 0)


def trail(aws):
    aws("cloudtrail").create_trail(Name="peers", S3BucketName=f"peers-{HOME}-00", IsMultiRegionTrail=True,
                                   IncludeGlobalServiceEvents=True, EnableLogFileValidation=True)
    aws("cloudtrail").start_logging(Name="peers")
    made("trail", "peers")
    for region in (HOME, SECOND):
        fact("trail in every region", region, True)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--endpoint", required=True, help="URL of the moto server, fresh and empty")
    a = p.parse_args()
    demo.enforce(a.endpoint, on=False)
    aws = demo.AWS(a.endpoint)
    demo.role(aws("iam"), "demo-admin", demo.trust({"Service": "lambda.amazonaws.com"}))  # of the functions
    identities(aws)
    for net, region in ((10, HOME), (20, SECOND)):
        buckets(aws, region)
        network(aws, region, net)
        messages(aws, region, data(aws, region))
    functions(aws)
    trail(aws)
    json.dump({"account": ACCOUNT, "regions": [HOME, SECOND], "resources": resources, "facts": facts}, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
