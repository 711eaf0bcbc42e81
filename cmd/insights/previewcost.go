package main

import (
	"cmp"
	"slices"

	"github.com/insights-scanner/insights-scanner/discovery/aws"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// missing are the reads that policies wait for, the dearest first, with what they
// take: the calls that scans make for the facet, always or on demand.
func (t *previewTally) missing() []schemas.PreviewRead {
	always, demand := map[[2]string][]schemas.TypeCall{}, map[[2]string][]schemas.TypeCall{}
	for _, typ := range aws.Types() {
		for _, c := range typ.Calls {
			key := [2]string{typ.Type, c.Action}
			always[key] = append(always[key], c)
		}
		for _, c := range typ.OnDemand {
			key := [2]string{typ.Type, c.Action}
			demand[key] = append(demand[key], c)
		}
	}
	out := make([]schemas.PreviewRead, 0, len(t.reads))
	for _, r := range t.reads {
		key := [2]string{r.Type, r.Call}
		switch calls, ok := demand[key]; {
		case r.State == schemas.FacetNotReadable:
		case ok && (r.State == schemas.FacetNotRead || len(always[key]) == 0):
			r.Calls = callsOf(calls, r.Resources)
		default:
			r.Calls = callsOf(always[key], r.Resources)
		}
		out = append(out, *r)
	}
	slices.SortFunc(out, func(a, b schemas.PreviewRead) int {
		return cmp.Or(cmp.Compare(b.Calls, a.Calls), cmp.Compare(a.Type, b.Type), cmp.Compare(a.Call, b.Call), cmp.Compare(a.State, b.State), cmp.Compare(a.Reason, b.Reason))
	})
	return out
}

// callsOf is how many calls a number of resources takes, of an action that may be
// called several times for each.
func callsOf(calls []schemas.TypeCall, resources uint64) (sum uint64) {
	for _, c := range calls {
		if n := uint64(c.PerCall); n > 0 {
			sum += (resources + n - 1) / n
		} else {
			sum++
		}
	}
	return sum
}
