package main

import (
	"testing"

	"github.com/insights-scanner/insights-scanner/schemas"
)

func TestUnitOutcome(t *testing.T) {
	complete, denied := schemas.ScopeEnd{State: schemas.ScopeComplete}, schemas.ScopeEnd{State: schemas.ScopeDenied}
	read := []schemas.ResourceRead{{State: schemas.ResourceUnchanged}}
	for want, ends := range map[string][]schemas.UnitEnd{
		"complete":  {{Scopes: []schemas.ScopeEnd{complete, complete}}, {Direct: &schemas.DirectEnd{Read: read}}, {Direct: &schemas.DirectEnd{}}},
		"partial":   {{Scopes: []schemas.ScopeEnd{complete, denied}}, {Direct: &schemas.DirectEnd{Read: read, Failure: "denied"}}},
		"failed":    {{Scopes: []schemas.ScopeEnd{denied, denied}}, {Direct: &schemas.DirectEnd{Failure: "denied"}}},
		"cancelled": {{}},
	} {
		for _, e := range ends {
			if got := unitOutcome(&e); got != want {
				t.Errorf("%+v counts as %s, want %s", e, got, want)
			}
		}
	}
}
