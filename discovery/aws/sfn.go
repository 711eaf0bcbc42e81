package aws

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/insights-scanner/insights-scanner/discovery"
)

// sfnProjection counts changes of the projections in this file.
const sfnProjection = 1

const typeStateMachine = "aws:sfn/stateMachine:StateMachine"

var (
	listStateMachines    = listCall("states:ListStateMachines", 1000)
	describeStateMachine = eachCall("states:DescribeStateMachine", "settings")
)

var sfnService = &service{
	name:  "sfn",
	types: []typeSpec{{token: typeStateMachine, calls: []call{listStateMachines, describeStateMachine, tagCall}}},
	// "Step Functions service quotas": buckets of 100, refilled by five, and of 200 by
	// twenty, in the regions that have least. Assumed: the page could not be read again.
	limits: map[string]limit{
		"SFN:ListStateMachines": {rate: 5, burst: 100, guess: true}, "SFN:DescribeStateMachine": {rate: 20, burst: 200, guess: true},
	},
	lists: []list{{listStateMachines.action, []string{typeStateMachine}, eachStateMachine}},
}

func (s *session) sfn() *sfn.Client {
	return client(s, "sfn", func(c aws.Config) *sfn.Client { return sfn.NewFromConfig(c) })
}

func eachStateMachine(ctx context.Context, s *session, arns []string, emit observe) error {
	if arns != nil {
		return stateMachines(ctx, s, arns).these(ctx, s, arns, emit)
	}
	p := sfn.NewListStateMachinesPaginator(s.sfn(), &sfn.ListStateMachinesInput{MaxResults: 1000})
	return pages(ctx, p, func(out *sfn.ListStateMachinesOutput) error {
		arns := make([]string, len(out.StateMachines))
		for i, m := range out.StateMachines {
			arns[i] = aws.ToString(m.StateMachineArn)
		}
		return stateMachines(ctx, s, arns).page(ctx, s, arns, emit)
	})
}

// stateMachines knows the tags of some and describes them.
func stateMachines(ctx context.Context, s *session, arns []string) described {
	tags, tagsF := tagsByARN(ctx, s, arns)
	return described{gone: codes("StateMachineDoesNotExist"), read: func(ctx context.Context, s *session, arn string) ([]discovery.Observation, error) {
		out, err := s.sfn().DescribeStateMachine(ctx, &sfn.DescribeStateMachineInput{StateMachineArn: &arn})
		d, name := newDocument(), arn[strings.LastIndexByte(arn, ':')+1:]
		d.set("region", s.region)
		d.set("arn", arn)
		d.set("name", name)
		if !d.unread(facetOf(describeStateMachine.action, err), "definition", "encryptionConfiguration", "loggingConfiguration", "roleArn", "tracingConfiguration", "type") {
			projectStateMachine(d, out)
		}
		d.facet("tags", tagsF, func() any { return tags[arn] })
		sortUnknown(d)
		return []discovery.Observation{d.observe(s.region, typeStateMachine, arn, name, sfnProjection)}, err
	}}
}

func projectStateMachine(d *document, v *sfn.DescribeStateMachineOutput) {
	call := describeStateMachine.action
	d.texts(map[string]*string{"definition": v.Definition, "roleArn": v.RoleArn})
	d.set("type", string(v.Type))
	d.set("encryptionConfiguration", camelMap(v.EncryptionConfiguration, nil))
	var logging map[string]any
	if c := v.LoggingConfiguration; c != nil {
		l := newDocument()
		l.set("level", string(c.Level))
		l.set("includeExecutionData", c.IncludeExecutionData)
		if len(c.Destinations) > 0 && c.Destinations[0].CloudWatchLogsLogGroup != nil { // of which there is one
			l.set("logDestination", aws.ToString(c.Destinations[0].CloudWatchLogsLogGroup.LogGroupArn))
		}
		logging = l.properties
	}
	d.told("loggingConfiguration", logging, logging != nil, call)
	d.told("tracingConfiguration", tracing(v.TracingConfiguration), v.TracingConfiguration != nil, call)
}

func tracing(c *types.TracingConfiguration) map[string]any {
	if c == nil {
		return nil
	}
	return map[string]any{"enabled": c.Enabled}
}
