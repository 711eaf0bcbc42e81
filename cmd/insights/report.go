package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/insights-scanner/insights-scanner/scanner/api"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// reportOptions are the flags of 'insights report'.
type reportOptions struct {
	query    schemas.ReportQuery
	severity []string
	failOn   string
	all      bool
	file     string
	asOf     string

	framework string
}

func (a *app) reportCmd() *cobra.Command {
	var o reportOptions
	cmd := &cobra.Command{
		Use:   "report",
		Short: "Report compliance per account and pack, with what could not be judged",
		Long: `Report prints, per account: the score and how much could be judged at all, the
policies that fail, what could not be judged and why, and what could not even be
listed. What is unknown never counts as passed, and an account that was never
scanned is shown as that.

Scores are counted in several ways, each named, and given twice: as it is, and
without what waivers cover (see 'insights waiver'). What a waiver covers is shown
as waived, and --fail-on passes it over.

With --framework it reports by the sections and controls of a compliance framework
(see 'insights framework'), with --as-of what was counted last until that time. How
it went from day to day: 'insights report trend'.

With -o html it makes one page that needs nothing else: to mail, to print, to
keep; with -o csv or jsonl a row for every policy on every account. With --file it
writes a file instead, replaced in one step; a name that ends in .html, .json, .csv
or .jsonl chooses the format.

It exits 0 also with violations. With --fail-on it exits 3 when a violation of
that severity or worse is open, else 4 when an account was never scanned as a
whole or no policy judges it.`,
		Example: `  insights report
  insights report --account prod --pack aws_foundations --severity critical,high
  insights report --file compliance.html
  insights report --framework CIS --file cis.html
  insights report --as-of 2026-06-30
  insights report --fail-on high -o json | jq '.accounts[].score'`,
		Annotations: map[string]string{alsoMakes: "html csv jsonl", alsoExits: "3 --fail-on found\nviolations, 4 with --fail-on: never scanned"},
		Args:        filled(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.check(cmd, time.Now()); err != nil {
				return usageError(cmd, err)
			}
			if !cmd.Flags().Changed("output") {
				a.output = formatOf(o.file, a.output)
			}
			if o.framework != "" && (a.output == "csv" || a.output == "jsonl") {
				return usageError(cmd, fmt.Errorf("--framework does not go with -o %s; use table, json or html", a.output))
			}
			return a.with(cmd.Context(), "insights report", nodeOptions{}, func(ctx context.Context, s api.Service) error {
				if o.framework != "" {
					return a.frameworkReport(ctx, s, o)
				}
				return a.report(ctx, s, o)
			})
		},
	}
	f := cmd.Flags()
	f.StringSliceVar(&o.query.Accounts, "account", nil, "only this `ACCOUNT` (name or id), repeatable")
	f.StringVar(&o.query.Pack, "pack", "", "only this `PACK`")
	f.StringSliceVar(&o.severity, "severity", nil, "only these `SEVERITIES`: critical, high, medium, low, unspecified")
	addFailOn(cmd, &o.failOn)
	f.StringVar(&o.file, "file", "", "write to this `FILE` instead of standard output")
	f.BoolVar(&o.all, "all", false, "in the table also list policies that found nothing")
	f.StringVar(&o.framework, "framework", "", "by the controls of this `FRAMEWORK`: its name, a part of it, or NAME@VERSION")
	f.StringVar(&o.asOf, "as-of", "", asOfUsage)
	oneOf(cmd, "severity", severityNames...)
	cmd.Annotations[alsoRuns] = ""
	cmd.AddCommand(a.trendCmd())
	return cmd
}

func (o *reportOptions) check(cmd *cobra.Command, now time.Time) (err error) {
	if o.query.AsOf, err = parseTime("--as-of", o.asOf, now); err != nil {
		return err
	}
	if o.framework != "" && (o.query.Pack != "" || len(o.severity) > 0 || o.failOn != "") {
		return errors.New("--framework does not go with --pack, --severity and --fail-on")
	}
	if o.query.Severity, err = parseSeverities(o.severity); err != nil {
		return err
	}
	return checkFailOn(cmd, o.failOn)
}

// formatOf is the format that a file's name asks for.
func formatOf(file, otherwise string) string {
	switch strings.ToLower(filepath.Ext(file)) {
	case ".html", ".htm":
		return "html"
	case ".json":
		return "json"
	case ".csv":
		return "csv"
	case ".jsonl", ".ndjson":
		return "jsonl"
	default:
		return otherwise
	}
}

func (a *app) report(ctx context.Context, s api.Service, o reportOptions) error {
	r, err := s.Report(ctx, o.query)
	if err != nil {
		return err
	}
	write, err := a.reportWriter(ctx, s, r, o)
	if err != nil {
		return err
	}
	if err := a.writeReport(o.file, write); err != nil {
		return err
	}
	if err := failOnOpen(r, o.failOn); err != nil {
		return err
	}
	if err := a.failOnNever(r, o.failOn); err != nil || len(o.query.Severity) > 0 { // there may be no policy of these
		return err
	}
	return a.failOnUnjudged(r, o.failOn)
}

// writeReport writes to a file, or to standard output when it has no name.
func (a *app) writeReport(file string, write func(io.Writer) error) error {
	if file == "" {
		return write(a.out)
	}
	if err := writeFile(file, write); err != nil {
		return err
	}
	fmt.Fprintf(a.err, "Report written to %s.\n", file)
	return nil
}

// reportWriter gathers what the format needs.
func (a *app) reportWriter(ctx context.Context, s api.Service, r schemas.Report, o reportOptions) (func(io.Writer) error, error) {
	switch a.output {
	case "json":
		return func(w io.Writer) error { return printJSON(w, withLists(r)) }, nil
	case "csv", "jsonl":
		return func(w io.Writer) error { return api.WriteReport(r, api.Format(a.output), w) }, nil
	case "html":
		page, err := newPage(ctx, s, r, o.query, time.Now())
		return func(w io.Writer) error { return printPage(w, page) }, err
	default:
		return func(w io.Writer) error { return printReport(w, r, o.all) }, nil
	}
}

// withLists is the report with [] where there is nothing.
func withLists(r schemas.Report) schemas.Report {
	r.Accounts = orEmpty(r.Accounts)
	for i := range r.Accounts {
		r.Accounts[i].Packs = orEmpty(r.Accounts[i].Packs)
	}
	return r
}

// failOnNever keeps a gate closed for accounts that nobody has looked at, or only
// at a part of.
func (a *app) failOnNever(r schemas.Report, failOn string) error {
	var err error
	for _, acc := range r.Accounts {
		if failOn == "" || acc.LastScan != nil {
			continue
		}
		what := "was never scanned as a whole"
		if acc.NeverScanned() {
			what = "was never scanned"
		}
		fmt.Fprintf(a.err, "error: account %s %s, so nothing says that it has no violations\n", acc.Account, what)
		err = exitCode(exitPartial)
	}
	return err
}

// failOnUnjudged keeps a gate closed for accounts where there is something and no
// policy judges any of it.
func (a *app) failOnUnjudged(r schemas.Report, failOn string) error {
	var err error
	for _, acc := range r.Accounts {
		judges := func(p schemas.PackReport) bool { return p.Counts.Enabled() }
		if failOn == "" || acc.LastScan == nil || acc.Resources == 0 || slices.ContainsFunc(acc.Packs, judges) {
			continue
		}
		fmt.Fprintf(a.err, "error: no policy judges account %s, so nothing says that it has no violations; see 'insights account packs %[1]s'\n", acc.Account)
		err = exitCode(exitPartial)
	}
	return err
}

var (
	severityNames = []string{"critical", "high", "medium", "low", "unspecified"}
	failOnNames   = []string{"low", "medium", "high", "critical"}
)

func parseSeverities(list []string) ([]schemas.Severity, error) {
	var out []schemas.Severity
	for _, s := range list {
		switch {
		case s == "unspecified":
			out = append(out, schemas.SeverityUnspecified)
		case schemas.Severity(s).Rank() > 0:
			out = append(out, schemas.Severity(s))
		default:
			return nil, fmt.Errorf("--severity %q: must be critical, high, medium, low or unspecified", s)
		}
	}
	return out, nil
}

func checkFailOn(cmd *cobra.Command, level string) error {
	if level == "" && !cmd.Flags().Changed("fail-on") || schemas.Severity(level).Rank() > 0 {
		return nil
	}
	return fmt.Errorf("--fail-on %q: must be low, medium, high or critical", level)
}

func failOnOpen(r schemas.Report, failOn string) error {
	for _, acc := range r.Accounts {
		for severity, n := range acc.Open {
			if failOn != "" && n > acc.Waived[severity] && severity.Rank() >= schemas.Severity(failOn).Rank() {
				return exitCode(exitViolations)
			}
		}
	}
	return nil
}

// checkLimit refuses page sizes that the store would refuse later.
func checkLimit(n int) error {
	if n < 1 || n > maxPage {
		return fmt.Errorf("--limit %d: must be 1 to %d", n, maxPage)
	}
	return nil
}

// maxPage is the most that one page of a list holds.
const maxPage = 1000
