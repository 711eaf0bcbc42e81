package scanner

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// driver moves one scan to its end. What it remembers only saves repetition.
type driver struct {
	c       *Control
	id      string // of the scan
	log     zerolog.Logger
	scan    schemas.Scan
	account schemas.Account
	live    *liveUnits
	told    time.Time // when the log was told of progress

	asked     map[schemas.UnitKey]bool // for, by this driver or one before it
	failSent  map[schemas.UnitKey]bool
	closeSent map[schemas.Scope]uint64
	wholeAt   map[uint64]time.Time // when an attempt was first seen to be stored whole, by seq
	outSeq    uint64               // of closes of scopes that left the plan
	cancelled time.Time            // when the cancellation was seen
	mark      *mark                // that has not been passed yet
	late      mark                 // what has passed one since the last step
}

// drive runs until the scan has ended and its account is free again, or ctx
// ends. Errors of a step are logged and the step repeated.
func (c *Control) drive(ctx context.Context, claimed schemas.Scan) error {
	log := c.d.Log.With().Str("scan", claimed.ID).Str("account", claimed.Account).Logger()
	d := &driver{
		c: c, id: claimed.ID, log: log, scan: claimed, live: newLiveUnits(),
		asked: map[schemas.UnitKey]bool{}, failSent: map[schemas.UnitKey]bool{}, closeSent: map[schemas.Scope]uint64{},
		wholeAt: map[uint64]time.Time{},
	}
	start := c.d.Now()
	d.told = start
	ctx, stop := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer stop()
	wg.Go(func() { d.listen(ctx, claimed.AccountID) })
	for ctx.Err() == nil {
		over, err := d.step(ctx)
		if over {
			return nil
		}
		if err != nil && ctx.Err() == nil {
			log.Warn().Err(err).Msg("drive scan, will try again")
		}
		if !d.cancelled.IsZero() {
			start = c.d.Now() // somebody waits for the end: look often again
		}
		if err := c.waitSince(ctx, start); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// step does whatever is due and tells whether the scan is over.
func (d *driver) step(ctx context.Context) (over bool, err error) {
	if d.scan, err = d.c.ensureRecord(ctx, d.scan); err != nil {
		return false, err
	}
	switch {
	case d.scan.State.Ended():
		return true, d.c.release(ctx, d.scan)
	case d.scan.State == schemas.ScanCancelling:
		return d.cancel(ctx)
	}
	d.account, _, err = d.c.d.Accounts.Get(ctx, string(d.scan.AccountID))
	if err != nil {
		if schemas.CodeOf(err) == schemas.CodeNotFound {
			return d.end(ctx, schemas.ScanFailed, "the account was removed", tally{progress: d.scan.Progress})
		}
		return false, err
	}
	ends, t, ready, err := d.units(ctx)
	if err != nil || !ready {
		return false, d.report(ctx, t, err)
	}
	ready, lost, err := d.closes(ctx, ends, &t)
	if err != nil || !ready {
		return false, d.report(ctx, t, err)
	}
	if err := d.report(ctx, t, nil); err != nil {
		return false, err
	}
	left, err := d.c.rejudge(ctx, d.scan.AccountID, d.stop)
	if err != nil {
		return false, err
	}
	return d.conclude(ctx, t, lost, left)
}

// stop ends a wait when the scan was cancelled.
func (d *driver) stop(ctx context.Context) (bool, error) {
	s, _, err := d.c.d.Scans.Get(ctx, scanKey(d.scan.AccountID, d.scan.ID))
	return err == nil && s.State != schemas.ScanRunning, err
}

func (d *driver) conclude(ctx context.Context, t tally, lost int, left uint64) (bool, error) {
	if stopped, err := d.stop(ctx); err != nil || stopped {
		return false, err // the next step cancels
	}
	state, reason := t.endState(), t.reason()
	if lost > 0 {
		state, reason = atLeastPartial(state), fmt.Sprintf("%d scopes could not be closed", lost)
	}
	if left > 0 {
		state, reason = atLeastPartial(state), fmt.Sprintf("%d resources could not be judged", left)
	}
	_, more, err := d.c.want(ctx, d.scan.AccountID)
	if err != nil {
		return false, err
	}
	over, err := d.end(ctx, state, reason, t)
	if over && more && d.c.d.ReadOnDemand {
		d.c.pending.add(d.scan.AccountID, 0)
		d.c.nudge()
	}
	return over, err
}

func atLeastPartial(s schemas.ScanState) schemas.ScanState {
	if s == schemas.ScanSucceeded {
		return schemas.ScanPartial
	}
	return s
}

// units publishes, counts, re-reads and gives up units. ready means that every
// unit has an end and everything it announced is stored.
func (d *driver) units(ctx context.Context) (ends []*schemas.UnitEnd, t tally, ready bool, err error) {
	t.progress.UnitsTotal = len(d.scan.Units)
	views, err := d.look(ctx)
	if err != nil {
		return nil, t, false, err
	}
	if err := d.publish(ctx, views); err != nil {
		return nil, t, false, err
	}
	for _, u := range d.scan.Units {
		v := views[u]
		if !d.asked[u] {
			continue // its turn comes
		}
		dec := decide(v)
		switch dec.action {
		case actDone:
			ends = append(ends, v.status.End)
			t.add(v.status.End)
			if e := v.status.End.Direct; e != nil {
				t.addDirect(u, e, d.scan.Keys[u.String()])
			}
		case actReread:
			err = d.reread(ctx, u, dec)
		case actFail:
			err = d.fail(ctx, u, v, dec)
		}
		if err != nil {
			return ends, t, false, err
		}
		if dec.action != actDone {
			d.live.add(&t, u, d.c.d.Now())
		}
	}
	return ends, t, len(ends) == len(d.scan.Units), nil
}

// look gathers what is known, in the order that makes a loss provable.
func (d *driver) look(ctx context.Context) (map[schemas.UnitKey]unitView, error) {
	a := d.scan.AccountID
	queued, err := d.c.d.Bus.QueuedUnits(ctx, a)
	if err != nil {
		return nil, err
	}
	if err := d.passMark(ctx); err != nil {
		return nil, err
	}
	statuses, err := d.c.d.Store.UnitStatuses(ctx, a, d.scan.ID)
	if err != nil {
		return nil, err
	}
	views := make(map[schemas.UnitKey]unitView, len(d.scan.Units))
	for _, u := range d.scan.Units {
		views[u] = unitView{
			queued: queued[u], drained: d.late.units[u], reread: d.scan.Rereads[u.String()], dead: d.c.dead.unit(d.scan.ID, u),
		}
	}
	for _, st := range statuses {
		if v, ok := views[st.Unit]; ok {
			v.status = st
			if v.whole() && st.End.Passing {
				v.waited = d.since(st.End.Seq)
			}
			views[st.Unit] = v
		}
	}
	return views, d.setMark(ctx, views)
}

// since is how long ago an attempt was first seen to be stored whole. A restart of
// control begins anew.
func (d *driver) since(seq uint64) time.Duration {
	now := d.c.d.Now()
	at, ok := d.wholeAt[seq]
	if !ok {
		at, d.wholeAt[seq] = now, now
	}
	return now.Sub(at)
}

// maxAsked is how many units of one scan wait or are read at a time. Workers take
// units in the order in which they were asked for: those of other accounts come in
// between, however many this one has.
const maxAsked = 32

// publish asks for units that have no end and are not asked for already, as many
// as may be under way. After a crash a unit whose end is still on its way may be
// read twice.
func (d *driver) publish(ctx context.Context, views map[schemas.UnitKey]unitView) error {
	under := 0
	for _, u := range d.scan.Units {
		v := views[u]
		if v.current() || v.queued {
			d.asked[u] = true
		}
		if d.asked[u] && !v.current() {
			under++
		}
	}
	for _, u := range d.scan.Units {
		v := views[u]
		if d.asked[u] || under >= maxAsked {
			continue
		}
		if err := d.ask(ctx, u, v.reread.Count); err != nil {
			return err
		}
		under++
		v.queued = true
		views[u] = v
		d.asked[u] = true
	}
	return nil
}

func (d *driver) ask(ctx context.Context, u schemas.UnitKey, retry int) error {
	d.log.Debug().Stringer("unit", u).Int("retry", retry).Msg("ask for unit")
	d.mark.forget(u)
	account := d.account
	if d.scan.AWSConfig != "" {
		account.AWSConfig = d.scan.AWSConfig
	}
	return d.c.d.Bus.PublishUnit(ctx, schemas.Unit{Scan: d.scan.ID, Account: account, Unit: u, Keys: d.scan.Keys[u.String()], Facets: d.scan.Facets, Retry: retry})
}

// reread notes first that the old attempts are void, then asks: a crash in
// between is made good by publish.
func (d *driver) reread(ctx context.Context, u schemas.UnitKey, dec decision) error {
	d.log.Warn().Stringer("unit", u).Str("reason", dec.reason).Msg("read unit again")
	var count int
	s, err := d.c.update(ctx, d.scan, func(s *schemas.Scan) error {
		all := maps.Clone(s.Rereads)
		if all == nil {
			all = map[string]schemas.Reread{}
		}
		r := all[u.String()]
		r.Count, r.After = r.Count+1, dec.after
		if dec.passing {
			r.Passing++
		}
		count, all[u.String()] = r.Count, r
		s.Rereads = all
		return nil
	})
	if err != nil {
		return err
	}
	d.scan = s
	d.asked[u] = false // until the ask below is through
	if err := d.ask(ctx, u, count); err != nil {
		return err
	}
	d.asked[u] = true
	return nil
}

// fail ends a unit in its place: an attempt of its own, newer than all others,
// without batches and with every scope failed.
func (d *driver) fail(ctx context.Context, u schemas.UnitKey, v unitView, dec decision) error {
	if d.failSent[u] && !v.drained {
		return nil
	}
	seq, err := d.c.d.Sequencer.NextSeq(ctx, d.scan.AccountID)
	if err != nil {
		return err
	}
	d.log.Error().Stringer("unit", u).Str("reason", dec.reason).Msg("give unit up")
	end := &schemas.UnitEnd{
		Scan: d.scan.ID, AccountID: d.scan.AccountID, Account: d.scan.Account, Unit: u, Seq: seq, StartedAt: d.c.now(),
	}
	if len(d.scan.Keys[u.String()]) > 0 {
		end.Direct = &schemas.DirectEnd{Failure: dec.reason}
	} else {
		end.Scopes = failedScopes(u, v.status.End, dec.reason)
	}
	if err := d.c.d.Bus.PublishEnd(ctx, end); err != nil {
		return err
	}
	d.mark.forget(u)
	d.failSent[u] = true
	return nil
}

// logEvery is how often the log is told of a scan that takes long.
const logEvery = time.Minute

// report writes the progress when it changed; it passes err on.
func (d *driver) report(ctx context.Context, t tally, err error) error {
	if err != nil {
		return err
	}
	if now := d.c.d.Now(); now.Sub(d.told) >= logEvery {
		d.told = now
		d.log.Info().Int("units", t.progress.UnitsTotal).Int("ended", t.progress.UnitsEnded).
			Int("reading", len(t.reading)).Uint64("resources", t.progress.Resources).Uint64("calls", t.progress.Calls).
			Uint64("throttles", t.progress.Throttles).Int("gaps", t.progress.Gaps).Msg("scan goes on")
	}
	if t.progress == d.scan.Progress && slices.Equal(t.reading, d.scan.Reading) {
		return nil
	}
	d.scan, err = d.c.update(ctx, d.scan, func(s *schemas.Scan) error {
		s.Progress, s.Reading = t.progress, t.reading
		return nil
	})
	return err
}
