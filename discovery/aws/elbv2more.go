package aws

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// What of load balancers and listeners is read on demand.
var (
	loadBalancerCapacity   = eachCall("elasticloadbalancing:DescribeCapacityReservation", "capacity")
	listenerAttributesCall = eachCall("elasticloadbalancing:DescribeListenerAttributes", "attributes")
)

// readCapacity is the capacity that is held ready for a load balancer; nil for none.
func readCapacity(ctx context.Context, s *session, arn *string) (capacity any, f facet) {
	f = onDemand(ctx, loadBalancerCapacity.action, func() facet {
		out, err := s.elbv2().DescribeCapacityReservation(ctx, &elb.DescribeCapacityReservationInput{LoadBalancerArn: arn})
		f := facetOf(loadBalancerCapacity.action, err)
		if err != nil {
			return f
		}
		if m := out.MinimumLoadBalancerCapacity; m != nil {
			capacity = map[string]any{"capacityUnits": optional(m.CapacityUnits)}
		}
		return f.need(capacity != nil || out.DecreaseRequestsRemaining != nil || out.CapacityReservationState != nil)
	})
	return capacity, f
}

// listenerAttribute is a property of listeners that is one of their attributes.
type listenerAttribute struct {
	property, key string
	value         func(string) any
	of            func(types.Listener) bool
}

func isHTTP(l types.Listener) bool {
	return l.Protocol == types.ProtocolEnumHttp || l.Protocol == types.ProtocolEnumHttps
}
func isHTTPS(l types.Listener) bool { return l.Protocol == types.ProtocolEnumHttps }

// listenerAttributes have the kinds of listeners that the type ListenerAttribute of the
// API and its guide say.
var listenerAttributes = append(
	[]listenerAttribute{
		{"tcpIdleTimeoutSeconds", "tcp.idle_timeout.seconds", number, func(l types.Listener) bool {
			return l.Protocol == types.ProtocolEnumTcp || isGateway(l)
		}},
		{"routingHttpResponseServerEnabled", "routing.http.response.server.enabled", flagText, isHTTP},
	},
	headerAttributes()...)

// headerAttributes are headers that a listener adds to answers, and other names of
// those that it adds to requests.
func headerAttributes() (list []listenerAttribute) {
	for property, name := range map[string]string{
		"StrictTransportSecurity": "strict_transport_security", "AccessControlAllowOrigin": "access_control_allow_origin",
		"AccessControlAllowMethods": "access_control_allow_methods", "AccessControlAllowHeaders": "access_control_allow_headers",
		"AccessControlAllowCredentials": "access_control_allow_credentials", "AccessControlExposeHeaders": "access_control_expose_headers",
		"AccessControlMaxAge": "access_control_max_age", "ContentSecurityPolicy": "content_security_policy",
		"XContentTypeOptions": "x_content_type_options", "XFrameOptions": "x_frame_options",
	} {
		list = append(list, listenerAttribute{"routingHttpResponse" + property + "HeaderValue", "routing.http.response." + name + ".header_value", plainText, isHTTP})
	}
	for property, name := range map[string]string{
		"MtlsClientcert": "mtls_clientcert", "MtlsClientcertIssuer": "mtls_clientcert_issuer", "MtlsClientcertLeaf": "mtls_clientcert_leaf",
		"MtlsClientcertSerialNumber": "mtls_clientcert_serial_number", "MtlsClientcertSubject": "mtls_clientcert_subject",
		"MtlsClientcertValidity": "mtls_clientcert_validity", "TlsCipherSuite": "tls_cipher_suite", "TlsVersion": "tls_version",
	} {
		list = append(list, listenerAttribute{"routingHttpRequestXAmzn" + property + "HeaderName", "routing.http.request.x_amzn_" + name + ".header_name", plainText, isHTTPS})
	}
	return list
}

// isGateway tells listeners of gateway load balancers, which have no protocol.
func isGateway(l types.Listener) bool {
	return strings.Contains(aws.ToString(l.ListenerArn), ":listener/gwy/")
}

// readListenerAttributes are the attributes of a listener by their keys; gone is true
// for one that does not exist any more.
func readListenerAttributes(ctx context.Context, s *session, arn *string) (attributes map[string]string, f facet, gone bool) {
	attributes = map[string]string{}
	f = onDemand(ctx, listenerAttributesCall.action, func() facet {
		out, err := s.elbv2().DescribeListenerAttributes(ctx, &elb.DescribeListenerAttributesInput{ListenerArn: arn})
		gone = isNotFound(err, "ListenerNotFound")
		if err == nil {
			for _, a := range out.Attributes {
				attributes[aws.ToString(a.Key)] = aws.ToString(a.Value)
			}
		}
		return facetOf(listenerAttributesCall.action, err)
	})
	return attributes, f, gone
}

// setListenerAttributes puts those into the document that a listener of its kind has.
func setListenerAttributes(d *document, l types.Listener, f facet, attributes map[string]string) {
	for _, a := range listenerAttributes {
		if v, there := attributes[a.key]; a.of(l) {
			d.facet(a.property, f.need(there), func() any { return a.value(v) })
		}
	}
}
