package scanner

import (
	"context"
	"time"

	"github.com/rs/zerolog"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// Table is the part of a key-value table that control uses; see bus.Table.
type Table[T any] interface {
	Get(ctx context.Context, key string) (v T, rev uint64, err error)
	Create(ctx context.Context, key string, v T) (rev uint64, err error)
	Update(ctx context.Context, key string, v T, rev uint64) (uint64, error)
	Delete(ctx context.Context, key string) error
	List(ctx context.Context, prefix string, fn func(key string, v T, rev uint64) error) error
	Watch(ctx context.Context, fn func(key string, v *T, rev uint64), synced func()) error
}

// Bus publishes and tells what is on its way; see bus.Bus.
type Bus interface {
	PublishUnit(ctx context.Context, u schemas.Unit) error
	PublishEnd(ctx context.Context, e *schemas.UnitEnd) error
	PublishRejudge(ctx context.Context, b *schemas.SnapshotBatch) error
	PublishClose(ctx context.Context, c *schemas.Close) error
	// QueuedUnits are those asked for and not finished.
	QueuedUnits(ctx context.Context, a schemas.AccountID) (map[schemas.UnitKey]bool, error)
	PurgeUnits(ctx context.Context, a schemas.AccountID) error
	// Watermark notes what was published up to now; passed tells whether all of it that is
	// of the account is judged and stored, whatever was published since.
	Watermark(ctx context.Context, a schemas.AccountID) (passed func(context.Context) (bool, error), err error)
	// Progress hears what workers say of units that they read.
	Progress(ctx context.Context, a schemas.AccountID, fn func(schemas.UnitProgress)) error
	DeadLetters(ctx context.Context, fn func(schemas.DeadLetter)) error
	// Lease runs fn under a lease; CodeConflict when another owner holds it.
	Lease(ctx context.Context, key, owner string, fn func(ctx context.Context) error) error
}

// Store answers what has been stored; see sink.Store.
type Store interface {
	UnitStatuses(ctx context.Context, a schemas.AccountID, scan string) ([]schemas.UnitStatus, error)
	ClosedSeqs(ctx context.Context, a schemas.AccountID) (map[schemas.Scope]uint64, error)
	OpenScopes(ctx context.Context, a schemas.AccountID) ([]schemas.Scope, error)
	Unjudged(ctx context.Context, a schemas.AccountID, revision uint64, skip, limit int, fn func([]schemas.Resource) error) error
	UnjudgedCount(ctx context.Context, a schemas.AccountID, revision uint64) (n, unsettled uint64, err error)
	RecomputePosture(ctx context.Context, a schemas.AccountID, at time.Time) error
	RefreshPosture(ctx context.Context, a schemas.AccountID, at time.Time) error
	Changes(ctx context.Context, a schemas.AccountID, scan string) (schemas.Changes, error)
	RecordScan(ctx context.Context, s schemas.Scan) error
	Resources(ctx context.Context, q schemas.ResourceQuery) (schemas.ResourcePage, error)
	Unread(ctx context.Context, a schemas.AccountID, fn func(schemas.Unread) error) error
}

// Planner says who an account's credentials are, which units it has, and where
// in it a resource is; see discovery.Provider.
type Planner interface {
	Plan(ctx context.Context, a schemas.Account) (schemas.AccountID, []schemas.UnitKey, error)
	Locate(ctx context.Context, a schemas.Account, resource string) (schemas.UnitKey, []schemas.Key, error)
}

// Sequencer mints seqs.
type Sequencer interface {
	NextSeq(ctx context.Context, a schemas.AccountID) (uint64, error)
}

// Resolver writes the effective packs of an account into the effective table.
type Resolver interface {
	Resolve(ctx context.Context, a schemas.AccountID) error
}

// Deps is what control needs.
type Deps struct {
	Accounts  Table[schemas.Account]
	Scans     Table[schemas.Scan]       // schemas.BucketScans
	Active    Table[schemas.ActiveScan] // schemas.BucketScans too: other keys, another type
	Effective Table[schemas.Effective]
	Bus       Bus
	Store     Store
	Planner   Planner
	Sequencer Sequencer
	Resolver  Resolver
	Log       zerolog.Logger
	// Owner names this process in leases; it must differ between processes.
	Owner string
	Now   func() time.Time
	// Poll is how often progress is looked at. Default 1 s.
	Poll time.Duration
	// OnDemand says in which unit a resource is when the call is one that scans make
	// for it only if asked; nil: there are none.
	OnDemand func(k schemas.Key, call string) (schemas.UnitKey, bool)
	// ReadOnDemand has Run start scans that read what packs wait for. Without, the next
	// scan reads it.
	ReadOnDemand bool
	// Ended is told of every scan that this process ends; may be nil.
	Ended func(schemas.Scan)
	// KeepScans is how many scan records of an account stay in the table; older
	// ones are in the store only. Default 50.
	KeepScans int
}

// Control starts, drives and ends scans.
type Control struct {
	d    Deps
	dead *deadLetters
	// active are the accounts in which a scan runs.
	active *activeScans
	// pending are accounts to re-judge outside a scan.
	pending *pendingAccounts
	// wake makes Run look again before the poll is due.
	wake chan struct{}
	// round is how many resources are judged anew at a time.
	round int
}

// NewControl returns a control. Nothing runs before Run.
func NewControl(d Deps) *Control {
	if d.Poll <= 0 {
		d.Poll = time.Second
	}
	if d.KeepScans <= 0 {
		d.KeepScans = 50
	}
	return &Control{
		d: d, dead: newDeadLetters(), pending: newPending(), wake: make(chan struct{}, 1), round: rejudgeRound,
		active: &activeScans{scans: map[schemas.AccountID]schemas.Scan{}},
	}
}

func (c *Control) nudge() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// now is the time in UTC, to the millisecond that the store keeps.
func (c *Control) now() time.Time { return c.d.Now().UTC().Truncate(time.Millisecond) }

// maxPoll is the longest pause between two looks at something that takes long.
const maxPoll = time.Second

// wait blocks for one poll or until ctx ends, whose error it then returns.
func (c *Control) wait(ctx context.Context) error { return pause(ctx, c.d.Poll) }

// looksPerSecond bounds how often all scans together are looked at: a look is some
// queries, and a fleet's would keep the store from storing.
const looksPerSecond = 10

// waitSince is wait for something that began at start: the longer it has taken and
// the more scans run, the longer the pause, since every look costs the store some
// queries.
func (c *Control) waitSince(ctx context.Context, start time.Time) error {
	return pause(ctx, lookAgain(c.d.Poll, c.d.Now().Sub(start), c.active.count()))
}

func lookAgain(poll, taken time.Duration, scans int) time.Duration {
	return max(poll, min(taken/20, maxPoll), time.Duration(scans-1)*time.Second/looksPerSecond)
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
