package bus

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"

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

// Fate is what becomes of a delivery.
type Fate string

// Fates. Superseded is acknowledged too: a newer attempt has taken over.
const (
	Acked      Fate = "acked"
	Superseded Fate = "superseded"
	Retried    Fate = "retried"
	GivenBack  Fate = "given_back"  // by a process that stops
	Deferred   Fate = "deferred"    // for another process, or for later
	DeadLetter Fate = "dead_letter" // given up
)

// decide is the one place that maps a handler's error and the number of the
// delivery (1, 2, …) to what becomes of the message.
func decide(err error, delivery uint64) Fate {
	if err == nil {
		return Acked
	}
	if errors.Is(err, errElsewhere) || errors.Is(err, errNotNow) {
		return Deferred
	}
	switch schemas.CodeOf(err) {
	case schemas.CodeFenced:
		return Superseded // nothing is lost
	case schemas.CodeInvalid:
		return DeadLetter
	case schemas.CodeUnavailable, schemas.CodeThrottled:
		if delivery < maxOutage {
			return Retried
		}
		return DeadLetter
	}
	if delivery < maxDeliveries {
		return Retried
	}
	return DeadLetter
}

// retryDelay doubles with every delivery; a dependency that said how long to
// wait is believed.
func (b *Bus) retryDelay(err error, delivery uint64, longest time.Duration) time.Duration {
	var after time.Duration
	if e, ok := asError(err); ok {
		after = e.RetryAfter
	}
	d := b.opt.RetryDelay << min(max(delivery, 1)-1, 16)
	return min(max(d, after), longest)
}

// settle ends a delivery. A handler that was interrupted by a shutdown gives
// its message back at once.
func (b *Bus) settle(ctx context.Context, m jetstream.Msg, err error) {
	if err != nil && ctx.Err() != nil {
		b.giveBack(m)
		return
	}
	delivery := deliveryOf(m)
	fate, longest := decide(err, delivery), maxRetryDelay
	if isWebhook(m) {
		// It waits for a receiver of somebody else's, and holds nothing up.
		longest = maxWebhookDelay
		if code := schemas.CodeOf(err); fate == DeadLetter && code != schemas.CodeInvalid && delivery < maxWebhookTries {
			fate = Retried
		}
	}
	switch fate {
	case Deferred:
		b.putOff(ctx, m)
	case Retried:
		b.retry(m, err, delivery, longest)
	case DeadLetter:
		b.bury(ctx, m, err, delivery)
	default:
		if err != nil {
			b.log.Debug().Err(err).Func(about(m)).Msg("drop a message of a superseded attempt")
		}
		b.note(m, m.Ack(), "ack")
		b.settled(m, fate)
	}
}

func (b *Bus) giveBack(m jetstream.Msg) {
	b.log.Debug().Func(about(m)).Msg("give a message back")
	b.note(m, m.Nak(), "give back")
	b.settled(m, GivenBack)
}

func (b *Bus) settled(m jetstream.Msg, fate Fate) {
	if b.opt.Settled == nil {
		return
	}
	if meta, err := m.Metadata(); err == nil {
		b.opt.Settled(meta.Consumer, fate)
	}
}

// about names in a log line what a message is about, as its headers say.
func about(m jetstream.Msg) func(*zerolog.Event) {
	return func(e *zerolog.Event) {
		e.Str("subject", m.Subject())
		for _, f := range []struct{ header, field string }{
			{headerScan, "scan"},
			{headerAccount, "accountId"},
			{headerUnit, "unit"},
			{headerScope, "scope"},
			{headerSeq, "seq"},
			{headerNumber, "number"},
		} {
			if v := m.Headers().Get(f.header); v != "" {
				e.Str(f.field, v)
			}
		}
	}
}

func isWebhook(m jetstream.Msg) bool { return strings.HasPrefix(m.Subject(), "webhooks.") }

func (b *Bus) retry(m jetstream.Msg, err error, delivery uint64, longest time.Duration) {
	d := b.retryDelay(err, delivery, longest)
	b.log.Warn().Err(err).Func(about(m)).Uint64("delivery", delivery).Dur("retryIn", d).Msg("handling failed")
	b.note(m, m.NakWithDelay(d), "retry")
	b.settled(m, Retried)
}

// bury publishes the message as a dead letter and only then terminates it: a
// crash in between delivers it again, it never vanishes.
func (b *Bus) bury(ctx context.Context, m jetstream.Msg, err error, delivery uint64) {
	meta, metaErr := m.Metadata()
	if metaErr != nil {
		b.note(m, metaErr, "read metadata")
		return
	}
	dead := &nats.Msg{Subject: schemas.SubjectDead(meta.Stream), Header: carried(m.Headers()), Data: m.Data()}
	dead.Header.Set(headerStream, meta.Stream)
	dead.Header.Set(headerSubject, m.Subject())
	dead.Header.Set(headerReason, oneLine(err.Error()))
	id := "dead/" + meta.Stream + "/" + strconv.FormatUint(meta.Sequence.Stream, 10) + "/" + strconv.FormatInt(meta.Timestamp.UnixNano(), 36)
	if _, pubErr := b.js.PublishMsg(ctx, dead, jetstream.WithMsgID(id)); pubErr != nil {
		b.note(m, pubErr, "publish dead letter")
		b.retry(m, err, delivery, maxRetryDelay)
		return
	}
	b.log.Error().Err(err).Func(about(m)).Uint64("delivery", delivery).Msg("gave a message up as a dead letter")
	b.note(m, m.TermWithReason(oneLine(err.Error())), "terminate")
	b.settled(m, DeadLetter)
}

func (b *Bus) note(m jetstream.Msg, err error, what string) {
	if err != nil {
		b.log.Warn().Err(err).Func(about(m)).Msg(what)
	}
}

func deliveryOf(m jetstream.Msg) uint64 {
	meta, err := m.Metadata()
	if err != nil {
		return 1
	}
	return meta.NumDelivered
}
