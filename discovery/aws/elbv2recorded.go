package aws

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// recordedLoadBalancers answer for attributes, if they have all that load balancers of their kind
// have by now: what was recorded before there were some lacks them.
var recordedLoadBalancers = &recordedType{name: "AWS::ElasticLoadBalancingV2::LoadBalancer", calls: []recordedCall{{
	call: loadBalancerAttributes, operation: "Elastic Load Balancing v2:DescribeLoadBalancerAttributes", by: "LoadBalancerArn",
	answer: func(i *recordedItem) (any, error) {
		var list []types.LoadBalancerAttribute
		kind := types.LoadBalancerTypeEnum(i.configuration.text("type"))
		if !i.more("LoadBalancerAttributes", &list) || kind == "" || !allAttributes(list, kind) {
			return nil, nil
		}
		return &elb.DescribeLoadBalancerAttributesOutput{Attributes: list}, nil
	},
}}}

func allAttributes(list []types.LoadBalancerAttribute, kind types.LoadBalancerTypeEnum) bool {
	lacks := func(key string) bool {
		return !slices.ContainsFunc(list, func(a types.LoadBalancerAttribute) bool { return aws.ToString(a.Key) == key })
	}
	return !slices.ContainsFunc(lbAttributes, func(a elbAttribute) bool { return a.of(kind) && lacks(a.key) }) &&
		!slices.ContainsFunc(lbLogs, func(a elbAttribute) bool { return a.of(kind) && lacks(a.key+"enabled") })
}
