package sink

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// A statement cannot be stopped, but nobody waits for it: neither who asked nor
// who waits for a free connection meanwhile. Afterwards everything is as before.
func TestACancelledQueryReturnsAtOnce(t *testing.T) {
	t.Parallel()
	s := newStore(t, "")
	busy := make(chan error, 3*engineConnections)
	start := time.Now()
	for range cap(busy) {
		go func() {
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			busy <- s.exec(ctx, "sleep", "SELECT sleep(2)")
		}()
	}
	for range cap(busy) {
		wantCode(t, <-busy, schemas.CodeCancelled)
	}
	// One after the other, on the few connections, they would take 6 seconds.
	if took := time.Since(start); took > 2*time.Second {
		t.Errorf("returned after %v", took)
	}
	if v, err := s.EngineVersion(t.Context()); err != nil || v == "" {
		t.Errorf("asked again: %q, %v", v, err)
	}
}

// The driver does not refuse who waits for the engine, however long reports take; that a
// server's connections are all busy is said.
func TestWhoWaitsForTheEngineIsNotRefused(t *testing.T) {
	t.Parallel()
	s := newStore(t, "")
	o, err := s.driverOptions(Options{DataDir: engineDir})
	if err != nil {
		t.Fatal(err)
	}
	s.engine.close() // opened once more for the options
	if o.DialTimeout < time.Hour {
		t.Errorf("after %v the driver refuses", o.DialTimeout)
	}
	busy := s.fail("read", clickhouse.ErrAcquireConnTimeout)
	if schemas.CodeOf(busy) != schemas.CodeUnavailable || !strings.Contains(busy.Error(), "busy") {
		t.Error(busy)
	}
}

// Every question, asked by who has given up, says so; and writing what was not
// taken then can be repeated.
func TestWhoGivesUpIsToldSo(t *testing.T) {
	t.Parallel()
	sc := newScene(t)
	sc.packs = []schemas.JudgedPack{{Pack: "p", Version: "1", Policies: []string{"a"}}}
	sc.says = func(schemas.Key, string, string) schemas.PolicyResult { return failed(schemas.SeverityHigh, "bad") }
	k := sceneKey(bucketType, "b")
	sc.judge(k)
	sc.seq++
	b := sc.batch()
	b.Resources = []schemas.Resource{sc.resource(sceneKey(bucketType, "late"))}
	late := []schemas.Message{{Snapshot: b}, {Close: &schemas.Close{Scan: sc.scan, AccountID: sc.id, Account: sc.name, Scope: bucketScope(), Seq: sc.seq, Cause: schemas.FixOutOfScope, At: b.At}}}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for name, ask := range map[string]func(context.Context) error{
		"Known": func(ctx context.Context) error {
			_, err := sc.s.Known(ctx, schemas.KnownRequest{AccountID: sc.id, Keys: []schemas.Key{k}})
			return err
		},
		"Keys": func(ctx context.Context) error {
			_, err := sc.s.Keys(ctx, schemas.KeysRequest{AccountID: sc.id, Scope: bucketScope()})
			return err
		},
		"Counts": func(ctx context.Context) error {
			_, err := sc.s.Counts(ctx, schemas.CountsRequest{AccountID: sc.id, Types: []string{bucketType}})
			return err
		},
		"UnitStatuses": func(ctx context.Context) error { _, err := sc.s.UnitStatuses(ctx, sc.id, sc.scan); return err },
		"ClosedSeqs":   func(ctx context.Context) error { _, err := sc.s.ClosedSeqs(ctx, sc.id); return err },
		"OpenScopes":   func(ctx context.Context) error { _, err := sc.s.OpenScopes(ctx, sc.id); return err },
		"Unjudged": func(ctx context.Context) error {
			return sc.s.Unjudged(ctx, sc.id, 9, 0, 9, func([]schemas.Resource) error { return nil })
		},
		"UnjudgedCount": func(ctx context.Context) error { _, _, err := sc.s.UnjudgedCount(ctx, sc.id, 9); return err },
		"Changes":       func(ctx context.Context) error { _, err := sc.s.Changes(ctx, sc.id, sc.scan); return err },
		"Events":        func(ctx context.Context) error { _, err := sc.s.Events(ctx, sc.id, ""); return err },
		"Report": func(ctx context.Context) error {
			_, err := sc.s.Report(ctx, schemas.ReportQuery{}, schemas.Record{})
			return err
		},
		"Violations": func(ctx context.Context) error {
			_, err := sc.s.Violations(ctx, schemas.ViolationQuery{}, schemas.Record{})
			return err
		},
		"Resources":        func(ctx context.Context) error { _, err := sc.s.Resources(ctx, schemas.ResourceQuery{}); return err },
		"RecordScan":       func(ctx context.Context) error { return sc.s.RecordScan(ctx, scanOf(sc.id, sc.scan, sc.at(1))) },
		"LogConfig":        func(ctx context.Context) error { return sc.s.LogConfig(ctx, "k", "k", 1, "me", sc.at(1), nil) },
		"RecomputePosture": func(ctx context.Context) error { return sc.s.RecomputePosture(ctx, sc.id, sc.at(1)) },
		"Version":          func(ctx context.Context) error { _, _, err := sc.s.Version(ctx); return err },
		"Migrate":          func(ctx context.Context) error { return sc.s.Migrate(ctx) },
		"Write":            func(ctx context.Context) error { return sc.s.Write(ctx, late) },
	} {
		if err := ask(gone); schemas.CodeOf(err) != schemas.CodeCancelled {
			t.Errorf("%s: %v", name, err)
		}
		if err := ask(t.Context()); err != nil {
			t.Errorf("%s, asked again: %v", name, err)
		}
	}
	closed, err := sc.s.ClosedSeqs(t.Context(), sc.id)
	if err != nil || closed[bucketScope()] != sc.seq {
		t.Errorf("closed %v, %v", closed, err)
	}
}

// Partitions are written side by side, each by its own writer, and what comes
// out is what one writer would have made.
func TestPartitionsAreWrittenSideBySide(t *testing.T) {
	t.Parallel()
	s := newStore(t, "")
	if schemas.Partition(histories[0]) == schemas.Partition(histories[1]) {
		t.Fatal("both accounts of the history are of one partition")
	}
	m := newModel()
	parts := map[schemas.AccountID][]schemas.Message{}
	for _, msg := range newHistory(21).live(2) {
		m.write(msg)
		a := msg.Account()
		parts[a] = append(parts[a], msg)
	}
	failures := make(chan error, len(parts))
	for _, ms := range parts {
		go func() {
			for len(ms) > 0 {
				n := min(len(ms), 25)
				if err := s.Write(t.Context(), ms[:n]); err != nil {
					failures <- err
					return
				}
				ms = ms[n:]
			}
			failures <- nil
		}()
	}
	for range parts {
		if err := <-failures; err != nil {
			t.Error(err)
		}
	}
	same(t, "two writers", dumpAll(t, s), m.dump())
}
