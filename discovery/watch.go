package discovery

import (
	"context"
	"sync"
	"time"
)

// watchEvery is how often a running attempt asks whether it is still wanted.
const watchEvery = time.Second

// watched runs read under a context that ends soon after the scan was cancelled,
// whatever read waits for by then: a slow service, a limiter, a full stream. The
// error then is errCancelled.
func (a *attempt) watched(ctx context.Context, read func(context.Context) error) error {
	ctx, stop := context.WithCancelCause(ctx)
	var wg sync.WaitGroup
	wg.Go(func() { a.watch(ctx, stop) })
	err := read(ctx)
	stop(nil)
	wg.Wait()
	if err != nil && context.Cause(ctx) == errCancelled {
		return errCancelled
	}
	return err
}

func (a *attempt) watch(ctx context.Context, stop context.CancelCauseFunc) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		// Asked in vain, it is asked again; nothing is published without asking.
		if cancelled, err := a.w.d.Scans.Cancelled(ctx, a.unit.Account.ID, a.unit.Scan); err == nil && cancelled {
			stop(errCancelled)
			return
		}
	}
}
