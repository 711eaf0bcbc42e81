package aws_foundations

import rego.v1

# METADATA
# title: No remote administration from every IPv4 address
# description: SSH and RDP (or the configured ports) are not open to 0.0.0.0/0, also not as part of a range of ports.
# custom:
#   severity: high
#   remediation: Limit the rule to the addresses of your office or VPN, or use Session Manager and remove it.
#   tags: [ec2, public]
#   controls:
#     - {framework: CIS AWS Foundations Benchmark, version: 3.0.0, id: "5.2"}
deny_security_group_admin_ipv4 contains msg if {
	input.__type == "aws:ec2/securityGroup:SecurityGroup"
	some rule in list(input.ingress)
	some cidr in rule.cidrBlocks
	boundless(cidr)
	some port in setting("deny_security_group_admin_ipv4", "ports")
	reaches(rule, port)
	msg := sprintf("port %d is open to %s (%s)", [port, cidr, rule_text(rule)])
}

# METADATA
# title: No remote administration from every IPv6 address
# description: SSH and RDP (or the configured ports) are not open to ::/0, also not as part of a range of ports.
# custom:
#   severity: high
#   remediation: Limit the rule to the addresses of your office or VPN, or use Session Manager and remove it.
#   tags: [ec2, public]
#   controls:
#     - {framework: CIS AWS Foundations Benchmark, version: 3.0.0, id: "5.3"}
deny_security_group_admin_ipv6 contains msg if {
	input.__type == "aws:ec2/securityGroup:SecurityGroup"
	some rule in list(input.ingress)
	some cidr in rule.ipv6CidrBlocks
	boundless(cidr)
	some port in setting("deny_security_group_admin_ipv6", "ports")
	reaches(rule, port)
	msg := sprintf("port %d is open to %s (%s)", [port, cidr, rule_text(rule)])
}

# METADATA
# title: No group is open to all traffic
# description: No inbound rule opens every port to every address.
# custom:
#   severity: critical
#   remediation: Replace the rule by rules for the ports that the service needs.
#   tags: [ec2, public]
#   controls:
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: EC2.18}
deny_security_group_all_traffic contains msg if {
	input.__type == "aws:ec2/securityGroup:SecurityGroup"
	some rule in list(input.ingress)
	some cidr in every_address(rule)
	reaches(rule, 1)
	reaches(rule, 65535)
	msg := sprintf("every port is open to %s (%s)", [cidr, rule_text(rule)])
}

# METADATA
# title: No sensitive ports are open to everyone
# description: >-
#   Databases, file shares, mail, and consoles without a password are not open to every address. The ports can be
#   configured. SSH and RDP have policies of their own.
# custom:
#   severity: high
#   remediation: Limit the rule to the security groups of the clients.
#   tags: [ec2, public]
#   controls:
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: EC2.19}
deny_security_group_sensitive_ports contains msg if {
	input.__type == "aws:ec2/securityGroup:SecurityGroup"
	some rule in list(input.ingress)
	some cidr in every_address(rule)
	ports := [text |
		some port in setting("deny_security_group_sensitive_ports", "ports")
		reaches(rule, port)
		text := format_int(port, 10)
	]
	count(ports) > 0
	msg := sprintf("sensitive ports are open to %s (%s): %s", [cidr, rule_text(rule), concat(", ", ports)])
}

# METADATA
# title: Default security groups allow nothing
# description: >-
#   What is started without naming a group gets the VPC's default one. When that allows nothing, forgetting a group is
#   noticed at once.
# custom:
#   severity: medium
#   remediation: Move what uses the default group to groups of their own, then remove all of its rules.
#   tags: [ec2]
#   controls:
#     - {framework: CIS AWS Foundations Benchmark, version: 3.0.0, id: "5.4"}
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: EC2.2}
deny_default_security_group contains msg if {
	input.__type == "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
	inbound := count(list(input.ingress))
	outbound := count(list(input.egress))
	inbound + outbound > 0
	msg := sprintf("the default group has rules: %d inbound, %d outbound", [inbound, outbound])
}

# reaches is true when a rule opens a port. All protocols are all ports; what
# ICMP has in place of ports is its types.
reaches(rule, _) if rule.protocol == "-1"

reaches(rule, port) if {
	rule.protocol in {"tcp", "udp", "6", "17"}
	rule.fromPort <= port
	port <= rule.toPort
}

# every_address are the sources of a rule that are all of IPv4 or IPv6.
every_address(rule) := [cidr | some kind in ["cidrBlocks", "ipv6CidrBlocks"]; some cidr in rule[kind]; boundless(cidr)]

# rule_text is how messages call a rule.
rule_text(rule) := "all protocols" if rule.protocol == "-1"

rule_text(rule) := sprintf("%s %d", [rule.protocol, rule.fromPort]) if {
	rule.protocol != "-1"
	rule.fromPort == rule.toPort
}

rule_text(rule) := sprintf("%s %d-%d", [rule.protocol, rule.fromPort, rule.toPort]) if {
	rule.protocol != "-1"
	rule.fromPort != rule.toPort
}
