package scanner

import (
	"context"
	"maps"
	"math"
	"sync"
	"time"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// rejudgeParallel bounds the accounts that are re-judged at once.
const rejudgeParallel = 4

// Run drives the scans of all accounts and re-judges accounts whose effective
// packs changed, until ctx ends; it then waits for what it started and returns
// nil. Any number of processes may run it.
func (c *Control) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() { c.watchDead(ctx) })
	wg.Go(func() { c.watchActive(ctx) })
	wg.Go(func() { c.watchEffective(ctx) })
	driving := newRunning(0)
	judging := newRunning(rejudgeParallel)
	for ctx.Err() == nil {
		c.startDrivers(ctx, &wg, driving)
		c.startRejudges(ctx, &wg, judging)
		c.waitForNudge(ctx)
	}
	return nil
}

// waitForNudge waits for a nudge, no longer than a poll.
func (c *Control) waitForNudge(ctx context.Context) {
	t := time.NewTimer(c.d.Poll)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-c.wake:
	case <-t.C:
	}
}

// watchActive keeps the set of claimed accounts; reading the bucket at every
// poll would read every record of every scan.
func (c *Control) watchActive(ctx context.Context) {
	for ctx.Err() == nil {
		err := c.d.Active.Watch(ctx, func(key string, act *schemas.ActiveScan, _ uint64) {
			if !schemas.AccountID(key).Valid() {
				return
			}
			if act == nil {
				act = &schemas.ActiveScan{}
			}
			c.active.set(schemas.AccountID(key), act.Scan)
			c.nudge()
		}, nil)
		if ctx.Err() == nil {
			c.d.Log.Warn().Err(err).Msg("watch active scans")
			_ = c.wait(ctx)
		}
	}
}

func (c *Control) startDrivers(ctx context.Context, wg *sync.WaitGroup, driving *running) {
	for a, s := range c.active.snapshot() {
		driving.start(wg, a, func() {
			c.leased(ctx, a, func(ctx context.Context) error { return c.drive(ctx, s) })
		})
	}
}

// activeScans are the claims of all accounts.
type activeScans struct {
	mu    sync.Mutex
	scans map[schemas.AccountID]schemas.Scan
}

func (s *activeScans) set(a schemas.AccountID, scan *schemas.Scan) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if scan == nil {
		delete(s.scans, a)
		return
	}
	s.scans[a] = *scan
}

func (s *activeScans) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.scans)
}

func (s *activeScans) snapshot() map[schemas.AccountID]schemas.Scan {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.scans)
}

// leased runs fn under the account's lease; another process holding it is the
// normal case, not an error.
func (c *Control) leased(ctx context.Context, a schemas.AccountID, fn func(context.Context) error) {
	var inner error
	err := c.d.Bus.Lease(ctx, "scan."+string(a), c.d.Owner, func(ctx context.Context) error {
		inner = fn(ctx)
		return nil
	})
	if err != nil && schemas.CodeOf(err) == schemas.CodeConflict {
		return
	}
	if err == nil {
		err = inner
	}
	if err != nil && ctx.Err() == nil {
		c.d.Log.Warn().Err(err).Str("accountId", string(a)).Msg("work on account, will try again")
	}
}

// running keeps an account from being worked on twice by this process.
type running struct {
	mu    sync.Mutex
	set   map[schemas.AccountID]bool
	limit int // 0: none
}

func newRunning(limit int) *running {
	return &running{set: map[schemas.AccountID]bool{}, limit: limit}
}

func (r *running) start(wg *sync.WaitGroup, a schemas.AccountID, fn func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.set[a] || r.limit > 0 && len(r.set) >= r.limit {
		return
	}
	r.set[a] = true
	wg.Go(func() {
		defer func() {
			r.mu.Lock()
			defer r.mu.Unlock()
			delete(r.set, a)
		}()
		fn()
	})
}

// pendingAccounts are those whose judgements may be out of date.
type pendingAccounts struct {
	mu  sync.Mutex
	set map[schemas.AccountID]pending
}

type pending struct {
	rev uint64 // that was seen last
	// coming counts what may be on its way that no scan waits for: what a cancelled one
	// has read, or what was replayed.
	coming uint64
	// passed tells whether all of what was counted up to marked is judged and stored.
	passed func(context.Context) (bool, error)
	marked uint64
}

func newPending() *pendingAccounts { return &pendingAccounts{set: map[schemas.AccountID]pending{}} }

func (p *pendingAccounts) add(a schemas.AccountID, rev uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.set[a]
	now.rev = max(now.rev, rev)
	p.set[a] = now
}

// addComing adds an account for which something may be on its way.
func (p *pendingAccounts) addComing(a schemas.AccountID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.set[a]
	now.coming++
	p.set[a] = now
}

// mark keeps how to tell whether what was counted up to marked has come.
func (p *pendingAccounts) mark(a schemas.AccountID, marked uint64, passed func(context.Context) (bool, error)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now, still := p.set[a]; still {
		now.marked, now.passed = marked, passed
		p.set[a] = now
	}
}

// settle removes an account unless something newer was seen meanwhile.
func (p *pendingAccounts) settle(a schemas.AccountID, done pending) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now := p.set[a]; now.rev <= done.rev && now.coming <= done.coming {
		delete(p.set, a)
	}
}

func (p *pendingAccounts) snapshot() map[schemas.AccountID]pending {
	p.mu.Lock()
	defer p.mu.Unlock()
	return maps.Clone(p.set)
}

// watchEffective notes every account once at the start, since a crash may have
// left it half judged, and then whenever its packs change.
func (c *Control) watchEffective(ctx context.Context) {
	for ctx.Err() == nil {
		err := c.d.Effective.Watch(ctx, func(key string, v *schemas.Effective, rev uint64) {
			if v == nil {
				c.pending.settle(schemas.AccountID(key), pending{rev: rev, coming: math.MaxUint64})
				return
			}
			c.pending.add(schemas.AccountID(key), rev)
			c.nudge()
		}, nil)
		if ctx.Err() == nil {
			c.d.Log.Warn().Err(err).Msg("watch effective packs")
			_ = c.wait(ctx)
		}
	}
}

func (c *Control) startRejudges(ctx context.Context, wg *sync.WaitGroup, judging *running) {
	for a, p := range c.pending.snapshot() {
		judging.start(wg, a, func() {
			if busy, err := c.busy(ctx, a); err != nil || busy {
				return // the scan re-judges at its end; afterwards this looks again
			}
			c.leased(ctx, a, func(ctx context.Context) error { return c.refresh(ctx, a, p) })
		})
	}
}

// busy tells whether a scan holds the account.
func (c *Control) busy(ctx context.Context, a schemas.AccountID) (bool, error) {
	scan, err := c.Running(ctx, a)
	return scan != "", err
}

func (c *Control) refresh(ctx context.Context, a schemas.AccountID, p pending) error {
	if p.coming > 0 {
		if arrived, err := c.arrived(ctx, a, p); err != nil || !arrived {
			return err
		}
	}
	busy, left, err := c.renew(ctx, a, c.d.Store.RecomputePosture)
	if err != nil && schemas.CodeOf(err) == schemas.CodeNotFound {
		if _, _, gone := c.d.Accounts.Get(ctx, string(a)); gone != nil && schemas.CodeOf(gone) == schemas.CodeNotFound {
			c.pending.settle(a, p) // the account was removed
			return nil
		}
	}
	if err != nil || busy {
		return err
	}
	if left > 0 {
		c.d.Log.Error().Str("accountId", string(a)).Uint64("resources", left).Msg("resources could not be judged; the next scan or change tries again")
	}
	if c.d.ReadOnDemand {
		if err := c.readOnDemand(ctx, a); err != nil {
			c.d.Log.Warn().Err(err).Str("accountId", string(a)).Msg("read what packs need; the next scan or change tries again")
		}
	}
	c.pending.settle(a, p)
	return nil
}

// Replayed has an account judged anew and counted once what is on its way is
// stored: a verdict of an attempt that was overtaken may be of other content than
// what is held. For processes in which Run runs.
func (c *Control) Replayed(a schemas.AccountID) {
	c.pending.addComing(a)
	c.nudge()
}

// arrived looks whether all that was counted as on its way for an account is judged
// and stored, however much of others comes meanwhile. Nobody waits here: that may
// take as long as others are busy, and few accounts are refreshed at a time.
func (c *Control) arrived(ctx context.Context, a schemas.AccountID, p pending) (bool, error) {
	if p.marked < p.coming {
		passed, err := c.d.Bus.Watermark(ctx, a)
		if err != nil {
			return false, err
		}
		c.pending.mark(a, p.coming, passed)
		p.passed = passed
	}
	return p.passed(ctx)
}

// renew re-judges an account outside a scan and has its posture counted. It gives
// way to a scan, which does both at its end.
func (c *Control) renew(ctx context.Context, a schemas.AccountID, count func(context.Context, schemas.AccountID, time.Time) error) (busy bool, left uint64, err error) {
	left, err = c.rejudge(ctx, a, func(ctx context.Context) (bool, error) { return c.busy(ctx, a) })
	if err != nil {
		return false, left, err
	}
	if busy, err := c.busy(ctx, a); err != nil || busy {
		return busy, left, err
	}
	if _, _, err := c.want(ctx, a); err != nil {
		return false, left, err
	}
	return false, left, count(ctx, a, c.now())
}

// Refresh judges what is held of an account by the packs that apply now, and
// waits for it; left counts what could not be judged. An account that a scan
// holds is left to it. For processes in which Run does not run; evaluators and
// sink must.
func (c *Control) Refresh(ctx context.Context, a schemas.AccountID) (left uint64, err error) {
	busy, err := c.busy(ctx, a)
	if err != nil || busy {
		return 0, err
	}
	err = c.d.Bus.Lease(ctx, "scan."+string(a), c.d.Owner, func(ctx context.Context) (err error) {
		_, left, err = c.renew(ctx, a, c.refreshPosture)
		return err
	})
	return left, err
}

// refreshPosture counts the posture of an account unless nothing has changed. What a
// process wrote in part that was killed is no change before its messages came again.
func (c *Control) refreshPosture(ctx context.Context, a schemas.AccountID, at time.Time) error {
	quiet, err := c.quiet(ctx, a)
	if err != nil {
		return err
	}
	if !quiet {
		return c.d.Store.RecomputePosture(ctx, a, at)
	}
	return c.d.Store.RefreshPosture(ctx, a, at)
}

// quietLooks are enough for a watermark that has nothing to wait for.
const quietLooks = 10

// quiet tells whether all that was published of an account is known to be judged and
// stored.
func (c *Control) quiet(ctx context.Context, a schemas.AccountID) (bool, error) {
	passed, err := c.d.Bus.Watermark(ctx, a)
	quiet := false
	for look := 0; look < quietLooks && !quiet && err == nil; look++ {
		quiet, err = passed(ctx)
	}
	return quiet, err
}

// Partial tells whether a scan of a part of an account runs.
func (c *Control) Partial(ctx context.Context, a schemas.AccountID) (bool, error) {
	act, _, err := c.d.Active.Get(ctx, string(a))
	if err != nil && schemas.CodeOf(err) == schemas.CodeNotFound {
		return false, nil
	}
	return err == nil && act.Scan != nil && !act.Scan.Limit.Whole(), err
}

// Running is the id of the scan that holds an account, "" without one.
func (c *Control) Running(ctx context.Context, a schemas.AccountID) (string, error) {
	act, _, err := c.d.Active.Get(ctx, string(a))
	if err != nil && schemas.CodeOf(err) == schemas.CodeNotFound {
		return "", nil
	}
	if err != nil || act.Scan == nil {
		return "", err
	}
	return act.Scan.ID, nil
}
