package scanner

import (
	"context"
	"sync"
	"time"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// silence is after how long without a sign of life a unit no longer counts as
// being read. Workers give one every second.
const silence = 5 * time.Second

// liveUnits is what workers say of the units of a scan that they read. It is for
// people who watch: a restart of control forgets it, and the next sign of life
// brings it back.
type liveUnits struct {
	mu    sync.Mutex
	units map[schemas.UnitKey]liveUnit
}

type liveUnit struct {
	schemas.UnitProgress
	heard time.Time
}

func newLiveUnits() *liveUnits { return &liveUnits{units: map[schemas.UnitKey]liveUnit{}} }

func (l *liveUnits) hear(p schemas.UnitProgress, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if p.Seq >= l.units[p.Unit].Seq {
		l.units[p.Unit] = liveUnit{p, now}
	}
}

// add puts into t what is known of a unit that has not ended.
func (l *liveUnits) add(t *tally, u schemas.UnitKey, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	p, ok := l.units[u]
	if !ok {
		return
	}
	t.progress.Resources += p.Resources
	t.progress.Calls += p.Calls
	t.progress.Throttles += p.Throttles
	if now.Sub(p.heard) < silence {
		t.reading = append(t.reading, u)
	}
}

// listen hears what workers say of the scan until ctx ends.
func (d *driver) listen(ctx context.Context, a schemas.AccountID) {
	err := d.c.d.Bus.Progress(ctx, a, func(p schemas.UnitProgress) {
		if p.Scan == d.id {
			d.live.hear(p, d.c.d.Now())
		}
	})
	if err != nil && ctx.Err() == nil {
		d.c.d.Log.Warn().Err(err).Str("scan", d.id).Msg("listen to progress")
	}
}
