package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/appflow"
	"github.com/aws/aws-sdk-go-v2/service/appflow/types"

	"github.com/insights-scanner/insights-scanner/discovery"
)

// appflowProjection counts changes of the projections in this file.
const appflowProjection = 1

const (
	typeFlow             = "aws:appflow/flow:Flow"
	typeConnectorProfile = "aws:appflow/connectorProfile:ConnectorProfile"
)

var (
	listFlows             = listCall("appflow:ListFlows", 100)
	describeFlow          = eachCall("appflow:DescribeFlow", "settings")
	listConnectorProfiles = listCall("appflow:DescribeConnectorProfiles", 100)
)

// AppFlow publishes no rates for these operations. Its regions are those of its table in the
// AWS General Reference, as botocore 1.44.1 has them (endpoints.json).
var appflowService = &service{
	name: "appflow",
	regions: []string{
		"af-south-1", "ap-northeast-1", "ap-northeast-2", "ap-south-1", "ap-southeast-1", "ap-southeast-2", "ca-central-1", "eu-central-1",
		"eu-west-1", "eu-west-2", "eu-west-3", "sa-east-1", "us-east-1", "us-east-2", "us-west-1", "us-west-2",
	},
	types: []typeSpec{
		{token: typeFlow, calls: []call{listFlows, describeFlow}},
		{token: typeConnectorProfile, calls: []call{listConnectorProfiles}},
	},
	lists: []list{
		{listFlows.action, []string{typeFlow}, eachFlow},
		{listConnectorProfiles.action, []string{typeConnectorProfile}, eachConnectorProfile},
	},
}

func (s *session) appflow() *appflow.Client {
	return client(s, "appflow", func(c aws.Config) *appflow.Client { return appflow.NewFromConfig(c) })
}

var flows = described{gone: codes("ResourceNotFoundException"), read: readFlow}

func eachFlow(ctx context.Context, s *session, names []string, emit observe) error {
	if names != nil {
		return flows.these(ctx, s, names, emit)
	}
	p := appflow.NewListFlowsPaginator(s.appflow(), &appflow.ListFlowsInput{MaxResults: aws.Int32(100)})
	return pages(ctx, p, func(out *appflow.ListFlowsOutput) error {
		names := make([]string, 0, len(out.Flows))
		for _, f := range out.Flows {
			if f.FlowStatus != types.FlowStatusDeleted {
				names = append(names, aws.ToString(f.FlowName))
			}
		}
		return flows.page(ctx, s, names, emit)
	})
}

var flowProperties = []string{
	"arn", "description", "destinationFlowConfigs", "flowStatus", "kmsArn", "metadataCatalogConfig", "sourceFlowConfig", "tags", "tasks", "triggerConfig",
}

func readFlow(ctx context.Context, s *session, name string) ([]discovery.Observation, error) {
	out, err := s.appflow().DescribeFlow(ctx, &appflow.DescribeFlowInput{FlowName: &name})
	d := newDocument()
	d.set("region", s.region)
	d.set("name", name)
	if !d.unread(facetOf(describeFlow.action, err), flowProperties...) {
		d.texts(map[string]*string{"arn": out.FlowArn, "description": out.Description})
		// Every flow has a key, be it one of AWS's.
		d.told("kmsArn", aws.ToString(out.KmsArn), out.KmsArn != nil, describeFlow.action)
		d.set("flowStatus", string(out.FlowStatus))
		d.set("destinationFlowConfigs", camel(out.DestinationFlowConfigList, nil))
		d.set("metadataCatalogConfig", camelMap(out.MetadataCatalogConfig, nil))
		d.set("sourceFlowConfig", camelMap(out.SourceFlowConfig, nil))
		d.set("triggerConfig", camelMap(out.TriggerConfig, names{"FlowErrorDeactivationThreshold": ""}))
		tasks := make([]any, len(out.Tasks))
		for i, t := range out.Tasks {
			m := camelMap(t, names{"ConnectorOperator": ""})
			if t.ConnectorOperator != nil { // a list in Pulumi
				m["connectorOperators"] = []any{camel(t.ConnectorOperator, nil)}
			}
			tasks[i] = m
		}
		d.set("tasks", tasks)
		d.set("tags", anyMap(out.Tags))
	}
	sortUnknown(d)
	return []discovery.Observation{d.observe(s.region, typeFlow, name, name, appflowProjection)}, err
}

func eachConnectorProfile(ctx context.Context, s *session, ids []string, emit observe) error {
	read := func(names []string) error {
		p := appflow.NewDescribeConnectorProfilesPaginator(s.appflow(), &appflow.DescribeConnectorProfilesInput{ConnectorProfileNames: names, MaxResults: aws.Int32(100)})
		return pages(ctx, p, func(out *appflow.DescribeConnectorProfilesOutput) error {
			for _, v := range out.ConnectorProfileDetails {
				if err := emit(ctx, projectConnectorProfile(s.region, v)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if ids == nil {
		return read(nil)
	}
	for _, name := range ids {
		if err := read([]string{name}); err != nil && !isNotFound(err, "ResourceNotFoundException") {
			return err
		}
	}
	return nil
}

// projectConnectorProfile cannot tell the key: AppFlow takes it and never returns it,
// like the credentials.
func projectConnectorProfile(region string, v types.ConnectorProfile) discovery.Observation {
	d, name := newDocument(), aws.ToString(v.ConnectorProfileName)
	d.set("region", region)
	d.texts(map[string]*string{"arn": v.ConnectorProfileArn, "name": v.ConnectorProfileName, "connectorLabel": v.ConnectorLabel, "credentialsArn": v.CredentialsArn})
	d.set("connectionMode", string(v.ConnectionMode))
	d.set("connectorType", string(v.ConnectorType))
	if m := camelMap(v.ConnectorProfileProperties, nil); len(m) > 0 {
		d.set("connectorProfileConfig", map[string]any{"connectorProfileProperties": m})
	}
	d.notReadable("connectorProfileConfig.connectorProfileCredentials", "kmsArn")
	return d.observe(region, typeConnectorProfile, name, name, appflowProjection)
}
