package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/insights-scanner/insights-scanner/scanner/api"
	"github.com/insights-scanner/insights-scanner/schemas"
)

func (a *app) violationsCmd() *cobra.Command {
	var q schemas.ViolationQuery
	var severity, state []string
	var file string
	cmd := &cobra.Command{
		Use:   "violations",
		Short: "List violations",
		Long: `Violations lists open violations, worst first. With --scan it lists those that
the scan opened, reopened or fixed. On a narrow terminal each takes a few lines
instead of one.

With -o csv, jsonl or ocsf (Compliance Findings of OCSF, class 2003) it writes all of
them, however many there are, unless --limit is given.`,
		Example: `  insights violations --account prod --severity critical
  insights violations --policy deny_bucket_plain_http --state open,fixed
  insights violations --scan 123456789012-7
  insights violations --limit 1000 -o json
  insights violations --state open,fixed -o csv --file violations.csv`,
		Args:        args(cobra.NoArgs),
		Annotations: map[string]string{alsoMakes: "csv jsonl ocsf"},
		RunE: func(cmd *cobra.Command, _ []string) error {
			err := a.checkExport(cmd, &q.Limit, q.Cursor, file)
			if err == nil {
				err = checkType(q.Type)
			}
			if err == nil {
				q.Severity, err = parseSeverities(severity)
			}
			if err == nil {
				q.State, err = parseStates(state)
			}
			if err != nil {
				return usageError(cmd, err)
			}
			if q.Scan != "" && len(q.State) == 0 {
				q.State = []schemas.ViolationState{schemas.ViolationOpen, schemas.ViolationFixed}
			}
			return a.with(cmd.Context(), "insights violations", nodeOptions{}, func(ctx context.Context, s api.Service) error {
				if a.exports() {
					return a.export(file, func(w io.Writer) error {
						return api.ExportViolations(ctx, s, q, api.Format(a.output), version, w)
					})
				}
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
	f.StringVar(&q.Scan, "scan", "", "only those that this `SCAN` opened, reopened or fixed")
	f.StringVar(&q.Sort, "sort", "", "`ORDER`: severity (default), account, policy, resource, firstSeen, or key, the quickest (default of exports)")
	f.BoolVar(&q.Desc, "desc", false, "reverse the order")
	addFileFlag(f, &file)
	oneOf(cmd, "severity", severityNames...)
	oneOf(cmd, "state", "open", "fixed")
	oneOf(cmd, "sort", "severity", "account", "policy", "resource", "firstSeen", "key")
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
