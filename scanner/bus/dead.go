package bus

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// DeadLetters calls fn for every message that was ever given up and is still
// kept (14 days), then for every new one, until ctx ends, whose error it
// returns. Every caller sees all of them.
func (b *Bus) DeadLetters(ctx context.Context, fn func(schemas.DeadLetter)) error {
	c, err := b.js.OrderedConsumer(ctx, schemas.StreamDead, jetstream.OrderedConsumerConfig{
		DeliverPolicy: jetstream.DeliverAllPolicy, HeadersOnly: true,
	})
	if err != nil {
		return wrap(err, "read", schemas.StreamDead)
	}
	it, err := c.Messages()
	if err != nil {
		return wrap(err, "read", schemas.StreamDead)
	}
	stop := context.AfterFunc(ctx, it.Stop)
	defer stop()
	defer it.Stop()
	for {
		m, err := it.Next()
		if err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return wrap(err, "read", schemas.StreamDead)
		}
		l, err := deadOf(m)
		if err != nil {
			return wrap(err, "read", schemas.StreamDead)
		}
		fn(l)
	}
}

// deadPage is how many dead letters one pull asks for.
const deadPage = 500

// ListDead returns the dead letters that are kept now, newest first, at most
// limit (0: all).
func (b *Bus) ListDead(ctx context.Context, limit int) ([]schemas.DeadLetter, error) {
	c, err := b.js.CreateConsumer(ctx, schemas.StreamDead, jetstream.ConsumerConfig{
		DeliverPolicy: jetstream.DeliverAllPolicy, AckPolicy: jetstream.AckNonePolicy, HeadersOnly: true, InactiveThreshold: time.Minute,
	})
	if err != nil {
		return nil, wrap(err, "read", schemas.StreamDead)
	}
	defer func() { _ = b.js.DeleteConsumer(context.WithoutCancel(ctx), schemas.StreamDead, c.CachedInfo().Name) }()
	var out []schemas.DeadLetter
	for {
		page, err := b.deadPage(c)
		if err != nil {
			return nil, wrap(err, "read", schemas.StreamDead)
		}
		if len(page) == 0 || ctx.Err() != nil {
			break
		}
		out = append(out, page...)
		if limit > 0 && len(out) > limit {
			out = slices.Clone(out[len(out)-limit:])
		}
	}
	slices.Reverse(out)
	return out, ctx.Err()
}

// deadPage is the next page; empty at the end.
func (b *Bus) deadPage(c jetstream.Consumer) ([]schemas.DeadLetter, error) {
	batch, err := c.FetchNoWait(deadPage)
	if err != nil {
		return nil, err
	}
	var page []schemas.DeadLetter
	for m := range batch.Messages() {
		l, err := deadOf(m)
		if err != nil {
			return nil, err
		}
		page = append(page, l)
	}
	return page, batch.Error()
}

// GetDead returns a dead letter with its message; a body that went through the
// object store is fetched from there. CodeNotFound when there is none.
func (b *Bus) GetDead(ctx context.Context, id uint64) (schemas.DeadMessage, error) {
	raw, err := b.dead(ctx, id)
	if err != nil {
		return schemas.DeadMessage{}, err
	}
	out := schemas.DeadMessage{DeadLetter: deadLetter(raw.Sequence, raw.Time, raw.Header), Headers: map[string]string{}, Body: raw.Data}
	for k := range raw.Header {
		out.Headers[k] = raw.Header.Get(k)
	}
	name := raw.Header.Get(headerObject)
	if name == "" {
		return out, nil
	}
	out.Body, err = NewObjects(b, schemas.ObjectsOversize).Get(ctx, name)
	if err != nil && schemas.CodeOf(err) == schemas.CodeNotFound {
		return out, nil // it has expired; the headers still tell what it was
	}
	return out, err
}

// ReplayDead publishes a dead letter's message on its original subject again
// and, once that is stored, removes the dead letter. It returns what it
// replayed. When it is interrupted between the two, the dead letter is still
// there: replaying it again within two minutes publishes nothing twice, and
// later the repeated message changes nothing. Errors: CodeNotFound, CodeInvalid
// when the dead letter names no subject of ours, CodeConflict when it is for a
// webhook that was removed, else as in PublishBatch.
func (b *Bus) ReplayDead(ctx context.Context, id uint64) (schemas.DeadLetter, error) {
	raw, err := b.dead(ctx, id)
	if err != nil {
		return schemas.DeadLetter{}, err
	}
	l := deadLetter(raw.Sequence, raw.Time, raw.Header)
	if !b.works(l) {
		return l, schemas.Errorf(schemas.CodeInvalid, "dead letter %d names no subject to replay it on: %q of %q", id, l.Subject, l.Stream).
			WithHint("remove it: insights dead-letters remove %d", id)
	}
	if err := b.isThere(ctx, l); err != nil {
		return l, err
	}
	m := &nats.Msg{Subject: l.Subject, Header: carried(raw.Header), Data: raw.Data}
	for _, k := range []string{headerStream, headerSubject, headerReason} {
		m.Header.Del(k)
	}
	// The time tells it from a letter of the same number in a stream made anew.
	msgID := fmt.Sprintf("replay/%d/%s", id, strconv.FormatInt(raw.Time.UnixNano(), 36))
	if _, err := b.js.PublishMsg(ctx, m, jetstream.WithMsgID(msgID)); err != nil {
		return l, wrap(err, "replay dead letter on", l.Subject)
	}
	b.log.Info().Uint64("deadLetter", id).Str("subject", l.Subject).Msg("replayed a dead letter")
	if err := b.RemoveDead(ctx, id); err != nil && schemas.CodeOf(err) != schemas.CodeNotFound {
		return l, schemas.Errorf(schemas.CodeOf(err), "dead letter %d was replayed, but not removed: %w", id, err)
	}
	return l, nil
}

// isThere is nil unless a letter is for a webhook that is not registered any more:
// nobody would take it from its queue.
func (b *Bus) isThere(ctx context.Context, l schemas.DeadLetter) error {
	if l.Stream != schemas.StreamWebhooks {
		return nil
	}
	name := webhookOf(l.Subject)
	_, err := b.js.Consumer(ctx, schemas.StreamWebhooks, webhookConsumer(name))
	if errors.Is(err, jetstream.ErrConsumerNotFound) {
		return schemas.Errorf(schemas.CodeConflict, "dead letter %d is for the webhook %q, which is not registered any more", l.ID, name).
			WithHint("Add a webhook of that name first, or remove the letter: insights dead-letters remove %d", l.ID)
	}
	if err != nil {
		return wrap(err, "look at the queue of webhook", name)
	}
	return nil
}

// carried are the headers that a message takes along when it is published
// elsewhere: those of NATS ("Nats-Msg-Id", "Nats-Expected-Stream") were about
// the first publish, and would have the second one refused.
func carried(h nats.Header) nats.Header {
	out := nats.Header{}
	for k, v := range h {
		if !strings.HasPrefix(k, "Nats-") {
			out[k] = v
		}
	}
	return out
}

// works tells whether a dead letter came from one of the work streams.
func (b *Bus) works(l schemas.DeadLetter) bool {
	if l.Subject == "" || l.Stream == schemas.StreamDead {
		return false
	}
	return slices.ContainsFunc(b.streams(), func(c jetstream.StreamConfig) bool { return c.Name == l.Stream })
}

// RemoveDead deletes a dead letter and its message. CodeNotFound when there is none.
func (b *Bus) RemoveDead(ctx context.Context, id uint64) error {
	s, err := b.js.Stream(ctx, schemas.StreamDead)
	if err != nil {
		return wrap(err, "open stream", schemas.StreamDead)
	}
	err = s.DeleteMsg(ctx, id)
	if err == nil {
		return nil
	}
	// The server has one error for all that may be wrong: ask what it is.
	if _, gone := b.dead(ctx, id); schemas.CodeOf(gone) == schemas.CodeNotFound && gone != nil {
		return gone
	}
	return wrap(err, "remove dead letter", strconv.FormatUint(id, 10))
}

func (b *Bus) dead(ctx context.Context, id uint64) (*jetstream.RawStreamMsg, error) {
	s, err := b.js.Stream(ctx, schemas.StreamDead)
	if err != nil {
		return nil, wrap(err, "open stream", schemas.StreamDead)
	}
	if id == 0 {
		return nil, errNoDead(id) // the server would take 0 for "any"
	}
	m, err := s.GetMsg(ctx, id)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return nil, errNoDead(id)
	}
	if err != nil {
		return nil, wrap(err, "read dead letter", strconv.FormatUint(id, 10))
	}
	return m, nil
}

func errNoDead(id uint64) error {
	return schemas.Errorf(schemas.CodeNotFound, "there is no dead letter %d", id).
		WithHint("list them: insights dead-letters list; they are kept for 14 days")
}

func deadOf(m jetstream.Msg) (schemas.DeadLetter, error) {
	meta, err := m.Metadata()
	if err != nil {
		return schemas.DeadLetter{}, err
	}
	return deadLetter(meta.Sequence.Stream, meta.Timestamp, m.Headers()), nil
}

func deadLetter(id uint64, at time.Time, h nats.Header) schemas.DeadLetter {
	d := schemas.DeadLetter{
		ID: id, At: at.UTC(),
		Stream: h.Get(headerStream), Subject: h.Get(headerSubject), Kind: h.Get(headerKind),
		AccountID: schemas.AccountID(h.Get(headerAccount)), Scan: h.Get(headerScan), Scope: h.Get(headerScope),
		Reason: h.Get(headerReason),
	}
	d.Unit.Region, d.Unit.Service, _ = strings.Cut(h.Get(headerUnit), "/")
	d.Seq, _ = strconv.ParseUint(h.Get(headerSeq), 10, 64)
	d.Number, _ = strconv.Atoi(h.Get(headerNumber))
	return d
}
