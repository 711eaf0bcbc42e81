package main

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// printReport is the report for people: per account the scores, then the
// policies that fail, then what could not be judged and why.
func printReport(w io.Writer, r schemas.Report, all bool) error {
	if len(r.Accounts) == 0 {
		_, err := fmt.Fprintln(w, "No accounts. Add one with 'insights account add NAME'.")
		return err
	}
	for i, a := range r.Accounts {
		if i > 0 {
			fmt.Fprintln(w)
		}
		if err := printAccountReport(w, a, r.AsOf, all); err != nil {
			return err
		}
	}
	return nil
}

func printAccountReport(w io.Writer, a schemas.AccountReport, asOf time.Time, all bool) error {
	fmt.Fprintf(w, "Account %s (%s)\n", a.Account, a.AccountID)
	if a.NeverScanned() && !asOf.IsZero() {
		_, err := fmt.Fprintf(w, "  %s\n", notUntilText(asOf))
		return err
	}
	if a.NeverScanned() {
		_, err := fmt.Fprintf(w, "  %s\n", neverText(a.Account))
		return err
	}
	fmt.Fprintf(w, "  Last scan   %s\n", lastScanText(a.LastScan))
	fmt.Fprintf(w, "  Resources   %d\n", a.Resources)
	if !a.CountedAt.IsZero() {
		fmt.Fprintf(w, "  Counted     %s\n", timeText(a.CountedAt))
	}
	fmt.Fprintf(w, "  Score       %s\n", scoreText(a))
	printScores(w, a)
	fmt.Fprintf(w, "  Coverage    %s\n", coverageText(a.Coverage, a.Counts))
	if text := judgedText(a.Judged); text != "" {
		fmt.Fprintf(w, "              %s\n", text)
	}
	fmt.Fprintf(w, "  Open        %s\n", openText(a.Open))
	if asOf.IsZero() {
		asOf = time.Now()
	}
	printWaived(w, a, asOf)
	if text := fixTimeText(a.TimeToFix); text != "" {
		fmt.Fprintf(w, "  Mended      %s\n", text)
	}
	if len(a.Packs) == 0 {
		fmt.Fprintf(w, "\n%s\n", noPacksText)
	}
	for _, p := range a.Packs {
		if err := printPackReport(w, p, all); err != nil {
			return err
		}
	}
	if err := printGaps(w, a.Gaps); err != nil {
		return err
	}
	if n := len(a.Unlisted); n > 0 {
		fmt.Fprintf(w, "\nAWS cannot list %s: -o json names them, with the reason.\n", countText(uint64(n), "resource type and region", "resource types, by region"))
	}
	return printScopeGaps(w, a.Scopes)
}

// severities from worst to least.
var severities = []schemas.Severity{
	schemas.SeverityCritical, schemas.SeverityHigh, schemas.SeverityMedium, schemas.SeverityLow, schemas.SeverityUnspecified,
}

func openText(open map[schemas.Severity]uint64) string {
	var parts []string
	total := uint64(0)
	for _, s := range severities {
		if n := open[s]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, severityText(s)))
			total += n
		}
	}
	if total == 0 {
		return "no violations"
	}
	return countText(total, "violation", "violations") + ": " + strings.Join(parts, ", ")
}

func printPackReport(w io.Writer, p schemas.PackReport, all bool) error {
	what := "Pack"
	if p.Local {
		what = "Local pack"
	}
	fmt.Fprintf(w, "\n%s %s: score %s, coverage %s\n\n", what, strings.TrimSpace(p.Pack+" "+p.Version), percentText(p.Score), percentText(p.Coverage))
	var rows [][]string
	clean := 0
	for _, q := range worstFirst(p.Policies) {
		if !all && !tells(q.Counts) {
			clean++
			continue
		}
		rows = append(rows, []string{
			severityText(q.Severity), q.Policy, number(q.Counts.Failed), number(q.Counts.Passed),
			number(q.Counts.Unknown), number(q.Counts.Errored), controlText(q.Controls), q.Title,
		})
	}
	errored := "errored"
	if p.Counts.Errored == 0 {
		errored += "?" // it says nothing
	}
	if len(rows) > 0 {
		if err := printTable(w, []string{"severity", "policy", "failed", "passed", "unknown", errored, "controls?", "title?"}, rows); err != nil {
			return err
		}
	}
	if clean > 0 {
		fmt.Fprintf(w, "%s no findings (--all shows them).\n", countText(uint64(clean), "more policy has", "more policies have"))
	}
	return nil
}

// tells is true of a policy that failed somewhere or could not be judged.
func tells(c schemas.Counts) bool { return c.Failed+c.Unknown+c.Errored > 0 }

// worstFirst orders policies as people read them: those that tell something
// first, by severity.
func worstFirst(list []schemas.PolicyReport) []schemas.PolicyReport {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b schemas.PolicyReport) int {
		if ta, tb := tells(a.Counts), tells(b.Counts); ta != tb {
			return boolOrder(ta)
		}
		if a.Severity != b.Severity {
			return b.Severity.Rank() - a.Severity.Rank()
		}
		if a.Counts.Failed != b.Counts.Failed {
			return boolOrder(a.Counts.Failed > b.Counts.Failed)
		}
		return strings.Compare(a.Policy, b.Policy)
	})
	return list
}

func boolOrder(first bool) int {
	if first {
		return -1
	}
	return 1
}

func number(n uint64) string { return strconv.FormatUint(n, 10) }

func controlText(list []schemas.Control) string {
	ids := make([]string, len(list))
	for i, c := range list {
		ids[i] = schemas.ShortFramework(c.Framework) + " " + c.ID
	}
	return strings.Join(ids, ", ")
}

// maxGaps bounds what a table says of gaps: reasons of errored policies can be
// as many as there are resources.
const maxGaps = 50

func printGaps(w io.Writer, gaps []schemas.Gap) error {
	if len(gaps) == 0 {
		return nil
	}
	fmt.Fprint(w, "\nCould not be judged\n\n")
	var rows [][]string
	for _, g := range gaps[:min(len(gaps), maxGaps)] {
		rows = append(rows, []string{string(g.Outcome), number(g.Resources), policyText(g.Pack, g.Policy), g.Example.ID, gapText(g)})
	}
	err := printTable(w, []string{"outcome", "resources", "policy", "for example?", "reason"}, rows)
	if left := len(gaps) - len(rows); err == nil && left > 0 {
		_, err = fmt.Fprintf(w, "%d more reasons are in 'insights report -o json'.\n", left)
	}
	return err
}

func printScopeGaps(w io.Writer, scopes []schemas.ScopeGap) error {
	if len(scopes) == 0 {
		return nil
	}
	fmt.Fprint(w, "\nCould not be listed (what was known before is kept, nothing counts as fixed)\n\n")
	rows := make([][]string, len(scopes))
	for i, s := range scopes {
		rows[i] = []string{s.Region, s.Type, string(s.State), scopeText(s.ScopeEnd)}
	}
	return printTable(w, []string{"region", "type", "state", "reason"}, rows)
}
