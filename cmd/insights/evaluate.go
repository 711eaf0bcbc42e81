package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/insights-scanner/insights-scanner/schemas"
)

func (a *app) evaluateCmd() *cobra.Command {
	var packs localFlags
	var failOn string
	cmd := &cobra.Command{
		Use:   "evaluate [ACCOUNT...]",
		Short: "Judge what is known of accounts, now, without reading the cloud",
		Long: `Evaluate judges what scans found in ACCOUNT (names or ids; default all) by the
packs that apply now, and waits for the result. No cloud is asked. What was judged
already and has not changed since is not judged again.

With --policy-pack it judges by the pack in a directory in addition to the enforced
ones. Such a pack is local: it runs as NAME@local, has counts of its own and no part
in scores, changes no enforced finding, and the next scan or evaluation without it
forgets what it found. --policy-pack-config gives it a configuration: per policy, or
for "all", an enforcement level or an object with enforcementLevel and properties.

It exits 0 also with violations. With --fail-on it exits 3 when violations of that
severity or worse are open, also those of local packs, else 4 when an account was
never scanned as a whole or no policy judges it. It exits 4 when something could not
be judged at all.

A server judges what is held by itself whenever packs, groups or resources change,
so there is no --server here: see 'insights report'.`,
		Example: `  insights evaluate
  insights evaluate prod --policy-pack ./my-pack
  insights evaluate prod --policy-pack ./my-pack --policy-pack-config strict.yaml --fail-on high
  insights evaluate prod dev --policy-pack ./my-pack -o json`,
		Annotations: map[string]string{alsoExits: "3 --fail-on found\nviolations, 4 not everything could be judged or was scanned"},
		RunE: func(cmd *cobra.Command, given []string) error {
			if err := checkFailOn(cmd, failOn); err != nil {
				return usageError(cmd, err)
			}
			if a.server != "" {
				return usageError(cmd, errors.New("evaluate does not go with --server: a server judges what is held by itself"))
			}
			local, err := packs.packs(cmd)
			if err != nil {
				return err
			}
			cfg, err := a.config()
			if err != nil {
				return err
			}
			opts := nodeOptions{work: evaluating, local: local, log: a.logger(cfg, true)}
			return runNode(cmd.Context(), cfg, "insights evaluate", opts, func(ctx context.Context, n *node) error {
				return a.evaluate(ctx, n, given, waitOptions{failOn: failOn, local: len(local) > 0})
			})
		},
	}
	addSettingFlags(cmd.Flags())
	cmd.Flags().VisitAll(func(f *pflag.Flag) { f.Hidden = true }) // as those of scan start
	packs.add(cmd)
	addFailOn(cmd, &failOn)
	return cmd
}

// evaluate judges accounts and prints what came of it.
func (a *app) evaluate(ctx context.Context, n *node, named []string, wait waitOptions) error {
	ids, err := n.accountIDs(ctx, named)
	if err != nil {
		return err
	}
	var left uint64
	for _, id := range ids {
		more, err := n.evaluate(ctx, id)
		if err != nil {
			return err
		}
		left += more
	}
	var r schemas.Report
	if len(ids) > 0 {
		if r, err = n.service.Report(ctx, schemas.ReportQuery{Accounts: ids}); err != nil {
			return err
		}
	}
	if a.output == "json" {
		err = printJSON(a.out, map[string]any{"report": withLists(r), "unjudged": left})
	} else {
		err = a.printEvaluation(r)
	}
	if err != nil {
		return err
	}
	if left > 0 {
		fmt.Fprintf(a.err, "error: %s could not be judged; the log says why\n", countText(left, "resource", "resources"))
		return exitCode(exitPartial)
	}
	if err := failOnFound(ctx, n.service, r, wait); err != nil {
		return err
	}
	if err := a.failOnNever(r, wait.failOn); err != nil {
		return err
	}
	return a.failOnUnjudged(r, wait.failOn)
}

// accountIDs are the ids of accounts by name or id, each once; none named are all.
func (n *node) accountIDs(ctx context.Context, named []string) ([]string, error) {
	var ids []string
	if len(named) == 0 {
		all, err := n.service.ListAccounts(ctx)
		for _, acc := range all {
			ids = append(ids, string(acc.ID))
		}
		return ids, err
	}
	seen := map[schemas.AccountID]bool{}
	for _, name := range named {
		acc, err := n.service.GetAccount(ctx, name)
		if err != nil {
			return nil, err
		}
		if !seen[acc.ID] {
			ids = append(ids, string(acc.ID))
		}
		seen[acc.ID] = true
	}
	return ids, nil
}

// evaluate judges what is held of an account by what applies now; left counts
// what could not be judged.
func (n *node) evaluate(ctx context.Context, account string) (left uint64, err error) {
	id := schemas.AccountID(account)
	running, err := n.parts.control.Running(ctx, id)
	if err != nil {
		return 0, err
	}
	if running != "" {
		return 0, schemas.Errorf(schemas.CodeConflict, "scan %s has not ended: it judges what it finds", running).
			WithHint("Let it end: insights scan watch %s; or stop it: insights scan cancel %s.", running, running)
	}
	if err := n.parts.resolver.Resolve(ctx, id); err != nil {
		return 0, err
	}
	return n.parts.control.Refresh(ctx, id)
}

// printEvaluation is what a person sees of an evaluation.
func (a *app) printEvaluation(r schemas.Report) error {
	if len(r.Accounts) == 0 {
		_, err := fmt.Fprintln(a.out, "No accounts. "+addAccountText)
		return err
	}
	for _, acc := range r.Accounts {
		if acc.NeverScanned() {
			fmt.Fprintf(a.out, "Account %s: %s\n", acc.Account, neverText(acc.Account))
			continue
		}
		fmt.Fprintf(a.out, "Account %s: %s judged\n", acc.Account, countText(acc.Resources, "resource", "resources"))
		a.printScores(acc)
		if err := a.printLocal(acc); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintln(a.out, "\nSee 'insights report' and 'insights violations'.")
	return err
}
