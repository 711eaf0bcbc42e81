package scanner

import (
	"context"
	"maps"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// mark is a point in the flow of messages with what was published before it and is not
// seen to be stored. What is not stored once everything up to it has been is lost, however
// busy the installation is.
type mark struct {
	passed func(context.Context) (bool, error)
	units  map[schemas.UnitKey]bool
	closes map[schemas.Scope]uint64
	looks  int
}

// forget leaves out a unit that is published again: what comes of it is behind the mark.
func (m *mark) forget(u schemas.UnitKey) {
	if m != nil {
		delete(m.units, u)
	}
}

// deadPolls is how many looks a dead letter may take to arrive.
const deadPolls = 3

// passMark notes what has to be stored by now: what was published before the mark, once
// that has been passed. Who looks for it in the store has to do so afterwards.
func (d *driver) passMark(ctx context.Context) error {
	d.late = mark{}
	if d.mark == nil {
		return nil
	}
	passed, err := d.mark.passed(ctx)
	d.mark.looks++
	if err != nil || !passed || d.mark.looks < deadPolls {
		return err
	}
	d.late, d.mark = *d.mark, nil
	return nil
}

// setMark sets the next mark behind all units that are neither queued nor stored and all
// closes. The queue must have been asked before: a worker publishes what it found before it
// lets go of a unit.
func (d *driver) setMark(ctx context.Context, views map[schemas.UnitKey]unitView) error {
	if d.mark != nil {
		return nil
	}
	next := &mark{units: map[schemas.UnitKey]bool{}, closes: maps.Clone(d.closeSent)}
	for u, v := range views {
		if d.asked[u] && !v.queued && !v.whole() {
			next.units[u] = true
		}
	}
	if len(next.units)+len(next.closes) == 0 {
		return nil
	}
	var err error
	if next.passed, err = d.c.d.Bus.Watermark(ctx, d.scan.AccountID); err != nil {
		return err
	}
	d.mark = next
	return nil
}
