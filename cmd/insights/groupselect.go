package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/insights-scanner/insights-scanner/scanner/api"
	"github.com/insights-scanner/insights-scanner/scanner/policy"
)

func (a *app) groupSelectCmd() *cobra.Command {
	var none bool
	cmd := &cobra.Command{
		Use: "select GROUP [SELECTOR]", Short: "Hold the accounts with certain labels", Args: args(cobra.RangeArgs(1, 2)),
		Long: `Select makes GROUP hold, beside the accounts that were added, those whose labels
SELECTOR matches, now and whenever labels change. It replaces the selector that the
group has; --none takes it away. The syntax is that of Kubernetes; all parts must
match:

  env=prod  env!=prod  team in (a,b)  tier notin (test)  owner  !legacy

Labels are set by 'insights account update'. What is known of the accounts is judged
at once by the packs that apply then.`,
		Example: `  insights group select production "env=prod,team in (a,b)"
  insights group select production --none`,
		RunE: func(cmd *cobra.Command, given []string) error {
			if none != (len(given) == 1) {
				return usageError(cmd, errors.New("give either a SELECTOR or --none"))
			}
			selector := ""
			if !none {
				var err error
				if selector, err = policy.CheckSelector(given[1]); err != nil {
					return err
				}
			}
			return a.with(cmd.Context(), "insights group select", nodeOptions{work: judging}, func(ctx context.Context, s api.Service) error {
				g, err := s.SelectGroupAccounts(ctx, given[0], selector)
				if err != nil {
					return err
				}
				return a.printGroup(ctx, s, g)
			})
		},
	}
	cmd.Flags().BoolVar(&none, "none", false, "hold no account by its labels")
	return cmd
}
