package aws

import (
	"fmt"
	"slices"
	"strings"

	"github.com/insights-scanner/insights-scanner/discovery/cfn"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// PlanReads says by which route each type of an account is read, with the calls and the
// time that a whole scan takes for what is held of it: counts are of resources, by region
// and type. A type that a service of table.go reads is read by that: it has the calls that
// answer for most resources, and the names that packs compare with. Where the last scan has found
// that AWS Config answers some of these, it does again. All others are read by Cloud Control, a
// call for a list and one for each resource.
func PlanReads(a schemas.Account, regions []string, counts map[string]map[string]uint64, last schemas.Scan) schemas.ReadPlan {
	share := shareOr(a.MaxShare, schemas.DefaultMaxShare)
	p := schemas.ReadPlan{Account: a.Name, Regions: regions, Share: share}
	for _, s := range services {
		if len(a.Services) > 0 && !slices.Contains(a.Services, s.name) {
			continue
		}
		for _, t := range s.types {
			planned := s.planned(t, regions, counts, share)
			if t.recorded != nil {
				s.planRecorded(t, &planned, regions, a, last, share)
			}
			p.Types = append(p.Types, planned)
		}
	}
	if a.ReadsTail() != schemas.TailOff && (len(a.Services) == 0 || slices.Contains(a.Services, schemas.ServiceTail)) {
		for _, name := range tailTypes() {
			p.Types = append(p.Types, plannedTail(name, regions, counts, shareOr(a.TailShare, share)))
		}
	}
	p.Routes = routes(p.Types, a.ReadsTail())
	return p
}

// where are the regions of a type's units: one for a service without regions.
func where(global bool, regions []string) []string {
	if global {
		return []string{schemas.GlobalRegion}
	}
	if len(regions) == 0 {
		return []string{""} // some region
	}
	return regions
}

func (svc *service) planned(t typeSpec, regions []string, counts map[string]map[string]uint64, share float64) schemas.PlannedType {
	p := schemas.PlannedType{Type: t.token, Service: svc.name, Route: schemas.RouteNative, Why: why(t)}
	if svc.global { // buckets are listed once, and are of all regions
		all := map[string]uint64{}
		for _, of := range counts {
			all[t.token] += of[t.token]
		}
		counts = map[string]map[string]uint64{schemas.GlobalRegion: all}
	}
	for _, r := range where(svc.global, regions) {
		n := counts[r][t.token]
		p.Resources += n
		p.Calls += uint64(svc.cost(t, int(n)))
		p.Seconds = max(p.Seconds, svc.seconds(t, n, share))
	}
	return p
}

// seconds is how long the slowest of a type's calls take; the others are made meanwhile.
func (svc *service) seconds(t typeSpec, n uint64, share float64) (most float64) {
	for _, c := range t.calls {
		calls := uint64(1)
		if c.per > 0 {
			calls = (n + uint64(c.per) - 1) / uint64(c.per)
		}
		most = max(most, float64(calls)/(svc.limitOf(c.action).rate*share))
	}
	return most
}

// limitOf is the limit of an action among those of the service; of several for all operations, as
// S3 has for its two APIs, that of the larger one.
func (svc *service) limitOf(action string) limit {
	_, operation, _ := strings.Cut(action, ":")
	found, said := defaultLimit, false
	for name, l := range svc.limits {
		_, of, own := strings.Cut(name, ":")
		if own && of == operation {
			return l
		}
		if !own && (!said || l.rate > found.rate) {
			found, said = l, true
		}
	}
	return found
}

func why(t typeSpec) string {
	if t.with != "" {
		return "comes with " + t.with
	}
	each := 0
	for _, c := range t.calls {
		if c.per == 1 {
			each++
		}
	}
	if each == 0 {
		return fmt.Sprintf("a list says everything, %s a call", perCall(t.calls[0].per))
	}
	return fmt.Sprintf("lists of %s, and %d of a call each", perCall(t.calls[0].per), each)
}

func perCall(per int) string {
	if per == 0 {
		return "all"
	}
	return fmt.Sprint(per)
}

func plannedTail(name string, regions []string, counts map[string]map[string]uint64, share float64) schemas.PlannedType {
	p := schemas.PlannedType{
		Type: cfn.Token(name), Service: schemas.ServiceTail, Route: schemas.RouteCloudControl,
		Why: "no reader of its own: a list, and a call for each",
	}
	_, global := globalHomes[cfn.Service(name)]
	for _, r := range where(global, regions) {
		n := counts[r][p.Type]
		p.Resources += n
		p.Calls += 1 + n
		p.Seconds = max(p.Seconds, float64(1+n)/(tailLimits["CloudControl"].rate*share))
	}
	return p
}

// routes sums by route. Types of a service that share no calls are read beside each other,
// and so are services; all types of the tail share one rate.
func routes(types []schemas.PlannedType, tail schemas.Tail) []schemas.PlannedRoute {
	native := schemas.PlannedRoute{Route: schemas.RouteNative, When: string(schemas.TailEachScan)}
	cc := schemas.PlannedRoute{Route: schemas.RouteCloudControl, When: string(tail)}
	config := schemas.PlannedRoute{Route: schemas.RouteConfig, When: string(schemas.TailEachScan)}
	for _, t := range types {
		r := &native
		switch t.Route {
		case schemas.RouteCloudControl:
			r = &cc
		case schemas.RouteConfig:
			r = &config
		}
		r.Types++
		r.Resources += t.Resources
		r.Calls += t.Calls
		if r != &cc {
			r.Seconds = max(r.Seconds, t.Seconds)
		} else {
			r.Seconds += t.Seconds
		}
	}
	if config.Types == 0 {
		return []schemas.PlannedRoute{native, cc}
	}
	return []schemas.PlannedRoute{native, cc, config}
}
