package bus_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/insights-scanner/insights-scanner/scanner/bus"
	"github.com/insights-scanner/insights-scanner/scanner/bus/bustest"
	"github.com/insights-scanner/insights-scanner/schemas"
)

func TestQueuesTellWhatWaitsAndWhatIsInHand(t *testing.T) {
	t.Parallel()
	ctx := testContext(t)
	settled := make(chan string, 10)
	b := bustest.Start(t, func(o *bus.Options) {
		o.Settled = func(consumer string, fate bus.Fate) { settled <- consumer + " " + string(fate) }
	})
	deadLetters(t, b) // reads by a consumer of its own, which is no work
	for _, s := range []string{"s3", "ec2", "iam"} {
		if err := b.PublishUnit(ctx, unit(s, 0)); err != nil {
			t.Fatal(err)
		}
	}
	begun, release := make(chan struct{}, 3), make(chan struct{})
	consume(t, func(ctx context.Context) error {
		return b.Units(ctx, 1, func(context.Context, schemas.Unit) error {
			begun <- struct{}{}
			<-release
			return nil
		})
	})
	receive(t, ctx, begun)
	byStream := map[string]bus.Queue{}
	var units bus.Queue
	eventually(t, ctx, "two units wait and one is in hand", func() bool { // the server counts what waits a moment later
		for _, q := range must[[]bus.Queue](t)(b.Queues(ctx)) {
			byStream[q.Stream] = q
		}
		units = byStream[schemas.StreamUnits]
		return slices.Equal(units.Consumers, []bus.QueueConsumer{{Name: schemas.ConsumerDiscovery, Waiting: 2, InHand: 1}})
	})
	if age := time.Since(units.Oldest); units.Messages != 3 || units.Bytes == 0 || units.Limit < units.Bytes || age < 0 || age > time.Minute {
		t.Errorf("units: %+v", units)
	}
	if q := byStream[schemas.StreamVerdicts]; q.Messages != 0 || !q.Oldest.IsZero() || len(q.Consumers) != schemas.Partitions {
		t.Errorf("verdicts: %+v", q)
	}
	if q := byStream[schemas.StreamSnapshots]; len(q.Consumers) != 1+schemas.Partitions {
		t.Errorf("snapshots: %+v", q)
	}
	if q, ok := byStream[schemas.StreamDead]; !ok || len(q.Consumers) != 0 {
		t.Errorf("dead letters: %+v", q)
	}
	close(release)
	for range 3 {
		if s := receive(t, ctx, settled); s != "discovery acked" {
			t.Errorf("settled %q", s)
		}
	}
	eventually(t, ctx, "the units have left the stream", func() bool {
		q := must[[]bus.Queue](t)(b.Queues(ctx))[0]
		return q.Messages == 0 && q.Oldest.IsZero()
	})
	if err := b.Ping(ctx); err != nil {
		t.Error(err)
	}
	b.Close()
	wantCode(t, b.Ping(ctx), schemas.CodeUnavailable)
}
