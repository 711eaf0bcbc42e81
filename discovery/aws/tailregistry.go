package aws

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/insights-scanner/insights-scanner/discovery/cfn"
)

const (
	registryList     = "cloudformation:ListTypes"
	registryDescribe = "cloudformation:DescribeType"
)

// registry keeps what CloudFormation's registry says of types: once for all accounts and
// regions of a partition, until the type is updated.
type registry struct {
	kept TypeStore // nil keeps nothing beyond the process

	mu    sync.Mutex
	types map[string]*registered // by partition and type
	// offered are the types of a region by service, as they were listed last.
	offered map[string]map[string][]offer
}

func newRegistry() *registry {
	return &registry{types: map[string]*registered{}, offered: map[string]map[string][]offer{}}
}

// registered is a type. Its lock is held while it is described.
type registered struct {
	key string

	mu     sync.Mutex
	looked bool // for what is kept of it
	said   KeptType
	schema *schema // nil before it is described
}

func (g *registry) get(partition, name string) *registered {
	g.mu.Lock()
	defer g.mu.Unlock()
	key := partition + "/" + strings.ReplaceAll(name, "::", ".")
	t, ok := g.types[key]
	if !ok {
		t = &registered{key: key}
		g.types[key] = t
	}
	return t
}

// offer is a type that a region offers.
type offer struct {
	name            string
	unprovisionable bool
	updated         time.Time
}

func (s *session) cloudformation() *cloudformation.Client {
	return client(s, "cloudformation", func(c aws.Config) *cloudformation.Client { return cloudformation.NewFromConfig(c) })
}

// offers are AWS's own types that a region has, those that can be made first.
func (g *registry) offers(ctx context.Context, s *session) ([]offer, error) {
	var list []offer
	for _, kind := range []types.ProvisioningType{types.ProvisioningTypeFullyMutable, types.ProvisioningTypeImmutable, types.ProvisioningTypeNonProvisionable} {
		p := cloudformation.NewListTypesPaginator(s.cloudformation(), &cloudformation.ListTypesInput{
			Type: types.RegistryTypeResource, Visibility: types.VisibilityPublic, ProvisioningType: kind, MaxResults: aws.Int32(100),
			Filters: &types.TypeFilters{Category: types.CategoryAwsTypes}, DeprecatedStatus: types.DeprecatedStatusLive,
		})
		err := pages(ctx, p, func(out *cloudformation.ListTypesOutput) error {
			for _, t := range out.TypeSummaries {
				if name := aws.ToString(t.TypeName); strings.HasPrefix(name, "AWS::") && strings.Count(name, "::") == 2 {
					list = append(list, offer{name, kind == types.ProvisioningTypeNonProvisionable, aws.ToTime(t.LastUpdated)})
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	byService := map[string][]offer{}
	for _, o := range list {
		byService[cfn.Service(o.name)] = append(byService[cfn.Service(o.name)], o)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.offered[s.region] = byService
	return list, nil
}

// siblings are the types of a service that a region offers.
func (g *registry) siblings(s *session, service string) []offer {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.offered[s.region][service]
}

// describe asks for a type's schema, if it is not known.
func (g *registry) describe(ctx context.Context, s *session, o offer) (*schema, error) {
	t := g.get(s.partition, o.name)
	t.mu.Lock()
	defer t.mu.Unlock()
	if known := g.asOf(ctx, t, o); known != nil {
		return known, nil
	}
	out, err := s.cloudformation().DescribeType(ctx, &cloudformation.DescribeTypeInput{Type: types.RegistryTypeResource, TypeName: &o.name})
	if err != nil {
		return nil, listError{registryDescribe, err}
	}
	parsed, err := parseSchema(aws.ToString(out.Schema))
	if err != nil {
		return nil, listError{registryDescribe, err}
	}
	t.schema, t.said = parsed, KeptType{Schema: *parsed, Updated: o.updated}
	g.keep(ctx, t)
	return parsed, nil
}

// known is the schema if it was described and is of now.
func (g *registry) known(ctx context.Context, s *session, o offer) *schema {
	t := g.get(s.partition, o.name)
	t.mu.Lock()
	defer t.mu.Unlock()
	return g.asOf(ctx, t, o)
}

// samples are how many resources of a type must be alike in a list and read directly
// before lists are trusted.
const samples = 3

// listed tells whether lists of a type hold all that a direct read gives.
func (g *registry) listed(s *session, name string) bool {
	t := g.get(s.partition, name)
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.schema != nil && t.schema.ListFull && !t.said.Differs && t.said.Same >= samples
}

func (g *registry) compared(ctx context.Context, s *session, name string, same bool) {
	t := g.get(s.partition, name)
	t.mu.Lock()
	defer t.mu.Unlock()
	decided := t.said.Differs || t.said.Same >= samples
	if t.said.Same++; !same {
		t.said.Differs = true
	}
	if !decided && (t.said.Differs || t.said.Same == samples) {
		g.keep(ctx, t)
	}
}
