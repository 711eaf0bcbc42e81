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
		{typeRecorder, []string{"config:DescribeConfigurationRecorders"}},
		{typeRegionRecorders, []string{"config:DescribeConfigurationRecorders", "config:DescribeConfigurationRecorderStatus", "config:DescribeDeliveryChannels"}},
	},
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
	}
	var list []discovery.Observation
	recorders := []any{}
	for _, r := range out.ConfigurationRecorders {
		recorders = append(recorders, recorderEntry(r, statusF, recording))
		list = append(list, projectRecorder(s.region, r))
	}
	sortByJSON(recorders)
	fact.properties["recorders"] = recorders
	if statusF.state.Unknown() && len(recorders) > 0 {
		fact.facet("recorders", statusF, nil)
	}
	channels, err := c.DescribeDeliveryChannels(ctx, &configservice.DescribeDeliveryChannelsInput{})
	fact.facet("deliveryChannels", facetOf("config:DescribeDeliveryChannels", err), func() any { return channelNames(channels.DeliveryChannels) })
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

func recorderEntry(r types.ConfigurationRecorder, status facet, recording map[string]bool) map[string]any {
	m := map[string]any{"name": aws.ToString(r.Name), "roleArn": aws.ToString(r.RoleARN)}
	if status.state == schemas.FacetPresent {
		m["recording"] = recording[aws.ToString(r.Name)]
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
		kinds := make([]string, len(g.ResourceTypes))
		for i, t := range g.ResourceTypes {
			kinds[i] = string(t)
		}
		slices.Sort(kinds)
		group := map[string]any{"allSupported": g.AllSupported, "includeGlobalResourceTypes": g.IncludeGlobalResourceTypes}
		if len(kinds) > 0 {
			group["resourceTypes"] = anyStrings(kinds)
		}
		d.set("recordingGroup", group)
	}
	return d.observe(region, typeRecorder, aws.ToString(r.Name), aws.ToString(r.Name), configProjection)
}
