package aws

import (
	"context"
	"time"
)

// KeptType is what CloudFormation's registry said of a type, and what reading it has shown.
type KeptType struct {
	Schema  schema    `json:"schema"`
	Updated time.Time `json:"updated"` // when the registry last changed it
	// Of comparing lists with direct reads.
	Same    int  `json:"same,omitempty"`
	Differs bool `json:"differs,omitempty"`
}

// TypeStore keeps types beyond the process, by partition and name: "aws/AWS.EKS.Nodegroup".
type TypeStore interface {
	Get(ctx context.Context, key string) (KeptType, uint64, error)
	Put(ctx context.Context, key string, v KeptType) (uint64, error)
}

// KeepTypes makes the provider look there before it asks the registry of a type, and keep
// there what it was told. It is to be set before the first use.
func (p *Provider) KeepTypes(kept TypeStore) { p.registry.kept = kept }

// asOf is the schema of a type as it is offered; nil when it is not known, or has changed.
// The caller has the lock.
func (g *registry) asOf(ctx context.Context, t *registered, o offer) *schema {
	if t.schema == nil && !t.looked && g.kept != nil {
		t.looked = true
		// A store that does not answer costs a call of the registry, no more.
		if said, _, err := g.kept.Get(ctx, t.key); err == nil {
			t.said, t.schema = said, &said.Schema
		}
	}
	if t.schema == nil || o.updated.After(t.said.Updated) {
		return nil
	}
	return t.schema
}

// keep is asOf's counterpart. What is not kept is asked for again by the next process.
func (g *registry) keep(ctx context.Context, t *registered) {
	if g.kept != nil {
		_, _ = g.kept.Put(ctx, t.key, t.said)
	}
}
