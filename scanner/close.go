package scanner

import (
	"context"

	"golang.org/x/sync/errgroup"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// closes publishes a close for every scope that may be closed and for every scope that left
// the plan, and tells whether the store shows them all. lost counts closes that
// were given up as dead letters.
func (d *driver) closes(ctx context.Context, ends []*schemas.UnitEnd, t *tally) (ready bool, lost int, err error) {
	want, err := d.wanted(ctx, ends)
	if err != nil {
		return false, 0, err
	}
	closed, err := d.c.d.Store.ClosedSeqs(ctx, d.scan.AccountID)
	if err != nil {
		return false, 0, err
	}
	open, send := 0, []*schemas.Close(nil)
	for _, c := range want {
		switch {
		case closed[c.Scope] >= c.Seq:
			t.progress.ScopesClosed++
		case d.c.dead.close(d.scan.ID, c.Scope, c.Seq):
			lost++
		default:
			open++
			due := d.late.closes[c.Scope] >= c.Seq // and was lost
			if d.closeSent[c.Scope] < c.Seq || due {
				send = append(send, c)
			}
		}
	}
	return open == 0, lost, d.sendCloses(ctx, send)
}

// publishing is how many closes are on their way to the queue at once: what comes
// together the sink stores together.
const publishing = 16

func (d *driver) sendCloses(ctx context.Context, closes []*schemas.Close) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(publishing)
	for _, c := range closes {
		d.log.Debug().Stringer("scope", c.Scope).Uint64("seq", c.Seq).Str("cause", string(c.Cause)).Msg("close scope")
		g.Go(func() error { return d.c.d.Bus.PublishClose(ctx, c) })
	}
	if err := g.Wait(); err != nil {
		return err // all are sent again, which does no harm
	}
	for _, c := range closes {
		d.closeSent[c.Scope] = c.Seq
		if d.mark != nil {
			delete(d.mark.closes, c.Scope)
		}
	}
	return nil
}

func (d *driver) wanted(ctx context.Context, ends []*schemas.UnitEnd) ([]*schemas.Close, error) {
	var out []*schemas.Close
	for _, e := range ends {
		for _, s := range e.Scopes {
			// Of the long tail most types are in no account: thousands of closes of nothing.
			if !s.Closes() || s.Empty && s.Route == schemas.RouteCloudControl {
				continue
			}
			out = append(out, &schemas.Close{
				Scan: d.scan.ID, AccountID: d.scan.AccountID, Account: d.scan.Account,
				Scope: s.Scope, Seq: e.Seq, Cause: schemas.FixResourceGone, At: e.StartedAt,
			})
		}
	}
	if len(d.scan.Limit.Resources) > 0 {
		return out, nil // it says nothing of any scope
	}
	open, err := d.c.d.Store.OpenScopes(ctx, d.scan.AccountID)
	if err != nil {
		return nil, err
	}
	left := withoutTail(outOfScope(open, ends), d.scan.Units, d.account)
	if !d.scan.Limit.Whole() {
		left = standInsFor(left, ends) // what it did not plan has not left the account's plan
	}
	if len(left) > 0 && d.outSeq == 0 {
		if d.outSeq, err = d.c.d.Sequencer.NextSeq(ctx, d.scan.AccountID); err != nil {
			return nil, err
		}
	}
	for _, s := range left {
		out = append(out, &schemas.Close{
			Scan: d.scan.ID, AccountID: d.scan.AccountID, Account: d.scan.Account,
			Scope: s, Seq: d.outSeq, Cause: schemas.FixOutOfScope, At: d.scan.StartedAt,
		})
	}
	return out, nil
}
