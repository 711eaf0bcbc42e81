package aws

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
	"github.com/insights-scanner/insights-scanner/schemas"
)

const (
	elbHome = "arn:aws:elasticloadbalancing:us-east-1:123456789012:"
	lbARN   = elbHome + "loadbalancer/app/load-balancer-000000/0000000000000000"
	lb2ARN  = elbHome + "loadbalancer/app/load-balancer-000001/0000000000000001"
)

func balanced(n int) *account {
	return newAccount(awsfake.Population{More: map[string]int{"loadBalancer": n, "targetGroup": n}})
}

// elbAnswer wraps the result of an action of Elastic Load Balancing, with the
// attributes of a list of names and values.
func elbAnswer(action, result string, attributes ...string) string {
	var b strings.Builder
	for i := 0; i < len(attributes); i += 2 {
		b.WriteString("<member><Key>" + attributes[i] + "</Key><Value>" + attributes[i+1] + "</Value></member>")
	}
	if len(attributes) > 0 {
		result += "<Attributes>" + b.String() + "</Attributes>"
	}
	return iamAnswer(action, result)
}

// Load balancers of the three kinds with all that they can have.
var fullBalancers = elbAnswer("DescribeLoadBalancers", `<LoadBalancers>
<member><LoadBalancerArn>`+elbHome+`loadbalancer/app/web/1</LoadBalancerArn><LoadBalancerName>web</LoadBalancerName><Scheme>internal</Scheme><Type>application</Type>
<AvailabilityZones><member><ZoneName>b</ZoneName><SubnetId>subnet-2</SubnetId><OutpostId>op-1</OutpostId></member><member><ZoneName>a</ZoneName><SubnetId>subnet-1</SubnetId></member></AvailabilityZones>
<SecurityGroups><member>sg-2</member><member>sg-1</member></SecurityGroups><IpAddressType>dualstack</IpAddressType><CustomerOwnedIpv4Pool>pool</CustomerOwnedIpv4Pool><IpamPools><Ipv4IpamPoolId>ipam-1</Ipv4IpamPoolId></IpamPools></member>
<member><LoadBalancerArn>`+elbHome+`loadbalancer/net/tcp/2</LoadBalancerArn><LoadBalancerName>tcp</LoadBalancerName><Scheme>internet-facing</Scheme><Type>network</Type>
<AvailabilityZones><member><SubnetId>subnet-1</SubnetId><LoadBalancerAddresses><member><AllocationId>eipalloc-1</AllocationId><PrivateIPv4Address>10.0.0.1</PrivateIPv4Address><IPv6Address>::1</IPv6Address></member></LoadBalancerAddresses></member></AvailabilityZones>
<EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic>on</EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic><EnablePrefixForIpv6SourceNat>off</EnablePrefixForIpv6SourceNat></member>
<member><LoadBalancerArn>`+elbHome+`loadbalancer/gwy/gw/3</LoadBalancerArn><LoadBalancerName>gw</LoadBalancerName><Scheme>internal</Scheme><Type>gateway</Type></member></LoadBalancers>`)

var fullBalancerAttributes = elbAnswer("DescribeLoadBalancerAttributes", "",
	"deletion_protection.enabled", "true", "load_balancing.cross_zone.enabled", "true", "zonal_shift.config.enabled", "true",
	"access_logs.s3.enabled", "true", "access_logs.s3.bucket", "logs", "access_logs.s3.prefix", "p",
	"connection_logs.s3.enabled", "true", "connection_logs.s3.bucket", "logs", "health_check_logs.s3.enabled", "false", "health_check_logs.s3.bucket", "",
	"idle_timeout.timeout_seconds", "70", "client_keep_alive.seconds", "3600", "routing.http.desync_mitigation_mode", "strictest",
	"routing.http.drop_invalid_header_fields.enabled", "true", "routing.http.preserve_host_header.enabled", "true",
	"routing.http.x_amzn_tls_version_and_cipher_suite.enabled", "true", "routing.http.xff_client_port.enabled", "true",
	"routing.http.xff_header_processing.mode", "remove", "routing.http2.enabled", "false", "waf.fail_open.enabled", "false",
	"dns_record.client_routing_policy", "any_availability_zone", "secondary_ips.auto_assigned.per_subnet", "2")

func fullListener(arn, rest string) string {
	return "<member><ListenerArn>" + elbHome + "listener/" + arn + "</ListenerArn>" + rest + "</member>"
}

// The first load balancer has them all; the others are the kinds of their own.
func fullListeners(_ string, q url.Values) answer {
	lb := q.Get("LoadBalancerArn")
	of := "<LoadBalancerArn>" + lb + "</LoadBalancerArn>"
	var list string
	switch {
	case strings.Contains(lb, "/app/"):
		list = fullListener("app/web/1/1", of+`<Port>80</Port><Protocol>HTTP</Protocol><DefaultActions><member><Type>redirect</Type><Order>1</Order>`+
			`<RedirectConfig><Protocol>HTTPS</Protocol><Port>443</Port><Host>#{host}</Host><Path>/#{path}</Path><Query>#{query}</Query><StatusCode>HTTP_301</StatusCode></RedirectConfig></member></DefaultActions>`) +
			fullListener("app/web/1/2", of+`<Port>443</Port><Protocol>HTTPS</Protocol><SslPolicy>ELBSecurityPolicy-TLS13-1-2-2021-06</SslPolicy>`+
				`<Certificates><member><CertificateArn>arn:cert</CertificateArn></member></Certificates>`+
				`<MutualAuthentication><Mode>verify</Mode><TrustStoreArn>arn:trust</TrustStoreArn><IgnoreClientCertificateExpiry>false</IgnoreClientCertificateExpiry><AdvertiseTrustStoreCaNames>on</AdvertiseTrustStoreCaNames></MutualAuthentication>`+
				`<DefaultActions><member><Type>authenticate-oidc</Type><Order>1</Order><AuthenticateOidcConfig><Issuer>i</Issuer><AuthorizationEndpoint>a</AuthorizationEndpoint><TokenEndpoint>t</TokenEndpoint>`+
				`<UserInfoEndpoint>u</UserInfoEndpoint><ClientId>c</ClientId><SessionCookieName>s</SessionCookieName><Scope>openid</Scope><SessionTimeout>60</SessionTimeout><OnUnauthenticatedRequest>deny</OnUnauthenticatedRequest>`+
				`<AuthenticationRequestExtraParams><entry><key>display</key><value>page</value></entry></AuthenticationRequestExtraParams></AuthenticateOidcConfig></member>`+
				`<member><Type>authenticate-cognito</Type><Order>2</Order><AuthenticateCognitoConfig><UserPoolArn>p</UserPoolArn><UserPoolClientId>c</UserPoolClientId><UserPoolDomain>d</UserPoolDomain><SessionTimeout>60</SessionTimeout></AuthenticateCognitoConfig></member>`+
				`<member><Type>jwt-validation</Type><Order>3</Order><JwtValidationConfig><JwksEndpoint>j</JwksEndpoint><Issuer>i</Issuer><AdditionalClaims><member><Format>single-string</Format><Name>n</Name><Values><member>v</member></Values></member></AdditionalClaims></JwtValidationConfig></member>`+
				`<member><Type>forward</Type><Order>4</Order><TargetGroupArn>tg-2</TargetGroupArn><ForwardConfig><TargetGroups><member><TargetGroupArn>tg-2</TargetGroupArn><Weight>9</Weight></member><member><TargetGroupArn>tg-1</TargetGroupArn><Weight>1</Weight></member></TargetGroups>`+
				`<TargetGroupStickinessConfig><Enabled>true</Enabled><DurationSeconds>60</DurationSeconds></TargetGroupStickinessConfig></ForwardConfig></member></DefaultActions>`) +
			fullListener("app/web/1/3", of+`<Port>8080</Port><Protocol>HTTP</Protocol><DefaultActions><member><Type>fixed-response</Type><FixedResponseConfig><StatusCode>404</StatusCode><ContentType>text/plain</ContentType><MessageBody>no</MessageBody></FixedResponseConfig></member></DefaultActions>`)
	case strings.Contains(lb, "/net/"):
		list = fullListener("net/tcp/2/1", of+`<Port>443</Port><Protocol>TLS</Protocol><AlpnPolicy><member>HTTP2Only</member></AlpnPolicy><DefaultActions><member><Type>forward</Type><TargetGroupArn>tg-3</TargetGroupArn></member></DefaultActions>`)
	default:
		list = fullListener("gwy/gw/3/1", of+`<DefaultActions><member><Type>forward</Type><TargetGroupArn>tg-4</TargetGroupArn></member></DefaultActions>`)
	}
	return answer{http.StatusOK, elbAnswer("DescribeListeners", "<Listeners>"+list+"</Listeners>")}
}

func fullListenerTags(_ string, q url.Values) answer {
	list := ""
	for i := 1; q.Get(fmt.Sprintf("ResourceArns.member.%d", i)) != ""; i++ {
		list += "<member><ResourceArn>" + q.Get(fmt.Sprintf("ResourceArns.member.%d", i)) + "</ResourceArn><Tags><member><Key>owner</Key><Value>team</Value></member></Tags></member>"
	}
	return answer{http.StatusOK, elbAnswer("DescribeTags", "<TagDescriptions>"+list+"</TagDescriptions>")}
}

func group(name, rest string) string {
	return "<member><TargetGroupArn>" + elbHome + "targetgroup/" + name + "/1</TargetGroupArn><TargetGroupName>" + name + "</TargetGroupName>" + rest + "</member>"
}

var fullGroups = elbAnswer("DescribeTargetGroups", "<TargetGroups>"+
	group("http", `<Protocol>HTTP</Protocol><ProtocolVersion>GRPC</ProtocolVersion><Port>80</Port><TargetControlPort>81</TargetControlPort><VpcId>vpc-1</VpcId><TargetType>ip</TargetType><IpAddressType>ipv4</IpAddressType>`+
		`<HealthCheckProtocol>HTTP</HealthCheckProtocol><HealthCheckPort>traffic-port</HealthCheckPort><HealthCheckEnabled>true</HealthCheckEnabled><HealthCheckIntervalSeconds>30</HealthCheckIntervalSeconds>`+
		`<HealthCheckTimeoutSeconds>5</HealthCheckTimeoutSeconds><HealthyThresholdCount>5</HealthyThresholdCount><UnhealthyThresholdCount>2</UnhealthyThresholdCount><HealthCheckPath>/h</HealthCheckPath>`+
		`<Matcher><GrpcCode>0</GrpcCode></Matcher><LoadBalancerArns><member>b</member><member>a</member></LoadBalancerArns>`)+
	group("tcp", `<Protocol>TCP</Protocol><TargetType>instance</TargetType><HealthCheckEnabled>false</HealthCheckEnabled>`)+
	group("gwy", `<Protocol>GENEVE</Protocol><TargetType>ip</TargetType>`)+"</TargetGroups>")

func fullGroupAttributes(_ string, q url.Values) answer {
	list := []string{"deregistration_delay.timeout_seconds", "300", "stickiness.enabled", "true"}
	switch arn := q.Get("TargetGroupArn"); {
	case strings.Contains(arn, "/http/"):
		list = append(list, "stickiness.type", "app_cookie", "stickiness.app_cookie.cookie_name", "c", "stickiness.app_cookie.duration_seconds", "60",
			"load_balancing.algorithm.type", "weighted_random", "load_balancing.algorithm.anomaly_mitigation", "on", "load_balancing.cross_zone.enabled", "use_load_balancer_configuration",
			"slow_start.duration_seconds", "30", "lambda.multi_value_headers.enabled", "false",
			"target_group_health.dns_failover.minimum_healthy_targets.count", "1", "target_group_health.dns_failover.minimum_healthy_targets.percentage", "off",
			"target_group_health.unhealthy_state_routing.minimum_healthy_targets.count", "1", "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage", "off")
	case strings.Contains(arn, "/tcp/"):
		list = append(list, "stickiness.type", "source_ip", "deregistration_delay.connection_termination.enabled", "true", "preserve_client_ip.enabled", "true", "proxy_protocol_v2.enabled", "false",
			"target_health_state.unhealthy.connection_termination.enabled", "false", "target_health_state.unhealthy.draining_interval_seconds", "10")
	default:
		list = append(list, "target_failover.on_deregistration", "rebalance", "target_failover.on_unhealthy", "rebalance")
	}
	return answer{http.StatusOK, elbAnswer("DescribeTargetGroupAttributes", "", list...)}
}

func TestGoldenLoadBalancers(t *testing.T) {
	t.Parallel()
	golden(t, "elbv2", balanced(2).read(t, elbv2Service, home).sorted())
	a := balanced(0).says("elasticloadbalancing:DescribeLoadBalancers", fullBalancers).says("elasticloadbalancing:DescribeLoadBalancerAttributes", fullBalancerAttributes).
		asked("elasticloadbalancing:DescribeListeners", fullListeners).asked("elasticloadbalancing:DescribeTags", fullListenerTags).
		says("elasticloadbalancing:DescribeTargetGroups", fullGroups).asked("elasticloadbalancing:DescribeTargetGroupAttributes", fullGroupAttributes)
	golden(t, "elbv2-full", a.read(t, elbv2Service, home).sorted())
	no := iamError("AccessDenied")
	a = balanced(1).fails("elasticloadbalancing:DescribeLoadBalancerAttributes", http.StatusForbidden, no).fails("elasticloadbalancing:DescribeTargetGroupAttributes", http.StatusForbidden, no)
	a.fails("elasticloadbalancing:DescribeTags", http.StatusForbidden, no)
	golden(t, "elbv2-denied", a.fails("tagging:GetResources", http.StatusBadRequest, jsonError("AccessDeniedException")).read(t, elbv2Service, home).sorted())
	no = iamError("InternalFailure")
	a = balanced(1).fails("elasticloadbalancing:DescribeLoadBalancerAttributes", http.StatusInternalServerError, no).fails("elasticloadbalancing:DescribeTargetGroupAttributes", http.StatusInternalServerError, no)
	golden(t, "elbv2-failed", a.read(t, elbv2Service, home).sorted())
	// Attributes that are not in the answer are not "off", nor are tags "none".
	a = balanced(0).says("elasticloadbalancing:DescribeLoadBalancers", elbAnswer("DescribeLoadBalancers", "<LoadBalancers><member><LoadBalancerArn>"+lbARN+"</LoadBalancerArn></member></LoadBalancers>")).
		says("elasticloadbalancing:DescribeLoadBalancerAttributes", elbAnswer("DescribeLoadBalancerAttributes", "")).
		says("elasticloadbalancing:DescribeListeners", elbAnswer("DescribeListeners", "<Listeners>"+fullListener("app/web/1/1", "")+"</Listeners>")).
		says("elasticloadbalancing:DescribeTags", elbAnswer("DescribeTags", "")).
		says("elasticloadbalancing:DescribeTargetGroups", elbAnswer("DescribeTargetGroups", "<TargetGroups>"+group("silent", "")+"</TargetGroups>")).
		says("elasticloadbalancing:DescribeTargetGroupAttributes", elbAnswer("DescribeTargetGroupAttributes", ""))
	golden(t, "elbv2-silent", a.read(t, elbv2Service, home).sorted())
}

// What is deleted after it was listed is not there, and what belongs to it neither.
func TestLoadBalancerDeletedMeanwhile(t *testing.T) {
	t.Parallel()
	a := balanced(2)
	for operation, code := range map[string]string{
		"DescribeLoadBalancerAttributes": "LoadBalancerNotFound", "DescribeListeners": "LoadBalancerNotFound", "DescribeTargetGroupAttributes": "TargetGroupNotFound",
	} {
		a.asked("elasticloadbalancing:"+operation, func(_ string, q url.Values) answer {
			if strings.Contains(q.Get("LoadBalancerArn")+q.Get("TargetGroupArn"), "-000000") {
				return answer{http.StatusBadRequest, iamError(code)}
			}
			return answer{}
		})
	}
	s := a.read(t, elbv2Service, home)
	for _, token := range []string{typeLoadBalancer, typeListener, typeTargetGroup} {
		if s.count(token) != 1 || s.scopes[token].State != schemas.ScopeComplete {
			t.Errorf("%d of %s, %+v", s.count(token), token, s.scopes[token])
		}
	}
}

// A listener that is gone when tags are read does not take the tags of others with it.
func TestListenerDeletedMeanwhile(t *testing.T) {
	t.Parallel()
	a := balanced(3).asked("elasticloadbalancing:DescribeTags", func(_ string, q url.Values) answer {
		if strings.Contains(q.Encode(), "load-balancer-000001") {
			return answer{http.StatusBadRequest, iamError("ListenerNotFound")}
		}
		return answer{}
	})
	s := a.read(t, elbv2Service, home)
	if s.count(typeListener) != 2 || s.scopes[typeListener].State != schemas.ScopeComplete {
		t.Errorf("%d listeners, %+v", s.count(typeListener), s.scopes[typeListener])
	}
	for _, o := range s.list {
		if o.Type == typeListener && o.Properties["tags"] == nil {
			t.Errorf("%s has no tags", o.Key)
		}
	}
}

// One load balancer whose listeners cannot be read leaves the scope of listeners
// open; those of others, on pages to come as well, are read.
func TestListenersOfOneLoadBalancerFail(t *testing.T) {
	t.Parallel()
	a := smallPages(balanced(5)).asked("elasticloadbalancing:DescribeListeners", func(_ string, q url.Values) answer {
		if q.Get("LoadBalancerArn") == lbARN {
			return refusal("elasticloadbalancing:", "InternalFailure", 500)
		}
		return answer{}
	})
	s := a.read(t, elbv2Service, home)
	if e := s.scopes[typeListener]; e.State != schemas.ScopeFailed || e.Call != listListeners.action || e.Reason != "InternalFailure" || e.Seen != 4 {
		t.Errorf("%+v", e)
	}
	if e := s.scopes[typeLoadBalancer]; e.State != schemas.ScopeComplete || e.Seen != 5 {
		t.Errorf("%+v", e)
	}
}

func TestListenersOfManyPages(t *testing.T) {
	t.Parallel()
	fail := false
	a := balanced(1).asked("elasticloadbalancing:DescribeTags", fullListenerTags).asked("elasticloadbalancing:DescribeListeners", func(_ string, q url.Values) answer {
		switch {
		case q.Get("PageSize") != "400":
			return refusal("elasticloadbalancing:", "Unpaged", 400)
		case q.Get("Marker") == "":
			return answer{http.StatusOK, elbAnswer("DescribeListeners", "<Listeners>"+fullListener("app/web/1/1", "<Port>80</Port>")+"</Listeners><NextMarker>1</NextMarker>")}
		case fail:
			return refusal("elasticloadbalancing:", "InternalFailure", 500)
		default:
			return answer{http.StatusOK, elbAnswer("DescribeListeners", "<Listeners>"+fullListener("app/web/1/2", "<Port>443</Port>")+"</Listeners>")}
		}
	})
	if s := a.read(t, elbv2Service, home); s.count(typeListener) != 2 || s.scopes[typeListener].State != schemas.ScopeComplete {
		t.Errorf("%d listeners, %+v", s.count(typeListener), s.scopes[typeListener])
	}
	fail = true
	if e := a.read(t, elbv2Service, home).scopes[typeListener]; e.State != schemas.ScopeFailed || e.Call != listListeners.action {
		t.Errorf("%+v", e)
	}
}

// removedOrThere verifies one key of each type as it is there, gone and refused.
func removedOrThere(t *testing.T, svc *service, population awsfake.Population, operations map[string]string, keys ...schemas.Key) {
	t.Helper()
	for _, k := range keys {
		a := newAccount(population)
		missing := k
		missing.ID = strings.Replace(k.ID, "00000", "99999", 1)
		emitted, gone, err := a.verify(t, svc, k, missing)
		if err != nil || len(emitted) != 1 || emitted[0].Key != k || !slices.Equal(gone, []schemas.Key{missing}) {
			t.Errorf("%s is there: emitted %v, gone %v, %v", k, emitted, gone, err)
			continue
		}
		// What is read directly is what the list says of it, or it would count as changed.
		if listed, ok := newAccount(population).read(t, svc, k.Region).one(k.Type, k.ID); !ok || encode(listed) != encode(emitted[0]) {
			t.Errorf("%s is\n%s\nread directly, and\n%s\nin the list", k, encode(emitted[0]), encode(listed))
		}
		a.fake.SetFaults(awsfake.Faults{Removed: []string{k.ID}})
		if emitted, gone, err := a.verify(t, svc, k); err != nil || len(emitted) != 0 || len(gone) != 1 {
			t.Errorf("%s is removed: emitted %v, gone %v, %v", k, emitted, gone, err)
		}
		a.fake.SetFaults(awsfake.Faults{})
		for code, status := range map[string]int{"AccessDenied": 403, "InternalError": 500} {
			no := refusal(operations[k.Type], code, status)
			a.fails(operations[k.Type], no.status, no.body)
			if emitted, gone, err := a.verify(t, svc, k); err == nil || len(emitted)+len(gone) != 0 {
				t.Errorf("%s, %s: emitted %v, gone %v, %v", k, code, emitted, gone, err)
			}
		}
	}
}

func TestVerifyLoadBalancers(t *testing.T) {
	t.Parallel()
	key := func(token, id string) schemas.Key { return schemas.Key{Region: home, Type: token, ID: id} }
	removedOrThere(t, elbv2Service, awsfake.Population{More: map[string]int{"*": 2}}, map[string]string{
		typeLoadBalancer: "elasticloadbalancing:DescribeLoadBalancers", typeListener: "elasticloadbalancing:DescribeListeners", typeTargetGroup: "elasticloadbalancing:DescribeTargetGroups",
	}, key(typeLoadBalancer, lb2ARN), key(typeListener, elbHome+"listener/app/load-balancer-000001/0000000000000001/0000000000000001"),
		key(typeTargetGroup, elbHome+"targetgroup/target-group-000001/0000000000000001"))
}
