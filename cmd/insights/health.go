package main

import (
	"context"
	"errors"
	"maps"
	"sync"
	"time"
)

// checkTimeout bounds what a probe or a scrape asks of others.
const checkTimeout = 5 * time.Second

// health says whether this process is ready for work, part by part.
type health struct {
	mu     sync.Mutex
	checks map[string]func(context.Context) error
}

// newHealth begins as not ready: process has to be settled by the node, and is
// not any more when the process was asked to end.
func newHealth() *health {
	h := &health{checks: map[string]func(context.Context) error{}}
	h.set("process", func(context.Context) error { return errors.New("starting") })
	return h
}

// set makes check the answer for a part.
func (h *health) set(part string, check func(context.Context) error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.checks[part] = check
}

// started settles the process, until it is asked to end.
func (h *health) started(process context.Context) {
	h.set("process", func(context.Context) error {
		if process.Err() != nil {
			return errors.New("draining: it finishes what is in hand and takes nothing new")
		}
		return nil
	})
}

// role marks a loop as running for as long as run does.
func (h *health) role(r role) role {
	h.set(r.name, func(context.Context) error { return errors.New("has not started") })
	return role{r.name, func(ctx context.Context) error {
		h.set(r.name, func(context.Context) error { return nil })
		defer h.set(r.name, func(context.Context) error { return errors.New("has ended") })
		return r.run(ctx)
	}}
}

const healthy = "ok"

// report asks every part, side by side; ready is true when all are well.
func (h *health) report(ctx context.Context) (parts map[string]string, ready bool) {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	h.mu.Lock()
	checks := maps.Clone(h.checks)
	h.mu.Unlock()
	parts, ready = map[string]string{}, true
	var mu sync.Mutex
	var wg sync.WaitGroup
	for part, check := range checks {
		wg.Go(func() {
			err := check(ctx)
			mu.Lock()
			defer mu.Unlock()
			if parts[part] = healthy; err != nil {
				parts[part], ready = err.Error(), false
			}
		})
	}
	wg.Wait()
	return parts, ready
}
