package packs_test

import (
	"context"
	"encoding/json"
	"maps"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/rs/zerolog"

	"github.com/insights-scanner/insights-scanner/discovery"
	"github.com/insights-scanner/insights-scanner/discovery/aws"
	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
	"github.com/insights-scanner/insights-scanner/evaluator"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// reading is what one reading of services saw, and how the starter pack judges it.
type reading struct {
	resources map[schemas.Key]discovery.Observation
	scopes    map[schemas.Scope]schemas.ScopeEnd
	verdicts  map[schemas.Key]map[string]schemas.PolicyResult // by policy
	unread    []schemas.Key                                   // what nobody knows of whether it exists, and was not there before
}

// judge are a reader of one fake account and the starter pack.
type judge struct {
	provider *aws.Provider
	account  schemas.Account
	units    []schemas.UnitKey
	engine   evaluator.Engine
}

// read reads services as a scan does and judges everything, but takes over the verdicts of
// what is the same as before.
func (j *judge) read(t *testing.T, before *reading, services ...string) *reading {
	t.Helper()
	r := &reading{resources: map[schemas.Key]discovery.Observation{}, scopes: map[schemas.Scope]schemas.ScopeEnd{}, verdicts: map[schemas.Key]map[string]schemas.PolicyResult{}}
	var mu sync.Mutex
	for _, u := range j.units {
		if !slices.Contains(services, u.Service) {
			continue
		}
		reader, err := j.provider.Open(t.Context(), schemas.Unit{Account: j.account, Unit: u})
		if err != nil {
			t.Fatal(err)
		}
		ends, err := reader.Read(t.Context(), func(_ context.Context, o discovery.Observation) error {
			mu.Lock()
			defer mu.Unlock()
			if before != nil && o.Unread != nil && before.resources[o.Key].ID == "" {
				r.unread = append(r.unread, o.Key)
				return nil // as a worker does
			}
			r.resources[o.Key] = o
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range ends {
			r.scopes[e.Scope] = e
		}
	}
	for k, o := range r.resources {
		if before != nil && alike(before.resources[k], o) {
			r.verdicts[k] = before.verdicts[k]
			continue
		}
		r.verdicts[k] = evaluate(t, j.engine, evaluator.Input{
			Account: j.account.Name, Region: k.Region, URN: "urn:" + k.String(), Type: k.Type, Name: o.Name, ID: k.ID, Properties: o.Properties, Unknown: o.Unknown,
		})
	}
	return r
}

func alike(a, b discovery.Observation) bool {
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	return string(x) == string(y)
}

// policyReads are the top-level properties that each policy looks at, by type.
func policyReads(t *testing.T) map[string]map[string]map[string]bool {
	t.Helper()
	m := modules(t)
	maps.DeleteFunc(m, func(file string, _ *ast.Module) bool { return strings.HasSuffix(file, "_test.rego") })
	c := ast.NewCompiler()
	if c.Compile(m); c.Failed() {
		t.Fatal(c.Errors)
	}
	out := map[string]map[string]map[string]bool{}
	for _, module := range m {
		for _, r := range module.Rules {
			policy := string(r.Head.Name)
			for _, token := range typesIn(r) {
				if out[token] == nil {
					out[token] = map[string]map[string]bool{}
				}
				if out[token][policy] == nil {
					out[token][policy] = map[string]bool{}
				}
				for _, compiled := range c.GetRulesExact(ast.MustParseRef("data.aws_foundations." + policy)) {
					readsOf(c, compiled, out[token][policy])
				}
			}
		}
	}
	return out
}

// With one IAM action refused after the other, exactly the policies that look at what it gives are
// unknown. Nothing is found, passed, or declared gone because of it: resources are only missing
// from scopes that say that they were refused.
func TestDenialOfEachActionMakesWhatTouchesItUnknown(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIAFAKE")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "fake")
	fake := awsfake.New(awsfake.Population{
		AccountID: "123456789012", Regions: []string{"us-east-1"}, Instances: 3, Volumes: 1, SecurityGroups: 2, Subnets: 1, VPCs: 1, Snapshots: 2, Images: 2,
		Buckets: 4, Users: 3, Roles: 2, Policies: 2, More: map[string]int{"*": 2},
	})
	srv := httptest.NewServer(fake)
	defer srv.Close()
	j := &judge{
		provider: aws.New(zerolog.Nop(), func() time.Time { return time.Unix(1_700_000_000, 0) }), engine: engine(t),
		account: schemas.Account{ID: "aws-123456789012", Name: "prod", Provider: "aws", Endpoint: srv.URL, Regions: []string{"us-east-1"}},
	}
	var err error
	if _, j.units, err = j.provider.Plan(t.Context(), j.account); err != nil {
		t.Fatal(err)
	}
	services, takes := map[string][]string{}, map[string][]string{} // by action
	var every []string
	for _, typ := range aws.Types() {
		every = append(every, typ.Service)
		for _, c := range typ.Calls {
			services[c.Action] = append(services[c.Action], typ.Service)
			takes[c.Action] = append(takes[c.Action], typ.Type)
		}
	}
	quiet := j.read(t, nil, every...)
	reads := policyReads(t)
	unknowns, unread := 0, 0
	for _, action := range slices.Sorted(maps.Keys(services)) {
		fake.SetFaults(awsfake.Faults{Deny: []string{action}})
		denied := j.read(t, quiet, services[action]...)
		for k := range quiet.resources {
			if !slices.Contains(takes[action], k.Type) {
				continue
			}
			if _, there := denied.resources[k]; !there && stateOf(denied, k).State == schemas.ScopeComplete {
				t.Errorf("%s: %s is gone from a scope that was read whole", action, k)
			}
		}
		for _, k := range denied.unread {
			unread++
			if e := stateOf(denied, k); e.State != schemas.ScopeDenied || e.Call != action {
				t.Errorf("%s: nobody knows whether there is %s, and its scope is %+v", action, k, e)
			}
		}
		for k, o := range denied.resources {
			touched := map[string]bool{}
			for _, u := range o.Unknown {
				if u.State == schemas.FacetDenied {
					if u.Call != action {
						t.Errorf("%s: %s of %s is denied by %s", action, u.Path, k, u.Call)
					}
					name, _, _ := strings.Cut(u.Path, ".")
					touched[name] = true
				}
			}
			for policy, now := range denied.verdicts[k] {
				was, existed := quiet.verdicts[k][policy]
				touches := slices.ContainsFunc(slices.Collect(maps.Keys(reads[k.Type][policy])), func(p string) bool { return touched[p] })
				if now.Outcome == schemas.Unknown && touches {
					unknowns++
				}
				switch {
				case !existed:
					t.Errorf("%s: %s of %s, which was not there, is %s", action, policy, k, now.Outcome)
				case touches && now.Outcome == schemas.Unknown:
				case touches && now.Outcome == was.Outcome: // what is known decides already
				case now.Outcome != was.Outcome || !slices.Equal(now.Messages, was.Messages):
					t.Errorf("%s: %s of %s was %s and is %s (looks at what was denied: %t)", action, policy, k, was.Outcome, now.Outcome, touches)
				}
			}
		}
	}
	if unknowns < 100 || unread == 0 {
		t.Errorf("only %d verdicts became unknown, %d resources may be there or not", unknowns, unread)
	}
}

// stateOf is the scope that owns a key; that of a global service is of no region.
func stateOf(r *reading, k schemas.Key) schemas.ScopeEnd {
	for _, region := range []string{k.Region, schemas.GlobalRegion} {
		if e, ok := r.scopes[schemas.Scope{Region: region, Type: k.Type, Route: schemas.RouteNative}]; ok {
			return e
		}
	}
	return schemas.ScopeEnd{State: schemas.ScopeComplete}
}
