package evaluator

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// cache keeps engines warm by pack digest and configuration. An engine is
// loaded once however many ask for it, and is never closed while in use.
type cache struct {
	most   int
	memory int64 // bytes that engines may hold outside of this process
	load   func(context.Context, schemas.EffectivePack) (held, error)
	log    zerolog.Logger

	mu      sync.Mutex
	entries map[string]*entry
	clock   uint64 // counts uses, to find the least recent one
	closed  bool   // nothing is kept any more
}

type entry struct {
	key   string
	ready chan struct{} // closed when engine or err is set
	held
	err   error
	users int
	used  uint64
}

// held is an engine, and what lets go of the files that it may need as long as it
// is kept.
type held struct {
	engine  Engine
	release func()
}

func (h held) close() error {
	defer h.release()
	return h.engine.Close()
}

func newCache(most int, memory int64, load func(context.Context, schemas.EffectivePack) (held, error), log zerolog.Logger) *cache {
	return &cache{most: most, memory: memory, load: load, log: log, entries: map[string]*entry{}}
}

// cacheKey names what an engine depends on.
func cacheKey(p schemas.EffectivePack) (string, error) {
	doc, err := json.Marshal(p.Config) // map keys come sorted
	if err != nil {
		return "", schemas.Errorf(schemas.CodeInvalid, "configuration of %s: %w", p.Name, err)
	}
	sum := sha256.Sum256(doc)
	return p.Digest + "/" + hex.EncodeToString(sum[:]), nil
}

// get returns the engine of a pack and what to call when done with it.
func (c *cache) get(ctx context.Context, p schemas.EffectivePack) (Engine, func(), error) {
	key, err := cacheKey(p)
	if err != nil {
		return nil, nil, err
	}
	c.mu.Lock()
	e, ok := c.entries[key]
	if !ok {
		e = &entry{key: key, ready: make(chan struct{})}
		c.entries[key] = e
	}
	e.users++
	c.clock++
	e.used = c.clock
	c.mu.Unlock()
	if !ok {
		go c.fill(ctx, e, p)
	}
	select {
	case <-e.ready:
	case <-ctx.Done():
		c.release(e)
		return nil, nil, ctx.Err()
	}
	if e.err != nil {
		c.release(e)
		return nil, nil, e.err
	}
	return e.engine, func() { c.release(e) }, nil
}

// loadTimeout bounds loading, which may bring a pack hundreds of megabytes of
// dependencies. It does not end with the one who asked first: others may be
// waiting for the same engine.
const loadTimeout = 15 * time.Minute

func (c *cache) fill(ctx context.Context, e *entry, p schemas.EffectivePack) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), loadTimeout)
	defer cancel()
	loaded, err := c.load(ctx, p)
	c.mu.Lock()
	e.held, e.err = loaded, err
	if err != nil {
		delete(c.entries, e.key) // the next one tries again
	}
	close(e.ready)
	if e.users > 0 {
		c.mu.Unlock() // who waits for it makes room when giving it back
		return
	}
	c.unlock()
}

func (c *cache) release(e *entry) {
	c.mu.Lock()
	e.users--
	c.unlock()
}

func (c *cache) close() {
	c.mu.Lock()
	c.closed = true
	c.unlock()
}

// unlock lets go of the lock and then closes the engines that are too many.
// Measuring one and closing one may wait for a process: nobody else waits then.
func (c *cache) unlock() {
	var engines []*entry
	for _, e := range c.entries {
		if e.engine != nil {
			engines = append(engines, e)
		}
	}
	c.mu.Unlock()
	sizes := map[*entry]int64{}
	if len(engines) > 1 { // one alone may hold what it needs
		for _, e := range engines {
			sizes[e] = memoryOf(e)
		}
	}
	var idle []held
	var memory int64
	c.mu.Lock()
	for _, e := range c.entries { // others may have closed some meanwhile
		memory += sizes[e]
	}
	for e := c.oldest(); e != nil && c.full(memory); e = c.oldest() {
		delete(c.entries, e.key)
		memory -= sizes[e]
		idle = append(idle, e.held)
	}
	c.mu.Unlock()
	for _, h := range idle {
		if err := h.close(); err != nil {
			c.log.Warn().Err(err).Msg("close an engine")
		}
	}
}

// full tells whether there are more engines than should be kept, or they hold
// more memory than they should. One alone may: closing it would only make it
// load again.
func (c *cache) full(memory int64) bool {
	return c.closed || len(c.entries) > c.most || len(c.entries) > 1 && memory > c.memory
}

func memoryOf(e *entry) int64 {
	if r, ok := e.engine.(Resident); ok {
		return r.Memory()
	}
	return 0
}

// oldest is the least recently used engine that nobody uses.
func (c *cache) oldest() *entry {
	var oldest *entry
	for _, e := range c.entries {
		if e.users == 0 && e.engine != nil && (oldest == nil || e.used < oldest.used) {
			oldest = e
		}
	}
	return oldest
}
