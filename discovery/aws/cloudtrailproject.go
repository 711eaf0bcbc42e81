package aws

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"

	"github.com/insights-scanner/insights-scanner/discovery"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// cloudtrailTags are those of trails or event data stores.
type cloudtrailTags struct {
	byARN map[string]map[string]any
	f     facet
}

// of is what is known of one ARN's tags. Every ARN that was asked for is in the
// answer, also without tags.
func (t cloudtrailTags) of(arn string) (tags map[string]any, f facet) {
	tags, there := t.byARN[arn]
	return tags, t.f.need(there)
}

// trailTagsOf reads the tags of the trails that are at home here.
func trailTagsOf(ctx context.Context, s *session, trails []types.Trail) cloudtrailTags {
	var arns []string
	for _, t := range trails {
		if trailIsOwn(s, t) && aws.ToString(t.HomeRegion) == s.region {
			arns = append(arns, aws.ToString(t.TrailARN))
		}
	}
	return readCloudtrailTags(ctx, s, arns)
}

// readCloudtrailTags asks for twenty at once. One of them that was deleted
// meanwhile fails the call; the others are then asked for alone.
func readCloudtrailTags(ctx context.Context, s *session, arns []string) cloudtrailTags {
	const gone = "ResourceNotFoundException"
	t := cloudtrailTags{byARN: map[string]map[string]any{}, f: facet{state: schemas.FacetPresent, call: trailTagCall.action}}
	for chunk := range slices.Chunk(arns, trailTagPage) {
		err := t.read(ctx, s, chunk)
		if isNotFound(err, gone) {
			err = nil
			for _, arn := range chunk {
				if alone := t.read(ctx, s, []string{arn}); alone != nil && !isNotFound(alone, gone) {
					err = alone
				}
			}
		}
		if err != nil {
			return cloudtrailTags{f: facetOf(trailTagCall.action, err)}
		}
	}
	return t
}

func (t cloudtrailTags) read(ctx context.Context, s *session, arns []string) error {
	p := cloudtrail.NewListTagsPaginator(s.cloudtrailIn(s.region), &cloudtrail.ListTagsInput{ResourceIdList: arns})
	return pages(ctx, p, func(out *cloudtrail.ListTagsOutput) error {
		for _, r := range out.ResourceTagList {
			t.byARN[aws.ToString(r.ResourceId)] = tagMap(r.TagsList, func(t types.Tag) (key, value *string) { return t.Key, t.Value })
		}
		return nil
	})
}

// readTrail reads the rest of a trail that is at home here. exists is false when
// it was deleted meanwhile.
func readTrail(ctx context.Context, s *session, t types.Trail, statusF facet, status *cloudtrail.GetTrailStatusOutput, tags cloudtrailTags) (o discovery.Observation, exists bool) {
	selectors, err := s.cloudtrailIn(s.region).GetEventSelectors(ctx, &cloudtrail.GetEventSelectorsInput{TrailName: t.TrailARN})
	selectorsF, exists := trailFacet(s, t, eventSelectorCall.action, err)
	if !exists {
		return o, false
	}
	selectorsF = selectorsF.need(err != nil || selectors.EventSelectors != nil || selectors.AdvancedEventSelectors != nil)
	insights, err := s.cloudtrailIn(s.region).GetInsightSelectors(ctx, &cloudtrail.GetInsightSelectorsInput{TrailName: t.TrailARN})
	insightsF, exists := trailFacet(s, t, insightCall.action, err, "InsightNotEnabledException")
	if !exists {
		return o, false
	}
	insightsF = insightsF.need(err != nil || insights.InsightSelectors != nil)
	d := trailDocument(s.region, t)
	d.facet("enableLogging", statusF, func() any { return aws.ToBool(status.IsLogging) })
	d.facet("advancedEventSelectors", selectorsF, func() any { return advancedEventSelectors(selectors.AdvancedEventSelectors) })
	d.facet("eventSelectors", selectorsF, func() any { return eventSelectors(selectors.EventSelectors) })
	d.facet("insightSelectors", insightsF, func() any { return insightSelectors(insights.InsightSelectors) })
	of, tagsF := tags.of(aws.ToString(t.TrailARN))
	if !trailIsOwn(s, t) {
		tagsF = facet{state: schemas.FacetDenied, call: trailTagCall.action, reason: "the trail belongs to another account"}
	}
	d.facet("tags", tagsF, func() any { return of })
	return d.observe(s.region, typeTrail, aws.ToString(t.TrailARN), aws.ToString(t.Name), cloudtrailProjection), true
}

// trailDocument is what the list says of a trail.
func trailDocument(region string, t types.Trail) *document {
	d := newDocument()
	d.set("region", region)
	d.set("name", aws.ToString(t.Name))
	d.set("arn", aws.ToString(t.TrailARN))
	d.set("homeRegion", aws.ToString(t.HomeRegion))
	d.set("s3BucketName", aws.ToString(t.S3BucketName))
	d.set("s3KeyPrefix", aws.ToString(t.S3KeyPrefix))
	d.set("kmsKeyId", aws.ToString(t.KmsKeyId))
	d.set("isMultiRegionTrail", aws.ToBool(t.IsMultiRegionTrail))
	d.set("isOrganizationTrail", aws.ToBool(t.IsOrganizationTrail))
	d.flag("enableLogFileValidation", t.LogFileValidationEnabled, "cloudtrail:DescribeTrails")
	d.set("includeGlobalServiceEvents", aws.ToBool(t.IncludeGlobalServiceEvents))
	d.set("cloudWatchLogsGroupArn", aws.ToString(t.CloudWatchLogsLogGroupArn))
	d.set("cloudWatchLogsRoleArn", aws.ToString(t.CloudWatchLogsRoleArn))
	d.set("snsTopicArn", aws.ToString(t.SnsTopicARN))
	d.set("snsTopicName", aws.ToString(t.SnsTopicName))
	return d
}

func eventSelectors(list []types.EventSelector) []any {
	out := make([]any, len(list))
	for i, s := range list {
		resources := make([]any, len(s.DataResources))
		for i, r := range s.DataResources {
			resources[i] = map[string]any{"type": aws.ToString(r.Type), "values": sortedStrings(r.Values)}
		}
		sortByJSON(resources)
		d := newDocument()
		d.set("dataResources", resources)
		d.set("excludeManagementEventSources", sortedStrings(s.ExcludeManagementEventSources))
		d.set("includeManagementEvents", optional(s.IncludeManagementEvents))
		d.set("readWriteType", string(s.ReadWriteType))
		out[i] = d.properties
	}
	sortByJSON(out)
	return out
}

func advancedEventSelectors(list []types.AdvancedEventSelector) []any {
	out := make([]any, len(list))
	for i, s := range list {
		fields := make([]any, len(s.FieldSelectors))
		for i, f := range s.FieldSelectors {
			d := newDocument()
			d.set("field", aws.ToString(f.Field))
			d.set("equals", sortedStrings(f.Equals))
			d.set("notEquals", sortedStrings(f.NotEquals))
			d.set("startsWiths", sortedStrings(f.StartsWith))
			d.set("notStartsWiths", sortedStrings(f.NotStartsWith))
			d.set("endsWiths", sortedStrings(f.EndsWith))
			d.set("notEndsWiths", sortedStrings(f.NotEndsWith))
			fields[i] = d.properties
		}
		sortByJSON(fields)
		d := newDocument()
		d.set("name", aws.ToString(s.Name))
		d.set("fieldSelectors", fields)
		out[i] = d.properties
	}
	sortByJSON(out)
	return out
}

func insightSelectors(list []types.InsightSelector) []any {
	out := make([]any, len(list))
	for i, s := range list {
		out[i] = map[string]any{"insightType": string(s.InsightType)}
	}
	sortByJSON(out)
	return out
}

var storeList = list{listEventStores.action, []string{typeEventDataStore}, eachEventStore}

func eachEventStore(ctx context.Context, s *session, arns []string, emit observe) error {
	if arns != nil {
		return readEventStores(ctx, s, arns, emit)
	}
	p := cloudtrail.NewListEventDataStoresPaginator(s.cloudtrailIn(s.region), &cloudtrail.ListEventDataStoresInput{MaxResults: aws.Int32(1000)})
	return pages(ctx, p, func(out *cloudtrail.ListEventDataStoresOutput) error {
		arns := make([]string, len(out.EventDataStores))
		for i, e := range out.EventDataStores {
			arns[i] = aws.ToString(e.EventDataStoreArn)
		}
		return readEventStores(ctx, s, arns, emit)
	})
}

// readEventStores emits those of the stores that exist. One that is about to be
// deleted takes no events any more and is listed for another week.
func readEventStores(ctx context.Context, s *session, arns []string, emit observe) error {
	tags := readCloudtrailTags(ctx, s, arns)
	return parallel(ctx, detailParallel, arns, func(ctx context.Context, arn string) error {
		out, err := s.cloudtrailIn(s.region).GetEventDataStore(ctx, &cloudtrail.GetEventDataStoreInput{EventDataStore: &arn})
		if isNotFound(err, "EventDataStoreNotFoundException") || err == nil && out.Status == types.EventDataStoreStatusPendingDeletion {
			return nil
		}
		f := facetOf(eventStoreSettings.action, err)
		if err != nil {
			out = &cloudtrail.GetEventDataStoreOutput{}
		}
		of, tagsF := tags.of(arn)
		return emit(ctx, projectEventStore(s.region, arn, f.need(out.Status != ""), out, tagsF, of))
	})
}

func projectEventStore(region, arn string, f facet, e *cloudtrail.GetEventDataStoreOutput, tagsF facet, tags map[string]any) discovery.Observation {
	d := newDocument()
	d.set("region", region)
	d.set("arn", arn)
	d.facet("name", f, func() any { return aws.ToString(e.Name) })
	d.facet("advancedEventSelectors", f, func() any { return advancedEventSelectors(e.AdvancedEventSelectors) })
	d.facet("billingMode", f, func() any { return string(e.BillingMode) })
	d.facet("kmsKeyId", f, func() any { return aws.ToString(e.KmsKeyId) })
	d.facet("retentionPeriod", f, func() any { return optional(e.RetentionPeriod) })
	d.facet("suspend", f, func() any { return e.Status == types.EventDataStoreStatusStoppedIngestion })
	d.facet("multiRegionEnabled", f.need(e.MultiRegionEnabled != nil), func() any { return *e.MultiRegionEnabled })
	d.facet("organizationEnabled", f.need(e.OrganizationEnabled != nil), func() any { return *e.OrganizationEnabled })
	d.facet("terminationProtectionEnabled", f.need(e.TerminationProtectionEnabled != nil), func() any { return *e.TerminationProtectionEnabled })
	d.facet("tags", tagsF, func() any { return tags })
	name := aws.ToString(e.Name)
	if name == "" {
		name = lastPart(arn)
	}
	return d.observe(region, typeEventDataStore, arn, name, cloudtrailProjection)
}
