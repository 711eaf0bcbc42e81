package bus_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/insights-scanner/insights-scanner/scanner/bus"
	"github.com/insights-scanner/insights-scanner/scanner/bus/bustest"
	"github.com/insights-scanner/insights-scanner/schemas"
)

func TestLeaseHasOneHolderAndIsGivenBack(t *testing.T) {
	t.Parallel()
	ctx := testContext(t)
	s := bustest.Server(t)
	patient := func(o *bus.Options) { o.LeaseTTL = time.Minute }
	a, b := bustest.Connect(t, s, patient), bustest.Connect(t, s, patient)
	err := a.Lease(ctx, "k", "a", func(ctx context.Context) error {
		err := b.Lease(ctx, "k", "b", func(context.Context) error {
			t.Error("two holders")
			return nil
		})
		wantCode(t, err, schemas.CodeConflict)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	stop := errors.New("mine")
	if err := b.Lease(ctx, "k", "b", func(context.Context) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("got %v, want fn's own error after taking the free lease", err)
	}
}

// A process that stands still for most of the TTL loses its lease, rightly: on a busy
// machine it may take several tries.
func TestLeaseOutlivesItsTTLWhileHeld(t *testing.T) {
	t.Parallel()
	ctx := testContext(t)
	s := bustest.Server(t)
	brief := func(o *bus.Options) { o.LeaseTTL = time.Second }
	a, b := bustest.Connect(t, s, brief), bustest.Connect(t, s, brief)
	for try := range stalls {
		key := fmt.Sprint("k", try)
		err := a.Lease(ctx, key, "a", func(held context.Context) error {
			select {
			case <-time.After(3 * time.Second): // three lives of a lease that nobody renews
			case <-held.Done():
				return nil
			}
			err := b.Lease(ctx, key, "b", func(context.Context) error {
				if held.Err() == nil {
					t.Error("two holders")
				}
				return nil
			})
			if err != nil {
				wantCode(t, err, schemas.CodeConflict)
			}
			return nil
		})
		if err == nil {
			return
		}
		wantCode(t, err, schemas.CodeFenced)
	}
	t.Errorf("the lease was lost %d times", stalls)
}

// stalls is how often a test tries what takes a process that is never kept waiting.
const stalls = 5

// raw talks to the lease bucket without the lease's rules, as a holder would
// that died or a server that was restored.
func raw(t *testing.T, s nats.InProcessConnProvider) jetstream.KeyValue {
	t.Helper()
	nc, err := nats.Connect("", nats.InProcessServer(s))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	kv, err := js.KeyValue(testContext(t), schemas.BucketLeases)
	if err != nil {
		t.Fatal(err)
	}
	return kv
}

func TestLeaseOfADeadHolderRunsOut(t *testing.T) {
	t.Parallel()
	ctx := testContext(t)
	s := bustest.Server(t)
	b := bustest.Connect(t, s)
	if _, err := raw(t, s).Create(ctx, "k", []byte("died")); err != nil {
		t.Fatal(err)
	}
	err := b.Lease(ctx, "k", "b", func(context.Context) error { return nil })
	wantCode(t, err, schemas.CodeConflict)
	eventually(t, ctx, "the lease is free", func() bool {
		return b.Lease(ctx, "k", "b", func(context.Context) error { return nil }) == nil
	})
}

func TestLostLeaseStopsItsHolder(t *testing.T) {
	t.Parallel()
	ctx := testContext(t)
	s := bustest.Server(t)
	b := bustest.Connect(t, s)
	kv := raw(t, s)
	err := b.Lease(ctx, "k", "b", func(held context.Context) error {
		if _, err := kv.Put(ctx, "k", []byte("usurper")); err != nil {
			t.Error(err)
		}
		select {
		case <-held.Done():
		case <-ctx.Done():
			t.Error("the holder was not stopped")
		}
		return nil
	})
	wantCode(t, err, schemas.CodeFenced)
	if e, err := kv.Get(ctx, "k"); err != nil || string(e.Value()) != "usurper" {
		t.Errorf("the loser removed the winner's lease: %v", err)
	}
}

// holders records who handles which partition at the same time.
type holders struct {
	mu     sync.Mutex
	active map[int]string
	seen   map[string]map[int]bool
	clash  string
}

func (h *holders) handler(owner string) func(context.Context, int, []schemas.Message) error {
	return func(_ context.Context, p int, _ []schemas.Message) error {
		h.mu.Lock()
		if other := h.active[p]; other != "" && other != owner {
			h.clash = other + " and " + owner
		}
		h.active[p] = owner
		if h.seen[owner] == nil {
			h.seen[owner] = map[int]bool{}
		}
		h.seen[owner][p] = true
		h.mu.Unlock()
		defer func() {
			h.mu.Lock()
			defer h.mu.Unlock()
			h.active[p] = ""
		}()
		return nil
	}
}

func (h *holders) count(owner string) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.seen[owner])
}

// perPartition is one account in every partition.
func perPartition() []schemas.AccountID {
	out := make([]schemas.AccountID, schemas.Partitions)
	left := schemas.Partitions
	for i := 0; left > 0; i++ {
		a := schemas.NewAccountID("aws", time.Unix(int64(i), 0).UTC().Format("020601150405"))
		if p := schemas.Partition(a); out[p] == "" {
			out[p] = a
			left--
		}
	}
	return out
}

func TestPartitionsAreSharedExclusiveAndTakenOver(t *testing.T) {
	t.Parallel()
	ctx := testContext(t)
	s := bustest.Server(t)
	// A message that comes while a pull is being cancelled waits for AckWait.
	brief := func(o *bus.Options) { o.AckWait, o.LeaseTTL = 2*time.Second, time.Second }
	pub := bustest.Connect(t, s, brief)
	h := &holders{active: map[int]string{}, seen: map[string]map[int]bool{}}
	run := func(owner string) context.CancelFunc {
		b := bustest.Connect(t, s, brief)
		return consume(t, func(ctx context.Context) error { return b.Partitions(ctx, owner, h.handler(owner)) })
	}
	accounts := perPartition()
	seq := uint64(0)
	publish := func() {
		seq++
		for _, a := range accounts {
			if err := pub.PublishClose(ctx, &schemas.Close{AccountID: a, Seq: seq}); err != nil {
				t.Fatal(err)
			}
		}
	}
	stopA := run("a")
	eventually(t, ctx, "a holds all", func() bool { publish(); return h.count("a") == schemas.Partitions })
	run("b")
	eventually(t, ctx, "b gets its half", func() bool { publish(); return h.count("b") >= schemas.Partitions/2 })
	stopA()
	eventually(t, ctx, "b takes over", func() bool { publish(); return h.count("b") == schemas.Partitions })
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.clash != "" {
		t.Errorf("one partition was handled by %s at the same time", h.clash)
	}
}

type fakeStore struct{ err error }

func (s fakeStore) Known(_ context.Context, r schemas.KnownRequest) (schemas.KnownReply, error) {
	return schemas.KnownReply{Known: []schemas.Sighting{{Key: r.Keys[0], Hash: "h"}}}, s.err
}

func (s fakeStore) Keys(_ context.Context, r schemas.KeysRequest) (schemas.KeysReply, error) {
	return schemas.KeysReply{Keys: []schemas.Key{{ID: r.After}}}, s.err
}

func (s fakeStore) Counts(_ context.Context, r schemas.CountsRequest) (schemas.CountsReply, error) {
	return schemas.CountsReply{Counts: map[string]uint64{r.Types[0]: r.Before}}, s.err
}

type fakePlanner struct{}

func (fakePlanner) Probe(_ context.Context, a schemas.Account, regions []string) ([]schemas.Permission, error) {
	if a.Name == "bad" {
		return nil, schemas.Errorf(schemas.CodeDenied, "no").WithHint("role")
	}
	return []schemas.Permission{{Action: "s3:ListAllMyBuckets", Region: regions[0], State: schemas.PermissionAllowed, Types: []string{"t"}}}, nil
}

func (fakePlanner) Plan(_ context.Context, a schemas.Account) (schemas.AccountID, []schemas.UnitKey, error) {
	if a.Name == "bad" {
		return "", nil, schemas.Errorf(schemas.CodeDenied, "no credentials").WithHint("log in")
	}
	return a.ID, []schemas.UnitKey{{Region: "global", Service: "iam"}}, nil
}

func (fakePlanner) Organization(_ context.Context, a schemas.Account) ([]schemas.OrganizationAccount, error) {
	switch a.Name {
	case "bad":
		return nil, schemas.Errorf(schemas.CodeDenied, "no organization").WithHint("role")
	case "huge":
		return []schemas.OrganizationAccount{{Name: "first"}, {Name: strings.Repeat("x", 3<<20)}}, nil
	case "many": // more than a message carries, all together
		list := make([]schemas.OrganizationAccount, 10_000)
		for i := range list {
			list[i] = schemas.OrganizationAccount{Name: strconv.Itoa(i), Tags: map[string]string{"owner": strings.Repeat("x", 300)}}
		}
		return list, nil
	}
	return []schemas.OrganizationAccount{{ID: a.ID, Name: "own"}}, nil
}

func (fakePlanner) OrganizationalUnits(_ context.Context, a schemas.Account) ([]schemas.OrganizationUnit, error) {
	if a.Name == "bad" {
		return nil, schemas.Errorf(schemas.CodeDenied, "no organization").WithHint("role")
	}
	return []schemas.OrganizationUnit{{ID: "ou-1", Path: "Workloads/Prod"}}, nil
}

func (fakePlanner) Locate(_ context.Context, a schemas.Account, resource string) (schemas.UnitKey, []schemas.Key, error) {
	if a.Name == "bad" {
		return schemas.UnitKey{}, nil, schemas.Errorf(schemas.CodeInvalid, "%q is no ARN", resource)
	}
	return schemas.UnitKey{Region: "global", Service: "iam"}, []schemas.Key{{ID: resource}}, nil
}

func TestRequests(t *testing.T) {
	t.Parallel()
	ctx := testContext(t)
	s := bustest.Server(t)
	server, client := bustest.Connect(t, s), bustest.Connect(t, s)
	consume(t, func(ctx context.Context) error { return server.ServeStore(ctx, fakeStore{}) })
	consume(t, func(ctx context.Context) error { return server.ServePlan(ctx, fakePlanner{}) })
	known, err := client.StoreClient().Known(ctx, schemas.KnownRequest{Keys: []schemas.Key{{ID: "x"}}})
	if err != nil || known.Known[0].ID != "x" || known.Known[0].Hash != "h" {
		t.Errorf("got %+v, %v", known, err)
	}
	keys, err := client.StoreClient().Keys(ctx, schemas.KeysRequest{After: "y"})
	if err != nil || keys.Keys[0].ID != "y" {
		t.Errorf("got %+v, %v", keys, err)
	}
	counts, err := client.StoreClient().Counts(ctx, schemas.CountsRequest{Types: []string{"t"}, Before: 7})
	if err != nil || counts.Counts["t"] != 7 {
		t.Errorf("got %+v, %v", counts, err)
	}
	id, units, err := client.Plan(ctx, schemas.Account{ID: account})
	if err != nil || id != account || len(units) != 1 {
		t.Errorf("got %s %v, %v", id, units, err)
	}
	if list, err := client.Organization(ctx, schemas.Account{ID: account}); err != nil || len(list) != 1 || list[0].ID != account {
		t.Errorf("organization: %v, %v", list, err)
	}
	_, err = client.Organization(ctx, schemas.Account{Name: "huge"}) // is told, not waited for
	wantCode(t, err, schemas.CodeInternal)
	_, err = client.Organization(ctx, schemas.Account{Name: "bad"})
	wantCode(t, err, schemas.CodeDenied)
	list, err := client.Organization(ctx, schemas.Account{Name: "many"})
	if err != nil || len(list) != 10_000 {
		t.Fatalf("%d accounts, %v", len(list), err)
	}
	for i, a := range list {
		if a.Name != strconv.Itoa(i) || len(a.Tags) != 1 {
			t.Fatalf("account %d is %+v", i, a)
		}
	}
	if list, err := client.OrganizationalUnits(ctx, schemas.Account{ID: account}); err != nil || len(list) != 1 || list[0].Path != "Workloads/Prod" {
		t.Errorf("units: %v, %v", list, err)
	}
	_, err = client.OrganizationalUnits(ctx, schemas.Account{Name: "bad"})
	wantCode(t, err, schemas.CodeDenied)
	unit, located, err := client.Locate(ctx, schemas.Account{ID: account}, "arn")
	if err != nil || unit.Service != "iam" || len(located) != 1 || located[0].ID != "arn" {
		t.Errorf("got %s %v, %v", unit, located, err)
	}
	_, _, err = client.Locate(ctx, schemas.Account{Name: "bad"}, "x")
	wantCode(t, err, schemas.CodeInvalid)
	_, _, err = client.Plan(ctx, schemas.Account{Name: "bad"})
	wantCode(t, err, schemas.CodeDenied)
	may, errProbe := client.Probe(ctx, schemas.Account{ID: account}, []string{"eu-west-1"})
	if errProbe != nil || len(may) != 1 || may[0].Region != "eu-west-1" || may[0].State != schemas.PermissionAllowed {
		t.Errorf("got %+v, %v", may, errProbe)
	}
	_, errProbe = client.Probe(ctx, schemas.Account{Name: "bad"}, nil)
	wantCode(t, errProbe, schemas.CodeDenied)
	var e *schemas.Error
	if !errors.As(err, &e) || e.Hint != "log in" || e.Message != "no credentials" {
		t.Errorf("got %+v", e)
	}
}

func TestNobodyAnswersIsUnavailable(t *testing.T) {
	t.Parallel()
	b := bustest.Start(t)
	_, err := b.Organization(testContext(t), schemas.Account{})
	wantCode(t, err, schemas.CodeUnavailable)
	_, _, err = b.Plan(testContext(t), schemas.Account{})
	wantCode(t, err, schemas.CodeUnavailable)
	var e *schemas.Error
	if !errors.As(err, &e) || e.Hint == "" {
		t.Errorf("%v has no hint", err)
	}
}

// For how long exactly is in TestLeaseIsTrustedForThreeQuartersOfItsTTL.
func TestLeaseIsNotTrustedWithoutTheServer(t *testing.T) {
	t.Parallel()
	ctx := testContext(t)
	s := bustest.Server(t)
	b := bustest.Connect(t, s)
	err := b.Lease(ctx, "k", "b", func(held context.Context) error {
		s.Shutdown()
		select {
		case <-held.Done():
		case <-ctx.Done():
			t.Error("the holder was not stopped")
		}
		return nil
	})
	wantCode(t, err, schemas.CodeFenced)
}

func TestConnectNeedsJetStream(t *testing.T) {
	t.Parallel()
	s, err := server.NewServer(&server.Options{DontListen: true, NoSigs: true, NoLog: true})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	if !s.ReadyForConnections(20 * time.Second) {
		t.Fatal("server did not start")
	}
	_, err = bus.Connect(testContext(t), bus.Options{InProcess: s})
	wantCode(t, err, schemas.CodeUnavailable)
	var e *schemas.Error
	if !errors.As(err, &e) || !strings.Contains(e.Hint, "JetStream") {
		t.Errorf("got %v, want a hint about JetStream", err)
	}
}

func TestClearLeasesFreesThemAtOnce(t *testing.T) {
	t.Parallel()
	b := bustest.Start(t)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	taken, done := make(chan struct{}), make(chan error, 1)
	go func() {
		done <- b.Lease(ctx, "work", "died", func(ctx context.Context) error {
			close(taken)
			<-ctx.Done()
			return nil
		})
	}()
	<-taken
	if err := b.ClearLeases(ctx); err != nil {
		t.Fatal(err)
	}
	if err := b.Lease(ctx, "work", "next", func(context.Context) error { return nil }); err != nil {
		t.Errorf("after clearing: %v", err)
	}
	cancel()
	<-done
}
