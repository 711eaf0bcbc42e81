package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/insights-scanner/insights-scanner/scanner/api"
	"github.com/insights-scanner/insights-scanner/schemas"
)

func (a *app) violationsCmd() *cobra.Command {
	var q schemas.ViolationQuery
	var given violationFlags
	var file string
	cmd := &cobra.Command{
		Use:   "violations",
		Short: "List violations",
		Long: `Violations lists open violations, worst first. With --scan it lists those that
the scan opened, reopened or fixed. On a narrow terminal each takes a few lines
instead of one. One of them with its whole life: insights violation show FINDING.

A violation is fixed when its resource changed or is gone, or because it is not
asked for any more: its policy changed, its pack was withdrawn, or its region or
service is out of scope. What could not be judged stays as it was.

What a waiver covers stays open and is shown as waived; see 'insights waiver'. With
--as-of it lists what was open at that time, with the texts it has now.

With -o csv, jsonl or ocsf (Compliance Findings of OCSF, class 2003) it writes all
of them, however many there are, unless --limit is given.`,
		Example: `  insights violations --account prod --severity critical
  insights violations --policy deny_bucket_plain_http --state open,fixed
  insights violations --scan 123456789012-7
  insights violations --cause resource_changed,resource_gone   # what was mended
  insights violations --waived none --status new --assignee none   # what nobody has looked at
  insights violations --as-of 2026-06-30
  insights violations --limit 1000 -o json
  insights violations --state open,fixed -o csv --file violations.csv`,
		Args:        filled(cobra.NoArgs, "cursor"), // an empty one is that of the first page
		Annotations: map[string]string{alsoMakes: "csv jsonl ocsf"},
		RunE: func(cmd *cobra.Command, _ []string) error {
			err := a.checkExport(cmd, &q.Limit, q.Cursor, file)
			if err == nil {
				err = given.query(&q, time.Now())
			}
			if err != nil {
				return usageError(cmd, err)
			}
			if q.Scan != "" && len(q.State) == 0 && len(q.Cause) == 0 {
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
	f.StringSliceVar(&given.severity, "severity", nil, "only these `SEVERITIES`: critical, high, medium, low, unspecified")
	f.StringSliceVar(&given.state, "state", nil, "only these `STATES`: open, fixed (default open; with --scan both)")
	f.StringSliceVar(&given.cause, "cause", nil, "only those fixed for these `CAUSES`: "+strings.Join(causeNames(), ", "))
	f.BoolVar(&q.Reopened, "reopened", false, "only those that were fixed before and came back")
	f.StringVar(&q.Scan, "scan", "", "only those that this `SCAN` opened, reopened or fixed")
	f.StringVar(&q.Sort, "sort", "", "`ORDER`: severity (default), account, policy, resource, firstSeen, or key, the quickest (default of exports)")
	f.BoolVar(&q.Desc, "desc", false, "reverse the order")
	addFileFlag(f, &file)
	oneOf(cmd, "severity", severityNames...)
	oneOf(cmd, "state", "open", "fixed")
	oneOf(cmd, "cause", causeNames()...)
	f.StringVar(&given.asOf, "as-of", "", asOfUsage)
	f.StringVar(&given.waived, "waived", "", "`WHICH`: only those that a waiver covers, or none of them (default both)")
	f.StringSliceVar(&given.status, "status", nil, "only with these triage `STATUSES`: new, in_progress, resolved, ignored")
	f.StringSliceVar(&given.priority, "priority", nil, "only with these `PRIORITIES`: p0 to p4")
	f.StringVar(&q.Assignee, "assignee", "", "only those that this `PERSON` works on; none: nobody")
	oneOf(cmd, "waived", "only", "none")
	oneOf(cmd, "status", "new", "in_progress", "resolved", "ignored")
	oneOf(cmd, "sort", schemas.ViolationSorts...)
	return cmd
}

// violationFlags are flags that are checked before they become a query.
type violationFlags struct {
	severity, state, cause, status, priority []string
	asOf, waived                             string
}

func (g *violationFlags) query(q *schemas.ViolationQuery, now time.Time) (err error) {
	for _, read := range []func() error{
		func() error { return checkType(q.Type) },
		func() error { q.Severity, err = parseSeverities(g.severity); return err },
		func() error { q.State, err = parseStates(g.state); return err },
		func() error { q.Cause, err = parseCauses(g.cause); return err },
		func() error { q.AsOf, err = parseTime("--as-of", g.asOf, now); return err },
		func() error {
			q.Waived, err = parseOne("--waived", schemas.WaivedFilter(g.waived), schemas.WaivedOnly, schemas.WaivedNone)
			return err
		},
		func() error { q.Status, err = parseEach("--status", g.status, schemas.TriageStatuses); return err },
		func() error { q.Priority, err = parseEach("--priority", g.priority, schemas.Priorities); return err },
	} {
		if err := read(); err != nil {
			return err
		}
	}
	return nil
}

func (a *app) violations(ctx context.Context, s api.Service, q schemas.ViolationQuery) error {
	page, err := s.Violations(ctx, q)
	if err != nil {
		return err
	}
	if a.output == "json" {
		page.Violations = orEmpty(page.Violations)
		return printJSON(a.out, page)
	}
	if len(page.Violations) == 0 {
		return a.printNothing(ctx, s, "No violations", q.Accounts, q.AsOf)
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
	return parseEach("--cause", list, schemas.FixCauses)
}

// parseEach reads the values of a flag of which only some are known.
func parseEach[T ~string](flag string, list []string, known []T) ([]T, error) {
	var out []T
	for _, s := range list {
		v, err := parseOne(flag, T(s), known...)
		if err != nil || v == "" {
			return nil, cmp.Or(err, fmt.Errorf("%s is empty", flag))
		}
		out = append(out, v)
	}
	return out, nil
}

// parseOne refuses a value that is not known; "" is none.
func parseOne[T ~string](flag string, v T, known ...T) (T, error) {
	if v == "" || slices.Contains(known, v) {
		return v, nil
	}
	return "", fmt.Errorf("%s %q: must be %s", flag, string(v), schemas.OneOf(known))
}

const asOfUsage = "as it was at this `TIME`: a day (its end, in UTC), a moment, or an age such as 30d"

// parseTime reads a time as people write it: a day (2026-06-30: until its end), a
// moment (2026-06-30T12:00:00Z), or an age before now (30d, 12h). "" is none.
func parseTime(flag, s string, now time.Time) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	for layout, length := range map[string]time.Duration{time.DateOnly: 24*time.Hour - time.Microsecond, time.RFC3339: 0} {
		if t, err := time.Parse(layout, s); err == nil {
			if t.After(now) {
				return time.Time{}, fmt.Errorf("%s %q: is yet to come", flag, s)
			}
			if t = t.Add(length); t.After(now) {
				t = now // of today, until now
			}
			return t, nil
		}
	}
	if d, err := parseAge(s); err == nil {
		return now.Add(-d), nil
	}
	return time.Time{}, fmt.Errorf("%s %q: must be a day such as 2026-06-30, a moment such as 2026-06-30T12:00:00Z, or an age such as 30d", flag, s)
}

// parseAge is a duration that may also count days: 30d, 12h.
func parseAge(s string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(s, "d"); ok {
		n, err := strconv.ParseUint(days, 10, 16)
		return time.Duration(n) * 24 * time.Hour, err
	}
	d, err := time.ParseDuration(s)
	if err == nil && d <= 0 {
		err = fmt.Errorf("%q is not positive", s)
	}
	return d, err
}
