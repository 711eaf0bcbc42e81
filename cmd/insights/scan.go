package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/insights-scanner/insights-scanner/scanner/api"
	"github.com/insights-scanner/insights-scanner/schemas"
)

func (a *app) scanCmd() *cobra.Command {
	return parent("scan", "Scan accounts",
		a.scanStartCmd(), a.scanWatchCmd(), a.scanCancelCmd(), a.scanListCmd(), a.scanShowCmd())
}

func (a *app) scanStartCmd() *cobra.Command {
	var packs localFlags
	var wait waitOptions
	var detach bool
	var limit schemas.ScanLimit
	cmd := &cobra.Command{
		Use:   "start ACCOUNT",
		Short: "Scan an account now and wait for the result",
		Long: `Start reads ACCOUNT (a name or id), judges what it finds and waits until the scan
has ended. It exits 0 also with violations, 4 when the scan was not complete, and
with --fail-on 3 when there are open violations of that severity or worse.

With --service and --region it reads only that part of the account. The rest stays
as it is known: nothing of it is taken for gone. Services without a region, such as
iam and s3, are read in the region "global".

With --resource it reads single resources, with what is split off them, and prints
their violations; --fail-on then is about these. RESOURCE is an ARN, a URN,
REGION|TYPE|ID, or an id as 'insights resources' shows it. One that does not exist
is an error; a scan of its service removes what is known of it.

With --policy-pack it also judges by the pack in a directory: a local pack, which
has no part in scores and history (see 'insights evaluate --help').

Interrupt it, and the next start goes on with the same scan, unless that is of
something else or older than a day: then it is cancelled, and another one begins. It
also takes the flags of 'insights serve' that name servers and bounds, such as
--nats-url.`,
		Example: `  insights scan start prod
  insights scan start prod --service ec2 --region us-east-1
  insights scan start prod --resource arn:aws:s3:::my-bucket
  insights scan start prod --aws-config off
  insights scan start prod --policy-pack ./my-pack --policy-pack-config strict.yaml
  insights scan start prod --fail-on high -o json
  insights scan start prod --server http://127.0.0.1:8080 --detach`,
		Annotations: scanExits,
		Args:        args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			if err := a.checkWait(cmd, wait); err != nil {
				return err
			}
			if err := notEmpty(cmd, "service", "region", "resource"); err != nil {
				return err
			}
			if len(limit.Resources) > 0 && len(limit.Services)+len(limit.Regions) > 0 {
				return usageError(cmd, errors.New("--resource does not go with --service or --region"))
			}
			if detach && a.server == "" {
				return usageError(cmd, errors.New("--detach needs --server: without a server the scan runs in this process"))
			}
			local, err := packs.packs(cmd)
			if err != nil {
				return err
			}
			wait.local = len(local) > 0
			opts := nodeOptions{work: scanning, local: local}
			return a.with(cmd.Context(), "insights scan start", opts, func(ctx context.Context, s api.Service) error {
				scan, err := a.startScan(ctx, s, given[0], limit)
				if err != nil {
					return err
				}
				if detach {
					return a.printStarted(scan)
				}
				return a.finishScan(ctx, s, scan, wait)
			})
		},
	}
	addSettingFlags(cmd.Flags())
	// They are about clusters; the first scan of a new user is not.
	cmd.Flags().VisitAll(func(f *pflag.Flag) { f.Hidden = true })
	packs.add(cmd)
	cmd.Flags().StringSliceVar(&limit.Services, "service", nil, "`SERVICE` to read, for example ec2, repeatable (default all of the account)")
	cmd.Flags().StringSliceVar(&limit.Regions, "region", nil, "`REGION` to read, repeatable (default all of the account)")
	cmd.Flags().StringArrayVar(&limit.Resources, "resource", nil, "single `RESOURCE` to read: an ARN, URN, REGION|TYPE|ID or known id, repeatable")
	cmd.Flags().StringVar((*string)(&limit.AWSConfig), "aws-config", "", "`USE` of what AWS Config has recorded, auto or off (default that of the account)")
	oneOf(cmd, "aws-config", string(schemas.ConfigAuto), string(schemas.ConfigOff))
	wait.add(cmd)
	cmd.Flags().BoolVar(&detach, "detach", false, "return as soon as the server has started the scan")
	return cmd
}

// scanExits are the exit codes of commands that wait for a scan.
var scanExits = map[string]string{alsoExits: "3 --fail-on found\nviolations, 4 the scan was not complete"}

func addFailOn(cmd *cobra.Command, level *string) {
	cmd.Flags().StringVar(level, "fail-on", "", "exit 3 when violations of this `SEVERITY` or worse are open: low, medium, high, critical")
	oneOf(cmd, "fail-on", failOnNames...)
}

// finishScan waits for the end, prints the outcome and gives the exit code.
func (a *app) finishScan(ctx context.Context, s api.Service, scan schemas.Scan, wait waitOptions) error {
	scan, err := a.watch(ctx, s, scan, a.progress(wait.follow))
	if err != nil {
		return err
	}
	if len(scan.Limit.Resources) > 0 {
		return a.finishResources(ctx, s, scan, wait)
	}
	report, err := s.Report(ctx, schemas.ReportQuery{Accounts: []string{string(scan.AccountID)}})
	if err != nil {
		return err
	}
	if a.output == "json" {
		err = a.printResult(wait, map[string]any{"scan": scan, "report": withLists(report)})
	} else {
		err = a.printOutcome(scan, report)
	}
	if err != nil {
		return err
	}
	if scan.State != schemas.ScanSucceeded {
		return exitCode(exitPartial)
	}
	if err := failOnFound(ctx, s, report, wait); err != nil {
		return err
	}
	return a.failOnUnjudged(report, wait.failOn)
}

// printResult prints the outcome of a scan for programs: on one line where lines
// of progress came before.
func (a *app) printResult(wait waitOptions, result map[string]any) error {
	if wait.follow {
		return json.NewEncoder(a.out).Encode(result)
	}
	return printJSON(a.out, result)
}

func (a *app) scanWatchCmd() *cobra.Command {
	var wait waitOptions
	cmd := &cobra.Command{
		Use: "watch SCAN", Short: "Follow a scan until it ends", Args: args(cobra.ExactArgs(1)), Annotations: scanExits,
		Long: `Watch follows SCAN (its id, see 'insights scan list') and exits as 'insights scan
start' does. Without a server it runs the roles in this process, so a scan that
was interrupted goes on.

On a terminal one line shows how far the scan is and what is being read; elsewhere
a line is printed every few seconds, to standard error. With -o json --follow every
change is a line of JSON on standard output, and the last line has the result.`,
		Example: `  insights scan watch 123456789012-7
  insights scan watch 123456789012-7 -o json --follow | jq -c .scan.progress
  insights scan watch 123456789012-7 --fail-on high --server http://127.0.0.1:8080`,
		RunE: func(cmd *cobra.Command, given []string) error {
			if err := a.checkWait(cmd, wait); err != nil {
				return err
			}
			opts := nodeOptions{work: scanning}
			return a.with(cmd.Context(), "insights scan watch", opts, func(ctx context.Context, s api.Service) error {
				scan, err := s.GetScan(ctx, given[0])
				if err != nil {
					return err
				}
				return a.finishScan(ctx, s, scan, wait)
			})
		},
	}
	wait.add(cmd)
	return cmd
}

func (a *app) scanCancelCmd() *cobra.Command {
	return &cobra.Command{
		Use: "cancel SCAN", Short: "Stop a scan; what it has completed stays", Args: args(cobra.ExactArgs(1)),
		Long: `Cancel stops SCAN (its id, see 'insights scan list') and waits until it has
stopped, which takes seconds: calls to the cloud are cut off, and units that wait
are not read. What was read completely counts; of the rest, what was known before
is kept.`,
		Example: "  insights scan cancel 123456789012-7",
		RunE: func(cmd *cobra.Command, given []string) error {
			opts := nodeOptions{work: scanning}
			return a.with(cmd.Context(), "insights scan cancel", opts, func(ctx context.Context, s api.Service) error {
				scan, err := s.CancelScan(ctx, given[0])
				if err != nil {
					return err
				}
				if scan, err = a.watch(ctx, s, scan, a.progress(false)); err != nil {
					return err
				}
				if a.output == "json" {
					return printJSON(a.out, scan)
				}
				_, err = fmt.Fprintf(a.out, "Scan %s of %s: %s after %s.\n", scan.ID, scan.Account, scan.State, durationText(scan))
				return err
			})
		},
	}
}

func (a *app) scanListCmd() *cobra.Command {
	var account string
	var limit int
	cmd := &cobra.Command{
		Use: "list", Short: "List scans, newest first", Args: filled(cobra.NoArgs),
		Long: `List shows the scans that are kept: the newest 50 of each account. GAPS counts
the scopes (a type in a region) that could not be read completely.`,
		Example: `  insights scan list
  insights scan list --account prod --limit 5`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if limit < 1 {
				return usageError(cmd, fmt.Errorf("--limit %d: must be 1 or more", limit))
			}
			return a.with(cmd.Context(), "insights scan list", nodeOptions{}, func(ctx context.Context, s api.Service) error {
				list, err := s.ListScans(ctx, account, limit)
				if err != nil {
					return err
				}
				if a.output == "json" {
					return printJSON(a.out, orEmpty(list))
				}
				return a.printScans(list)
			})
		},
	}
	cmd.Flags().StringVar(&account, "account", "", "only scans of this `ACCOUNT` (name or id)")
	cmd.Flags().IntVar(&limit, "limit", 20, "`HOW-MANY` at most")
	return cmd
}

func (a *app) scanShowCmd() *cobra.Command {
	return &cobra.Command{
		Use: "show SCAN", Short: "Show a scan and what it changed", Args: args(cobra.ExactArgs(1)),
		Long: `Show prints what SCAN (its id, see 'insights scan list') read, how long it took,
and which violations it opened, fixed and reopened.`,
		Example: "  insights scan show 123456789012-7",
		RunE: func(cmd *cobra.Command, given []string) error {
			return a.with(cmd.Context(), "insights scan show", nodeOptions{}, func(ctx context.Context, s api.Service) error {
				scan, err := s.GetScan(ctx, given[0])
				if err != nil {
					return err
				}
				events := []schemas.ViolationEvent{}
				err = api.AllEvents(ctx, s, string(scan.AccountID), scan.ID, func(e schemas.ViolationEvent) { events = append(events, e) })
				if err != nil {
					return err
				}
				if a.output == "json" {
					return printJSON(a.out, map[string]any{"scan": scan, "events": events})
				}
				return a.printScanDetails(scan, events)
			})
		},
	}
}
