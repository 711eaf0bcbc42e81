package aws

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/guardduty"
	"github.com/aws/aws-sdk-go-v2/service/guardduty/types"

	"github.com/insights-scanner/insights-scanner/discovery"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// guarddutyProjection counts changes of the projections in this file.
const guarddutyProjection = 1

const (
	typeDetector        = "aws:guardduty/detector:Detector"
	typeDetectorFeature = "aws:guardduty/detectorFeature:DetectorFeature"
	typeRegionDetectors = "insights:aws/regionDetectors:RegionDetectors"
)

// detectorPage is GuardDuty's largest page. A region has one detector at most.
const detectorPage = 50

var (
	listDetectors = listCall("guardduty:ListDetectors", detectorPage)
	getDetector   = eachCall("guardduty:GetDetector", "settings")
	detectorCalls = []call{listDetectors, getDetector}
)

var guarddutyService = &service{
	name: "guardduty",
	types: []typeSpec{
		{token: typeDetector, calls: detectorCalls},
		{token: typeDetectorFeature, calls: detectorCalls, with: typeDetector},
		{token: typeRegionDetectors, calls: detectorCalls, with: typeDetector},
	},
	read: func(ctx context.Context, s *session, r *run) error {
		list, errList, errFeatures := regionDetectors(ctx, s)
		if errList != nil {
			r.incomplete(listDetectors.action, errList, typeDetector, typeDetectorFeature)
		}
		if errFeatures != nil {
			r.incomplete(getDetector.action, errFeatures, typeDetectorFeature)
		}
		for _, o := range list {
			if err := r.emit(ctx, o); err != nil {
				return err
			}
		}
		return nil
	},
	verify: func(ctx context.Context, s *session, r *run, token string, keys []schemas.Key) ([]schemas.Key, error) {
		list, err, errFeatures := regionDetectors(ctx, s)
		if err == nil && token == typeDetectorFeature {
			err = errFeatures
		}
		if err != nil {
			return nil, err
		}
		return compare(ctx, r, list, keys)
	},
}

func (s *session) guardduty() *guardduty.Client {
	return client(s, "guardduty", func(c aws.Config) *guardduty.Client { return guardduty.NewFromConfig(c) })
}

// detectorIDs is what could be listed, also beside an error.
func detectorIDs(ctx context.Context, s *session) (ids []string, err error) {
	p := guardduty.NewListDetectorsPaginator(s.guardduty(), &guardduty.ListDetectorsInput{MaxResults: aws.Int32(detectorPage)})
	err = pages(ctx, p, func(out *guardduty.ListDetectorsOutput) error {
		ids = append(ids, out.DetectorIds...)
		return nil
	})
	return ids, err
}

// errNoFeatures is the reason of settings that do not say which features there are.
var errNoFeatures = errors.New("features are " + notInAnswer)

// regionDetectors is the region's detectors as one fact, and as resources with
// their features. The fact is there whatever fails, unknown if need be. Which
// features there are is known from a detector's settings alone: without these
// errFeatures says why.
func regionDetectors(ctx context.Context, s *session) (list []discovery.Observation, errList, errFeatures error) {
	ids, errList := detectorIDs(ctx, s)
	known := facetOf(listDetectors.action, errList)
	detectors := []any{}
	for _, id := range ids {
		out, exists, err := detectorSettings(ctx, s, id)
		if !exists {
			continue
		}
		f := facetOf(getDetector.action, err)
		if err == nil && out.Features == nil {
			err = errNoFeatures
		}
		if err != nil {
			errFeatures = err
		}
		list = append(list, projectDetector(s, id, out, f))
		list = append(list, projectDetectorFeatures(s.region, id, out.Features)...)
		entry := map[string]any{"id": id}
		if f = f.need(out.Status != ""); f.state == schemas.FacetPresent {
			entry["enabled"] = out.Status == types.DetectorStatusEnabled
		} else if known.state == schemas.FacetPresent {
			known = f
		}
		detectors = append(detectors, entry)
	}
	sortByJSON(detectors)
	fact := newDocument()
	fact.set("region", s.region)
	if known.state == schemas.FacetPresent {
		fact.properties["detectors"] = detectors // also when empty: "none" is an answer
	} else {
		fact.facet("detectors", known, nil)
	}
	return append(list, fact.observe(s.region, typeRegionDetectors, s.region, s.region, guarddutyProjection)), errList, errFeatures
}

// detectorSettings are never nil. GuardDuty has one code for a detector that is
// not there and for every other bad request: which of them it is, its list tells.
func detectorSettings(ctx context.Context, s *session, id string) (out *guardduty.GetDetectorOutput, exists bool, err error) {
	out, err = s.guardduty().GetDetector(ctx, &guardduty.GetDetectorInput{DetectorId: &id})
	if err == nil {
		return out, true, nil
	}
	if isNotFound(err, "BadRequestException") {
		if now, errNow := detectorIDs(ctx, s); errNow == nil && !slices.Contains(now, id) {
			return nil, false, nil
		}
	}
	return &guardduty.GetDetectorOutput{}, true, err
}

func projectDetector(s *session, id string, out *guardduty.GetDetectorOutput, f facet) discovery.Observation {
	d := newDocument()
	d.set("region", s.region)
	d.set("accountId", s.awsAccount)
	d.set("arn", fmt.Sprintf("arn:%s:guardduty:%s:%s:detector/%s", s.partition, s.region, s.awsAccount, id))
	sources, said := dataSources(out.Features)
	d.facet("datasources", f.need(said), func() any { return sources })
	d.facet("enable", f.need(out.Status != ""), func() any { return out.Status == types.DetectorStatusEnabled })
	d.facet("findingPublishingFrequency", f.need(out.FindingPublishingFrequency != ""), func() any { return string(out.FindingPublishingFrequency) })
	d.facet("tags", f, func() any { return anyMap(out.Tags) })
	return d.observe(s.region, typeDetector, id, id, guarddutyProjection)
}

// dataSources are the features of a detector by their older names, which the
// classic provider still has. said is false when not all that is there is told.
func dataSources(features []types.DetectorFeatureConfigurationResult) (sources map[string]any, said bool) {
	sources = map[string]any{}
	for _, f := range features {
		enable := map[string]any{"enable": f.Status == types.FeatureStatusEnabled}
		switch f.Name {
		case types.DetectorFeatureResultS3DataEvents:
			sources["s3Logs"] = enable
		case types.DetectorFeatureResultEksAuditLogs:
			sources["kubernetes"] = map[string]any{"auditLogs": enable}
		case types.DetectorFeatureResultEbsMalwareProtection:
			sources["malwareProtection"] = map[string]any{"scanEc2InstanceWithFindings": map[string]any{"ebsVolumes": enable}}
		default:
			continue
		}
		if f.Status == "" {
			return nil, false
		}
	}
	return sources, features != nil
}

// foundational are features that every detector has and nobody can turn off.
var foundational = []types.DetectorFeatureResult{
	types.DetectorFeatureResultCloudTrail, types.DetectorFeatureResultDnsLogs, types.DetectorFeatureResultFlowLogs,
}

func projectDetectorFeatures(region, detector string, features []types.DetectorFeatureConfigurationResult) []discovery.Observation {
	var list []discovery.Observation
	for _, f := range features {
		if slices.Contains(foundational, f.Name) {
			continue
		}
		d := newDocument()
		d.set("region", region)
		d.set("detectorId", detector)
		d.set("name", string(f.Name))
		d.facet("status", facet{state: schemas.FacetPresent, call: getDetector.action}.need(f.Status != ""), func() any { return string(f.Status) })
		additional := make([]any, len(f.AdditionalConfiguration))
		for i, a := range f.AdditionalConfiguration {
			additional[i] = map[string]any{"name": string(a.Name), "status": string(a.Status)}
		}
		sortByJSON(additional)
		d.set("additionalConfigurations", additional)
		list = append(list, d.observe(region, typeDetectorFeature, detector+"/"+string(f.Name), string(f.Name), guarddutyProjection))
	}
	return list
}
