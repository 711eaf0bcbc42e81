package scanner

import (
	"context"
	"slices"
	"time"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// Workers get so many polls to end their units by themselves, but not longer
// than that, before the queue is purged: none may run, and a unit that failed
// may wait for its next delivery.
const (
	cancelPolls   = 30
	maxCancelWait = 5 * time.Second
)

// cancel ends a cancelled scan. Nothing is closed: what was not looked at to
// the end is not gone. What was stored stays.
func (d *driver) cancel(ctx context.Context) (bool, error) {
	if d.cancelled.IsZero() {
		d.cancelled = d.c.d.Now()
	}
	queued, err := d.c.d.Bus.QueuedUnits(ctx, d.scan.AccountID)
	if err != nil {
		return false, err
	}
	if len(queued) > 0 {
		if d.c.d.Now().Sub(d.cancelled) < min(cancelPolls*d.c.d.Poll, maxCancelWait) {
			return false, nil
		}
		if err := d.c.d.Bus.PurgeUnits(ctx, d.scan.AccountID); err != nil {
			return false, err
		}
	}
	over, err := d.end(ctx, schemas.ScanCancelled, "", tally{progress: d.scan.Progress})
	if over {
		// What the cancelled units brought may still have to be judged and counted.
		d.c.pending.addComing(d.scan.AccountID)
		d.c.nudge()
	}
	return over, err
}

// end writes posture, record and history in this order, then frees the account.
func (d *driver) end(ctx context.Context, state schemas.ScanState, reason string, t tally) (bool, error) {
	at := d.c.now()
	if err := d.c.d.Store.RecomputePosture(ctx, d.scan.AccountID, at); err != nil {
		return false, err
	}
	changes, err := d.c.d.Store.Changes(ctx, d.scan.AccountID, d.scan.ID)
	if err != nil {
		return false, err
	}
	s, err := d.c.update(ctx, d.scan, func(s *schemas.Scan) error {
		if s.State.Ended() {
			return nil
		}
		// A cancellation that came too late to stop anything changes nothing.
		s.State, s.Reason, s.EndedAt, s.Progress, s.Reading, s.Resources, s.Changes = state, reason, at, t.progress, nil, t.read, changes
		s.Recorded = t.recorded
		return nil
	})
	if err != nil {
		return false, err
	}
	d.scan = s
	d.log.Info().Str("state", string(s.State)).Str("reason", s.Reason).Dur("took", s.EndedAt.Sub(s.StartedAt)).
		Int("units", s.Progress.UnitsEnded).Uint64("resources", s.Progress.Resources).Int("gaps", s.Progress.Gaps).
		Uint64("calls", s.Progress.Calls).Uint64("throttles", s.Progress.Throttles).Msg("scan ended")
	if d.c.d.Ended != nil {
		d.c.d.Ended(s)
	}
	if err := d.c.release(ctx, s); err != nil {
		return false, err
	}
	return true, nil
}

// release frees the account of an ended scan, if it still holds it.
func (c *Control) release(ctx context.Context, s schemas.Scan) error {
	act, rev, err := c.d.Active.Get(ctx, string(s.AccountID))
	if err != nil {
		return err
	}
	if act.Scan == nil || act.Scan.ID != s.ID {
		return nil
	}
	_, err = c.finish(ctx, s, act, rev)
	if schemas.CodeOf(err) == schemas.CodeConflict && err != nil {
		return nil // somebody else freed it
	}
	return err
}

// finish puts an ended scan into the store's history and frees its account;
// it returns the new revision of the claim. Repeating it changes nothing.
func (c *Control) finish(ctx context.Context, s schemas.Scan, act schemas.ActiveScan, rev uint64) (uint64, error) {
	if err := c.d.Store.RecordScan(ctx, s); err != nil {
		return rev, err
	}
	act.Scan = nil
	rev, err := c.d.Active.Update(ctx, string(s.AccountID), act, rev)
	if err != nil {
		return rev, err
	}
	if err := c.prune(ctx, s.AccountID); err != nil {
		c.d.Log.Warn().Err(err).Str("account", s.Account).Msg("remove old scan records")
	}
	return rev, nil
}

// prune keeps the newest scan records of an account in the table; all are in
// the store.
func (c *Control) prune(ctx context.Context, a schemas.AccountID) error {
	var all []schemas.Scan
	err := c.d.Scans.List(ctx, string(a)+".", func(_ string, s schemas.Scan, _ uint64) error {
		all = append(all, s)
		return nil
	})
	if err != nil {
		return err
	}
	slices.SortFunc(all, newestFirst)
	for i, s := range all {
		if i < c.d.KeepScans || !s.State.Ended() {
			continue
		}
		if err := c.d.Scans.Delete(ctx, scanKey(a, s.ID)); err != nil {
			return err
		}
	}
	return nil
}
