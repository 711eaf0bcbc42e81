package aws

import (
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// attributesAnswer is a map as the answer of an SNS action; it takes names and
// values in turn.
func attributesAnswer(action string, entries ...string) string {
	var b strings.Builder
	for i := 0; i < len(entries); i += 2 {
		fmt.Fprintf(&b, "<entry><key>%s</key><value>%s</value></entry>", entries[i], entries[i+1])
	}
	return iamAnswer(action, "<Attributes>"+b.String()+"</Attributes>")
}

var fullTopic = attributesAnswer("GetTopicAttributes", "TopicArn", "arn:aws:sns:us-east-1:123456789012:topic-000000", "Owner", self, "DisplayName", "Orders",
	"Policy", `{ "Version": "2012-10-17", "Statement": [] }`, "DeliveryPolicy", `{"http":{}}`, "KmsMasterKeyId", "alias/k", "SignatureVersion", "2", "TracingConfig", "Active",
	"FifoTopic", "true", "ContentBasedDeduplication", "true", "FifoThroughputScope", "MessageGroup", "ArchivePolicy", `{"MessageRetentionPeriod":"30"}`,
	"BeginningArchiveTime", "2026-01-01T00:00:00Z",
	"ApplicationSuccessFeedbackRoleArn", "arn:1", "ApplicationFailureFeedbackRoleArn", "arn:2", "ApplicationSuccessFeedbackSampleRate", "1",
	"FirehoseSuccessFeedbackRoleArn", "arn:3", "FirehoseFailureFeedbackRoleArn", "arn:4", "FirehoseSuccessFeedbackSampleRate", "2",
	"HTTPSuccessFeedbackRoleArn", "arn:5", "HTTPFailureFeedbackRoleArn", "arn:6", "HTTPSuccessFeedbackSampleRate", "3",
	"LambdaSuccessFeedbackRoleArn", "arn:7", "LambdaFailureFeedbackRoleArn", "arn:8", "LambdaSuccessFeedbackSampleRate", "4",
	"SQSSuccessFeedbackRoleArn", "arn:9", "SQSFailureFeedbackRoleArn", "arn:10", "SQSSuccessFeedbackSampleRate", "100")

func topics(n, subscriptions int) *account {
	return newAccount(awsfake.Population{More: map[string]int{"topic": n, "topicSubscription": subscriptions}})
}

func TestGoldenTopics(t *testing.T) {
	t.Parallel()
	golden(t, "sns", topics(2, 2).read(t, snsService, home).sorted())
	golden(t, "sns-full", topics(1, 0).says("sns:GetTopicAttributes", fullTopic).read(t, snsService, home).sorted())
	denied := topics(1, 1).fails("sns:GetTopicAttributes", http.StatusForbidden, iamError("AuthorizationError")).
		fails("tagging:GetResources", http.StatusBadRequest, jsonError("AccessDeniedException"))
	golden(t, "sns-denied", denied.read(t, snsService, home).sorted())
	golden(t, "sns-failed", topics(1, 0).fails("sns:GetTopicAttributes", http.StatusInternalServerError, iamError("InternalError")).read(t, snsService, home).sorted())
	// What is not in the answer is not "off".
	silent := topics(1, 0).says("sns:GetTopicAttributes", attributesAnswer("GetTopicAttributes")).
		says("sns:ListSubscriptions", iamAnswer("ListSubscriptions", "<Subscriptions><member><SubscriptionArn>arn:aws:sns:us-east-1:1:t:s</SubscriptionArn></member></Subscriptions>"))
	golden(t, "sns-silent", silent.read(t, snsService, home).sorted())
}

// A topic that says everything but its policy has one all the same.
func TestTopicPolicyIsNeverAbsent(t *testing.T) {
	t.Parallel()
	s := topics(1, 0).says("sns:GetTopicAttributes", attributesAnswer("GetTopicAttributes", "TopicArn", "arn:aws:sns:us-east-1:123456789012:topic-000000")).read(t, snsService, home)
	for _, token := range []string{typeTopic, typeTopicPolicy} {
		o, _ := s.one(token, "arn:aws:sns:us-east-1:123456789012:topic-000000")
		wantUnknown(t, o, "policy", schemas.FacetFailed, "sns:GetTopicAttributes")
	}
}

func TestTopicDeletedMeanwhile(t *testing.T) {
	t.Parallel()
	a := topics(2, 0).asked("sns:GetTopicAttributes", func(_ string, q url.Values) answer {
		if strings.HasSuffix(q.Get("TopicArn"), "topic-000000") {
			return answer{http.StatusNotFound, iamError("NotFound")}
		}
		return answer{}
	})
	s := a.read(t, snsService, home)
	if s.count(typeTopic) != 1 || s.count(typeTopicPolicy) != 1 || s.scopes[typeTopic].State != schemas.ScopeComplete {
		t.Errorf("%d topics, %+v", s.count(typeTopic), s.scopes[typeTopic])
	}
}

// What waits to be confirmed has no ARN and gets no messages.
func TestUnconfirmedSubscriptionsAreLeftOut(t *testing.T) {
	t.Parallel()
	member := func(arn string) string {
		return "<member><TopicArn>arn:t</TopicArn><Protocol>email</Protocol><Endpoint>a@example.com</Endpoint><SubscriptionArn>" + arn + "</SubscriptionArn></member>"
	}
	s := topics(0, 0).says("sns:ListSubscriptions", iamAnswer("ListSubscriptions", "<Subscriptions>"+member("PendingConfirmation")+member("Deleted")+member("arn:t:s")+"</Subscriptions>")).
		read(t, snsService, home)
	if e := s.scopes[typeTopicSubscription]; s.count(typeTopicSubscription) != 1 || e.State != schemas.ScopeComplete {
		t.Errorf("%d subscriptions, %+v", s.count(typeTopicSubscription), e)
	}
	if _, ok := s.one(typeTopicSubscription, "arn:t:s"); !ok {
		t.Error("the confirmed one is missing")
	}
}

// Keys that the list does not have any more are read directly.
func TestVerifyTopicsAndSubscriptions(t *testing.T) {
	t.Parallel()
	const prefix = "arn:aws:sns:us-east-1:123456789012:"
	for _, c := range []struct{ token, there, gone, operation string }{
		{typeTopic, prefix + "topic-000000", prefix + "topic-000001", "sns:GetTopicAttributes"},
		{typeTopicPolicy, prefix + "topic-000000", prefix + "topic-000001", "sns:GetTopicAttributes"},
		{typeTopicSubscription, prefix + "topic-000000:subscription-000000", prefix + "topic-000000:subscription-000001", "sns:GetSubscriptionAttributes"},
	} {
		a := topics(2, 2)
		there, gone := schemas.Key{Region: home, Type: c.token, ID: c.there}, schemas.Key{Region: home, Type: c.token, ID: c.gone}
		want, _ := a.read(t, snsService, home).one(c.token, c.there)
		a.fake.SetFaults(awsfake.Faults{Removed: []string{lastPart(c.gone)}})
		emitted, lost, err := a.verify(t, snsService, there, gone)
		if err != nil || len(emitted) != 1 || !reflect.DeepEqual(emitted[0], want) || !slices.Equal(lost, []schemas.Key{gone}) {
			t.Errorf("%s: emitted %v, gone %v, %v; listed %v", c.token, emitted, lost, err, want)
		}
		a.fails(c.operation, http.StatusInternalServerError, iamError("InternalError"))
		if _, lost, _ := a.verify(t, snsService, there, gone); len(lost) != 0 {
			t.Errorf("%s: gone %v, by an error", c.token, lost)
		}
	}
	// Nothing is said of a subscription that may not be read.
	a := topics(1, 1).fails("sns:GetSubscriptionAttributes", http.StatusForbidden, iamError("AuthorizationError"))
	emitted, lost, err := a.verify(t, snsService, schemas.Key{Region: home, Type: typeTopicSubscription, ID: prefix + "topic-000000:subscription-000000"})
	if err == nil || len(emitted)+len(lost) != 0 {
		t.Errorf("emitted %v, gone %v, %v", emitted, lost, err)
	}
}
