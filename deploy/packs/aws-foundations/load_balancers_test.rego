package aws_foundations

import rego.v1

a_listener(extra) := object.union({"__type": "aws:lb/listener:Listener", "loadBalancerArn": "arn:aws:elasticloadbalancing:r:1:loadbalancer/app/a/1"}, extra)

forward_action := {"type": "forward", "targetGroupArn": "tg"}

redirect_to(protocol) := {"type": "redirect", "redirect": {"protocol": protocol, "port": "443", "statusCode": "HTTP_301"}}

test_deny_listener_plain_http_finds_forwarding if {
	deny_listener_plain_http == {"the listener does not redirect plain HTTP to HTTPS"} with input as a_listener({"protocol": "HTTP", "defaultActions": [forward_action]})
}

test_deny_listener_plain_http_finds_another_redirect if {
	count(deny_listener_plain_http) == 1 with input as a_listener({"protocol": "HTTP", "defaultActions": [redirect_to("HTTP")]})
}

test_deny_listener_plain_http_finds_what_is_not_said if count(deny_listener_plain_http) == 1 with input as a_listener({})

test_deny_listener_plain_http_passes_a_redirect if {
	count(deny_listener_plain_http) == 0 with input as a_listener({"protocol": "HTTP", "defaultActions": [redirect_to("HTTPS")]})
}

test_deny_listener_plain_http_passes_https if count(deny_listener_plain_http) == 0 with input as a_listener({"protocol": "HTTPS", "defaultActions": [forward_action]})

gateway_arn := "arn:aws:elasticloadbalancing:r:1:loadbalancer/gwy/g/1"

test_deny_listener_plain_http_passes_a_gateway if {
	count(deny_listener_plain_http) == 0 with input as a_listener({"loadBalancerArn": gateway_arn, "defaultActions": [forward_action]})
}

test_deny_listener_tls_policy_finds_the_old_default if {
	deny_listener_tls_policy == {"the listener's security policy ELBSecurityPolicy-2016-08 does not ask for TLS 1.2 at least"} with input as a_listener({"protocol": "HTTPS", "sslPolicy": "ELBSecurityPolicy-2016-08"})
}

test_deny_listener_tls_policy_finds_tls_1_0_beside_1_3 if {
	count(deny_listener_tls_policy) == 1 with input as a_listener({"protocol": "TLS", "sslPolicy": "ELBSecurityPolicy-TLS13-1-0-2021-06"})
}

test_deny_listener_tls_policy_finds_none if {
	deny_listener_tls_policy == {"the listener's security policy (none) does not ask for TLS 1.2 at least"} with input as a_listener({"protocol": "HTTPS"})
}

test_deny_listener_tls_policy_passes_current_ones if {
	every name in ["TLS13-1-2-2021-06", "TLS13-1-2-Res-2021-06", "TLS13-1-3-2021-06", "TLS13-1-2-FIPS-2023-04", "TLS-1-2-2017-01", "TLS-1-2-Ext-2018-06", "FS-1-2-Res-2020-10"] {
		count(deny_listener_tls_policy) == 0 with input as a_listener({"protocol": "HTTPS", "sslPolicy": concat("-", ["ELBSecurityPolicy", name])})
	}
}

test_deny_listener_tls_policy_passes_http if count(deny_listener_tls_policy) == 0 with input as a_listener({"protocol": "HTTP"})

test_deny_listener_tls_policy_passes_a_gateway if count(deny_listener_tls_policy) == 0 with input as a_listener({"loadBalancerArn": gateway_arn})

a_balancer(extra) := object.union({"__type": "aws:lb/loadBalancer:LoadBalancer", "loadBalancerType": "application"}, extra)

test_deny_load_balancer_headers_finds_them_passed_on if {
	deny_load_balancer_headers == {"the load balancer passes invalid headers on"} with input as a_balancer({"dropInvalidHeaderFields": false})
}

test_deny_load_balancer_headers_finds_what_is_not_said if count(deny_load_balancer_headers) == 1 with input as a_balancer({})

test_deny_load_balancer_headers_passes_when_dropped if count(deny_load_balancer_headers) == 0 with input as a_balancer({"dropInvalidHeaderFields": true})

test_deny_load_balancer_headers_passes_a_network_one if count(deny_load_balancer_headers) == 0 with input as a_balancer({"loadBalancerType": "network"})

test_warn_load_balancer_deletion_finds_it_off if {
	warn_load_balancer_deletion == {"the load balancer is not protected from deletion"} with input as a_balancer({"enableDeletionProtection": false})
}

test_warn_load_balancer_deletion_passes_when_on if count(warn_load_balancer_deletion) == 0 with input as a_balancer({"enableDeletionProtection": true})

a_classic(extra) := object.union({"__type": "aws:elb/loadBalancer:LoadBalancer", "name": "c"}, extra)

test_warn_load_balancer_logging_finds_it_off if {
	warn_load_balancer_logging == {"the load balancer does not log access"} with input as a_balancer({"accessLogs": {"enabled": false}})
}

test_warn_load_balancer_logging_finds_a_classic_one if {
	warn_load_balancer_logging == {"the load balancer does not log access"} with input as a_classic({"accessLogs": {"enabled": false}})
}

test_warn_load_balancer_logging_passes_when_on if count(warn_load_balancer_logging) == 0 with input as a_balancer({"accessLogs": {"enabled": true}})

test_warn_load_balancer_logging_passes_a_classic_one if count(warn_load_balancer_logging) == 0 with input as a_classic({"accessLogs": {"enabled": true}})

test_warn_load_balancer_logging_passes_a_gateway if count(warn_load_balancer_logging) == 0 with input as a_balancer({"loadBalancerType": "gateway"})

test_deny_classic_listener_plain_finds_http_beside_https if {
	deny_classic_listener_plain == {"the listener of port 80 takes http"} with input as a_classic({"listeners": [{"lbPort": 80, "lbProtocol": "http"}, {"lbPort": 443, "lbProtocol": "https"}]})
}

test_deny_classic_listener_plain_finds_what_is_not_said if {
	deny_classic_listener_plain == {"the listener of port 80 takes no protocol"} with input as a_classic({"listeners": [{"lbPort": 80}]})
}

test_deny_classic_listener_plain_passes_tls if {
	count(deny_classic_listener_plain) == 0 with input as a_classic({"listeners": [{"lbPort": 443, "lbProtocol": "HTTPS"}, {"lbPort": 8443, "lbProtocol": "ssl"}]})
}

test_warn_classic_cross_zone_finds_it_off if {
	warn_classic_cross_zone == {"the load balancer does not balance across zones"} with input as a_classic({"crossZoneLoadBalancing": false})
}

test_warn_classic_cross_zone_passes_when_on if count(warn_classic_cross_zone) == 0 with input as a_classic({"crossZoneLoadBalancing": true})
