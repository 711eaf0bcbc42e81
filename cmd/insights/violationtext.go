package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/insights-scanner/insights-scanner/scanner/api"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// printViolations is the list of violations for people: a table, or where that
// does not fit a few lines for each, so that ids and messages stay whole.
func printViolations(w io.Writer, page schemas.ViolationPage) error {
	rows := make([][]string, len(page.Violations))
	for i, v := range page.Violations {
		rows[i] = []string{
			severityText(v.Severity), v.Account, v.Region, shortType(v.Type), named(v.ID, v.Name), policyText(v.Pack, v.Policy),
			stateText(v), v.FirstSeen.UTC().Format(time.DateTime), shortFinding(v.Finding), strings.Join(v.Messages, "; "),
		}
	}
	header := []string{"severity", "account", "region", "type", "resource", "policy", "state", "first seen (utc)", "finding?", "message"}
	var err error
	if table, _ := newTable(header, rows); narrow(table, terminalWidth(w)) {
		err = printBlocks(w, page.Violations, terminalWidth(w))
	} else {
		err = printTable(w, header, rows)
	}
	if err != nil {
		return err
	}
	return printMore(w, page.Next)
}

// narrow tells whether a terminal has no room for a table even when its last
// column is cut to something that still says something.
func narrow(table [][]string, width int) bool {
	const message = 40
	return width > 0 && tableWidth(columnWidths(table), message) > width
}

// printBlocks prints each violation on a few lines of at most width columns.
func printBlocks(w io.Writer, list []schemas.Violation, width int) error {
	const indent = 13 // "unspecified" and a gap
	for _, v := range list {
		where := strings.Join([]string{v.Account, v.Region, shortType(v.Type), named(v.ID, v.Name)}, "  ")
		since := stateText(v) + ", first seen " + timeText(v.FirstSeen)
		if v.Finding != "" {
			since += ", finding " + shortFinding(v.Finding)
		}
		if _, err := fmt.Fprintf(w, "%-*s%s\n", indent, severityText(v.Severity), oneLine(policyText(v.Pack, v.Policy))); err != nil {
			return err
		}
		for _, text := range append([]string{where, since}, v.Messages...) {
			for _, line := range wrap(oneLine(text), width-indent) {
				if _, err := fmt.Fprintf(w, "%*s%s\n", indent, "", line); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// printMore says how to go on behind a page.
func printMore(w io.Writer, next string) error {
	if next == "" {
		return nil
	}
	_, err := fmt.Fprintf(w, "\nThere are more: repeat with --cursor %s\n", next)
	return err
}

// printNothing says that a list is empty, and of which accounts that says
// nothing: those that were never scanned, or not until a time.
func (a *app) printNothing(ctx context.Context, s api.Service, what string, named []string, asOf time.Time) error {
	accounts, err := s.ListAccounts(ctx)
	if err != nil {
		return err
	}
	if len(accounts) == 0 {
		_, err := fmt.Fprintf(a.out, "%s are known, since there are no accounts. %s\n", what, addAccountText)
		return err
	}
	var never []string
	if asOf.IsZero() {
		never, err = neverScanned(ctx, s, accounts, named)
	} else {
		never, err = notScannedUntil(ctx, s, named, asOf)
	}
	if err != nil {
		return err
	}
	if len(never) == 0 {
		_, err := fmt.Fprintf(a.out, "%s.\n", what)
		return err
	}
	_, err = fmt.Fprintf(a.out, "%s are known.\n%s", what, strings.Join(never, ""))
	return err
}

// neverScanned is a line for each of the accounts named (none: all) that has no scan.
func neverScanned(ctx context.Context, s api.Service, accounts []schemas.Account, named []string) (lines []string, err error) {
	for _, acc := range accounts {
		if len(named) > 0 && !slices.Contains(named, acc.Name) && !slices.Contains(named, string(acc.ID)) {
			continue
		}
		_, scanned, err := lastScan(ctx, s, acc.ID)
		if err != nil {
			return nil, err
		}
		if !scanned {
			lines = append(lines, fmt.Sprintf("Account %s: %s\n", acc.Name, neverText(acc.Name)))
		}
	}
	return lines, nil
}

// notScannedUntil is the same of a time in the past.
func notScannedUntil(ctx context.Context, s api.Service, named []string, asOf time.Time) (lines []string, err error) {
	r, err := s.Report(ctx, schemas.ReportQuery{Accounts: named, AsOf: asOf})
	for _, acc := range r.Accounts {
		if acc.NeverScanned() {
			lines = append(lines, fmt.Sprintf("Account %s: %s\n", acc.Account, notUntilText(asOf)))
		}
	}
	return lines, err
}

func stateText(v schemas.Violation) string {
	if v.State == schemas.ViolationFixed {
		return "fixed: " + causeText(v.FixCause)
	}
	text := string(v.State)
	if v.Reopened > 0 {
		text = "reopened"
	}
	if v.Waiver != "" {
		text += ", waived"
	}
	if v.Triage != nil && v.Triage.Status != schemas.TriageNew {
		text += ", " + causeText(schemas.FixCause(v.Triage.Status))
	}
	return text
}

// shortFinding is enough of a finding's id to name it by.
func shortFinding(id string) string { return id[:min(len(id), schemas.ShortFinding)] }

// causeText is a cause in words: resource_gone is "resource gone".
func causeText(c schemas.FixCause) string { return strings.ReplaceAll(string(c), "_", " ") }

// named is an id with the name beside it that people know the resource by.
func named(id, name string) string {
	if name == "" || strings.Contains(id, name) {
		return id
	}
	return id + " (" + name + ")"
}

// shortType keeps a table narrow: aws:s3/bucket:Bucket prints as s3/bucket.
func shortType(token string) string {
	p := strings.Split(token, ":")
	if len(p) != 3 {
		return token
	}
	return p[1]
}

// printResources is the inventory for people.
func printResources(w io.Writer, page schemas.ResourcePage) error {
	rows := make([][]string, len(page.Resources))
	for i, r := range page.Resources {
		rows[i] = []string{
			r.Account, r.Region, r.Type, r.ID, r.FirstSeen.UTC().Format(time.DateTime), r.LastSeen.UTC().Format(time.DateTime), unknownText(r.Unknown),
		}
	}
	err := printTable(w, []string{"account", "region", "type", "id", "first seen (utc)?", "last seen (utc)?", "unknown?"}, rows)
	if err != nil {
		return err
	}
	return printMore(w, page.Next)
}

func unknownText(list []schemas.UnknownPath) string {
	paths := make([]string, len(list))
	for i, u := range list {
		paths[i] = u.Path
	}
	return strings.Join(paths, ",")
}
