package aws

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/insights-scanner/insights-scanner/discovery"
)

// elbAttribute is a property that is one of the attributes, which are all texts.
type elbAttribute struct {
	property, key string
	value         func(string) any
	kinds         []types.LoadBalancerTypeEnum // that have it
}

func flagText(s string) any  { return s == "true" }
func plainText(s string) any { return s }

const (
	application = types.LoadBalancerTypeEnumApplication
	network     = types.LoadBalancerTypeEnumNetwork
	gateway     = types.LoadBalancerTypeEnumGateway
)

// lbAttributes have the kinds that the type LoadBalancerAttribute of the API has.
var lbAttributes = []elbAttribute{
	{"enableDeletionProtection", "deletion_protection.enabled", flagText, []types.LoadBalancerTypeEnum{application, network, gateway}},
	{"enableCrossZoneLoadBalancing", "load_balancing.cross_zone.enabled", flagText, []types.LoadBalancerTypeEnum{application, network, gateway}},
	{"enableZonalShift", "zonal_shift.config.enabled", flagText, []types.LoadBalancerTypeEnum{application, network}},
	{"idleTimeout", "idle_timeout.timeout_seconds", number, []types.LoadBalancerTypeEnum{application}},
	{"clientKeepAlive", "client_keep_alive.seconds", number, []types.LoadBalancerTypeEnum{application}},
	{"desyncMitigationMode", "routing.http.desync_mitigation_mode", plainText, []types.LoadBalancerTypeEnum{application}},
	{"dropInvalidHeaderFields", "routing.http.drop_invalid_header_fields.enabled", flagText, []types.LoadBalancerTypeEnum{application}},
	{"preserveHostHeader", "routing.http.preserve_host_header.enabled", flagText, []types.LoadBalancerTypeEnum{application}},
	{"enableTlsVersionAndCipherSuiteHeaders", "routing.http.x_amzn_tls_version_and_cipher_suite.enabled", flagText, []types.LoadBalancerTypeEnum{application}},
	{"enableXffClientPort", "routing.http.xff_client_port.enabled", flagText, []types.LoadBalancerTypeEnum{application}},
	{"xffHeaderProcessingMode", "routing.http.xff_header_processing.mode", plainText, []types.LoadBalancerTypeEnum{application}},
	{"enableHttp2", "routing.http2.enabled", flagText, []types.LoadBalancerTypeEnum{application}},
	{"enableWafFailOpen", "waf.fail_open.enabled", flagText, []types.LoadBalancerTypeEnum{application}},
	{"dnsRecordClientRoutingPolicy", "dns_record.client_routing_policy", plainText, []types.LoadBalancerTypeEnum{network}},
	{"secondaryIpsAutoAssignedPerSubnet", "secondary_ips.auto_assigned.per_subnet", number, []types.LoadBalancerTypeEnum{network}},
}

// lbLogs are written to S3, each as three attributes.
var lbLogs = []elbAttribute{
	{"accessLogs", "access_logs.s3.", nil, []types.LoadBalancerTypeEnum{application, network}},
	{"connectionLogs", "connection_logs.s3.", nil, []types.LoadBalancerTypeEnum{application}},
	{"healthCheckLogs", "health_check_logs.s3.", nil, []types.LoadBalancerTypeEnum{application}},
}

// of tells whether a load balancer of a kind has the attribute; where the kind is
// not told it may have.
func (a elbAttribute) of(kind types.LoadBalancerTypeEnum) bool {
	return kind == "" || slices.Contains(a.kinds, kind)
}

func projectLoadBalancer(region string, lb types.LoadBalancer, f facet, attributes map[string]string, capacityF facet, capacity any, tagsF facet, tags map[string]any) discovery.Observation {
	arn := aws.ToString(lb.LoadBalancerArn)
	listed := facetOf(listLoadBalancers.action, nil)
	d := newDocument()
	d.set("region", region)
	d.set("arn", arn)
	d.set("name", aws.ToString(lb.LoadBalancerName))
	d.facet("loadBalancerType", listed.need(lb.Type != ""), func() any { return string(lb.Type) })
	d.facet("internal", listed.need(lb.Scheme != ""), func() any { return lb.Scheme == types.LoadBalancerSchemeEnumInternal })
	d.set("ipAddressType", string(lb.IpAddressType))
	d.set("securityGroups", sortedStrings(lb.SecurityGroups))
	d.set("customerOwnedIpv4Pool", aws.ToString(lb.CustomerOwnedIpv4Pool))
	d.set("enablePrefixForIpv6SourceNat", string(lb.EnablePrefixForIpv6SourceNat))
	d.set("enforceSecurityGroupInboundRulesOnPrivateLinkTraffic", aws.ToString(lb.EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic))
	if p := lb.IpamPools; p != nil && p.Ipv4IpamPoolId != nil {
		d.set("ipamPools", map[string]any{"ipv4IpamPoolId": *p.Ipv4IpamPoolId})
	}
	setSubnets(d, lb.AvailabilityZones)
	d.facet("tags", tagsF, func() any { return tags })
	for _, a := range lbAttributes {
		if v, there := attributes[a.key]; a.of(lb.Type) {
			d.facet(a.property, f.need(there), func() any { return a.value(v) })
		}
	}
	for _, a := range lbLogs {
		if enabled, there := attributes[a.key+"enabled"]; a.of(lb.Type) {
			d.facet(a.property, f.need(there), func() any {
				logs := newDocument()
				logs.set("enabled", enabled == "true")
				logs.set("bucket", attributes[a.key+"bucket"])
				logs.set("prefix", attributes[a.key+"prefix"])
				return logs.properties
			})
		}
	}
	d.facet("minimumLoadBalancerCapacity", capacityF, func() any { return capacity })
	sortUnknown(d)
	return d.observe(region, typeLoadBalancer, arn, aws.ToString(lb.LoadBalancerName), elbv2Projection)
}

// setSubnets gives the subnets in both of their forms.
func setSubnets(d *document, zones []types.AvailabilityZone) {
	subnets, mappings := []string{}, []any{}
	for _, z := range zones {
		if z.SubnetId == nil {
			continue
		}
		subnets = append(subnets, *z.SubnetId)
		m := newDocument()
		m.set("subnetId", *z.SubnetId)
		m.set("outpostId", aws.ToString(z.OutpostId))
		for _, a := range z.LoadBalancerAddresses {
			m.set("allocationId", aws.ToString(a.AllocationId))
			m.set("privateIpv4Address", aws.ToString(a.PrivateIPv4Address))
			m.set("ipv6Address", aws.ToString(a.IPv6Address))
		}
		mappings = append(mappings, m.properties)
	}
	sortByJSON(mappings)
	d.set("subnets", sortedStrings(subnets))
	d.set("subnetMappings", mappings)
}

func projectListener(region string, l types.Listener, f facet, attributes map[string]string, tagsF facet, tags map[string]any) discovery.Observation {
	arn := aws.ToString(l.ListenerArn)
	d := newDocument()
	d.set("region", region)
	d.set("arn", arn)
	d.set("loadBalancerArn", aws.ToString(l.LoadBalancerArn))
	listed := facetOf(listListeners.action, nil)
	if !isGateway(l) { // whose listeners have neither
		d.facet("port", listed.need(l.Port != nil), func() any { return optional(l.Port) })
		d.facet("protocol", listed.need(l.Protocol != ""), func() any { return string(l.Protocol) })
	}
	if l.Protocol == types.ProtocolEnumHttps || l.Protocol == types.ProtocolEnumTls {
		d.facet("sslPolicy", listed.need(l.SslPolicy != nil), func() any { return *l.SslPolicy })
	}
	d.set("alpnPolicy", strings.Join(l.AlpnPolicy, ",")) // the list has one element
	if len(l.Certificates) > 0 {                         // the default one; others are resources of their own
		d.set("certificateArn", aws.ToString(l.Certificates[0].CertificateArn))
	}
	if m := l.MutualAuthentication; m != nil {
		mutual := newDocument()
		mutual.set("mode", aws.ToString(m.Mode))
		mutual.set("trustStoreArn", aws.ToString(m.TrustStoreArn))
		mutual.set("ignoreClientCertificateExpiry", optional(m.IgnoreClientCertificateExpiry))
		mutual.set("advertiseTrustStoreCaNames", string(m.AdvertiseTrustStoreCaNames))
		d.set("mutualAuthentication", mutual.properties)
	}
	actions := make([]any, len(l.DefaultActions))
	for i, a := range l.DefaultActions {
		actions[i] = listenerAction(a)
	}
	d.facet("defaultActions", listed.need(len(actions) > 0), func() any { return actions })
	d.facet("tags", tagsF, func() any { return tags })
	setListenerAttributes(d, l, f, attributes)
	sortUnknown(d)
	return d.observe(region, typeListener, arn, listenerName(l), elbv2Projection)
}

// listenerName is the load balancer's with the port: listeners have no name.
func listenerName(l types.Listener) string {
	name := aws.ToString(l.LoadBalancerArn)
	if p := strings.Split(name, "/"); len(p) == 4 { // arn…:loadbalancer/app/name/id
		name = p[2]
	}
	if l.Port == nil {
		return name
	}
	return fmt.Sprintf("%s:%d", name, *l.Port)
}

// listenerAction has no clientSecret: AWS takes it and never gives it back.
func listenerAction(a types.Action) map[string]any {
	d := newDocument()
	d.set("type", string(a.Type))
	d.set("order", optional(a.Order))
	d.set("targetGroupArn", aws.ToString(a.TargetGroupArn))
	if r := a.RedirectConfig; r != nil {
		d.set("redirect", texts(map[string]string{
			"statusCode": string(r.StatusCode), "protocol": aws.ToString(r.Protocol), "port": aws.ToString(r.Port),
			"host": aws.ToString(r.Host), "path": aws.ToString(r.Path), "query": aws.ToString(r.Query),
		}))
	}
	if r := a.FixedResponseConfig; r != nil {
		d.set("fixedResponse", texts(map[string]string{
			"statusCode": aws.ToString(r.StatusCode), "contentType": aws.ToString(r.ContentType), "messageBody": aws.ToString(r.MessageBody),
		}))
	}
	d.set("forward", forwardAction(a.ForwardConfig))
	if c := a.AuthenticateCognitoConfig; c != nil {
		m := texts(map[string]string{
			"userPoolArn": aws.ToString(c.UserPoolArn), "userPoolClientId": aws.ToString(c.UserPoolClientId), "userPoolDomain": aws.ToString(c.UserPoolDomain),
			"onUnauthenticatedRequest": string(c.OnUnauthenticatedRequest), "scope": aws.ToString(c.Scope), "sessionCookieName": aws.ToString(c.SessionCookieName),
		})
		d.set("authenticateCognito", withSession(m, c.SessionTimeout, c.AuthenticationRequestExtraParams))
	}
	if c := a.AuthenticateOidcConfig; c != nil {
		m := texts(map[string]string{
			"authorizationEndpoint": aws.ToString(c.AuthorizationEndpoint), "clientId": aws.ToString(c.ClientId), "issuer": aws.ToString(c.Issuer),
			"tokenEndpoint": aws.ToString(c.TokenEndpoint), "userInfoEndpoint": aws.ToString(c.UserInfoEndpoint),
			"onUnauthenticatedRequest": string(c.OnUnauthenticatedRequest), "scope": aws.ToString(c.Scope), "sessionCookieName": aws.ToString(c.SessionCookieName),
		})
		d.set("authenticateOidc", withSession(m, c.SessionTimeout, c.AuthenticationRequestExtraParams))
	}
	if c := a.JwtValidationConfig; c != nil {
		claims := make([]any, len(c.AdditionalClaims))
		for i, k := range c.AdditionalClaims {
			claims[i] = map[string]any{"format": string(k.Format), "name": aws.ToString(k.Name), "values": sortedStrings(k.Values)}
		}
		sortByJSON(claims)
		jwt := newDocument()
		jwt.set("issuer", aws.ToString(c.Issuer))
		jwt.set("jwksEndpoint", aws.ToString(c.JwksEndpoint))
		jwt.set("additionalClaims", claims)
		d.set("jwtValidation", jwt.properties)
	}
	return d.properties
}

// texts leaves out what is empty.
func texts(of map[string]string) map[string]any {
	d := newDocument()
	for name, v := range of {
		d.set(name, v)
	}
	return d.properties
}

func withSession(m map[string]any, timeout *int64, extra map[string]string) map[string]any {
	if timeout != nil {
		m["sessionTimeout"] = int(*timeout)
	}
	if len(extra) > 0 {
		m["authenticationRequestExtraParams"] = texts(extra)
	}
	return m
}

func forwardAction(c *types.ForwardActionConfig) any {
	if c == nil {
		return nil
	}
	groups := make([]any, len(c.TargetGroups))
	for i, g := range c.TargetGroups {
		group := newDocument()
		group.set("arn", aws.ToString(g.TargetGroupArn))
		group.set("weight", optional(g.Weight))
		groups[i] = group.properties
	}
	sortByJSON(groups)
	d := newDocument()
	d.set("targetGroups", groups)
	if s := c.TargetGroupStickinessConfig; s != nil {
		stickiness := newDocument()
		stickiness.set("enabled", optional(s.Enabled))
		stickiness.set("duration", optional(s.DurationSeconds))
		d.set("stickiness", stickiness.properties)
	}
	return d.properties
}

// groupAttributes are properties of a target group; which of them there are
// depends on protocol and target type, and the answer leaves out the others.
var groupAttributes = []elbAttribute{
	{property: "deregistrationDelay", key: "deregistration_delay.timeout_seconds", value: number},
	{property: "connectionTermination", key: "deregistration_delay.connection_termination.enabled", value: flagText},
	{property: "slowStart", key: "slow_start.duration_seconds", value: number},
	{property: "loadBalancingAlgorithmType", key: "load_balancing.algorithm.type", value: plainText},
	{property: "loadBalancingAnomalyMitigation", key: "load_balancing.algorithm.anomaly_mitigation", value: plainText},
	{property: "loadBalancingCrossZoneEnabled", key: "load_balancing.cross_zone.enabled", value: plainText},
	{property: "lambdaMultiValueHeadersEnabled", key: "lambda.multi_value_headers.enabled", value: flagText},
	{property: "preserveClientIp", key: "preserve_client_ip.enabled", value: plainText}, // a text in Pulumi
	{property: "proxyProtocolV2", key: "proxy_protocol_v2.enabled", value: flagText},
}

func projectTargetGroup(region string, g types.TargetGroup, f facet, attributes map[string]string, tagsF facet, tags map[string]any) discovery.Observation {
	arn := aws.ToString(g.TargetGroupArn)
	d := newDocument()
	d.set("region", region)
	d.set("arn", arn)
	d.set("name", aws.ToString(g.TargetGroupName))
	d.set("targetType", string(g.TargetType))
	d.set("protocol", string(g.Protocol))
	d.set("protocolVersion", aws.ToString(g.ProtocolVersion))
	d.set("port", optional(g.Port))
	d.set("targetControlPort", optional(g.TargetControlPort))
	d.set("vpcId", aws.ToString(g.VpcId))
	d.set("ipAddressType", string(g.IpAddressType))
	d.set("loadBalancerArns", sortedStrings(g.LoadBalancerArns))
	check := newDocument()
	check.set("enabled", optional(g.HealthCheckEnabled))
	check.set("interval", optional(g.HealthCheckIntervalSeconds))
	check.set("path", aws.ToString(g.HealthCheckPath))
	check.set("port", aws.ToString(g.HealthCheckPort))
	check.set("protocol", string(g.HealthCheckProtocol))
	check.set("timeout", optional(g.HealthCheckTimeoutSeconds))
	check.set("healthyThreshold", optional(g.HealthyThresholdCount))
	check.set("unhealthyThreshold", optional(g.UnhealthyThresholdCount))
	if m := g.Matcher; m != nil {
		check.set("matcher", aws.ToString(m.HttpCode)+aws.ToString(m.GrpcCode)) // one of the two
	}
	d.set("healthCheck", check.properties)
	d.facet("tags", tagsF, func() any { return tags })
	for _, a := range groupAttributes {
		d.facet(a.property, f, func() any { return attributeOf(attributes, a.key, a.value) })
	}
	d.facet("stickiness", f, func() any { return groupStickiness(attributes) })
	d.facet("targetGroupHealth", f, func() any { return groupHealth(attributes) })
	d.facet("targetHealthStates", f, func() any {
		return inList(parts(attributes, "target_health_state.unhealthy.", []elbAttribute{
			{property: "enableUnhealthyConnectionTermination", key: "connection_termination.enabled", value: flagText},
			{property: "unhealthyDrainingInterval", key: "draining_interval_seconds", value: number},
		}))
	})
	d.facet("targetFailovers", f, func() any {
		return inList(parts(attributes, "target_failover.", []elbAttribute{
			{property: "onDeregistration", key: "on_deregistration", value: plainText}, {property: "onUnhealthy", key: "on_unhealthy", value: plainText},
		}))
	})
	sortUnknown(d)
	return d.observe(region, typeTargetGroup, arn, aws.ToString(g.TargetGroupName), elbv2Projection)
}

func attributeOf(attributes map[string]string, key string, value func(string) any) any {
	v, there := attributes[key]
	if !there {
		return nil
	}
	return value(v)
}

// parts are the attributes of a prefix, as an object.
func parts(attributes map[string]string, prefix string, list []elbAttribute) map[string]any {
	d := newDocument()
	for _, a := range list {
		d.set(a.property, attributeOf(attributes, prefix+a.key, a.value))
	}
	return d.properties
}

func inList(m map[string]any) []any {
	if len(m) == 0 {
		return nil
	}
	return []any{m}
}

func groupStickiness(attributes map[string]string) any {
	list := []elbAttribute{{property: "enabled", key: "enabled", value: flagText}, {property: "type", key: "type", value: plainText}}
	switch attributes["stickiness.type"] {
	case "lb_cookie":
		list = append(list, elbAttribute{property: "cookieDuration", key: "lb_cookie.duration_seconds", value: number})
	case "app_cookie":
		list = append(list, elbAttribute{property: "cookieDuration", key: "app_cookie.duration_seconds", value: number},
			elbAttribute{property: "cookieName", key: "app_cookie.cookie_name", value: plainText})
	}
	return parts(attributes, "stickiness.", list)
}

func groupHealth(attributes map[string]string) any {
	const prefix = "target_group_health."
	d := newDocument()
	d.set("dnsFailover", parts(attributes, prefix+"dns_failover.minimum_healthy_targets.", []elbAttribute{
		{property: "minimumHealthyTargetsCount", key: "count", value: plainText}, // "off" is one
		{property: "minimumHealthyTargetsPercentage", key: "percentage", value: plainText},
	}))
	d.set("unhealthyStateRouting", parts(attributes, prefix+"unhealthy_state_routing.minimum_healthy_targets.", []elbAttribute{
		{property: "minimumHealthyTargetsCount", key: "count", value: number},
		{property: "minimumHealthyTargetsPercentage", key: "percentage", value: plainText},
	}))
	return d.properties
}
