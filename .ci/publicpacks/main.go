// Publicpacks runs packs that others wrote, as they are, and prints a table of
// what became of each:
//
//	go run ./.ci/publicpacks > docs/public-packs.md
//
// Packs are fetched with git as sources.yaml says, or are those below directories
// that are named. Each is copied, its dependencies are resolved and installed, it
// is started in the sandbox and judges the resources of resources.yaml and of
// discovery's golden files. Node.js and Python are needed, the package managers
// that packs ask for, and the package registries. Python packs that do not ask for
// the policy SDK run in an environment that has it.
//
// With -work DIR everything is kept there: what was fetched, and the result of each
// pack. The next run with it runs only what has no result, so that it can be
// broken off, and several may share the work (-only). Remove DIR/results to run
// all packs anew.
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"time"

	"github.com/rs/zerolog"

	"github.com/insights-scanner/insights-scanner/evaluator"
	"github.com/insights-scanner/insights-scanner/evaluator/pulumi"
	"github.com/insights-scanner/insights-scanner/evaluator/pulumi/install"
	"github.com/insights-scanner/insights-scanner/evaluator/pulumi/sandbox"
	"github.com/insights-scanner/insights-scanner/evaluator/rego"
	"github.com/insights-scanner/insights-scanner/schemas"
)

type options struct {
	work string
	boot time.Duration
	only *regexp.Regexp
	dirs []string
}

func main() {
	sandbox.Main()
	var o options
	flag.StringVar(&o.work, "work", "", "`directory` of what is fetched and of the results, kept for another run; default a temporary one")
	flag.DurationVar(&o.boot, "boot", time.Minute, "how long a pack may take to start")
	only := flag.String("only", "", "run the packs whose names match the `expression`, and print only those")
	flag.Parse()
	o.dirs = flag.Args()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	var err error
	if o.only, err = regexp.Compile(*only); err == nil {
		err = run(ctx, o)
	}
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) error {
	if o.work == "" {
		temp, err := os.MkdirTemp("", "publicpacks-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(temp)
		o.work = temp
	}
	var err error
	if o.work, err = filepath.Abs(o.work); err != nil {
		return err
	}
	scene, err := readScene("discovery/aws/testdata/golden", ".ci/publicpacks/resources.yaml")
	if err != nil {
		return err
	}
	packs, err := o.packs(ctx)
	if err != nil {
		return err
	}
	if err := activate(ctx, filepath.Join(o.work, "activated")); err != nil {
		return err
	}
	box, err := sandbox.New(sandbox.BestEffort)
	if err != nil {
		return err
	}
	var rows []row
	for _, p := range packs {
		if !o.only.MatchString(p.name) {
			continue
		}
		row, err := o.result(ctx, scene, box, p)
		if err != nil {
			return err
		}
		rows = append(rows, row)
	}
	printTable(os.Stdout, rows, scene)
	return nil
}

// packs are those of the sources, or below the directories that are named.
func (o options) packs(ctx context.Context) (out []pack, err error) {
	if len(o.dirs) == 0 {
		sources, err := readSources(".ci/publicpacks/sources.yaml")
		if err != nil {
			return nil, err
		}
		return fetch(ctx, sources, filepath.Join(o.work, "sources"))
	}
	for _, dir := range o.dirs {
		packs, err := find(dir, filepath.Dir(filepath.Clean(dir)))
		if err != nil {
			return nil, err
		}
		out = append(out, packs...)
	}
	return out, nil
}

// activate makes a virtual environment with the policy SDK and activates it for
// what this process starts.
func activate(ctx context.Context, dir string) error {
	python := filepath.Join(dir, "bin", "python")
	if _, err := os.Stat(filepath.Join(dir, "complete")); err != nil {
		for _, args := range [][]string{
			{cmp.Or(os.Getenv("PULUMI_PYTHON_CMD"), "python3"), "-m", "venv", "--clear", dir},
			{python, "-m", "pip", "install", "--quiet", "pulumi_policy"},
		} {
			cmd := exec.CommandContext(ctx, args[0], args[1:]...) //nolint:gosec // the Python that Pulumi would take
			cmd.Stderr = os.Stderr
			if err := cmd.Run(); err != nil {
				return fmt.Errorf("make an environment with pulumi_policy: %w", err)
			}
		}
		if err := os.WriteFile(filepath.Join(dir, "complete"), nil, 0o600); err != nil {
			return err
		}
	}
	return os.Setenv("VIRTUAL_ENV", dir)
}

// result is what became of a pack: now, or when it was run before.
func (o options) result(ctx context.Context, scene *scene, box *sandbox.Sandbox, p pack) (row, error) {
	known := results{filepath.Join(o.work, "results")}
	if out, ok := known.get(p); ok && len(o.dirs) == 0 {
		return out, nil
	}
	// Environments hold hundreds of megabytes each: none is kept.
	work, err := os.MkdirTemp(o.work, "run-")
	if err != nil {
		return row{}, err
	}
	defer os.RemoveAll(work)
	installer := install.New(filepath.Join(work, "environments"), box, zerolog.New(os.Stderr).Level(zerolog.WarnLevel))
	loader := pulumi.New(pulumi.Options{Installer: installer, Sandbox: box, Boot: o.boot})
	defer loader.Close()
	r := runner{
		scene: scene, installer: installer, work: work,
		loaders: map[schemas.Runtime]evaluator.Loader{schemas.RuntimeOPA: rego.Loader{}, schemas.RuntimeNodeJS: loader, schemas.RuntimePython: loader},
	}
	start := time.Now()
	out := r.try(ctx, p)
	if ctx.Err() != nil {
		return out, ctx.Err()
	}
	fmt.Fprintf(os.Stderr, "%s: %s (%s)\n", p.name, out.result(), time.Since(start).Round(time.Second))
	if len(o.dirs) > 0 {
		return out, nil
	}
	return out, known.put(p, out)
}
