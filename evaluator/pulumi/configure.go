package pulumi

import (
	"context"
	"maps"
	"time"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// configuration is what every policy of a pack is configured with. The SDKs
// replace the whole configuration by what they are sent, so it is whole.
type configuration map[string]*pulumirpc.PolicyConfig

// configure makes the configuration of a pack: what its policies declare, and
// what lies over it.
func configure(policies []schemas.Policy, over map[string]schemas.PolicyConfig) configuration {
	c := make(configuration, len(policies))
	for _, p := range policies {
		level, properties := p.Level, map[string]any{}
		declared, _ := p.ConfigSchema["properties"].(map[string]any)
		for name, v := range declared {
			if own, ok := v.(map[string]any); ok {
				if d, ok := own["default"]; ok {
					properties[name] = d
				}
			}
		}
		given := over[p.Name]
		if given.Level != "" {
			level = given.Level
		}
		maps.Copy(properties, given.Properties)
		c[p.Name] = &pulumirpc.PolicyConfig{EnforcementLevel: wireLevel(level), Properties: asStruct(properties)}
	}
	return c
}

// asStruct reads properties as a request would have them.
func asStruct(properties map[string]any) *structpb.Struct {
	var out structpb.Struct
	_ = proto.Unmarshal(values{}.object(nil, properties), &out) // what was just written
	return &out
}

func (c configuration) disabled(policy string) bool {
	return c[policy].GetEnforcementLevel() == pulumirpc.EnforcementLevel_DISABLED
}

// without is the configuration with some policies switched off.
func (c configuration) without(policies ...string) configuration {
	out := maps.Clone(c)
	for _, name := range policies {
		out[name] = &pulumirpc.PolicyConfig{EnforcementLevel: pulumirpc.EnforcementLevel_DISABLED, Properties: c[name].GetProperties()}
	}
	return out
}

// configure sends the configuration, within a limit.
func (p *process) configure(ctx context.Context, c configuration, limit time.Duration) error {
	bounded, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	_, err := p.client.Configure(bounded, &pulumirpc.ConfigureAnalyzerRequest{PolicyConfig: c})
	switch {
	case err != nil && ctx.Err() != nil:
		return ctx.Err()
	case err != nil && bounded.Err() != nil:
		return overrun(limit)
	}
	return err
}

func (p *process) info(ctx context.Context) (*pulumirpc.AnalyzerInfo, error) {
	return p.client.GetAnalyzerInfo(ctx, &emptypb.Empty{}, grpc.MaxCallRecvMsgSize(maxInfo))
}
