package awsfake

import (
	"fmt"
	"net/http"
	"strings"
)

// logsPage is the largest limit that CloudWatch Logs takes.
const logsPage = 50

var logsOperations = map[string]jsonOperation{"DescribeLogGroups": logGroups, "DescribeMetricFilters": metricFilters}

func logGroupName(i int) string { return fmt.Sprintf("log-group-%06d", i) }

func metricFilterName(i int) string { return fmt.Sprintf("filter-%06d", i) }

// tooMany refuses a page size, which most services do not cut to what they allow.
func tooMany(size, most int, code, parameter string) *fault {
	if size <= most {
		return nil
	}
	return &fault{status: http.StatusBadRequest, code: code, message: fmt.Sprintf("Value '%d' at '%s' failed to satisfy constraint: Member must have value less than or equal to %d", size, parameter, most)}
}

// named narrows a window to what a prefix, in practice a whole name, leaves of it.
func named(prefix, stem string, from, to, n int, next string) (int, int, string) {
	if prefix == "" {
		return from, to, next
	}
	if i, ok := index(prefix, stem, n); ok {
		return i, i + 1, ""
	}
	return 0, 0, ""
}

func logGroups(q *request, in input) (any, *fault) {
	if f := tooMany(in.number("limit"), logsPage, "InvalidParameterException", "limit"); f != nil {
		return nil, f
	}
	n := q.pop.more("logGroup")
	from, to, next := q.window(in.text("nextToken"), in.number("limit"), logsPage, n)
	from, to, next = named(in.text("logGroupNamePrefix"), "log-group-", from, to, n, next)
	list := []any{}
	for i := from; i < to; i++ {
		name := logGroupName(i)
		if q.gone(name) {
			continue
		}
		arn := "arn:aws:logs:" + q.region + ":" + q.pop.AccountID + ":log-group:" + name
		g := map[string]any{"logGroupName": name, "arn": arn + ":*", "logGroupArn": arn, "logGroupClass": "STANDARD", "metricFilterCount": 0, "storedBytes": 0}
		if i%2 == 0 {
			g["retentionInDays"], g["kmsKeyId"] = 365, "arn:aws:kms:"+q.region+":"+q.pop.AccountID+":key/logs"
		}
		if q.touched(name) {
			g["retentionInDays"] = 1
		}
		list = append(list, g)
	}
	return paged(map[string]any{"logGroups": list}, "nextToken", next), nil
}

// metricFilters has all filters on the first log group.
func metricFilters(q *request, in input) (any, *fault) {
	if f := tooMany(in.number("limit"), logsPage, "InvalidParameterException", "limit"); f != nil {
		return nil, f
	}
	if group := in.text("logGroupName"); group != "" && (group != logGroupName(0) || q.gone(group)) {
		return nil, &fault{status: http.StatusBadRequest, code: "ResourceNotFoundException", message: "The specified log group does not exist."}
	}
	n := q.pop.more("logMetricFilter")
	from, to, next := q.window(in.text("nextToken"), in.number("limit"), logsPage, n)
	from, to, next = named(in.text("filterNamePrefix"), "filter-", from, to, n, next)
	list := []any{}
	for i := from; i < to; i++ {
		name := metricFilterName(i)
		if q.gone(name) {
			continue
		}
		pattern := `{ $.userIdentity.type = "Root" }`
		if q.touched(name) {
			pattern = ""
		}
		list = append(list, map[string]any{
			"filterName": name, "logGroupName": logGroupName(0), "filterPattern": pattern, "applyOnTransformedLogs": false,
			"metricTransformations": []any{map[string]any{"metricName": strings.ReplaceAll(name, "filter", "metric"), "metricNamespace": "Audit", "metricValue": "1"}},
		})
	}
	return paged(map[string]any{"metricFilters": list}, "nextToken", next), nil
}
