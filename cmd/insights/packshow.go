package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/insights-scanner/insights-scanner/scanner/api"
	"github.com/insights-scanner/insights-scanner/schemas"
)

func (a *app) packShowCmd() *cobra.Command {
	var name string
	cmd := &cobra.Command{
		Use: "show PACK [VERSION]", Short: "Show a pack's policies", Args: args(cobra.RangeArgs(1, 2)),
		Long: `Show lists the policies of PACK: of VERSION, or of the newest one; PACK@VERSION says
the same in one word. With --policy it shows one of them whole: what it says, the
controls of frameworks that it checks, how to remedy, and what can be configured.
-o json has all of it for every policy.`,
		Example: `  insights pack show aws_foundations
  insights pack show aws_foundations --policy deny_root_mfa
  insights pack show aws_foundations@1.0.0 -o json`,
		RunE: func(cmd *cobra.Command, given []string) error {
			pack, version := packGiven(given)
			return a.with(cmd.Context(), "insights pack show", nodeOptions{}, func(ctx context.Context, s api.Service) error {
				m, err := s.GetPack(ctx, pack, version)
				if err != nil {
					return err
				}
				if name != "" {
					return a.showPolicy(m, name)
				}
				if a.output == "json" {
					return printJSON(a.out, m)
				}
				return a.showPack(m)
			})
		},
	}
	cmd.Flags().StringVar(&name, "policy", "", "show one `POLICY` whole")
	return cmd
}

func (a *app) showPack(m schemas.PackManifest) error {
	a.paragraph("", fmt.Sprintf("%s %s (%s), number %d, published %s by %s", m.Name, m.Version, m.Runtime, m.Number, timeText(m.PublishedAt), m.PublishedBy))
	if m.Removed {
		fmt.Fprintln(a.out, "This version was removed: groups cannot enforce it any more.")
	}
	a.paragraph("", m.Description)
	fmt.Fprintln(a.out)
	if warnings(a.out, m); len(m.Warnings) > 0 {
		fmt.Fprintln(a.out)
	}
	rows := make([][]string, len(m.Policies))
	for i, p := range m.Policies {
		level := string(p.Level)
		if p.Scope == schemas.PolicyStack {
			level = "not evaluated" // for accounts
		}
		rows[i] = []string{p.Name, severityText(p.Severity), level, controlText(p.Controls), orText(p.DisplayName, p.Description)}
	}
	if err := printTable(a.out, []string{"policy", "severity", "level?", "controls?", "title"}, rows); err != nil || len(rows) == 0 {
		return err
	}
	_, err := fmt.Fprintf(a.out, "\nHow to remedy, and what can be configured:\n  insights pack show %s@%s --policy POLICY\n", m.Name, m.Version)
	return err
}

// showPolicy shows one policy whole.
func (a *app) showPolicy(m schemas.PackManifest, name string) error {
	i := slices.IndexFunc(m.Policies, func(p schemas.Policy) bool { return p.Name == name })
	if i < 0 {
		return schemas.Errorf(schemas.CodeNotFound, "pack %s %s has no policy %q", m.Name, m.Version, name).
			WithHint("see insights pack show %s@%s", m.Name, m.Version)
	}
	p := m.Policies[i]
	if a.output == "json" {
		return printJSON(a.out, p)
	}
	fmt.Fprintf(a.out, "%s of %s %s\n", p.Name, m.Name, m.Version)
	a.paragraph("", p.DisplayName)
	if p.Description != p.DisplayName {
		a.paragraph("", p.Description)
	}
	fmt.Fprintln(a.out)
	level := string(p.Level)
	if p.Scope == schemas.PolicyStack {
		level += ", for stacks: not evaluated for accounts"
	}
	a.paragraph("Severity: ", severityText(p.Severity))
	a.paragraph("Level: ", level)
	for _, c := range p.Controls {
		framework := strings.TrimSpace(c.Framework + " " + c.Version)
		a.paragraph("Control: ", strings.TrimSpace(framework+", "+strings.TrimSpace(c.ID+" "+c.Specification)))
	}
	a.paragraph("Message: ", p.Message)
	a.paragraph("Remediation: ", p.RemediationSteps)
	a.paragraph("More: ", p.URL)
	a.paragraph("Tags: ", strings.Join(p.Tags, ", "))
	return a.showSchema(p.ConfigSchema)
}

// showSchema prints what can be configured of a policy.
func (a *app) showSchema(schema map[string]any) error {
	if len(schema) == 0 {
		return nil
	}
	raw, err := json.MarshalIndent(schema, "  ", "  ")
	if err != nil {
		return fmt.Errorf("print the schema: %w", err)
	}
	_, err = fmt.Fprintf(a.out, "Configuration, as JSON Schema:\n  %s\n", raw)
	return err
}

// paragraph prints a text with what stands before it, in lines of 80; nothing when
// there is no text.
func (a *app) paragraph(label, text string) {
	if text == "" {
		return
	}
	for _, line := range wrap(label+oneLine(text), 80) {
		fmt.Fprintln(a.out, line)
	}
}
