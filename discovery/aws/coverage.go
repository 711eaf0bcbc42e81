package aws

import (
	"slices"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// Types are all that a scan reads, in the order of services.
func Types() []schemas.ResourceType {
	var list []schemas.ResourceType
	for _, s := range services {
		for _, t := range s.types {
			r := schemas.ResourceType{
				Type: t.token, Service: s.name, Global: s.global, Route: schemas.RouteNative,
				Calls: typeCalls(t.calls), OnDemand: typeCalls(t.onDemand), With: t.with, Verify: t.verify, CallsPer1000: s.cost(t, 1000),
			}
			if t.recorded != nil {
				r.Recorded = t.recorded.name
				for _, c := range t.answerable() {
					r.RecordedCalls = append(r.RecordedCalls, c.action)
				}
			}
			list = append(list, r)
		}
	}
	return list
}

func typeCalls(calls []call) []schemas.TypeCall {
	list := make([]schemas.TypeCall, len(calls))
	for i, c := range calls {
		list[i] = schemas.TypeCall{Facet: c.facet, Action: c.action, PerCall: c.per}
	}
	return list
}

// answerable are the calls of a type that AWS Config may answer.
func (t typeSpec) answerable() (calls []call) {
	if t.recorded == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(t.calls), func(c call) bool {
		return !slices.ContainsFunc(t.recorded.calls, func(r recordedCall) bool { return r.call == c })
	})
}

// cost is how many calls n resources of a type take, beside those that the type
// takes which brings it along.
func (svc *service) cost(t typeSpec, n int) (calls int) {
	var shared []call
	if i := slices.IndexFunc(svc.types, func(o typeSpec) bool { return o.token == t.with }); i >= 0 {
		shared = svc.types[i].calls
	}
	for _, c := range t.calls {
		switch {
		case slices.Contains(shared, c):
		case c.per == 0:
			calls++
		default:
			calls += (n + c.per - 1) / c.per
		}
	}
	return calls
}

// Actions are the IAM actions that scans of an account call, also on demand, sorted: by its services (none
// stands for all), its regions (without a choice of them, it is asked which ones are enabled), and whether
// it uses AWS Config.
func Actions(a schemas.Account) []string {
	var list []string
	if len(a.Regions) == 0 {
		list = append(list, "ec2:DescribeRegions")
	}
	for _, s := range services {
		if len(a.Services) > 0 && !slices.Contains(a.Services, s.name) {
			continue
		}
		for _, t := range s.types {
			for _, c := range slices.Concat(t.calls, t.onDemand) {
				list = append(list, c.action)
			}
			list = append(list, t.verify...)
			if t.recorded != nil && a.ReadsConfig() != schemas.ConfigOff {
				list = append(list, recordedActions...)
			}
		}
	}
	if len(a.Services) == 0 || slices.Contains(a.Services, schemas.ServiceTail) {
		list = append(list, tailActions...)
	}
	slices.Sort(list)
	return slices.Compact(list)
}
