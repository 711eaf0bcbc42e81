package sink

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// BenchmarkWrite is how many verdict rows a sink stores in a second: a row is of
// one resource and one pack, of eight policies, and every resource is new and
// has one open violation. Beside it the same rows of the same tables are
// inserted by clickhouse-go alone: nothing looked up, folded or kept in order.
func BenchmarkWrite(b *testing.B) {
	const messages, each = 10, 500
	g := &scale{s: newStore(b, ""), accounts: 1000, now: time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)}
	rng := rand.New(rand.NewPCG(1, 1))
	work := func() (ms []schemas.Message) {
		for range messages {
			ms = append(ms, schemas.Message{Verdicts: g.verdicts(rng, each)})
		}
		return ms
	}
	rows := float64(messages * each * len(scalePacks))
	var sunk, raw time.Duration
	for b.Loop() {
		for range 10 {
			ms := work()
			start := time.Now()
			if err := g.s.Write(b.Context(), ms); err != nil {
				b.Fatal(err)
			}
			sunk += time.Since(start)
			raw += rawInsert(b, g.s, work())
		}
	}
	n := rows * 10 * float64(b.N)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(n/sunk.Seconds(), "rows/s")
	b.ReportMetric(n/raw.Seconds(), "raw-rows/s")
	b.ReportMetric(100*raw.Seconds()/sunk.Seconds(), "%-of-raw")
}

// rawInsert is how long the rows that messages make take to insert, one table
// after the other; making them is not counted.
func rawInsert(b *testing.B, s *Store, ms []schemas.Message) time.Duration {
	b.Helper()
	f := newFold()
	for _, m := range ms {
		if err := f.apply(m); err != nil {
			b.Fatal(err)
		}
	}
	var violations []violationRow
	for v := range f.out.violations {
		violations = append(violations, *v)
	}
	var verdicts []verdictRow
	for _, v := range f.out.verdicts {
		verdicts = append(verdicts, v)
	}
	judged := changed(f.out.judged, f.judged)
	start := time.Now()
	for _, step := range []func() error{
		func() error { return insert(b.Context(), s, "violation_events", f.out.events) },
		func() error { return insert(b.Context(), s, "violations", violations) },
		func() error { return insert(b.Context(), s, "verdicts", verdicts) },
		func() error { return insert(b.Context(), s, "judged", judged) },
		func() error { return insert(b.Context(), s, "batches", f.out.batches) },
	} {
		if err := step(); err != nil {
			b.Fatal(err)
		}
	}
	return time.Since(start)
}
