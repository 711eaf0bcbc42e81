package bus

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

func isUnit(m jetstream.Msg) bool { return strings.HasPrefix(m.Subject(), "units.") }

// triesOf is how often a message has been tried, this time included. Of units NATS
// does not know: it counts deliveries, and most of theirs may have been put off.
func triesOf(m jetstream.Msg) uint64 {
	if !isUnit(m) {
		return deliveryOf(m)
	}
	failures, err := strconv.ParseUint(m.Headers().Get(headerFailures), 10, 64)
	if err != nil {
		failures = 0 // it has not failed yet
	}
	return failures + 1
}

// failUnit publishes a unit anew that failed at its n-th try, with the count and the time before
// which it is not to be tried again, and tells whether it did.
func (b *Bus) failUnit(ctx context.Context, m jetstream.Msg, n uint64, delay time.Duration) bool {
	again := &nats.Msg{Subject: m.Subject(), Header: carried(m.Headers()), Data: m.Data()}
	again.Header.Set(headerFailures, strconv.FormatUint(n, 10))
	again.Header.Set(headerNotBefore, time.Now().Add(delay).Format(time.RFC3339Nano))
	if _, err := b.js.PublishMsg(ctx, again); err != nil {
		b.note(m, err, "publish again")
		return false
	}
	b.note(m, m.Ack(), "ack")
	return true
}

// untilDue is how long a message is not to be tried yet.
func untilDue(m jetstream.Msg) time.Duration {
	at, err := time.Parse(time.RFC3339Nano, m.Headers().Get(headerNotBefore))
	if err != nil {
		return 0 // it has not failed yet
	}
	return min(time.Until(at), maxRetryDelay)
}
