package aws

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"github.com/insights-scanner/insights-scanner/discovery"
)

// snsProjection counts changes of the projections in this file.
const snsProjection = 1

const (
	typeTopic             = "aws:sns/topic:Topic"
	typeTopicPolicy       = "aws:sns/topicPolicy:TopicPolicy"
	typeTopicSubscription = "aws:sns/topicSubscription:TopicSubscription"
)

var (
	listTopics        = listCall("sns:ListTopics", 100)
	topicAttributes   = eachCall("sns:GetTopicAttributes", "attributes")
	listSubscriptions = listCall("sns:ListSubscriptions", 100)
	// Beside that on demand, it is only asked for keys that the list does not have any
	// more: 1,000 subscriptions take ten calls without it.
	subscriptionAttributes = eachCall("sns:GetSubscriptionAttributes", "attributes")
)

var snsService = &service{
	name: "sns",
	types: []typeSpec{
		{token: typeTopic, calls: []call{listTopics, topicAttributes, tagCall}, recorded: recordedTopics},
		{token: typeTopicPolicy, calls: []call{listTopics, topicAttributes}, with: typeTopic, recorded: recordedTopics},
		{token: typeTopicSubscription, calls: []call{listSubscriptions}, onDemand: []call{subscriptionAttributes}, verify: []string{subscriptionAttributes.action}},
	},
	// The 30/s of its quotas page.
	limits: map[string]limit{"SNS:ListTopics": {rate: 30, burst: 30}, "SNS:ListSubscriptions": {rate: 30, burst: 30}},
	lists:  snsLists,
}

var snsLists = []list{
	{listTopics.action, []string{typeTopic, typeTopicPolicy}, eachTopic},
	{listSubscriptions.action, []string{typeTopicSubscription}, eachSubscription},
}

// recordedTopics are the attributes of a topic, as GetTopicAttributes has them without its counts.
var recordedTopics = &recordedType{name: "AWS::SNS::Topic", calls: []recordedCall{{
	call: topicAttributes, operation: "SNS:GetTopicAttributes", by: "TopicArn",
	answer: func(i *recordedItem) (any, error) {
		if !i.configuration.has("TopicArn", "Owner", "Policy", "EffectiveDeliveryPolicy") {
			return nil, nil
		}
		return &sns.GetTopicAttributesOutput{Attributes: i.configuration.texts()}, nil
	},
}}}

func (s *session) sns() *sns.Client {
	return client(s, "sns", func(c aws.Config) *sns.Client { return sns.NewFromConfig(c) })
}

func eachTopic(ctx context.Context, s *session, arns []string, emit observe) error {
	if arns != nil {
		return readTopics(ctx, s, arns, emit)
	}
	return pages(ctx, sns.NewListTopicsPaginator(s.sns(), &sns.ListTopicsInput{}), func(out *sns.ListTopicsOutput) error {
		arns := make([]string, len(out.Topics))
		for i, t := range out.Topics {
			arns[i] = aws.ToString(t.TopicArn)
		}
		return readTopics(ctx, s, arns, emit)
	})
}

// readTopics emits those of the topics that exist.
func readTopics(ctx context.Context, s *session, arns []string, emit observe) error {
	tags, tagsF := tagsByARN(ctx, s, arns)
	ctx = s.recorded(ctx, recordedTopics, s.region, arns)
	return parallel(ctx, detailParallel, arns, func(ctx context.Context, arn string) error {
		out, err := s.sns().GetTopicAttributes(ctx, &sns.GetTopicAttributesInput{TopicArn: &arn})
		if isNotFound(err, "NotFound") {
			return nil
		}
		f := facetOf(topicAttributes.action, err)
		attributes := map[string]string{}
		if err == nil {
			attributes = out.Attributes
			f = f.need(attributes["TopicArn"] != "")
		}
		return emit(ctx, projectTopic(s.region, arn, f, attributes, tagsF, tags[arn])...)
	})
}

// lastPart is the name at the end of an ARN.
func lastPart(arn string) string { return arn[strings.LastIndexAny(arn, ":/")+1:] }

func projectTopic(region, arn string, f facet, attributes map[string]string, tagsF facet, tags map[string]any) []discovery.Observation {
	name := lastPart(arn)
	d := newDocument()
	d.set("region", region)
	d.set("name", name)
	d.set("arn", arn)
	d.facet("tags", tagsF, func() any { return tags })
	for property, attribute := range topicNumbers {
		d.facet(property, f, func() any { return number(attributes[attribute]) })
	}
	for property, attribute := range topicTexts {
		d.facet(property, f, func() any { return attributes[attribute] })
	}
	// Only topics that have these say so; "false" otherwise.
	for property, attribute := range topicFlags {
		d.facet(property, f, func() any { return attributes[attribute] == "true" })
	}
	policy := canonicalPolicy(attributes["Policy"])
	policyF := f.need(policy != "") // every topic has one
	d.facet("policy", policyF, func() any { return policy })
	sortUnknown(d)
	split := newDocument()
	split.set("region", region)
	split.set("arn", arn)
	split.facet("policy", policyF, func() any { return policy })
	return []discovery.Observation{
		d.observe(region, typeTopic, arn, name, snsProjection), split.observe(region, typeTopicPolicy, arn, name, snsProjection),
	}
}

var topicNumbers = map[string]string{
	"signatureVersion":                     "SignatureVersion",
	"applicationSuccessFeedbackSampleRate": "ApplicationSuccessFeedbackSampleRate", "firehoseSuccessFeedbackSampleRate": "FirehoseSuccessFeedbackSampleRate",
	"httpSuccessFeedbackSampleRate": "HTTPSuccessFeedbackSampleRate", "lambdaSuccessFeedbackSampleRate": "LambdaSuccessFeedbackSampleRate",
	"sqsSuccessFeedbackSampleRate": "SQSSuccessFeedbackSampleRate",
}

var topicTexts = map[string]string{
	"displayName": "DisplayName", "owner": "Owner", "kmsMasterKeyId": "KmsMasterKeyId", "deliveryPolicy": "DeliveryPolicy",
	"archivePolicy": "ArchivePolicy", "beginningArchiveTime": "BeginningArchiveTime", "fifoThroughputScope": "FifoThroughputScope", "tracingConfig": "TracingConfig",
	"applicationFailureFeedbackRoleArn": "ApplicationFailureFeedbackRoleArn", "applicationSuccessFeedbackRoleArn": "ApplicationSuccessFeedbackRoleArn",
	"firehoseFailureFeedbackRoleArn": "FirehoseFailureFeedbackRoleArn", "firehoseSuccessFeedbackRoleArn": "FirehoseSuccessFeedbackRoleArn",
	"httpFailureFeedbackRoleArn": "HTTPFailureFeedbackRoleArn", "httpSuccessFeedbackRoleArn": "HTTPSuccessFeedbackRoleArn",
	"lambdaFailureFeedbackRoleArn": "LambdaFailureFeedbackRoleArn", "lambdaSuccessFeedbackRoleArn": "LambdaSuccessFeedbackRoleArn",
	"sqsFailureFeedbackRoleArn": "SQSFailureFeedbackRoleArn", "sqsSuccessFeedbackRoleArn": "SQSSuccessFeedbackRoleArn",
}

var topicFlags = map[string]string{"fifoTopic": "FifoTopic", "contentBasedDeduplication": "ContentBasedDeduplication"}
