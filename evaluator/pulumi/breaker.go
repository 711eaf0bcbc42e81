package pulumi

import (
	"fmt"
	"sync"
	"time"
)

// How many failures in a row, without one answer between, make a pack rest. A
// resource ends a process twice before it is given up, and up to width of them
// may do so at the same time, beside others that do not.
const (
	maxUnstarted = 3
	maxDeaths    = 2 * width
)

// breaker keeps a pack whose process fails again and again from being started
// for every resource.
type breaker struct {
	now   func() time.Time
	pause time.Duration

	mu        sync.Mutex
	unstarted int
	deaths    int
	until     time.Time
	why       string
}

// open says why the pack rests; empty when it does not.
func (b *breaker) open() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.now().Before(b.until) {
		return ""
	}
	return b.why
}

// answered is told of every answer.
func (b *breaker) answered() {
	b.mu.Lock()
	b.unstarted, b.deaths = 0, 0
	b.mu.Unlock()
}

// failed is told that the process could not be started, or ended.
func (b *breaker) failed(started bool, why string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	n, most := &b.unstarted, maxUnstarted
	if started {
		n, most = &b.deaths, maxDeaths
	}
	if *n++; *n >= most {
		b.until = b.now().Add(b.pause)
		b.why = fmt.Sprintf("the pack rests for %s, it failed %d times in a row: %s", b.pause, *n, why)
	}
}
