package aws

import (
	"context"
	"errors"
	"testing"

	"github.com/insights-scanner/insights-scanner/discovery"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// A list that breaks off after a type has reached its cap says why it did, so that it is read
// again; a cap says nothing of a list that had failed before.
func TestACapHidesNoFailure(t *testing.T) {
	t.Parallel()
	for name, steps := range map[string][]func(*run){
		"failed later":   {capUser, failUser},
		"failed earlier": {failUser, capUser},
	} {
		r := newRun(func(context.Context, discovery.Observation) error { return nil })
		r.caps = map[string]int{typeUser: 1}
		for _, step := range steps {
			step(r)
		}
		if e := r.notes[typeUser]; e.Call != authorizationDetails || !e.Passing {
			t.Errorf("%s: %+v", name, e)
		}
	}
}

func capUser(r *run) {
	for range 2 {
		r.admit(typeUser)
	}
}

func failUser(r *run) {
	r.incomplete(authorizationDetails, schemas.Errorf(schemas.CodeUnavailable, "%w", errors.New("try again")), typeUser)
}
