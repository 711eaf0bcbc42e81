package webhook

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// Add registers a webhook and returns it with its secret, which is shown nowhere
// else. Errors: CodeInvalid, CodeConflict when the name is taken.
func (w *Webhooks) Add(ctx context.Context, h schemas.Webhook, by string) (schemas.Webhook, error) {
	if err := h.Validate(); err != nil {
		return schemas.Webhook{}, err
	}
	if h.Secret == "" {
		h.Secret = newSecret()
	}
	if _, err := keyOf(h.Secret); err != nil {
		return schemas.Webhook{}, err
	}
	h.CreatedAt, h.CreatedBy = w.Now().UTC().Truncate(time.Millisecond), by
	sealed := h
	sealed.Secret = w.Seal(h.Secret)
	// The queue is there before anything is put into it.
	if err := w.Queue.OpenWebhook(ctx, h.Name); err != nil {
		return schemas.Webhook{}, err
	}
	if _, err := w.Table.Create(ctx, h.Name, sealed); err != nil {
		if schemas.CodeOf(err) == schemas.CodeConflict {
			err = schemas.Errorf(schemas.CodeConflict, "there is a webhook named %q already", h.Name)
		}
		return schemas.Webhook{}, err
	}
	return h, nil
}

// List returns every webhook by name, without secrets.
func (w *Webhooks) List(ctx context.Context) ([]schemas.WebhookStatus, error) {
	list := []schemas.WebhookStatus{}
	err := w.Table.List(ctx, "", func(_ string, h schemas.Webhook, _ uint64) error {
		h.Secret = ""
		list = append(list, schemas.WebhookStatus{Webhook: h})
		return nil
	})
	for i := range list {
		if err == nil {
			list[i].Pending, err = w.Queue.PendingWebhook(ctx, list[i].Name)
		}
	}
	slices.SortFunc(list, func(a, b schemas.WebhookStatus) int { return strings.Compare(a.Name, b.Name) })
	return list, err
}

func (w *Webhooks) get(ctx context.Context, name string) (h schemas.Webhook, err error) {
	if (schemas.Webhook{Name: name, URL: "http://x"}).Validate() == nil { // else it may be no key
		h, _, err = w.Table.Get(ctx, name)
	} else {
		err = schemas.Errorf(schemas.CodeNotFound, "none")
	}
	if err != nil && schemas.CodeOf(err) == schemas.CodeNotFound {
		err = schemas.Errorf(schemas.CodeNotFound, "there is no webhook %q", name).WithHint("list them: insights webhook list")
	}
	return h, err
}

// Remove ends a webhook; what was still to be delivered is forgotten.
func (w *Webhooks) Remove(ctx context.Context, name string) error {
	if _, err := w.get(ctx, name); err != nil {
		return err
	}
	if err := w.Table.Delete(ctx, name); err != nil {
		return err
	}
	return w.Queue.CloseWebhook(ctx, name)
}

// Announce queues changes for every webhook that wants them. It must be called
// before the state that follows from them is written, and be repeated when it fails.
// It looks again when all is queued: a webhook that was added meanwhile is told too,
// and what was queued for one that was removed meanwhile is forgotten.
func (w *Webhooks) Announce(ctx context.Context, changes []schemas.ViolationChange) error {
	told := map[string]bool{}
	for {
		var hooks []schemas.Webhook
		there := map[string]bool{}
		err := w.Table.List(ctx, "", func(name string, h schemas.Webhook, _ uint64) error {
			there[name] = true
			if !told[name] {
				hooks = append(hooks, h)
			}
			return nil
		})
		if err != nil {
			return err
		}
		if slices.ContainsFunc(slices.Collect(maps.Keys(told)), func(name string) bool { return !there[name] }) {
			if err := w.clear(ctx); err != nil {
				return err
			}
		}
		if len(hooks) == 0 {
			return nil
		}
		if err := w.publish(ctx, hooks, changes); err != nil {
			return err
		}
		for _, h := range hooks {
			told[h.Name] = true
		}
	}
}

// clear forgets what is queued for webhooks that are not registered.
func (w *Webhooks) clear(ctx context.Context) error {
	return w.Queue.ClearWebhooks(ctx, func(ctx context.Context, name string) (bool, error) {
		_, _, err := w.Table.Get(ctx, name)
		if err != nil && schemas.CodeOf(err) == schemas.CodeNotFound {
			return false, nil
		}
		return err == nil, err
	})
}
