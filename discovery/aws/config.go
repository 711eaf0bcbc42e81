package aws

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/configservice"
	"github.com/aws/aws-sdk-go-v2/service/configservice/types"

	"github.com/insights-scanner/insights-scanner/discovery"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// configProjection counts changes of the projections in this file.
const configProjection = 1

const (
	typeRecorder        = "aws:cfg/recorder:Recorder"
	typeRegionRecorders = "insights:aws/regionRecorders:RegionRecorders"
)

var configService = &service{
	name: "config",
	types: []typeSpec{
		{token: typeRecorder, calls: []call{onceCall("config:DescribeConfigurationRecorders", "list")}},
		{token: typeRegionRecorders, calls: []call{
			onceCall("config:DescribeConfigurationRecorders", "list"),
			onceCall("config:DescribeConfigurationRecorderStatus", "status"),
			onceCall("config:DescribeDeliveryChannels", "delivery channels"),
		}},
	},
	limits: map[string]limit{"Config Service": {rate: 5, burst: 10}},
	read: func(ctx context.Context, s *session, r *run) error {
		list, err := regionRecorders(ctx, s)
		if err != nil {
			r.incomplete("config:DescribeConfigurationRecorders", err, typeRecorder)
		}
		for _, o := range list {
			if err := r.emit(ctx, o); err != nil {
				return err
			}
		}
		return nil
	},
	verify: func(ctx context.Context, s *session, r *run, _ string, keys []schemas.Key) ([]schemas.Key, error) {
		list, err := regionRecorders(ctx, s)
		if err != nil {
			return nil, err
		}
		return compare(ctx, r, list, keys)
	},
}

// regionRecorders is AWS Config's set-up of the region as one fact, and its
// recorders as resources. When the list is refused, the fact is still there,
// unknown, beside the error.
func regionRecorders(ctx context.Context, s *session) ([]discovery.Observation, error) {
	c := s.configservice()
	fact := newDocument()
	fact.set("region", s.region)
	out, err := c.DescribeConfigurationRecorders(ctx, &configservice.DescribeConfigurationRecordersInput{})
	if err != nil {
		fact.facet("recorders", facetOf("config:DescribeConfigurationRecorders", err), nil)
		return []discovery.Observation{fact.observe(s.region, typeRegionRecorders, s.region, s.region, configProjection)}, err
	}
	status, err := c.DescribeConfigurationRecorderStatus(ctx, &configservice.DescribeConfigurationRecorderStatusInput{})
	statusF := facetOf("config:DescribeConfigurationRecorderStatus", err)
	recording := map[string]bool{}
	if err == nil {
		for _, st := range status.ConfigurationRecordersStatus {
			recording[aws.ToString(st.Name)] = st.Recording
		}
		for _, r := range out.ConfigurationRecorders {
			_, told := recording[aws.ToString(r.Name)]
			statusF = statusF.need(told)
		}
	}
	var list []discovery.Observation
	recorders := []any{}
	for _, r := range out.ConfigurationRecorders {
		recorders = append(recorders, recorderEntry(r, recording))
		list = append(list, projectRecorder(s.region, r))
	}
	sortByJSON(recorders)
	fact.properties["recorders"] = recorders
	if statusF.state.Unknown() && len(recorders) > 0 {
		fact.facet("recorders", statusF, nil)
	}
	channels, err := c.DescribeDeliveryChannels(ctx, &configservice.DescribeDeliveryChannelsInput{})
	if f := facetOf("config:DescribeDeliveryChannels", err); f.state == schemas.FacetPresent {
		fact.properties["deliveryChannels"] = channelNames(channels.DeliveryChannels) // also when empty: "none" is an answer
	} else {
		fact.facet("deliveryChannels", f, nil)
	}
	return append(list, fact.observe(s.region, typeRegionRecorders, s.region, s.region, configProjection)), nil
}

func channelNames(list []types.DeliveryChannel) []any {
	names := make([]string, len(list))
	for i, c := range list {
		names[i] = aws.ToString(c.Name)
	}
	slices.Sort(names)
	return anyStrings(names)
}

func recorderEntry(r types.ConfigurationRecorder, recording map[string]bool) map[string]any {
	m := map[string]any{"name": aws.ToString(r.Name), "roleArn": aws.ToString(r.RoleARN)}
	if is, told := recording[aws.ToString(r.Name)]; told {
		m["recording"] = is
	}
	if g := r.RecordingGroup; g != nil {
		m["allSupported"] = g.AllSupported
		m["includeGlobalResourceTypes"] = g.IncludeGlobalResourceTypes
	}
	return m
}

func projectRecorder(region string, r types.ConfigurationRecorder) discovery.Observation {
	d := newDocument()
	d.set("region", region)
	d.set("name", aws.ToString(r.Name))
	d.set("roleArn", aws.ToString(r.RoleARN))
	if g := r.RecordingGroup; g != nil {
		d.set("recordingGroup", recordingGroup(g))
	}
	if m := r.RecordingMode; m != nil {
		d.set("recordingMode", recordingMode(m))
	}
	return d.observe(region, typeRecorder, aws.ToString(r.Name), aws.ToString(r.Name), configProjection)
}

func recordingGroup(g *types.RecordingGroup) map[string]any {
	d := newDocument()
	d.set("allSupported", g.AllSupported)
	d.set("includeGlobalResourceTypes", g.IncludeGlobalResourceTypes)
	d.set("resourceTypes", kindNames(g.ResourceTypes))
	if e := g.ExclusionByResourceTypes; e != nil && len(e.ResourceTypes) > 0 {
		d.set("exclusionByResourceTypes", []any{map[string]any{"resourceTypes": kindNames(e.ResourceTypes)}})
	}
	if st := g.RecordingStrategy; st != nil && st.UseOnly != "" {
		d.set("recordingStrategies", []any{map[string]any{"useOnly": string(st.UseOnly)}})
	}
	return d.properties
}

// recordingMode has the one override that the provider knows of.
func recordingMode(m *types.RecordingMode) map[string]any {
	d := newDocument()
	d.set("recordingFrequency", string(m.RecordingFrequency))
	if len(m.RecordingModeOverrides) > 0 {
		o := m.RecordingModeOverrides[0]
		override := newDocument()
		override.set("description", aws.ToString(o.Description))
		override.set("recordingFrequency", string(o.RecordingFrequency))
		override.set("resourceTypes", kindNames(o.ResourceTypes))
		d.set("recordingModeOverride", override.properties)
	}
	return d.properties
}

func kindNames(list []types.ResourceType) []any {
	kinds := make([]string, len(list))
	for i, t := range list {
		kinds[i] = string(t)
	}
	slices.Sort(kinds)
	return anyStrings(kinds)
}
