package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

const describeVPCAttribute = "ec2:DescribeVpcAttribute"

// vpcAttributeCalls are made on demand: a call tells one attribute.
var vpcAttributeCalls = []call{
	eachCall(describeVPCAttribute, "DNS host names"), eachCall(describeVPCAttribute, "DNS support"), eachCall(describeVPCAttribute, "address metrics"),
}

// vpcAttributes are attributes of a VPC, each with the state of its own call.
type vpcAttributes struct {
	hostNames, support, metrics    *types.AttributeBooleanValue
	hostNamesF, supportF, metricsF facet
}

func readVPCAttributes(ctx context.Context, s *session, id *string) (a vpcAttributes) {
	read := func(name types.VpcAttributeName, keep func(*ec2.DescribeVpcAttributeOutput) *types.AttributeBooleanValue) facet {
		return onDemand(ctx, describeVPCAttribute, func() facet {
			out, err := s.ec2().DescribeVpcAttribute(ctx, &ec2.DescribeVpcAttributeInput{VpcId: id, Attribute: name})
			var v *types.AttributeBooleanValue
			if err == nil {
				v = keep(out)
			}
			return facetOf(describeVPCAttribute, err).need(v != nil && v.Value != nil)
		})
	}
	a.hostNamesF = read(types.VpcAttributeNameEnableDnsHostnames, func(o *ec2.DescribeVpcAttributeOutput) *types.AttributeBooleanValue {
		a.hostNames = o.EnableDnsHostnames
		return a.hostNames
	})
	a.supportF = read(types.VpcAttributeNameEnableDnsSupport, func(o *ec2.DescribeVpcAttributeOutput) *types.AttributeBooleanValue {
		a.support = o.EnableDnsSupport
		return a.support
	})
	a.metricsF = read(types.VpcAttributeNameEnableNetworkAddressUsageMetrics, func(o *ec2.DescribeVpcAttributeOutput) *types.AttributeBooleanValue {
		a.metrics = o.EnableNetworkAddressUsageMetrics
		return a.metrics
	})
	return a
}

// set puts them into the document of the VPC.
func (a *vpcAttributes) set(d *document) {
	d.facet("enableDnsHostnames", a.hostNamesF, func() any { return *a.hostNames.Value })
	d.facet("enableDnsSupport", a.supportF, func() any { return *a.support.Value })
	d.facet("enableNetworkAddressUsageMetrics", a.metricsF, func() any { return *a.metrics.Value })
}
