import json

from botocore.exceptions import ClientError
from compare import ACCOUNT, policy, resource, tags

EXPLAINED = {}

AWS_GROUPS = "http://acs.amazonaws.com/groups/"
CANNED = {
    ("owner FULL_CONTROL",): "private",
    (AWS_GROUPS + "global/AllUsers READ", "owner FULL_CONTROL"): "public-read",
}
BLOCK = {"BlockPublicAcls": True, "IgnorePublicAcls": False, "BlockPublicPolicy": True, "RestrictPublicBuckets": False}


def kind(name):
    return "aws:s3/%s:%s" % (name, name[0].upper() + name[1:])


def seed(aws):
    s3, far = aws("s3"), aws("s3", "eu-west-1")
    s3.create_bucket(Bucket="compare-bare")
    far.create_bucket(Bucket="compare-far", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.create_bucket(Bucket="compare-full", ObjectOwnership="ObjectWriter")
    s3.put_bucket_acl(Bucket="compare-full", ACL="public-read")
    s3.put_bucket_tagging(Bucket="compare-full", Tagging={"TagSet": [{"Key": "owner", "Value": "shop"}]})
    s3.put_bucket_versioning(Bucket="compare-full", VersioningConfiguration={"Status": "Enabled"})
    s3.put_bucket_policy(Bucket="compare-full", Policy=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Sid": "tls", "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::compare-full/*"}]}))
    s3.put_bucket_encryption(Bucket="compare-full", ServerSideEncryptionConfiguration={"Rules": [
        {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "arn:aws:kms:us-east-1:123456789012:key/k"},
         "BucketKeyEnabled": True}]})
    s3.put_public_access_block(Bucket="compare-full", PublicAccessBlockConfiguration=BLOCK)
    s3.put_bucket_logging(Bucket="compare-far", BucketLoggingStatus={})
    s3.put_bucket_website(Bucket="compare-full", WebsiteConfiguration={"IndexDocument": {"Suffix": "index.html"}, "ErrorDocument": {"Key": "error.html"}})
    s3.put_bucket_cors(Bucket="compare-full", CORSConfiguration={"CORSRules": [{"AllowedMethods": ["GET", "PUT"], "AllowedOrigins": ["*"], "MaxAgeSeconds": 5}]})
    s3.create_bucket(Bucket="compare-locked", ObjectLockEnabledForBucket=True)
    s3.put_object_lock_configuration(Bucket="compare-locked", ObjectLockConfiguration={
        "ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 7}}})
    for bucket_, other in (("compare-full", "compare-locked"), ("compare-locked", "compare-full")):  # all that keep versions
        s3.put_bucket_replication(Bucket=bucket_, ReplicationConfiguration={"Role": "arn:aws:iam::123456789012:role/copy", "Rules": [
            {"ID": "all", "Priority": 1, "Status": "Enabled", "Filter": {"Prefix": "p/"}, "DeleteMarkerReplication": {"Status": "Disabled"},
             "Destination": {"Bucket": "arn:aws:s3:::" + other}}]})
    s3.put_bucket_lifecycle_configuration(Bucket="compare-full", LifecycleConfiguration={"Rules": [
        {"ID": "old", "Status": "Enabled", "Filter": {"Prefix": "logs/"}, "Expiration": {"Days": 30},
         "Transitions": [{"Days": 10, "StorageClass": "GLACIER"}], "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
         "NoncurrentVersionExpiration": {"NoncurrentDays": 5}}]})


def asked(call, *absent):
    """The answer of a call, None where S3 says that nothing is configured."""
    try:
        return call()
    except ClientError as e:
        if e.response["Error"]["Code"] in absent:
            return None
        raise


def grants_of(acl):
    """Who may what, as canned ACLs name it."""
    owner = acl["Owner"]["ID"]
    return sorted(("owner" if g["Grantee"].get("ID") == owner else g["Grantee"].get("URI", "")) + " " + g["Permission"] for g in acl["Grants"])


def grantee(g):
    names = {"Type": "type", "ID": "id", "URI": "uri", "DisplayName": "displayName", "EmailAddress": "emailAddress"}
    return {names[k]: v for k, v in g.items() if v}


def by_json(list_):
    return sorted(list_, key=lambda v: json.dumps(v, sort_keys=True, separators=(",", ":")))


def bucket_grants(acl):
    who = {}
    for g in acl["Grants"]:
        m = {k: v for k, v in grantee(g["Grantee"]).items() if k not in ("displayName", "emailAddress")}
        key = "|".join([m.get("type", ""), m.get("id", ""), m.get("uri", "")])
        who.setdefault(key, dict(m, permissions=[]))["permissions"].append(g["Permission"])
    return [dict(who[k], permissions=sorted(who[k]["permissions"])) for k in sorted(who)]


def more(s3, name):
    """What is read on demand, as far as seed() configures it."""
    lock = asked(lambda: s3.get_object_lock_configuration(Bucket=name), "ObjectLockConfigurationNotFoundError")
    site = asked(lambda: s3.get_bucket_website(Bucket=name), "NoSuchWebsiteConfiguration")
    cors = asked(lambda: s3.get_bucket_cors(Bucket=name), "NoSuchCORSConfiguration")
    return {
        "objectLockConfiguration": lock and {"objectLockEnabled": lock["ObjectLockConfiguration"]["ObjectLockEnabled"], "rule": {"defaultRetention": {
            k[0].lower() + k[1:]: v for k, v in lock["ObjectLockConfiguration"]["Rule"]["DefaultRetention"].items()}}},
        "website": site and {"indexDocument": site["IndexDocument"]["Suffix"], "errorDocument": site["ErrorDocument"]["Key"]},
        "corsRules": [{k[0].lower() + k[1:]: v for k, v in r.items()} for r in (cors or {}).get("CORSRules", [])],
    }


def prefixed(r):
    """The filter of a rule; moto forgets the prefix."""
    return {"filter": {"prefix": r["Filter"]["Prefix"]}} if r["Filter"].get("Prefix") else {}


def copying(copies, delete_markers):
    """Rules of replication, as the bucket has them or the resource of its own."""
    return {"role": copies["Role"], "rules": [{
        "id": r["ID"], "status": r["Status"], "priority": r["Priority"], **prefixed(r), **delete_markers(r["DeleteMarkerReplication"]["Status"]),
        "destination": {"bucket": r["Destination"]["Bucket"]},
    } for r in copies["Rules"]]}


def bucket(s3, name, region):
    tag_set = asked(lambda: s3.get_bucket_tagging(Bucket=name), "NoSuchTagSet")
    access = asked(lambda: s3.get_bucket_policy(Bucket=name), "NoSuchBucketPolicy")
    versioning = s3.get_bucket_versioning(Bucket=name)
    encryption = asked(lambda: s3.get_bucket_encryption(Bucket=name), "ServerSideEncryptionConfigurationNotFoundError")
    block = asked(lambda: s3.get_public_access_block(Bucket=name), "NoSuchPublicAccessBlockConfiguration")
    logging = s3.get_bucket_logging(Bucket=name).get("LoggingEnabled")
    acl = s3.get_bucket_acl(Bucket=name)
    ownership = asked(lambda: s3.get_bucket_ownership_controls(Bucket=name), "OwnershipControlsNotFoundError")
    lifecycle = asked(lambda: s3.get_bucket_lifecycle_configuration(Bucket=name), "NoSuchLifecycleConfiguration")
    base = {"bucket": name, "region": region}
    copies = asked(lambda: s3.get_bucket_replication(Bucket=name), "ReplicationConfigurationNotFoundError")
    copies = copies and copies["ReplicationConfiguration"]
    if copies and versioning.get("Status") != "Enabled":  # no other bucket is asked
        raise ValueError(name + " is replicated and keeps no versions")

    def part(of, **properties):
        return resource(kind(of), name, name, dict(base, **properties), region=region)

    rules = []
    for r in (encryption or {}).get("ServerSideEncryptionConfiguration", {}).get("Rules", []):
        by = r["ApplyServerSideEncryptionByDefault"]
        apply = {"sseAlgorithm": by["SSEAlgorithm"]}
        if "KMSMasterKeyID" in by:
            apply["kmsMasterKeyId"] = by["KMSMasterKeyID"]
        rules.append({"bucketKeyEnabled": r.get("BucketKeyEnabled", False), "applyServerSideEncryptionByDefault": apply})
    yield resource(kind("bucket"), name, name, {
        "bucket": name, "region": region, "tags": tags(tag_set and tag_set["TagSet"]), "policy": policy(access and access["Policy"]),
        "grants": bucket_grants(acl), "acl": CANNED.get(tuple(grants_of(acl))),
        "versioning": {"enabled": versioning.get("Status") == "Enabled", "mfaDelete": versioning.get("MFADelete") == "Enabled"},
        "serverSideEncryptionConfiguration": {"rule": rules[0]} if rules else None,
        "logging": logging and {"targetBucket": logging["TargetBucket"], "targetPrefix": logging["TargetPrefix"]},
        "replicationConfiguration": copies and copying(copies, lambda status: {"deleteMarkerReplicationStatus": status}),
        "lifecycleRules": [own_rule(r) for r in (lifecycle or {}).get("Rules", [])],
    }, region=region, demand=more(s3, name))
    state = {"status": versioning.get("Status", "Disabled")}
    if "MFADelete" in versioning:
        state["mfaDelete"] = versioning["MFADelete"]
    yield part("bucketVersioning", versioningConfiguration=state)
    flags = (block or {}).get("PublicAccessBlockConfiguration", {})
    yield part("bucketPublicAccessBlock", blockPublicAcls=flags.get("BlockPublicAcls", False), ignorePublicAcls=flags.get("IgnorePublicAcls", False),
               blockPublicPolicy=flags.get("BlockPublicPolicy", False), restrictPublicBuckets=flags.get("RestrictPublicBuckets", False))
    yield part("bucketAcl", acl=CANNED.get(tuple(grants_of(acl))), accessControlPolicy={
        "owner": {"id": acl["Owner"]["ID"]},
        "grants": by_json([{"grantee": grantee(g["Grantee"]), "permission": g["Permission"]} for g in acl["Grants"]])})
    if access:
        yield part("bucketPolicy", policy=policy(access["Policy"]))
    if rules:
        yield part("bucketServerSideEncryptionConfiguration", rules=rules)
    if ownership:
        yield part("bucketOwnershipControls", rule={"objectOwnership": ownership["OwnershipControls"]["Rules"][0]["ObjectOwnership"]})
    if copies:
        yield part("bucketReplicationConfig", **copying(copies, lambda status: {"deleteMarkerReplication": {"status": status}}))
    if lifecycle:
        yield part("bucketLifecycleConfiguration", rules=[rule(r) for r in lifecycle["Rules"]],
                   transitionDefaultMinimumObjectSize=lifecycle.get("TransitionDefaultMinimumObjectSize"))
    if logging:
        yield part("bucketLogging", targetBucket=logging["TargetBucket"], targetPrefix=logging["TargetPrefix"])


def when(of):
    return {k: v for k, v in {"days": of.get("Days"), "date": of.get("Date")}.items() if v is not None}


def own_rule(r):
    """A rule as the bucket itself has it."""
    out = {
        "id": r.get("ID"), "enabled": r["Status"] == "Enabled", "prefix": r.get("Filter", {}).get("Prefix") or r.get("Prefix"),
        "expiration": when(r["Expiration"]) if "Expiration" in r else None,
        "abortIncompleteMultipartUploadDays": r.get("AbortIncompleteMultipartUpload", {}).get("DaysAfterInitiation"),
        "transitions": [dict(when(t), storageClass=t["StorageClass"]) for t in r.get("Transitions", [])],
        "noncurrentVersionExpiration": {"days": r["NoncurrentVersionExpiration"]["NoncurrentDays"]} if "NoncurrentVersionExpiration" in r else None,
    }
    return {k: v for k, v in out.items() if v not in (None, "", [], {})}


def rule(r):
    """A rule as the resource of its own has it."""
    out = {
        "id": r.get("ID"), "status": r["Status"], "prefix": r.get("Prefix"),
        "filter": {"prefix": r["Filter"]["Prefix"]} if r.get("Filter", {}).get("Prefix") else None,
        "expiration": when(r["Expiration"]) if "Expiration" in r else None,
        "abortIncompleteMultipartUpload": {"daysAfterInitiation": r["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"]}
        if "AbortIncompleteMultipartUpload" in r else None,
        "transitions": [dict(when(t), storageClass=t["StorageClass"]) for t in r.get("Transitions", [])],
        "noncurrentVersionExpiration": {"noncurrentDays": r["NoncurrentVersionExpiration"]["NoncurrentDays"]}
        if "NoncurrentVersionExpiration" in r else None,
    }
    return {k: v for k, v in out.items() if v not in (None, "", [], {})}


def expected(aws):
    for b in aws("s3").list_buckets()["Buckets"]:
        region = aws("s3").get_bucket_location(Bucket=b["Name"])["LocationConstraint"] or "us-east-1"
        yield from bucket(aws("s3", region), b["Name"], region)
    # No module configures the account's public access block.
    flags = dict.fromkeys(["blockPublicAcls", "ignorePublicAcls", "blockPublicPolicy", "restrictPublicBuckets"], False)
    yield resource("insights:aws/accountPublicAccessBlock:AccountPublicAccessBlock", ACCOUNT, ACCOUNT,
                   dict(flags, accountId=ACCOUNT, configured=False), region="global")
