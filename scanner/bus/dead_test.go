package bus_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/insights-scanner/insights-scanner/scanner/bus"
	"github.com/insights-scanner/insights-scanner/scanner/bus/bustest"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// bury makes dead letters of units: their handler refuses them.
func bury(t *testing.T, ctx context.Context, b *bus.Bus, services ...string) []schemas.DeadLetter {
	t.Helper()
	for _, s := range services {
		if err := b.PublishUnit(ctx, unit(s, 0)); err != nil {
			t.Fatal(err)
		}
	}
	stop := consume(t, func(ctx context.Context) error {
		return b.Units(ctx, 1, func(context.Context, schemas.Unit) error {
			return schemas.Errorf(schemas.CodeInvalid, "not\ntoday")
		})
	})
	eventually(t, ctx, "everything is given up", func() bool { return queued(t, ctx, b) == 0 && len(kept(t, ctx, b)) == len(services) })
	stop()
	return kept(t, ctx, b)
}

func kept(t *testing.T, ctx context.Context, b *bus.Bus) []schemas.DeadLetter {
	t.Helper()
	return must[[]schemas.DeadLetter](t)(b.ListDead(ctx, 0))
}

func TestDeadLettersAreListedNewestFirst(t *testing.T) {
	t.Parallel()
	ctx := testContext(t)
	b := bustest.Start(t)
	if list := kept(t, ctx, b); len(list) != 0 {
		t.Fatalf("a new stream has %+v", list)
	}
	all := bury(t, ctx, b, "s3", "ec2", "iam")
	for i, want := range []string{"iam", "ec2", "s3"} {
		l := all[i]
		if l.Unit.Service != want || l.ID != uint64(3-i) || l.At.IsZero() || l.Reason != "not today" || l.Kind != schemas.KindUnit {
			t.Errorf("entry %d: %+v", i, l)
		}
	}
	if two := must[[]schemas.DeadLetter](t)(b.ListDead(ctx, 2)); !slices.Equal(two, all[:2]) {
		t.Errorf("the newest two: %+v", two)
	}
}

func TestDeadLetterShowsItsMessage(t *testing.T) {
	t.Parallel()
	ctx := testContext(t)
	b := bustest.Start(t)
	l := bury(t, ctx, b, "s3")[0]
	m := must[schemas.DeadMessage](t)(b.GetDead(ctx, l.ID))
	var u schemas.Unit
	if err := json.Unmarshal(m.Body, &u); err != nil || u.Unit.Service != "s3" || m.DeadLetter != l || m.Headers["Insights-Kind"] != schemas.KindUnit {
		t.Errorf("%v: %+v", err, m)
	}
	for _, id := range []uint64{0, 2, 1 << 40} {
		_, err := b.GetDead(ctx, id)
		wantCode(t, err, schemas.CodeNotFound)
		_, err = b.ReplayDead(ctx, id)
		wantCode(t, err, schemas.CodeNotFound)
		wantCode(t, b.RemoveDead(ctx, id), schemas.CodeNotFound)
	}
}

func TestReplayedDeadLetterIsHandledAgain(t *testing.T) {
	t.Parallel()
	ctx := testContext(t)
	b := bustest.Start(t)
	letters := bury(t, ctx, b, "s3", "ec2")
	got := make(chan schemas.Unit, 10)
	consume(t, func(ctx context.Context) error {
		return b.Units(ctx, 1, func(_ context.Context, u schemas.Unit) error { got <- u; return nil })
	})
	if l := must[schemas.DeadLetter](t)(b.ReplayDead(ctx, letters[1].ID)); l != letters[1] {
		t.Errorf("replayed %+v", l)
	}
	if u := receive(t, ctx, got); u.Unit.Service != "s3" {
		t.Errorf("handled %+v", u)
	}
	if left := kept(t, ctx, b); len(left) != 1 || left[0] != letters[0] {
		t.Errorf("left %+v", left)
	}
	_, err := b.ReplayDead(ctx, letters[1].ID)
	wantCode(t, err, schemas.CodeNotFound)
	if err := b.RemoveDead(ctx, letters[0].ID); err != nil {
		t.Fatal(err)
	}
	if left := kept(t, ctx, b); len(left) != 0 || queued(t, ctx, b) != 0 {
		t.Errorf("removed, and left %+v", left)
	}
}

// What fails again is a dead letter again, of a number of its own.
func TestReplayThatFailsIsANewDeadLetter(t *testing.T) {
	t.Parallel()
	ctx := testContext(t)
	s := bustest.Server(t)
	b := bustest.Connect(t, s)
	garbage := &nats.Msg{Subject: schemas.SubjectSnapshot(account, schemas.KindBatch), Header: nats.Header{"Insights-Kind": {"batch"}, "Nats-Expected-Stream": {schemas.StreamSnapshots}}, Data: []byte("{no json")}
	js := rawJetStream(t, s)
	if _, err := js.PublishMsg(ctx, garbage); err != nil {
		t.Fatal(err)
	}
	var handled atomic.Int32
	consume(t, func(ctx context.Context) error {
		return b.Snapshots(ctx, 1, func(context.Context, *schemas.SnapshotBatch) error { handled.Add(1); return nil })
	})
	consume(t, func(ctx context.Context) error {
		return b.Partitions(ctx, "a", func(context.Context, int, []schemas.Message) error { handled.Add(1); return nil })
	})
	// The evaluator and the sink each give it up; the two are one dead letter.
	eventually(t, ctx, "given up", func() bool { return len(kept(t, ctx, b)) == 1 && bustest.Stored(t, b, account) })
	first := kept(t, ctx, b)[0]
	if m := must[schemas.DeadMessage](t)(b.GetDead(ctx, first.ID)); string(m.Body) != "{no json" || !strings.Contains(m.Reason, "decode") {
		t.Errorf("kept %+v", m)
	}
	if _, err := b.ReplayDead(ctx, first.ID); err != nil {
		t.Fatal(err)
	}
	eventually(t, ctx, "given up again", func() bool {
		left := kept(t, ctx, b)
		return len(left) == 1 && left[0].ID > first.ID && bustest.Stored(t, b, account)
	})
	if handled.Load() != 0 {
		t.Error("somebody handled what cannot be decoded")
	}
}

// Whoever replays twice, or dies between publishing and removing, does not have
// the message handled twice.
func TestReplayPublishesOnce(t *testing.T) {
	t.Parallel()
	ctx := testContext(t)
	s := bustest.Server(t)
	b := bustest.Connect(t, s)
	l := bury(t, ctx, b, "s3")[0]
	errs := make(chan error, 8)
	for range cap(errs) {
		go func() { _, err := b.ReplayDead(ctx, l.ID); errs <- err }()
	}
	replayed := 0
	for range cap(errs) {
		if err := receive(t, ctx, errs); err == nil {
			replayed++
		} else if schemas.CodeOf(err) != schemas.CodeNotFound {
			t.Error(err)
		}
	}
	stream, err := rawJetStream(t, s).Stream(ctx, schemas.StreamUnits)
	if err != nil {
		t.Fatal(err)
	}
	if n := stream.CachedInfo().State.Msgs; n != 1 || replayed == 0 {
		t.Errorf("%d messages after %d replays", n, replayed)
	}
}

// A dead letter stays until its message is stored where it goes.
func TestDeadLetterStaysWhenItCannotBePublished(t *testing.T) {
	t.Parallel()
	ctx := testContext(t)
	s := bustest.Server(t)
	b := bustest.Connect(t, s)
	l := bury(t, ctx, b, "s3")[0]
	js := rawJetStream(t, s)
	if err := js.DeleteStream(ctx, schemas.StreamUnits); err != nil {
		t.Fatal(err)
	}
	if _, err := b.ReplayDead(ctx, l.ID); err == nil || schemas.CodeOf(err) == schemas.CodeNotFound {
		t.Errorf("replayed into nothing: %v", err)
	}
	if left := kept(t, ctx, b); len(left) != 1 || left[0] != l {
		t.Errorf("left %+v", left)
	}
	foreign := &nats.Msg{Subject: schemas.SubjectDead("ELSEWHERE"), Header: nats.Header{"Insights-Subject": {"orders.new"}, "Insights-Stream": {"ELSEWHERE"}}}
	ack, err := js.PublishMsg(ctx, foreign)
	if err != nil {
		t.Fatal(err)
	}
	_, err = b.ReplayDead(ctx, ack.Sequence)
	wantCode(t, err, schemas.CodeInvalid)
	if len(kept(t, ctx, b)) != 2 {
		t.Error("what cannot be replayed is gone")
	}
}

// A body over the payload limit lies in the object store; a replay leads there.
func TestOversizeDeadLetterIsReplayed(t *testing.T) {
	t.Parallel()
	ctx := testContext(t)
	b := bustest.Start(t)
	if err := b.PublishBatch(ctx, batch(1, 1, 5<<20)); err != nil {
		t.Fatal(err)
	}
	var fail atomic.Bool
	fail.Store(true)
	got := make(chan int, 10)
	consume(t, func(ctx context.Context) error {
		return b.Snapshots(ctx, 1, func(_ context.Context, s *schemas.SnapshotBatch) error {
			if fail.Load() {
				return errors.New("broken")
			}
			got <- len(s.Resources[0].ID)
			return nil
		})
	})
	eventually(t, ctx, "given up", func() bool { return len(kept(t, ctx, b)) == 1 })
	l := kept(t, ctx, b)[0]
	if m := must[schemas.DeadMessage](t)(b.GetDead(ctx, l.ID)); len(m.Body) < 5<<20 {
		t.Errorf("shows %d bytes", len(m.Body))
	}
	fail.Store(false)
	if _, err := b.ReplayDead(ctx, l.ID); err != nil {
		t.Fatal(err)
	}
	if n := receive(t, ctx, got); n != 5<<20 {
		t.Errorf("handled %d bytes", n)
	}
}

// rawJetStream is a connection that knows nothing of us.
func rawJetStream(t *testing.T, s nats.InProcessConnProvider) jetstream.JetStream {
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
	return js
}

// A message that ends the process of every handler is given up without one more try.
func TestMessageThatEndsProcessesIsGivenUp(t *testing.T) {
	t.Parallel()
	ctx := testContext(t)
	s := bustest.Server(t)
	b := bustest.Connect(t, s)
	if err := b.PublishUnit(ctx, unit("s3", 0)); err != nil {
		t.Fatal(err)
	}
	c, err := rawJetStream(t, s).Consumer(ctx, schemas.StreamUnits, schemas.ConsumerDiscovery)
	if err != nil {
		t.Fatal(err)
	}
	for range 60 { // processes that took it, and are gone
		m, err := c.Next()
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Nak(); err != nil {
			t.Fatal(err)
		}
	}
	var handled atomic.Int32
	stop := consume(t, func(ctx context.Context) error {
		return b.Units(ctx, 1, func(context.Context, schemas.Unit) error { handled.Add(1); return nil })
	})
	eventually(t, ctx, "it is given up or handled", func() bool { return queued(t, ctx, b) == 0 })
	stop()
	if dead := kept(t, ctx, b); handled.Load() != 0 || len(dead) != 1 || !strings.Contains(dead[0].Reason, "handled 60 times without an end") {
		t.Errorf("handled %d times more, %+v", handled.Load(), dead)
	}
}
