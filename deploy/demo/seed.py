#!/usr/bin/env python3
"""Fill a moto server with a small AWS account to try insights on.

    python deploy/demo/emulator.py &    # prints its URL
    python deploy/demo/seed.py --endpoint http://127.0.0.1:PORT --phase seed
    python deploy/demo/seed.py --endpoint http://127.0.0.1:PORT --phase change

Both phases may be repeated: what exists is left alone or set to the same value
again. The last thing either phase does is to switch on moto's permission checks,
so that the scanner's role really is refused what its policy does not grant
(here: s3:GetBucketPolicy). Prints one JSON document: "scanner" holds the access
key and the role to scan with, "resources" what was made, "besides" what came
along with it or is in every account (root volumes, default VPCs).

Tried with moto 5.2.5. Not for a real account: it refuses an AWS endpoint.
"""

import argparse
import collections
import io
import json
import sys
import urllib.parse
import urllib.request
import zipfile

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

ACCOUNT = "123456789012"
HOME, SECOND = "us-east-1", "eu-west-1"
IMAGE = "ami-0de0000000000001a"  # moto starts instances of any image
ROLE, GROUP, USER, EXTERNAL_ID = "insights-reader", "scanners", "insights-scanner", "insights-demo"

# Everything a scan reads, except s3:GetBucketPolicy: the demo shows what a
# denied call looks like. Without wildcards where one would cover that call.
READ_ACTIONS = [
    "s3:ListAllMyBuckets", "s3:ListBuckets", "s3:ListBucket", "s3:HeadBucket",
    "s3:GetBucketLocation", "s3:GetBucketAcl", "s3:GetBucketVersioning", "s3:GetBucketLogging",
    "s3:GetBucketTagging", "s3:GetBucketPolicyStatus", "s3:GetBucketOwnershipControls",
    "s3:GetBucketPublicAccessBlock", "s3:GetPublicAccessBlock", "s3:GetAccountPublicAccessBlock",
    "s3:GetEncryptionConfiguration", "s3:GetBucketEncryption", "s3:GetLifecycleConfiguration",
    "s3:GetBucketLifecycle", "s3:GetBucketLifecycleConfiguration", "s3:GetBucketCORS", "s3:GetBucketCors",
    "s3:GetBucketWebsite", "s3:GetBucketNotification", "s3:GetBucketNotificationConfiguration",
    "s3:GetReplicationConfiguration", "s3:GetBucketReplication", "s3:GetAccelerateConfiguration",
    "s3:GetBucketAccelerateConfiguration", "s3:GetBucketObjectLockConfiguration",
    "s3:GetObjectLockConfiguration", "s3:GetBucketRequestPayment", "s3:GetInventoryConfiguration",
    "s3:GetBucketInventoryConfiguration",
    "ec2:Describe*", "ec2:Get*",
    "iam:Get*", "iam:List*", "iam:GenerateCredentialReport",
    "cloudtrail:Describe*", "cloudtrail:Get*", "cloudtrail:List*",
    "config:Describe*", "config:Get*", "config:List*",
    "kms:Describe*", "kms:List*", "kms:GetKeyRotationStatus", "kms:GetKeyPolicy",
    "tag:GetResources", "sts:GetCallerIdentity",
] + [service + ":" + verb for verb in ("Get*", "List*", "Describe*", "BatchGet*") for service in (
    "acm", "apigateway", "athena", "autoscaling", "backup", "cloudfront", "cloudwatch", "dynamodb", "ecr", "ecs", "eks", "elasticache",
    "elasticfilesystem", "elasticloadbalancing", "es", "guardduty", "kinesis", "lambda", "logs", "rds", "redshift", "route53", "sns", "sqs",
    "states", "wafv2")] + [
    "apigateway:GET", "ssm:Describe*", "ssm:List*",
    "tagging:GetResources", "monitoring:Describe*",  # moto's names of tag: and cloudwatch:
    "secretsmanager:ListSecrets", "secretsmanager:DescribeSecret", "secretsmanager:GetResourcePolicy",
]

made = []


class AWS:
    """Clients of one endpoint, made once per service and region."""

    def __init__(self, endpoint):
        self.endpoint, self.clients = endpoint, {}

    def __call__(self, service, region=HOME):
        key = (service, region)
        if key not in self.clients:
            self.clients[key] = boto3.client(
                service, region_name=region, endpoint_url=self.endpoint,
                aws_access_key_id="seed", aws_secret_access_key="seed",
                config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 2}))
        return self.clients[key]


def note(kind, name, ident=None, region=HOME, about=""):
    """Lists a resource. Its name is the same in every run, its id may not be."""
    made.append({"type": kind, "name": name, "id": ident or name, "region": region, "about": about})
    return ident or name


def allow_existing(call, *codes, **arguments):
    """Call, taking the given error codes as "it is there already"."""
    try:
        return call(**arguments)
    except ClientError as e:
        if e.response["Error"]["Code"] in codes:
            return None
        raise


def doc(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action, resource="*", **more):
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def trust(principal, **more):
    return doc({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal, **more})


def named(name, **more):
    return [{"Key": "Name", "Value": name}] + [{"Key": k, "Value": v} for k, v in more.items()]


def spec(kind, name, **more):
    return [{"ResourceType": kind, "Tags": named(name, **more)}]


# --- S3 ---------------------------------------------------------------------

BLOCK_ALL = {k: True for k in ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")}


def public_read(bucket):
    return doc(allow("s3:GetObject", f"arn:aws:s3:::{bucket}/*", Principal="*", Sid="PublicRead"))


def tls_only(bucket):
    # Not "Principal": "*": moto fails on it when the bucket is a target of logs.
    return doc({"Sid": "TLSOnly", "Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "s3:*",
                "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
                "Condition": {"Bool": {"aws:SecureTransport": "false"}}})


def log_delivery(acl):
    """What AWS makes of the canned ACL log-delivery-write; moto leaves out WRITE."""
    group = {"Type": "Group", "URI": "http://acs.amazonaws.com/groups/s3/LogDelivery"}
    owner = {"Grantee": {"Type": "CanonicalUser", "ID": acl["Owner"]["ID"]}, "Permission": "FULL_CONTROL"}
    return {"Owner": acl["Owner"], "Grants": [owner] + [{"Grantee": group, "Permission": p} for p in ("WRITE", "READ_ACP")]}


def bucket(aws, name, region=HOME, block=None, policy=None, versioning=None, encryption=None,
           logging=None, acl=None, lifecycle=False, tags=None, about=""):
    s3 = aws("s3", region)
    where = {} if region == HOME else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    allow_existing(s3.create_bucket, "BucketAlreadyOwnedByYou", Bucket=name, **where)
    if acl == "log-delivery-write":
        s3.put_bucket_acl(Bucket=name, AccessControlPolicy=log_delivery(s3.get_bucket_acl(Bucket=name)))
    elif acl:
        s3.put_bucket_acl(Bucket=name, ACL=acl)
    if block:
        s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=block)
    if policy:
        s3.put_bucket_policy(Bucket=name, Policy=policy(name))
    if versioning:
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": versioning})
    if encryption:
        s3.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration={"Rules": [
            {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": encryption}, "BucketKeyEnabled": encryption == "aws:kms"}]})
    if logging:
        s3.put_bucket_logging(Bucket=name, BucketLoggingStatus={
            "LoggingEnabled": {"TargetBucket": logging, "TargetPrefix": name + "/"}})
    if lifecycle:
        s3.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": [
            {"ID": "expire", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 365}}]})
    if tags:
        s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": [{"Key": k, "Value": v} for k, v in tags.items()]})
    note("bucket", name, region=region, about=about)


def without_account_host(request, **_):
    """S3 Control puts the account before the host, a name that an emulator's address does not have."""
    request.url = request.url.replace(f"//{ACCOUNT}.", "//")


def seed_s3(aws):
    logs = "demo-logs-" + ACCOUNT
    bucket(aws, logs, block=BLOCK_ALL, policy=tls_only, versioning="Enabled", encryption="AES256",
           acl="log-delivery-write", lifecycle=True, about="target of access logs")
    good = dict(block=BLOCK_ALL, policy=tls_only, versioning="Enabled", encryption="aws:kms", logging=logs)
    for name in ("billing", "customers", "backups"):
        bucket(aws, f"demo-{name}", tags={"env": "prod", "team": name}, about="compliant", **good)
    bucket(aws, "demo-website", policy=public_read, acl="public-read", about="public by policy and by ACL")
    bucket(aws, "demo-scratch", about="no public access block, not versioned, not encrypted, no logging")
    bucket(aws, "demo-uploads", block=BLOCK_ALL, versioning="Suspended", encryption="AES256", about="versioning suspended")
    bucket(aws, "demo-half-blocked", block=dict(BLOCK_ALL, RestrictPublicBuckets=False), versioning="Enabled",
           encryption="AES256", about="one of four public access settings is off")
    bucket(aws, "demo-partner", acl="authenticated-read", versioning="Enabled", about="every AWS user may list it")
    bucket(aws, "demo-old-exports", about="deleted by the change phase")
    for name in ("reports-eu", "archive-eu"):
        bucket(aws, f"demo-{name}", region=SECOND, block=BLOCK_ALL, policy=tls_only, versioning="Enabled",
               encryption="AES256", about="compliant, second region")
    bucket(aws, "demo-staging-eu", region=SECOND, about="non-compliant, second region")
    control = aws("s3control")
    control.meta.events.register("before-sign.s3-control", without_account_host)
    control.put_public_access_block(
        AccountId=ACCOUNT, PublicAccessBlockConfiguration=dict(BLOCK_ALL, BlockPublicPolicy=False))
    note("account public access block", ACCOUNT, about="BlockPublicPolicy is off")


# --- EC2 --------------------------------------------------------------------

def tag_name(item):
    return next((t["Value"] for t in item.get("Tags", []) if t["Key"] == "Name"), "")


def by_name(items, name):
    return next((item for item in items if tag_name(item) == name), None)


def vpc(ec2, region, name, cidr, about=""):
    found = by_name(ec2.describe_vpcs()["Vpcs"], name)
    found = found or ec2.create_vpc(CidrBlock=cidr, TagSpecifications=spec("vpc", name))["Vpc"]
    return note("VPC", name, found["VpcId"], region, about)


def subnet(ec2, region, name, vpc_id, cidr, public):
    found = by_name(ec2.describe_subnets()["Subnets"], name)
    found = found or ec2.create_subnet(VpcId=vpc_id, CidrBlock=cidr, TagSpecifications=spec("subnet", name))["Subnet"]
    ec2.modify_subnet_attribute(SubnetId=found["SubnetId"], MapPublicIpOnLaunch={"Value": public})
    return note("subnet", name, found["SubnetId"], region, "public addresses" if public else "private")


def rule(port, v4=(), v6=(), to=None, protocol="tcp"):
    r = {"IpProtocol": protocol, "IpRanges": [{"CidrIp": c} for c in v4], "Ipv6Ranges": [{"CidrIpv6": c} for c in v6]}
    if protocol != "-1":
        r.update(FromPort=port, ToPort=to if to is not None else port)
    return r


def security_group(ec2, region, name, vpc_id, rules, about):
    filters = [{"Name": "group-name", "Values": [name]}, {"Name": "vpc-id", "Values": [vpc_id]}]
    found = ec2.describe_security_groups(Filters=filters)["SecurityGroups"]
    if found:
        ident = found[0]["GroupId"]
    else:
        ident = ec2.create_security_group(GroupName=name, Description=about, VpcId=vpc_id,
                                          TagSpecifications=spec("security-group", name))["GroupId"]
    for r in rules:
        allow_existing(ec2.authorize_security_group_ingress, "InvalidPermission.Duplicate", GroupId=ident, IpPermissions=[r])
    return note("security group", name, ident, region, about)


def volume(ec2, region, name, encrypted):
    found = by_name(ec2.describe_volumes()["Volumes"], name)
    found = found or ec2.create_volume(AvailabilityZone=region + "a", Size=8, Encrypted=encrypted, VolumeType="gp3",
                                       TagSpecifications=spec("volume", name))
    return note("volume", name, found["VolumeId"], region, "encrypted" if encrypted else "not encrypted")


def snapshot(ec2, region, name, volume_id, public=False):
    found = by_name(ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"], name)
    found = found or ec2.create_snapshot(VolumeId=volume_id, Description=name, TagSpecifications=spec("snapshot", name))
    if public:
        ec2.modify_snapshot_attribute(SnapshotId=found["SnapshotId"], Attribute="createVolumePermission",
                                      OperationType="add", GroupNames=["all"])
    return note("snapshot", name, found["SnapshotId"], region, "public" if public else "private")


def instance(ec2, region, name, subnet_id, group, imds_v2, public_ip, about):
    live = [i for r in ec2.describe_instances()["Reservations"] for i in r["Instances"]
            if i["State"]["Name"] != "terminated"]
    found = by_name(live, name)
    if not found:
        found = ec2.run_instances(
            ImageId=IMAGE, InstanceType="t3.micro", MinCount=1, MaxCount=1,
            NetworkInterfaces=[{"DeviceIndex": 0, "SubnetId": subnet_id, "Groups": [group],
                                "AssociatePublicIpAddress": public_ip}],
            MetadataOptions={"HttpTokens": "required" if imds_v2 else "optional", "HttpEndpoint": "enabled"},
            TagSpecifications=spec("instance", name, env="demo"))["Instances"][0]
    return note("instance", name, found["InstanceId"], region, about)


def own_image(ec2, region, name, instance_id, public):
    found = [i for i in ec2.describe_images(Owners=["self"])["Images"] if i["Name"] == name]
    ident = found[0]["ImageId"] if found else ec2.create_image(InstanceId=instance_id, Name=name)["ImageId"]
    if public:
        ec2.modify_image_attribute(ImageId=ident, LaunchPermission={"Add": [{"Group": "all"}]})
    return note("image", name, ident, region, "public" if public else "private")


def seed_ec2(aws, region, net):
    ec2 = aws("ec2", region)
    main = vpc(ec2, region, "demo-main", f"10.{net}.0.0/16", "of our own")
    private = subnet(ec2, region, "demo-private", main, f"10.{net}.1.0/24", False)
    public = subnet(ec2, region, "demo-public", main, f"10.{net}.2.0/24", True)
    web = security_group(ec2, region, "demo-web", main, [rule(443, ["0.0.0.0/0"], ["::/0"])], "HTTPS from everywhere")
    inside = security_group(ec2, region, "demo-internal", main, [rule(0, [f"10.{net}.0.0/16"], to=65535)], "inside only")
    ssh = security_group(ec2, region, "demo-ssh-open", main, [rule(22, ["0.0.0.0/0"])], "SSH from everywhere")
    security_group(ec2, region, "demo-rdp-open-v6", main, [rule(3389, v6=["::/0"])], "RDP from every IPv6 address")
    if region == HOME:
        security_group(ec2, region, "demo-all-open", main, [rule(0, ["0.0.0.0/0"], protocol="-1")], "everything from everywhere")
        security_group(ec2, region, "demo-range-open", main, [rule(20, ["0.0.0.0/0"], to=4000)], "a range over SSH and RDP")
    plain, sealed = volume(ec2, region, "demo-data-plain", False), volume(ec2, region, "demo-data-sealed", True)
    if region == HOME:
        snapshot(ec2, region, "demo-snapshot-public", plain, public=True)
    snapshot(ec2, region, "demo-snapshot-plain", plain)
    snapshot(ec2, region, "demo-snapshot-sealed", sealed)
    app = instance(ec2, region, "demo-app", private, inside, True, False, "compliant")
    instance(ec2, region, "demo-api", private, web, True, False, "compliant")
    instance(ec2, region, "demo-legacy", public, ssh, False, True, "IMDSv1, public address, SSH open")
    own_image(ec2, region, "demo-image", app, public=region == HOME)
    if region == HOME:
        ec2.enable_ebs_encryption_by_default()
        note("EBS encryption by default", region, region=region, about="on, after the volumes above were made")


def besides(ec2, region):
    """What came along with the resources made here, and what every account has in a region."""
    out = []

    def add(kind, name, ident, about):
        out.append({"type": kind, "name": name, "id": ident, "region": region, "about": about})

    for r in ec2.describe_instances()["Reservations"]:
        for i in r["Instances"]:
            for d in i["BlockDeviceMappings"]:
                add("volume", tag_name(i) + " root volume", d["Ebs"]["VolumeId"], "of an instance")
    for i in ec2.describe_images(Owners=["self"])["Images"]:
        for d in i["BlockDeviceMappings"]:
            add("snapshot", i["Name"] + " snapshot", d["Ebs"]["SnapshotId"], "of an image")
    names = {v["VpcId"]: tag_name(v) or "default VPC" for v in ec2.describe_vpcs()["Vpcs"]}
    for ident, name in names.items():
        if name == "default VPC":
            add("VPC", name, ident, "in every account")
    for n in ec2.describe_subnets(Filters=[{"Name": "default-for-az", "Values": ["true"]}])["Subnets"]:
        add("subnet", "default in " + n["AvailabilityZone"], n["SubnetId"], "in every account")
    for g in ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": ["default"]}])["SecurityGroups"]:
        add("security group", "default of " + names[g["VpcId"]], g["GroupId"], "of a VPC")
    return out


# --- IAM --------------------------------------------------------------------

def user(iam, name, about=""):
    allow_existing(iam.create_user, "EntityAlreadyExists", UserName=name)
    return note("IAM user", name, region="global", about=about)


def role(iam, name, trusted, about=""):
    allow_existing(iam.create_role, "EntityAlreadyExists", RoleName=name, AssumeRolePolicyDocument=trusted)
    return note("IAM role", name, region="global", about=about)


def managed_policy(iam, name, document, about=""):
    allow_existing(iam.create_policy, "EntityAlreadyExists", PolicyName=name, PolicyDocument=document)
    return note("IAM policy", name, f"arn:aws:iam::{ACCOUNT}:policy/{name}", "global", about)


def access_key(iam, name):
    """A key of the user whose secret we know: moto keeps secrets to itself, so old ones are replaced."""
    for key in iam.list_access_keys(UserName=name)["AccessKeyMetadata"]:
        iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return key["AccessKeyId"], key["SecretAccessKey"]


def seed_iam(aws):
    iam = aws("iam")
    readonly = managed_policy(iam, "demo-read-orders", doc(allow(["dynamodb:GetItem"], f"arn:aws:dynamodb:*:{ACCOUNT}:table/orders")))
    admin = managed_policy(iam, "demo-everything", doc(allow("*")), "allows everything")
    managed_policy(iam, "demo-mixed", doc(allow("s3:ListBucket"), {"Effect": "Allow", "Action": ["*"], "Resource": ["*"]}),
                   "allows everything in its second statement")
    for name in ("developers", "operators"):
        allow_existing(iam.create_group, "EntityAlreadyExists", GroupName=name)
        note("IAM group", name, region="global")
    iam.attach_group_policy(GroupName="developers", PolicyArn=readonly)
    iam.put_group_policy(GroupName="operators", PolicyName="everything", PolicyDocument=doc(allow("*")))
    for name, group, about in (("alice", "developers", "console with MFA"), ("bob", "developers", "two access keys"),
                               ("carol", "operators", "may do everything by her group")):
        user(iam, name, about)
        iam.add_user_to_group(GroupName=group, UserName=name)
    user(iam, "dave", "policies of his own, console without MFA")
    iam.attach_user_policy(UserName="dave", PolicyArn=admin)
    iam.put_user_policy(UserName="dave", PolicyName="inline", PolicyDocument=doc(allow("s3:*")))
    for name in ("alice", "dave"):
        allow_existing(iam.create_login_profile, "EntityAlreadyExists", UserName=name, Password="Demo-Passw0rd!")
    if not iam.list_mfa_devices(UserName="alice")["MFADevices"]:
        serial = iam.create_virtual_mfa_device(VirtualMFADeviceName="alice")["VirtualMFADevice"]["SerialNumber"]
        iam.enable_mfa_device(UserName="alice", SerialNumber=serial, AuthenticationCode1="123456", AuthenticationCode2="654321")
    while len(iam.list_access_keys(UserName="bob")["AccessKeyMetadata"]) < 2:
        iam.create_access_key(UserName="bob")
    for n, key in enumerate(iam.list_access_keys(UserName="bob")["AccessKeyMetadata"], 1):
        note("access key", f"bob-{n}", key["AccessKeyId"], "global", "one of two")
    role(iam, "demo-app", trust({"Service": "ec2.amazonaws.com"}), "trusts one service")
    iam.put_role_policy(RoleName="demo-app", PolicyName="orders", PolicyDocument=doc(allow("dynamodb:Query", f"arn:aws:dynamodb:*:{ACCOUNT}:table/orders")))
    role(iam, "demo-anyone", trust({"AWS": "*"}), "trusts everyone")
    role(iam, "demo-partner", trust({"AWS": "arn:aws:iam::999999999999:root"}, Condition={"StringEquals": {"sts:ExternalId": "x1"}}), "trusts a partner")
    role(iam, "demo-admin", trust({"Service": "lambda.amazonaws.com"}), "may do everything")
    iam.attach_role_policy(RoleName="demo-admin", PolicyArn=admin)
    iam.put_role_policy(RoleName="demo-admin", PolicyName="everything", PolicyDocument=doc(allow("*")))
    iam.update_account_password_policy(MinimumPasswordLength=8, RequireNumbers=True, PasswordReusePrevention=5)
    note("password policy", ACCOUNT, region="global", about="too short, reuse of five")


def seed_scanner(aws):
    iam = aws("iam")
    user(iam, USER, "the scanner, in group " + GROUP)
    me = f"arn:aws:iam::{ACCOUNT}:user/{USER}"
    role(iam, ROLE, trust({"AWS": me}, Condition={"StringEquals": {"sts:ExternalId": EXTERNAL_ID}}),
         "read-only, without s3:GetBucketPolicy")
    # One statement, resource "*": moto refuses some calls under finer policies.
    iam.put_role_policy(RoleName=ROLE, PolicyName="read", PolicyDocument=doc(allow(READ_ACTIONS)))
    arn = f"arn:aws:iam::{ACCOUNT}:role/{ROLE}"
    allow_existing(iam.create_group, "EntityAlreadyExists", GroupName=GROUP)
    note("IAM group", GROUP, region="global", about="may assume " + ROLE)
    iam.put_group_policy(GroupName=GROUP, PolicyName="assume", PolicyDocument=doc(allow("sts:AssumeRole", arn)))
    iam.add_user_to_group(GroupName=GROUP, UserName=USER)
    key, secret = access_key(iam, USER)
    note("access key", USER, key, "global", "of the scanner")
    return {"accessKeyId": key, "secretAccessKey": secret, "roleName": ROLE, "roleArn": arn, "externalId": EXTERNAL_ID,
            "accountId": ACCOUNT, "regions": [HOME, SECOND], "denied": ["s3:GetBucketPolicy"]}


# --- CloudTrail, Config -------------------------------------------------------

def trail_arn(region, name):
    return f"arn:aws:cloudtrail:{region}:{ACCOUNT}:trail/{name}"


def seed_trails(aws):
    def trail(name, region, logging, **settings):
        client = aws("cloudtrail", region)
        if not any(t["Name"] == name for t in client.describe_trails(includeShadowTrails=False)["trailList"]):
            client.create_trail(Name=name, S3BucketName="demo-logs-" + ACCOUNT, **settings)
        (client.start_logging if logging else client.stop_logging)(Name=name)
        note("trail", name, trail_arn(region, name), region, "logging" if logging else "stopped")

    trail("demo-audit", HOME, True, IsMultiRegionTrail=False, IncludeGlobalServiceEvents=True, EnableLogFileValidation=True)
    trail("demo-stopped", HOME, False, IsMultiRegionTrail=False, EnableLogFileValidation=False)
    config = aws("config")
    if not config.describe_configuration_recorders()["ConfigurationRecorders"]:
        config.put_configuration_recorder(ConfigurationRecorder={
            "name": "default", "roleARN": f"arn:aws:iam::{ACCOUNT}:role/demo-app",
            "recordingGroup": {"allSupported": True, "includeGlobalResourceTypes": True}})
        config.put_delivery_channel(DeliveryChannel={"name": "default", "s3BucketName": "demo-logs-" + ACCOUNT})
    config.start_configuration_recorder(ConfigurationRecorderName="default")
    note("AWS Config recorder", "default", about="none in " + SECOND)


# --- keys, databases, storage ---------------------------------------------------

def key(aws, name, rotates, about):
    """A key by its alias; moto does not fill in what may be left out."""
    kms, alias = aws("kms"), "alias/" + name
    found = next((a["TargetKeyId"] for a in kms.list_aliases()["Aliases"] if a["AliasName"] == alias), None)
    if not found:
        found = kms.create_key(Description=name, KeyUsage="ENCRYPT_DECRYPT", MultiRegion=False)["KeyMetadata"]["KeyId"]
        kms.create_alias(AliasName=alias, TargetKeyId=found)
    if rotates:
        kms.enable_key_rotation(KeyId=found)
    note("KMS alias", alias)
    note("KMS key", name, found, about=about)
    return f"arn:aws:kms:{HOME}:{ACCOUNT}:key/{found}"


def database(aws, name, region=HOME, about="", **settings):
    """moto says of an instance only what it was told when it was made."""
    allow_existing(aws("rds", region).create_db_instance, "DBInstanceAlreadyExists", DBInstanceIdentifier=name, MasterUsername="boss",
                   MasterUserPassword="never-shown", DBInstanceClass="db.t4g.medium", AllocatedStorage=20, EnablePerformanceInsights=False, **settings)
    note("database", name, region=region, about=about)


def table(aws, name, recovery, protected, about):
    db = aws("dynamodb")
    allow_existing(db.create_table, "ResourceInUseException", TableName=name, BillingMode="PAY_PER_REQUEST", DeletionProtectionEnabled=protected,
                   AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}], KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}])
    db.update_continuous_backups(TableName=name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": recovery})
    note("table", name, about=about)


def file_system(aws, name, encrypted, user):
    efs = aws("efs")
    found = next((f for f in efs.describe_file_systems()["FileSystems"] if f["CreationToken"] == name), None)
    found = found or efs.create_file_system(CreationToken=name, Encrypted=encrypted, Tags=named(name))
    ident = note("file system", name, found["FileSystemId"], about="encrypted" if encrypted else "not encrypted")
    point = next(iter(efs.describe_access_points(FileSystemId=ident)["AccessPoints"]), None)
    point = point or efs.create_access_point(ClientToken=name, FileSystemId=ident, Tags=named(name), **({"PosixUser": {"Uid": 1000, "Gid": 1000}} if user else {}))
    note("access point", name, point["AccessPointId"], about="enforces a user" if user else "enforces no user")


def secret(aws, name, rotates, about):
    secrets = aws("secretsmanager")
    allow_existing(secrets.create_secret, "ResourceExistsException", Name=name, SecretString="never-shown")
    found = secrets.describe_secret(SecretId=name)
    if rotates and not found.get("RotationEnabled"):
        secrets.rotate_secret(SecretId=name, RotationRules={"AutomaticallyAfterDays": 30}, RotateImmediately=False)
    note("secret", name, found["ARN"], about=about)


def seed_data(aws):
    sealed = key(aws, "demo-orders", True, "rotates")
    key(aws, "demo-exports", False, "does not rotate")
    safe = dict(Engine="postgres", EngineVersion="16.4", StorageEncrypted=True, KmsKeyId=sealed, PubliclyAccessible=False, MultiAZ=True,
                BackupRetentionPeriod=14, DeletionProtection=True, AutoMinorVersionUpgrade=True, EnableIAMDatabaseAuthentication=True)
    database(aws, "demo-orders", about="compliant", **safe)
    database(aws, "demo-shop", about="public; the change phase makes it private", **dict(safe, PubliclyAccessible=True, MultiAZ=False))
    database(aws, "demo-wiki", region=SECOND, Engine="mysql", EngineVersion="8.0.40", StorageEncrypted=False, PubliclyAccessible=False,
             MultiAZ=False, BackupRetentionPeriod=1, AutoMinorVersionUpgrade=True, about="not encrypted, one day of backups")
    rds = aws("rds")
    allow_existing(rds.create_db_snapshot, "DBSnapshotAlreadyExists", DBSnapshotIdentifier="demo-shop-dump", DBInstanceIdentifier="demo-shop")
    rds.modify_db_snapshot_attribute(DBSnapshotIdentifier="demo-shop-dump", AttributeName="restore", ValuesToAdd=["all"])
    note("database snapshot", "demo-shop-dump", about="public")
    table(aws, "demo-orders", True, True, "compliant")
    table(aws, "demo-sessions", False, False, "no recovery to a point in time")
    file_system(aws, "demo-shared", True, True)
    file_system(aws, "demo-scratch", False, False)
    secret(aws, "demo/orders-db", True, "rotates")
    secret(aws, "demo/partner-api", False, "does not rotate")
    return sealed


# --- messages, logs -------------------------------------------------------------

def everyone(action):
    return doc(allow(action, Principal="*", Sid="Everyone"))


def queue(aws, name, region=HOME, about="", **attributes):
    url = aws("sqs", region).create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    note("queue", name, url, region, about)


def topic(aws, name, policy=None, about="", **attributes):
    sns = aws("sns")
    arn = sns.create_topic(Name=name, Attributes=attributes)["TopicArn"]
    if policy:
        sns.set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=policy)
    return note("topic", name, arn, about=about)


def log_group(aws, name, region=HOME, days=None, sealed=None):
    logs = aws("logs", region)
    allow_existing(logs.create_log_group, "ResourceAlreadyExistsException", logGroupName=name, **({"kmsKeyId": sealed} if sealed else {}))
    if days:
        logs.put_retention_policy(logGroupName=name, retentionInDays=days)
    note("log group", name, region=region, about=f"{days} days" if days else "kept for ever")


def seed_messages(aws, sealed):
    queue(aws, "demo-orders", SqsManagedSseEnabled="true", about="compliant")
    queue(aws, "demo-inbox", SqsManagedSseEnabled="true", Policy=everyone("sqs:SendMessage"), about="everyone may send")
    queue(aws, "demo-mail-eu", region=SECOND, SqsManagedSseEnabled="false", about="not encrypted")
    alerts = topic(aws, "demo-alerts", KmsMasterKeyId=sealed, about="compliant")
    news = topic(aws, "demo-news", everyone("sns:Subscribe"), about="everyone may subscribe")
    hook = aws("sns").subscribe(TopicArn=news, Protocol="http", Endpoint="http://hooks.example.com/news", ReturnSubscriptionArn=True)
    note("subscription", "demo-news by http", hook["SubscriptionArn"], about="plain HTTP")
    log_group(aws, "/demo/app", days=365, sealed=sealed)
    log_group(aws, "/demo/debug")
    log_group(aws, "/demo/wiki", region=SECOND)
    aws("cloudwatch").put_metric_alarm(
        AlarmName="demo-dead-letters", Namespace="AWS/SQS", MetricName="ApproximateNumberOfMessagesVisible", Statistic="Sum", Period=300, EvaluationPeriods=1,
        Threshold=0, ComparisonOperator="GreaterThanThreshold", AlarmActions=[alerts], ActionsEnabled=False)
    note("alarm", "demo-dead-letters", about="its actions are off")
    guard = aws("guardduty")
    ident = next(iter(guard.list_detectors()["DetectorIds"]), None)
    ident = ident or guard.create_detector(Enable=True, DataSources={"S3Logs": {"Enable": True}}, Features=[{"Name": "S3_DATA_EVENTS", "Status": "ENABLED"}])["DetectorId"]
    note("GuardDuty detector", "detector", ident, about="none in " + SECOND)


# --- functions, containers --------------------------------------------------------

def function(aws, name, runtime, about="", **more):
    client, raw = aws("lambda"), io.BytesIO()
    with zipfile.ZipFile(raw, "w") as z:
        z.writestr("main.py", "def handler(event, context): pass")
    allow_existing(client.create_function, "ResourceConflictException", FunctionName=name, Runtime=runtime, Handler="main.handler",
                   Role=f"arn:aws:iam::{ACCOUNT}:role/demo-admin", Code={"ZipFile": raw.getvalue()}, **more)
    note("function", name, about=about)
    return client


def repository(aws, name, **settings):
    allow_existing(aws("ecr").create_repository, "RepositoryAlreadyExistsException", repositoryName=name, **settings)
    note("repository", name, about="" if settings else "tags move, nothing is scanned")


def task_definition(aws, family, container, about="", **settings):
    ecs = aws("ecs")
    found = ecs.list_task_definitions(familyPrefix=family)["taskDefinitionArns"]
    arn = found[0] if found else ecs.register_task_definition(
        family=family, containerDefinitions=[{"name": family, "image": family + ":1", "essential": True, "memory": 256, **container}],
        **settings)["taskDefinition"]["taskDefinitionArn"]
    return note("task definition", family, arn, about=about)


def ecs_cluster(aws, name, insights):
    aws("ecs").create_cluster(clusterName=name, settings=[{"name": "containerInsights", "value": "enabled" if insights else "disabled"}])
    note("ECS cluster", name, about="" if insights else "without Container Insights")


def kubernetes(aws, name, subnets, about="", region=HOME, log=(), **more):
    network = {"subnetIds": subnets, "endpointPublicAccess": True, "endpointPrivateAccess": True, **more.pop("network", {})}
    allow_existing(aws("eks", region).create_cluster, "ResourceInUseException", name=name, version="1.33", roleArn=f"arn:aws:iam::{ACCOUNT}:role/demo-app",
                   resourcesVpcConfig=network, logging={"clusterLogging": [{"types": list(log), "enabled": True}]} if log else {}, **more)
    note("EKS cluster", name, region=region, about=about)


def inside_group(ec2):
    return ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": ["demo-internal"]}])["SecurityGroups"][0]["GroupId"]


def seed_compute(aws, sealed):
    ec2 = aws("ec2")
    subnets = [by_name(ec2.describe_subnets()["Subnets"], name)["SubnetId"] for name in ("demo-private", "demo-public")]
    inside = inside_group(ec2)
    function(aws, "demo-invoices", "python3.13", about="compliant", Environment={"Variables": {"TABLE": "demo-orders", "MAIL_PASSWORD": "never-shown"}})
    client = function(aws, "demo-thumbnails", "nodejs16.x", about="everyone may invoke it, its runtime is out of support")
    allow_existing(client.add_permission, "ResourceConflictException", FunctionName="demo-thumbnails", StatementId="everyone",
                   Action="lambda:InvokeFunction", Principal="*")
    allow_existing(client.create_function_url_config, "ResourceConflictException", FunctionName="demo-thumbnails", AuthType="NONE")
    repository(aws, "demo/app", imageTagMutability="IMMUTABLE", imageScanningConfiguration={"scanOnPush": True})
    repository(aws, "demo/tools")
    ecs_cluster(aws, "demo-apps", True)
    ecs_cluster(aws, "demo-batch", False)
    app = task_definition(aws, "demo-app", {"readonlyRootFilesystem": True, "privileged": False}, "compliant", networkMode="awsvpc")
    task_definition(aws, "demo-collector", {"privileged": True, "environment": [{"name": "API_TOKEN", "value": "never-shown"}]},
                    "privileged, on the host's network, with a token", networkMode="host")
    ecs = aws("ecs")
    if not ecs.list_services(cluster="demo-apps")["serviceArns"]:
        ecs.create_service(cluster="demo-apps", serviceName="demo-app", taskDefinition=app, desiredCount=1, launchType="FARGATE",
                           networkConfiguration={"awsvpcConfiguration": {"subnets": subnets[:1], "securityGroups": [inside], "assignPublicIp": "DISABLED"}})
    note("ECS service", "demo-app", "demo-apps/demo-app", about="compliant")
    kubernetes(aws, "demo-platform", subnets, "compliant", log=["audit", "api"], network={"publicAccessCidrs": ["198.51.100.0/24"]},
               encryptionConfig=[{"resources": ["secrets"], "provider": {"keyArn": sealed}}])
    kubernetes(aws, "demo-sandbox", subnets, "open to the world, nothing logged or encrypted", network={"publicAccessCidrs": ["0.0.0.0/0"]})
    return subnets


# --- what the world sees ----------------------------------------------------------

def certificate(aws, domain):
    acm = aws("acm")
    found = next((c["CertificateArn"] for c in acm.list_certificates()["CertificateSummaryList"] if c["DomainName"] == domain), None)
    return note("certificate", domain, found or acm.request_certificate(DomainName=domain, ValidationMethod="DNS")["CertificateArn"])


def listener(elb, balancer, name, port, about, **settings):
    found = next((x for x in elb.describe_listeners(LoadBalancerArn=balancer)["Listeners"] if x["Port"] == port), None)
    found = found or elb.create_listener(LoadBalancerArn=balancer, Port=port, **settings)["Listeners"][0]
    note("listener", f"{name} {port}", found["ListenerArn"], about=about)


def distribution(aws, name, about, behavior, origin, **settings):
    front = aws("cloudfront")
    listed = front.list_distributions()["DistributionList"].get("Items", [])
    found = next((d for d in listed if d["Comment"] == name), None)
    found = found or front.create_distribution(DistributionConfig={
        "CallerReference": name, "Comment": name, "Enabled": True, "Origins": {"Quantity": 1, "Items": [{"Id": "site", **origin}]},
        "DefaultCacheBehavior": {"TargetOriginId": "site", "ViewerProtocolPolicy": behavior}, **settings})["Distribution"]
    note("distribution", name, found["Id"], region="global", about=about)


def seed_edge(aws, subnets):
    ec2, elb, scaling = aws("ec2"), aws("elbv2"), aws("autoscaling")
    image = ec2.describe_images(Owners=["self"])["Images"][0]["ImageId"]
    cert = certificate(aws, "shop.example.com")
    found = {b["LoadBalancerName"]: b["LoadBalancerArn"] for b in elb.describe_load_balancers()["LoadBalancers"]}
    for name in ("demo-shop", "demo-intranet"):
        if name not in found:
            found[name] = elb.create_load_balancer(Name=name, Subnets=subnets, Scheme="internal" if name == "demo-intranet" else "internet-facing")["LoadBalancers"][0]["LoadBalancerArn"]
        elb.modify_load_balancer_attributes(LoadBalancerArn=found[name], Attributes=[
            {"Key": k, "Value": "true" if name == "demo-shop" else "false"}
            for k in ("deletion_protection.enabled", "routing.http.drop_invalid_header_fields.enabled", "access_logs.s3.enabled")])
        note("load balancer", name, found[name], about="compliant" if name == "demo-shop" else "plain HTTP, no logs")
    groups = {g["TargetGroupName"]: g["TargetGroupArn"] for g in elb.describe_target_groups()["TargetGroups"]}
    vpc_id = ec2.describe_subnets(SubnetIds=subnets)["Subnets"][0]["VpcId"]
    targets = groups.get("demo-web") or elb.create_target_group(Name="demo-web", Protocol="HTTP", Port=8080, VpcId=vpc_id)["TargetGroups"][0]["TargetGroupArn"]
    note("target group", "demo-web", targets)
    forward = [{"Type": "forward", "TargetGroupArn": targets}]
    listener(elb, found["demo-shop"], "demo-shop", 443, "TLS 1.2", Protocol="HTTPS", SslPolicy="ELBSecurityPolicy-TLS-1-2-2017-01",
             Certificates=[{"CertificateArn": cert}], DefaultActions=forward)
    listener(elb, found["demo-shop"], "demo-shop", 80, "redirects", Protocol="HTTP", DefaultActions=[
        {"Type": "redirect", "RedirectConfig": {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}}])
    listener(elb, found["demo-intranet"], "demo-intranet", 80, "plain HTTP", Protocol="HTTP", DefaultActions=forward)
    allow_existing(aws("elb").create_load_balancer, "DuplicateLoadBalancerName", LoadBalancerName="demo-classic", Subnets=subnets[1:],
                   SecurityGroups=[inside_group(ec2)], Listeners=[
        {"Protocol": "HTTP", "LoadBalancerPort": 80, "InstanceProtocol": "HTTP", "InstancePort": 8080}])
    note("classic load balancer", "demo-classic", about="plain HTTP")
    for name, tokens, volume_ in (("demo-workers-v2", "required", True), ("demo-workers-v1", "optional", False)):
        allow_existing(scaling.create_launch_configuration, "AlreadyExists", LaunchConfigurationName=name, ImageId=image, InstanceType="t3.micro",
                       AssociatePublicIpAddress=False, MetadataOptions={"HttpTokens": tokens, "HttpEndpoint": "enabled"},
                       BlockDeviceMappings=[{"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 20, "Encrypted": volume_}}])
        note("launch configuration", name, about="compliant" if volume_ else "IMDSv1, not encrypted")
    allow_existing(scaling.create_auto_scaling_group, "AlreadyExists", AutoScalingGroupName="demo-workers", LaunchConfigurationName="demo-workers-v2", MinSize=0,
                   MaxSize=2, DesiredCapacity=0, VPCZoneIdentifier=subnets[0], TargetGroupARNs=[targets], HealthCheckType="EC2")
    note("scaling group", "demo-workers", about="does not heed its load balancer")
    distribution(aws, "demo-shop", "logs nothing, has no firewall", "redirect-to-https", {
        "DomainName": "shop.example.com", "CustomOriginConfig": {"HTTPPort": 80, "HTTPSPort": 443, "OriginProtocolPolicy": "https-only"}},
        DefaultRootObject="index.html", Aliases={"Quantity": 1, "Items": ["www.example.com"]}, ViewerCertificate={
            "ACMCertificateArn": cert, "SSLSupportMethod": "sni-only", "MinimumProtocolVersion": "TLSv1.2_2021", "CloudFrontDefaultCertificate": False})
    distribution(aws, "demo-website", "plain HTTP", "allow-all", {"DomainName": "demo-website.s3.amazonaws.com", "S3OriginConfig": {"OriginAccessIdentity": ""}})


# --- phases -------------------------------------------------------------------

def enforce(endpoint, on):
    """Switch moto's permission checks. They begin after so many calls: 0, or practically never."""
    body = b"0" if on else b"1000000000000"
    # As plain text: a form's content type would leave moto with an empty body.
    request = urllib.request.Request(endpoint + "/moto-api/reset-auth", data=body, method="POST",
                                     headers={"Content-Type": "text/plain"})
    urllib.request.urlopen(request).read()


def seed(aws):
    seed_s3(aws)
    seed_ec2(aws, HOME, 10)
    seed_ec2(aws, SECOND, 20)
    seed_iam(aws)
    seed_trails(aws)
    sealed = seed_data(aws)
    seed_messages(aws, sealed)
    seed_edge(aws, seed_compute(aws, sealed))
    scanner = seed_scanner(aws)
    return {"scanner": scanner, "besides": [b for r in (HOME, SECOND) for b in besides(aws("ec2", r), r)]}


def change(aws):
    """One bucket gets worse, one gets better, one goes, and a database gets better."""
    s3 = aws("s3")
    s3.delete_public_access_block(Bucket="demo-billing")
    s3.put_bucket_versioning(Bucket="demo-billing", VersioningConfiguration={"Status": "Suspended"})
    logs = "demo-logs-" + ACCOUNT
    bucket(aws, "demo-scratch", block=BLOCK_ALL, policy=tls_only, versioning="Enabled", encryption="AES256", logging=logs)
    made.clear()
    allow_existing(s3.delete_bucket, "NoSuchBucket", Bucket="demo-old-exports")
    aws("rds").modify_db_instance(DBInstanceIdentifier="demo-shop", PubliclyAccessible=False, ApplyImmediately=True)
    return {"changed": [
        {"id": "demo-billing", "how": "demo-billing loses its public access block, and its versioning is suspended"},
        {"id": "demo-scratch", "how": "demo-scratch gets a public access block, versioning, encryption and logging"},
        {"id": "demo-old-exports", "how": "demo-old-exports is deleted"},
        {"id": "demo-shop", "how": "the database demo-shop is no longer public"},
    ]}


def summary():
    """How many of the most frequent types, and how many others."""
    kinds = collections.Counter(m["type"] for m in made)
    shown = kinds.most_common(8)
    others = len(kinds) - len(shown)
    return ", ".join(f"{n} {kind}s" for kind, n in shown) + f" and {len(made) - sum(n for _, n in shown)} of {others} other types"


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--endpoint", required=True, help="URL of the moto server, for example http://127.0.0.1:5000")
    p.add_argument("--phase", choices=["seed", "change"], default="seed")
    a = p.parse_args()
    endpoint = a.endpoint.rstrip("/")
    if (urllib.parse.urlparse(endpoint).hostname or "").endswith((".amazonaws.com", ".amazonaws.com.cn")):
        p.error("this fills an emulator, never AWS")
    enforce(endpoint, on=False)
    try:
        result = {"seed": seed, "change": change}[a.phase](AWS(endpoint))
    finally:
        enforce(endpoint, on=True)
    json.dump({"endpoint": endpoint, "phase": a.phase, **result, "count": len(made), "summary": summary(),
               "resources": made}, sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
