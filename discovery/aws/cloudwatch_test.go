package aws

import (
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"testing"

	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
	"github.com/insights-scanner/insights-scanner/schemas"
)

var fullAlarms = iamAnswer("DescribeAlarms", `<MetricAlarms>
<member><AlarmName>root</AlarmName><AlarmArn>arn:aws:cloudwatch:us-east-1:123456789012:alarm:root</AlarmArn><AlarmDescription>d</AlarmDescription><ActionsEnabled>false</ActionsEnabled>
<AlarmActions><member>arn:b</member><member>arn:a</member></AlarmActions><OKActions><member>arn:ok</member></OKActions>
<InsufficientDataActions><member>arn:missing</member></InsufficientDataActions><ComparisonOperator>LessThanThreshold</ComparisonOperator>
<DatapointsToAlarm>2</DatapointsToAlarm><Dimensions><member><Name>InstanceId</Name><Value>i-1</Value></member></Dimensions>
<EvaluateLowSampleCountPercentile>ignore</EvaluateLowSampleCountPercentile><EvaluationPeriods>3</EvaluationPeriods><ExtendedStatistic>p99</ExtendedStatistic>
<MetricName>m</MetricName><Namespace>n</Namespace><Period>60</Period><Statistic>Sum</Statistic><Threshold>0</Threshold><ThresholdMetricId>e1</ThresholdMetricId>
<TreatMissingData>breaching</TreatMissingData><Unit>Count</Unit></member>
<member><AlarmName>queries</AlarmName><AlarmArn>arn:aws:cloudwatch:us-east-1:123456789012:alarm:queries</AlarmArn><ActionsEnabled>true</ActionsEnabled>
<Metrics><member><Id>m2</Id><Expression>m1</Expression></member><member><Id>m1</Id><AccountId>1</AccountId><Label>l</Label><ReturnData>false</ReturnData><MetricStat><Metric><MetricName>m</MetricName><Namespace>n</Namespace>
<Dimensions><member><Name>a</Name><Value>b</Value></member></Dimensions></Metric><Period>60</Period><Stat>Sum</Stat><Unit>Count</Unit></MetricStat></member>
<member><Id>e1</Id><Expression>m1*2</Expression><Period>60</Period><ReturnData>true</ReturnData></member></Metrics></member>
</MetricAlarms><CompositeAlarms><member><AlarmName>all</AlarmName><AlarmArn>arn:aws:cloudwatch:us-east-1:123456789012:alarm:all</AlarmArn><AlarmDescription>d</AlarmDescription>
<AlarmRule>ALARM(root)</AlarmRule><ActionsEnabled>true</ActionsEnabled><AlarmActions><member>arn:a</member></AlarmActions><OKActions><member>arn:ok</member></OKActions>
<InsufficientDataActions><member>arn:missing</member></InsufficientDataActions><ActionsSuppressor>quiet</ActionsSuppressor>
<ActionsSuppressorExtensionPeriod>60</ActionsSuppressorExtensionPeriod><ActionsSuppressorWaitPeriod>120</ActionsSuppressorWaitPeriod></member></CompositeAlarms>`)

func alarmAccount(metric, composite int) *account {
	return newAccount(awsfake.Population{More: map[string]int{"metricAlarm": metric, "compositeAlarm": composite}})
}

func TestGoldenAlarms(t *testing.T) {
	t.Parallel()
	golden(t, "cloudwatch", alarmAccount(2, 1).read(t, cloudwatchService, home).sorted())
	golden(t, "cloudwatch-full", alarmAccount(0, 0).says("monitoring:DescribeAlarms", fullAlarms).read(t, cloudwatchService, home).sorted())
	golden(t, "cloudwatch-tags-denied", alarmAccount(1, 1).fails("tagging:GetResources", http.StatusBadRequest, jsonError("AccessDeniedException")).read(t, cloudwatchService, home).sorted())
	golden(t, "cloudwatch-tags-failed", alarmAccount(1, 1).fails("tagging:GetResources", http.StatusInternalServerError, jsonError("InternalServiceException")).read(t, cloudwatchService, home).sorted())
	// Alarms whose answer does not say whether actions are on have not turned them off.
	silent := iamAnswer("DescribeAlarms", `<MetricAlarms><member><AlarmName>m</AlarmName></member></MetricAlarms><CompositeAlarms><member><AlarmName>c</AlarmName></member></CompositeAlarms>`)
	golden(t, "cloudwatch-silent", alarmAccount(0, 0).says("monitoring:DescribeAlarms", silent).read(t, cloudwatchService, home).sorted())
}

// More alarms than one call may name are asked for in several.
func TestVerifyAlarms(t *testing.T) {
	t.Parallel()
	a := alarmAccount(150, 1)
	list := a.read(t, cloudwatchService, home)
	a.fake.SetFaults(awsfake.Faults{Removed: []string{metricAlarmID(120)}})
	keys := make([]schemas.Key, 150)
	for i := range keys {
		keys[i] = schemas.Key{Region: home, Type: typeMetricAlarm, ID: metricAlarmID(i)}
	}
	before := a.count("monitoring:DescribeAlarms")
	emitted, gone, err := a.verify(t, cloudwatchService, keys...)
	if err != nil || len(emitted) != 149 || !slices.Equal(gone, keys[120:121]) || a.count("monitoring:DescribeAlarms")-before != 2 {
		t.Errorf("emitted %d, gone %v, %v", len(emitted), gone, err)
	}
	composite := schemas.Key{Region: home, Type: typeCompositeAlarm, ID: "composite-000000"}
	want, _ := list.one(typeCompositeAlarm, composite.ID)
	// A metric alarm of the name is not the composite alarm that is asked for.
	other := schemas.Key{Region: home, Type: typeCompositeAlarm, ID: metricAlarmID(0)}
	emitted, gone, err = a.verify(t, cloudwatchService, composite, other)
	if err != nil || len(emitted) != 1 || !reflect.DeepEqual(emitted[0], want) || !slices.Equal(gone, []schemas.Key{other}) {
		t.Errorf("emitted %v, gone %v, %v", emitted, gone, err)
	}
	a.asked("monitoring:DescribeAlarms", func(string, url.Values) answer { return answer{http.StatusForbidden, iamError("AccessDenied")} })
	if emitted, gone, err := a.verify(t, cloudwatchService, keys...); err == nil || len(emitted)+len(gone) != 0 {
		t.Errorf("emitted %d, gone %v, %v", len(emitted), gone, err)
	}
}

func metricAlarmID(i int) string { return fmt.Sprintf("alarm-%06d", i) }
