package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/insights-scanner/insights-scanner/evaluator"
	"github.com/insights-scanner/insights-scanner/evaluator/fixture"
	"github.com/insights-scanner/insights-scanner/scanner/policy"
	"github.com/insights-scanner/insights-scanner/schemas"
)

func (a *app) packTestCmd() *cobra.Command {
	var update bool
	cmd := &cobra.Command{
		Use:   "test DIRECTORY",
		Short: "Run a pack on recorded resources and compare",
		Long: `Test runs the pack in DIRECTORY on the fixtures in DIRECTORY/tests (.yaml, .yml,
.json): lists of cases, each a resource with what policies should say of it. No
account, no cloud and no data are needed. Record resources with 'insights pack
record'.

  - case: a bucket that anybody may read   # a name for the case, optional
    type: aws:s3/bucket:Bucket             # region, id and name are optional
    properties: {bucket: shop, acl: public-read}
    unknown: [{path: policy, state: denied}]
    config: {deny_public: {level: strict}} # as --policy-pack-config has it
    want:
      deny_public: {outcome: failed, messages: [bucket shop is public]}
      deny_policy: unknown

An outcome is passed, failed, not_applicable, disabled, unknown or errored. What
want does not name is not compared; a case without want is only shown. With
--update what policies said becomes what is wanted, where the two differ.`,
		Example: `  insights pack test ./my-pack
  insights pack test ./my-pack --update
  insights pack test ./my-pack -o json | jq .failed`,
		Annotations:       map[string]string{alsoExits: "3 a policy said\nsomething else than wanted"},
		Args:              args(cobra.ExactArgs(1)),
		ValidArgsFunction: completeDirs,
		RunE: func(cmd *cobra.Command, given []string) error {
			return a.packTest(cmd.Context(), given[0], update)
		},
	}
	cmd.Flags().BoolVar(&update, "update", false, "write what policies said into the fixtures as what is wanted")
	return cmd
}

// packTest runs the fixtures of a pack, and gives the exit code.
func (a *app) packTest(ctx context.Context, dir string, update bool) error {
	files, err := fixture.Files(dir)
	if err != nil {
		return err
	}
	cases, err := readFixtures(files)
	if err != nil {
		return err
	}
	cfg, err := a.config()
	if err != nil {
		return err
	}
	p, err := openTestPack(ctx, dir, newRuntimes(cfg, a.logger(cfg, true)))
	if err != nil {
		return err
	}
	defer p.close()
	for _, w := range p.manifest.Warnings {
		fmt.Fprintf(a.err, "warning: %s\n", w)
	}
	if err := p.prepare(files, cases); err != nil {
		return err
	}
	out := testOutcome{Pack: p.manifest.Name, Version: p.manifest.Version, Cases: []testedCase{}}
	for _, file := range files {
		var changed []int
		for i := range cases[file] {
			c := &cases[file][i]
			results, err := p.run(ctx, c)
			if err != nil {
				return err
			}
			t := newTestedCase(c, results)
			if want := c.Expect(results); update && t.State != testPassed && len(want) > 0 {
				c.Want, t.State, t.Differences = want, testUpdated, nil
				changed = append(changed, i)
			}
			out.add(t)
		}
		if err := updateFixtures(file, cases[file], changed); err != nil {
			return err
		}
	}
	return a.finishTest(out)
}

// readFixtures reads every file; the error lists what is wrong with all of them.
func readFixtures(files []string) (map[string][]fixture.Case, error) {
	cases := map[string][]fixture.Case{}
	var errs []error
	for _, file := range files {
		var err error
		if cases[file], err = fixture.ReadFile(file); err != nil {
			errs = append(errs, err)
		}
	}
	return cases, errors.Join(errs...)
}

// testPack is a pack that runs on fixtures, in this process alone.
type testPack struct {
	runtimes runtimes
	loader   evaluator.Loader
	dir      string // to load it from
	tmp      string // "" when dir is the author's
	manifest schemas.PackManifest
	configs  map[*fixture.Case]map[string]schemas.PolicyConfig
	engines  map[string]evaluator.Engine // by configuration
}

func openTestPack(ctx context.Context, dir string, all runtimes) (*testPack, error) {
	project, err := evaluator.ReadProject(dir)
	if err != nil {
		return nil, err
	}
	loader, ok := all[project.Runtime]
	if !ok {
		return nil, schemas.Errorf(schemas.CodeInvalid, "%s: runtime %q is not supported", evaluator.ProjectFile, project.Runtime).
			WithHint("supported: %s", all)
	}
	p := &testPack{runtimes: all, loader: loader, configs: map[*fixture.Case]map[string]schemas.PolicyConfig{}, engines: map[string]evaluator.Engine{}}
	if err = p.place(ctx, dir); err == nil {
		p.manifest, err = loader.Inspect(ctx, p.dir)
	}
	if err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

// place finds the directory to run the pack in: its own, unless dependencies have
// to be installed. Those are locked in a copy, as publishing would.
func (p *testPack) place(ctx context.Context, dir string) (err error) {
	if p.dir, err = filepath.Abs(dir); err != nil {
		return schemas.Errorf(schemas.CodeInvalid, "%s: %w", dir, err)
	}
	if owner, ok := p.loader.(policy.Owner); ok && owner.Own(p.dir) {
		return nil
	}
	locker, ok := p.loader.(policy.Locker)
	if !ok {
		return nil
	}
	archive, err := policy.Archive(p.dir)
	if err != nil {
		return err
	}
	if p.tmp, err = os.MkdirTemp("", "insights-pack-"); err != nil {
		return schemas.Errorf(schemas.CodeInternal, "make a temporary directory: %w", err)
	}
	p.dir = filepath.Join(p.tmp, "pack")
	if err := policy.Unpack(archive, p.dir); err != nil {
		return err
	}
	_, err = locker.Lock(ctx, p.dir)
	return err
}

// prepare makes sure that every case can be run: the pack has the policies that
// it names, and its configuration is valid.
func (p *testPack) prepare(files []string, cases map[string][]fixture.Case) error {
	var problems schemas.Problems
	for _, file := range files {
		for i := range cases[file] {
			c := &cases[file][i]
			problems.Add("", c.Check(p.manifest.Policies))
			config, err := policy.LayerConfig(p.manifest.Policies, c.Config)
			problems.Add(c.Where()+": ", err)
			p.configs[c] = config
		}
	}
	return problems.Err()
}

// caseTimeout bounds one case, as it bounds a resource in a scan.
const caseTimeout = 30 * time.Second

// run asks the pack about a case. A pack that cannot run as a whole has every
// policy errored, as in a scan.
func (p *testPack) run(ctx context.Context, c *fixture.Case) ([]schemas.PolicyResult, error) {
	e, err := p.engine(ctx, p.configs[c])
	if err != nil {
		return nil, err
	}
	within, cancel := context.WithTimeout(ctx, caseTimeout)
	defer cancel()
	results, err := e.Evaluate(within, c.Input())
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err == nil {
		return results, nil
	}
	results = nil
	for _, pol := range p.manifest.Policies {
		if pol.Scope != schemas.PolicyStack {
			results = append(results, schemas.PolicyResult{Policy: pol.Name, Outcome: schemas.Errored, Reason: err.Error()})
		}
	}
	return results, nil
}

func (p *testPack) engine(ctx context.Context, config map[string]schemas.PolicyConfig) (evaluator.Engine, error) {
	key, err := json.Marshal(config) // map keys come sorted
	if err != nil {
		return nil, schemas.Errorf(schemas.CodeInvalid, "configuration: %w", err)
	}
	if e, ok := p.engines[string(key)]; ok {
		return e, nil
	}
	e, err := p.loader.Load(ctx, p.dir, schemas.EffectivePack{PackRef: p.manifest.PackRef, Local: true, Policies: p.manifest.Policies, Config: config})
	if err == nil {
		p.engines[string(key)] = e
	}
	return e, err
}

func (p *testPack) close() {
	for _, e := range p.engines {
		_ = e.Close() // the results are there
	}
	p.runtimes.close()
	if p.tmp != "" {
		_ = os.RemoveAll(p.tmp)
	}
}

// updateFixtures writes the cases that were changed back into their file.
func updateFixtures(file string, cases []fixture.Case, changed []int) error {
	if len(changed) == 0 {
		return nil
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		return schemas.Errorf(schemas.CodeInvalid, "read fixtures: %w", err)
	}
	text, err := fixture.Update(file, raw, cases, slices.Clone(changed))
	if err != nil {
		return err
	}
	return writeFile(file, textWriter(text))
}
