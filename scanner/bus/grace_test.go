package bus_test

import (
	"context"
	"testing"
	"time"

	"github.com/insights-scanner/insights-scanner/scanner/bus"
	"github.com/insights-scanner/insights-scanner/scanner/bus/bustest"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// graceful has a grace that no test waits for, and forgets no message meanwhile.
func graceful(o *bus.Options) { o.Grace, o.AckWait = time.Minute, time.Minute }

// begin runs f until stop is called; ended then tells when it has returned.
func begin(f func(context.Context) error) (stop context.CancelFunc, ended <-chan error) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- f(ctx) }()
	return cancel, done
}

func TestWhatIsInHandIsFinishedAndNothingNewIsTaken(t *testing.T) {
	t.Parallel()
	ctx := testContext(t)
	b := bustest.Start(t, graceful)
	begun, release := make(chan context.Context, 2), make(chan struct{})
	stop, ended := begin(func(ctx context.Context) error {
		return b.Units(ctx, 1, func(ctx context.Context, _ schemas.Unit) error {
			begun <- ctx
			<-release
			return ctx.Err()
		})
	})
	if err := b.PublishUnit(ctx, unit("s3", 0)); err != nil {
		t.Fatal(err)
	}
	work := receive(t, ctx, begun)
	if err := b.PublishUnit(ctx, unit("ec2", 0)); err != nil {
		t.Fatal(err)
	}
	stop()
	select {
	case <-work.Done():
		t.Error("the handler was interrupted")
	case err := <-ended:
		t.Errorf("ended (%v) with a unit in hand", err)
	case <-time.After(100 * time.Millisecond): // nothing happens: there is no event to wait for
	}
	close(release)
	if err := receive(t, ctx, ended); err != nil {
		t.Error(err)
	}
	if len(begun) != 0 {
		t.Error("another unit was taken")
	}
	eventually(t, ctx, "only the unit that was not taken is queued", func() bool {
		left := must[map[schemas.UnitKey]bool](t)(b.QueuedUnits(ctx, account))
		return len(left) == 1 && left[unit("ec2", 0).Unit]
	})
}

func TestAfterTheGraceTheMessageIsGivenBack(t *testing.T) {
	t.Parallel()
	ctx := testContext(t)
	b := bustest.Start(t, func(o *bus.Options) { o.Grace, o.AckWait = 50*time.Millisecond, time.Minute })
	if err := b.PublishUnit(ctx, unit("s3", 0)); err != nil {
		t.Fatal(err)
	}
	begun := make(chan struct{}, 1)
	stop, ended := begin(func(ctx context.Context) error {
		return b.Units(ctx, 1, func(ctx context.Context, _ schemas.Unit) error {
			begun <- struct{}{}
			<-ctx.Done()
			return ctx.Err()
		})
	})
	receive(t, ctx, begun)
	stop()
	if err := receive(t, ctx, ended); err != nil {
		t.Error(err)
	}
	got := make(chan schemas.Unit, 1)
	consume(t, func(ctx context.Context) error {
		return b.Units(ctx, 1, func(_ context.Context, u schemas.Unit) error { got <- u; return nil })
	})
	receive(t, ctx, got) // at once, not after the minute of AckWait
}

// The lease outlives the end of the process's context for as long as a call is
// running: there must not be two writers. A process that stands still for most of the
// lease's life loses it, rightly, and then it is tried again.
func TestAPartitionIsKeptUntilItsCallHasEnded(t *testing.T) {
	t.Parallel()
	for range stalls {
		if keptUntilTheEnd(t) {
			return
		}
	}
	t.Errorf("the lease was lost %d times while a call was running", stalls)
}

// keptUntilTheEnd tells whether the lease was held through a call that goes on after its
// process was asked to end.
func keptUntilTheEnd(t *testing.T) bool {
	ctx := testContext(t)
	// A message that comes while a pull is being cancelled waits for AckWait.
	b := bustest.Start(t, func(o *bus.Options) { o.Grace, o.AckWait, o.LeaseTTL = time.Minute, 2*time.Second, time.Second })
	begun, release := make(chan context.Context, 2), make(chan struct{})
	stop, ended := begin(func(ctx context.Context) error {
		return b.Partitions(ctx, "a", func(ctx context.Context, _ int, _ []schemas.Message) error {
			begun <- ctx
			<-release
			return ctx.Err()
		})
	})
	if err := b.PublishEnd(ctx, &schemas.UnitEnd{AccountID: account, Seq: 1}); err != nil {
		t.Fatal(err)
	}
	work := receive(t, ctx, begun)
	stop()
	got := make(chan uint64, 10)
	consume(t, func(ctx context.Context) error {
		return b.Partitions(ctx, "b", func(_ context.Context, _ int, ms []schemas.Message) error {
			for _, m := range ms {
				got <- m.End.Seq
			}
			return nil
		})
	})
	if err := b.PublishEnd(ctx, &schemas.UnitEnd{AccountID: account, Seq: 2}); err != nil {
		t.Fatal(err)
	}
	select {
	case <-work.Done():
	case seq := <-got:
		if work.Err() == nil {
			t.Errorf("another owner got the end with seq %d while a call was running", seq)
		}
	case <-time.After(2 * time.Second): // two lives of a lease that nobody renews
	}
	err := context.Cause(work)
	close(release)
	if err := receive(t, ctx, ended); err != nil {
		t.Error(err)
	}
	if err != nil {
		wantCode(t, err, schemas.CodeFenced)
		return false
	}
	if seq := receive(t, ctx, got); seq != 2 {
		t.Errorf("the other owner got the end with seq %d, want 2", seq)
	}
	return true
}

func TestARequestInHandIsAnswered(t *testing.T) {
	t.Parallel()
	ctx := testContext(t)
	b := bustest.Start(t, graceful)
	s := &slowStore{begun: make(chan struct{}, 2), release: make(chan struct{})}
	stop, ended := begin(func(ctx context.Context) error { return b.ServeStore(ctx, s) })
	type answer struct {
		schemas.CountsReply
		err error
	}
	answers := make(chan answer, 1)
	go func() {
		r, err := b.StoreClient().Counts(ctx, schemas.CountsRequest{AccountID: account})
		answers <- answer{r, err}
	}()
	receive(t, ctx, s.begun)
	stop()
	close(s.release)
	if a := receive(t, ctx, answers); a.err != nil || a.Counts["t"] != 7 {
		t.Errorf("answer %+v", a)
	}
	if err := receive(t, ctx, ended); err != nil {
		t.Error(err)
	}
}

// slowStore answers counts when it is released, unless it is interrupted.
type slowStore struct {
	bus.Store
	begun   chan struct{}
	release chan struct{}
}

func (s *slowStore) Counts(ctx context.Context, _ schemas.CountsRequest) (schemas.CountsReply, error) {
	s.begun <- struct{}{}
	<-s.release
	return schemas.CountsReply{Counts: map[string]uint64{"t": 7}}, ctx.Err()
}
