package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/insights-scanner/insights-scanner/discovery/aws"
	"github.com/insights-scanner/insights-scanner/scanner/api"
	"github.com/insights-scanner/insights-scanner/schemas"
)

func (a *app) accountPlanCmd() *cobra.Command {
	var all bool
	cmd := &cobra.Command{
		Use: "plan ACCOUNT", Short: "Say how scans read an account: routes, calls and time", Args: args(cobra.ExactArgs(1)),
		Long: `Plan lists the resource types of ACCOUNT (a name or id) with the route by which
each is read, why, and the calls and the time that a scan takes for as many
resources as are known of it. It calls nothing.

Types with a reader of their own (native) are read by every scan; all others by
AWS's Cloud Control API, when --tail of 'insights account update' says. Times are
at the rates that scans begin with, and of a route at least: what AWS lets through
is learned while reading.

Where an account has a recorder of AWS Config that keeps up, calls that take one for
each resource are answered by what it has recorded, a hundred a call (config). What
the last scan found of that is told here, with the time until when Config had
recorded; changes since are seen when it has them. --aws-config off of
'insights account update' leaves it out, and of 'insights scan start' for one scan.`,
		Example: `  insights account plan prod
  insights account plan prod --all
  insights account plan prod -o json`,
		RunE: func(cmd *cobra.Command, given []string) error {
			return a.with(cmd.Context(), "insights account plan", nodeOptions{}, func(ctx context.Context, s api.Service) error {
				acc, err := s.GetAccount(ctx, given[0])
				if err != nil {
					return err
				}
				counts, err := countResources(ctx, s, acc.ID)
				if err != nil {
					return err
				}
				regions, err := knownRegions(ctx, s, acc)
				if err != nil {
					return err
				}
				last, err := lastRecorded(ctx, s, acc.ID)
				if err != nil {
					return err
				}
				plan := aws.PlanReads(acc, regions, counts, last)
				if a.output == "json" {
					plan.Types, plan.Regions = orEmpty(plan.Types), orEmpty(plan.Regions)
					return printJSON(a.out, plan)
				}
				return a.printReadPlan(plan, all)
			})
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "list the types of which nothing is known, too")
	return cmd
}

// lastRecorded is the last scan that says what AWS Config has; none of the newest may.
func lastRecorded(ctx context.Context, s api.Service, id schemas.AccountID) (schemas.Scan, error) {
	list, err := s.ListScans(ctx, string(id), 20)
	i := slices.IndexFunc(list, func(s schemas.Scan) bool { return len(s.Recorded) > 0 })
	if err != nil || i < 0 {
		return schemas.Scan{}, err
	}
	return list[i], nil
}

// countResources is how many resources are held, by region and type.
func countResources(ctx context.Context, s api.Service, id schemas.AccountID) (map[string]map[string]uint64, error) {
	counts := map[string]map[string]uint64{}
	q := schemas.ResourceQuery{Accounts: []string{string(id)}, Limit: 1000}
	for {
		page, err := s.Resources(ctx, q)
		if err != nil {
			return nil, err
		}
		for _, r := range page.Resources {
			if counts[r.Region] == nil {
				counts[r.Region] = map[string]uint64{}
			}
			counts[r.Region][r.Type]++
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			return counts, nil
		}
	}
}

// knownRegions are those that are set, or that the last scan read.
func knownRegions(ctx context.Context, s api.Service, acc schemas.Account) (regions []string, err error) {
	if len(acc.Regions) > 0 {
		return slices.Compact(slices.Sorted(slices.Values(acc.Regions))), nil
	}
	scan, scanned, err := lastScan(ctx, s, acc.ID)
	if err != nil || !scanned {
		return nil, err
	}
	for _, u := range scan.Units {
		if u.Region != schemas.GlobalRegion {
			regions = append(regions, u.Region)
		}
	}
	slices.Sort(regions)
	return slices.Compact(regions), nil
}

func (a *app) printReadPlan(p schemas.ReadPlan, all bool) error {
	var rows [][]string
	for _, r := range p.Routes {
		rows = append(rows, []string{r.Route, r.When, fmt.Sprint(r.Types), number(r.Resources), number(r.Calls), secondsText(r.Seconds)})
	}
	if err := printTable(a.out, []string{"route", "read", "types", "resources", "calls", "takes"}, rows); err != nil {
		return err
	}
	rows = nil
	left := 0
	for _, t := range p.Types {
		if !all && t.Resources == 0 {
			left++
			continue
		}
		rows = append(rows, []string{t.Type, t.Route, number(t.Resources), number(t.Calls), secondsText(t.Seconds), t.Why})
	}
	if len(rows) > 0 {
		fmt.Fprintln(a.out)
		if err := printTable(a.out, []string{"type", "route", "resources", "calls", "takes", "why?"}, rows); err != nil {
			return err
		}
	}
	where := "in " + orNone(p.Regions)
	if len(p.Regions) == 0 {
		where = "for one region: which ones there are is not known before the first scan"
	}
	fmt.Fprintf(a.out, "\nReckoned %s, with %g of AWS's rates.\n", where, p.Share)
	if left > 0 {
		fmt.Fprintf(a.out, "Nothing is known of %s; --all lists them.\n", countText(uint64(left), "further type", "further types"))
	}
	return nil
}

func secondsText(s float64) string {
	d := time.Duration(s * float64(time.Second))
	if d < time.Second {
		return "< 1s"
	}
	return d.Round(time.Second).String()
}
