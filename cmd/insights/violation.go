package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/insights-scanner/insights-scanner/scanner/api"
	"github.com/insights-scanner/insights-scanner/schemas"
)

func (a *app) violationCmd() *cobra.Command {
	return parent("violation", "Show one violation with its history, and say who works on it", a.violationShowCmd(), a.violationUpdateCmd())
}

func (a *app) violationShowCmd() *cobra.Command {
	return &cobra.Command{
		Use: "show FINDING", Short: "Show one violation with its whole history", Args: args(cobra.ExactArgs(1)),
		Long: `Show prints the violation of FINDING, what to do about it, and everything that
happened to it. FINDING is the id in 'insights violations', or at least the first
8 characters of it. A finding keeps its id for ever: it is the same one when it
was fixed and comes back.`,
		Example: `  insights violation show 3f9a1c0b77de
  insights violation show 3f9a1c0b77de -o json`,
		RunE: func(cmd *cobra.Command, given []string) error {
			if err := schemas.CheckFinding(given[0]); err != nil {
				return usageError(cmd, err)
			}
			return a.with(cmd.Context(), "insights violation show", nodeOptions{}, func(ctx context.Context, s api.Service) error {
				d, err := s.GetViolation(ctx, given[0])
				if err != nil {
					return err
				}
				return a.printViolation(d)
			})
		},
	}
}

func (a *app) printViolation(d schemas.ViolationDetail) error {
	if a.output == "json" {
		d.Events = orEmpty(d.Events)
		return printJSON(a.out, d)
	}
	if err := printFacts(a.out, violationFacts(d)); err != nil {
		return err
	}
	fmt.Fprintln(a.out)
	if d.Local {
		_, err := fmt.Fprintln(a.out, "Of a local pack: it has no history.")
		return err
	}
	if err := printEvents(a.out, d.Events); err != nil {
		return err
	}
	return printTriage(a.out, d.TriageHistory)
}

// violationFacts are names and values; those without a value are left out.
func violationFacts(d schemas.ViolationDetail) [][2]string {
	facts := [][2]string{
		{"Finding", d.Finding},
		{"State", stateText(d.Violation)},
		{"Severity", severityText(d.Severity) + ", " + string(d.Level)},
		{"Policy", policyText(d.Pack, d.Policy) + " " + d.PackVersion},
		{"Title", d.Title},
		{"Controls", controlText(d.Controls)},
		{"Resource", named(d.ID, d.Name)},
		{"Type", d.Type},
		{"URN", d.URN},
		{"Group", d.Group},
		{"First seen", timeText(d.FirstSeen)},
		{"Opened", openedText(d.Violation)},
		{"Last seen", timeText(d.LastSeen)},
	}
	if d.State == schemas.ViolationFixed {
		facts = append(facts, [2]string{"Fixed", timeText(d.FixedAt) + ", after " + ageText(d.FixedAt.Sub(d.OpenedAt))})
	}
	for _, m := range d.Messages {
		facts = append(facts, [2]string{"Message", m})
	}
	facts = append(facts, [2]string{"Waived", waivedText(d.Violation)})
	return append(append(facts, triageFacts(d.Triage)...), [2]string{"Remediation", d.RemediationSteps})
}

func openedText(v schemas.Violation) string {
	if v.Reopened == 0 {
		return timeText(v.OpenedAt)
	}
	return timeText(v.OpenedAt) + ", reopened " + countText(uint64(v.Reopened), "time", "times")
}

// ageText is a length of time as people say it: its two largest units.
func ageText(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%dd%dh", d/(24*time.Hour), d%(24*time.Hour)/time.Hour)
	case d >= time.Hour:
		return fmt.Sprintf("%dh%dm", d/time.Hour, d%time.Hour/time.Minute)
	default:
		return d.Round(time.Second).String()
	}
}

// printFacts prints a name and a value a line.
func printFacts(w io.Writer, facts [][2]string) error {
	for _, f := range facts {
		if f[1] == "" {
			continue
		}
		for i, line := range strings.Split(strings.TrimRight(f[1], "\n"), "\n") {
			name := f[0]
			if i > 0 {
				name = ""
			}
			if _, err := fmt.Fprintf(w, "%-12s %s\n", name, oneLine(line)); err != nil {
				return err
			}
		}
	}
	return nil
}

func printEvents(w io.Writer, events []schemas.ViolationEvent) error {
	rows := make([][]string, len(events))
	for i, e := range events {
		what := string(e.Transition)
		if e.Cause != "" {
			what += ": " + causeText(e.Cause)
		}
		rows[i] = []string{timeText(e.At), what, severityText(e.Severity), e.Scan}
	}
	return printTable(w, []string{"when", "what", "severity", "scan?"}, rows)
}
