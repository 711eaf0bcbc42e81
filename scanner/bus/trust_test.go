package bus

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// away is a bucket whose server is gone: renewals get no answer, or fail at once.
// No real server can be had at an exact time of a clock that the test owns.
type away struct {
	jetstream.KeyValue
	silent bool
	until  time.Time // before, renewals succeed
}

func (a away) Update(ctx context.Context, _ string, _ []byte, last uint64) (uint64, error) {
	switch {
	case time.Now().Before(a.until):
		return last + 1, nil
	case a.silent:
		<-ctx.Done()
		return 0, ctx.Err()
	default:
		return 0, errors.New("connection closed")
	}
}

// The clock is the bubble's, so the times are exact, whatever the load.
func TestLeaseIsTrustedForThreeQuartersOfItsTTL(t *testing.T) {
	t.Parallel()
	const ttl = 20 * time.Second
	for _, silent := range []bool{true, false} {
		for renewed, want := range map[time.Duration]time.Duration{
			0:                0,                // the last renewal that succeeds is the first one, as taken
			9 * time.Second:  8 * time.Second,  // renewals are every 4 seconds
			41 * time.Second: 40 * time.Second, // it is held for longer than its TTL
		} {
			synctest.Test(t, func(t *testing.T) {
				begun := time.Now()
				held, cancel := context.WithCancelCause(t.Context())
				l := &lease{kv: away{silent: silent, until: begun.Add(renewed)}, ttl: ttl, trusted: begun}
				l.keep(held, cancel)
				if got := time.Since(begun); got != want+15*time.Second {
					t.Errorf("silent %t: trusted for %s after the renewal at %s, want 15s", silent, got-want, want)
				}
				if err := context.Cause(held); schemas.CodeOf(err) != schemas.CodeFenced {
					t.Errorf("ended with %v", err)
				}
			})
		}
	}
}
