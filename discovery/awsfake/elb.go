package awsfake

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// elbOperations are those of both APIs of Elastic Load Balancing, which sign with
// one name.
var elbOperations = versions(map[string]map[string]operation{"2012-06-01": classicOperations, "2015-12-01": elbv2Operations})

// versions tells the operations of several APIs apart by the request's version.
func versions(apis map[string]map[string]operation) map[string]operation {
	all := map[string]operation{}
	for _, operations := range apis {
		for name := range operations {
			all[name] = func(q *request, f url.Values, b *bytes.Buffer) *fault {
				op, ok := apis[f.Get("Version")][name]
				if !ok {
					return &fault{status: http.StatusBadRequest, code: "InvalidAction", message: name + " is not known in version " + f.Get("Version")}
				}
				return op(q, f, b)
			}
		}
	}
	return all
}

var elbv2Operations = map[string]operation{
	"DescribeLoadBalancers":          loadBalancers,
	"DescribeLoadBalancerAttributes": loadBalancerAttributes,
	"DescribeCapacityReservation":    capacityReservation,
	"DescribeListeners":              listeners,
	"DescribeListenerAttributes":     listenerAttributes,
	"DescribeTags":                   listenerTags,
	"DescribeTargetGroups":           targetGroups,
	"DescribeTargetGroupAttributes":  targetGroupAttributes,
}

// elbPage is the largest page of either API; more is an error.
const elbPage = 400

// members are the values of a list parameter of the query protocol.
func members(f url.Values, name string) (list []string) {
	for i := 1; ; i++ {
		v := f.Get(name + ".member." + strconv.Itoa(i))
		if v == "" {
			return list
		}
		list = append(list, v)
	}
}

// tooLarge is how the query services refuse a page over their cap.
func tooLarge(size, most int) *fault {
	if size <= most {
		return nil
	}
	return &fault{status: http.StatusBadRequest, code: "ValidationError", message: fmt.Sprintf("the page size %d is over %d", size, most)}
}

// elbARN is that of "loadbalancer/app/load-balancer-000001/0000000000000001".
func (q *request) elbARN(path, prefix string, i int) string {
	return fmt.Sprintf("arn:aws:elasticloadbalancing:%s:%s:%s%s%06d/%016x", q.region, q.pop.AccountID, path, prefix, i, i)
}

func (q *request) loadBalancerARN(i int) string {
	return q.elbARN("loadbalancer/app/", "load-balancer-", i)
}

// listenerARN is that of the one listener of a load balancer.
func (q *request) listenerARN(i int) string {
	return q.elbARN("listener/app/", "load-balancer-", i) + fmt.Sprintf("/%016x", i)
}

func (q *request) targetGroupARN(i int) string { return q.elbARN("targetgroup/", "target-group-", i) }

// elbIndex is which of n an ARN names; missing is the code of one that does not exist.
func (q *request) elbIndex(arn string, of func(int) string, n int, missing string) (int, *fault) {
	i, err := strconv.ParseInt(arn[strings.LastIndexByte(arn, '/')+1:], 16, 64)
	if err != nil || int(i) >= n || of(int(i)) != arn || q.gone(arn) {
		return 0, &fault{status: http.StatusBadRequest, code: missing, message: "'" + arn + "' not found"}
	}
	return int(i), nil
}

func (q *request) loadBalancer(arn string) (int, *fault) {
	return q.elbIndex(arn, q.loadBalancerARN, q.pop.more("loadBalancer"), "LoadBalancerNotFound")
}

func (q *request) listener(arn string) (int, *fault) {
	return q.elbIndex(arn, q.listenerARN, q.pop.more("loadBalancer"), "ListenerNotFound")
}

func (q *request) targetGroup(arn string) (int, *fault) {
	return q.elbIndex(arn, q.targetGroupARN, q.pop.more("targetGroup"), "TargetGroupNotFound")
}

// elbList answers a Describe call of either API inside an element: some ids that
// the request names, or a page of all.
func (q *request) elbList(f url.Values, b *bytes.Buffer, element string, ids []string, index func(id string) (int, *fault), n int, id func(int) string, item func(i int)) *fault {
	fmt.Fprintf(b, "<%s>", element)
	next := ""
	if ids != nil {
		for _, id := range ids {
			i, f := index(id)
			if f != nil {
				return f
			}
			item(i)
		}
	} else {
		size := number(f.Get("PageSize"))
		if f := tooLarge(size, elbPage); f != nil {
			return f
		}
		var from, to int
		from, to, next = q.window(f.Get("Marker"), size, elbPage, n)
		q.each(from, to, id, item)
	}
	fmt.Fprintf(b, "</%s>", element)
	if next != "" {
		fmt.Fprintf(b, "<NextMarker>%s</NextMarker>", next)
	}
	return nil
}

func loadBalancers(q *request, f url.Values, b *bytes.Buffer) *fault {
	return q.elbList(f, b, "LoadBalancers", members(f, "LoadBalancerArns"), q.loadBalancer, q.pop.more("loadBalancer"), q.loadBalancerARN, func(i int) {
		fmt.Fprintf(b, `<member><LoadBalancerArn>%s</LoadBalancerArn><LoadBalancerName>load-balancer-%06d</LoadBalancerName><DNSName>lb-%d.%s.elb.amazonaws.com</DNSName><CanonicalHostedZoneId>Z1</CanonicalHostedZoneId><CreatedTime>2025-01-01T00:00:00Z</CreatedTime><Scheme>internet-facing</Scheme><VpcId>vpc-1</VpcId><State><Code>active</Code></State><Type>application</Type><AvailabilityZones><member><ZoneName>%[4]sa</ZoneName><SubnetId>subnet-1</SubnetId></member></AvailabilityZones><SecurityGroups><member>sg-1</member></SecurityGroups><IpAddressType>ipv4</IpAddressType></member>`,
			q.loadBalancerARN(i), i, i, q.region)
	})
}

func loadBalancerAttributes(q *request, f url.Values, b *bytes.Buffer) *fault {
	arn := f.Get("LoadBalancerArn")
	i, fa := q.loadBalancer(arn)
	if fa != nil {
		return fa
	}
	b.WriteString("<Attributes>")
	for _, a := range q.loadBalancerAttributes(i, arn) {
		fmt.Fprintf(b, "<member><Key>%s</Key><Value>%s</Value></member>", a[0], a[1])
	}
	b.WriteString("</Attributes>")
	return nil
}

func (q *request) loadBalancerAttributes(i int, arn string) [][2]string {
	idle := 60
	if q.touched(arn) {
		idle = 61
	}
	return [][2]string{
		{"deletion_protection.enabled", strconv.FormatBool(i%2 == 0)},
		{"load_balancing.cross_zone.enabled", "true"},
		{"zonal_shift.config.enabled", "false"},
		{"access_logs.s3.enabled", "false"},
		{"access_logs.s3.bucket", ""},
		{"access_logs.s3.prefix", ""},
		{"connection_logs.s3.enabled", "false"},
		{"connection_logs.s3.bucket", ""},
		{"connection_logs.s3.prefix", ""},
		{"health_check_logs.s3.enabled", "false"},
		{"health_check_logs.s3.bucket", ""},
		{"health_check_logs.s3.prefix", ""},
		{"idle_timeout.timeout_seconds", strconv.Itoa(idle)},
		{"client_keep_alive.seconds", "3600"},
		{"routing.http.desync_mitigation_mode", "defensive"},
		{"routing.http.drop_invalid_header_fields.enabled", strconv.FormatBool(i%3 == 0)},
		{"routing.http.preserve_host_header.enabled", "false"},
		{"routing.http.x_amzn_tls_version_and_cipher_suite.enabled", "false"},
		{"routing.http.xff_client_port.enabled", "false"},
		{"routing.http.xff_header_processing.mode", "append"},
		{"routing.http2.enabled", "true"},
		{"waf.fail_open.enabled", "false"},
	}
}

// listeners answers for one load balancer or for some listeners.
func listeners(q *request, f url.Values, b *bytes.Buffer) *fault {
	item := func(i int) {
		protocol, port, more := "HTTP", 80, ""
		if i%2 == 0 {
			protocol, port = "HTTPS", 443
			more = "<SslPolicy>ELBSecurityPolicy-TLS13-1-2-2021-06</SslPolicy><Certificates><member><CertificateArn>" + q.certificateARN(i) + "</CertificateArn></member></Certificates>"
		}
		fmt.Fprintf(b, `<member><ListenerArn>%s</ListenerArn><LoadBalancerArn>%s</LoadBalancerArn><Port>%d</Port><Protocol>%s</Protocol>%s<DefaultActions><member><Type>forward</Type><TargetGroupArn>%s</TargetGroupArn></member></DefaultActions></member>`,
			q.listenerARN(i), q.loadBalancerARN(i), port, protocol, more, q.targetGroupARN(i))
	}
	b.WriteString("<Listeners>")
	defer b.WriteString("</Listeners>")
	if arn := f.Get("LoadBalancerArn"); arn != "" {
		i, fa := q.loadBalancer(arn)
		if fa != nil {
			return fa
		}
		if !q.gone(q.listenerARN(i)) {
			item(i)
		}
		return tooLarge(number(f.Get("PageSize")), elbPage)
	}
	for _, arn := range members(f, "ListenerArns") {
		i, fa := q.listener(arn)
		if fa != nil {
			return fa
		}
		item(i)
	}
	return nil
}

// listenerTags answers for listeners alone; the tags of the others are read from
// the Tagging API.
func listenerTags(q *request, f url.Values, b *bytes.Buffer) *fault {
	arns := members(f, "ResourceArns")
	if len(arns) > 20 {
		return &fault{status: http.StatusBadRequest, code: "ValidationError", message: "ResourceArns has more than 20 members"}
	}
	b.WriteString("<TagDescriptions>")
	for _, arn := range arns {
		if _, f := q.listener(arn); f != nil {
			return f
		}
		owner := "team"
		if q.touched(arn) {
			owner = "changed"
		}
		fmt.Fprintf(b, "<member><ResourceArn>%s</ResourceArn><Tags><member><Key>owner</Key><Value>%s</Value></member></Tags></member>", arn, owner)
	}
	b.WriteString("</TagDescriptions>")
	return nil
}

// capacityReservation says that nothing is held ready.
func capacityReservation(q *request, f url.Values, b *bytes.Buffer) *fault {
	if _, f := q.loadBalancer(f.Get("LoadBalancerArn")); f != nil {
		return f
	}
	b.WriteString("<DecreaseRequestsRemaining>2</DecreaseRequestsRemaining><CapacityReservationState/>")
	return nil
}

// responseHeaders are those that an Application Load Balancer can add.
var responseHeaders = []string{
	"strict_transport_security", "access_control_allow_origin", "access_control_allow_methods", "access_control_allow_headers", "access_control_allow_credentials",
	"access_control_expose_headers", "access_control_max_age", "content_security_policy", "x_content_type_options", "x_frame_options",
}

func listenerAttributes(q *request, f url.Values, b *bytes.Buffer) *fault {
	i, fa := q.listener(f.Get("ListenerArn"))
	if fa != nil {
		return fa
	}
	fmt.Fprintf(b, "<Attributes><member><Key>routing.http.response.server.enabled</Key><Value>%t</Value></member>", i%2 == 0)
	for _, h := range responseHeaders {
		fmt.Fprintf(b, "<member><Key>routing.http.response.%s.header_value</Key><Value/></member>", h)
	}
	for _, h := range []string{"clientcert", "clientcert_issuer", "clientcert_leaf", "clientcert_serial_number", "clientcert_subject", "clientcert_validity"} {
		fmt.Fprintf(b, "<member><Key>routing.http.request.x_amzn_mtls_%s.header_name</Key><Value/></member>", h)
	}
	for _, h := range []string{"version", "cipher_suite"} {
		fmt.Fprintf(b, "<member><Key>routing.http.request.x_amzn_tls_%s.header_name</Key><Value/></member>", h)
	}
	b.WriteString("</Attributes>")
	return nil
}

func targetGroups(q *request, f url.Values, b *bytes.Buffer) *fault {
	return q.elbList(f, b, "TargetGroups", members(f, "TargetGroupArns"), q.targetGroup, q.pop.more("targetGroup"), q.targetGroupARN, func(i int) {
		fmt.Fprintf(b, `<member><TargetGroupArn>%s</TargetGroupArn><TargetGroupName>target-group-%06d</TargetGroupName><Protocol>HTTP</Protocol><Port>80</Port><VpcId>vpc-1</VpcId><HealthCheckProtocol>HTTP</HealthCheckProtocol><HealthCheckPort>traffic-port</HealthCheckPort><HealthCheckEnabled>true</HealthCheckEnabled><HealthCheckIntervalSeconds>30</HealthCheckIntervalSeconds><HealthCheckTimeoutSeconds>5</HealthCheckTimeoutSeconds><HealthyThresholdCount>5</HealthyThresholdCount><UnhealthyThresholdCount>2</UnhealthyThresholdCount><HealthCheckPath>/</HealthCheckPath><Matcher><HttpCode>200</HttpCode></Matcher><LoadBalancerArns/><TargetType>instance</TargetType><ProtocolVersion>HTTP1</ProtocolVersion><IpAddressType>ipv4</IpAddressType></member>`,
			q.targetGroupARN(i), i)
	})
}

func targetGroupAttributes(q *request, f url.Values, b *bytes.Buffer) *fault {
	arn := f.Get("TargetGroupArn")
	if _, f := q.targetGroup(arn); f != nil {
		return f
	}
	delay := 300
	if q.touched(arn) {
		delay = 301
	}
	fmt.Fprintf(b, "<Attributes><member><Key>deregistration_delay.timeout_seconds</Key><Value>%d</Value></member>", delay)
	for _, a := range [][2]string{
		{"stickiness.enabled", "false"},
		{"stickiness.type", "lb_cookie"},
		{"stickiness.lb_cookie.duration_seconds", "86400"},
		{"load_balancing.algorithm.type", "round_robin"},
		{"load_balancing.cross_zone.enabled", "use_load_balancer_configuration"},
		{"slow_start.duration_seconds", "0"},
	} {
		fmt.Fprintf(b, "<member><Key>%s</Key><Value>%s</Value></member>", a[0], a[1])
	}
	b.WriteString("</Attributes>")
	return nil
}

var classicOperations = map[string]operation{
	"DescribeLoadBalancers":          classicLoadBalancers,
	"DescribeLoadBalancerAttributes": classicAttributes,
}

func classicName(i int) string { return fmt.Sprintf("classic-%06d", i) }

func (q *request) classic(name string) (int, *fault) {
	i, ok := q.index(name, "classic-", q.pop.more("classicLoadBalancer"))
	if !ok {
		return 0, &fault{status: http.StatusBadRequest, code: "LoadBalancerNotFound", message: "There is no ACTIVE Load Balancer named '" + name + "'"}
	}
	return i, nil
}

func classicLoadBalancers(q *request, f url.Values, b *bytes.Buffer) *fault {
	return q.elbList(f, b, "LoadBalancerDescriptions", members(f, "LoadBalancerNames"), q.classic, q.pop.more("classicLoadBalancer"), classicName, func(i int) {
		fmt.Fprintf(b, `<member><LoadBalancerName>%s</LoadBalancerName><DNSName>classic-%d.%s.elb.amazonaws.com</DNSName><CreatedTime>2025-01-01T00:00:00Z</CreatedTime><Scheme>internet-facing</Scheme><VPCId>vpc-1</VPCId><AvailabilityZones><member>%[3]sb</member><member>%[3]sa</member></AvailabilityZones><Subnets/><Instances/><SecurityGroups><member>sg-1</member></SecurityGroups><SourceSecurityGroup><OwnerAlias>%[4]s</OwnerAlias><GroupName>default</GroupName></SourceSecurityGroup><ListenerDescriptions><member><Listener><Protocol>HTTP</Protocol><LoadBalancerPort>80</LoadBalancerPort><InstanceProtocol>HTTP</InstanceProtocol><InstancePort>80</InstancePort></Listener><PolicyNames/></member></ListenerDescriptions><HealthCheck><Target>HTTP:80/</Target><Interval>30</Interval><Timeout>5</Timeout><UnhealthyThreshold>2</UnhealthyThreshold><HealthyThreshold>10</HealthyThreshold></HealthCheck></member>`,
			classicName(i), i, q.region, q.pop.AccountID)
	})
}

func classicAttributes(q *request, f url.Values, b *bytes.Buffer) *fault {
	name := f.Get("LoadBalancerName")
	i, fa := q.classic(name)
	if fa != nil {
		return fa
	}
	idle := 60
	if q.touched(name) {
		idle = 61
	}
	fmt.Fprintf(b, `<LoadBalancerAttributes><CrossZoneLoadBalancing><Enabled>%t</Enabled></CrossZoneLoadBalancing><AccessLog><Enabled>false</Enabled></AccessLog><ConnectionDraining><Enabled>false</Enabled><Timeout>300</Timeout></ConnectionDraining><ConnectionSettings><IdleTimeout>%d</IdleTimeout></ConnectionSettings><AdditionalAttributes><member><Key>elb.http.desyncmitigationmode</Key><Value>defensive</Value></member></AdditionalAttributes></LoadBalancerAttributes>`, i%2 == 0, idle)
	return nil
}
