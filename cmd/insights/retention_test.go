package main

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/insights-scanner/insights-scanner/scanner/api"
	"github.com/insights-scanner/insights-scanner/scanner/bus"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// handClock is a clock that the test sets; a round of a loop is over when it asks
// to be woken.
type handClock struct {
	now  time.Time
	asks chan time.Duration
	wake chan time.Time
}

func (c *handClock) Now() time.Time { return c.now }

func (c *handClock) After(d time.Duration) <-chan time.Time {
	c.asks <- d
	return c.wake
}

// asked is how long the loop wants to sleep, once its round is over.
func (c *handClock) asked(t *testing.T) time.Duration {
	t.Helper()
	select {
	case d := <-c.asks:
		return d
	case <-time.After(time.Minute):
		t.Fatal("the round does not end")
		return 0
	}
}

// kept is an installation whose results are deleted by age.
type kept struct {
	*node
	clock *handClock
	log   *lockedBuffer
}

func newKept(t *testing.T, keep schemas.Retention) *kept {
	t.Helper()
	cfg := defaultConfig()
	cfg.DataDir, cfg.ClickHouse.Library, cfg.Retention = t.TempDir(), tool(t, "chdb", "libchdb.so"), keep
	k := &kept{clock: &handClock{now: time.Now(), asks: make(chan time.Duration), wake: make(chan time.Time)}, log: &lockedBuffer{}}
	k.node = &node{cfg: cfg, log: zerolog.New(k.log), owner: owner(), observer: newObserver()}
	t.Cleanup(k.close)
	if err := k.open(t.Context(), "test"); err != nil {
		t.Fatal(err)
	}
	return k
}

// register puts an account on the list of accounts, as if it had been added.
func (k *kept) register(t *testing.T, a schemas.AccountID) {
	t.Helper()
	if _, err := k.tables.accounts.Put(t.Context(), string(a), schemas.Account{ID: a, Name: "account-" + a.AWSAccount(), Provider: "aws"}); err != nil {
		t.Fatal(err)
	}
}

// find stores something of an account.
func (k *kept) find(t *testing.T, accounts ...schemas.AccountID) {
	t.Helper()
	for _, a := range accounts {
		if err := k.store.RecordScan(t.Context(), schemas.Scan{ID: schemas.ScanID(a, 1), AccountID: a, Account: "x", StartedAt: k.clock.now, EndedAt: k.clock.now}); err != nil {
			t.Fatal(err)
		}
	}
}

func (k *kept) remove(t *testing.T, a schemas.AccountID) {
	t.Helper()
	if err := k.service.RemoveAccount(t.Context(), string(a)); err != nil {
		t.Fatal(err)
	}
}

// found are the accounts of which something is stored.
func (k *kept) found(t *testing.T, of ...schemas.AccountID) (out []schemas.AccountID) {
	t.Helper()
	for _, a := range of {
		r, err := k.store.Report(t.Context(), schemas.ReportQuery{Accounts: []string{string(a)}}, schemas.Record{})
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Accounts) > 0 {
			out = append(out, a)
		}
	}
	return out
}

// What was found in a removed account goes when its days are over, not before,
// and nothing of an account that is registered.
func TestRetention(t *testing.T) {
	k := newKept(t, schemas.Retention{History: 30, Removed: 90})
	const (
		stays   = schemas.AccountID("aws-000000000001") // registered
		removed = schemas.AccountID("aws-000000000002")
		back    = schemas.AccountID("aws-000000000003") // removed and added again
		unknown = schemas.AccountID("aws-000000000004") // nobody wrote down when it was removed
		later   = schemas.AccountID("aws-000000000005") // removed in the end
	)
	all := []schemas.AccountID{stays, removed, back, unknown, later}
	for _, a := range []schemas.AccountID{stays, removed, back, later} {
		k.register(t, a)
	}
	k.find(t, all...)
	k.remove(t, removed)
	k.remove(t, back)
	k.register(t, back)
	begin := k.clock.now

	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- k.retention(k.clock).run(ctx) }()
	round := func(day int, want ...schemas.AccountID) {
		t.Helper()
		if d := k.clock.asked(t); d != retentionEvery {
			t.Errorf("day %d: it waits %s\n%s", day, d, k.log)
		}
		if got := k.found(t, all...); !slices.Equal(got, want) {
			t.Errorf("day %d: left are %v, want %v", day, got, want)
		}
	}
	next := func(day int) {
		k.clock.now = begin.AddDate(0, 0, day)
		k.clock.wake <- k.clock.now
	}
	round(0, all...)
	next(89)
	round(89, all...)
	k.find(t, later)
	k.remove(t, later)
	next(91)
	round(91, stays, back, later)
	k.find(t, removed) // it was still on its way
	next(178)
	round(178, stays, removed, back, later)
	next(180)
	round(180, stays, removed, back)
	next(400)
	round(400, stays, back)
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	log := k.log.String()
	if n := strings.Count(log, "retention changed"); n != 3 {
		t.Errorf("%d tables were changed, want 3 once\n%s", n, log)
	}
	if n := strings.Count(log, `"by":"retention","kind":"account"`); n != 4 {
		t.Errorf("%d purges are on record\n%s", n, log)
	}
}

// Nothing is deleted while it is not known who is registered, and not what belongs
// to an account that was added at the last moment.
func TestRetentionSparesWhoMayBeRegistered(t *testing.T) {
	k := newKept(t, schemas.Retention{Removed: 1})
	const a = schemas.AccountID("aws-000000000001")
	k.register(t, a)
	k.find(t, a)
	k.remove(t, a)
	k.clock.now = k.clock.now.AddDate(0, 0, 2)

	raw := bus.NewTable[json.RawMessage](k.bus, schemas.BucketAccounts)
	if _, err := raw.Put(t.Context(), "aws-000000000009", json.RawMessage(`"broken"`)); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- k.retention(k.clock).run(ctx) }()
	if d := k.clock.asked(t); d != retentionRetry || !strings.Contains(k.log.String(), "will try again in an hour") {
		t.Errorf("a list that cannot be read: it waits %s\n%s", d, k.log)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if err := raw.Delete(t.Context(), "aws-000000000009"); err != nil {
		t.Fatal(err)
	}

	r := k.retention(k.clock)
	r.service = unlisted{k.service}
	if err := r.round(t.Context()); schemas.CodeOf(err) != schemas.CodeUnavailable || len(k.found(t, a)) == 0 {
		t.Errorf("without a list it goes: %v", err)
	}
	r.service = addedMeanwhile{k.service, func() { k.register(t, a) }}
	if err := r.round(t.Context()); schemas.CodeOf(err) != schemas.CodeConflict {
		t.Errorf("added meanwhile: %v", err)
	}
	r = k.retention(k.clock)
	if err := r.round(t.Context()); err != nil {
		t.Error(err)
	}
	r.keep.Removed = schemas.Forever
	k.remove(t, a)
	k.clock.now = k.clock.now.AddDate(9, 0, 0)
	if err := r.round(t.Context()); err != nil {
		t.Error(err)
	}
	if len(k.found(t, a)) == 0 {
		t.Fatal("what was found is deleted")
	}
	r.keep.Removed = 1
	if err := r.round(t.Context()); err != nil || len(k.found(t, a)) > 0 {
		t.Errorf("it stays: %v", err)
	}
}

// unlisted does not get the list of accounts, and would delete.
type unlisted struct{ *api.Local }

func (unlisted) ListAccounts(context.Context) ([]schemas.Account, error) {
	return nil, schemas.Errorf(schemas.CodeUnavailable, "no answer")
}

// addedMeanwhile adds an account between two looks at the list of accounts.
type addedMeanwhile struct {
	*api.Local
	add func()
}

func (s addedMeanwhile) ListAccounts(ctx context.Context) ([]schemas.Account, error) {
	defer s.add()
	return s.Local.ListAccounts(ctx)
}
