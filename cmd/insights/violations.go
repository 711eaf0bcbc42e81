package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/insights-scanner/insights-scanner/scanner/api"
	"github.com/insights-scanner/insights-scanner/schemas"
)

func (a *app) violationsCmd() *cobra.Command {
	var q schemas.ViolationQuery
	var severity, state, cause []string
	cmd := &cobra.Command{
		Use:   "violations",
		Short: "List violations",
		Long: `Violations lists open violations, worst first. With --scan it lists those that
the scan opened, reopened or fixed. On a narrow terminal each takes a few lines
instead of one. One of them with its whole life: insights violation show FINDING.

A violation is fixed when its resource changed or is gone, or because it is not
asked for any more: its policy changed, its pack was withdrawn, or its region or
service is out of scope. What could not be judged stays as it was.`,
		Example: `  insights violations --account prod --severity critical
  insights violations --policy deny_bucket_plain_http --state open,fixed
  insights violations --scan 123456789012-7
  insights violations --cause resource_changed,resource_gone   # what was mended
  insights violations --limit 1000 -o json`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			err := checkLimit(q.Limit)
			if err == nil {
				err = checkType(q.Type)
			}
			if err == nil {
				q.Severity, err = parseSeverities(severity)
			}
			if err == nil {
				q.State, err = parseStates(state)
			}
			if err == nil {
				q.Cause, err = parseCauses(cause)
			}
			if err != nil {
				return usageError(cmd, err)
			}
			if q.Scan != "" && len(q.State) == 0 && len(q.Cause) == 0 {
				q.State = []schemas.ViolationState{schemas.ViolationOpen, schemas.ViolationFixed}
			}
			return a.with(cmd.Context(), "insights violations", nodeOptions{}, func(ctx context.Context, s api.Service) error {
				return a.violations(ctx, s, q)
			})
		},
	}
	f := cmd.Flags()
	addListFlags(f, &q.Accounts, &q.Type, &q.Region, &q.Limit, &q.Cursor)
	f.StringVar(&q.Pack, "pack", "", "only this `PACK`")
	f.StringVar(&q.Policy, "policy", "", "only this `POLICY`")
	f.StringVar(&q.Resource, "resource", "", "only resources whose id contains this `TEXT`")
	f.StringSliceVar(&severity, "severity", nil, "only these `SEVERITIES`: critical, high, medium, low, unspecified")
	f.StringSliceVar(&state, "state", nil, "only these `STATES`: open, fixed (default open; with --scan both)")
	f.StringSliceVar(&cause, "cause", nil, "only those fixed for these `CAUSES`: "+strings.Join(causeNames(), ", "))
	f.BoolVar(&q.Reopened, "reopened", false, "only those that were fixed before and came back")
	f.StringVar(&q.Scan, "scan", "", "only those that this `SCAN` opened, reopened or fixed")
	f.StringVar(&q.Sort, "sort", "severity", "`ORDER`: severity, account, policy, resource or firstSeen")
	f.BoolVar(&q.Desc, "desc", false, "reverse the order")
	oneOf(cmd, "severity", severityNames...)
	oneOf(cmd, "state", "open", "fixed")
	oneOf(cmd, "cause", causeNames()...)
	oneOf(cmd, "sort", "severity", "account", "policy", "resource", "firstSeen")
	return cmd
}

func (a *app) violations(ctx context.Context, s api.Service, q schemas.ViolationQuery) error {
	page, err := s.Violations(ctx, q)
	if err != nil {
		return err
	}
	if len(page.Violations) == 0 {
		if err := filtersExist(ctx, s, q); err != nil {
			return err
		}
	}
	if a.output == "json" {
		page.Violations = orEmpty(page.Violations)
		return printJSON(a.out, page)
	}
	if len(page.Violations) == 0 {
		return a.printNothing(ctx, s, "No violations", q.Accounts)
	}
	return printViolations(a.out, page)
}

// checkType refuses the short form that tables print: nothing has that type.
func checkType(token string) error {
	if token == "" || strings.Count(token, ":") == 2 {
		return nil
	}
	return fmt.Errorf("--type %q: must be a whole type token such as aws:s3/bucket:Bucket; 'insights resources' shows them", token)
}

func parseStates(list []string) ([]schemas.ViolationState, error) {
	var out []schemas.ViolationState
	for _, s := range list {
		state := schemas.ViolationState(s)
		if state != schemas.ViolationOpen && state != schemas.ViolationFixed {
			return nil, fmt.Errorf("--state %q: must be open or fixed", s)
		}
		out = append(out, state)
	}
	return out, nil
}

func causeNames() []string {
	names := make([]string, len(schemas.FixCauses))
	for i, c := range schemas.FixCauses {
		names[i] = string(c)
	}
	return names
}

func parseCauses(list []string) ([]schemas.FixCause, error) {
	var out []schemas.FixCause
	for _, s := range list {
		if !slices.Contains(causeNames(), s) {
			return nil, fmt.Errorf("--cause %q: must be one of %s", s, strings.Join(causeNames(), ", "))
		}
		out = append(out, schemas.FixCause(s))
	}
	return out, nil
}
