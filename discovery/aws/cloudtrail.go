package aws

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"

	"github.com/insights-scanner/insights-scanner/discovery"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// cloudtrailProjection counts changes of the projections in this file.
const cloudtrailProjection = 2

const (
	typeTrail          = "aws:cloudtrail/trail:Trail"
	typeEventDataStore = "aws:cloudtrail/eventDataStore:EventDataStore"
	typeRegionTrails   = "insights:aws/regionTrails:RegionTrails"
)

var (
	regionTrailCalls   = []call{onceCall("cloudtrail:DescribeTrails", "list"), eachCall("cloudtrail:GetTrailStatus", "status")}
	eventSelectorCall  = eachCall("cloudtrail:GetEventSelectors", "event selectors")
	insightCall        = eachCall("cloudtrail:GetInsightSelectors", "insight selectors")
	trailTagCall       = call{"cloudtrail:ListTags", "tags", trailTagPage}
	listEventStores    = listCall("cloudtrail:ListEventDataStores", 1000)
	eventStoreSettings = eachCall("cloudtrail:GetEventDataStore", "settings")
)

// trailTagPage is how many ARNs one ListTags takes.
const trailTagPage = 20

var cloudtrailService = &service{
	name: "cloudtrail",
	types: []typeSpec{
		{token: typeTrail, calls: append(slices.Clone(regionTrailCalls), eventSelectorCall, insightCall, trailTagCall)},
		{token: typeRegionTrails, calls: regionTrailCalls, with: typeTrail},
		{token: typeEventDataStore, calls: []call{listEventStores, eventStoreSettings, trailTagCall}},
	},
	limits: map[string]limit{"CloudTrail": {rate: 10, burst: 20}}, // of its quotas page
	read: func(ctx context.Context, s *session, r *run) error {
		list, err := regionTrails(ctx, s)
		if err != nil {
			r.incomplete("cloudtrail:DescribeTrails", err, typeTrail)
		}
		for _, o := range list {
			if err := r.emit(ctx, o); err != nil {
				return err
			}
		}
		return nil
	},
	lists: []list{storeList},
	verify: func(ctx context.Context, s *session, r *run, token string, keys []schemas.Key) ([]schemas.Key, error) {
		if token == typeEventDataStore {
			return storeList.verify(ctx, s, r, keys)
		}
		list, err := regionTrails(ctx, s)
		if err != nil {
			return nil, err
		}
		return compare(ctx, r, list, keys)
	},
}

// regionTrails is every trail that records this region as one fact, and the
// trails at home here as resources. When the list is refused, the fact is still
// there, unknown, beside the error.
func regionTrails(ctx context.Context, s *session) ([]discovery.Observation, error) {
	out, err := s.cloudtrailIn(s.region).DescribeTrails(ctx, &cloudtrail.DescribeTrailsInput{IncludeShadowTrails: aws.Bool(true)})
	listF := facetOf("cloudtrail:DescribeTrails", err)
	fact := newDocument()
	fact.set("region", s.region)
	if err != nil {
		fact.facet("trails", listF, nil)
		return []discovery.Observation{fact.observe(s.region, typeRegionTrails, s.region, s.region, cloudtrailProjection)}, err
	}
	var list []discovery.Observation
	trails := []any{}
	unread := false
	tags := trailTagsOf(ctx, s, out.TrailList)
	for _, t := range out.TrailList {
		status, f, exists := trailStatus(ctx, s, t)
		if exists && aws.ToString(t.HomeRegion) == s.region {
			var o discovery.Observation
			if o, exists = readTrail(ctx, s, t, f, status, tags); exists {
				list = append(list, o)
			}
		}
		if !exists {
			continue
		}
		entry := trailEntry(t)
		if f.state == schemas.FacetPresent {
			entry["isLogging"] = aws.ToBool(status.IsLogging)
		} else if !unread {
			unread = true
			fact.facet("trails", f, nil)
		}
		trails = append(trails, entry)
	}
	sortByJSON(trails)
	fact.properties["trails"] = trails
	return append(list, fact.observe(s.region, typeRegionTrails, s.region, s.region, cloudtrailProjection)), ctx.Err()
}

// trailStatus asks a trail's home region whether it logs; other regions may not
// know. exists is false when the trail was deleted since it was listed.
func trailStatus(ctx context.Context, s *session, t types.Trail) (status *cloudtrail.GetTrailStatusOutput, f facet, exists bool) {
	home := aws.ToString(t.HomeRegion)
	if home == "" {
		home = s.region
	}
	status, err := s.cloudtrailIn(home).GetTrailStatus(ctx, &cloudtrail.GetTrailStatusInput{Name: t.TrailARN})
	f, exists = trailFacet(s, t, "cloudtrail:GetTrailStatus", err)
	return status, f.need(err != nil || status.IsLogging != nil), exists
}

// trailFacet judges the error of a call about one trail. Trails of another
// account, the organization's, are listed in every member account and known in
// none: they are there, and what is asked of them is out of reach.
func trailFacet(s *session, t types.Trail, call string, err error, absent ...string) (f facet, exists bool) {
	f = facetOf(call, err, absent...)
	if trailIsOwn(s, t) {
		return f, !isNotFound(err, "TrailNotFoundException")
	}
	if isNotFound(err, "TrailNotFoundException", "CloudTrailARNInvalidException") {
		f.state = schemas.FacetDenied
	}
	return f, true
}

func trailIsOwn(s *session, t types.Trail) bool {
	id, err := arn.Parse(aws.ToString(t.TrailARN))
	return err == nil && id.AccountID == s.awsAccount
}

func trailEntry(t types.Trail) map[string]any {
	m := map[string]any{
		"name": aws.ToString(t.Name), "arn": aws.ToString(t.TrailARN), "homeRegion": aws.ToString(t.HomeRegion),
		"isMultiRegionTrail": aws.ToBool(t.IsMultiRegionTrail), "logFileValidationEnabled": aws.ToBool(t.LogFileValidationEnabled),
		"includeGlobalServiceEvents": aws.ToBool(t.IncludeGlobalServiceEvents), "s3BucketName": aws.ToString(t.S3BucketName),
		"isOrganizationTrail": aws.ToBool(t.IsOrganizationTrail),
	}
	if t.KmsKeyId != nil {
		m["kmsKeyId"] = *t.KmsKeyId
	}
	return m
}
