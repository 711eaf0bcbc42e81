package scanner_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/insights-scanner/insights-scanner/scanner"
	"github.com/insights-scanner/insights-scanner/scanner/bus"
	"github.com/insights-scanner/insights-scanner/scanner/bus/bustest"
	"github.com/insights-scanner/insights-scanner/schemas"
)

const account schemas.AccountID = "aws-123456789012"

var (
	unitEC2 = schemas.UnitKey{Region: "us-east-1", Service: "ec2"}
	unitIAM = schemas.UnitKey{Region: "global", Service: "iam"}
)

func scopeOf(u schemas.UnitKey) schemas.Scope {
	return schemas.Scope{Region: u.Region, Type: "aws:" + u.Service + "/thing:Thing", Route: schemas.RouteNative}
}

// world is a running system around control: a real bus, small workers, and a
// store in memory.
type world struct {
	t       *testing.T
	server  *server.Server
	bus     *bus.Bus
	store   *memory
	control *scanner.Control
	deps    scanner.Deps

	mu    sync.Mutex
	units []schemas.UnitKey                       // the plan
	plans map[schemas.AccountID][]schemas.UnitKey // of accounts with another one
	// read is what a discovery worker does with a unit; state and error.
	read func(u schemas.Unit) (schemas.ScopeState, error)
	// passing tells whether a reading met with trouble that may pass; may be nil.
	passing func(u schemas.Unit) bool
	judge   func(b *schemas.SnapshotBatch) error
	// rests tells whether the verdict of a resource is not settled; nil for none.
	rests func(schemas.Key) bool
	// locate is what a discovery worker says of where a resource is.
	locate func(resource string) (schemas.UnitKey, []schemas.Key, error)
	reads  map[schemas.UnitKey]int
}

func newWorld(t *testing.T) *world {
	t.Helper()
	s := bustest.Server(t)
	w := &world{
		t: t, server: s, bus: bustest.Connect(t, s), store: newMemory(), units: []schemas.UnitKey{unitEC2, unitIAM},
		reads: map[schemas.UnitKey]int{},
		read:  func(schemas.Unit) (schemas.ScopeState, error) { return schemas.ScopeComplete, nil },
		judge: func(*schemas.SnapshotBatch) error { return nil },
	}
	w.deps = w.depsOf(w.bus, "control-1")
	w.control = scanner.NewControl(w.deps)
	if _, err := w.deps.Accounts.Create(w.ctx(), string(account), schemas.Account{ID: account, Name: "prod", Provider: "aws"}); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) depsOf(b *bus.Bus, owner string) scanner.Deps {
	return scanner.Deps{
		Accounts:  bus.NewTable[schemas.Account](b, schemas.BucketAccounts),
		Scans:     bus.NewTable[schemas.Scan](b, schemas.BucketScans),
		Active:    bus.NewTable[schemas.ActiveScan](b, schemas.BucketScans),
		Effective: bus.NewTable[schemas.Effective](b, schemas.BucketEffective),
		Bus:       b, Store: w.store, Planner: w, Sequencer: b, Resolver: w, Log: zerolog.Nop(),
		Owner: owner, Now: time.Now, Poll: 10 * time.Millisecond,
	}
}

func (w *world) ctx() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	w.t.Cleanup(cancel)
	return ctx
}

func (w *world) Plan(_ context.Context, a schemas.Account) (schemas.AccountID, []schemas.UnitKey, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if units, ok := w.plans[a.ID]; ok {
		return a.ID, units, nil
	}
	return a.ID, w.units, nil
}

// Locate knows the resources that units are read as having.
func (w *world) Locate(_ context.Context, _ schemas.Account, resource string) (schemas.UnitKey, []schemas.Key, error) {
	return w.locate(resource)
}

// Resolve writes an empty set once, as control does for an account without packs.
func (w *world) Resolve(ctx context.Context, a schemas.AccountID) error {
	_, err := w.deps.Effective.Create(ctx, string(a), schemas.Effective{AccountID: a, Account: "prod"})
	if err != nil && schemas.CodeOf(err) == schemas.CodeConflict {
		return nil
	}
	return err
}

// run runs f until the test ends, or until the returned function is called.
func (w *world) run(f func(context.Context) error) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- f(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			w.t.Errorf("ended with %v", err)
		}
	})
	w.t.Cleanup(stop)
	return stop
}

func (w *world) discovery() func() {
	return w.run(func(ctx context.Context) error { return w.bus.Units(ctx, 2, w.handleUnit) })
}

func (w *world) evaluator() func() {
	return w.run(func(ctx context.Context) error { return w.bus.Snapshots(ctx, 2, w.handleSnapshot) })
}

func (w *world) sink() func() {
	return w.run(func(ctx context.Context) error { return w.bus.Partitions(ctx, "sink", w.store.write) })
}

func (w *world) workers() {
	w.discovery()
	w.evaluator()
	w.sink()
}

// handleUnit reads one resource and ends the unit.
func (w *world) handleUnit(ctx context.Context, u schemas.Unit) error {
	w.mu.Lock()
	w.reads[u.Unit]++
	read, passing := w.read, w.passing
	w.mu.Unlock()
	state, err := read(u)
	if err != nil {
		return err
	}
	seq, err := w.bus.NextSeq(ctx, u.Account.ID)
	if err != nil {
		return err
	}
	end := &schemas.UnitEnd{
		Scan: u.Scan, AccountID: u.Account.ID, Account: u.Account.Name, Unit: u.Unit, Seq: seq, Batches: 1, Calls: 3, StartedAt: time.Now(),
		Scopes: []schemas.ScopeEnd{{Scope: scopeOf(u.Unit), State: state, Seen: 1}},
	}
	end.Passing = passing != nil && passing(u)
	b := &schemas.SnapshotBatch{
		Scan: u.Scan, AccountID: u.Account.ID, Account: u.Account.Name, Unit: u.Unit, Seq: seq, Number: 1, Route: schemas.RouteNative,
		Resources: []schemas.Resource{{Key: schemas.Key{Region: u.Unit.Region, Type: scopeOf(u.Unit).Type, ID: "one"}, Version: seq}},
	}
	if err := w.bus.PublishBatch(ctx, b); err != nil {
		return err
	}
	return w.bus.PublishEnd(ctx, end)
}

func (w *world) handleSnapshot(ctx context.Context, b *schemas.SnapshotBatch) error {
	w.mu.Lock()
	judge := w.judge
	w.mu.Unlock()
	if err := judge(b); err != nil {
		return err
	}
	_, rev, err := w.deps.Effective.Get(ctx, string(b.AccountID))
	if err != nil {
		return err
	}
	v := &schemas.VerdictBatch{
		Scan: b.Scan, AccountID: b.AccountID, Account: b.Account, Unit: b.Unit, Seq: b.Seq, Number: b.Number, Rejudge: b.Rejudge, Revision: rev,
	}
	for _, r := range b.Resources {
		v.Verdicts = append(v.Verdicts, schemas.Verdict{Key: r.Key, Version: r.Version, Unsettled: w.rests != nil && w.rests(r.Key)})
	}
	return w.bus.PublishVerdicts(ctx, v)
}

func (w *world) start() schemas.Scan {
	w.t.Helper()
	s, err := w.control.Start(w.ctx(), "prod", scanner.StartOptions{By: "test"})
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

// ended waits until a scan has ended and its account is free.
func (w *world) ended(id string) schemas.Scan {
	w.t.Helper()
	w.eventually("scan "+id+" ends", func() bool {
		act, _, err := w.deps.Active.Get(w.ctx(), string(account))
		return err == nil && (act.Scan == nil || act.Scan.ID != id)
	})
	s, err := w.control.Get(w.ctx(), id)
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

func (w *world) eventually(what string, cond func() bool) {
	w.t.Helper()
	ctx := w.ctx()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !cond() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			w.t.Fatalf("never: %s", what)
		}
	}
}

func (w *world) readsOf(u schemas.UnitKey) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.reads[u]
}

func (w *world) want(s schemas.Scan, state schemas.ScanState) {
	w.t.Helper()
	if s.State != state {
		w.t.Errorf("scan ended %s (%s), want %s", s.State, s.Reason, state)
	}
}

func wantCode(t *testing.T, err error, code schemas.Code) {
	t.Helper()
	if err == nil || schemas.CodeOf(err) != code {
		t.Fatalf("got error %v, want code %s", err, code)
	}
}

func closedAt(w *world, s schemas.Scope) string {
	w.store.mu.Lock()
	defer w.store.mu.Unlock()
	return fmt.Sprintf("%d %s", w.store.closed[s], w.store.causes[s])
}
