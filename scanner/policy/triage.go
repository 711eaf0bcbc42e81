package policy

import (
	"context"
	"time"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// TriageDeps is what Triage needs.
type TriageDeps struct {
	Records Table[schemas.TriageRecord] // by finding
	// Mirror keeps changes where lists are filtered by them. It may be repeated.
	Mirror func(ctx context.Context, r schemas.TriageRecord) error
	Now    func() time.Time
}

// Triage is what people say of findings. The record is a key per finding with
// every change in order; a change is a compare-and-set that is repeated on the
// newest record until it wins, so that the order of changes is one for everybody.
type Triage struct{ d TriageDeps }

// NewTriage returns the triage of findings.
func NewTriage(d TriageDeps) *Triage { return &Triage{d: d} }

// Get is the record of a finding; an empty one when nothing was said of it.
func (t *Triage) Get(ctx context.Context, a schemas.AccountID, finding string) (schemas.TriageRecord, error) {
	r, _, err := t.d.Records.Get(ctx, finding)
	if is(err, schemas.CodeNotFound) {
		return schemas.TriageRecord{Finding: finding, AccountID: a}, nil
	}
	return r, err
}

// Change changes what is said of a finding; a change that changes nothing is not
// recorded, but mirrored again.
func (t *Triage) Change(ctx context.Context, a schemas.AccountID, finding string, c schemas.TriageChange, by string) (r schemas.TriageRecord, changed bool, err error) {
	if err := c.Validate(); err != nil {
		return r, false, err
	}
	for {
		var rev uint64
		r, rev, err = t.d.Records.Get(ctx, finding)
		fresh := is(err, schemas.CodeNotFound)
		if err != nil && !fresh {
			return r, false, err
		}
		if fresh {
			r = schemas.TriageRecord{Finding: finding, AccountID: a}
		}
		now := r.Now()
		if changed = c.Apply(&now); !changed {
			break
		}
		now.At, now.By = t.d.Now().UTC().Truncate(time.Millisecond), by
		r.Changes = append(r.Changes, now)
		if fresh {
			_, err = t.d.Records.Create(ctx, finding, r)
		} else {
			_, err = t.d.Records.Update(ctx, finding, r, rev)
		}
		if err == nil {
			break
		}
		if !is(err, schemas.CodeConflict) || ctx.Err() != nil {
			return r, false, err
		}
	}
	if err := t.d.Mirror(ctx, r); err != nil {
		return r, changed, schemas.Errorf(schemas.CodeOf(err), "the change is stored, but lists do not show it yet: %w", err).
			WithHint("Repeat it; a restart of the server mends it too.")
	}
	return r, changed, nil
}

// All calls fn with the record of every finding.
func (t *Triage) All(ctx context.Context, fn func(schemas.TriageRecord) error) error {
	return t.d.Records.List(ctx, "", func(_ string, r schemas.TriageRecord, _ uint64) error { return fn(r) })
}

// Forget drops what was said of the findings of an account.
func (t *Triage) Forget(ctx context.Context, a schemas.AccountID) error {
	var keys []string
	err := t.All(ctx, func(r schemas.TriageRecord) error {
		if r.AccountID == a {
			keys = append(keys, r.Finding)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, key := range keys {
		if err := t.d.Records.Delete(ctx, key); err != nil {
			return err
		}
	}
	return nil
}
