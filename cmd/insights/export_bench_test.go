package main

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/insights-scanner/insights-scanner/scanner/api"
	"github.com/insights-scanner/insights-scanner/schemas"
	"github.com/insights-scanner/insights-scanner/sink"
)

// storeOnly is what an export needs of the service.
type storeOnly struct {
	api.Service
	store *sink.Store
}

func (s storeOnly) Violations(ctx context.Context, q schemas.ViolationQuery) (schemas.ViolationPage, error) {
	return s.store.Violations(ctx, q)
}

func (s storeOnly) GetPack(context.Context, string, string) (schemas.PackManifest, error) {
	return schemas.PackManifest{}, nil
}

// An export of all violations in each format: rows a second, and the most memory
// that Go held meanwhile (the engine's is not in it).
func BenchmarkExportViolations(b *testing.B) {
	for _, n := range []int{100_000, 400_000} {
		store, err := sink.Open(b.Context(), sink.Options{DataDir: b.TempDir(), Lib: tool(b, "chdb", "libchdb.so"), Log: zerolog.Nop()})
		if err != nil {
			b.Fatal(err)
		}
		if err := store.Migrate(b.Context()); err != nil {
			b.Fatal(err)
		}
		fillViolations(b, store, n)
		for _, format := range []api.Format{api.CSV, api.JSONL, api.OCSF} {
			b.Run(strconv.Itoa(n)+"/"+string(format), func(b *testing.B) {
				for b.Loop() {
					peak := heapPeak()
					if err := api.ExportViolations(b.Context(), storeOnly{store: store}, schemas.ViolationQuery{}, format, "1", io.Discard); err != nil {
						b.Fatal(err)
					}
					b.ReportMetric(float64(peak())/(1<<20), "MB-heap")
				}
				b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
			})
		}
		if err := store.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// heapPeak watches the heap until it is asked for its peak, without what was there.
func heapPeak() func() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	before := m.HeapAlloc
	var peak atomic.Uint64
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				peak.Store(max(peak.Load(), m.HeapAlloc))
			}
		}
	}()
	return func() uint64 {
		close(stop)
		<-done
		return max(peak.Load(), before) - before
	}
}

// fillViolations stores violations of one policy on as many resources.
func fillViolations(b *testing.B, store *sink.Store, n int) {
	b.Helper()
	const size = 2000
	for number := 1; (number-1)*size < n; number++ {
		batch := &schemas.VerdictBatch{
			Scan: "123456789012-1", AccountID: "aws-123456789012", Account: "prod", Unit: schemas.UnitKey{Region: "us-east-1", Service: "s3"},
			Seq: 1, Number: number, Revision: 1, At: time.Date(2026, 11, 25, 10, 0, 0, 0, time.UTC),
			Packs: []schemas.JudgedPack{{Pack: "p", Version: "1.0.0", Group: "g", Policies: []string{"deny"}}},
		}
		for i := range size {
			key := schemas.Key{Region: "us-east-1", Type: "aws:s3/bucket:Bucket", ID: fmt.Sprintf("bucket-%07d-%x", (number-1)*size+i, i*7919)}
			batch.Verdicts = append(batch.Verdicts, schemas.Verdict{
				Key: key, Name: key.ID, Version: 1, Hash: "h",
				Packs: []schemas.PackVerdict{schemas.NewPackVerdict(batch.Packs[0], []schemas.PolicyResult{{
					Policy: "deny", Outcome: schemas.Failed, Level: schemas.Mandatory, Severity: schemas.SeverityHigh,
					Messages: []string{"bucket " + key.ID + " has no default encryption; set one, or give the reason in a waiver"},
				}})},
			})
		}
		if err := store.Write(b.Context(), []schemas.Message{{Verdicts: batch}}); err != nil {
			b.Fatal(err)
		}
	}
}
