from compare import UNTOLD, resource

BALANCER, LISTENER, GROUP = "aws:lb/loadBalancer:LoadBalancer", "aws:lb/listener:Listener", "aws:lb/targetGroup:TargetGroup"

EXPLAINED = {}

FLAG, NUMBER, TEXT = (lambda v: v == "true"), int, str

# By property: the attribute, what its text means, and the kinds that have it.
BALANCER_ATTRIBUTES = {
    "enableDeletionProtection": ("deletion_protection.enabled", FLAG, "application network gateway"),
    "enableCrossZoneLoadBalancing": ("load_balancing.cross_zone.enabled", FLAG, "application network gateway"),
    "enableZonalShift": ("zonal_shift.config.enabled", FLAG, "application network"),
    "idleTimeout": ("idle_timeout.timeout_seconds", NUMBER, "application"),
    "clientKeepAlive": ("client_keep_alive.seconds", NUMBER, "application"),
    "desyncMitigationMode": ("routing.http.desync_mitigation_mode", TEXT, "application"),
    "dropInvalidHeaderFields": ("routing.http.drop_invalid_header_fields.enabled", FLAG, "application"),
    "preserveHostHeader": ("routing.http.preserve_host_header.enabled", FLAG, "application"),
    "enableTlsVersionAndCipherSuiteHeaders": ("routing.http.x_amzn_tls_version_and_cipher_suite.enabled", FLAG, "application"),
    "enableXffClientPort": ("routing.http.xff_client_port.enabled", FLAG, "application"),
    "xffHeaderProcessingMode": ("routing.http.xff_header_processing.mode", TEXT, "application"),
    "enableHttp2": ("routing.http2.enabled", FLAG, "application"),
    "enableWafFailOpen": ("waf.fail_open.enabled", FLAG, "application"),
    "dnsRecordClientRoutingPolicy": ("dns_record.client_routing_policy", TEXT, "network"),
    "secondaryIpsAutoAssignedPerSubnet": ("secondary_ips.auto_assigned.per_subnet", NUMBER, "network"),
}
BALANCER_LOGS = {
    "accessLogs": ("access_logs.s3", "application network"),
    "connectionLogs": ("connection_logs.s3", "application"),
    "healthCheckLogs": ("health_check_logs.s3", "application"),
}
GROUP_ATTRIBUTES = {
    "deregistrationDelay": ("deregistration_delay.timeout_seconds", NUMBER),
    "connectionTermination": ("deregistration_delay.connection_termination.enabled", FLAG),
    "slowStart": ("slow_start.duration_seconds", NUMBER),
    "loadBalancingAlgorithmType": ("load_balancing.algorithm.type", TEXT),
    "loadBalancingAnomalyMitigation": ("load_balancing.algorithm.anomaly_mitigation", TEXT),
    "loadBalancingCrossZoneEnabled": ("load_balancing.cross_zone.enabled", TEXT),
    "lambdaMultiValueHeadersEnabled": ("lambda.multi_value_headers.enabled", FLAG),
    "preserveClientIp": ("preserve_client_ip.enabled", TEXT),
    "proxyProtocolV2": ("proxy_protocol_v2.enabled", FLAG),
}
# By property: the attribute, and the protocols of listeners that have it.
LISTENER_ATTRIBUTES = {
    "tcpIdleTimeoutSeconds": ("tcp.idle_timeout.seconds", "TCP"),
    "routingHttpResponseServerEnabled": ("routing.http.response.server.enabled", "HTTP HTTPS"),
    **{f"routingHttpResponse{n}HeaderValue": (f"routing.http.response.{k}.header_value", "HTTP HTTPS") for n, k in {
        "StrictTransportSecurity": "strict_transport_security", "AccessControlAllowOrigin": "access_control_allow_origin",
        "AccessControlAllowMethods": "access_control_allow_methods", "AccessControlAllowHeaders": "access_control_allow_headers",
        "AccessControlAllowCredentials": "access_control_allow_credentials", "AccessControlExposeHeaders": "access_control_expose_headers",
        "AccessControlMaxAge": "access_control_max_age", "ContentSecurityPolicy": "content_security_policy",
        "XContentTypeOptions": "x_content_type_options", "XFrameOptions": "x_frame_options"}.items()},
    **{f"routingHttpRequestXAmzn{n}HeaderName": (f"routing.http.request.x_amzn_{k}.header_name", "HTTPS") for n, k in {
        "MtlsClientcert": "mtls_clientcert", "MtlsClientcertIssuer": "mtls_clientcert_issuer", "MtlsClientcertLeaf": "mtls_clientcert_leaf",
        "MtlsClientcertSerialNumber": "mtls_clientcert_serial_number", "MtlsClientcertSubject": "mtls_clientcert_subject",
        "MtlsClientcertValidity": "mtls_clientcert_validity", "TlsCipherSuite": "tls_cipher_suite", "TlsVersion": "tls_version"}.items()},
}
LISTENER_MEANINGS = {"tcpIdleTimeoutSeconds": NUMBER, "routingHttpResponseServerEnabled": FLAG}


def seed(aws):
    ec2, elb = aws("ec2"), aws("elbv2")
    vpc = ec2.create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"]
    subnets = [ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.7.{i}.0/24", AvailabilityZone=z)["Subnet"]["SubnetId"]
               for i, z in enumerate(["us-east-1a", "us-east-1b"])]
    group = ec2.create_security_group(GroupName="edge", Description="edge", VpcId=vpc)["GroupId"]
    cert = aws("acm").request_certificate(DomainName="edge.example.com")["CertificateArn"]

    def balancer(name, **more):
        return elb.create_load_balancer(Name=name, **more)["LoadBalancers"][0]["LoadBalancerArn"]

    web = balancer("web", Subnets=subnets, SecurityGroups=[group], Scheme="internal", Tags=[{"Key": "owner", "Value": "shop"}])
    tcp = balancer("tcp", Type="network", Scheme="internet-facing", SubnetMappings=[{"SubnetId": subnets[0]}])
    balancer("bare", Subnets=subnets, Scheme="internet-facing")
    elb.modify_load_balancer_attributes(LoadBalancerArn=web, Attributes=[{"Key": k, "Value": v} for k, v in {
        "deletion_protection.enabled": "true", "idle_timeout.timeout_seconds": "90", "routing.http.drop_invalid_header_fields.enabled": "true",
        "routing.http2.enabled": "false", "routing.http.desync_mitigation_mode": "strictest"}.items()])

    def targets(name, **more):
        return elb.create_target_group(Name=name, **more)["TargetGroups"][0]["TargetGroupArn"]

    http = targets("http", Protocol="HTTP", Port=8080, VpcId=vpc, TargetType="ip", HealthCheckPath="/health", Matcher={"HttpCode": "200-299"},
                   HealthCheckIntervalSeconds=20, HealthCheckTimeoutSeconds=10, HealthyThresholdCount=3, UnhealthyThresholdCount=4, Tags=[{"Key": "owner", "Value": "shop"}])
    other = targets("other", Protocol="HTTP", Port=8081, VpcId=vpc)
    plain = targets("plain", Protocol="TCP", Port=1000, VpcId=vpc)
    elb.modify_target_group_attributes(TargetGroupArn=http, Attributes=[{"Key": k, "Value": v} for k, v in {
        "deregistration_delay.timeout_seconds": "60", "stickiness.enabled": "true", "stickiness.type": "lb_cookie",
        "stickiness.lb_cookie.duration_seconds": "600", "slow_start.duration_seconds": "30", "load_balancing.algorithm.type": "least_outstanding_requests"}.items()])
    front = elb.create_listener(LoadBalancerArn=web, Protocol="HTTP", Port=80, Tags=[{"Key": "owner", "Value": "shop"}], DefaultActions=[
        {"Type": "redirect", "Order": 1, "RedirectConfig": {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}}])["Listeners"][0]["ListenerArn"]
    elb.modify_listener_attributes(ListenerArn=front, Attributes=[{"Key": k, "Value": v} for k, v in {
        "routing.http.response.server.enabled": "false", "routing.http.response.x_frame_options.header_value": "DENY"}.items()])
    elb.create_listener(LoadBalancerArn=web, Protocol="HTTPS", Port=443, SslPolicy="ELBSecurityPolicy-TLS-1-2-2017-01", Certificates=[{"CertificateArn": cert}], DefaultActions=[
        {"Type": "forward", "ForwardConfig": {"TargetGroups": [{"TargetGroupArn": http, "Weight": 3}, {"TargetGroupArn": other, "Weight": 1}],
                                              "TargetGroupStickinessConfig": {"Enabled": True, "DurationSeconds": 60}}}])
    elb.create_listener(LoadBalancerArn=web, Protocol="HTTP", Port=8080, DefaultActions=[
        {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404", "ContentType": "text/plain", "MessageBody": "no"}}])
    elb.create_listener(LoadBalancerArn=tcp, Protocol="TCP", Port=1000, DefaultActions=[{"Type": "forward", "TargetGroupArn": plain}])


def expected(aws):
    elb = aws("elbv2")

    def tags(arn):
        return {t["Key"]: t["Value"] for t in elb.describe_tags(ResourceArns=[arn])["TagDescriptions"][0]["Tags"]}

    for lb in elb.describe_load_balancers()["LoadBalancers"]:
        yield balancer(elb, lb, tags(lb["LoadBalancerArn"]))
        for li in elb.describe_listeners(LoadBalancerArn=lb["LoadBalancerArn"])["Listeners"]:
            yield resource(LISTENER, li["ListenerArn"], f"{lb['LoadBalancerName']}:{li['Port']}", {
                "region": "us-east-1", "arn": li["ListenerArn"], "loadBalancerArn": lb["LoadBalancerArn"], "port": li["Port"], "protocol": li["Protocol"],
                "sslPolicy": li.get("SslPolicy") if li["Protocol"] == "HTTPS" else None,
                "certificateArn": next((c["CertificateArn"] for c in li.get("Certificates", [])), None),
                "defaultActions": [action(a) for a in li["DefaultActions"]], "tags": tags(li["ListenerArn"]),
            }, demand=listener_attributes(elb, li))
    for g in elb.describe_target_groups()["TargetGroups"]:
        yield target_group(elb, g, tags(g["TargetGroupArn"]))


def listener_attributes(elb, li):
    """Of an attribute that moto does not list, nothing is told."""
    a = {x["Key"]: x["Value"] for x in elb.describe_listener_attributes(ListenerArn=li["ListenerArn"])["Attributes"]}
    names = [n for n, (_, protocols) in LISTENER_ATTRIBUTES.items() if li["Protocol"] in protocols.split()]
    return {n: LISTENER_MEANINGS.get(n, TEXT)(a[LISTENER_ATTRIBUTES[n][0]]) if LISTENER_ATTRIBUTES[n][0] in a else UNTOLD for n in names}


def balancer(elb, lb, tags):
    arn, kind = lb["LoadBalancerArn"], lb["Type"]
    a = {x["Key"]: x["Value"] for x in elb.describe_load_balancer_attributes(LoadBalancerArn=arn)["Attributes"]}
    p = {"region": "us-east-1", "arn": arn, "name": lb["LoadBalancerName"], "loadBalancerType": kind, "internal": lb["Scheme"] == "internal",
         "ipAddressType": lb.get("IpAddressType"), "securityGroups": sorted(lb.get("SecurityGroups", [])), "tags": tags,
         "subnets": sorted(z["SubnetId"] for z in lb["AvailabilityZones"]),
         "subnetMappings": [{"subnetId": s} for s in sorted(z["SubnetId"] for z in lb["AvailabilityZones"])]}
    unknown = []
    capacity = elb.describe_capacity_reservation(LoadBalancerArn=arn).get("MinimumLoadBalancerCapacity")
    for name, (key, meaning, kinds) in BALANCER_ATTRIBUTES.items():
        if kind in kinds.split() and key in a:
            p[name] = meaning(a[key])
        elif kind in kinds.split():
            unknown.append(name)  # moto leaves it out
    for name, (key, kinds) in BALANCER_LOGS.items():
        if kind in kinds.split() and key + ".enabled" in a:
            p[name] = {"enabled": a[key + ".enabled"] == "true"}
            p[name].update({n: a[f"{key}.{n}"] for n in ["bucket", "prefix"] if a.get(f"{key}.{n}") not in (None, "")})
        elif kind in kinds.split():
            unknown.append(name)
    return resource(BALANCER, arn, lb["LoadBalancerName"], p, unknown=unknown,
                    demand={"minimumLoadBalancerCapacity": capacity and {"capacityUnits": capacity["CapacityUnits"]}})


def action(a):
    out = {"type": a["Type"], "order": a.get("Order"), "targetGroupArn": a.get("TargetGroupArn")}
    for name in ["RedirectConfig", "FixedResponseConfig"]:
        out[name[0].lower() + name[1:-6]] = {k[0].lower() + k[1:]: v for k, v in a.get(name, {}).items()}
    if "ForwardConfig" in a:
        f = a["ForwardConfig"]
        groups = [{k: v for k, v in {"arn": g["TargetGroupArn"], "weight": g.get("Weight")}.items() if v is not None} for g in f.get("TargetGroups", [])]
        s = f.get("TargetGroupStickinessConfig")
        out["forward"] = {"targetGroups": sorted(groups, key=lambda g: g["arn"])}
        if s:
            out["forward"]["stickiness"] = {k: v for k, v in {"enabled": s.get("Enabled"), "duration": s.get("DurationSeconds")}.items() if v is not None}
    return {k: v for k, v in out.items() if v not in (None, {}, "")}


def target_group(elb, g, tags):
    arn = g["TargetGroupArn"]
    a = {x["Key"]: x["Value"] for x in elb.describe_target_group_attributes(TargetGroupArn=arn)["Attributes"]}
    check = {"enabled": g.get("HealthCheckEnabled"), "interval": g.get("HealthCheckIntervalSeconds"), "path": g.get("HealthCheckPath"), "port": g.get("HealthCheckPort"),
             "protocol": g.get("HealthCheckProtocol"), "timeout": g.get("HealthCheckTimeoutSeconds"), "healthyThreshold": g.get("HealthyThresholdCount"),
             "unhealthyThreshold": g.get("UnhealthyThresholdCount"), "matcher": g.get("Matcher", {}).get("HttpCode")}
    p = {"region": "us-east-1", "arn": arn, "name": g["TargetGroupName"], "targetType": g.get("TargetType"), "protocol": g["Protocol"],
         "protocolVersion": g.get("ProtocolVersion"), "port": g["Port"], "vpcId": g["VpcId"], "ipAddressType": g.get("IpAddressType"),
         "loadBalancerArns": sorted(g.get("LoadBalancerArns", [])), "healthCheck": {k: v for k, v in check.items() if v not in (None, "")}, "tags": tags}
    for name, (key, meaning) in GROUP_ATTRIBUTES.items():
        if key in a:
            p[name] = meaning(a[key])
    s = {"enabled": a["stickiness.enabled"] == "true", "type": a.get("stickiness.type")}
    if s["type"] == "lb_cookie" and "stickiness.lb_cookie.duration_seconds" in a:
        s["cookieDuration"] = int(a["stickiness.lb_cookie.duration_seconds"])
    p["stickiness"] = {k: v for k, v in s.items() if v is not None}
    return resource(GROUP, arn, g["TargetGroupName"], p)
