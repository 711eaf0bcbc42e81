package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/insights-scanner/insights-scanner/scanner/api"
	"github.com/insights-scanner/insights-scanner/schemas"
)

func (a *app) groupCmd() *cobra.Command {
	return parent("group", "Enforce packs on groups of accounts",
		a.groupListCmd(),
		a.groupChange(groupChange{
			use: "show GROUP", short: "Show a group's accounts and packs", n: 1,
			long:    "Show prints the accounts of GROUP and the packs that it enforces on them.",
			example: "  insights group show " + schemas.DefaultAccountsGroup,
			do: func(ctx context.Context, s api.Service, g []string) (schemas.Group, error) {
				return s.GetGroup(ctx, g[0])
			},
		}),
		a.groupChange(groupChange{
			use: "create GROUP", short: "Create an empty group", n: 1,
			long:    "Create makes a group without accounts and packs. Every account is also in\n" + schemas.DefaultAccountsGroup + ", which is always there.",
			example: "  insights group create production",
			do: func(ctx context.Context, s api.Service, g []string) (schemas.Group, error) {
				return s.CreateGroup(ctx, g[0])
			},
		}),
		a.groupChange(groupChange{
			use: "add-account GROUP ACCOUNT", short: "Put an account, or a child of one, into a group", n: 2, work: judging,
			long: `Add-account puts ACCOUNT (a name or id) into GROUP, and what is known of it is
judged by the group's packs at once. An account covers its children. A child alone
is added by its path: prod/us-east-1, or prod/global for what has no region.`,
			example: "  insights group add-account production prod\n  insights group add-account europe prod/eu-west-1",
			do: func(ctx context.Context, s api.Service, g []string) (schemas.Group, error) {
				return s.AddGroupAccount(ctx, g[0], g[1])
			},
		}),
		a.groupChange(groupChange{
			use: "remove-account GROUP ACCOUNT", short: "Take an account, or a child of one, out of a group", n: 2, work: judging,
			long: `Remove-account takes ACCOUNT (a name or id, or the path of a child that was added)
out of GROUP. Violations of packs that no longer apply to it are closed.`,
			example: "  insights group remove-account production prod\n  insights group remove-account europe prod/eu-west-1",
			do: func(ctx context.Context, s api.Service, g []string) (schemas.Group, error) {
				return s.RemoveGroupAccount(ctx, g[0], g[1])
			},
		}),
		a.groupSelectCmd(),
		a.groupEnforceCmd(),
		a.groupChange(groupChange{
			use: "withdraw GROUP PACK", short: "Stop enforcing a pack", n: 2, work: judging,
			long:    "Withdraw takes PACK out of GROUP. Its violations are closed where no other group\nenforces it.",
			example: "  insights group withdraw production my_pack",
			do: func(ctx context.Context, s api.Service, g []string) (schemas.Group, error) {
				return s.WithdrawPack(ctx, g[0], g[1])
			},
		}),
		a.groupDeleteCmd(),
	)
}

// groupChange is a command that answers with the group.
type groupChange struct {
	use, short, long, example string
	n                         int // arguments
	work                      work
	do                        func(context.Context, api.Service, []string) (schemas.Group, error)
}

func (a *app) groupChange(c groupChange) *cobra.Command {
	return &cobra.Command{
		Use: c.use, Short: c.short, Long: c.long, Example: c.example, Args: args(cobra.ExactArgs(c.n)),
		RunE: func(cmd *cobra.Command, given []string) error {
			return a.with(cmd.Context(), cmd.CommandPath(), nodeOptions{work: c.work}, func(ctx context.Context, s api.Service) error {
				g, err := c.do(ctx, s, given)
				if err != nil {
					return err
				}
				return a.printGroup(ctx, s, g)
			})
		},
	}
}

func (a *app) groupEnforceCmd() *cobra.Command {
	var version, file string
	cmd := &cobra.Command{
		Use:   "enforce GROUP PACK[@VERSION]",
		Short: "Enforce a published pack on a group's accounts",
		Long: `Enforce applies PACK to the accounts of GROUP, or changes the version or
configuration of one that applies already. Without VERSION, or with latest, it
follows the newest one. Accounts are judged anew by what is known of them; nothing
is read from the cloud. For accounts a violation is a report, never a block.

The configuration is YAML or JSON: per policy (or "all") an enforcement level, or an
object with enforcementLevel and the policy's own properties:

  all: advisory
  deny_access_key_age: {enforcementLevel: mandatory, maxDays: 60}

When other groups enforce PACK on an account too, the newest version applies there;
of the same version the configuration that was changed last. See 'insights account
packs ACCOUNT --explain'.`,
		Example: `  insights group enforce default-accounts-policy-group my_pack
  insights group enforce production my_pack@1.2.0 --pack-config config.yaml`,
		Args: args(cobra.ExactArgs(2)),
		RunE: func(cmd *cobra.Command, given []string) error {
			e := schemas.Enrolment{Pack: given[1], Version: version}
			if pack, inWord, found := strings.Cut(given[1], "@"); found {
				if cmd.Flags().Changed("pack-version") {
					return usageError(cmd, fmt.Errorf("the version is given twice: %s and --pack-version %s", given[1], version))
				}
				e.Pack, e.Version = pack, inWord
			}
			if file != "" {
				var err error
				if e.Config, err = readPackConfig(file); err != nil {
					return err
				}
			}
			return a.with(cmd.Context(), "insights group enforce", nodeOptions{work: judging}, func(ctx context.Context, s api.Service) error {
				g, err := s.EnrolPack(ctx, given[0], e)
				if err != nil {
					return err
				}
				return a.printGroup(ctx, s, g)
			})
		},
	}
	cmd.Flags().StringVar(&version, "pack-version", schemas.Latest, "a published `VERSION`, or latest to follow the newest; the same as PACK@VERSION")
	cmd.Flags().StringVar(&file, "pack-config", "", "YAML or JSON `FILE` with the configuration")
	return cmd
}

func (a *app) groupDeleteCmd() *cobra.Command {
	return &cobra.Command{
		Use: "delete GROUP", Short: "Delete a group", Args: args(cobra.ExactArgs(1)),
		Long: `Delete removes GROUP. Its accounts stay; violations of packs that no other group
enforces on them are closed.`,
		Example: "  insights group delete production",
		RunE: func(cmd *cobra.Command, given []string) error {
			return a.with(cmd.Context(), "insights group delete", nodeOptions{work: judging}, func(ctx context.Context, s api.Service) error {
				if err := s.DeleteGroup(ctx, given[0]); err != nil {
					return err
				}
				if a.output == "json" {
					return printJSON(a.out, map[string]string{"deleted": given[0]})
				}
				fmt.Fprintf(a.out, "Group %s deleted.\n", given[0])
				return nil
			})
		},
	}
}
