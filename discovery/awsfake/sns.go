package awsfake

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// snsPage is how many topics or subscriptions SNS lists at once; no parameter
// changes it.
const snsPage = 100

var snsOperations = map[string]operation{
	"ListTopics": listTopics, "GetTopicAttributes": topicAttributes,
	"ListSubscriptions": listSubscriptions, "GetSubscriptionAttributes": subscriptionAttributes,
}

func topicName(i int) string { return fmt.Sprintf("topic-%06d", i) }

func subscriptionName(i int) string { return fmt.Sprintf("subscription-%06d", i) }

func (q *request) topicARN(name string) string {
	return "arn:aws:sns:" + q.region + ":" + q.pop.AccountID + ":" + name
}

func listTopics(q *request, form url.Values, b *bytes.Buffer) *fault {
	from, to, next := q.window(form.Get("NextToken"), 0, snsPage, q.pop.more("topic"))
	b.WriteString("<Topics>")
	q.each(from, to, topicName, func(i int) { fmt.Fprintf(b, "<member><TopicArn>%s</TopicArn></member>", q.topicARN(topicName(i))) })
	b.WriteString("</Topics>")
	if next != "" {
		fmt.Fprintf(b, "<NextToken>%s</NextToken>", next)
	}
	return nil
}

func topicAttributes(q *request, form url.Values, b *bytes.Buffer) *fault {
	arn := form.Get("TopicArn")
	name := arn[strings.LastIndexByte(arn, ':')+1:]
	i, ok := q.index(name, "topic-", q.pop.more("topic"))
	if !ok {
		return &fault{status: http.StatusNotFound, code: "NotFound", message: "Topic does not exist"}
	}
	writeEntries(b, q.topic(i, name, arn))
	return nil
}

// topic are the attributes of a topic.
func (q *request) topic(i int, name, arn string) [][2]string {
	display := ""
	if q.touched(name) {
		display = "changed"
	}
	entries := [][2]string{
		{"TopicArn", arn},
		{"Owner", q.pop.AccountID},
		{"DisplayName", display},
		{"EffectiveDeliveryPolicy", `{"http":{"defaultHealthyRetryPolicy":{"minDelayTarget":20,"maxDelayTarget":20,"numRetries":3},"disableSubscriptionOverrides":false}}`},
		{"Policy", `{"Version":"2008-10-17","Id":"__default_policy_ID","Statement":[{"Sid":"__default_statement_ID","Effect":"Allow","Principal":{"AWS":"*"},` +
			`"Action":["SNS:Publish","SNS:Subscribe"],"Resource":"` + arn + `","Condition":{"StringEquals":{"AWS:SourceOwner":"` + q.pop.AccountID + `"}}}]}`},
	}
	if i%2 == 0 {
		entries = append(entries, [2]string{"KmsMasterKeyId", "alias/aws/sns"})
	}
	return entries
}

// writeEntries is a map in the query protocol.
func writeEntries(b *bytes.Buffer, entries [][2]string) {
	b.WriteString("<Attributes>")
	for _, e := range entries {
		fmt.Fprintf(b, "<entry><key>%s</key><value>%s</value></entry>", e[0], esc(e[1]))
	}
	b.WriteString("</Attributes>")
}

// subscription is the topic, protocol and endpoint of the i-th subscription.
func (q *request) subscription(i int) (topic, protocol, endpoint string) {
	endpoint = fmt.Sprintf("hooks.example.com/%d", i)
	if q.touched(subscriptionName(i)) {
		endpoint += "/changed"
	}
	protocol = []string{"https", "http"}[i%2]
	return q.topicARN(topicName(0)), protocol, protocol + "://" + endpoint
}

func listSubscriptions(q *request, form url.Values, b *bytes.Buffer) *fault {
	from, to, next := q.window(form.Get("NextToken"), 0, snsPage, q.pop.more("topicSubscription"))
	b.WriteString("<Subscriptions>")
	for i := from; i < to; i++ {
		if q.gone(subscriptionName(i)) {
			continue
		}
		topic, protocol, endpoint := q.subscription(i)
		fmt.Fprintf(b, "<member><TopicArn>%s</TopicArn><Protocol>%s</Protocol><SubscriptionArn>%s:%s</SubscriptionArn><Owner>%s</Owner><Endpoint>%s</Endpoint></member>",
			topic, protocol, topic, subscriptionName(i), q.pop.AccountID, endpoint)
	}
	b.WriteString("</Subscriptions>")
	if next != "" {
		fmt.Fprintf(b, "<NextToken>%s</NextToken>", next)
	}
	return nil
}

func subscriptionAttributes(q *request, form url.Values, b *bytes.Buffer) *fault {
	arn := form.Get("SubscriptionArn")
	name := arn[strings.LastIndexByte(arn, ':')+1:]
	i, ok := q.index(name, "subscription-", q.pop.more("topicSubscription"))
	if !ok {
		return &fault{status: http.StatusNotFound, code: "NotFound", message: "Subscription does not exist"}
	}
	topic, protocol, endpoint := q.subscription(i)
	writeEntries(b, [][2]string{
		{"SubscriptionArn", arn},
		{"TopicArn", topic},
		{"Protocol", protocol},
		{"Endpoint", endpoint},
		{"Owner", q.pop.AccountID},
		{"PendingConfirmation", "false"},
		{"ConfirmationWasAuthenticated", "true"},
		{"RawMessageDelivery", fmt.Sprint(i%2 == 0)},
	})
	return nil
}
