package aws

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
	"github.com/insights-scanner/insights-scanner/schemas"
)

const fullQueue = `{"Attributes":{"QueueArn":"arn:aws:sqs:us-east-1:123456789012:queue-000000","DelaySeconds":"5","MaximumMessageSize":"1024",` +
	`"MessageRetentionPeriod":"60","ReceiveMessageWaitTimeSeconds":"3","VisibilityTimeout":"30","KmsMasterKeyId":"alias/k","KmsDataKeyReusePeriodSeconds":"300",` +
	`"FifoQueue":"true","ContentBasedDeduplication":"true","DeduplicationScope":"queue","FifoThroughputLimit":"perQueue","SqsManagedSseEnabled":"false",` +
	`"RedrivePolicy":"{\"maxReceiveCount\":3}","RedriveAllowPolicy":"{\"redrivePermission\":\"denyAll\"}","Policy":"{ \"Version\": \"2012-10-17\", \"Statement\": [] }"}}`

func queues(n int) *account { return newAccount(awsfake.Population{More: map[string]int{"queue": n}}) }

func TestGoldenQueues(t *testing.T) {
	t.Parallel()
	no := jsonError("AccessDeniedException")
	golden(t, "sqs", queues(2).read(t, sqsService, home).sorted())
	golden(t, "sqs-full", queues(1).says("sqs:GetQueueAttributes", fullQueue).read(t, sqsService, home).sorted())
	golden(t, "sqs-denied", queues(1).fails("sqs:GetQueueAttributes", http.StatusBadRequest, no).fails("tagging:GetResources", http.StatusBadRequest, no).read(t, sqsService, home).sorted())
	// Attributes that are not in the answer are not "off".
	golden(t, "sqs-silent", queues(1).says("sqs:GetQueueAttributes", `{}`).read(t, sqsService, home).sorted())
}

// A queue that is gone when its attributes are asked for is not one without them.
func TestQueueDeletedMeanwhile(t *testing.T) {
	t.Parallel()
	a := queues(2).asked("sqs:GetQueueAttributes", func(_ string, q url.Values) answer {
		if strings.Contains(q.Get("body"), "queue-000000") {
			return answer{http.StatusBadRequest, jsonError("AWS.SimpleQueueService.NonExistentQueue")}
		}
		return answer{}
	})
	s := a.read(t, sqsService, home)
	if s.count(typeQueue) != 1 || s.scopes[typeQueue].State != schemas.ScopeComplete {
		t.Errorf("%d queues, %+v", s.count(typeQueue), s.scopes[typeQueue])
	}
}
