package aws

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"

	"github.com/insights-scanner/insights-scanner/discovery"
)

// subscription is what both the list and the direct read say of one.
type subscription struct {
	arn, topic, protocol, endpoint, owner string

	call string // that said so
	// attributes are more than that, on demand.
	attributes map[string]string
	facet      facet
}

// eachSubscription leaves out what is not confirmed, or deleted and still
// listed: it has no ARN yet or any more, and nothing is delivered to it.
func eachSubscription(ctx context.Context, s *session, arns []string, emit observe) error {
	if arns != nil {
		return parallel(ctx, detailParallel, arns, func(ctx context.Context, arn string) error { return readSubscription(ctx, s, arn, emit) })
	}
	return pages(ctx, sns.NewListSubscriptionsPaginator(s.sns(), &sns.ListSubscriptionsInput{}), func(out *sns.ListSubscriptionsOutput) error {
		return parallel(ctx, detailParallel, out.Subscriptions, func(ctx context.Context, v types.Subscription) error {
			arn := aws.ToString(v.SubscriptionArn)
			if arn == "PendingConfirmation" || arn == "Deleted" {
				return nil
			}
			item := subscription{
				arn: arn, topic: aws.ToString(v.TopicArn), protocol: aws.ToString(v.Protocol), endpoint: aws.ToString(v.Endpoint), owner: aws.ToString(v.Owner),
				call: listSubscriptions.action,
			}
			gone := false
			item.facet = onDemand(ctx, subscriptionAttributes.action, func() facet {
				out, err := s.sns().GetSubscriptionAttributes(ctx, &sns.GetSubscriptionAttributesInput{SubscriptionArn: &arn})
				gone = isNotFound(err, "NotFound")
				if err == nil {
					item.attributes = out.Attributes
				}
				return facetOf(subscriptionAttributes.action, err).need(item.attributes["TopicArn"] != "")
			})
			if gone {
				return nil
			}
			return emit(ctx, projectSubscription(s.region, item))
		})
	})
}

// readSubscription emits one subscription if it exists.
func readSubscription(ctx context.Context, s *session, arn string, emit observe) error {
	out, err := s.sns().GetSubscriptionAttributes(ctx, &sns.GetSubscriptionAttributesInput{SubscriptionArn: &arn})
	if isNotFound(err, "NotFound") {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s %s: %w", subscriptionAttributes.action, arn, err)
	}
	a := out.Attributes
	return emit(ctx, projectSubscription(s.region, subscription{
		arn: arn, topic: a["TopicArn"], protocol: a["Protocol"], endpoint: a["Endpoint"], owner: a["Owner"], call: subscriptionAttributes.action, attributes: a,
		facet: onDemand(ctx, subscriptionAttributes.action, func() facet { return facetOf(subscriptionAttributes.action, nil).need(a["TopicArn"] != "") }),
	}))
}

// subscriptionTexts are properties whose attribute is left out when it is not set.
var subscriptionTexts = map[string]string{
	"deliveryPolicy": "DeliveryPolicy", "filterPolicy": "FilterPolicy", "filterPolicyScope": "FilterPolicyScope", "redrivePolicy": "RedrivePolicy",
	"replayPolicy": "ReplayPolicy", "subscriptionRoleArn": "SubscriptionRoleArn",
}

// subscriptionFlags are those that every subscription has.
var subscriptionFlags = map[string]string{"confirmationWasAuthenticated": "ConfirmationWasAuthenticated", "rawMessageDelivery": "RawMessageDelivery"}

func projectSubscription(region string, v subscription) discovery.Observation {
	d := newDocument()
	d.set("region", region)
	d.set("arn", v.arn)
	for _, p := range []struct{ name, value string }{{"topic", v.topic}, {"protocol", v.protocol}, {"endpoint", v.endpoint}, {"ownerId", v.owner}} {
		d.facet(p.name, facetOf(v.call, nil).need(p.value != ""), func() any { return p.value })
	}
	d.set("pendingConfirmation", false)
	for property, attribute := range subscriptionTexts {
		d.facet(property, v.facet, func() any { return v.attributes[attribute] })
	}
	for property, attribute := range subscriptionFlags {
		text := v.attributes[attribute]
		d.facet(property, v.facet.need(text != ""), func() any { return text == "true" })
	}
	sortUnknown(d)
	return d.observe(region, typeTopicSubscription, v.arn, lastPart(v.arn), snsProjection)
}
