package aws

import (
	"context"
	"encoding/json"
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
	mu      sync.Mutex
	updated time.Time
	schema  *schema // nil before it is described

	// Of comparing lists with direct reads.
	same    int
	differs bool
}

func (g *registry) get(partition, name string) *registered {
	g.mu.Lock()
	defer g.mu.Unlock()
	key := partition + "/" + name
	t, ok := g.types[key]
	if !ok {
		t = &registered{}
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

// schema is what reading takes of a type's schema.
type schema struct {
	listable  bool
	keys      []string // that a list must be given
	listFull  bool     // a list may read what a direct read does
	writeOnly []string // paths of properties that are never returned, "Code.ZipFile"
	readOnly  map[string]bool
	unordered map[string]bool // names of lists without an order
}

// describe asks for a type's schema, if it is not known.
func (g *registry) describe(ctx context.Context, s *session, o offer) (*schema, error) {
	t := g.get(s.partition, o.name)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.schema != nil && !o.updated.After(t.updated) {
		return t.schema, nil
	}
	out, err := s.cloudformation().DescribeType(ctx, &cloudformation.DescribeTypeInput{Type: types.RegistryTypeResource, TypeName: &o.name})
	if err != nil {
		return nil, listError{registryDescribe, err}
	}
	parsed, err := parseSchema(aws.ToString(out.Schema))
	if err != nil {
		return nil, listError{registryDescribe, err}
	}
	t.schema, t.updated, t.same, t.differs = parsed, o.updated, 0, false
	return parsed, nil
}

// known is the schema if it was described and is of now.
func (g *registry) known(s *session, o offer) *schema {
	t := g.get(s.partition, o.name)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.schema == nil || o.updated.After(t.updated) {
		return nil
	}
	return t.schema
}

// samples are how many resources of a type must be alike in a list and read directly
// before lists are trusted.
const samples = 3

// listed tells whether lists of a type hold all that a direct read gives.
func (g *registry) listed(s *session, name string) bool {
	t := g.get(s.partition, name)
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.schema != nil && t.schema.listFull && !t.differs && t.same >= samples
}

func (g *registry) compared(s *session, name string, same bool) {
	t := g.get(s.partition, name)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.same++; !same {
		t.differs = true
	}
}

type rawSchema struct {
	ReadOnly  []string `json:"readOnlyProperties"`
	WriteOnly []string `json:"writeOnlyProperties"`
	Handlers  map[string]struct {
		Permissions []string `json:"permissions"`
		Schema      struct {
			Required []string                      `json:"required"`
			OneOf    []struct{ Required []string } `json:"oneOf"`
			AnyOf    []struct{ Required []string } `json:"anyOf"`
		} `json:"handlerSchema"`
	} `json:"handlers"`
}

func parseSchema(text string) (*schema, error) {
	var raw rawSchema
	if err := json.Unmarshal([]byte(text), &raw); err != nil {
		return nil, err
	}
	list, listable := raw.Handlers["list"]
	out := &schema{listable: listable, keys: list.Schema.Required, readOnly: map[string]bool{}, unordered: map[string]bool{}}
	for _, one := range append(list.Schema.OneOf, list.Schema.AnyOf...) {
		if len(out.keys) == 0 {
			out.keys = one.Required // the first choice is the parent
		}
	}
	may := map[string]bool{}
	for _, p := range list.Permissions {
		may[p] = true
	}
	out.listFull = listable
	for _, p := range raw.Handlers["read"].Permissions {
		out.listFull = out.listFull && may[p]
	}
	for _, p := range raw.WriteOnly {
		out.writeOnly = append(out.writeOnly, pointerPath(p))
	}
	for _, p := range raw.ReadOnly {
		out.readOnly[pointerPath(p)] = true
	}
	var doc any
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		return nil, err
	}
	findUnordered("", doc, out.unordered)
	return out, nil
}

// pointerPath makes "Code.ZipFile" of "/properties/Code/ZipFile"; lists are looked through.
func pointerPath(pointer string) string {
	var parts []string
	for p := range strings.SplitSeq(strings.TrimPrefix(pointer, "/properties/"), "/") {
		if p != "*" && p != "properties" && p != "items" {
			parts = append(parts, p)
		}
	}
	return strings.Join(parts, ".")
}

// findUnordered collects the names of the lists whose order means nothing.
func findUnordered(name string, v any, into map[string]bool) {
	m, ok := v.(map[string]any)
	if !ok {
		return
	}
	if ordered, said := m["insertionOrder"].(bool); said && !ordered {
		into[name] = true
	}
	for k, v := range m {
		findUnordered(k, v, into)
	}
}
