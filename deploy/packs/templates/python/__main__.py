from pulumi_policy import (
    EnforcementLevel,
    PolicyConfigSchema,
    PolicyPack,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    Severity,
)

# Types as the Pulumi provider calls them: 'insights resources types' lists those
# that scans find. Comparing them needs no provider package.
SECURITY_GROUP = "aws:ec2/securityGroup:SecurityGroup"
TAGGED = ["aws:s3/bucket:Bucket", "aws:ec2/instance:Instance", "aws:rds/instance:Instance"]


def from_everywhere(rule) -> bool:
    return "0.0.0.0/0" in rule.get("cidrBlocks", []) or "::/0" in rule.get("ipv6CidrBlocks", [])


def covers(rule, port: int) -> bool:
    return rule["protocol"] == "-1" or (rule["protocol"] == "tcp" and rule["fromPort"] <= port <= rule["toPort"])


def admin_ports(args: ResourceValidationArgs, report_violation: ReportViolation):
    if args.resource_type != SECURITY_GROUP:
        args.not_applicable()
    rules = args.props.get("ingress") or []
    for port in args.get_config()["ports"]:
        if any(from_everywhere(rule) and covers(rule, port) for rule in rules):
            report_violation(f"port {int(port)} is open to the internet")


def required_tags(args: ResourceValidationArgs, report_violation: ReportViolation):
    if args.resource_type not in TAGGED:
        args.not_applicable()
    tags = args.props.get("tags") or {}
    for tag in args.get_config()["tags"]:
        if not tags.get(tag):
            report_violation(f"tag {tag} is missing")


PolicyPack(
    name="my-pack",
    policies=[
        ResourceValidationPolicy(
            name="admin-ports",
            display_name="Ports of administrators are closed to the internet",
            description="Security groups let nobody in from everywhere on the ports that administrators use.",
            enforcement_level=EnforcementLevel.MANDATORY,
            severity=Severity.HIGH,
            remediation_steps="Allow the addresses that need it, or use Session Manager.",
            config_schema=PolicyConfigSchema(
                properties={"ports": {"type": "array", "items": {"type": "integer"}, "default": [22, 3389]}}
            ),
            validate=admin_ports,
        ),
        ResourceValidationPolicy(
            name="required-tags",
            display_name="Required tags are there",
            description="Buckets, instances and databases have the tags that say whose they are.",
            enforcement_level=EnforcementLevel.ADVISORY,
            severity=Severity.MEDIUM,
            remediation_steps="Tag the resource.",
            config_schema=PolicyConfigSchema(
                properties={"tags": {"type": "array", "items": {"type": "string"}, "default": ["owner"]}}
            ),
            validate=required_tags,
        ),
    ],
)
