package discovery

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// watchEvery is how often a running attempt tells how far it is, and asks whether
// it is still wanted.
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
	if err != nil && errors.Is(context.Cause(ctx), errCancelled) {
		return errCancelled
	}
	return err
}

func (a *attempt) watch(ctx context.Context, stop context.CancelCauseFunc) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		a.tell(ctx)
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

// tell says how far the attempt is. Nobody may hear it.
func (a *attempt) tell(ctx context.Context) {
	p := &schemas.UnitProgress{
		Scan: a.unit.Scan, AccountID: a.unit.Account.ID, Unit: a.unit.Unit, Seq: a.seq, Resources: a.emitted.Load(),
	}
	a.mu.Lock()
	reader := a.reader
	a.mu.Unlock()
	if reader != nil {
		p.Calls, p.Throttles = reader.Calls()
	}
	if err := a.w.d.Publisher.PublishProgress(ctx, p); err != nil {
		a.w.d.Log.Debug().Err(err).Str("scan", p.Scan).Stringer("unit", p.Unit).Msg("tell progress")
	}
}
