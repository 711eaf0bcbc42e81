package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/insights-scanner/insights-scanner/scanner/api"
	"github.com/insights-scanner/insights-scanner/schemas"
)

func (a *app) trendCmd() *cobra.Command {
	q := schemas.TrendQuery{}
	cmd := &cobra.Command{
		Use: "trend", Short: "Show how compliance went, day by day", Args: filled(cobra.NoArgs),
		Long: `Trend prints a line for each day (UTC): the scores and the coverage as counted last
on it, and what was opened, reopened and fixed. A day without a count has that of
the day before. Mended are violations whose resource changed or went, with how long
they were open on average. Waivers are left out of account here. In the table all
accounts are summed up; -o json has each by itself too.`,
		Example: `  insights report trend --days 90
  insights report trend --account prod --pack aws_foundations
  insights report trend --framework CIS -o json`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if q.Days < 1 || q.Days > schemas.MaxTrendDays {
				return usageError(cmd, fmt.Errorf("--days %d: must be 1 to %d", q.Days, schemas.MaxTrendDays))
			}
			return a.with(cmd.Context(), "insights report trend", nodeOptions{}, func(ctx context.Context, s api.Service) error {
				t, err := s.Trend(ctx, q)
				if err != nil {
					return err
				}
				return a.printTrend(t)
			})
		},
	}
	f := cmd.Flags()
	f.StringSliceVar(&q.Accounts, "account", nil, "only this `ACCOUNT` (name or id), repeatable")
	f.StringVar(&q.Pack, "pack", "", "only this `PACK`")
	f.StringVar(&q.Framework, "framework", "", "only policies that check controls of this `FRAMEWORK`")
	f.IntVar(&q.Days, "days", 30, "this `MANY` days, today included")
	return cmd
}

func (a *app) printTrend(t schemas.Trend) error {
	if a.output == "json" {
		return printJSON(a.out, t)
	}
	var rows [][]string
	for _, p := range t.Total {
		if p.CountedAt.IsZero() && p.Opened+p.Fixed == 0 {
			continue
		}
		mended := ""
		if p.Mended > 0 {
			mended = fmt.Sprintf("%d after %s", p.Mended, ageText(time.Duration(p.MeanSecondsToMend*float64(time.Second))))
		}
		rows = append(rows, []string{
			p.Day, percentText(p.Results.Percent), percentText(p.Policies.Percent), percentText(p.Resources.Percent), percentText(p.Coverage),
			number(p.Counts.Failed), number(p.Opened), number(p.Reopened), number(p.Fixed), mended,
		})
	}
	if len(rows) == 0 {
		_, err := fmt.Fprintln(a.out, "Nothing was counted in this time. Scan an account: insights scan start ACCOUNT.")
		return err
	}
	return printTable(a.out, []string{"day", "score", "policies", "resources", "coverage", "failed", "opened", "reopened", "fixed", "mended?"}, rows)
}
