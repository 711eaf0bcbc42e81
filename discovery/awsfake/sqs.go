package awsfake

import (
	"fmt"
	"strconv"
	"strings"
)

var sqsOperations = map[string]jsonOperation{"ListQueues": listQueues, "GetQueueAttributes": queueAttributes}

func queueName(i int) string { return fmt.Sprintf("queue-%06d", i) }

func (q *request) queueURL(name string) string {
	return fmt.Sprintf("https://sqs.%s.amazonaws.com/%s/%s", q.region, q.pop.AccountID, name)
}

// listQueues pages only when MaxResults is set, as SQS does; it then returns at
// most 1,000.
func listQueues(q *request, in input) (any, *fault) {
	from, to, next := q.window(in.text("NextToken"), in.number("MaxResults"), 1000, q.pop.more("queue"))
	urls := []string{}
	for i := from; i < to; i++ {
		if !q.gone(queueName(i)) && strings.HasPrefix(queueName(i), in.text("QueueNamePrefix")) {
			urls = append(urls, q.queueURL(queueName(i)))
		}
	}
	answer := map[string]any{"QueueUrls": urls}
	if next != "" && in.number("MaxResults") > 0 {
		answer["NextToken"] = next
	}
	return answer, nil
}

func queueAttributes(q *request, in input) (any, *fault) {
	url := in.text("QueueUrl")
	name := url[strings.LastIndexByte(url, '/')+1:]
	i, ok := q.index(name, "queue-", q.pop.more("queue"))
	if !ok {
		return nil, &fault{status: 400, code: "AWS.SimpleQueueService.NonExistentQueue", message: "The specified queue does not exist."}
	}
	retention := 345600
	if q.touched(name) {
		retention = 60
	}
	return map[string]any{"Attributes": map[string]string{
		"QueueArn": "arn:aws:sqs:" + q.region + ":" + q.pop.AccountID + ":" + name, "SqsManagedSseEnabled": strconv.FormatBool(i%2 == 0),
		"VisibilityTimeout": "30", "DelaySeconds": "0", "MaximumMessageSize": "262144", "MessageRetentionPeriod": strconv.Itoa(retention),
		"ReceiveMessageWaitTimeSeconds": "0",
	}}, nil
}
