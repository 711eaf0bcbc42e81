package bus

import (
	"context"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// Limits above which a queue takes no further pulls.
const (
	queueMessages = 64
	queueBytes    = 4 << 20
)

// queue holds the messages that a partition has been given and not settled. All
// of them are kept alive at the server, also those that wait for their turn:
// otherwise a slow handler would have them delivered twice.
type queue struct {
	mu      sync.Mutex
	waiting []jetstream.Msg
	active  []jetstream.Msg
	bytes   int           // of waiting
	changed chan struct{} // closed and replaced at every change
}

func newQueue() *queue { return &queue{changed: make(chan struct{})} }

func (q *queue) signal() {
	close(q.changed)
	q.changed = make(chan struct{})
}

func (q *queue) push(m jetstream.Msg) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waiting = append(q.waiting, m)
	q.bytes += len(m.Data())
	q.signal()
}

// room blocks until another pull may be made; false when ctx ended.
func (q *queue) room(ctx context.Context) bool {
	for ctx.Err() == nil {
		q.mu.Lock()
		ok, changed := len(q.waiting) < queueMessages && q.bytes < queueBytes, q.changed
		q.mu.Unlock()
		if ok {
			return true
		}
		select {
		case <-ctx.Done():
		case <-changed:
		}
	}
	return false
}

// gathered waits up to idle for a first message and then up to gather for more, until
// there are n of limit bytes. False when there is none.
func (q *queue) gathered(ctx context.Context, n, limit int, gather, idle time.Duration) bool {
	if !q.until(ctx, idle, func() bool { return len(q.waiting) > 0 }) {
		return false
	}
	// A full queue gets no more, however long one waits.
	q.until(ctx, gather, func() bool { return len(q.waiting) >= min(n, queueMessages) || q.bytes >= min(limit, queueBytes) })
	return true
}

// take makes at most n messages of about limit bytes active.
func (q *queue) take(n, limit int) []jetstream.Msg {
	q.mu.Lock()
	defer q.mu.Unlock()
	k, size := 0, 0
	for k < len(q.waiting) && k < n && (k == 0 || size < limit) {
		size += len(q.waiting[k].Data())
		k++
	}
	q.active = append([]jetstream.Msg(nil), q.waiting[:k]...)
	q.waiting = append([]jetstream.Msg(nil), q.waiting[k:]...)
	q.bytes -= size
	q.signal()
	return q.active
}

// until waits for cond, at most d; it tells whether cond holds.
func (q *queue) until(ctx context.Context, d time.Duration, cond func() bool) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	for {
		q.mu.Lock()
		ok, changed := cond(), q.changed
		q.mu.Unlock()
		if ok {
			return true
		}
		select {
		case <-changed:
		case <-t.C:
			return false
		case <-ctx.Done():
			return false
		}
	}
}

// done forgets the active messages: they have been settled.
func (q *queue) done() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.active = nil
}

// held is everything that has not been settled.
func (q *queue) held() []jetstream.Msg {
	q.mu.Lock()
	defer q.mu.Unlock()
	return append(append([]jetstream.Msg(nil), q.active...), q.waiting...)
}
