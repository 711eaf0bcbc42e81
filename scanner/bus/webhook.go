package bus

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// A delivery that fails is tried again for about three days: after seconds, then
// minutes, then once an hour.
const (
	maxWebhookTries = 84
	maxWebhookDelay = time.Hour
)

func webhookConsumer(name string) string { return "webhook-" + name }

// OpenWebhook makes the queue of a webhook, if it is not there.
func (b *Bus) OpenWebhook(ctx context.Context, name string) error {
	_, err := b.js.CreateOrUpdateConsumer(ctx, schemas.StreamWebhooks, jetstream.ConsumerConfig{
		Durable: webhookConsumer(name), FilterSubject: schemas.SubjectWebhook(name), AckPolicy: jetstream.AckExplicitPolicy,
		AckWait: b.opt.AckWait, MaxDeliver: -1, MaxAckPending: 4096,
	})
	if err != nil {
		return wrap(err, "open the queue of webhook", name)
	}
	return nil
}

// CloseWebhook forgets the queue of a webhook and what is in it.
func (b *Bus) CloseWebhook(ctx context.Context, name string) error {
	err := b.js.DeleteConsumer(ctx, schemas.StreamWebhooks, webhookConsumer(name))
	if err != nil && !errors.Is(err, jetstream.ErrConsumerNotFound) {
		return wrap(err, "close the queue of webhook", name)
	}
	s, err := b.js.Stream(ctx, schemas.StreamWebhooks)
	if err == nil {
		err = s.Purge(ctx, jetstream.WithPurgeSubject(schemas.SubjectWebhook(name)))
	}
	if err != nil {
		return wrap(err, "clear the queue of webhook", name)
	}
	return nil
}

// ClearWebhooks forgets what is queued for webhooks that are not registered, as a
// process leaves it that died while it removed one, or queued for it meanwhile. What
// is queued after it began stays, for a webhook of that name may be added again.
func (b *Bus) ClearWebhooks(ctx context.Context, registered func(ctx context.Context, name string) (bool, error)) error {
	const all = "webhooks.>"
	s, err := b.js.Stream(ctx, schemas.StreamWebhooks)
	if err != nil {
		return wrap(err, "look at", schemas.StreamWebhooks)
	}
	info, err := s.Info(ctx, jetstream.WithSubjectFilter(all))
	if err != nil {
		return wrap(err, "look at", schemas.StreamWebhooks)
	}
	for subject := range info.State.Subjects {
		name := webhookOf(subject)
		is, err := registered(ctx, name)
		if err != nil {
			return err
		}
		if is {
			continue
		}
		if err := s.Purge(ctx, jetstream.WithPurgeSubject(subject), jetstream.WithPurgeSequence(info.State.LastSeq+1)); err != nil {
			return wrap(err, "clear the queue of webhook", name)
		}
		b.log.Info().Str("webhook", name).Msg("forgot what was queued for a webhook that was removed")
	}
	return nil
}

// webhookOf is the inverse of schemas.SubjectWebhook.
func webhookOf(subject string) string { return strings.TrimPrefix(subject, schemas.SubjectWebhook("")) }

// PendingWebhook is how many changes are still to be delivered.
func (b *Bus) PendingWebhook(ctx context.Context, name string) (uint64, error) {
	c, err := b.js.Consumer(ctx, schemas.StreamWebhooks, webhookConsumer(name))
	if errors.Is(err, jetstream.ErrConsumerNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, wrap(err, "look at the queue of webhook", name)
	}
	info, err := c.Info(ctx)
	if err != nil {
		return 0, wrap(err, "look at the queue of webhook", name)
	}
	return info.NumPending + uint64(max(info.NumAckPending, 0)), nil
}

// PublishWebhook queues a change for a webhook. The same event within two minutes
// is dropped by the server. Errors as in PublishBatch.
func (b *Bus) PublishWebhook(ctx context.Context, name string, c *schemas.ViolationChange) error {
	return b.publish(ctx, envelope{
		kind: schemas.KindWebhook, subject: schemas.SubjectWebhook(name), id: "w/" + name + "/" + c.EventID,
		account: c.AccountID, scan: c.Scan, body: c,
	})
}

// Webhook hands the changes queued for a webhook to h. See Units.
func (b *Bus) Webhook(ctx context.Context, name string, parallel int, h func(context.Context, *schemas.ViolationChange) error) error {
	return b.each(ctx, schemas.StreamWebhooks, webhookConsumer(name), parallel, func(ctx context.Context, m jetstream.Msg) error {
		c := new(schemas.ViolationChange)
		if err := b.decode(ctx, m, c); err != nil {
			return err
		}
		return h(ctx, c)
	})
}
