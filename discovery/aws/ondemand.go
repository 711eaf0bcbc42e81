package aws

import (
	"context"
	"slices"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// OnDemand says in which unit a resource is, if action (of IAM) is a call that
// reading it makes only when a unit's Facets name it.
func OnDemand(k schemas.Key, action string) (schemas.UnitKey, bool) {
	for _, s := range services {
		for _, t := range s.types {
			if t.token != k.Type || !slices.ContainsFunc(t.onDemand, func(c call) bool { return c.action == action }) {
				continue
			}
			u := schemas.UnitKey{Region: k.Region, Service: s.name}
			if s.global {
				u.Region = schemas.GlobalRegion
			}
			return u, true
		}
	}
	return schemas.UnitKey{}, false
}

type facetsKey struct{}

// withFacets makes reads with the context read these facets, too.
func withFacets(ctx context.Context, calls []string) context.Context {
	return context.WithValue(ctx, facetsKey{}, calls)
}

// onDemand reads a facet if it was asked for. Else it is not read, and read is not
// called.
func onDemand(ctx context.Context, action string, read func() facet) facet {
	if calls, _ := ctx.Value(facetsKey{}).([]string); !slices.Contains(calls, action) {
		return facet{state: schemas.FacetNotRead, call: action, reason: "not read"}
	}
	return read()
}
