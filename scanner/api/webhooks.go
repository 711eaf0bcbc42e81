package api

import (
	"context"
	"net/http"
	"net/url"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// Webhooks is what Local needs of webhook.Webhooks.
type Webhooks interface {
	Add(ctx context.Context, w schemas.Webhook, by string) (schemas.Webhook, error)
	List(ctx context.Context) ([]schemas.WebhookStatus, error)
	Test(ctx context.Context, name string) (schemas.WebhookTest, error)
	Remove(ctx context.Context, name string) error
}

func (s *Server) webhookRoutes() {
	svc := s.c.Service
	s.op("ListWebhooks", "GET /v1/webhooks", ScopeAdmin, "The addresses that are told of changes (they often hold a secret), and what is still to be delivered to each.", svc.ListWebhooks)
	s.op("AddWebhook", "POST /v1/webhooks", ScopeAdmin, "Tell an address of violations that are opened, fixed and reopened; the secret is shown this once.", svc.AddWebhook).creates()
	s.op("TestWebhook", "POST /v1/webhooks/{webhook}/test", ScopeAdmin, "Send one message, and say what came of it.", svc.TestWebhook)
	s.op("RemoveWebhook", "DELETE /v1/webhooks/{webhook}", ScopeAdmin, "Tell an address no more; what was still to be delivered is forgotten.", svc.RemoveWebhook)
}

// AddWebhook implements Service.
func (l *Local) AddWebhook(ctx context.Context, w schemas.Webhook) (schemas.Webhook, error) {
	added, err := l.p.Webhooks.Add(ctx, w, Actor(ctx))
	if err == nil {
		shown := added
		shown.Secret, shown.URL = "", host(shown.URL)
		l.record(ctx, "webhook", added.Name, shown)
	}
	return added, err
}

// host is an address without what may be a secret in it: user, path and query.
func host(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// ListWebhooks implements Service.
func (l *Local) ListWebhooks(ctx context.Context) ([]schemas.WebhookStatus, error) {
	return l.p.Webhooks.List(ctx)
}

// TestWebhook implements Service.
func (l *Local) TestWebhook(ctx context.Context, name string) (schemas.WebhookTest, error) {
	return l.p.Webhooks.Test(ctx, name)
}

// RemoveWebhook implements Service.
func (l *Local) RemoveWebhook(ctx context.Context, name string) error {
	err := l.p.Webhooks.Remove(ctx, name)
	if err == nil {
		l.record(ctx, "webhook", name, nil)
	}
	return err
}

// AddWebhook implements Service.
func (c *Client) AddWebhook(ctx context.Context, w schemas.Webhook) (schemas.Webhook, error) {
	return send[schemas.Webhook](ctx, c, http.MethodPost, w, "webhooks")
}

// ListWebhooks implements Service.
func (c *Client) ListWebhooks(ctx context.Context) ([]schemas.WebhookStatus, error) {
	return list[schemas.WebhookStatus](ctx, c, nil, "webhooks")
}

// TestWebhook implements Service.
func (c *Client) TestWebhook(ctx context.Context, name string) (schemas.WebhookTest, error) {
	return send[schemas.WebhookTest](ctx, c, http.MethodPost, nil, "webhooks", name, "test")
}

// RemoveWebhook implements Service.
func (c *Client) RemoveWebhook(ctx context.Context, name string) error {
	return c.remove(ctx, "webhooks", name)
}
