package aws

import (
	"testing"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// The plan has every type once, by its route, with what its resources take.
func TestPlanReads(t *testing.T) {
	t.Parallel()
	regions := []string{"eu-west-1", "us-east-1"}
	counts := map[string]map[string]uint64{
		"us-east-1": {typeQueue: 1500, "aws-native:logs:QueryDefinition": 29},
		"eu-west-1": {typeBucket: 10}, schemas.GlobalRegion: {typeBucket: 20},
	}
	p := PlanReads(schemas.Account{Name: "prod"}, regions, counts)
	at := map[string]schemas.PlannedType{}
	for _, typ := range p.Types {
		if _, twice := at[typ.Type]; twice {
			t.Errorf("%s twice", typ.Type)
		}
		if typ.Why == "" || typ.Route == "" {
			t.Errorf("%+v", typ)
		}
		at[typ.Type] = typ
	}
	// Two pages, 1,500 attributes, 15 times tags.
	if q := at[typeQueue]; q.Resources != 1500 || q.Calls != 2+1500+15 || q.Seconds <= 0 || q.Route != schemas.RouteNative {
		t.Errorf("%+v", q)
	}
	if b := at[typeBucket]; b.Resources != 30 {
		t.Errorf("%+v", b)
	}
	// A list in each region, 29 reads; at half of 30 a second.
	if q := at["aws-native:logs:QueryDefinition"]; q.Calls != 2+29 || q.Seconds != 2 || q.Route != schemas.RouteCloudControl {
		t.Errorf("%+v", q)
	}
	var resources uint64
	types := 0
	for _, r := range p.Routes {
		resources += r.Resources
		types += r.Types
	}
	if types != len(p.Types) || resources != 1500+29+30 || p.Routes[1].When != "daily" || p.Share != 0.5 {
		t.Errorf("%+v", p.Routes)
	}
	p = PlanReads(schemas.Account{Services: []string{"sqs"}, Tail: schemas.TailOff}, nil, nil)
	if len(p.Types) != len(sqsService.types) || p.Types[0].Calls != 0 || p.Routes[1].Types != 0 {
		t.Errorf("%+v", p)
	}
}
