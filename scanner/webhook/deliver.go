package webhook

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/insights-scanner/insights-scanner/schemas"
)

const (
	publishing = 16 // changes queued at once
	delivering = 4  // deliveries to one webhook at once

	longestWait = time.Minute // until a queue that cannot be read is tried again
)

func (w *Webhooks) publish(ctx context.Context, hooks []schemas.Webhook, changes []schemas.ViolationChange) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(publishing)
	for _, h := range hooks {
		for i := range changes {
			if h.Wants(&changes[i]) {
				g.Go(func() error { return w.Queue.PublishWebhook(ctx, h.Name, &changes[i]) })
			}
		}
	}
	return g.Wait()
}

// Run delivers to every webhook, also those that are added meanwhile, until ctx
// ends; it then waits for deliveries that are under way and returns nil.
func (w *Webhooks) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	if err := w.clear(ctx); err != nil && ctx.Err() == nil {
		w.Log.Warn().Err(err).Msg("forget what is queued for removed webhooks")
	}
	running := map[string]context.CancelFunc{}
	defer func() {
		for _, stop := range running {
			stop()
		}
	}()
	err := w.Table.Watch(ctx, func(name string, h *schemas.Webhook, _ uint64) {
		if stop := running[name]; stop != nil {
			stop()
			delete(running, name)
		}
		if h == nil {
			return
		}
		hook, stop := context.WithCancel(ctx)
		running[name] = stop
		wg.Go(func() { w.serve(hook, *h) })
	}, nil)
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// serve delivers until ctx ends. A queue that cannot be read now is tried again:
// other webhooks, and whatever else the process does, go on.
func (w *Webhooks) serve(ctx context.Context, h schemas.Webhook) {
	for wait := w.Again; ; wait = min(2*wait, longestWait) {
		err := w.Queue.OpenWebhook(ctx, h.Name)
		if err == nil {
			err = w.Queue.Webhook(ctx, h.Name, delivering, func(ctx context.Context, c *schemas.ViolationChange) error {
				return w.deliver(ctx, h, c)
			})
		}
		if err == nil || ctx.Err() != nil {
			return
		}
		w.Log.Error().Err(err).Str("webhook", h.Name).Dur("again", wait).Msg("nothing is delivered to a webhook now")
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
	}
}

// deliver sends a change unless it is known to have arrived.
func (w *Webhooks) deliver(ctx context.Context, h schemas.Webhook, c *schemas.ViolationChange) error {
	id := h.Name + "." + c.EventID
	_, _, err := w.Delivered.Get(ctx, id)
	if err == nil || schemas.CodeOf(err) != schemas.CodeNotFound {
		return err
	}
	if _, err := w.send(ctx, h, c.EventID, "violation."+string(c.Transition), c); err != nil {
		return err
	}
	_, err = w.Delivered.Put(context.WithoutCancel(ctx), id, w.Now().UTC())
	return err
}

// message is a delivery's body, as Standard Webhooks has it.
type message struct {
	Type      string    `json:"type"`
	Timestamp time.Time `json:"timestamp"`
	Data      any       `json:"data"`
}

// send posts a message once. The error says what becomes of the delivery: another
// try later, or none when the receiver is gone for good.
func (w *Webhooks) send(ctx context.Context, h schemas.Webhook, id, kind string, data any) (status int, err error) {
	secret, err := w.Open(h.Secret)
	if err != nil {
		return 0, err
	}
	at := w.Now().UTC()
	m := message{Type: kind, Timestamp: at, Data: data}
	if c, is := data.(*schemas.ViolationChange); is {
		m.Timestamp = c.At
	}
	body, err := json.Marshal(m)
	if err != nil {
		return 0, schemas.Errorf(schemas.CodeInvalid, "encode a delivery: %w", err)
	}
	signature, err := Sign(secret, id, at, body)
	if err != nil {
		return 0, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, h.URL, bytes.NewReader(body))
	if err != nil {
		return 0, schemas.Errorf(schemas.CodeInvalid, "webhook %s: %w", h.Name, err)
	}
	for name, value := range map[string]string{
		"Content-Type": "application/json", "User-Agent": "insights-scanner",
		"webhook-id": id, "webhook-timestamp": strconv.FormatInt(at.Unix(), 10), "webhook-signature": signature,
	} {
		req.Header.Set(name, value)
	}
	res, err := w.client.Do(req)
	if err != nil {
		if u, ok := errors.AsType[*url.Error](err); ok {
			err = u.Err // without the address, in which a secret may stand
		}
		return 0, schemas.Errorf(schemas.CodeUnavailable, "webhook %s: %w", h.Name, err)
	}
	defer func() { _ = res.Body.Close() }()
	_, _ = io.CopyN(io.Discard, res.Body, 64<<10) // so that the connection can be used again
	return res.StatusCode, refused(h, res)
}

// refused is nil when the receiver took the message.
func refused(h schemas.Webhook, res *http.Response) error {
	switch {
	case res.StatusCode >= 200 && res.StatusCode <= 299:
		return nil
	case res.StatusCode == http.StatusGone:
		// Standard Webhooks: the receiver wants no more of these.
		return schemas.Errorf(schemas.CodeInvalid, "webhook %s: the receiver answered %s", h.Name, res.Status)
	}
	e := schemas.Errorf(schemas.CodeUnavailable, "webhook %s: the receiver answered %s", h.Name, res.Status)
	if n, err := strconv.Atoi(res.Header.Get("Retry-After")); err == nil && n > 0 {
		e.RetryAfter = time.Duration(n) * time.Second
	}
	return e
}

// Test sends a message of the type webhook.test, once.
func (w *Webhooks) Test(ctx context.Context, name string) (schemas.WebhookTest, error) {
	h, err := w.get(ctx, name)
	if err != nil {
		return schemas.WebhookTest{}, err
	}
	status, err := w.send(ctx, h, "test_"+strconv.FormatInt(w.Now().UnixNano(), 36), "webhook.test", map[string]string{"webhook": name})
	if err != nil {
		return schemas.WebhookTest{Status: status, Reason: err.Error()}, ctx.Err()
	}
	return schemas.WebhookTest{Delivered: true, Status: status}, nil
}
