package bus

import (
	"context"
	"encoding/json"

	"github.com/nats-io/nats.go"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// PublishProgress tells whoever listens how far an attempt is. It does not wait
// for anybody to hear it; the error is that of a connection that is closed.
func (b *Bus) PublishProgress(_ context.Context, p *schemas.UnitProgress) error {
	data, err := json.Marshal(p)
	if err != nil {
		return schemas.Errorf(schemas.CodeInternal, "encode progress: %w", err)
	}
	if err := b.nc.Publish(schemas.SubjectProgress(p.AccountID), data); err != nil {
		return wrap(err, "publish", "progress")
	}
	return nil
}

// Progress calls fn with what workers say of the units of an account from now
// on, one at a time, until ctx ends, when it returns nil.
func (b *Bus) Progress(ctx context.Context, a schemas.AccountID, fn func(schemas.UnitProgress)) error {
	sub, err := b.nc.Subscribe(schemas.SubjectProgress(a), func(m *nats.Msg) {
		var p schemas.UnitProgress
		if err := json.Unmarshal(m.Data, &p); err != nil {
			b.log.Warn().Err(err).Msg("decode progress")
			return
		}
		fn(p)
	})
	if err != nil {
		return wrap(err, "listen to", "progress")
	}
	<-ctx.Done()
	_ = sub.Unsubscribe() // the connection may be gone, and the subscription with it
	return nil
}
