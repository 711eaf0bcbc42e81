package scanner

import (
	"context"
	"sync"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// maxDeadScans bounds the memory of dead letters: those of the scans seen
// longest ago are forgotten first.
const maxDeadScans = 1000

// deadLetters remembers, per scan, what was given up. It is rebuilt from the
// stream when a process starts.
type deadLetters struct {
	mu     sync.Mutex
	byScan map[string]*deadScan
	order  []string
}

type deadScan struct {
	units  map[schemas.UnitKey]schemas.DeadLetter // the newest by seq
	closes map[string]uint64                      // scope -> seq
}

func newDeadLetters() *deadLetters { return &deadLetters{byScan: map[string]*deadScan{}} }

func (d *deadLetters) add(l schemas.DeadLetter) {
	if l.Scan == "" {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	s := d.byScan[l.Scan]
	if s == nil {
		s = &deadScan{units: map[schemas.UnitKey]schemas.DeadLetter{}, closes: map[string]uint64{}}
		d.byScan[l.Scan] = s
		d.order = append(d.order, l.Scan)
		if len(d.order) > maxDeadScans {
			delete(d.byScan, d.order[0])
			d.order = d.order[1:]
		}
	}
	if l.Kind == schemas.KindClose {
		s.closes[l.Scope] = max(s.closes[l.Scope], l.Seq)
		return
	}
	if old, ok := s.units[l.Unit]; !ok || l.Seq >= old.Seq || l.Kind == schemas.KindUnit {
		s.units[l.Unit] = l
	}
}

// unit is the newest dead letter of a unit of a scan, nil without one.
func (d *deadLetters) unit(scan string, u schemas.UnitKey) *schemas.DeadLetter {
	d.mu.Lock()
	defer d.mu.Unlock()
	if s := d.byScan[scan]; s != nil {
		if l, ok := s.units[u]; ok {
			return &l
		}
	}
	return nil
}

// close tells whether a close of at least this seq was given up.
func (d *deadLetters) close(scan string, s schemas.Scope, seq uint64) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	ds := d.byScan[scan]
	return ds != nil && ds.closes[s.String()] >= seq
}

func (c *Control) watchDead(ctx context.Context) {
	for ctx.Err() == nil {
		err := c.d.Bus.DeadLetters(ctx, func(l schemas.DeadLetter) {
			c.dead.add(l)
			c.nudge()
		})
		if ctx.Err() == nil {
			c.d.Log.Warn().Err(err).Msg("watch dead letters")
			_ = c.wait(ctx)
		}
	}
}
