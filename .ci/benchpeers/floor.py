#!/usr/bin/env python3
"""The floor: what a script around the AWS CLI asks to answer the checks, call by call.

    python .ci/benchpeers/floor.py --aws PATH --region us-east-1 --region eu-west-1

Prints what it saw and its verdicts as JSON. Nothing is retried beyond what the CLI
does by itself; a call that fails is nothing known, and makes the exit code 1.
"""

import argparse
import json
import subprocess
import sys

seen, verdicts, failed = [], {}, 0


def aws(program, region, *command):
    global failed
    done = subprocess.run([program, "--region", region, "--output", "json", *command], capture_output=True, text=True)
    if done.returncode == 0:
        return json.loads(done.stdout or "{}")
    answers = ("NoSuchPublicAccessBlockConfiguration", "NoSuchBucketPolicy", "ServerSideEncryptionConfigurationNotFoundError")
    if any(a in done.stderr for a in answers):
        return {}
    failed += 1
    sys.stderr.write(done.stderr)
    return None


def say(check, ident, passes):
    verdicts.setdefault(check, {})[ident] = "pass" if passes else "fail"


def last(name):
    return name.rsplit("/", 1)[-1].rsplit(":", 1)[-1]


def buckets(ask):
    for bucket in (ask("s3api", "list-buckets") or {}).get("Buckets", []):
        name = bucket["Name"]
        seen.append(name)
        of = ("--bucket", name)
        if (a := ask("s3api", "get-public-access-block", *of)) is not None:
            say("bucket public access block", name, a and all(a["PublicAccessBlockConfiguration"].values()))
        if (a := ask("s3api", "get-bucket-policy", *of)) is not None:
            say("bucket refuses plain HTTP", name, "aws:SecureTransport" in a.get("Policy", ""))
        if (a := ask("s3api", "get-bucket-versioning", *of)) is not None:
            say("bucket versioning", name, a.get("Status") == "Enabled")
        if (a := ask("s3api", "get-bucket-encryption", *of)) is not None:
            say("bucket encryption", name, bool(a))


def identities(ask):
    for user in (ask("iam", "list-users") or {}).get("Users", []):
        seen.append(user["UserName"])
    for role in (ask("iam", "list-roles") or {}).get("Roles", []):
        seen.append(role["RoleName"])
    ask("iam", "generate-credential-report")
    if report := ask("iam", "get-credential-report"):
        import base64
        import csv
        for row in csv.DictReader(base64.b64decode(report["Content"]).decode().splitlines()):
            if row["password_enabled"] == "true":
                say("console user has MFA", row["user"], row["mfa_active"] == "true")
    if (a := ask("iam", "get-account-password-policy")) is not None:
        say("password length", "account", a["PasswordPolicy"]["MinimumPasswordLength"] >= 14)


def network(ask):
    for g in (ask("ec2", "describe-security-groups") or {}).get("SecurityGroups", []):
        seen.append(g["GroupId"])
        say("no SSH from everywhere", g["GroupId"], not any(
            (p["IpProtocol"] == "-1" or p.get("FromPort", 0) <= 22 <= p.get("ToPort", 65535)) and any(i["CidrIp"] == "0.0.0.0/0" for i in p["IpRanges"])
            for p in g["IpPermissions"]))
    for r in (ask("ec2", "describe-instances") or {}).get("Reservations", []):
        for i in r["Instances"]:
            seen.append(i["InstanceId"])
            say("instance asks for IMDSv2", i["InstanceId"], i["MetadataOptions"]["HttpTokens"] == "required")
    for v in (ask("ec2", "describe-volumes") or {}).get("Volumes", []):
        seen.append(v["VolumeId"])
        say("volume encryption", v["VolumeId"], v["Encrypted"])


def data(ask):
    for k in (ask("kms", "list-keys") or {}).get("Keys", []):
        seen.append(k["KeyId"])
        if (a := ask("kms", "get-key-rotation-status", "--key-id", k["KeyId"])) is not None:
            say("key rotation", k["KeyId"], a["KeyRotationEnabled"])
    for name in (ask("dynamodb", "list-tables") or {}).get("TableNames", []):
        seen.append(name)
        if (a := ask("dynamodb", "describe-continuous-backups", "--table-name", name)) is not None:
            status = a["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"]
            say("table recovery", name, status == "ENABLED")
    for d in (ask("rds", "describe-db-instances") or {}).get("DBInstances", []):
        seen.append(d["DBInstanceIdentifier"])
        say("database encryption", d["DBInstanceIdentifier"], d["StorageEncrypted"])


def messages(ask):
    for url in (ask("sqs", "list-queues") or {}).get("QueueUrls", []):
        seen.append(last(url))
        if (a := ask("sqs", "get-queue-attributes", "--queue-url", url, "--attribute-names", "All")) is not None:
            attributes = a.get("Attributes", {})
            say("queue encryption", last(url), "KmsMasterKeyId" in attributes or attributes.get("SqsManagedSseEnabled") == "true")
    for t in (ask("sns", "list-topics") or {}).get("Topics", []):
        seen.append(last(t["TopicArn"]))
        if (a := ask("sns", "get-topic-attributes", "--topic-arn", t["TopicArn"])) is not None:
            say("topic encryption", last(t["TopicArn"]), bool(a["Attributes"].get("KmsMasterKeyId")))


def others(ask, region):
    for f in (ask("lambda", "list-functions") or {}).get("Functions", []):
        seen.append(f["FunctionName"])
        say("function runtime", f["FunctionName"], f["Runtime"] != "python2.7")
    if (a := ask("cloudtrail", "describe-trails")) is not None:
        good = False
        for t in a["trailList"]:
            seen.append(t["Name"])
            status = ask("cloudtrail", "get-trail-status", "--name", t["TrailARN"])
            good = good or bool(t["IsMultiRegionTrail"] and status and status["IsLogging"])
        say("trail in every region", region, good)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--aws", required=True, help="the program aws")
    p.add_argument("--region", action="append", required=True)
    a = p.parse_args()
    for n, region in enumerate(a.region):
        def ask(*command):
            return aws(a.aws, region, *command)
        if n == 0:
            buckets(ask)
            identities(ask)
        network(ask)
        data(ask)
        messages(ask)
        others(ask, region)
    json.dump({"seen": seen, "verdicts": verdicts}, sys.stdout)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
