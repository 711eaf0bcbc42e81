package bus_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/insights-scanner/insights-scanner/scanner/bus"
	"github.com/insights-scanner/insights-scanner/scanner/bus/bustest"
	"github.com/insights-scanner/insights-scanner/schemas"
)

const account schemas.AccountID = "aws-123456789012"

func unit(service string, retry int) schemas.Unit {
	return schemas.Unit{
		Scan: "123456789012-1", Account: schemas.Account{ID: account, Name: "prod"},
		Unit: schemas.UnitKey{Region: "us-east-1", Service: service}, Retry: retry,
	}
}

func batch(seq uint64, n int, payload int) *schemas.SnapshotBatch {
	b := &schemas.SnapshotBatch{
		Scan: "123456789012-1", AccountID: account, Account: "prod", Seq: seq, Number: n,
		Unit: schemas.UnitKey{Region: "us-east-1", Service: "ec2"}, Route: schemas.RouteNative,
	}
	if payload > 0 {
		b.Resources = []schemas.Resource{{Key: schemas.Key{ID: strings.Repeat("x", payload)}}}
	}
	return b
}

// consume runs f until the test ends and then waits for it.
func consume(t *testing.T, f func(context.Context) error) context.CancelFunc {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- f(ctx) }()
	stop := sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("consumer ended with %v", err)
			}
		case <-time.After(30 * time.Second):
			t.Error("consumer does not end")
		}
	})
	t.Cleanup(stop)
	return stop
}

func receive[T any](t *testing.T, ctx context.Context, ch <-chan T) T {
	t.Helper()
	select {
	case v := <-ch:
		return v
	case <-ctx.Done():
		t.Fatal("nothing arrived")
		panic("unreachable")
	}
}

// eventually polls a condition that another process' state decides.
func eventually(t *testing.T, ctx context.Context, what string, cond func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !cond() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("never: %s", what)
		}
	}
}

func queued(t *testing.T, ctx context.Context, b *bus.Bus) int {
	t.Helper()
	return len(must[map[schemas.UnitKey]bool](t)(b.QueuedUnits(ctx, account)))
}

func TestUnitIsAckedAfterItsHandlerAndDeliveredAgainOtherwise(t *testing.T) {
	t.Parallel()
	ctx := testContext(t)
	b := bustest.Start(t)
	for range 2 {
		if err := b.PublishUnit(ctx, unit("s3", 0)); err != nil {
			t.Fatal(err)
		}
	}
	got := make(chan schemas.Unit, 10)
	var calls atomic.Int32
	consume(t, func(ctx context.Context) error {
		return b.Units(ctx, 2, func(_ context.Context, u schemas.Unit) error {
			if calls.Add(1) < 3 {
				return errors.New("not yet")
			}
			got <- u
			return nil
		})
	})
	if u := receive(t, ctx, got); u.Unit.Service != "s3" || u.Account.Name != "prod" {
		t.Errorf("got %+v", u)
	}
	eventually(t, ctx, "the queue is empty", func() bool { return queued(t, ctx, b) == 0 })
	if n := calls.Load(); n != 3 {
		t.Errorf("handled %d times, want 3: the duplicate publish is dropped", n)
	}
}

// A process that stands still for longer than the server waits for a sign of life gets its
// message again, rightly: on a busy machine it may take several tries.
func TestSlowHandlerKeepsItsMessage(t *testing.T) {
	t.Parallel()
	ctx := testContext(t)
	b := bustest.Start(t, func(o *bus.Options) { o.AckWait = 300 * time.Millisecond })
	for try := range stalls {
		if err := b.PublishUnit(ctx, unit("s3", try)); err != nil {
			t.Fatal(err)
		}
		var calls atomic.Int32
		done := make(chan struct{}, 10)
		stop := consume(t, func(ctx context.Context) error {
			return b.Units(ctx, 2, func(ctx context.Context, _ schemas.Unit) error {
				calls.Add(1)
				select { // five times longer than the server waits for a sign of life
				case <-time.After(1500 * time.Millisecond):
				case <-ctx.Done():
				}
				done <- struct{}{}
				return nil
			})
		})
		receive(t, ctx, done)
		eventually(t, ctx, "acked", func() bool { return queued(t, ctx, b) == 0 })
		stop()
		if calls.Load() == 1 {
			return
		}
	}
	t.Errorf("each of %d messages was delivered more than once", stalls)
}

func TestShutdownGivesTheMessageBack(t *testing.T) {
	t.Parallel()
	ctx := testContext(t)
	b := bustest.Start(t, func(o *bus.Options) { o.AckWait = time.Minute })
	if err := b.PublishUnit(ctx, unit("s3", 0)); err != nil {
		t.Fatal(err)
	}
	begun := make(chan struct{}, 1)
	stop := consume(t, func(ctx context.Context) error {
		return b.Units(ctx, 1, func(ctx context.Context, _ schemas.Unit) error {
			begun <- struct{}{}
			<-ctx.Done()
			return ctx.Err()
		})
	})
	receive(t, ctx, begun)
	stop()
	got := make(chan schemas.Unit, 1)
	consume(t, func(ctx context.Context) error {
		return b.Units(ctx, 1, func(_ context.Context, u schemas.Unit) error { got <- u; return nil })
	})
	receive(t, ctx, got) // at once, not after the minute of AckWait
}

func deadLetters(t *testing.T, b *bus.Bus) <-chan schemas.DeadLetter {
	t.Helper()
	ch := make(chan schemas.DeadLetter, 100)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- b.DeadLetters(ctx, func(d schemas.DeadLetter) { ch <- d }) }()
	t.Cleanup(func() { cancel(); <-done })
	return ch
}

func TestPoisonIsGivenUpLoudly(t *testing.T) {
	t.Parallel()
	ctx := testContext(t)
	b := bustest.Start(t)
	dead := deadLetters(t, b)
	for _, s := range []string{"invalid", "broken", "panics", "good"} {
		if err := b.PublishUnit(ctx, unit(s, 0)); err != nil {
			t.Fatal(err)
		}
	}
	var mu sync.Mutex
	calls := map[string]int{}
	consume(t, func(ctx context.Context) error {
		return b.Units(ctx, 1, func(_ context.Context, u schemas.Unit) error {
			mu.Lock()
			calls[u.Unit.Service]++
			mu.Unlock()
			switch u.Unit.Service {
			case "invalid":
				return schemas.Errorf(schemas.CodeInvalid, "never\nwill work")
			case "broken":
				return errors.New("broken")
			case "panics":
				panic("boom")
			}
			return nil
		})
	})
	reasons := map[string]string{}
	for range 3 {
		d := receive(t, ctx, dead)
		if d.Kind != schemas.KindUnit || d.Scan != "123456789012-1" || d.AccountID != account || d.Stream != schemas.StreamUnits {
			t.Errorf("dead letter %+v", d)
		}
		reasons[d.Unit.Service] = d.Reason
	}
	if reasons["invalid"] != "never will work" || reasons["broken"] != "broken" || !strings.Contains(reasons["panics"], "boom") {
		t.Errorf("reasons %q", reasons)
	}
	eventually(t, ctx, "the queue is empty", func() bool { return queued(t, ctx, b) == 0 })
	mu.Lock()
	defer mu.Unlock()
	if calls["invalid"] != 1 || calls["broken"] != 10 || calls["good"] != 1 {
		t.Errorf("calls %v", calls)
	}
	if again := receive(t, ctx, deadLetters(t, b)); again.Stream == "" {
		t.Errorf("a later reader does not see the old ones")
	}
}

func TestFullStreamIsBackPressure(t *testing.T) {
	t.Parallel()
	ctx := testContext(t)
	b := bustest.Start(t, func(o *bus.Options) { o.WorkBytes = 1 << 20 })
	published := 0
	for ; ; published++ {
		short, cancel := context.WithTimeout(ctx, 3*time.Second)
		err := b.PublishBatch(short, batch(1, published+1, 200<<10))
		cancel()
		if err != nil {
			wantCode(t, err, schemas.CodeThrottled)
			break
		}
	}
	if published < 3 {
		t.Fatalf("only %d batches fit", published)
	}
	blocked := make(chan error, 1)
	go func() { blocked <- b.PublishBatch(ctx, batch(1, published+1, 200<<10)) }()
	var mu sync.Mutex
	seen := map[int]bool{}
	note := func(n int) {
		mu.Lock()
		defer mu.Unlock()
		seen[n] = true
	}
	consume(t, func(ctx context.Context) error {
		return b.Snapshots(ctx, 1, func(context.Context, *schemas.SnapshotBatch) error { return nil })
	})
	consume(t, func(ctx context.Context) error {
		return b.Partitions(ctx, "a", func(_ context.Context, _ int, ms []schemas.Message) error {
			for _, m := range ms {
				note(m.Snapshot.Number)
			}
			return nil
		})
	})
	if err := receive(t, ctx, blocked); err != nil {
		t.Fatalf("the blocked publish: %v", err)
	}
	eventually(t, ctx, "every batch arrives", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(seen) == published+1
	})
	eventually(t, ctx, "drained", func() bool { return bustest.Stored(t, b, account) })
}

func TestOversizeTravelsThroughTheObjectStore(t *testing.T) {
	t.Parallel()
	ctx := testContext(t)
	b := bustest.Start(t)
	if err := b.PublishBatch(ctx, batch(1, 1, 5<<20)); err != nil {
		t.Fatal(err)
	}
	if bustest.Stored(t, b, account) {
		t.Error("drained while a batch waits")
	}
	got := make(chan *schemas.SnapshotBatch, 1)
	consume(t, func(ctx context.Context) error {
		return b.Snapshots(ctx, 1, func(_ context.Context, s *schemas.SnapshotBatch) error { got <- s; return nil })
	})
	if s := receive(t, ctx, got); len(s.Resources[0].ID) != 5<<20 {
		t.Errorf("got %d bytes", len(s.Resources[0].ID))
	}
	sunk := make(chan int, 1)
	consume(t, func(ctx context.Context) error {
		return b.Partitions(ctx, "a", func(_ context.Context, _ int, ms []schemas.Message) error {
			sunk <- len(ms[0].Snapshot.Resources[0].ID)
			return nil
		})
	})
	if n := receive(t, ctx, sunk); n != 5<<20 {
		t.Errorf("the sink got %d bytes", n)
	}
}

func TestPartitionsIsolatePoison(t *testing.T) {
	t.Parallel()
	ctx := testContext(t)
	b := bustest.Start(t)
	dead := deadLetters(t, b)
	for n := 1; n <= 20; n++ {
		if err := b.PublishBatch(ctx, batch(7, n, 0)); err != nil {
			t.Fatal(err)
		}
		if err := b.PublishVerdicts(ctx, &schemas.VerdictBatch{AccountID: account, Seq: 7, Number: n}); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.PublishEnd(ctx, &schemas.UnitEnd{AccountID: account, Seq: 7, Batches: 20}); err != nil {
		t.Fatal(err)
	}
	if err := b.PublishClose(ctx, &schemas.Close{AccountID: account, Seq: 7}); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	stored := map[string]int{}
	consume(t, func(ctx context.Context) error {
		return b.Partitions(ctx, "a", func(_ context.Context, p int, ms []schemas.Message) error {
			if p != schemas.Partition(account) {
				t.Errorf("partition %d", p)
			}
			if slices.ContainsFunc(ms, func(m schemas.Message) bool { return m.Snapshot != nil && m.Snapshot.Number == 13 }) {
				return errors.New("unlucky")
			}
			mu.Lock()
			defer mu.Unlock()
			for _, m := range ms {
				switch {
				case m.Snapshot != nil:
					stored["snapshot"]++
				case m.Verdicts != nil:
					stored["verdicts"]++
				case m.End != nil:
					stored["end"]++
				case m.Close != nil:
					stored["close"]++
				}
			}
			return nil
		})
	})
	d := receive(t, ctx, dead)
	if d.Kind != schemas.KindBatch || d.Number != 13 || d.Seq != 7 || d.Unit.String() != "us-east-1/ec2" || d.Reason != "unlucky" {
		t.Errorf("dead letter %+v", d)
	}
	eventually(t, ctx, "the rest is stored", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return stored["snapshot"] == 19 && stored["verdicts"] == 20 && stored["end"] == 1 && stored["close"] == 1
	})
}

func TestReplayAfterAServerRestart(t *testing.T) {
	t.Parallel()
	ctx := testContext(t)
	dir := t.TempDir()
	s := bustest.ServerIn(t, dir)
	b := bustest.Connect(t, s)
	if err := b.PublishUnit(ctx, unit("s3", 0)); err != nil {
		t.Fatal(err)
	}
	if n := must[uint64](t)(b.NextSeq(ctx, account)); n != 1 {
		t.Fatalf("seq %d", n)
	}
	b.Close()
	s.Shutdown()
	s.WaitForShutdown()
	b = bustest.Connect(t, bustest.ServerIn(t, dir))
	if n := must[uint64](t)(b.NextSeq(ctx, account)); n != 2 {
		t.Errorf("seq %d after a restart, want 2", n)
	}
	got := make(chan schemas.Unit, 1)
	consume(t, func(ctx context.Context) error {
		return b.Units(ctx, 1, func(_ context.Context, u schemas.Unit) error { got <- u; return nil })
	})
	receive(t, ctx, got)
}

// As with a slow handler, a process that stands still gets messages again.
func TestSlowPartitionKeepsItsMessages(t *testing.T) {
	t.Parallel()
	ctx := testContext(t)
	b := bustest.Start(t, func(o *bus.Options) { o.AckWait, o.LeaseTTL = 300*time.Millisecond, time.Minute })
	var mu sync.Mutex
	seen := map[uint64]map[int]int{} // by seq and number
	consume(t, func(ctx context.Context) error {
		return b.Partitions(ctx, "a", func(ctx context.Context, _ int, ms []schemas.Message) error {
			select { // three times longer than the server waits for a sign of life
			case <-time.After(900 * time.Millisecond):
			case <-ctx.Done():
				return ctx.Err()
			}
			mu.Lock()
			defer mu.Unlock()
			for _, m := range ms {
				seen[m.Snapshot.Seq][m.Snapshot.Number]++
			}
			return nil
		})
	})
	const n = 150 // more than one fold and one pull
	again := map[int]int{}
	for try := range uint64(stalls) {
		mu.Lock()
		seen[try] = map[int]int{}
		mu.Unlock()
		for i := range n {
			if err := b.PublishBatch(ctx, batch(try, i+1, 0)); err != nil {
				t.Fatal(err)
			}
		}
		eventually(t, ctx, "every batch arrives", func() bool {
			mu.Lock()
			defer mu.Unlock()
			return len(seen[try]) == n
		})
		mu.Lock()
		again = maps.Clone(seen[try])
		mu.Unlock()
		maps.DeleteFunc(again, func(_, times int) bool { return times == 1 })
		if len(again) == 0 {
			return
		}
	}
	t.Errorf("delivered more than once: %v", again)
}

func TestEveryProcessMayPublishTheSameTwice(t *testing.T) {
	t.Parallel()
	ctx := testContext(t)
	b := bustest.Start(t)
	for range 3 {
		if err := b.PublishBatch(ctx, batch(7, 1, 0)); err != nil {
			t.Fatal(err)
		}
		if err := b.PublishVerdicts(ctx, &schemas.VerdictBatch{AccountID: account, Seq: 7, Number: 1, Revision: 1}); err != nil {
			t.Fatal(err)
		}
	}
	// The same answer under newer packs is another message.
	if err := b.PublishVerdicts(ctx, &schemas.VerdictBatch{AccountID: account, Seq: 7, Number: 1, Revision: 2}); err != nil {
		t.Fatal(err)
	}
	var snapshots, verdicts atomic.Int32
	consume(t, func(ctx context.Context) error {
		return b.Snapshots(ctx, 1, func(context.Context, *schemas.SnapshotBatch) error { return nil })
	})
	consume(t, func(ctx context.Context) error {
		return b.Partitions(ctx, "a", func(_ context.Context, _ int, ms []schemas.Message) error {
			for _, m := range ms {
				if m.Snapshot != nil {
					snapshots.Add(1)
				} else {
					verdicts.Add(1)
				}
			}
			return nil
		})
	})
	eventually(t, ctx, "drained", func() bool { return bustest.Stored(t, b, account) })
	if s, v := snapshots.Load(), verdicts.Load(); s != 1 || v != 2 {
		t.Errorf("got %d snapshots and %d verdict batches, want 1 and 2", s, v)
	}
}
