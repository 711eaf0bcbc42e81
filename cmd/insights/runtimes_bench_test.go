package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/insights-scanner/insights-scanner/evaluator/evaltest"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// BenchmarkScanRuntimes scans 10,000 resources with one OPA, one TypeScript and one
// Python pack together: those that 'pack new' writes for the two, 50 policies in
// Rego. It reports the program's CPU and peak memory and those of each pack's process.
func BenchmarkScanRuntimes(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		url, fake := startFake(b, populationOf(10_000))
		p := newProgram(b)
		p.ok(b, "account", "add", "prod", "--endpoint", url)
		p.ok(b, "group", "withdraw", schemas.DefaultAccountsGroup, "aws_foundations")
		for language, runtime := range map[string]schemas.Runtime{"typescript": schemas.RuntimeNodeJS, "python": schemas.RuntimePython} {
			dir := filepath.Join(p.dir, language)
			p.ok(b, "pack", "new", dir, "--runtime", language, "--generate-only")
			evaltest.Link(b, runtime, dir)
			if err := os.WriteFile(filepath.Join(dir, ".gitignore"), []byte("node_modules\nvenv\n"), 0o600); err != nil {
				b.Fatal(err) // the links are no part of the packs
			}
		}
		w := watchProcesses(p.dir)
		b.StartTimer()
		u := p.measured(b, fake, benchPack(b), filepath.Join(p.dir, "typescript"), filepath.Join(p.dir, "python"))
		b.StopTimer()
		n := float64(u.scan.Progress.Resources)
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(n, "resources")
		b.ReportMetric(u.took.Seconds(), "scan-s")
		b.ReportMetric(n/u.took.Seconds(), "resources/s")
		b.ReportMetric(u.cpu.Seconds(), "cpu-s") // with the packs, which it waited for
		b.ReportMetric(u.rss, "peak-MiB")
		for name, used := range w.end() {
			b.ReportMetric(used.cpu.Seconds(), name+"-cpu-s")
			b.ReportMetric(float64(used.peak)/(1<<20), name+"-peak-MiB")
		}
		b.StartTimer()
	}
}

// used is what a pack's process took, as last seen.
type used struct {
	cpu  time.Duration
	peak int64
}

// processWatch looks at the processes of packs below a directory, until it is ended.
type processWatch struct {
	dir  string
	stop chan struct{}
	wg   sync.WaitGroup
	seen map[string]used
}

func watchProcesses(dir string) *processWatch {
	w := &processWatch{dir: dir, stop: make(chan struct{}), seen: map[string]used{}}
	w.wg.Go(func() {
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-w.stop:
				return
			case <-tick.C:
				w.look()
			}
		}
	})
	return w
}

func (w *processWatch) end() map[string]used {
	close(w.stop)
	w.wg.Wait()
	return w.seen
}

func (w *processWatch) look() {
	names, _ := filepath.Glob("/proc/[0-9]*")
	for _, proc := range names {
		cwd, err := os.Readlink(filepath.Join(proc, "cwd"))
		if err != nil || !strings.HasPrefix(cwd, w.dir) {
			continue
		}
		line, _ := os.ReadFile(filepath.Join(proc, "cmdline"))
		program, _, _ := strings.Cut(string(line), "\x00")
		name := strings.TrimRight(filepath.Base(program), "0123456789.")
		if name != "node" && name != "python" {
			continue
		}
		status, _ := os.ReadFile(filepath.Join(proc, "status"))
		stat, _ := os.ReadFile(filepath.Join(proc, "stat"))
		u := used{cpu: ticks(string(stat)), peak: kibibytes(string(status), "VmHWM:")}
		if u.cpu >= w.seen[name].cpu {
			w.seen[name] = u
		}
	}
}

// ticks is the user and system time in /proc/PID/stat, 100 a second.
func ticks(stat string) time.Duration {
	_, rest, _ := strings.Cut(stat, ") ")
	f := strings.Fields(rest)
	if len(f) < 13 {
		return 0
	}
	user, _ := strconv.Atoi(f[11])
	system, _ := strconv.Atoi(f[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}

func kibibytes(status, key string) int64 {
	_, rest, _ := strings.Cut(status, key)
	f := strings.Fields(rest)
	if len(f) == 0 {
		return 0
	}
	n, _ := strconv.ParseInt(f[0], 10, 64)
	return n << 10
}
