package my_pack

import rego.v1

# METADATA
# title: Ports of administrators are closed to the internet
# description: Security groups let nobody in from everywhere on the ports that administrators use.
# custom:
#   severity: high
#   remediation: Allow the addresses that need it, or use Session Manager.
deny_admin_ports contains msg if {
	input.__type == "aws:ec2/securityGroup:SecurityGroup"
	some rule in input.ingress
	from_everywhere(rule)
	some port in data.config.deny_admin_ports.ports
	covers(rule, port)
	msg := sprintf("port %d is open to the internet", [port])
}

from_everywhere(rule) if "0.0.0.0/0" in rule.cidrBlocks

from_everywhere(rule) if "::/0" in rule.ipv6CidrBlocks

covers(rule, _) if rule.protocol == "-1"

covers(rule, port) if {
	rule.protocol == "tcp"
	rule.fromPort <= port
	port <= rule.toPort
}

tagged_types := {"aws:s3/bucket:Bucket", "aws:ec2/instance:Instance", "aws:rds/instance:Instance"}

# METADATA
# title: Required tags are there
# description: Buckets, instances and databases have the tags that say whose they are.
# custom:
#   severity: medium
#   remediation: Tag the resource.
warn_required_tags contains msg if {
	input.__type in tagged_types
	some tag in data.config.warn_required_tags.tags
	not input.tags[tag]
	msg := sprintf("tag %s is missing", [tag])
}
