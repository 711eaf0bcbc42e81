package awsfake_test

import (
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/guardduty"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"

	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
)

// A page over what the service gives is refused, not cut: a reader that asks for
// it would fail against AWS.
func TestPageSizesOverTheCapAreRefused(t *testing.T) {
	t.Parallel()
	_, cfg := start(t, awsfake.Population{More: map[string]int{"*": 1}})
	logs, alarms, trails := cloudwatchlogs.NewFromConfig(cfg), cloudwatch.NewFromConfig(cfg), cloudtrail.NewFromConfig(cfg)
	const trail = "arn:aws:cloudtrail:us-east-1:123456789012:trail/trail-000000"
	for _, c := range []struct {
		largest int32
		code    string // of the refusal of one more
		ask     func(size int32) error
	}{
		{50, "InvalidParameterException", func(size int32) error {
			_, err := logs.DescribeLogGroups(t.Context(), &cloudwatchlogs.DescribeLogGroupsInput{Limit: &size})
			return err
		}},
		{50, "InvalidParameterException", func(size int32) error {
			_, err := logs.DescribeMetricFilters(t.Context(), &cloudwatchlogs.DescribeMetricFiltersInput{Limit: &size})
			return err
		}},
		{100, "InvalidParameterException", func(size int32) error {
			in := &resourcegroupstaggingapi.GetResourcesInput{ResourceARNList: slices.Repeat([]string{trail}, int(size))}
			_, err := resourcegroupstaggingapi.NewFromConfig(cfg).GetResources(t.Context(), in)
			return err
		}},
		{100, "ValidationError", func(size int32) error {
			_, err := alarms.DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{MaxRecords: &size})
			return err
		}},
		{100, "ValidationError", func(size int32) error {
			_, err := alarms.DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{AlarmNames: slices.Repeat([]string{"a"}, int(size))})
			return err
		}},
		{50, "BadRequestException", func(size int32) error {
			_, err := guardduty.NewFromConfig(cfg).ListDetectors(t.Context(), &guardduty.ListDetectorsInput{MaxResults: &size})
			return err
		}},
		{1000, "InvalidMaxResultsException", func(size int32) error {
			_, err := trails.ListEventDataStores(t.Context(), &cloudtrail.ListEventDataStoresInput{MaxResults: &size})
			return err
		}},
		{20, "InvalidParameterCombinationException", func(size int32) error {
			_, err := trails.ListTags(t.Context(), &cloudtrail.ListTagsInput{ResourceIdList: slices.Repeat([]string{trail}, int(size))})
			return err
		}},
	} {
		if err := c.ask(c.largest); err != nil {
			t.Errorf("%d: %v", c.largest, err)
		}
		wantCode(t, c.ask(c.largest+1), c.code)
	}
}
