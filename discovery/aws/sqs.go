package aws

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/insights-scanner/insights-scanner/discovery"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// sqsProjection counts changes of the projections in this file.
const sqsProjection = 1

const (
	typeQueue       = "aws:sqs/queue:Queue"
	typeQueuePolicy = "aws:sqs/queuePolicy:QueuePolicy"
)

var (
	listQueues      = listCall("sqs:ListQueues", 1000)
	queueAttributes = eachCall("sqs:GetQueueAttributes", "attributes")
)

var sqsService = &service{
	name: "sqs",
	types: []typeSpec{
		{token: typeQueue, calls: []call{listQueues, queueAttributes, tagCall}, recorded: recordedQueues},
		{token: typeQueuePolicy, calls: []call{listQueues, queueAttributes}, with: typeQueue, recorded: recordedQueues},
	},
	lists: sqsLists,
}

var sqsLists = []list{{listQueues.action, []string{typeQueue, typeQueuePolicy}, eachQueue}}

// recordedQueues are the attributes of a queue, as GetQueueAttributes has them: that policies and
// redrive policies are among them, the managed rules tell that judge them with every change
// (sqs-queue-policy-full-access-check, sqs-queue-dlq-check).
var recordedQueues = &recordedType{name: "AWS::SQS::Queue", calls: []recordedCall{{
	call: queueAttributes, operation: "SQS:GetQueueAttributes", by: "QueueUrl",
	answer: func(i *recordedItem) (any, error) {
		if !i.configuration.has(alwaysOfQueue...) {
			return nil, nil
		}
		return &sqs.GetQueueAttributesOutput{Attributes: i.configuration.texts()}, nil
	},
}}}

// alwaysOfQueue are attributes that every queue has. An item without one is older than that.
var alwaysOfQueue = []string{
	"QueueArn", "DelaySeconds", "MaximumMessageSize", "MessageRetentionPeriod", "ReceiveMessageWaitTimeSeconds", "VisibilityTimeout", "SqsManagedSseEnabled",
}

func (s *session) sqs() *sqs.Client {
	return client(s, "sqs", func(c aws.Config) *sqs.Client { return sqs.NewFromConfig(c) })
}

// eachQueue lists queues by URL. Without MaxResults SQS stops at 1,000 and does
// not say that there are more.
func eachQueue(ctx context.Context, s *session, urls []string, emit observe) error {
	if urls != nil {
		return readQueues(ctx, s, urls, emit)
	}
	p := sqs.NewListQueuesPaginator(s.sqs(), &sqs.ListQueuesInput{MaxResults: aws.Int32(1000)})
	return pages(ctx, p, func(out *sqs.ListQueuesOutput) error { return readQueues(ctx, s, out.QueueUrls, emit) })
}

// readQueues emits those of the queues that exist.
func readQueues(ctx context.Context, s *session, urls []string, emit observe) error {
	arns := make([]string, len(urls))
	for i, u := range urls {
		arns[i] = s.queueARN(u)
	}
	tags, tagsF := tagsByARN(ctx, s, arns)
	ctx = s.recorded(ctx, recordedQueues, s.region, urls)
	return parallel(ctx, detailParallel, urls, func(ctx context.Context, url string) error {
		out, err := s.sqs().GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
			QueueUrl: &url, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameAll},
		})
		if isNotFound(err, "AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist") {
			return nil
		}
		f := facetOf(queueAttributes.action, err)
		attributes := map[string]string{}
		if err == nil {
			attributes = out.Attributes
			f = f.need(attributes[string(types.QueueAttributeNameQueueArn)] != "")
		}
		return emit(ctx, projectQueue(s.region, url, f, attributes, tagsF, tags[s.queueARN(url)])...)
	})
}

// queueARN is made of the last part of a queue's URL, its name.
func (s *session) queueARN(url string) string {
	return fmt.Sprintf("arn:%s:sqs:%s:%s:%s", s.partition, s.region, s.awsAccount, url[strings.LastIndexByte(url, '/')+1:])
}

func projectQueue(region, url string, f facet, attributes map[string]string, tagsF facet, tags map[string]any) []discovery.Observation {
	name := url[strings.LastIndexByte(url, '/')+1:]
	d := newDocument()
	d.set("region", region)
	d.set("name", name)
	d.facet("tags", tagsF, func() any { return tags })
	for property, attribute := range queueNumbers {
		d.facet(property, f, func() any { return number(attributes[string(attribute)]) })
	}
	for property, attribute := range queueTexts {
		d.facet(property, f, func() any { return attributes[string(attribute)] })
	}
	// Only queues that have these say so; "false" otherwise.
	for property, attribute := range queueFlags {
		d.facet(property, f, func() any { return attributes[string(attribute)] == "true" })
	}
	policy, policyF := canonicalPolicy(attributes[string(types.QueueAttributeNamePolicy)]), f
	if policy == "" && f.state == schemas.FacetPresent {
		policyF.state = schemas.FacetAbsent
	}
	d.facet("policy", policyF, func() any { return policy })
	sortUnknown(d)
	list := []discovery.Observation{d.observe(region, typeQueue, url, name, sqsProjection)}
	split := newDocument()
	split.set("region", region)
	split.set("queueUrl", url)
	split.facet("policy", policyF, func() any { return policy })
	return append(list, split.observeIf(policyF, region, typeQueuePolicy, url, name, sqsProjection)...)
}

var queueNumbers = map[string]types.QueueAttributeName{
	"delaySeconds": types.QueueAttributeNameDelaySeconds, "maxMessageSize": types.QueueAttributeNameMaximumMessageSize,
	"messageRetentionSeconds":      types.QueueAttributeNameMessageRetentionPeriod,
	"receiveWaitTimeSeconds":       types.QueueAttributeNameReceiveMessageWaitTimeSeconds,
	"visibilityTimeoutSeconds":     types.QueueAttributeNameVisibilityTimeout,
	"kmsDataKeyReusePeriodSeconds": types.QueueAttributeNameKmsDataKeyReusePeriodSeconds,
}

var queueTexts = map[string]types.QueueAttributeName{
	"kmsMasterKeyId": types.QueueAttributeNameKmsMasterKeyId, "redrivePolicy": types.QueueAttributeNameRedrivePolicy,
	"redriveAllowPolicy": types.QueueAttributeNameRedriveAllowPolicy, "deduplicationScope": types.QueueAttributeNameDeduplicationScope,
	"fifoThroughputLimit": types.QueueAttributeNameFifoThroughputLimit,
}

var queueFlags = map[string]types.QueueAttributeName{
	"fifoQueue": types.QueueAttributeNameFifoQueue, "contentBasedDeduplication": types.QueueAttributeNameContentBasedDeduplication,
	"sqsManagedSseEnabled": types.QueueAttributeNameSqsManagedSseEnabled,
}
