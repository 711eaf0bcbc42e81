package aws

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/insights-scanner/insights-scanner/discovery"
)

// cloudwatchProjection counts changes of the projections in this file.
const cloudwatchProjection = 1

const (
	typeMetricAlarm    = "aws:cloudwatch/metricAlarm:MetricAlarm"
	typeCompositeAlarm = "aws:cloudwatch/compositeAlarm:CompositeAlarm"
)

// alarmPage is CloudWatch's largest page, and how many alarms can be named at once.
const alarmPage = 100

var describeAlarms = listCall("cloudwatch:DescribeAlarms", alarmPage)

var cloudwatchService = &service{
	name: "cloudwatch",
	types: []typeSpec{
		{token: typeMetricAlarm, calls: []call{describeAlarms, tagCall}},
		{token: typeCompositeAlarm, calls: []call{describeAlarms, tagCall}, with: typeMetricAlarm},
	},
	limits: map[string]limit{"CloudWatch:DescribeAlarms": {rate: 9, burst: 18}}, // that CloudWatch gives by default
	lists:  cloudwatchLists,
}

var cloudwatchLists = []list{{describeAlarms.action, []string{typeMetricAlarm, typeCompositeAlarm}, eachAlarm}}

func (s *session) cloudwatch() *cloudwatch.Client {
	return client(s, "cloudwatch", func(c aws.Config) *cloudwatch.Client { return cloudwatch.NewFromConfig(c) })
}

func eachAlarm(ctx context.Context, s *session, names []string, emit observe) error {
	if names == nil {
		return alarms(ctx, s, nil, emit)
	}
	for chunk := range slices.Chunk(names, alarmPage) {
		if err := alarms(ctx, s, chunk, emit); err != nil {
			return err
		}
	}
	return nil
}

// alarms emits those of the names that exist, or all without names. Composite
// alarms are left out unless asked for.
func alarms(ctx context.Context, s *session, names []string, emit observe) error {
	p := cloudwatch.NewDescribeAlarmsPaginator(s.cloudwatch(), &cloudwatch.DescribeAlarmsInput{
		AlarmNames: names, MaxRecords: aws.Int32(alarmPage), AlarmTypes: []types.AlarmType{types.AlarmTypeMetricAlarm, types.AlarmTypeCompositeAlarm},
	})
	return pages(ctx, p, func(out *cloudwatch.DescribeAlarmsOutput) error {
		var arns []string
		for _, a := range out.MetricAlarms {
			arns = append(arns, aws.ToString(a.AlarmArn))
		}
		for _, a := range out.CompositeAlarms {
			arns = append(arns, aws.ToString(a.AlarmArn))
		}
		tags, tagsF := tagsByARN(ctx, s, arns)
		for _, a := range out.MetricAlarms {
			if err := emit(ctx, projectMetricAlarm(s.region, a, tagsF, tags[aws.ToString(a.AlarmArn)])); err != nil {
				return err
			}
		}
		for _, a := range out.CompositeAlarms {
			if err := emit(ctx, projectCompositeAlarm(s.region, a, tagsF, tags[aws.ToString(a.AlarmArn)])); err != nil {
				return err
			}
		}
		return nil
	})
}

func projectMetricAlarm(region string, a types.MetricAlarm, tagsF facet, tags map[string]any) discovery.Observation {
	d := newDocument()
	d.set("region", region)
	d.set("name", aws.ToString(a.AlarmName))
	d.set("arn", aws.ToString(a.AlarmArn))
	d.set("alarmDescription", aws.ToString(a.AlarmDescription))
	d.facet("tags", tagsF, func() any { return tags })
	d.flag("actionsEnabled", a.ActionsEnabled, describeAlarms.action)
	d.set("alarmActions", sortedStrings(a.AlarmActions))
	d.set("okActions", sortedStrings(a.OKActions))
	d.set("insufficientDataActions", sortedStrings(a.InsufficientDataActions))
	d.set("comparisonOperator", string(a.ComparisonOperator))
	d.set("datapointsToAlarm", optional(a.DatapointsToAlarm))
	d.set("dimensions", dimensions(a.Dimensions))
	d.set("evaluateLowSampleCountPercentiles", aws.ToString(a.EvaluateLowSampleCountPercentile))
	d.set("evaluationPeriods", optional(a.EvaluationPeriods))
	d.set("extendedStatistic", aws.ToString(a.ExtendedStatistic))
	d.set("metricName", aws.ToString(a.MetricName))
	d.set("metricQueries", metricQueries(a.Metrics))
	d.set("namespace", aws.ToString(a.Namespace))
	d.set("period", optional(a.Period))
	d.set("statistic", string(a.Statistic))
	d.set("threshold", optional(a.Threshold))
	d.set("thresholdMetricId", aws.ToString(a.ThresholdMetricId))
	d.set("treatMissingData", aws.ToString(a.TreatMissingData))
	d.set("unit", string(a.Unit))
	// Newer than the SDK's last version that speaks the query protocol.
	d.notRead(describeAlarms.action, "evaluationCriteria", "evaluationInterval", "warmUpConfiguration")
	return d.observe(region, typeMetricAlarm, aws.ToString(a.AlarmName), aws.ToString(a.AlarmName), cloudwatchProjection)
}

func projectCompositeAlarm(region string, a types.CompositeAlarm, tagsF facet, tags map[string]any) discovery.Observation {
	d := newDocument()
	d.set("region", region)
	d.set("alarmName", aws.ToString(a.AlarmName))
	d.set("arn", aws.ToString(a.AlarmArn))
	d.set("alarmDescription", aws.ToString(a.AlarmDescription))
	d.set("alarmRule", aws.ToString(a.AlarmRule))
	d.facet("tags", tagsF, func() any { return tags })
	d.flag("actionsEnabled", a.ActionsEnabled, describeAlarms.action)
	d.set("alarmActions", sortedStrings(a.AlarmActions))
	d.set("okActions", sortedStrings(a.OKActions))
	d.set("insufficientDataActions", sortedStrings(a.InsufficientDataActions))
	if a.ActionsSuppressor != nil {
		suppressor := newDocument()
		suppressor.set("alarm", *a.ActionsSuppressor)
		suppressor.set("extensionPeriod", optional(a.ActionsSuppressorExtensionPeriod))
		suppressor.set("waitPeriod", optional(a.ActionsSuppressorWaitPeriod))
		d.set("actionsSuppressor", suppressor.properties)
	}
	return d.observe(region, typeCompositeAlarm, aws.ToString(a.AlarmName), aws.ToString(a.AlarmName), cloudwatchProjection)
}

func metricQueries(list []types.MetricDataQuery) []any {
	out := make([]any, len(list))
	for i, q := range list {
		d := newDocument()
		d.set("id", aws.ToString(q.Id))
		d.set("accountId", aws.ToString(q.AccountId))
		d.set("expression", aws.ToString(q.Expression))
		d.set("label", aws.ToString(q.Label))
		d.set("period", optional(q.Period))
		d.set("returnData", optional(q.ReturnData))
		if st := q.MetricStat; st != nil {
			metric := newDocument()
			if m := st.Metric; m != nil {
				metric.set("metricName", aws.ToString(m.MetricName))
				metric.set("namespace", aws.ToString(m.Namespace))
				metric.set("dimensions", dimensions(m.Dimensions))
			}
			metric.set("period", optional(st.Period))
			metric.set("stat", aws.ToString(st.Stat))
			metric.set("unit", string(st.Unit))
			d.set("metric", metric.properties)
		}
		out[i] = d.properties
	}
	sortByJSON(out)
	return out
}

func dimensions(list []types.Dimension) map[string]any {
	return tagMap(list, func(d types.Dimension) (name, value *string) { return d.Name, d.Value })
}
