package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"

	"github.com/insights-scanner/insights-scanner/discovery"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// cloudtrailProjection counts changes of the projections in this file.
const cloudtrailProjection = 1

const (
	typeTrail        = "aws:cloudtrail/trail:Trail"
	typeRegionTrails = "insights:aws/regionTrails:RegionTrails"
)

var trailCalls = []call{onceCall("cloudtrail:DescribeTrails", "list"), eachCall("cloudtrail:GetTrailStatus", "status")}

var cloudtrailService = &service{
	name: "cloudtrail",
	types: []typeSpec{
		{token: typeTrail, calls: trailCalls},
		{token: typeRegionTrails, calls: trailCalls, with: typeTrail},
	},
	limits: map[string]limit{"CloudTrail": {rate: 5, burst: 10}}, // half of the 10/s of its quotas page
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
	verify: func(ctx context.Context, s *session, r *run, _ string, keys []schemas.Key) ([]schemas.Key, error) {
		list, err := regionTrails(ctx, s)
		if err != nil {
			return nil, err
		}
		return compare(ctx, r, list, keys)
	},
}

// compare emits those of the keys that are in the list and returns the others.
func compare(ctx context.Context, r *run, list []discovery.Observation, keys []schemas.Key) (gone []schemas.Key, err error) {
	byKey := make(map[schemas.Key]discovery.Observation, len(list))
	for _, o := range list {
		byKey[o.Key] = o
	}
	for _, k := range keys {
		o, ok := byKey[k]
		if !ok {
			gone = append(gone, k)
			continue
		}
		if err := r.emit(ctx, o); err != nil {
			return gone, err
		}
	}
	return gone, nil
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
	for _, t := range out.TrailList {
		status, f, exists := trailStatus(ctx, s, t)
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
		if aws.ToString(t.HomeRegion) == s.region {
			list = append(list, projectTrail(s.region, t, f, status))
		}
	}
	sortByJSON(trails)
	fact.properties["trails"] = trails
	return append(list, fact.observe(s.region, typeRegionTrails, s.region, s.region, cloudtrailProjection)), ctx.Err()
}

// trailStatus asks a trail's home region whether it logs; other regions may not
// know. exists is false when the trail was deleted since it was listed. Trails of
// another account, the organization's, are listed in every member account and
// known in none: they are there, and their status is out of reach.
func trailStatus(ctx context.Context, s *session, t types.Trail) (status *cloudtrail.GetTrailStatusOutput, f facet, exists bool) {
	home := aws.ToString(t.HomeRegion)
	if home == "" {
		home = s.region
	}
	status, err := s.cloudtrailIn(home).GetTrailStatus(ctx, &cloudtrail.GetTrailStatusInput{Name: t.TrailARN})
	f = facetOf("cloudtrail:GetTrailStatus", err)
	if err == nil {
		return status, f.need(status.IsLogging != nil), true
	}
	id, errARN := arn.Parse(aws.ToString(t.TrailARN))
	if own := errARN == nil && id.AccountID == s.awsAccount; own {
		return nil, f, !isNotFound(err, "TrailNotFoundException")
	}
	if isNotFound(err, "TrailNotFoundException", "CloudTrailARNInvalidException") {
		f.state = schemas.FacetDenied
	}
	return nil, f, true
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

func projectTrail(region string, t types.Trail, f facet, status *cloudtrail.GetTrailStatusOutput) discovery.Observation {
	d := newDocument()
	d.set("region", region)
	d.set("name", aws.ToString(t.Name))
	d.set("s3BucketName", aws.ToString(t.S3BucketName))
	d.set("s3KeyPrefix", aws.ToString(t.S3KeyPrefix))
	d.set("kmsKeyId", aws.ToString(t.KmsKeyId))
	d.set("isMultiRegionTrail", aws.ToBool(t.IsMultiRegionTrail))
	d.set("isOrganizationTrail", aws.ToBool(t.IsOrganizationTrail))
	d.flag("enableLogFileValidation", t.LogFileValidationEnabled, "cloudtrail:DescribeTrails")
	d.set("includeGlobalServiceEvents", aws.ToBool(t.IncludeGlobalServiceEvents))
	d.set("cloudWatchLogsGroupArn", aws.ToString(t.CloudWatchLogsLogGroupArn))
	d.set("cloudWatchLogsRoleArn", aws.ToString(t.CloudWatchLogsRoleArn))
	d.set("snsTopicName", aws.ToString(t.SnsTopicName))
	d.facet("enableLogging", f, func() any { return aws.ToBool(status.IsLogging) })
	d.notRead("cloudtrail:GetEventSelectors", "advancedEventSelectors", "eventSelectors")
	d.notRead("cloudtrail:GetInsightSelectors", "insightSelectors")
	d.notRead("cloudtrail:ListTags", "tags")
	return d.observe(region, typeTrail, aws.ToString(t.TrailARN), aws.ToString(t.Name), cloudtrailProjection)
}
