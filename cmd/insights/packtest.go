package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/insights-scanner/insights-scanner/evaluator"
	"github.com/insights-scanner/insights-scanner/evaluator/fixture"
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
	if _, err := evaluator.ReadProject(dir); err != nil {
		return err
	}
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
