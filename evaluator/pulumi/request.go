package pulumi

import (
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"github.com/insights-scanner/insights-scanner/evaluator"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// shown is a resource in the forms that packs are shown, as the properties of a
// request are on the wire. All packs share it.
type shown struct {
	props   []byte // unknown values are sentinels
	without []byte // unknown values are left out
	places  places // of the sentinels
}

// form is where packs for Node and for Python share them.
const form = schemas.Runtime("pulumi")

// show makes the forms of a resource, or takes those that another pack made.
func show(in evaluator.Input) *shown {
	if s, ok := in.Shared[form].(*shown); ok {
		return s
	}
	s := &shown{}
	properties, places := hide(in.Properties, in.Unknown)
	s.props, s.places = onWire(values{}, properties), places
	if len(places) > 0 {
		s.without = onWire(values{omit: true}, properties)
	}
	if in.Shared != nil {
		in.Shared[form] = s
	}
	return s
}

// propertiesField is AnalyzeRequest.properties.
const propertiesField = 2

func onWire(v values, properties map[string]any) []byte {
	return message(make([]byte, 0, 1<<10), propertiesField, func(b []byte) []byte { return v.object(b, properties) })
}

// request asks for the judgement of a resource. The SDK for Node fails without options.
func request(in evaluator.Input, properties []byte) *pulumirpc.AnalyzeRequest {
	r := &pulumirpc.AnalyzeRequest{Type: valid(in.Type), Urn: valid(in.URN), Name: valid(in.Name), Options: &pulumirpc.AnalyzerResourceOptions{}}
	r.ProtoReflect().SetUnknown(properties) // they are sent as they are
	return r
}
