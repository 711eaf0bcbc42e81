package aws

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"github.com/insights-scanner/insights-scanner/discovery"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// logsProjection counts changes of the projections in this file.
const logsProjection = 1

const (
	typeLogGroup        = "aws:cloudwatch/logGroup:LogGroup"
	typeLogMetricFilter = "aws:cloudwatch/logMetricFilter:LogMetricFilter"
)

// logsPage is CloudWatch Logs' largest page, of groups and of filters.
const logsPage = 50

var (
	describeLogGroups     = listCall("logs:DescribeLogGroups", logsPage)
	logGroupTags          = call{tagCall.action, tagCall.facet, logsPage} // asked for page by page
	describeMetricFilters = listCall("logs:DescribeMetricFilters", logsPage)
)

var logsService = &service{
	name: "logs",
	types: []typeSpec{
		{token: typeLogGroup, calls: []call{describeLogGroups, logGroupTags}},
		{token: typeLogMetricFilter, calls: []call{describeMetricFilters}},
	},
	// Set low by choice: its Describe calls are throttled early, and a thousand
	// groups or filters take twenty.
	limits: map[string]limit{
		"CloudWatch Logs:DescribeLogGroups":     {rate: 10, burst: 10, guess: true},
		"CloudWatch Logs:DescribeMetricFilters": {rate: 5, burst: 10, guess: true},
	},
	lists: logsLists,
}

var logsLists = []list{
	{describeLogGroups.action, []string{typeLogGroup}, eachLogGroup},
	{describeMetricFilters.action, []string{typeLogMetricFilter}, eachMetricFilter},
}

func (s *session) logs() *cloudwatchlogs.Client {
	return client(s, "logs", func(c aws.Config) *cloudwatchlogs.Client { return cloudwatchlogs.NewFromConfig(c) })
}

// eachLogGroup finds a group by its name as the prefix of those listed: what a
// list of exact names does with one that is unknown is not documented.
func eachLogGroup(ctx context.Context, s *session, names []string, emit observe) error {
	if names != nil {
		return parallel(ctx, detailParallel, names, func(ctx context.Context, name string) error {
			return logGroups(ctx, s, &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: &name}, func(list []types.LogGroup) error {
				i := slices.IndexFunc(list, func(g types.LogGroup) bool { return aws.ToString(g.LogGroupName) == name })
				if i < 0 {
					return nil
				}
				return emitLogGroups(ctx, s, list[i:i+1], emit)
			})
		})
	}
	return logGroups(ctx, s, &cloudwatchlogs.DescribeLogGroupsInput{}, func(list []types.LogGroup) error { return emitLogGroups(ctx, s, list, emit) })
}

func logGroups(ctx context.Context, s *session, in *cloudwatchlogs.DescribeLogGroupsInput, each func([]types.LogGroup) error) error {
	in.Limit = aws.Int32(logsPage)
	p := cloudwatchlogs.NewDescribeLogGroupsPaginator(s.logs(), in)
	return pages(ctx, p, func(out *cloudwatchlogs.DescribeLogGroupsOutput) error { return each(out.LogGroups) })
}

func emitLogGroups(ctx context.Context, s *session, list []types.LogGroup, emit observe) error {
	arns := make([]string, len(list))
	for i, g := range list {
		arns[i] = logGroupARN(g)
	}
	tags, tagsF := tagsByARN(ctx, s, arns)
	for i, g := range list {
		if err := emit(ctx, projectLogGroup(s.region, arns[i], g, tagsF, tags[arns[i]])); err != nil {
			return err
		}
	}
	return nil
}

// logGroupARN is the ARN of the group itself; the older field's ":*" stands for
// its streams.
func logGroupARN(g types.LogGroup) string {
	if g.LogGroupArn != nil {
		return *g.LogGroupArn
	}
	return strings.TrimSuffix(aws.ToString(g.Arn), ":*")
}

func projectLogGroup(region, arn string, g types.LogGroup, tagsF facet, tags map[string]any) discovery.Observation {
	name := aws.ToString(g.LogGroupName)
	d := newDocument()
	d.set("region", region)
	d.set("name", name)
	d.set("arn", arn)
	d.facet("tags", tagsF, func() any { return tags })
	d.set("retentionInDays", int(aws.ToInt32(g.RetentionInDays))) // left out where events never expire: 0
	d.set("kmsKeyId", aws.ToString(g.KmsKeyId))
	d.set("logGroupClass", string(g.LogGroupClass))
	if g.DeletionProtectionEnabled != nil {
		d.set("deletionProtectionEnabled", *g.DeletionProtectionEnabled)
	}
	return d.observe(region, typeLogGroup, name, name, logsProjection)
}

// eachMetricFilter knows filters as "group:filter"; neither name has a colon.
func eachMetricFilter(ctx context.Context, s *session, ids []string, emit observe) error {
	if ids == nil {
		return metricFilters(ctx, s, &cloudwatchlogs.DescribeMetricFiltersInput{}, emit)
	}
	return parallel(ctx, detailParallel, ids, func(ctx context.Context, id string) error {
		group, name, _ := strings.Cut(id, ":")
		err := metricFilters(ctx, s, &cloudwatchlogs.DescribeMetricFiltersInput{LogGroupName: &group, FilterNamePrefix: &name}, emit)
		if isNotFound(err, "ResourceNotFoundException") {
			return nil
		}
		return err
	})
}

func metricFilters(ctx context.Context, s *session, in *cloudwatchlogs.DescribeMetricFiltersInput, emit observe) error {
	in.Limit = aws.Int32(logsPage)
	return pages(ctx, cloudwatchlogs.NewDescribeMetricFiltersPaginator(s.logs(), in), func(out *cloudwatchlogs.DescribeMetricFiltersOutput) error {
		for _, f := range out.MetricFilters {
			if err := emit(ctx, projectMetricFilter(s.region, f)); err != nil {
				return err
			}
		}
		return nil
	})
}

func projectMetricFilter(region string, f types.MetricFilter) discovery.Observation {
	name, id := aws.ToString(f.FilterName), ""
	if f.FilterName != nil && f.LogGroupName != nil {
		id = *f.LogGroupName + ":" + name
	}
	said := facet{state: schemas.FacetPresent, call: describeMetricFilters.action}
	d := newDocument()
	d.set("region", region)
	d.set("name", name)
	d.set("logGroupName", aws.ToString(f.LogGroupName))
	d.set("applyOnTransformedLogs", f.ApplyOnTransformedLogs)
	d.facet("metricTransformation", said.need(len(f.MetricTransformations) > 0), func() any { return metricTransformation(f.MetricTransformations[0]) })
	if said = said.need(f.FilterPattern != nil); said.state == schemas.FacetPresent {
		d.properties["pattern"] = *f.FilterPattern // also when empty: it matches everything
	} else {
		d.facet("pattern", said, nil)
	}
	return d.observe(region, typeLogMetricFilter, id, name, logsProjection)
}

// metricTransformation is the only one of a filter: there must be one, and there
// cannot be more.
func metricTransformation(t types.MetricTransformation) map[string]any {
	d := newDocument()
	d.set("name", aws.ToString(t.MetricName))
	d.set("namespace", aws.ToString(t.MetricNamespace))
	d.set("value", aws.ToString(t.MetricValue))
	if t.DefaultValue != nil {
		d.set("defaultValue", strconv.FormatFloat(*t.DefaultValue, 'f', -1, 64)) // a text in the provider
	}
	d.set("dimensions", anyMap(t.Dimensions))
	d.set("unit", string(t.Unit))
	return d.properties
}
