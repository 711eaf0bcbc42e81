package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/insights-scanner/insights-scanner/scanner/api"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// removal is what removing an account does, as it is told before it is done.
type removal struct {
	Account    string            `json:"account"`
	ID         schemas.AccountID `json:"id"`
	Registered bool              `json:"registered"` // false: only results of it are left
	Groups     []string          `json:"groups"`     // it leaves these
	Resources  uint64            `json:"resources"`
	Open       uint64            `json:"openViolations"`
	Purge      bool              `json:"purge"` // what was found is deleted
	// KeptUntil is the day from which on what was found is deleted, if the account
	// is removed now; zero with Purge, and when it is kept for ever.
	KeptUntil time.Time `json:"keptUntil,omitzero"`
	Done      bool      `json:"done"`

	retention schemas.Retention
}

func (a *app) accountRemoveCmd() *cobra.Command {
	var yes, dryRun, purge bool
	cmd := &cobra.Command{
		Use: "remove ACCOUNT", Short: "Stop scanning an account; what was found is kept for a time", Args: args(cobra.ExactArgs(1)),
		Long: `Remove forgets ACCOUNT (a name or id), takes it out of every group, and stops its
schedule, scans and judging at once. It says first what it does, and asks.

What was found is kept for as long as retention.removed says (default 90d), and
then deleted. Since nobody looks any more, its violations count neither as open
nor as fixed: reports and lists leave the account out, and show it only when they
are asked for its id. Added again before that day, it goes on where it was.

With --purge what was found is deleted now, for ever; give the id to do that later.`,
		Example: `  insights account remove prod --dry-run
  insights account remove prod --yes
  insights account remove aws-123456789012 --purge --yes`,
		RunE: func(cmd *cobra.Command, given []string) error {
			return a.with(cmd.Context(), "insights account remove", nodeOptions{}, func(ctx context.Context, s api.Service) error {
				r, err := planRemoval(ctx, s, given[0], purge)
				if err != nil {
					return err
				}
				if a.output != "json" {
					a.printRemoval(r)
				}
				if dryRun {
					return a.printRemoved(r)
				}
				if !yes {
					if err := a.confirm(cmd, r); err != nil {
						return err
					}
				}
				if err := r.carryOut(ctx, s); err != nil {
					return err
				}
				r.Done = true
				return a.printRemoved(r)
			})
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do it without asking")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "only say what would be done")
	cmd.Flags().BoolVar(&purge, "purge", false, "also delete what was found in it")
	return cmd
}

// planRemoval finds out what there is. An account that was removed before is
// found by its id, to purge what is left of it.
func planRemoval(ctx context.Context, s api.Service, name string, purge bool) (removal, error) {
	r := removal{Account: name, ID: schemas.AccountID(name), Groups: []string{}, Purge: purge}
	acc, err := s.GetAccount(ctx, name)
	switch {
	case err == nil:
		r.Account, r.ID, r.Registered = acc.Name, acc.ID, true
	case !purge || !r.ID.Valid() || schemas.CodeOf(err) != schemas.CodeNotFound:
		return r, err
	}
	if r.retention, err = s.Retention(ctx); err != nil {
		return r, err
	}
	if keep := r.retention.Removed; !purge && keep != schemas.Forever {
		r.KeptUntil = time.Now().UTC().AddDate(0, 0, int(keep)).Truncate(time.Second)
	}
	groups, err := s.ListGroups(ctx)
	if err != nil {
		return r, err
	}
	for _, g := range groups {
		named := slices.ContainsFunc(g.Accounts, func(m schemas.Member) bool { return m.Account() == r.ID })
		if named && g.Name != schemas.DefaultAccountsGroup {
			r.Groups = append(r.Groups, g.Name)
		}
	}
	report, err := s.Report(ctx, schemas.ReportQuery{Accounts: []string{string(r.ID)}})
	if err != nil {
		return r, err
	}
	for _, found := range report.Accounts {
		r.Resources = found.Resources
		for _, n := range found.Open {
			r.Open += n
		}
	}
	return r, nil
}

func (r removal) carryOut(ctx context.Context, s api.Service) error {
	if r.Registered {
		if err := s.RemoveAccount(ctx, string(r.ID)); err != nil {
			return err
		}
	}
	if !r.Purge {
		return nil
	}
	if err := s.PurgeAccount(ctx, r.ID); err != nil {
		what := "what was found in " + string(r.ID)
		if r.Registered {
			what = "account " + r.Account + " is removed, but what was found in it"
		}
		return schemas.Errorf(schemas.CodeOf(err), "%s is not deleted: %w", what, err).
			WithHint("Try again: insights account remove %s --purge", r.ID)
	}
	return nil
}

func (a *app) printRemoval(r removal) {
	line := func(what, text string) { fmt.Fprintf(a.out, "  %-8s %s\n", what, text) }
	found := fmt.Sprintf("%s and %s, with their history", countText(r.Resources, "resource", "resources"), countText(r.Open, "open violation", "open violations"))
	if !r.Registered {
		fmt.Fprintf(a.out, "Account %s is not registered any more.\n", r.ID)
	} else {
		fmt.Fprintf(a.out, "Remove account %s (%s):\n", r.Account, r.ID)
		line("Stops", "its scans, its schedule, judging")
		if len(r.Groups) > 0 {
			groups := "the group "
			if len(r.Groups) > 1 {
				groups = "the groups "
			}
			line("Leaves", groups+strings.Join(r.Groups, ", "))
		}
	}
	if r.Purge {
		line("Deletes", found+", for ever")
		return
	}
	line("Keeps", found)
	line("", r.keptText()+" (retention.removed: "+r.retention.Removed.String()+")")
	line("", "Reports leave it out; by its id they show it: insights report --account "+string(r.ID))
}

// keptText says until when what was found is kept.
func (r removal) keptText() string {
	if r.KeptUntil.IsZero() {
		return "for ever"
	}
	return "until " + r.KeptUntil.Format(time.DateOnly)
}

// confirm asks on a terminal. Elsewhere nobody can answer: --yes has to.
func (a *app) confirm(cmd *cobra.Command, r removal) error {
	if !terminal(a.out) || !terminalIn(a.in) {
		return usageError(cmd, errors.New("nobody is there to confirm it: add --yes, or look first with --dry-run"))
	}
	fmt.Fprintf(a.out, "Type %s to do it: ", r.Account)
	answer, err := bufio.NewReader(a.in).ReadString('\n')
	if strings.TrimSpace(answer) == r.Account {
		return nil
	}
	if err == nil {
		err = errors.New("something else was typed")
	}
	return schemas.Errorf(schemas.CodeCancelled, "nothing is removed: %w", err)
}

func (a *app) printRemoved(r removal) error {
	if a.output == "json" {
		return printJSON(a.out, r)
	}
	text := fmt.Sprintf("Account %s removed.", r.Account)
	switch {
	case !r.Done:
		text = "Nothing is done: --dry-run."
	case !r.Registered:
		text = "Everything that was found in it is deleted."
	case r.Purge:
		text += " Everything that was found in it is deleted."
	default:
		text += " What was found in it is kept " + r.keptText() + "."
	}
	_, err := fmt.Fprintln(a.out, text)
	return err
}
