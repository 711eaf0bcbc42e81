package aws

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancing"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancing/types"

	"github.com/insights-scanner/insights-scanner/discovery"
)

// elbProjection counts changes of the projections in this file.
const elbProjection = 1

const typeClassicLoadBalancer = "aws:elb/loadBalancer:LoadBalancer"

// elbService is that of the classic load balancers, see elbv2Service.
var elbService = &service{
	name:   "elb",
	types:  []typeSpec{{token: typeClassicLoadBalancer, calls: []call{listLoadBalancers, loadBalancerAttributes, tagCall}}},
	limits: map[string]limit{"Elastic Load Balancing": elbLimit},
	lists:  elbLists,
}

var elbLists = []list{{listLoadBalancers.action, []string{typeClassicLoadBalancer}, eachClassic}}

func (s *session) elb() *elb.Client {
	return client(s, "elb", func(c aws.Config) *elb.Client { return elb.NewFromConfig(c) })
}

func eachClassic(ctx context.Context, s *session, names []string, emit observe) error {
	if names != nil {
		// One at a time: a name that does not exist is an error of the whole call.
		return parallel(ctx, detailParallel, names, func(ctx context.Context, name string) error {
			out, err := s.elb().DescribeLoadBalancers(ctx, &elb.DescribeLoadBalancersInput{LoadBalancerNames: []string{name}})
			if isNotFound(err, "LoadBalancerNotFound") {
				return nil
			}
			if err != nil {
				return err
			}
			return readClassics(ctx, s, out.LoadBalancerDescriptions, emit)
		})
	}
	p := elb.NewDescribeLoadBalancersPaginator(s.elb(), &elb.DescribeLoadBalancersInput{PageSize: elbPageSize})
	return pages(ctx, p, func(out *elb.DescribeLoadBalancersOutput) error {
		return readClassics(ctx, s, out.LoadBalancerDescriptions, emit)
	})
}

// readClassics emits those that still exist when their attributes are read.
func readClassics(ctx context.Context, s *session, list []types.LoadBalancerDescription, emit observe) error {
	arns := make([]string, len(list))
	for i, lb := range list {
		arns[i] = s.classicARN(lb)
	}
	tags, tagsF := tagsByARN(ctx, s, arns)
	return parallel(ctx, detailParallel, list, func(ctx context.Context, lb types.LoadBalancerDescription) error {
		out, err := s.elb().DescribeLoadBalancerAttributes(ctx, &elb.DescribeLoadBalancerAttributesInput{LoadBalancerName: lb.LoadBalancerName})
		if isNotFound(err, "LoadBalancerNotFound") {
			return nil
		}
		f, attributes := facetOf(loadBalancerAttributes.action, err), &types.LoadBalancerAttributes{}
		if err == nil && out.LoadBalancerAttributes != nil {
			attributes = out.LoadBalancerAttributes
		}
		arn := s.classicARN(lb)
		return emit(ctx, projectClassic(s.region, arn, lb, f, attributes, tagsF, tags[arn]))
	})
}

// classicARN is not in the API of classic load balancers.
func (s *session) classicARN(lb types.LoadBalancerDescription) string {
	return fmt.Sprintf("arn:%s:elasticloadbalancing:%s:%s:loadbalancer/%s", s.partition, s.region, s.awsAccount, aws.ToString(lb.LoadBalancerName))
}

func projectClassic(region, arn string, lb types.LoadBalancerDescription, f facet, attributes *types.LoadBalancerAttributes, tagsF facet, tags map[string]any) discovery.Observation {
	name := aws.ToString(lb.LoadBalancerName)
	listed := facetOf(listLoadBalancers.action, nil)
	d := newDocument()
	d.set("region", region)
	d.set("arn", arn)
	d.set("name", name)
	d.facet("internal", listed.need(lb.Scheme != nil), func() any { return *lb.Scheme == "internal" })
	d.set("availabilityZones", sortedStrings(lb.AvailabilityZones))
	d.set("subnets", sortedStrings(lb.Subnets))
	d.set("securityGroups", sortedStrings(lb.SecurityGroups))
	if g := lb.SourceSecurityGroup; g != nil {
		d.set("sourceSecurityGroup", strings.TrimPrefix(aws.ToString(g.OwnerAlias)+"/"+aws.ToString(g.GroupName), "/"))
	}
	instances := make([]string, len(lb.Instances))
	for i, in := range lb.Instances {
		instances[i] = aws.ToString(in.InstanceId)
	}
	d.set("instances", sortedStrings(instances))
	d.set("listeners", classicListeners(lb.ListenerDescriptions))
	if h := lb.HealthCheck; h != nil {
		check := newDocument()
		check.set("target", aws.ToString(h.Target))
		check.set("interval", optional(h.Interval))
		check.set("timeout", optional(h.Timeout))
		check.set("healthyThreshold", optional(h.HealthyThreshold))
		check.set("unhealthyThreshold", optional(h.UnhealthyThreshold))
		d.set("healthCheck", check.properties)
	}
	d.facet("tags", tagsF, func() any { return tags })
	setClassicAttributes(d, f, attributes)
	sortUnknown(d)
	return d.observe(region, typeClassicLoadBalancer, name, name, elbProjection)
}

// classicListeners have their protocols in lower case, as the provider reads them.
func classicListeners(list []types.ListenerDescription) []any {
	listeners := []any{}
	for _, l := range list {
		if l.Listener == nil {
			continue
		}
		d := newDocument()
		d.set("lbPort", int(l.Listener.LoadBalancerPort))
		d.set("lbProtocol", strings.ToLower(aws.ToString(l.Listener.Protocol)))
		d.set("instancePort", optional(l.Listener.InstancePort))
		d.set("instanceProtocol", strings.ToLower(aws.ToString(l.Listener.InstanceProtocol)))
		d.set("sslCertificateId", aws.ToString(l.Listener.SSLCertificateId))
		listeners = append(listeners, d.properties)
	}
	sortByJSON(listeners)
	return listeners
}

func setClassicAttributes(d *document, f facet, a *types.LoadBalancerAttributes) {
	d.facet("crossZoneLoadBalancing", f.need(a.CrossZoneLoadBalancing != nil), func() any { return a.CrossZoneLoadBalancing.Enabled })
	d.facet("connectionDraining", f.need(a.ConnectionDraining != nil), func() any { return a.ConnectionDraining.Enabled })
	d.facet("connectionDrainingTimeout", f.need(a.ConnectionDraining != nil), func() any { return optional(a.ConnectionDraining.Timeout) })
	d.facet("idleTimeout", f.need(a.ConnectionSettings != nil), func() any { return optional(a.ConnectionSettings.IdleTimeout) })
	d.facet("accessLogs", f.need(a.AccessLog != nil), func() any {
		logs := newDocument()
		logs.set("enabled", a.AccessLog.Enabled)
		logs.set("bucket", aws.ToString(a.AccessLog.S3BucketName))
		logs.set("bucketPrefix", aws.ToString(a.AccessLog.S3BucketPrefix))
		logs.set("interval", optional(a.AccessLog.EmitInterval))
		return logs.properties
	})
	mode := ""
	for _, more := range a.AdditionalAttributes {
		if aws.ToString(more.Key) == "elb.http.desyncmitigationmode" {
			mode = aws.ToString(more.Value)
		}
	}
	d.facet("desyncMitigationMode", f.need(mode != ""), func() any { return mode })
}
