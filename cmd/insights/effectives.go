package main

import (
	"sync"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// effectives keeps the effective packs of all accounts in memory, as the bucket
// has them. It implements evaluator.Effectives.
type effectives struct {
	ready chan struct{} // closed when the first whole view is in

	mu   sync.RWMutex
	once sync.Once
	m    map[schemas.AccountID]schemas.Effective
}

func newEffectives() *effectives {
	return &effectives{ready: make(chan struct{}), m: map[schemas.AccountID]schemas.Effective{}}
}

// set takes one change of the bucket; v is nil when the key was deleted.
func (e *effectives) set(key string, v *schemas.Effective, rev uint64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if v == nil {
		delete(e.m, schemas.AccountID(key))
		return
	}
	eff := *v
	eff.Revision = rev
	e.m[schemas.AccountID(key)] = eff
}

func (e *effectives) synced() { e.once.Do(func() { close(e.ready) }) }

// Effective is the packs of an account; ok is false when it has no key yet.
func (e *effectives) Effective(a schemas.AccountID) (schemas.Effective, bool) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	eff, ok := e.m[a]
	return eff, ok
}
