package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/insights-scanner/insights-scanner/scanner/api"
	"github.com/insights-scanner/insights-scanner/schemas"
)

func (a *app) accountCheckCmd() *cobra.Command {
	var regions []string
	var all bool
	cmd := &cobra.Command{
		Use: "check ACCOUNT", Short: "Try what the account's role may do and list what is missing", Args: args(cobra.ExactArgs(1)),
		Long: `Check makes the API calls of a scan on the first resource of each kind and lists
the IAM actions that are denied or fail, with the resource types that need them.
It reads a little of every service in every region that a scan of ACCOUNT reads,
or in those of --region, and changes nothing. Calls for which the account has no
resource are not tried; 'insights account policy' prints all that a role needs.`,
		Example: `  insights account check prod
  insights account check prod --region eu-west-1 --all
  insights account check prod -o json`,
		Annotations: map[string]string{alsoExits: "4 something is missing"},
		RunE: func(cmd *cobra.Command, given []string) error {
			return a.with(cmd.Context(), "insights account check", nodeOptions{}, func(ctx context.Context, s api.Service) error {
				list, err := s.CheckAccount(ctx, given[0], regions)
				if err != nil {
					return err
				}
				if a.output == "json" {
					err = printJSON(a.out, map[string]any{"permissions": orEmpty(list)})
				} else {
					err = a.printPermissions(given[0], list, all)
				}
				if err != nil {
					return err
				}
				if missing(list) > 0 {
					return exitCode(exitPartial)
				}
				return nil
			})
		},
	}
	cmd.Flags().StringSliceVar(&regions, "region", nil, "try in this `REGION` (and the global services), repeatable")
	cmd.Flags().BoolVar(&all, "all", false, "list the actions that are allowed or were not tried, too")
	return cmd
}

// missing counts the permissions that a scan would do without.
func missing(list []schemas.Permission) (n int) {
	for _, p := range list {
		if p.State == schemas.PermissionDenied || p.State == schemas.PermissionFailed {
			n++
		}
	}
	return n
}

func (a *app) printPermissions(account string, list []schemas.Permission, all bool) error {
	count := map[schemas.PermissionState]int{}
	var rows [][]string
	for _, p := range list {
		count[p.State]++
		if all || p.State == schemas.PermissionDenied || p.State == schemas.PermissionFailed {
			rows = append(rows, []string{p.Action, p.Region, string(p.State), p.Reason, strings.Join(p.Types, ", ")})
		}
	}
	if len(rows) > 0 {
		if err := printTable(a.out, []string{"action", "region", "state", "reason?", "needed by?"}, rows); err != nil {
			return err
		}
		fmt.Fprintln(a.out)
	}
	text := fmt.Sprintf("Account %s, by action and region: %d allowed, %d denied, %d failed, %d not tried.",
		account, count[schemas.PermissionAllowed], count[schemas.PermissionDenied], count[schemas.PermissionFailed], count[schemas.PermissionNotTried])
	if count[schemas.PermissionDenied] > 0 {
		text += fmt.Sprintf("\nWhat the role needs: insights account policy %s", account)
	}
	_, err := fmt.Fprintln(a.out, text)
	return err
}
