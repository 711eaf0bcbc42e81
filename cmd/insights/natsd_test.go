package main

import (
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/rs/zerolog"

	"github.com/insights-scanner/insights-scanner/scanner/bus"
	"github.com/insights-scanner/insights-scanner/schemas"
)

func TestEmbeddedNATS(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := startNATS(dir, "", zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	if a := s.Addr(); a != nil {
		t.Errorf("listens on %s without being asked", a)
	}
	if c := s.JetStreamConfig(); !c.SyncAlways {
		t.Error("does not write through to the disk")
	}
	b, err := bus.Connect(t.Context(), bus.Options{InProcess: s, Log: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if err := b.Setup(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, err = startNATS(dir, "", zerolog.Nop())
	if err == nil || schemas.CodeOf(err) != schemas.CodeConflict {
		t.Errorf("second server on the same directory: got %v, want a conflict", err)
	}
}

func TestEmbeddedNATSListensWhenAsked(t *testing.T) {
	t.Parallel()
	s, err := startNATS(t.TempDir(), "127.0.0.1:0", zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	nc, err := nats.Connect(s.ClientURL(), nats.Timeout(5*time.Second))
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	if nc.MaxPayload() != natsMaxPayload {
		t.Errorf("payload limit %d", nc.MaxPayload())
	}
	if _, err := startNATS(t.TempDir(), "nonsense", zerolog.Nop()); schemas.CodeOf(err) != schemas.CodeInvalid || err == nil {
		t.Errorf("got %v, want invalid", err)
	}
}
