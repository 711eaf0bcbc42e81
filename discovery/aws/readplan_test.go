package aws

import (
	"strings"
	"testing"
	"time"

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
	p := PlanReads(schemas.Account{Name: "prod"}, regions, counts, schemas.Scan{})
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
	p = PlanReads(schemas.Account{Services: []string{"sqs"}, Tail: schemas.TailOff}, nil, nil, schemas.Scan{})
	if len(p.Types) != len(sqsService.types) || p.Types[0].Calls != 0 || p.Routes[1].Types != 0 {
		t.Errorf("%+v", p)
	}
}

// What the last scan found of AWS Config makes the plan of the next one.
func TestPlanRecorded(t *testing.T) {
	t.Parallel()
	until := time.Date(2026, 11, 26, 3, 12, 0, 0, time.UTC)
	recorded := func(region, token string, r schemas.Recorded) schemas.ScopesRecorded {
		return schemas.ScopesRecorded{Region: region, Types: []string{token}, Recorded: r}
	}
	last := schemas.Scan{Recorded: []schemas.ScopesRecorded{
		recorded("us-east-1", typeQueue, schemas.Recorded{Resources: 1000, Answers: 1000, Calls: 10, Until: until.Add(time.Hour)}),
		recorded("eu-west-1", typeQueue, schemas.Recorded{Resources: 500, Answers: 400, Calls: 5, Until: until}),
		recorded("us-east-1", typeQueuePolicy, schemas.Recorded{Resources: 1, Until: until}),
		recorded("us-east-1", typeKey, schemas.Recorded{Why: "the recorder is stopped"}),
	}}
	counts := map[string]map[string]uint64{"us-east-1": {typeQueue: 1000, typeKey: 10}, "eu-west-1": {typeQueue: 500}}
	plan := func(a schemas.Account) (map[string]schemas.PlannedType, schemas.ReadPlan) {
		p := PlanReads(a, []string{"eu-west-1", "us-east-1"}, counts, last)
		at := map[string]schemas.PlannedType{}
		for _, typ := range p.Types {
			at[typ.Type] = typ
		}
		return at, p
	}
	at, p := plan(schemas.Account{Name: "prod"})
	// Two pages, 1,500 attributes of which 100 are left, 15 times tags, 15 of Config.
	q := at[typeQueue]
	if q.Route != schemas.RouteConfig || q.Without != 2+1500+15 || q.Calls != 2+100+15+15 || q.Seconds != 100/(40*0.5) {
		t.Errorf("%+v", q)
	}
	if !strings.Contains(q.Why, "answers 1400 of 1517 calls; it had recorded until 2026-11-26 03:12:00") {
		t.Errorf("%s", q.Why)
	}
	if r := at[typeQueuePolicy]; r.Route != schemas.RouteConfig || r.Calls != 0 {
		t.Errorf("%+v", r)
	}
	if k := at[typeKey]; k.Route != schemas.RouteNative || k.Without != 0 || !strings.Contains(k.Why, "not from AWS Config: the recorder is stopped") {
		t.Errorf("%+v", k)
	}
	if k := at[typeTopic]; k.Route != schemas.RouteNative || !strings.Contains(k.Why, "the next scan tells") {
		t.Errorf("%+v", k)
	}
	if r := p.Routes[2]; r.Route != schemas.RouteConfig || r.Types != 2 || r.Calls != q.Calls {
		t.Errorf("%+v", p.Routes)
	}
	at, _ = plan(schemas.Account{Name: "prod", AWSConfig: schemas.ConfigOff})
	if q := at[typeQueue]; q.Route != schemas.RouteNative || q.Calls != 1517 || !strings.Contains(q.Why, "awsConfig is off") {
		t.Errorf("%+v", q)
	}
}
