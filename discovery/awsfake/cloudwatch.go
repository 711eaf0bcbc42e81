package awsfake

import (
	"bytes"
	"fmt"
	"net/url"
	"slices"
)

// alarmPage is the largest MaxRecords, and the most AlarmNames, that CloudWatch takes.
const alarmPage = 100

var cloudwatchOperations = map[string]operation{"DescribeAlarms": describeAlarms}

func metricAlarmName(i int) string { return fmt.Sprintf("alarm-%06d", i) }

func compositeAlarmName(i int) string { return fmt.Sprintf("composite-%06d", i) }

// formList is a list of texts in the query protocol.
func formList(form url.Values, name string) (list []string) {
	for i := 1; form.Has(fmt.Sprintf("%s.member.%d", name, i)); i++ {
		list = append(list, form.Get(fmt.Sprintf("%s.member.%d", name, i)))
	}
	return list
}

// describeAlarms lists metric alarms before composite ones, which it leaves out
// unless AlarmTypes has them.
func describeAlarms(q *request, form url.Values, b *bytes.Buffer) *fault {
	if f := tooMany(number(form.Get("MaxRecords")), alarmPage, "ValidationError", "maxRecords"); f != nil {
		return f
	}
	names, kinds := formList(form, "AlarmNames"), formList(form, "AlarmTypes")
	if f := tooMany(len(names), alarmPage, "ValidationError", "alarmNames"); f != nil {
		return f
	}
	metric, composite := q.pop.more("metricAlarm"), 0
	if slices.Contains(kinds, "CompositeAlarm") {
		composite = q.pop.more("compositeAlarm")
	}
	var metrics, composites []int
	next := ""
	if names == nil {
		var from, to int
		size := 50 // where none is named
		if form.Has("MaxRecords") {
			size = number(form.Get("MaxRecords"))
		}
		from, to, next = q.window(form.Get("NextToken"), size, alarmPage, metric+composite)
		for i := from; i < to; i++ {
			if i < metric {
				metrics = append(metrics, i)
			} else {
				composites = append(composites, i-metric)
			}
		}
	}
	for _, name := range names {
		if i, ok := index(name, "alarm-", metric); ok {
			metrics = append(metrics, i)
		} else if i, ok := index(name, "composite-", composite); ok {
			composites = append(composites, i)
		}
	}
	b.WriteString("<MetricAlarms>")
	for _, i := range metrics {
		q.writeAlarm(b, metricAlarmName(i), i, `<MetricName>root</MetricName><Namespace>Audit</Namespace><Statistic>Sum</Statistic><Period>300</Period><EvaluationPeriods>1</EvaluationPeriods><Threshold>1.0</Threshold><ComparisonOperator>GreaterThanOrEqualToThreshold</ComparisonOperator>`)
	}
	b.WriteString("</MetricAlarms><CompositeAlarms>")
	for _, i := range composites {
		q.writeAlarm(b, compositeAlarmName(i), i, "<AlarmRule>ALARM(&quot;"+metricAlarmName(0)+"&quot;)</AlarmRule>")
	}
	b.WriteString("</CompositeAlarms>")
	if next != "" {
		fmt.Fprintf(b, "<NextToken>%s</NextToken>", next)
	}
	return nil
}

// writeAlarm is what both kinds have.
func (q *request) writeAlarm(b *bytes.Buffer, name string, i int, more string) {
	if q.gone(name) {
		return
	}
	description := ""
	if q.touched(name) {
		description = "<AlarmDescription>changed</AlarmDescription>"
	}
	fmt.Fprintf(b, "<member><AlarmName>%[1]s</AlarmName><AlarmArn>arn:aws:cloudwatch:%[2]s:%[3]s:alarm:%[1]s</AlarmArn><ActionsEnabled>%[4]t</ActionsEnabled>"+
		"<AlarmActions><member>arn:aws:sns:%[2]s:%[3]s:topic-000000</member></AlarmActions>%[5]s%[6]s</member>",
		name, q.region, q.pop.AccountID, i%2 == 0, description, more)
}
