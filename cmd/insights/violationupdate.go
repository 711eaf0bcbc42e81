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

func (a *app) violationUpdateCmd() *cobra.Command {
	var status, priority, assignee, note string
	cmd := &cobra.Command{
		Use: "update FINDING...", Short: "Say who works on violations, and how far they are", Args: args(cobra.MinimumNArgs(1)),
		Long: `Update changes what people say of violations: status, priority, assignee, note.
Each change is kept with who made it and when; 'insights violation show' lists them.
An empty value takes a priority, assignee or note away.

It changes nothing that is counted. An ignored violation still counts in every
score: to accept one for a time, with a reason and an end, use 'insights waiver'.
One that was resolved and comes back is new again.`,
		Example: `  insights violation update 3f9a1c0b77de --status in_progress --assignee alice
  insights violation update 3f9a1c0b77de 77de01aa9c3f --priority p1 --note "with the next release"`,
		RunE: func(cmd *cobra.Command, given []string) error {
			var c schemas.TriageChange
			set := func(flag string, to func()) {
				if cmd.Flags().Changed(flag) {
					to()
				}
			}
			set("status", func() { c.Status = new(schemas.TriageStatus(status)) })
			set("priority", func() { c.Priority = new(schemas.Priority(priority)) })
			set("assignee", func() { c.Assignee = &assignee })
			set("note", func() { c.Note = &note })
			err := c.Validate()
			for _, id := range given {
				if err == nil {
					err = schemas.CheckFinding(id)
				}
			}
			if err != nil {
				return usageError(cmd, err)
			}
			return a.with(cmd.Context(), "insights violation update", nodeOptions{}, func(ctx context.Context, s api.Service) error {
				return a.updateViolations(ctx, s, given, c)
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&status, "status", "", "`STATUS`: new, in_progress, resolved or ignored")
	f.StringVar(&priority, "priority", "", "`PRIORITY`: p0 (most urgent) to p4")
	f.StringVar(&assignee, "assignee", "", "the `PERSON` who works on it")
	f.StringVar(&note, "note", "", "a `TEXT` for whoever looks next")
	oneOf(cmd, "status", "new", "in_progress", "resolved", "ignored")
	oneOf(cmd, "priority", "p0", "p1", "p2", "p3", "p4")
	return cmd
}

func (a *app) updateViolations(ctx context.Context, s api.Service, findings []string, c schemas.TriageChange) error {
	var done []schemas.ViolationDetail
	var err error
	for _, id := range findings {
		var d schemas.ViolationDetail
		if d, err = s.UpdateViolation(ctx, id, c); err != nil {
			if len(findings) > 1 {
				err = fmt.Errorf("finding %s: %w", id, err)
			}
			break
		}
		done = append(done, d)
	}
	if a.output == "json" {
		if perr := printJSON(a.out, map[string]any{"violations": orEmpty(done)}); perr != nil {
			return perr
		}
		return err
	}
	for _, d := range done {
		fmt.Fprintf(a.out, "%s  %s: %s\n", shortFinding(d.Finding), policyText(d.Pack, d.Policy), triageText(d.Triage))
	}
	return err
}

// triageText is a triage in one line.
func triageText(t *schemas.Triage) string {
	if t == nil {
		return string(schemas.TriageNew)
	}
	parts := []string{causeText(schemas.FixCause(t.Status))}
	for _, p := range []string{string(t.Priority), t.Assignee, t.Note} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	return strings.Join(parts, ", ")
}

func triageFacts(t *schemas.Triage) [][2]string {
	if t == nil {
		return nil
	}
	return [][2]string{{"Status", causeText(schemas.FixCause(t.Status))}, {"Priority", string(t.Priority)}, {"Assignee", t.Assignee}, {"Note", t.Note}}
}

func waivedText(v schemas.Violation) string {
	if v.Waiver == "" {
		return ""
	}
	return "by " + v.Waiver + " until " + timeText(v.WaivedUntil)
}

func printTriage(w io.Writer, list []schemas.Triage) error {
	if len(list) == 0 {
		return nil
	}
	fmt.Fprintln(w)
	rows := make([][]string, len(list))
	for i, t := range list {
		rows[i] = []string{timeText(t.At), t.By, causeText(schemas.FixCause(t.Status)), string(t.Priority), t.Assignee, t.Note}
	}
	return printTable(w, []string{"when", "by", "status", "priority?", "assignee?", "note?"}, rows)
}
