// Publicpacks runs packs that others wrote, as they are, and prints a table of
// what became of each:
//
//	go run ./.ci/publicpacks DIRECTORY... > docs/public-packs.md
//
// Directories are checkouts: every PulumiPolicy.yaml below them is a pack. It is
// copied, its dependencies are resolved and installed, it is started in the
// sandbox and judges the resources of resources.yaml and of discovery's golden
// files. Node.js, npm and Python are needed, and the package registries; Python
// packs that do not ask for the policy SDK run in the activated environment.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	"github.com/rs/zerolog"

	"github.com/insights-scanner/insights-scanner/evaluator"
	"github.com/insights-scanner/insights-scanner/evaluator/pulumi"
	"github.com/insights-scanner/insights-scanner/evaluator/pulumi/install"
	"github.com/insights-scanner/insights-scanner/evaluator/pulumi/sandbox"
	"github.com/insights-scanner/insights-scanner/evaluator/rego"
	"github.com/insights-scanner/insights-scanner/schemas"
)

func main() {
	sandbox.Main()
	work := flag.String("work", "", "directory of the copies and their dependencies, kept for another run; default a temporary one, emptied after each pack")
	boot := flag.Duration("boot", time.Minute, "how long a pack may take to start")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, *work, *boot, flag.Args())
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, work string, boot time.Duration, dirs []string) error {
	keep := work != ""
	if !keep {
		temp, err := os.MkdirTemp("", "publicpacks-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(temp)
		work = temp
	}
	scene, err := readScene("discovery/aws/testdata/golden", ".ci/publicpacks/resources.yaml")
	if err != nil {
		return err
	}
	packs, err := find(dirs)
	if err != nil {
		return err
	}
	box, err := sandbox.New(sandbox.BestEffort)
	if err != nil {
		return err
	}
	environments := filepath.Join(work, "environments")
	installer := install.New(environments, box, zerolog.New(os.Stderr).Level(zerolog.WarnLevel))
	loader := pulumi.New(pulumi.Options{Installer: installer, Sandbox: box, Boot: boot})
	defer loader.Close()
	r := runner{
		scene: scene, installer: installer, work: work,
		loaders: map[schemas.Runtime]evaluator.Loader{schemas.RuntimeOPA: rego.Loader{}, schemas.RuntimeNodeJS: loader, schemas.RuntimePython: loader},
	}
	var rows []row
	for _, p := range packs {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		start := time.Now()
		row := r.try(ctx, p)
		fmt.Fprintf(os.Stderr, "%s: %s (%s)\n", p.name, row.result(), time.Since(start).Round(time.Second))
		rows = append(rows, row)
		if !keep {
			loader.Close() // the process that it keeps for a while
			if err := os.RemoveAll(environments); err != nil {
				return err
			}
		}
	}
	printTable(os.Stdout, rows, len(scene.resources))
	return nil
}
