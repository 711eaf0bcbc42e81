package aws_foundations

import rego.v1

a_group(rules) := {"__type": "aws:ec2/securityGroup:SecurityGroup", "name": "g", "vpcId": "vpc-1", "ingress": rules, "egress": []}

opening(protocol, first, last, sources) := object.union({"protocol": protocol, "fromPort": first, "toPort": last, "self": false}, sources)

world := {"cidrBlocks": ["0.0.0.0/0"]}

world6 := {"ipv6CidrBlocks": ["::/0"]}

office := {"cidrBlocks": ["192.0.2.0/24"], "ipv6CidrBlocks": ["2001:db8::/32"], "securityGroups": ["sg-2"], "prefixListIds": ["pl-1"]}

test_deny_security_group_admin_ipv4_finds_ssh if {
	deny_security_group_admin_ipv4 == {"port 22 is open to 0.0.0.0/0 (tcp 22)"} with input as a_group([opening("tcp", 22, 22, world)])
}

test_deny_security_group_admin_ipv4_finds_a_range_over_both if {
	deny_security_group_admin_ipv4 == {"port 22 is open to 0.0.0.0/0 (tcp 20-4000)", "port 3389 is open to 0.0.0.0/0 (tcp 20-4000)"} with input as a_group([opening("tcp", 20, 4000, world)])
}

test_deny_security_group_admin_ipv4_finds_all_protocols if {
	count(deny_security_group_admin_ipv4) == 2 with input as a_group([opening("-1", 0, 0, world)])
}

test_deny_security_group_admin_ipv4_finds_rdp_over_udp if {
	deny_security_group_admin_ipv4 == {"port 3389 is open to 0.0.0.0/0 (udp 3389)"} with input as a_group([opening("udp", 3389, 3389, world)])
}

test_deny_security_group_admin_ipv4_finds_everyone_beside_others if {
	count(deny_security_group_admin_ipv4) == 1 with input as a_group([opening("tcp", 22, 22, {"cidrBlocks": ["0.0.0.0/0", "192.0.2.0/24"]})])
}

test_deny_security_group_admin_ipv4_finds_what_is_configured if {
	deny_security_group_admin_ipv4 == {"port 5986 is open to 0.0.0.0/0 (tcp 5986)"} with input as a_group([opening("tcp", 5986, 5986, world)])
		with data.config as {"deny_security_group_admin_ipv4": {"ports": [22, 5986]}}
}

test_deny_security_group_admin_ipv4_passes_other_sources if {
	count(deny_security_group_admin_ipv4) == 0 with input as a_group([opening("tcp", 22, 22, office), opening("-1", 0, 0, {"self": true})])
}

test_deny_security_group_admin_ipv4_passes_other_ports if {
	count(deny_security_group_admin_ipv4) == 0 with input as a_group([opening("tcp", 443, 443, world), opening("tcp", 23, 3388, world)])
}

test_deny_security_group_admin_ipv4_passes_icmp_types if {
	count(deny_security_group_admin_ipv4) == 0 with input as a_group([opening("icmp", 3, 30, world), opening("icmp", -1, -1, world)])
}

test_deny_security_group_admin_ipv4_passes_ipv6 if {
	count(deny_security_group_admin_ipv4) == 0 with input as a_group([opening("tcp", 22, 22, world6)])
}

test_deny_security_group_admin_ipv4_passes_no_rules if count(deny_security_group_admin_ipv4) == 0 with input as a_group([])

test_deny_security_group_admin_ipv6_finds_rdp if {
	deny_security_group_admin_ipv6 == {"port 3389 is open to ::/0 (tcp 3389)"} with input as a_group([opening("tcp", 3389, 3389, world6)])
}

test_deny_security_group_admin_ipv6_finds_all_protocols if {
	deny_security_group_admin_ipv6 == {"port 22 is open to ::/0 (all protocols)", "port 3389 is open to ::/0 (all protocols)"} with input as a_group([opening("-1", 0, 0, world6)])
}

test_deny_security_group_admin_ipv6_finds_what_is_configured if {
	count(deny_security_group_admin_ipv6) == 1 with input as a_group([opening("tcp", 23, 23, world6)])
		with data.config as {"deny_security_group_admin_ipv6": {"ports": [23]}}
}

test_deny_security_group_admin_ipv6_passes_ipv4 if {
	count(deny_security_group_admin_ipv6) == 0 with input as a_group([opening("tcp", 22, 22, world)])
}

test_deny_security_group_admin_ipv6_passes_other_sources if {
	count(deny_security_group_admin_ipv6) == 0 with input as a_group([opening("tcp", 22, 22, office), opening("tcp", 443, 443, world6)])
}

test_deny_security_group_all_traffic_finds_all_protocols if {
	deny_security_group_all_traffic == {"every port is open to 0.0.0.0/0 (all protocols)"} with input as a_group([opening("-1", 0, 0, world)])
}

test_deny_security_group_all_traffic_finds_every_tcp_port if {
	deny_security_group_all_traffic == {"every port is open to ::/0 (tcp 0-65535)"} with input as a_group([opening("tcp", 0, 65535, world6)])
	deny_security_group_all_traffic == {"every port is open to 0.0.0.0/0 (udp 1-65535)"} with input as a_group([opening("udp", 1, 65535, world)])
}

test_deny_security_group_all_traffic_passes_a_range if {
	count(deny_security_group_all_traffic) == 0 with input as a_group([opening("tcp", 1024, 65535, world), opening("icmp", -1, -1, world)])
}

test_deny_security_group_all_traffic_passes_other_sources if {
	count(deny_security_group_all_traffic) == 0 with input as a_group([opening("-1", 0, 0, office)])
}

test_deny_security_group_sensitive_ports_finds_them if {
	deny_security_group_sensitive_ports == {
		"sensitive ports are open to 0.0.0.0/0 (tcp 3306): 3306",
		"sensitive ports are open to ::/0 (tcp 9000-9300): 9092, 9200, 9300",
	} with input as a_group([opening("tcp", 3306, 3306, world), opening("tcp", 9000, 9300, world6)])
}

test_deny_security_group_sensitive_ports_finds_all_protocols if {
	count(deny_security_group_sensitive_ports) == 1 with input as a_group([opening("-1", 0, 0, world)])
}

test_deny_security_group_sensitive_ports_finds_what_is_configured if {
	count(deny_security_group_sensitive_ports) == 1 with input as a_group([opening("tcp", 8080, 8080, world)])
		with data.config as {"deny_security_group_sensitive_ports": {"ports": [8080]}}
}

test_deny_security_group_sensitive_ports_passes_web if {
	count(deny_security_group_sensitive_ports) == 0 with input as a_group([opening("tcp", 80, 80, world), opening("tcp", 443, 443, world6)])
}

test_deny_security_group_sensitive_ports_passes_other_sources if {
	count(deny_security_group_sensitive_ports) == 0 with input as a_group([opening("tcp", 3306, 3306, office)])
}

default_group(ingress, egress) := {"__type": "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", "vpcId": "vpc-1", "ingress": ingress, "egress": egress}

test_deny_default_security_group_finds_what_aws_makes if {
	deny_default_security_group == {"the default group has rules: 1 inbound, 1 outbound"} with input as default_group([opening("-1", 0, 0, {"self": true})], [opening("-1", 0, 0, world)])
}

test_deny_default_security_group_finds_outbound_alone if {
	deny_default_security_group == {"the default group has rules: 0 inbound, 1 outbound"} with input as default_group([], [opening("-1", 0, 0, world)])
}

test_deny_default_security_group_passes_without_rules if count(deny_default_security_group) == 0 with input as default_group([], [])

test_deny_default_security_group_passes_other_groups if {
	count(deny_default_security_group) == 0 with input as a_group([opening("tcp", 22, 22, world)])
}
