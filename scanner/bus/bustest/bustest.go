// Package bustest starts a real NATS server with JetStream inside a test.
package bustest

import (
	"context"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/rs/zerolog"

	"github.com/insights-scanner/insights-scanner/scanner/bus"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// Server starts a server that keeps its streams in a directory of the test and
// stops with it. It does not listen; connect with bus.Options.InProcess.
func Server(t testing.TB) *server.Server {
	t.Helper()
	return ServerIn(t, t.TempDir())
}

// ServerIn is Server with the store in dir, so that a test can start another
// one on what the first one left.
func ServerIn(t testing.TB, dir string) *server.Server {
	t.Helper()
	s, err := server.NewServer(&server.Options{
		StoreDir: dir, JetStream: true, DontListen: true, MaxPayload: 2 << 20, NoSigs: true, NoLog: true,
	})
	if err != nil {
		t.Fatalf("new NATS server: %v", err)
	}
	s.Start()
	if !s.ReadyForConnections(20 * time.Second) {
		t.Fatal("NATS server did not start")
	}
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	return s
}

// Connect connects to s with delays that suit tests, sets everything up, and
// closes with the test. AckWait and LeaseTTL are longer than a busy machine keeps a
// process waiting: else tests that count would see messages twice. Those in which
// somebody dies set them lower.
func Connect(t testing.TB, s *server.Server, change ...func(*bus.Options)) *bus.Bus {
	t.Helper()
	o := bus.Options{
		InProcess: s, Name: t.Name(), Log: zerolog.Nop(),
		AckWait: 10 * time.Second, LeaseTTL: 3 * time.Second, RetryDelay: time.Millisecond,
	}
	for _, f := range change {
		f(&o)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	b, err := bus.Connect(ctx, o)
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	if err := b.Setup(ctx); err != nil {
		t.Fatalf("set up: %v", err)
	}
	t.Cleanup(b.Close)
	return b
}

// Start is a fresh server with a connection to it.
func Start(t testing.TB, change ...func(*bus.Options)) *bus.Bus {
	t.Helper()
	return Connect(t, Server(t), change...)
}

// Stored tells whether all that was published of an account is judged and stored.
func Stored(t testing.TB, b *bus.Bus, a schemas.AccountID) bool {
	t.Helper()
	passed, err := b.Watermark(t.Context(), a)
	for range 3 * 3 { // each of three consumers has to be seen idle as often
		stored := false
		if err == nil {
			stored, err = passed(t.Context())
		}
		if err != nil {
			t.Fatal(err)
		}
		if stored {
			return true
		}
	}
	return false
}
