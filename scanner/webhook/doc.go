// Package webhook tells addresses of violations that were opened, fixed and
// reopened, signed as Standard Webhooks has it (standardwebhooks.com).
//
// The sink queues a change before it writes the state that follows from it, and has
// noted both before: a crash queues it again, never loses it, and what was queued
// becomes state. Its id is that of the event: a hash of
// the finding, the order and the transition. A delivery is acknowledged after the
// receiver took it; a crash in between delivers it again, under the same id.
package webhook

import (
	"context"
	"net/http"
	"time"

	"github.com/rs/zerolog"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// Table is the part of a key-value table that webhooks need; see bus.Table.
type Table[T any] interface {
	Create(ctx context.Context, key string, v T) (rev uint64, err error)
	Get(ctx context.Context, key string) (v T, rev uint64, err error)
	Put(ctx context.Context, key string, v T) (rev uint64, err error)
	Delete(ctx context.Context, key string) error
	List(ctx context.Context, prefix string, fn func(key string, v T, rev uint64) error) error
	Watch(ctx context.Context, fn func(key string, v *T, rev uint64), synced func()) error
}

// Queue holds what is to be delivered to each webhook; see bus.Bus.
type Queue interface {
	OpenWebhook(ctx context.Context, name string) error
	CloseWebhook(ctx context.Context, name string) error
	ClearWebhooks(ctx context.Context, registered func(ctx context.Context, name string) (bool, error)) error
	PendingWebhook(ctx context.Context, name string) (uint64, error)
	PublishWebhook(ctx context.Context, name string, c *schemas.ViolationChange) error
	Webhook(ctx context.Context, name string, parallel int, h func(context.Context, *schemas.ViolationChange) error) error
}

// Deps are what Webhooks are made of.
type Deps struct {
	Table     Table[schemas.Webhook] // schemas.BucketWebhooks; secrets sealed
	Delivered Table[time.Time]       // schemas.BucketDelivered
	Queue     Queue
	Seal      func(text string) string
	Open      func(sealed string) (string, error)
	Log       zerolog.Logger
	Now       func() time.Time
	Timeout   time.Duration // of a delivery; default 20 s
	Again     time.Duration // until a queue that cannot be read is tried again, at first; default 1 s
}

// Webhooks are the addresses that are told.
type Webhooks struct {
	Deps
	client *http.Client
}

// New puts webhooks together.
func New(d Deps) *Webhooks {
	if d.Timeout == 0 {
		d.Timeout = 20 * time.Second
	}
	if d.Again == 0 {
		d.Again = time.Second
	}
	return &Webhooks{Deps: d, client: &http.Client{
		Timeout: d.Timeout,
		// What is signed for one address must not be led to another.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}
