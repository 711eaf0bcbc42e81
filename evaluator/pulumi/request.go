package pulumi

import (
	"strings"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/insights-scanner/insights-scanner/evaluator"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// shown is a resource in the forms that packs are shown. All packs share it.
type shown struct {
	props   *structpb.Struct // unknown values are sentinels
	without *structpb.Struct // unknown values are left out; nil when nothing is unknown
	places  places           // of the sentinels
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
	s.props, s.places = public(values{}.object(properties)), places
	if len(places) > 0 {
		s.without = public(values{omit: true}.object(properties))
	}
	if in.Shared != nil {
		in.Shared[form] = s
	}
	return s
}

// public leaves out Pulumi's internal properties, as Pulumi does.
func public(s *structpb.Struct) *structpb.Struct {
	for name := range s.Fields {
		if strings.HasPrefix(name, "__") {
			delete(s.Fields, name)
		}
	}
	return s
}

// request asks for the judgement of a resource. The SDK for Node fails without options.
func request(in evaluator.Input, properties *structpb.Struct) *pulumirpc.AnalyzeRequest {
	return &pulumirpc.AnalyzeRequest{
		Type: valid(in.Type), Urn: valid(in.URN), Name: valid(in.Name), Properties: properties, Options: &pulumirpc.AnalyzerResourceOptions{},
	}
}
