package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/insights-scanner/insights-scanner/scanner/api"
	"github.com/insights-scanner/insights-scanner/schemas"
)

func (a *app) diffCmd() *cobra.Command {
	var q schemas.DiffQuery
	cmd := &cobra.Command{
		Use: "diff SCAN_A SCAN_B", Short: "Show what changed between two scans of an account", Args: args(cobra.ExactArgs(2)),
		Long: `Diff compares an account as it was when SCAN_A had ended with how it was when
SCAN_B had: resources that came, changed or went, and violations that opened or were
fixed in between, whichever scan or change of packs did it. What happened and was
undone in between does not show.`,
		Example: `  insights diff 123456789012-6 123456789012-7
  insights diff 123456789012-6 123456789012-7 -o json | jq .violations.opened`,
		RunE: func(cmd *cobra.Command, given []string) error {
			if err := checkLimit(q.Limit); err != nil {
				return usageError(cmd, err)
			}
			return a.with(cmd.Context(), "insights diff", nodeOptions{}, func(ctx context.Context, s api.Service) error {
				d, err := s.Diff(ctx, given[0], given[1], q)
				if err != nil {
					return err
				}
				return a.printDiff(d)
			})
		},
	}
	cmd.Flags().IntVar(&q.Limit, "limit", 100, "`HOW-MANY` resources and violations are listed at most, up to 1000")
	cmd.Flags().StringVar(&q.Cursor, "cursor", "", "go on behind this `CURSOR`, the \"next\" of the page before")
	return cmd
}

var changeSigns = map[string]string{"added": "+", "changed": "~", "removed": "-"}

func (a *app) printDiff(d schemas.Diff) error {
	if a.output == "json" {
		return printJSON(a.out, d)
	}
	fmt.Fprintf(a.out, "Account %s, from %s (%s) to %s (%s)\n", d.Account, d.From.Scan, timeText(d.From.EndedAt), d.To.Scan, timeText(d.To.EndedAt))
	for _, s := range []schemas.DiffScan{d.From, d.To} {
		if s.State != schemas.ScanSucceeded {
			fmt.Fprintf(a.out, "Scan %s is %s: what it could not read is as it was before.\n", s.Scan, s.State)
		}
	}
	r, v := d.Resources, d.Violations
	fmt.Fprintf(a.out, "\nResources: %d added, %d changed, %d removed\n", r.Added, r.Changed, r.Removed)
	if err := a.printResourceChanges(r); err != nil {
		return err
	}
	fmt.Fprintf(a.out, "\nViolations: %d opened, %d fixed, %d unchanged\n", v.Opened, v.Fixed, v.Unchanged)
	if err := a.printViolationChanges(v); err != nil || d.Next == "" {
		return err
	}
	_, err := fmt.Fprintf(a.out, "\nThere are more: --limit, up to 1000, or --cursor %s\n", d.Next)
	return err
}

func (a *app) printResourceChanges(r schemas.ResourceDiff) error {
	if len(r.List) == 0 {
		return nil
	}
	rows := make([][]string, len(r.List))
	for i, c := range r.List {
		rows[i] = []string{changeSigns[c.Change], c.Region, c.Type, c.ID, strings.Join(c.Properties, ", ")}
	}
	fmt.Fprintln(a.out)
	return printTable(a.out, []string{" ", "region", "type", "id", "properties?"}, rows)
}

func (a *app) printViolationChanges(v schemas.ViolationDiff) error {
	if len(v.List) == 0 {
		return nil
	}
	rows := make([][]string, len(v.List))
	for i, c := range v.List {
		what := string(c.Change)
		if c.Cause != "" {
			what += ": " + causeText(c.Cause)
		}
		rows[i] = []string{what, severityText(c.Severity), c.Region, shortType(c.Type), c.ID, policyText(c.Pack, c.Policy), shortFinding(c.Finding), c.At.UTC().Format(time.DateTime)}
	}
	fmt.Fprintln(a.out)
	return printTable(a.out, []string{"what", "severity", "region", "type", "resource", "policy", "finding?", "when (utc)?"}, rows)
}
