from pulumi_policy import (
    EnforcementLevel,
    PolicyComplianceFramework,
    PolicyConfigSchema,
    PolicyPack,
    ResourceValidationPolicy,
    Severity,
    StackValidationPolicy,
)

policies = []


def on(token, level=EnforcementLevel.MANDATORY, **more):
    """Makes a function a policy for one type of resources."""

    def policy(judge):
        def validate(args, report):
            if args.resource_type != token:
                args.not_applicable(f"only for {token}")
            judge(args.props, report, args)

        name = judge.__name__
        policies.append(
            ResourceValidationPolicy(name=name, description=f"What {name} says.", validate=validate, enforcement_level=level, **more)
        )
        return judge

    return policy


def on_bucket(**more):
    return on("aws:s3/bucket:Bucket", **more)


def to_number(value):
    return float(value)


def below(value, name):
    """The value of a name, where there are names."""
    return value.get(name) if hasattr(value, "keys") else None


def items(value):
    """The elements of a list, where there is one."""
    return [] if value is None or isinstance(value, (str, bool, float)) or hasattr(value, "keys") else list(value)


def contains(value, wanted):
    """Looks for a value anywhere below another."""
    if hasattr(value, "keys"):
        return any(contains(v, wanted) for v in value.values())
    return value == wanted or any(contains(v, wanted) for v in items(value))


def weak(policy):
    version = below(policy, "version")
    return version is not None and version != "2012-10-17"


@on_bucket(
    display_name="No public buckets",
    severity=Severity.HIGH,
    remediation_steps="Make it private.",
    framework=PolicyComplianceFramework(name="CIS", version="3.0.0", reference="2.1.4", specification="https://example.com/cis"),
    url="https://example.com/public",
    tags=["storage", "public"],
)
def deny_public(bucket, report, args):
    if bucket.get("acl") == "public-read":
        report(f"bucket {bucket['bucket']} is public")


# Several messages of one policy are one finding.
@on("aws:ec2/securityGroup:SecurityGroup")
def deny_ports(group, report, args):
    for rule in group.get("ingress", []):
        if rule["cidr"] == "0.0.0.0/0":
            report(f"port {int(rule['port'])} is open")


@on_bucket()
def deny_nested(bucket, report, args):
    if any(not below(r, "encrypted") for r in items(bucket.get("rules"))):
        report("a rule is not encrypted")


@on_bucket(
    level=EnforcementLevel.ADVISORY,
    config_schema=PolicyConfigSchema({"tag": {"type": "string", "default": "owner"}}),
)
def warn_tag(bucket, report, args):
    tag = args.get_config()["tag"]
    if not below(bucket.get("tags"), tag):
        report(f"tag {tag} is missing")


# Breaks on a number that is none.
@on_bucket()
def deny_throws(bucket, report, args):
    if "number" in bucket and to_number(bucket["number"]) < 0:
        report("never")


@on("aws:lambda/function:Function")
def deny_secret(function, report, args):
    report(f"password is {function['environment']['PASSWORD']}")


# How many properties there are is not what they are.
@on_bucket()
def deny_whole(bucket, report, args):
    if len(bucket) > 8:
        report("too many properties")


# What follows asks for an unknown in the ways that are easy to get wrong.


@on_bucket()
def deny_default(bucket, report, args):
    if below(bucket.get("versioning"), "enabled") is not True:
        report("not versioned")


@on_bucket()
def deny_helper(bucket, report, args):
    if weak(bucket.get("policy")):
        report("weak policy")


# The branch taken hangs on the value.
@on_bucket()
def deny_branch(bucket, report, args):
    if (below(bucket.get("storage"), "days") or 0) >= 90:
        report("cold storage")


# All of a list, and none of a list.
@on_bucket()
def deny_every(bucket, report, args):
    if not all(below(r, "encrypted") is True for r in items(bucket.get("rules"))):
        report("not every rule is encrypted")


@on_bucket()
def deny_count(bucket, report, args):
    if len([r for r in items(bucket.get("rules")) if below(r, "port") == 22]) > 0:
        report("a rule opens port 22")


@on_bucket()
def deny_alias(bucket, report, args):
    if args.props.get("acl") == "public-read":
        report("public by another name")


# Which property is read is known only at run time.
@on_bucket()
def deny_dynamic(bucket, report, args):
    watch = bucket.get("watch")
    if isinstance(watch, str) and bucket.get(watch) == "on":
        report("watched property is on")


# All properties at once: their names, their values, their number, a copy.
@on_bucket()
def deny_keys(bucket, report, args):
    if "website" in list(bucket):
        report("is a website")


@on_bucket()
def deny_search(bucket, report, args):
    if contains(bucket, "forbidden"):
        report("a forbidden word")


@on_bucket()
def deny_equal(bucket, report, args):
    if sorted(bucket) == ["bucket", "number"] and bucket["number"] == "1":
        report("nothing but a name")


@on_bucket()
def deny_copy(bucket, report, args):
    copy = {**bucket, "seen": True}
    if copy.get("acl") == "public-read":
        report("public in a copy")


# The condition is known, the message is not.
@on_bucket()
def deny_message(bucket, report, args):
    if bucket.get("logging") == "off":
        report(f"no logging, owner {bucket.get('owner')}")


# Known conditions decide.
@on_bucket()
def deny_guarded(bucket, report, args):
    if bucket.get("logging") == "off" and bucket.get("acl") == "public-read":
        report("public and off")


# Breaks, if it ever comes to that.
@on_bucket()
def deny_late(bucket, report, args):
    if bucket.get("acl") == "public-read" and to_number(bucket["number"]) < 0:
        report("public with a low number")


# Either of two, of which one may be known.
@on_bucket()
def deny_either(bucket, report, args):
    if bucket.get("logging") == "off":
        report("no logging")
    if bucket.get("acl") == "public-read":
        report("public")


def stack_deny(args, report):
    report("asked")


policies.append(
    StackValidationPolicy(name="stack_deny", description="Never asked.", validate=stack_deny, enforcement_level=EnforcementLevel.MANDATORY)
)

PolicyPack(name="conformance", policies=policies)
