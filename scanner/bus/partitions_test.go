package bus_test

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/insights-scanner/insights-scanner/scanner/bus/bustest"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// Two partitions of a process are handled at a time; what comes for the others
// meanwhile is one call when it is their turn.
func TestPartitionsTakeTurns(t *testing.T) {
	t.Parallel()
	ctx := testContext(t)
	b := bustest.Start(t)
	accounts := perPartition()[:3]
	publish := func(a schemas.AccountID, n int) {
		t.Helper()
		m := batch(7, n, 0)
		m.AccountID = a
		if err := b.PublishBatch(ctx, m); err != nil {
			t.Fatal(err)
		}
	}
	var running, most atomic.Int32
	entered, release := make(chan schemas.AccountID, 10), make(chan struct{})
	calls := make(chan int, 10) // messages of each
	consume(t, func(ctx context.Context) error {
		return b.Partitions(ctx, "a", func(ctx context.Context, _ int, ms []schemas.Message) error {
			n := running.Add(1)
			defer running.Add(-1)
			for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
			}
			entered <- ms[0].Account()
			select {
			case <-release:
			case <-ctx.Done():
			}
			calls <- len(ms)
			return nil
		})
	})
	for _, a := range accounts[:2] {
		publish(a, 1)
		receive(t, ctx, entered)
	}
	const many = 30
	durable, _ := schemas.SinkSnapshots(schemas.Partition(accounts[2]))
	for n := 1; n <= many; n++ { // one by one, which takes longer than a call gathers
		publish(accounts[2], n)
		eventually(t, ctx, "it is in hand", func() bool {
			queues, err := b.Queues(ctx)
			if err != nil {
				t.Fatal(err)
			}
			for _, q := range queues {
				for _, c := range q.Consumers {
					if c.Name == durable {
						return c.InHand == uint64(n)
					}
				}
			}
			return false
		})
	}
	close(release)
	if a := receive(t, ctx, entered); a != accounts[2] {
		t.Errorf("%s came next", a)
	}
	got := []int{receive(t, ctx, calls), receive(t, ctx, calls), receive(t, ctx, calls)}
	slices.Sort(got)
	if !slices.Equal(got, []int{1, 1, many}) {
		t.Errorf("calls with %v messages, want the third partition's %d in one", got, many)
	}
	if most.Load() != 2 {
		t.Errorf("%d at a time", most.Load())
	}
}
