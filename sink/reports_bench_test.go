package sink

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/sys/unix"

	"github.com/insights-scanner/insights-scanner/schemas"
)

const (
	scaleReaders = 8
	// A batch of verdicts is stored every scaleWrite meanwhile.
	scaleWrite = 250 * time.Millisecond
	scaleBatch = 500
	// Beyond so many seconds a question is long: it is not asked by all readers.
	scaleLong = 4
	// So often every reader asks it cold; a long one, where it is asked at all, once.
	scaleCold = 3
)

// scaleReport is one kind of question: asked with random filters, beside a scan
// of the columns that it needs, without FINAL, conditions or order.
type scaleReport struct {
	name  string
	ask   func(context.Context, *scale, *rand.Rand) error
	plain func(*scale, *rand.Rand) string
	keep  func(context.Context, *scale) error // has what is kept counted before; may be nil
}

// BenchmarkReports measures every report by eight readers while a sink writes:
// milliseconds at the median and the 95th percentile, with the caches of the
// engine and of the system dropped ("cold") and not, and of the plain scan; and
// what one question takes of the processor.
//
// What is kept of accounts is counted once before; "-counted" asks after a change of every
// account that is asked about.
//
// A question that takes longer than four seconds by itself is asked that once ("once-ms"),
// and such a plain scan too ("scan-once-ms"): by all readers it would take the day.
//
//	INSIGHTS_BENCH_RESOURCES  live resources, default 100000; full is 10000000
//	INSIGHTS_BENCH_SECONDS    for each report, default 5
//	INSIGHTS_BENCH_LONG       seconds, instead of the four; what takes more than four
//	                          is asked by each reader once cold and at least once warm,
//	                          and "cpu-ms" is of the first time
//	INSIGHTS_BENCH_DIR        keeps the tables between runs
//	INSIGHTS_BENCH_REPORT     only reports whose name has this
func BenchmarkReports(b *testing.B) {
	g := openScale(b)
	g.sizes(b)
	seconds := envNumber(b, "INSIGHTS_BENCH_SECONDS", 5)
	for _, r := range scaleReports() {
		if !strings.Contains(r.name, os.Getenv("INSIGHTS_BENCH_REPORT")) {
			continue
		}
		b.Run(r.name, func(b *testing.B) {
			for b.Loop() {
				g.measure(b, r, time.Duration(seconds)*time.Second)
			}
		})
	}
}

func envNumber(b *testing.B, name string, otherwise int) int {
	b.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		b.Fatalf("%s: %v", name, err)
	}
	return n
}

func tooLong(b *testing.B) time.Duration {
	b.Helper()
	return time.Duration(envNumber(b, "INSIGHTS_BENCH_LONG", scaleLong)) * time.Second
}

func openScale(b *testing.B) *scale {
	b.Helper()
	dir := cmp.Or(os.Getenv("INSIGHTS_BENCH_DIR"), engineDir)
	s, err := Open(b.Context(), Options{DataDir: dir, Database: "scale", Log: zerolog.Nop()})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	if err := s.Migrate(b.Context()); err != nil {
		b.Fatal(err)
	}
	g := &scale{
		s: s, resources: envNumber(b, "INSIGHTS_BENCH_RESOURCES", 100_000), accounts: 1000, rounds: 10,
		now: time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC),
	}
	g.fill(b)
	g.known(b)
	return g
}

// sizes tells what the tables take on disk.
func (g *scale) sizes(b *testing.B) {
	b.Helper()
	for _, table := range []string{"violations", "open_violations", "violation_events", "resources", "resource_versions", "verdicts", "judged"} {
		rows := g.number(b, "SELECT sum(rows) FROM system.parts WHERE active AND database = 'scale' AND table = ?", table)
		bytes := g.number(b, "SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND database = 'scale' AND table = ?", table)
		parts := g.number(b, "SELECT count() FROM system.parts WHERE active AND database = 'scale' AND table = ?", table)
		b.Logf("%s: %d rows, %d parts, %d MB, %.1f bytes a row", table, rows, parts, bytes/1e6, float64(bytes)/float64(max(rows, 1)))
	}
	b.Logf("open violations: %d, fixed: %d", g.number(b, "SELECT countIf(state = 'open') FROM @db.violations FINAL"), g.number(b, "SELECT countIf(state = 'fixed') FROM @db.violations FINAL"))
}

func (g *scale) measure(b *testing.B, r scaleReport, long time.Duration) {
	b.Helper()
	b.ReportMetric(0, "ns/op")
	if r.keep != nil {
		b.ReportMetric(float64(took(b, func() error { return r.keep(b.Context(), g) }))/1e6, "first-ms")
	}
	rng := rand.New(rand.NewPCG(7, 1))
	before := cpuTime(b)
	once := took(b, func() error { return r.ask(b.Context(), g, rng) })
	cpu, colds := float64(cpuTime(b)-before)/1e6, scaleCold
	if most := tooLong(b); once > min(most, scaleLong*time.Second) {
		b.ReportMetric(float64(once)/1e6, "once-ms")
		if once > most {
			return
		}
		colds = 1
	} else {
		cpu = g.cpu(b, r)
	}
	b.ReportMetric(cpu, "cpu-ms")
	g.compare(b, r)
	ctx, cancel := context.WithCancel(b.Context())
	written := make(chan int)
	go func() { written <- g.write(ctx, b) }()
	var cold []time.Duration
	for range colds {
		g.forget(b)
		cold = append(cold, g.read(b, 0, func(rng *rand.Rand) error { return r.ask(ctx, g, rng) })...)
	}
	warm := g.read(b, long, func(rng *rand.Rand) error { return r.ask(ctx, g, rng) })
	cancel()
	b.ReportMetric(at(cold, 0.5), "cold-p50-ms")
	b.ReportMetric(at(cold, 0.95), "cold-p95-ms")
	b.ReportMetric(at(warm, 0.5), "p50-ms")
	b.ReportMetric(at(warm, 0.95), "p95-ms")
	b.ReportMetric(float64(len(warm)), "asked")
	b.ReportMetric(float64(<-written), "batches-written")
}

// compare measures the plain scan.
func (g *scale) compare(b *testing.B, r scaleReport) {
	b.Helper()
	scan := func(rng *rand.Rand) error { return g.s.exec(b.Context(), "scan", r.plain(g, rng)) }
	if once := took(b, func() error { return scan(rand.New(rand.NewPCG(7, 1))) }); once > tooLong(b) {
		b.ReportMetric(float64(once)/1e6, "scan-once-ms")
		return
	}
	all := g.read(b, time.Second, scan)
	b.ReportMetric(at(all, 0.5), "scan-p50-ms")
	b.ReportMetric(at(all, 0.95), "scan-p95-ms")
}

func took(b *testing.B, do func() error) time.Duration {
	b.Helper()
	start := time.Now()
	if err := do(); err != nil {
		b.Fatal(err)
	}
	return time.Since(start)
}

// cpu is what one question takes of the processor, in milliseconds, when nothing
// else is asked or stored: other work on the machine changes it least.
func (g *scale) cpu(b *testing.B, r scaleReport) float64 {
	b.Helper()
	rng := rand.New(rand.NewPCG(7, 1))
	const times = 6
	var start time.Duration
	for i := range 1 + times { // the first warms the caches
		if i == 1 {
			start = cpuTime(b)
		}
		if err := r.ask(b.Context(), g, rng); err != nil {
			b.Fatal(err)
		}
	}
	return float64(cpuTime(b)-start) / times / 1e6
}

// at is a quantile in milliseconds.
func at(took []time.Duration, q float64) float64 {
	slices.Sort(took)
	return float64(took[min(len(took)-1, int(q*float64(len(took))))]) / 1e6
}

// read asks by all readers for so long, at least once each.
func (g *scale) read(b *testing.B, long time.Duration, ask func(*rand.Rand) error) (all []time.Duration) {
	b.Helper()
	var mu sync.Mutex
	var readers sync.WaitGroup
	until := time.Now().Add(long)
	for n := range scaleReaders {
		readers.Go(func() {
			rng := rand.New(rand.NewPCG(uint64(n), 1))
			for again := true; again; again = time.Now().Before(until) {
				start := time.Now()
				if err := ask(rng); err != nil {
					b.Error(err)
					return
				}
				mu.Lock()
				all = append(all, time.Since(start))
				mu.Unlock()
			}
		})
	}
	readers.Wait()
	if len(all) == 0 {
		b.FailNow()
	}
	return all
}

// forget drops the engine's caches, and the system's of the engine's files.
func (g *scale) forget(b *testing.B) {
	b.Helper()
	for _, what := range []string{"MARK", "UNCOMPRESSED", "PRIMARY INDEX", "INDEX MARK", "QUERY CONDITION"} {
		g.exec(b, "SYSTEM DROP "+what+" CACHE")
	}
	unix.Sync()
	err := filepath.WalkDir(g.s.engine.dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return nil // merged away meanwhile
		}
		f, err := os.Open(path)
		if err != nil {
			return nil
		}
		defer f.Close()
		return unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED)
	})
	if err != nil {
		b.Fatal(err)
	}
}

// write stores batches of verdicts of random accounts until it is stopped, and
// says how many.
func (g *scale) write(ctx context.Context, b *testing.B) (n int) {
	tick := time.NewTicker(scaleWrite)
	defer tick.Stop()
	for rng := rand.New(rand.NewPCG(9, 9)); ; n++ {
		if err := g.s.Write(context.WithoutCancel(ctx), []schemas.Message{{Verdicts: g.verdicts(rng, scaleBatch)}}); err != nil {
			b.Error(err)
			return n
		}
		select {
		case <-ctx.Done():
			return n + 1
		case <-tick.C:
		}
	}
}

// verdicts is a batch of one account: of resources that are new, of which every
// policy but one passes.
func (g *scale) verdicts(rng *rand.Rand, size int) *schemas.VerdictBatch {
	k, t, seq := g.account(rng), scaleTypes[rng.IntN(len(scaleTypes))], uint64(1000+rng.IntN(1e9))
	id := schemas.AccountID(g.id(k))
	batch := &schemas.VerdictBatch{
		Scan: schemas.ScanID(id, 1000), AccountID: id, Account: g.name(k), Unit: schemas.UnitKey{Region: "us-east-1", Service: "ec2"},
		Seq: seq, Number: 1, Revision: 1, At: g.now.Add(time.Hour),
	}
	for n, pack := range scalePacks {
		p := schemas.JudgedPack{Pack: pack, Version: "1.0.0", Group: schemas.DefaultAccountsGroup}
		for i := range scalePolicies / 2 {
			p.Policies = append(p.Policies, scalePolicy(t[0], n*scalePolicies/2+i))
		}
		batch.Packs = append(batch.Packs, p)
	}
	for range size {
		key := schemas.Key{Region: "us-east-1", Type: t[0], ID: fmt.Sprintf("%snew-%016x", t[1], rng.Uint64())}
		v := schemas.Verdict{Key: key, Name: key.ID, Version: seq, Hash: "h", Projection: 1}
		for n, p := range batch.Packs {
			results := make([]schemas.PolicyResult, len(p.Policies))
			for i := range results {
				results[i] = schemas.PolicyResult{Policy: p.Policies[i], Outcome: schemas.Passed}
			}
			if n == 0 {
				results[0] = schemas.PolicyResult{
					Policy: p.Policies[0], Outcome: schemas.Failed, Level: schemas.Mandatory, Severity: schemas.SeverityHigh,
					Messages: []string{key.ID + " does not meet " + p.Policies[0] + ": the setting must be on"},
				}
			}
			v.Packs = append(v.Packs, schemas.NewPackVerdict(p, results))
		}
		batch.Verdicts = append(batch.Verdicts, v)
	}
	return batch
}

// account is a random one: by size, as people ask most of the largest.
func (g *scale) account(rng *rand.Rand) int {
	return max(1, int(float64(rng.Int64N(int64(g.accounts)))*rng.Float64())) % g.accounts
}
