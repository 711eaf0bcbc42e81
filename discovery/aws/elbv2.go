package aws

import (
	"context"
	"slices"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// elbv2Projection counts changes of the projections in elbv2project.go.
const elbv2Projection = 1

const (
	typeLoadBalancer = "aws:lb/loadBalancer:LoadBalancer"
	typeListener     = "aws:lb/listener:Listener"
	typeTargetGroup  = "aws:lb/targetGroup:TargetGroup"
)

// The two APIs of Elastic Load Balancing share their IAM actions.
var (
	listLoadBalancers      = listCall("elasticloadbalancing:DescribeLoadBalancers", 400)
	loadBalancerAttributes = eachCall("elasticloadbalancing:DescribeLoadBalancerAttributes", "attributes")
	// For each load balancer, which has one listener at least.
	listListeners         = eachCall("elasticloadbalancing:DescribeListeners", "listeners")
	listenerTagsCall      = call{"elasticloadbalancing:DescribeTags", "tags", 20}
	listTargetGroups      = listCall("elasticloadbalancing:DescribeTargetGroups", 400)
	targetGroupAttributes = eachCall("elasticloadbalancing:DescribeTargetGroupAttributes", "attributes")
)

// elbv2Service is named like the AWS CLI's command, and so is elbService, that of
// the classic load balancers.
var elbv2Service = &service{
	name: "elbv2",
	types: []typeSpec{
		{token: typeLoadBalancer, calls: []call{listLoadBalancers, loadBalancerAttributes, tagCall}, recorded: recordedLoadBalancers, onDemand: []call{loadBalancerCapacity}},
		{token: typeListener, calls: []call{listLoadBalancers, listListeners, listenerTagsCall}, onDemand: []call{listenerAttributesCall}},
		{token: typeTargetGroup, calls: []call{listTargetGroups, targetGroupAttributes, tagCall}},
	},
	limits: map[string]limit{"Elastic Load Balancing v2": elbLimit},
	lists: []list{
		{listLoadBalancers.action, []string{typeLoadBalancer, typeListener}, everyLoadBalancer},
		{listTargetGroups.action, []string{typeTargetGroup}, eachTargetGroup},
	},
	direct: []list{
		{listLoadBalancers.action, []string{typeLoadBalancer}, theseLoadBalancers},
		{listListeners.action, []string{typeListener}, theseListeners},
		{listTargetGroups.action, []string{typeTargetGroup}, eachTargetGroup},
	},
}

// elbLimit is "Request throttling for the ELB API": for all Describe
// operations together 40 at once and 10/s, for either version of the API.
var elbLimit = limit{rate: 10, burst: 40, shared: true}

func (s *session) elbv2() *elb.Client {
	return client(s, "elbv2", func(c aws.Config) *elb.Client { return elb.NewFromConfig(c) })
}

// elbPageSize is the largest page of either API.
var elbPageSize = aws.Int32(400)

// everyLoadBalancer lists load balancers and asks each for its listeners: no call
// lists them all.
func everyLoadBalancer(ctx context.Context, s *session, _ []string, emit observe) error {
	var some troubles
	p := elb.NewDescribeLoadBalancersPaginator(s.elbv2(), &elb.DescribeLoadBalancersInput{PageSize: elbPageSize})
	err := pages(ctx, p, func(out *elb.DescribeLoadBalancersOutput) error {
		// Not more listeners at once than those of so many load balancers.
		for chunk := range slices.Chunk(out.LoadBalancers, tagPage) {
			if err := readLoadBalancers(ctx, s, chunk, emit); err != nil {
				return err
			}
			listeners, err := listenersOf(ctx, s, chunk, &some)
			if err != nil {
				return err
			}
			if err := emitListeners(ctx, s, listeners, emit); err != nil {
				return err
			}
		}
		return nil
	})
	return some.or(err)
}

// theseLoadBalancers reads one at a time: an ARN that does not exist is an error of
// the whole call.
func theseLoadBalancers(ctx context.Context, s *session, arns []string, emit observe) error {
	return parallel(ctx, detailParallel, arns, func(ctx context.Context, arn string) error {
		out, err := s.elbv2().DescribeLoadBalancers(ctx, &elb.DescribeLoadBalancersInput{LoadBalancerArns: []string{arn}})
		if isNotFound(err, "LoadBalancerNotFound") {
			return nil
		}
		if err != nil {
			return err
		}
		return readLoadBalancers(ctx, s, out.LoadBalancers, emit)
	})
}

// readLoadBalancers emits those that still exist when their attributes are read.
func readLoadBalancers(ctx context.Context, s *session, list []types.LoadBalancer, emit observe) error {
	arns := make([]string, len(list))
	for i, lb := range list {
		arns[i] = aws.ToString(lb.LoadBalancerArn)
	}
	tags, tagsF := tagsByARN(ctx, s, arns)
	ctx = s.recorded(ctx, recordedLoadBalancers, s.region, arns)
	return parallel(ctx, detailParallel, list, func(ctx context.Context, lb types.LoadBalancer) error {
		out, err := s.elbv2().DescribeLoadBalancerAttributes(ctx, &elb.DescribeLoadBalancerAttributesInput{LoadBalancerArn: lb.LoadBalancerArn})
		if isNotFound(err, "LoadBalancerNotFound") {
			return nil
		}
		f, attributes := facetOf(loadBalancerAttributes.action, err), map[string]string{}
		if err == nil {
			for _, a := range out.Attributes {
				attributes[aws.ToString(a.Key)] = aws.ToString(a.Value)
			}
		}
		capacity, capacityF := readCapacity(ctx, s, lb.LoadBalancerArn)
		return emit(ctx, projectLoadBalancer(s.region, lb, f, attributes, capacityF, capacity, tagsF, tags[aws.ToString(lb.LoadBalancerArn)]))
	})
}

func theseListeners(ctx context.Context, s *session, arns []string, emit observe) error {
	return parallel(ctx, detailParallel, arns, func(ctx context.Context, arn string) error {
		out, err := s.elbv2().DescribeListeners(ctx, &elb.DescribeListenersInput{ListenerArns: []string{arn}})
		if isNotFound(err, "ListenerNotFound") {
			return nil
		}
		if err != nil {
			return err
		}
		return emitListeners(ctx, s, out.Listeners, emit)
	})
}

// listenersOf are the listeners of some load balancers, without those of one that
// is gone by now.
func listenersOf(ctx context.Context, s *session, list []types.LoadBalancer, some *troubles) (listeners []types.Listener, err error) {
	var mu sync.Mutex
	err = parallel(ctx, detailParallel, list, func(ctx context.Context, lb types.LoadBalancer) error {
		p := elb.NewDescribeListenersPaginator(s.elbv2(), &elb.DescribeListenersInput{LoadBalancerArn: lb.LoadBalancerArn, PageSize: elbPageSize})
		err := pages(ctx, p, func(out *elb.DescribeListenersOutput) error {
			mu.Lock()
			defer mu.Unlock()
			listeners = append(listeners, out.Listeners...)
			return nil
		})
		if err == nil || isNotFound(err, "LoadBalancerNotFound") {
			return nil
		}
		return some.keep(ctx, err, listListeners.action, typeListener)
	})
	return listeners, err
}

func emitListeners(ctx context.Context, s *session, list []types.Listener, emit observe) error {
	arns := make([]string, len(list))
	for i, l := range list {
		arns[i] = aws.ToString(l.ListenerArn)
	}
	read := listenerTags{tags: map[string]map[string]any{}, gone: map[string]bool{}}
	tagsF := facetOf(listenerTagsCall.action, read.of(ctx, s, arns))
	return parallel(ctx, detailParallel, list, func(ctx context.Context, l types.Listener) error {
		arn := aws.ToString(l.ListenerArn)
		attributes, f, gone := readListenerAttributes(ctx, s, l.ListenerArn)
		if gone || read.gone[arn] {
			return nil
		}
		tags, there := read.tags[arn]
		return emit(ctx, projectListener(s.region, l, f, attributes, tagsF.need(there), tags))
	})
}

// listenerTags are read from the service itself: of the types in this file the
// Tagging API is not known to have listeners.
type listenerTags struct {
	tags map[string]map[string]any
	gone map[string]bool // since they were listed
}

func (r *listenerTags) of(ctx context.Context, s *session, arns []string) error {
	for chunk := range slices.Chunk(arns, listenerTagsCall.per) {
		out, err := s.elbv2().DescribeTags(ctx, &elb.DescribeTagsInput{ResourceArns: chunk})
		switch {
		case isNotFound(err, "ListenerNotFound") && len(chunk) == 1:
			r.gone[chunk[0]] = true
			continue
		case isNotFound(err, "ListenerNotFound"): // one of them: ask for each
			for _, arn := range chunk {
				if err := r.of(ctx, s, []string{arn}); err != nil {
					return err
				}
			}
			continue
		case err != nil:
			return err
		}
		for _, d := range out.TagDescriptions {
			r.tags[aws.ToString(d.ResourceArn)] = tagMap(d.Tags, func(t types.Tag) (*string, *string) { return t.Key, t.Value })
		}
	}
	return nil
}

func eachTargetGroup(ctx context.Context, s *session, arns []string, emit observe) error {
	if arns != nil {
		return parallel(ctx, detailParallel, arns, func(ctx context.Context, arn string) error {
			out, err := s.elbv2().DescribeTargetGroups(ctx, &elb.DescribeTargetGroupsInput{TargetGroupArns: []string{arn}})
			if isNotFound(err, "TargetGroupNotFound") {
				return nil
			}
			if err != nil {
				return err
			}
			return readTargetGroups(ctx, s, out.TargetGroups, emit)
		})
	}
	p := elb.NewDescribeTargetGroupsPaginator(s.elbv2(), &elb.DescribeTargetGroupsInput{PageSize: elbPageSize})
	return pages(ctx, p, func(out *elb.DescribeTargetGroupsOutput) error {
		return readTargetGroups(ctx, s, out.TargetGroups, emit)
	})
}

// readTargetGroups emits those that still exist when their attributes are read.
func readTargetGroups(ctx context.Context, s *session, list []types.TargetGroup, emit observe) error {
	arns := make([]string, len(list))
	for i, g := range list {
		arns[i] = aws.ToString(g.TargetGroupArn)
	}
	tags, tagsF := tagsByARN(ctx, s, arns)
	return parallel(ctx, detailParallel, list, func(ctx context.Context, g types.TargetGroup) error {
		out, err := s.elbv2().DescribeTargetGroupAttributes(ctx, &elb.DescribeTargetGroupAttributesInput{TargetGroupArn: g.TargetGroupArn})
		if isNotFound(err, "TargetGroupNotFound") {
			return nil
		}
		f, attributes := facetOf(targetGroupAttributes.action, err), map[string]string{}
		if err == nil {
			for _, a := range out.Attributes {
				attributes[aws.ToString(a.Key)] = aws.ToString(a.Value)
			}
			f = f.need(len(attributes) > 0)
		}
		return emit(ctx, projectTargetGroup(s.region, g, f, attributes, tagsF, tags[aws.ToString(g.TargetGroupArn)]))
	})
}
