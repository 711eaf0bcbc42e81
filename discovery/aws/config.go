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
const configProjection = 2

const (
	typeRecorder        = "aws:cfg/recorder:Recorder"
	typeRecorderStatus  = "aws:cfg/recorderStatus:RecorderStatus"
	typeDeliveryChannel = "aws:cfg/deliveryChannel:DeliveryChannel"
	typeRegionRecorders = "insights:aws/regionRecorders:RegionRecorders"
)

var (
	describeRecorders      = onceCall("config:DescribeConfigurationRecorders", "list")
	describeRecorderStatus = onceCall("config:DescribeConfigurationRecorderStatus", "status")
	describeChannels       = onceCall("config:DescribeDeliveryChannels", "list")
)

// configID is AWS Config's service id in the SDK.
const configID = "Config Service"

var configService = &service{
	name: "config",
	types: []typeSpec{
		{token: typeRecorder, calls: []call{describeRecorders}},
		{token: typeRecorderStatus, calls: []call{describeRecorders, describeRecorderStatus}},
		{token: typeDeliveryChannel, calls: []call{describeChannels}},
		{token: typeRegionRecorders, calls: []call{describeRecorders, describeRecorderStatus, describeChannels}},
	},
	limits: map[string]limit{configID: {rate: 10, burst: 20, guess: true}},
	read: func(ctx context.Context, s *session, r *run) error {
		list, errRecorders, errChannels := regionRecorders(ctx, s)
		if errRecorders != nil {
			r.incomplete(describeRecorders.action, errRecorders, typeRecorder, typeRecorderStatus)
		}
		if errChannels != nil {
			r.incomplete(describeChannels.action, errChannels, typeDeliveryChannel)
		}
		for _, o := range list {
			if err := r.emit(ctx, o); err != nil {
				return err
			}
		}
		return nil
	},
	verify: func(ctx context.Context, s *session, r *run, token string, keys []schemas.Key) ([]schemas.Key, error) {
		list, err, errChannels := regionRecorders(ctx, s)
		if token == typeDeliveryChannel {
			err = errChannels
		}
		if err != nil {
			return nil, err
		}
		return compare(ctx, r, list, keys)
	},
}

// regionRecorders is AWS Config's set-up of the region as one fact, and its
// recorders and delivery channels as resources. When a list is refused, the fact
// is still there, unknown, beside the list's error.
func regionRecorders(ctx context.Context, s *session) (list []discovery.Observation, errRecorders, errChannels error) {
	fact := newDocument()
	fact.set("region", s.region)
	list, errRecorders = readRecorders(ctx, s, fact)
	channels, errChannels := s.configservice().DescribeDeliveryChannels(ctx, &configservice.DescribeDeliveryChannelsInput{})
	if f := facetOf(describeChannels.action, errChannels); f.state == schemas.FacetPresent {
		fact.properties["deliveryChannels"] = channelNames(channels.DeliveryChannels) // also when empty: "none" is an answer
		for _, c := range channels.DeliveryChannels {
			list = append(list, projectDeliveryChannel(s.region, c))
		}
	} else {
		fact.facet("deliveryChannels", f, nil)
	}
	return append(list, fact.observe(s.region, typeRegionRecorders, s.region, s.region, configProjection)), errRecorders, errChannels
}

// readRecorders sets the recorders of the fact and gives them as resources.
func readRecorders(ctx context.Context, s *session, fact *document) (list []discovery.Observation, err error) {
	c := s.configservice()
	out, err := c.DescribeConfigurationRecorders(ctx, &configservice.DescribeConfigurationRecordersInput{})
	if err != nil {
		fact.facet("recorders", facetOf(describeRecorders.action, err), nil)
		return nil, err
	}
	status, errStatus := c.DescribeConfigurationRecorderStatus(ctx, &configservice.DescribeConfigurationRecorderStatusInput{})
	statusF := facetOf(describeRecorderStatus.action, errStatus)
	recording := map[string]bool{}
	if errStatus == nil {
		for _, st := range status.ConfigurationRecordersStatus {
			recording[aws.ToString(st.Name)] = st.Recording
		}
	}
	recorders, known := []any{}, statusF
	for _, r := range out.ConfigurationRecorders {
		is, told := recording[aws.ToString(r.Name)]
		known = known.need(told)
		recorders = append(recorders, recorderEntry(r, recording))
		list = append(list, projectRecorder(s.region, r), projectRecorderStatus(s.region, aws.ToString(r.Name), statusF.need(told), is))
	}
	sortByJSON(recorders)
	fact.properties["recorders"] = recorders
	if known.state.Unknown() && len(recorders) > 0 {
		fact.facet("recorders", known, nil)
	}
	return list, nil
}

func projectRecorderStatus(region, name string, f facet, recording bool) discovery.Observation {
	d := newDocument()
	d.set("region", region)
	d.set("name", name)
	d.facet("isEnabled", f, func() any { return recording })
	return d.observe(region, typeRecorderStatus, name, name, configProjection)
}

func projectDeliveryChannel(region string, c types.DeliveryChannel) discovery.Observation {
	d := newDocument()
	d.set("region", region)
	d.set("name", aws.ToString(c.Name))
	d.set("s3BucketName", aws.ToString(c.S3BucketName))
	d.set("s3KeyPrefix", aws.ToString(c.S3KeyPrefix))
	d.set("s3KmsKeyArn", aws.ToString(c.S3KmsKeyArn))
	d.set("snsTopicArn", aws.ToString(c.SnsTopicARN))
	if p := c.ConfigSnapshotDeliveryProperties; p != nil && p.DeliveryFrequency != "" {
		d.set("snapshotDeliveryProperties", map[string]any{"deliveryFrequency": string(p.DeliveryFrequency)})
	}
	return d.observe(region, typeDeliveryChannel, aws.ToString(c.Name), aws.ToString(c.Name), configProjection)
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
	said := facet{state: schemas.FacetPresent, call: describeRecorders.action}
	d.facet("recordingGroup", said.need(r.RecordingGroup != nil), func() any { return recordingGroup(r.RecordingGroup) })
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
