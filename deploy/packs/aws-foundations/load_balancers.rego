package aws_foundations

import rego.v1

# METADATA
# title: Listeners redirect plain HTTP
# description: >-
#   A listener for HTTP of an application load balancer answers with a redirect to HTTPS and nothing else.
# custom:
#   severity: medium
#   remediation: >-
#     Make a redirect to HTTPS the listener's default action, and see that its rules do not answer otherwise.
#   tags: [elb, encryption]
#   controls:
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: ELB.1}
deny_listener_plain_http contains "the listener does not redirect plain HTTP to HTTPS" if {
	input.__type == "aws:lb/listener:Listener"
	not gateway_listener
	not listener_without_http
	not redirects_to_https
}

gateway_listener if contains(input.loadBalancerArn, ":loadbalancer/gwy/")

listener_without_http if input.protocol in {"HTTPS", "TLS", "TCP", "UDP", "TCP_UDP", "QUIC", "TCP_QUIC", "GENEVE"}

redirects_to_https if {
	some action in input.defaultActions
	action.redirect.protocol == "HTTPS"
}

# METADATA
# title: Listeners ask for TLS 1.2
# description: The security policy of an HTTPS or TLS listener lets nobody in with a version of TLS before 1.2.
# custom:
#   severity: medium
#   remediation: Choose a security policy such as ELBSecurityPolicy-TLS13-1-2-Res-2021-06 for the listener.
#   tags: [elb, encryption]
#   controls:
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: ELB.17}
deny_listener_tls_policy contains msg if {
	input.__type == "aws:lb/listener:Listener"
	not gateway_listener
	not listener_without_tls
	not current_tls_policy
	msg := sprintf("the listener's security policy %v does not ask for TLS 1.2 at least", [object.get(input, "sslPolicy", "(none)")])
}

listener_without_tls if input.protocol in {"HTTP", "TCP", "UDP", "TCP_UDP", "QUIC", "TCP_QUIC", "GENEVE"}

# The names say which version is the least.
current_tls_policy if regex.match(`^ELBSecurityPolicy-(TLS13-1-[23]-|TLS-1-2-|FS-1-2-)`, input.sslPolicy)

# METADATA
# title: Load balancers drop invalid headers
# description: >-
#   Headers that break the rules of HTTP, as request smuggling sends them, do not reach the targets of an application
#   load balancer.
# custom:
#   severity: medium
#   remediation: Turn on "drop invalid header fields" among the attributes of the load balancer.
#   tags: [elb]
#   controls:
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: ELB.4}
deny_load_balancer_headers contains "the load balancer passes invalid headers on" if {
	input.__type == "aws:lb/loadBalancer:LoadBalancer"
	not balancer_without_http
	not input.dropInvalidHeaderFields == true
}

balancer_without_http if input.loadBalancerType in {"network", "gateway"}

# METADATA
# title: Load balancers are protected from deletion
# description: With deletion protection, nobody deletes a load balancer and its address by mistake.
# custom:
#   severity: low
#   remediation: Turn on deletion protection among the attributes of the load balancer.
#   tags: [elb]
#   controls:
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: ELB.6}
warn_load_balancer_deletion contains "the load balancer is not protected from deletion" if {
	input.__type == "aws:lb/loadBalancer:LoadBalancer"
	not input.enableDeletionProtection == true
}

# METADATA
# title: Load balancers log access
# description: >-
#   Access logs tell who asked for what, and when. Network load balancers log TLS listeners alone and are left out, as
#   are gateway load balancers, which have no logs.
# custom:
#   severity: medium
#   remediation: Turn on access logs, to a bucket whose policy lets Elastic Load Balancing write.
#   tags: [elb, logging]
#   controls:
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: ELB.5}
warn_load_balancer_logging contains "the load balancer does not log access" if {
	input.__type == "aws:lb/loadBalancer:LoadBalancer"
	not balancer_without_http
	not input.accessLogs.enabled == true
}

warn_load_balancer_logging contains "the load balancer does not log access" if {
	input.__type == "aws:elb/loadBalancer:LoadBalancer"
	not input.accessLogs.enabled == true
}

# METADATA
# title: Classic listeners use TLS
# description: Each listener of a classic load balancer takes HTTPS or TLS from its clients.
# custom:
#   severity: medium
#   remediation: Replace the listener by one for HTTPS or SSL, or move to an application load balancer that redirects.
#   tags: [elb, encryption]
#   controls:
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: ELB.3}
deny_classic_listener_plain contains msg if {
	input.__type == "aws:elb/loadBalancer:LoadBalancer"
	some listener in list(input.listeners)
	not classic_tls(listener)
	msg := sprintf("the listener of port %v takes %v", [object.get(listener, "lbPort", "?"), object.get(listener, "lbProtocol", "no protocol")])
}

classic_tls(listener) if lower(listener.lbProtocol) in {"https", "ssl"}

# METADATA
# title: Classic load balancers balance across zones
# description: >-
#   Requests go to the instances of all zones alike, so that one zone with few instances, or none that is healthy, does
#   not fail its share of the clients.
# custom:
#   severity: low
#   remediation: Turn on cross-zone load balancing among the attributes of the load balancer.
#   tags: [elb]
#   controls:
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: ELB.9}
warn_classic_cross_zone contains "the load balancer does not balance across zones" if {
	input.__type == "aws:elb/loadBalancer:LoadBalancer"
	not input.crossZoneLoadBalancing == true
}
