package bus

import (
	"context"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// maxDeliveries is how often a message is tried before it is given up.
// maxOutage replaces it while a dependency is down or throttling: the message is not to
// blame then, and at a minute apart it spans most of an hour.
const (
	maxDeliveries = 10
	maxOutage     = 60
	maxRetryDelay = time.Minute
)

type fate int

const (
	fateAck fate = iota
	fateRetry
	fateDead
)

// decide is the one place that maps a handler's error and the number of the
// delivery (1, 2, …) to what becomes of the message.
func decide(err error, delivery uint64) fate {
	if err == nil {
		return fateAck
	}
	switch schemas.CodeOf(err) {
	case schemas.CodeFenced:
		return fateAck // a newer attempt has taken over: nothing is lost
	case schemas.CodeInvalid:
		return fateDead
	case schemas.CodeUnavailable, schemas.CodeThrottled:
		if delivery < maxOutage {
			return fateRetry
		}
		return fateDead
	}
	if delivery < maxDeliveries {
		return fateRetry
	}
	return fateDead
}

// retryDelay doubles with every delivery; a dependency that said how long to
// wait is believed.
func (b *Bus) retryDelay(err error, delivery uint64) time.Duration {
	var after time.Duration
	if e, ok := asError(err); ok {
		after = e.RetryAfter
	}
	d := b.opt.RetryDelay << min(max(delivery, 1)-1, 16)
	return min(max(d, after), maxRetryDelay)
}

// settle ends a delivery. A handler that was interrupted by a shutdown gives
// its message back at once.
func (b *Bus) settle(ctx context.Context, m jetstream.Msg, err error) {
	if err != nil && ctx.Err() != nil {
		b.note(m, m.Nak(), "give back")
		return
	}
	delivery := deliveryOf(m)
	switch decide(err, delivery) {
	case fateAck:
		if err != nil {
			b.log.Debug().Err(err).Str("subject", m.Subject()).Msg("drop a message of a superseded attempt")
		}
		b.note(m, m.Ack(), "ack")
	case fateRetry:
		b.retry(m, err, delivery)
	case fateDead:
		b.bury(ctx, m, err, delivery)
	}
}

func (b *Bus) retry(m jetstream.Msg, err error, delivery uint64) {
	d := b.retryDelay(err, delivery)
	b.log.Warn().Err(err).Str("subject", m.Subject()).Uint64("delivery", delivery).Dur("retryIn", d).Msg("handling failed")
	b.note(m, m.NakWithDelay(d), "retry")
}

// bury publishes the message as a dead letter and only then terminates it: a
// crash in between delivers it again, it never vanishes.
func (b *Bus) bury(ctx context.Context, m jetstream.Msg, err error, delivery uint64) {
	meta, metaErr := m.Metadata()
	if metaErr != nil {
		b.note(m, metaErr, "read metadata")
		return
	}
	dead := &nats.Msg{Subject: schemas.SubjectDead(meta.Stream), Header: nats.Header{}, Data: m.Data()}
	for k, v := range m.Headers() {
		if k != jetstream.MsgIDHeader {
			dead.Header[k] = v
		}
	}
	dead.Header.Set(headerStream, meta.Stream)
	dead.Header.Set(headerSubject, m.Subject())
	dead.Header.Set(headerReason, oneLine(err.Error()))
	id := "dead/" + meta.Stream + "/" + strconv.FormatUint(meta.Sequence.Stream, 10) + "/" + strconv.FormatInt(meta.Timestamp.UnixNano(), 36)
	if _, pubErr := b.js.PublishMsg(ctx, dead, jetstream.WithMsgID(id)); pubErr != nil {
		b.note(m, pubErr, "publish dead letter")
		b.retry(m, err, delivery)
		return
	}
	b.log.Error().Err(err).Str("subject", m.Subject()).Uint64("delivery", delivery).Msg("gave a message up as a dead letter")
	b.note(m, m.TermWithReason(oneLine(err.Error())), "terminate")
}

func (b *Bus) note(m jetstream.Msg, err error, what string) {
	if err != nil {
		b.log.Warn().Err(err).Str("subject", m.Subject()).Msg(what)
	}
}

func deliveryOf(m jetstream.Msg) uint64 {
	meta, err := m.Metadata()
	if err != nil {
		return 1
	}
	return meta.NumDelivered
}
