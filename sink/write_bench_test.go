package sink

import (
	"math/rand/v2"
	"syscall"
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
	var sunk, raw, sunkCPU, rawCPU time.Duration
	for b.Loop() {
		for range 10 {
			ms := work()
			start, cpu := time.Now(), cpuTime(b)
			if err := g.s.Write(b.Context(), ms); err != nil {
				b.Fatal(err)
			}
			sunk += time.Since(start)
			sunkCPU += cpuTime(b) - cpu
			took, cpu := rawInsert(b, g.s, work())
			raw += took
			rawCPU += cpu
		}
	}
	n := rows * 10 * float64(b.N)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(n/sunk.Seconds(), "rows/s")
	b.ReportMetric(n/raw.Seconds(), "raw-rows/s")
	b.ReportMetric(100*raw.Seconds()/sunk.Seconds(), "%-of-raw")
	b.ReportMetric(sunkCPU.Seconds()*1e6/n, "cpu-us/row")
	b.ReportMetric(rawCPU.Seconds()*1e6/n, "raw-cpu-us/row")
}

// cpuTime is what this process has used of processors.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// rawInsert is how long the rows that messages make take to insert, one table
// after the other; making them is not counted.
func rawInsert(b *testing.B, s *Store, ms []schemas.Message) (took, cpu time.Duration) {
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
	start, cpu := time.Now(), cpuTime(b)
	rawRows(b, s, "violation_events", f.out.events)
	rawRows(b, s, "violations", violations)
	rawRows(b, s, "verdicts", verdicts)
	rawRows(b, s, "judged", judged)
	rawRows(b, s, "batches", f.out.batches)
	return time.Since(start), cpuTime(b) - cpu
}

func rawRows[T any](b *testing.B, s *Store, table string, rows []T) {
	b.Helper()
	batch, err := s.conn.PrepareBatch(b.Context(), s.sql("INSERT INTO @db."+table+" ("+columnsOf(&rows[0])+")"))
	if err != nil {
		b.Fatal(err)
	}
	for i := range rows {
		if err := batch.AppendStruct(&rows[i]); err != nil {
			b.Fatal(err)
		}
	}
	if err := batch.Send(); err != nil {
		b.Fatal(err)
	}
}
