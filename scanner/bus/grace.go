package bus

import (
	"context"
	"time"
)

// Grace returns the context of what is in hand when ctx ends: it ends
// Options.Grace later, so that what has begun can be finished while nothing new
// is taken. end is to be called when nothing is in hand any more.
func (b *Bus) Grace(ctx context.Context) (work context.Context, end context.CancelFunc) {
	if b.opt.Grace <= 0 {
		return ctx, func() {}
	}
	work, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		t := time.NewTimer(b.opt.Grace)
		defer t.Stop()
		select {
		case <-t.C:
			cancel(context.Cause(ctx))
		case <-work.Done():
		}
	})
	return work, func() {
		stop()
		cancel(nil)
	}
}
