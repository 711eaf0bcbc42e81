package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/insights-scanner/insights-scanner/scanner/api"
	"github.com/insights-scanner/insights-scanner/schemas"
)

func (a *app) accountCmd() *cobra.Command {
	return parent("account", "Register the accounts to scan",
		a.accountAddCmd(), a.accountListCmd(), a.accountShowCmd(), a.accountUpdateCmd(), a.accountPacksCmd(), a.accountGroupsCmd(),
		a.accountSyncCmd(),
		a.accountCheckCmd(), a.accountPolicyCmd(), a.accountPlanCmd(), a.accountRemoveCmd())
}

func (a *app) accountAddCmd() *cobra.Command {
	acc := schemas.Account{Provider: "aws"}
	var labels []string
	var org organizationFlags
	cmd := &cobra.Command{
		Use:   "add NAME",
		Short: "Register an account",
		Long: `Add registers an AWS account under NAME, which you choose. Which account it is
comes from the credentials: those of the AWS SDK's default chain (environment,
configuration files, instance role) or of --profile; with --role-arn they assume
that role. They need read permissions only: AWS's managed policy SecurityAudit, or
what 'insights account policy' prints.

With --organization the accounts of its AWS organization are registered too, and
come and go with it: NAME is the management account, or a delegated administrator,
and --member-role the role that is assumed in each of them. They are read as NAME
is: regions, services, schedule.`,
		Example: `  insights account add prod
  insights account add prod --role-arn arn:aws:iam::123456789012:role/insights-reader --external-id 7f3a
  insights account add prod --label env=prod --label team=a
  insights account add main --organization --member-role insights-reader --ou Workloads/Prod --tag scan=yes
  insights account add dev --region eu-west-1 --region us-east-1 --schedule "CRON_TZ=Europe/Berlin 0 3 * * *"`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			acc.Name = given[0]
			var err error
			if acc.Labels, err = parseLabels(labels); err != nil {
				return usageError(cmd, err)
			}
			if err = org.change(cmd.Flags(), &acc); err != nil {
				return usageError(cmd, err)
			}
			return a.with(cmd.Context(), "insights account add", nodeOptions{}, func(ctx context.Context, s api.Service) error {
				added, err := s.AddAccount(ctx, acc)
				if err != nil {
					return err
				}
				if a.output == "json" {
					if added.Organization != nil {
						err = a.syncOrganization(ctx, s, added.Name, false)
					}
					return errors.Join(err, printJSON(a.out, added))
				}
				fmt.Fprintf(a.out, "Account %s added: %s.\n", added.Name, added.ID)
				eff, err := s.EffectivePacks(ctx, added.Name)
				if err != nil {
					return err
				}
				fmt.Fprintf(a.out, "Packs that apply: %s.\nScan it with 'insights scan start %s'.\n", orNone(packNames(eff)), added.Name)
				if added.Organization == nil {
					return nil
				}
				return a.syncOrganization(ctx, s, added.Name, true)
			})
		},
	}
	accountFlags(cmd.Flags(), &acc, &labels)
	org.add(cmd.Flags())
	return cmd
}

func packNames(eff schemas.Effective) []string {
	names := make([]string, len(eff.Packs))
	for i, p := range eff.Packs {
		names[i] = p.Name + " " + p.Version
		if where := whereText(p.Regions, p.Except); where != "all" {
			names[i] += " in " + where
		}
	}
	return names
}

func parseLabels(list []string) (map[string]string, error) {
	labels := map[string]string{}
	for _, l := range list {
		k, v, ok := strings.Cut(l, "=")
		if !ok || k == "" {
			return nil, fmt.Errorf("--label %q: must be KEY=VALUE", l)
		}
		labels[k] = v
	}
	return labels, nil
}

func (a *app) accountListCmd() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List accounts and when each was scanned last", Args: args(cobra.NoArgs),
		Example: `  insights account list
  insights account list -o json`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.with(cmd.Context(), "insights account list", nodeOptions{}, func(ctx context.Context, s api.Service) error {
				list, err := s.ListAccounts(ctx)
				if err != nil {
					return err
				}
				if a.output == "json" {
					return printJSON(a.out, orEmpty(list))
				}
				return a.printAccounts(ctx, s, list)
			})
		},
	}
}

const addAccountText = "Add one with 'insights account add NAME'."

func (a *app) printAccounts(ctx context.Context, s api.Service, list []schemas.Account) error {
	if len(list) == 0 {
		_, err := fmt.Fprintln(a.out, "No accounts. "+addAccountText)
		return err
	}
	rows := make([][]string, len(list))
	for i, acc := range list {
		scan, scanned, err := lastScan(ctx, s, acc.ID)
		if err != nil {
			return err
		}
		last := neverText(acc.Name)
		if scanned {
			last = timeText(scan.StartedAt) + " " + string(scan.State)
			if !scan.Limit.Whole() {
				last += ", only " + scan.Limit.String()
			}
		}
		if acc.Found.Left() {
			last += "; left"
		}
		rows[i] = []string{acc.Name, string(acc.ID), orAll(acc.Regions), orAll(acc.Services), orText(acc.Schedule.Cron, "none"), last}
	}
	return printTable(a.out, []string{"name", "id", "regions?", "services?", "schedule?", "last scan"}, rows)
}

// lastScan is the newest scan of an account, if there is one.
func lastScan(ctx context.Context, s api.Service, id schemas.AccountID) (schemas.Scan, bool, error) {
	list, err := s.ListScans(ctx, string(id), 1)
	if err != nil || len(list) == 0 {
		return schemas.Scan{}, false, err
	}
	return list[0], true, nil
}

func orAll(list []string) string {
	if len(list) == 0 {
		return "all"
	}
	return strings.Join(list, ",")
}

func (a *app) accountShowCmd() *cobra.Command {
	return &cobra.Command{
		Use: "show ACCOUNT", Short: "Show an account and the packs that apply to it", Args: args(cobra.ExactArgs(1)),
		Long:    "Show prints how ACCOUNT (a name or id) is read, its last scan, and the packs that\nits groups enforce.",
		Example: "  insights account show prod",
		RunE: func(cmd *cobra.Command, given []string) error {
			return a.with(cmd.Context(), "insights account show", nodeOptions{}, func(ctx context.Context, s api.Service) error {
				acc, err := s.GetAccount(ctx, given[0])
				if err != nil {
					return err
				}
				eff, err := s.EffectivePacks(ctx, given[0])
				if err != nil {
					return err
				}
				scan, scanned, err := lastScan(ctx, s, acc.ID)
				if err != nil {
					return err
				}
				if a.output == "json" {
					doc := map[string]any{"account": acc, "packs": orEmpty(eff.Packs), "lastScan": nil}
					if scanned {
						doc["lastScan"] = scan
					}
					return printJSON(a.out, doc)
				}
				last := neverText(acc.Name)
				if scanned {
					last = lastScanText(&scan)
				}
				a.printAccount(acc, last)
				return a.printEffective(eff)
			})
		},
	}
}

func (a *app) printAccount(acc schemas.Account, last string) {
	line := func(what, text string) {
		if text != "" {
			fmt.Fprintf(a.out, "  %-11s %s\n", what, text)
		}
	}
	fmt.Fprintf(a.out, "Account %s (%s)\n", acc.Name, acc.ID)
	line("Last scan", last)
	line("Regions", orAll(acc.Regions))
	line("Services", orAll(acc.Services))
	line("Caps", capText(acc.Caps))
	line("Tail", string(acc.ReadsTail()))
	line("AWS Config", string(acc.ReadsConfig()))
	line("Max share", shareValue{&acc.MaxShare}.String())
	line("Schedule", orText(acc.Schedule.Cron, "none"))
	line("Role", acc.RoleARN)
	line("Session", strings.Join(acc.SessionPolicies, ", "))
	line("Profile", acc.Profile)
	line("Endpoint", acc.Endpoint)
	line("Labels", labelText(acc.Labels))
	printOrganization(line, acc)
	fmt.Fprintln(a.out)
}

func capText(caps map[string]int) string {
	var list []string
	for _, k := range slices.Sorted(maps.Keys(caps)) {
		list = append(list, fmt.Sprintf("%s=%d", k, caps[k]))
	}
	return strings.Join(list, ", ")
}

func labelText(labels map[string]string) string {
	var list []string
	for _, k := range slices.Sorted(maps.Keys(labels)) {
		list = append(list, k+"="+labels[k])
	}
	return strings.Join(list, ", ")
}
