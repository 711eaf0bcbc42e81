package bus

import (
	"context"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// PublishUnit asks for a unit to be read. A repeat of the same retry within two
// minutes is dropped by the server. Errors as in PublishBatch.
func (b *Bus) PublishUnit(ctx context.Context, u schemas.Unit) error {
	return b.publish(ctx, envelope{
		kind: schemas.KindUnit, subject: schemas.SubjectUnit(u.Account.ID, u.Unit),
		id:      fmt.Sprintf("u/%s/%s/%d", u.Scan, u.Unit, u.Retry),
		account: u.Account.ID, scan: u.Scan, unit: u.Unit, body: u,
	})
}

// PublishBatch publishes a batch of a unit attempt. It returns after the batch
// is stored, or with CodeThrottled when the stream stayed full until ctx ended,
// or CodeUnavailable when NATS did not answer.
func (b *Bus) PublishBatch(ctx context.Context, s *schemas.SnapshotBatch) error {
	return b.publish(ctx, b.snapshot(s, schemas.KindBatch))
}

// PublishRejudge publishes a batch made from stored resources; evaluators alone
// read it. Errors as in PublishBatch.
func (b *Bus) PublishRejudge(ctx context.Context, s *schemas.SnapshotBatch) error {
	return b.publish(ctx, b.snapshot(s, schemas.KindRejudge))
}

func (b *Bus) snapshot(s *schemas.SnapshotBatch, kind string) envelope {
	return envelope{
		kind: kind, subject: schemas.SubjectSnapshot(s.AccountID, kind),
		id:      fmt.Sprintf("%s/%s/%d/%d", kind, s.AccountID, s.Seq, s.Number),
		account: s.AccountID, scan: s.Scan, unit: s.Unit, seq: s.Seq, number: s.Number, body: s,
	}
}

// PublishEnd publishes the end of a unit attempt. Errors as in PublishBatch.
func (b *Bus) PublishEnd(ctx context.Context, e *schemas.UnitEnd) error {
	return b.publish(ctx, envelope{
		kind: schemas.KindEnd, subject: schemas.SubjectSnapshot(e.AccountID, schemas.KindEnd),
		id:      fmt.Sprintf("end/%s/%d", e.AccountID, e.Seq),
		account: e.AccountID, scan: e.Scan, unit: e.Unit, seq: e.Seq, body: e,
	})
}

// PublishVerdicts publishes the answer to a snapshot batch. The revision is
// part of the message id: the answer of a redelivered batch under newer packs
// is another message. Errors as in PublishBatch.
func (b *Bus) PublishVerdicts(ctx context.Context, v *schemas.VerdictBatch) error {
	return b.publish(ctx, envelope{
		kind: schemas.KindVerdicts, subject: schemas.SubjectVerdict(v.AccountID),
		id:      fmt.Sprintf("v/%s/%d/%d/%d", v.AccountID, v.Seq, v.Number, v.Revision),
		account: v.AccountID, scan: v.Scan, unit: v.Unit, seq: v.Seq, number: v.Number, body: v,
	})
}

// PublishClose asks the sink to close a scope. Errors as in PublishBatch.
func (b *Bus) PublishClose(ctx context.Context, c *schemas.Close) error {
	return b.publish(ctx, envelope{
		kind: schemas.KindClose, subject: schemas.SubjectClose(c.AccountID),
		id:      fmt.Sprintf("c/%s/%d/%s", c.AccountID, c.Seq, c.Scope),
		account: c.AccountID, scan: c.Scan, scope: c.Scope.String(), seq: c.Seq, body: c,
	})
}

// unavailableRetries is how often a publish is repeated when NATS does not
// answer. A full stream is waited out without a limit.
const unavailableRetries = 5

func (b *Bus) publish(ctx context.Context, e envelope) error {
	delay := newBackoff(50*time.Millisecond, 2*time.Second)
	unavailable := 0
	for {
		err := b.publishOnce(ctx, e)
		if err == nil {
			return nil
		}
		switch code := schemas.CodeOf(err); {
		case code == schemas.CodeThrottled:
		case code == schemas.CodeUnavailable && unavailable < unavailableRetries && ctx.Err() == nil:
			unavailable++
		default:
			return err
		}
		if waitErr := wait(ctx, delay.next()); waitErr != nil {
			return err
		}
	}
}

func (b *Bus) publishOnce(ctx context.Context, e envelope) error {
	m, err := b.seal(ctx, e)
	if err != nil {
		return err
	}
	if _, err := b.js.PublishMsg(ctx, m, jetstream.WithMsgID(e.id)); err != nil {
		return wrap(err, "publish", e.subject)
	}
	return nil
}

// backoff doubles a delay up to a limit.
type backoff struct{ d, limit time.Duration }

func newBackoff(first, limit time.Duration) *backoff { return &backoff{first, limit} }

func (b *backoff) next() time.Duration {
	d := b.d
	b.d = min(2*b.d, b.limit)
	return d
}

// wait blocks for d or until ctx ends, whose error it then returns.
func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
