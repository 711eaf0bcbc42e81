package awsfake

import (
	"fmt"
	"strings"
)

var wafv2Operations = map[string]jsonOperation{
	"ListWebACLs": listWebACLs, "GetWebACL": getWebACL, "ListLoggingConfigurations": listWebLogging, "GetLoggingConfiguration": getWebLogging,
}

func webACLName(i int) string { return fmt.Sprintf("acl-%06d", i) }
func webACLID(i int) string   { return fmt.Sprintf("00000000-0000-4000-8000-%012d", i) }

func (q *request) webACLARN(i int) string {
	return "arn:aws:wafv2:" + q.region + ":" + q.pop.AccountID + ":regional/webacl/" + webACLName(i) + "/" + webACLID(i)
}

// wafPage is a page of what is regional; CloudFront has nothing.
func (q *request) wafPage(in input, items string, item func(i int) any) (any, *fault) {
	list, n := []any{}, q.pop.more("webAcl")
	if in.text("Scope") != "REGIONAL" {
		n = 0
	}
	from, to, next := q.window(in.text("NextMarker"), in.number("Limit"), 100, n)
	q.each(from, to, webACLName, func(i int) { list = append(list, item(i)) })
	return paged(map[string]any{items: list}, "NextMarker", next), nil
}

func noWAF() *fault {
	return &fault{status: 400, code: "WAFNonexistentItemException", message: "AWS WAF couldn't perform the operation because your resource doesn't exist."}
}

func listWebACLs(q *request, in input) (any, *fault) {
	return q.wafPage(in, "WebACLs", func(i int) any {
		return map[string]any{"Name": webACLName(i), "Id": webACLID(i), "ARN": q.webACLARN(i), "Description": "acl", "LockToken": webACLID(i)}
	})
}

func getWebACL(q *request, in input) (any, *fault) {
	i, ok := q.index(in.text("Name"), "acl-", q.pop.more("webAcl"))
	if !ok || in.text("Id") != webACLID(i) || in.text("Scope") != "REGIONAL" {
		return nil, noWAF()
	}
	watched := map[string]any{"SampledRequestsEnabled": true, "CloudWatchMetricsEnabled": true, "MetricName": "m"}
	return map[string]any{"LockToken": webACLID(i), "WebACL": map[string]any{
		"Name": webACLName(i), "Id": webACLID(i), "ARN": q.webACLARN(i), "DefaultAction": map[string]any{"Allow": map[string]any{}}, "Description": q.described(webACLName(i)),
		"VisibilityConfig": watched, "Capacity": 1, "Rules": []any{map[string]any{
			"Name": "rate", "Priority": 1, "Action": map[string]any{"Block": map[string]any{}}, "VisibilityConfig": watched,
			"Statement": map[string]any{"RateBasedStatement": map[string]any{"Limit": 100, "AggregateKeyType": "IP"}},
		}},
	}}, nil
}

func (q *request) webLogging(i int) any {
	to := "aws-waf-logs-a"
	if q.touched(webACLName(i)) {
		to = "aws-waf-logs-b"
	}
	return map[string]any{"ResourceArn": q.webACLARN(i), "LogDestinationConfigs": []any{"arn:aws:s3:::" + to}}
}

func listWebLogging(q *request, in input) (any, *fault) {
	return q.wafPage(in, "LoggingConfigurations", q.webLogging)
}

func getWebLogging(q *request, in input) (any, *fault) {
	p := strings.Split(in.text("ResourceArn"), "/")
	if len(p) > 2 {
		if i, ok := q.index(p[2], "acl-", q.pop.more("webAcl")); ok {
			return map[string]any{"LoggingConfiguration": q.webLogging(i)}, nil
		}
	}
	return nil, noWAF()
}
