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
	perCall := map[[2]string]uint64{}
	for _, typ := range aws.Types() {
		for _, c := range slices.Concat(typ.Calls, typ.OnDemand) {
			perCall[[2]string{typ.Type, c.Action}] = uint64(c.PerCall)
		}
	}
	out := make([]schemas.PreviewRead, 0, len(t.reads))
	for _, r := range t.reads {
		n, known := perCall[[2]string{r.Type, r.Call}]
		switch {
		case !known || r.State == schemas.FacetNotReadable:
		case n == 0:
			r.Calls = 1
		default:
			r.Calls = (r.Resources + n - 1) / n
		}
		out = append(out, *r)
	}
	slices.SortFunc(out, func(a, b schemas.PreviewRead) int {
		return cmp.Or(cmp.Compare(b.Calls, a.Calls), cmp.Compare(a.Type, b.Type), cmp.Compare(a.Call, b.Call), cmp.Compare(a.State, b.State), cmp.Compare(a.Reason, b.Reason))
	})
	return out
}
