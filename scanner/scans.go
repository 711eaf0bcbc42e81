package scanner

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// StartOptions says why a scan starts, who asked, and for what.
type StartOptions struct {
	Trigger schemas.Trigger   // default: manual
	By      string            // token name, "local" or "schedule"
	Limit   schemas.ScanLimit // default: everything

	asked  schemas.Demand    // of a scan that reads on demand
	config schemas.ConfigUse // of the limit
}

// Start begins a scan of an account, named or by id, and returns its record; Run drives it
// to its end. Errors: CodeNotFound (no such account), CodeConflict naming the
// scan that runs already, CodeInvalid or CodeNotFound when the limit names what the
// account does not have, what the planner says (CodeUnavailable without a discovery worker,
// CodeDenied without credentials).
func (c *Control) Start(ctx context.Context, nameOrID string, o StartOptions) (schemas.Scan, error) {
	if err := o.Limit.Validate(); err != nil {
		return schemas.Scan{}, err
	}
	a, err := c.account(ctx, nameOrID)
	if err != nil {
		return schemas.Scan{}, err
	}
	if a.Found.Left() {
		return schemas.Scan{}, schemas.Errorf(schemas.CodeConflict, "account %s is not scanned since %s: %s", a.Name, a.Found.LeftAt.Format(time.DateTime), a.Found.Why).
			WithHint("what was found in it stays until it is removed: insights account remove %s", a.Name)
	}
	// Asked before the plan, which takes seconds; claimed after it.
	act, _, err := c.idle(ctx, a.ID)
	if err != nil {
		return schemas.Scan{}, err
	}
	units, err := c.plan(ctx, a)
	if err != nil {
		return schemas.Scan{}, err
	}
	o.config = o.Limit.AWSConfig
	o.Limit = schemas.ScanLimit{Regions: distinct(o.Limit.Regions), Services: distinct(o.Limit.Services), Resources: distinct(o.Limit.Resources)}
	var keys map[string][]schemas.Key
	if len(o.Limit.Resources) > 0 {
		units, keys, err = c.located(ctx, a, units, o.Limit.Resources)
	} else {
		units, err = limited(a.Name, units, o.Limit)
		if !readsTail(a, act, o.Limit, c.now()) {
			if others := slices.DeleteFunc(slices.Clone(units), isTail); len(others) > 0 {
				units = others
			}
		}
	}
	if err != nil {
		return schemas.Scan{}, err
	}
	if err := c.d.Resolver.Resolve(ctx, a.ID); err != nil {
		return schemas.Scan{}, err
	}
	s, err := c.claim(ctx, a, units, keys, o)
	if err != nil {
		return schemas.Scan{}, err
	}
	// The claim carries the record, so an error or a crash here loses nothing:
	// the scan has started, and its driver creates the record.
	if _, err := c.ensureRecord(ctx, s); err != nil {
		c.d.Log.Warn().Err(err).Str("scan", s.ID).Str("account", s.Account).Msg("write scan record, left to the driver")
	}
	c.d.Log.Info().Str("scan", s.ID).Str("account", s.Account).Str("accountId", string(s.AccountID)).
		Str("trigger", string(s.Trigger)).Str("by", s.RequestedBy).Int("units", len(units)).Msg("scan started")
	c.nudge()
	return s, nil
}

func (c *Control) plan(ctx context.Context, a schemas.Account) ([]schemas.UnitKey, error) {
	id, units, err := c.d.Planner.Plan(ctx, a)
	if err != nil {
		return nil, err
	}
	if id != a.ID {
		return nil, schemas.Errorf(schemas.CodeConflict, "the credentials of account %s belong to %s, not to %s", a.Name, id, a.ID).
			WithHint("fix the account's role or profile; its results must not mix with another account's")
	}
	if len(units) == 0 {
		// An empty plan would read as "everything has left the plan".
		return nil, schemas.Errorf(schemas.CodeInvalid, "account %s has nothing to scan", a.Name).
			WithHint("check its regions and services")
	}
	slices.SortFunc(units, compareUnits)
	return slices.Compact(units), nil
}

// compareUnits has the long tail last: it takes longest and is needed least.
func compareUnits(x, y schemas.UnitKey) int {
	if isTail(x) != isTail(y) {
		if isTail(x) {
			return 1
		}
		return -1
	}
	return strings.Compare(x.String(), y.String())
}

func (c *Control) account(ctx context.Context, nameOrID string) (schemas.Account, error) {
	if schemas.AccountID(nameOrID).Valid() {
		a, _, err := c.d.Accounts.Get(ctx, nameOrID)
		if err == nil || schemas.CodeOf(err) != schemas.CodeNotFound {
			return a, err
		}
	}
	var found schemas.Account
	var names []string
	err := c.d.Accounts.List(ctx, "", func(_ string, a schemas.Account, _ uint64) error {
		names = append(names, a.Name)
		if a.Name == nameOrID {
			found = a
		}
		return nil
	})
	if err != nil {
		return found, err
	}
	if found.ID == "" {
		e := schemas.Errorf(schemas.CodeNotFound, "there is no account %q", nameOrID)
		if len(names) == 0 {
			return found, e.WithHint("add one: insights account add NAME")
		}
		slices.Sort(names)
		return found, e.WithHint("accounts: %s", strings.Join(names[:min(len(names), 20)], ", "))
	}
	return found, nil
}

// idle returns the claim of an account in which no scan runs, and its revision
// (0: no claim yet); CodeConflict while one runs.
func (c *Control) idle(ctx context.Context, a schemas.AccountID) (schemas.ActiveScan, uint64, error) {
	for {
		act, rev, err := c.d.Active.Get(ctx, string(a))
		if schemas.CodeOf(err) == schemas.CodeNotFound && err != nil {
			return schemas.ActiveScan{}, 0, nil
		}
		if err != nil || act.Scan == nil {
			return act, rev, err
		}
		s, _, err := c.d.Scans.Get(ctx, scanKey(a, act.Scan.ID))
		if err != nil || !s.State.Ended() {
			return act, rev, schemas.Errorf(schemas.CodeConflict, "scan %s of account %s is still running", act.Scan.ID, act.Scan.Account).
				WithHint("follow it: insights scan show %s; or stop it: insights scan cancel %s", act.Scan.ID, act.Scan.ID)
		}
		// Its driver has not let go yet, or died before it could.
		rev, err = c.finish(ctx, s, act, rev)
		if err == nil {
			act.Scan = nil
			return act, rev, nil
		}
		if schemas.CodeOf(err) != schemas.CodeConflict || ctx.Err() != nil {
			return act, rev, err
		}
		// Its driver let go meanwhile.
	}
}

// claim takes the account for a new scan by compare-and-set.
func (c *Control) claim(ctx context.Context, a schemas.Account, units []schemas.UnitKey, keys map[string][]schemas.Key, o StartOptions) (schemas.Scan, error) {
	for {
		act, rev, err := c.idle(ctx, a.ID)
		if err != nil {
			return schemas.Scan{}, err
		}
		if o.Trigger == "" {
			o.Trigger = schemas.TriggerManual
		}
		eff, err := c.Effective(ctx, a.ID)
		if err != nil {
			return schemas.Scan{}, err
		}
		act.Wanted, act.Asked = stillWanted(act.Wanted, eff), o.asked
		act.Count++
		if o.Limit.Whole() && slices.ContainsFunc(units, isTail) {
			act.TailAt = c.now()
		}
		s := schemas.Scan{
			ID: schemas.ScanID(a.ID, act.Count), AccountID: a.ID, Account: a.Name, Trigger: o.Trigger, RequestedBy: o.By,
			State: schemas.ScanRunning, Limit: o.Limit, AWSConfig: o.config, Units: units, Keys: keys, Facets: facets(act.Wanted), StartedAt: c.now(),
			Progress: schemas.Progress{UnitsTotal: len(units)},
		}
		act.Scan = &s
		if rev == 0 {
			_, err = c.d.Active.Create(ctx, string(a.ID), act)
		} else {
			_, err = c.d.Active.Update(ctx, string(a.ID), act, rev)
		}
		if err == nil {
			return s, nil
		}
		if schemas.CodeOf(err) != schemas.CodeConflict || ctx.Err() != nil {
			return schemas.Scan{}, err
		}
	}
}

// ensureRecord returns the record of a claimed scan, creating it if needed; with an
// error, the scan as it was given.
func (c *Control) ensureRecord(ctx context.Context, s schemas.Scan) (schemas.Scan, error) {
	_, err := c.d.Scans.Create(ctx, scanKey(s.AccountID, s.ID), s)
	if err == nil {
		return s, nil
	}
	if schemas.CodeOf(err) != schemas.CodeConflict {
		return s, err
	}
	held, _, err := c.d.Scans.Get(ctx, scanKey(s.AccountID, s.ID))
	if err != nil {
		return s, err // whoever tries again must still know which scan it is
	}
	return held, nil
}

func scanKey(a schemas.AccountID, scan string) string { return string(a) + "." + scan }

// isScanKey tells scan records from the other keys of their bucket (claims,
// ticks of the schedule).
func isScanKey(key string) bool {
	a, _, ok := strings.Cut(key, ".")
	return ok && schemas.AccountID(a).Valid()
}

// Get returns a scan by id; CodeNotFound when there is no record.
func (c *Control) Get(ctx context.Context, scanID string) (schemas.Scan, error) {
	number, _, _ := strings.Cut(scanID, "-")
	for _, p := range []string{"aws", "aws-cn", "aws-us-gov"} {
		a := schemas.NewAccountID(p, number)
		if !a.Valid() || strings.ContainsAny(scanID, ".*> ") {
			break
		}
		s, _, err := c.d.Scans.Get(ctx, scanKey(a, scanID))
		if err == nil || schemas.CodeOf(err) != schemas.CodeNotFound {
			return s, err
		}
	}
	return schemas.Scan{}, schemas.Errorf(schemas.CodeNotFound, "there is no scan %q", scanID).
		WithHint("list them: insights scan list")
}

// List returns the scans of an account (name or id; empty: of all), newest
// first, at most limit (0: all that are kept).
func (c *Control) List(ctx context.Context, account string, limit int) ([]schemas.Scan, error) {
	prefix := ""
	if account != "" {
		a, err := c.account(ctx, account)
		if err != nil {
			return nil, err
		}
		prefix = string(a.ID) + "."
	}
	var out []schemas.Scan
	err := c.d.Scans.List(ctx, prefix, func(key string, s schemas.Scan, _ uint64) error {
		if isScanKey(key) {
			out = append(out, s)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(out, newestFirst)
	if limit > 0 && len(out) > limit {
		out = out[:limit]
	}
	return out, nil
}

func newestFirst(x, y schemas.Scan) int {
	if c := y.StartedAt.Compare(x.StartedAt); c != 0 {
		return c
	}
	if c := strings.Compare(string(x.AccountID), string(y.AccountID)); c != 0 {
		return c
	}
	return int(scanNumber(y.ID)) - int(scanNumber(x.ID))
}

func scanNumber(id string) uint64 {
	n, _ := strconv.ParseUint(id[strings.LastIndexByte(id, '-')+1:], 10, 64)
	return n
}

// Cancel asks a running scan to stop; its driver and the workers follow.
// Cancelling twice is no error; CodeConflict when it has ended.
func (c *Control) Cancel(ctx context.Context, scanID string) error {
	s, err := c.Get(ctx, scanID)
	if err != nil {
		return err
	}
	_, err = c.update(ctx, s, func(s *schemas.Scan) error {
		if s.State.Ended() {
			return schemas.Errorf(schemas.CodeConflict, "scan %s has already ended: %s", s.ID, s.State)
		}
		s.State = schemas.ScanCancelling
		return nil
	})
	c.nudge()
	return err
}

// update changes the record of a scan by compare-and-set, with fn repeated on
// the newest record until it wins or fails.
func (c *Control) update(ctx context.Context, s schemas.Scan, fn func(*schemas.Scan) error) (schemas.Scan, error) {
	key := scanKey(s.AccountID, s.ID)
	for {
		now, rev, err := c.d.Scans.Get(ctx, key)
		if err != nil {
			return s, err
		}
		if err := fn(&now); err != nil {
			return s, err
		}
		_, err = c.d.Scans.Update(ctx, key, now, rev)
		if err == nil {
			return now, nil
		}
		if schemas.CodeOf(err) != schemas.CodeConflict || ctx.Err() != nil {
			return s, err
		}
	}
}

// Cancelled implements discovery.Scans for workers that run without a control.
type Cancelled struct{ scans Table[schemas.Scan] }

// NewCancelled reads the scans table.
func NewCancelled(scans Table[schemas.Scan]) Cancelled { return Cancelled{scans} }

// Cancelled tells whether a scan has been cancelled, has ended, or is not known
// any more. Other errors are those of the table.
func (c Cancelled) Cancelled(ctx context.Context, a schemas.AccountID, scan string) (bool, error) {
	s, _, err := c.scans.Get(ctx, scanKey(a, scan))
	if err != nil && schemas.CodeOf(err) == schemas.CodeNotFound {
		return true, nil
	}
	return err == nil && s.State != schemas.ScanRunning, err
}
