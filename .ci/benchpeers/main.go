// Benchpeers lets scanners that install from the registries scan the same emulated
// account, one after the other, and holds what each says against what is there:
//
//	make bench-peers
//
// The account is what account.py makes in moto. A proxy before moto counts the
// calls, measures how long moto takes for them, and in two further runs refuses
// some operations, or calls beyond a rate. It prints Markdown; docs/BENCHMARKS.md
// has a copy of what it printed.
package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
)

// options name the programs, with what the Makefile has put where.
type options struct {
	insights, python, peers, work string
	rate                          float64
	only                          string
}

func main() {
	var o options
	flag.StringVar(&o.insights, "insights", "bin/insights", "program of insights")
	flag.StringVar(&o.python, "python", ".tools/moto/bin/python", "Python with moto and boto3")
	flag.StringVar(&o.peers, "peers", ".tools/peers", "directory of the virtual environments prowler, custodian and awscli")
	flag.StringVar(&o.work, "work", "", "directory for what the tools write, kept; default a temporary one")
	flag.Float64Var(&o.rate, "rate", 10, "calls per second and service in the throttled run")
	flag.StringVar(&o.only, "only", "", "tools to run, with commas: insights,prowler,custodian,awscli; default all")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, o, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "benchpeers:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options, w io.Writer) error {
	if o.work == "" {
		dir, err := os.MkdirTemp("", "benchpeers-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		o.work = dir
	}
	for _, path := range []*string{&o.insights, &o.python, &o.peers, &o.work} {
		abs, err := filepath.Abs(*path)
		if err != nil {
			return err
		}
		*path = abs
	}
	if err := os.MkdirAll(o.work, 0o700); err != nil {
		return err
	}
	b, stop, err := account(ctx, o)
	if err != nil {
		return err
	}
	defer stop()
	tools, floor, err := o.tools()
	if err != nil {
		return err
	}
	printVersions(ctx, w, o)
	return b.compare(w, o, tools, floor)
}

// account starts moto, fills it and puts the proxy before it.
func account(ctx context.Context, o options) (*bench, func(), error) {
	here, err := filepath.Abs(".ci/benchpeers")
	if err != nil {
		return nil, nil, err
	}
	url, stop, err := startMoto(ctx, o)
	if err != nil {
		return nil, nil, err
	}
	b, err := fill(ctx, o, here, url)
	if err != nil {
		stop()
		return nil, nil, err
	}
	return b, stop, nil
}

func fill(ctx context.Context, o options, here, url string) (*bench, error) {
	fmt.Fprintln(os.Stderr, "==> filling the account")
	var errs bytes.Buffer
	seed := exec.CommandContext(ctx, o.python, filepath.Join(here, "account.py"), "--endpoint", url)
	seed.Stderr = &errs
	out, err := seed.Output()
	if err != nil {
		return nil, fmt.Errorf("account.py: %w\n%s", err, errs.Bytes())
	}
	t, err := readTruth(out)
	if err != nil {
		return nil, err
	}
	p, err := newProxy(url)
	if err != nil {
		return nil, err
	}
	b := &bench{ctx: ctx, here: here, work: o.work, truth: t, proxy: p}
	return b, os.WriteFile(filepath.Join(o.work, "ca.pem"), p.ca.pem, 0o600)
}

func startMoto(ctx context.Context, o options) (string, func(), error) {
	log, err := os.Create(filepath.Join(o.work, "moto.log"))
	if err != nil {
		return "", nil, err
	}
	cmd := exec.CommandContext(ctx, o.python, "deploy/demo/emulator.py", "--parent", fmt.Sprint(os.Getpid()))
	cmd.Stderr = log
	out, err := cmd.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	stop := func() { _ = cmd.Process.Kill(); _ = cmd.Wait(); _ = log.Close() }
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		stop()
		return "", nil, fmt.Errorf("moto did not start: %w (see %s)", err, log.Name())
	}
	return strings.TrimSpace(line), stop, nil
}

// tools are the scanners, and the floor where it is asked for.
func (o options) tools() (scanners, floor []tool, err error) {
	only := strings.Split(o.only, ",")
	for key, t := range map[string]tool{
		"insights":  insights{o.insights},
		"prowler":   prowler{filepath.Join(o.peers, "prowler", "bin", "prowler")},
		"custodian": custodian{filepath.Join(o.peers, "custodian", "bin", "custodian")},
	} {
		if o.only == "" || slices.Contains(only, key) {
			scanners = append(scanners, t)
		}
	}
	if o.only == "" || slices.Contains(only, "awscli") {
		floor = []tool{cli{o.python, filepath.Join(o.peers, "awscli", "bin", "aws")}}
	}
	slices.SortFunc(scanners, func(x, y tool) int { return strings.Compare(strings.ToLower(x.name()), strings.ToLower(y.name())) })
	if len(scanners)+len(floor) == 0 {
		err = errors.New("-only names no tool: insights, prowler, custodian, awscli")
	}
	return scanners, floor, err
}

// compare runs every scenario and prints its tables, the floor last: it takes longest.
func (b *bench) compare(w io.Writer, o options, scanners, floor []tool) error {
	results, err := b.scenario(scanners, "undisturbed", func() *faults { return &faults{} })
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "### Undisturbed\n\n")
	printCosts(w, results)
	printServices(w, results)
	printTruth(w, b.truth, results)
	printChecks(w, b.truth, results, func(c check) bool { return wrong(b.truth, results, c) })

	// The name is in paths that tools print: without a word that mentionsDenial looks for.
	results, err = b.scenario(scanners, "permissions", func() *faults { return &faults{Deny: refused} })
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "### Operations denied\n\n")
	printTruth(w, b.truth, results)
	printChecks(w, b.truth, results, func(c check) bool { return slices.Contains(refused, c.needs) || wrong(b.truth, results, c) })
	printTold(w, results)

	results, err = b.scenario(scanners, "throttled", func() *faults { return &faults{Rate: o.rate} })
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "### %g calls per second and service\n\n", o.rate)
	printTruth(w, b.truth, results)
	printChecks(w, b.truth, results, func(c check) bool { return wrong(b.truth, results, c) })

	results, err = b.scenario(floor, "undisturbed", func() *faults { return &faults{} })
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "### The floor, undisturbed\n\n")
	printCosts(w, results)
	printTruth(w, b.truth, results)
	return nil
}

// wrong tells whether a tool is not right in everything.
func wrong(t truth, results []result, c check) bool {
	return slices.ContainsFunc(results, func(r result) bool { return t.rate(r.answers, c.name).Right != t.count(c.name) })
}

func (b *bench) scenario(tools []tool, name string, f func() *faults) ([]result, error) {
	var results []result
	for _, t := range tools {
		fmt.Fprintf(os.Stderr, "==> %s: %s\n", name, t.name())
		r, err := b.run(t, name, f())
		if err != nil {
			return nil, err
		}
		results = append(results, r)
	}
	return results, nil
}

func printVersions(ctx context.Context, w io.Writer, o options) {
	fmt.Fprintf(w, "%d cores, %s/%s.\n\n", runtime.NumCPU(), runtime.GOOS, runtime.GOARCH)
	for _, args := range [][]string{
		{o.insights, "version"},
		{o.python, "-c", "import importlib.metadata as m; print('moto', m.version('moto'))"},
		{filepath.Join(o.peers, "prowler", "bin", "python"), "-c", "import importlib.metadata as m; print('prowler', m.version('prowler'))"},
		{filepath.Join(o.peers, "custodian", "bin", "python"), "-c", "import importlib.metadata as m; print('c7n', m.version('c7n'))"},
		{filepath.Join(o.peers, "awscli", "bin", "python"), "-c", "import importlib.metadata as m; print('awscli', m.version('awscli'))"},
	} {
		out, err := exec.CommandContext(ctx, args[0], args[1:]...).Output()
		if err == nil {
			line, _, _ := strings.Cut(string(out), "\n")
			fmt.Fprintf(w, "- %s\n", line)
		}
	}
	fmt.Fprintln(w)
}
