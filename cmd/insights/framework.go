package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/insights-scanner/insights-scanner/scanner/api"
	"github.com/insights-scanner/insights-scanner/scanner/apply"
	"github.com/insights-scanner/insights-scanner/schemas"
)

func (a *app) frameworkCmd() *cobra.Command {
	return parent("framework", "Map policies to the controls of compliance frameworks",
		a.frameworkAddCmd(), a.frameworkListCmd(), a.frameworkShowCmd(), a.frameworkRemoveCmd())
}

func (a *app) frameworkAddCmd() *cobra.Command {
	return &cobra.Command{
		Use: "add FILE", Short: "Add a mapping file, or replace it", Args: args(cobra.ExactArgs(1)),
		Long: `Add reads a mapping file (YAML or JSON; - is standard input), at once and without
scanning anything anew. One of the same name and version is replaced:

  name: ACME Baseline
  version: "2026"
  controls:
    - id: A-1
      title: Buckets are private
      section: Storage
      policies: [aws_foundations/deny_bucket_*]   # PACK/POLICY, * is any text
    - id: A-2
      title: Backups are tried out
      manual: true                                # no policy can check it

Packs that name controls themselves need no file; a file of the same name adds
titles, sections and further policies.`,
		Example: "  insights framework add acme-baseline.yaml\n  generate-mapping | insights framework add -",
		RunE: func(cmd *cobra.Command, given []string) error {
			f, err := a.readFramework(given[0])
			if err != nil {
				return err
			}
			return a.with(cmd.Context(), "insights framework add", nodeOptions{}, func(ctx context.Context, s api.Service) error {
				if f, err = s.PutFramework(ctx, f); err != nil {
					return err
				}
				packs, err := s.ListPacks(ctx)
				if err != nil {
					return err
				}
				for _, text := range unmatched(f, packs) {
					fmt.Fprintf(a.err, "warning: %s\n", text)
				}
				if a.output == "json" {
					return printJSON(a.out, f)
				}
				_, err = fmt.Fprintf(a.out, "Framework %s added: %s.\n", f.Label(), countText(uint64(len(f.Controls)), "control", "controls"))
				return err
			})
		},
	}
}

// unmatched says which patterns of a mapping file no policy of a published pack has:
// they are misspelt, or of a pack to come.
func unmatched(f schemas.Framework, packs []schemas.PackManifest) (out []string) {
	for _, c := range f.Controls {
		for _, pattern := range c.Policies {
			one := schemas.FrameworkControl{Policies: []string{pattern}}
			if !slices.ContainsFunc(packs, func(m schemas.PackManifest) bool {
				return slices.ContainsFunc(m.Policies, func(p schemas.Policy) bool { return one.Checks(m.Name, p.Name) })
			}) {
				out = append(out, fmt.Sprintf("control %s: no published pack has a policy %s", c.ID, pattern))
			}
		}
	}
	return out
}

func (a *app) readFramework(name string) (schemas.Framework, error) {
	file := apply.File{Name: name}
	var err error
	if name == "-" {
		file.Name = "standard input"
		file.Data, err = io.ReadAll(a.in)
	} else {
		file.Data, err = os.ReadFile(name)
	}
	if err != nil {
		return schemas.Framework{}, schemas.Errorf(schemas.CodeInvalid, "read the mapping file: %w", err)
	}
	return apply.ParseFramework(file)
}

func (a *app) frameworkListCmd() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List frameworks of mapping files and of published packs", Args: args(cobra.NoArgs),
		Example: "  insights framework list\n  insights framework list -o json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.with(cmd.Context(), "insights framework list", nodeOptions{}, func(ctx context.Context, s api.Service) error {
				list, err := s.ListFrameworks(ctx)
				if err != nil {
					return err
				}
				if a.output == "json" {
					return printJSON(a.out, orEmpty(list))
				}
				if len(list) == 0 {
					_, err := fmt.Fprintln(a.out, "No frameworks: no published pack names controls. Add a mapping: insights framework add FILE.")
					return err
				}
				rows := make([][]string, len(list))
				for i, f := range list {
					checked, file := 0, ""
					for _, c := range f.Controls {
						if len(c.Policies) > 0 {
							checked++
						}
					}
					if !f.AddedAt.IsZero() {
						file = f.AddedBy + ", " + timeText(f.AddedAt)
					}
					rows[i] = []string{f.Name, f.Version, fmt.Sprint(len(f.Controls)), fmt.Sprint(checked), strings.Join(f.Packs, ", "), file}
				}
				return printTable(a.out, []string{"name", "version", "controls", "checked by policies", "named by packs", "file added by?"}, rows)
			})
		},
	}
}

func (a *app) frameworkShowCmd() *cobra.Command {
	return &cobra.Command{
		Use: "show FRAMEWORK", Short: "Show the controls of a framework and what checks them", Args: args(cobra.ExactArgs(1)),
		Long:    "Show prints every control of FRAMEWORK (its name, a part that no other has, or\nNAME@VERSION) with the policies that check it.",
		Example: `  insights framework show CIS`,
		RunE: func(cmd *cobra.Command, given []string) error {
			return a.with(cmd.Context(), "insights framework show", nodeOptions{}, func(ctx context.Context, s api.Service) error {
				f, err := s.GetFramework(ctx, given[0])
				if err != nil {
					return err
				}
				if a.output == "json" {
					return printJSON(a.out, f)
				}
				fmt.Fprintf(a.out, "%s\n", f.Label())
				if f.Description != "" {
					fmt.Fprintln(a.out, oneLine(f.Description))
				}
				fmt.Fprintln(a.out)
				rows := make([][]string, len(f.Controls))
				for i, c := range f.Controls {
					by := strings.Join(c.Policies, ", ")
					if by == "" {
						by = "nothing: manual"
					}
					rows[i] = []string{c.ID, c.Section, c.Title, by}
				}
				return printTable(a.out, []string{"control", "section?", "title?", "checked by"}, rows)
			})
		},
	}
}

func (a *app) frameworkRemoveCmd() *cobra.Command {
	return &cobra.Command{
		Use: "remove FRAMEWORK", Short: "Remove a mapping file", Args: args(cobra.ExactArgs(1)),
		Long:    "Remove takes the mapping file of FRAMEWORK away. What packs map by themselves stays.",
		Example: `  insights framework remove "ACME Baseline@2026"`,
		RunE: func(cmd *cobra.Command, given []string) error {
			return a.with(cmd.Context(), "insights framework remove", nodeOptions{}, func(ctx context.Context, s api.Service) error {
				files, err := s.FrameworkFiles(ctx)
				if err != nil {
					return err
				}
				name := given[0]
				if f, err := api.FindFramework(files, name); err == nil {
					name = f.Label() // so that the whole name is told
				}
				if err := s.RemoveFramework(ctx, name); err != nil {
					return err
				}
				if a.output == "json" {
					return printJSON(a.out, map[string]string{"removed": name})
				}
				_, err = fmt.Fprintf(a.out, "Mapping file of %s removed.\n", name)
				return err
			})
		},
	}
}

func (a *app) frameworkReport(ctx context.Context, s api.Service, o reportOptions) error {
	q := schemas.FrameworkQuery{Framework: o.framework, Accounts: o.query.Accounts, AsOf: o.query.AsOf}
	r, err := s.FrameworkReport(ctx, q)
	if err != nil {
		return err
	}
	return a.writeReport(o.file, func(w io.Writer) error {
		switch a.output {
		case "json":
			return printJSON(w, r)
		case "html":
			return printFrameworkPage(w, newFrameworkPage(r, q, time.Now()))
		default:
			return printFramework(w, r)
		}
	})
}

func printFramework(w io.Writer, r schemas.FrameworkReport) error {
	fmt.Fprintf(w, "%s\n", schemas.Framework{Name: r.Name, Version: r.Version}.Label())
	if !r.AsOf.IsZero() {
		fmt.Fprintf(w, "  As of       %s\n", timeText(r.AsOf))
	}
	fmt.Fprintf(w, "  Score       %s\n", scoreLine(r.Total.Score, "controls with data passed"))
	fmt.Fprintf(w, "  Coverage    %s (%d of %d controls decided; %s)\n", percentText(r.Total.Coverage.Percent), r.Total.Coverage.Part, r.Total.Coverage.Of, tallyText(r.Total))
	if len(r.Accounts) > 1 {
		fmt.Fprintln(w)
		rows := make([][]string, len(r.Accounts))
		for i, acc := range r.Accounts {
			rows[i] = []string{acc.Account, percentText(acc.Total.Score.Strict.Percent), percentText(acc.Total.Coverage.Percent), tallyText(acc.Total)}
		}
		if err := printTable(w, []string{"account", "score", "coverage", "controls"}, rows); err != nil {
			return err
		}
	}
	for _, acc := range r.Accounts {
		if acc.Unscanned {
			fmt.Fprintf(w, "\nAccount %s %s: what did not fail there is unknown.\n", acc.Account, unscannedText(r.AsOf))
		}
		if n := len(acc.Scopes); n > 0 {
			fmt.Fprintf(w, "\n%s of account %s could not be listed whole, and what is in them is in no count:\n", countText(uint64(n), "scope", "scopes"), acc.Account)
		}
		for _, g := range acc.Scopes {
			fmt.Fprintf(w, "  %s\n", scopeText(g.ScopeEnd))
		}
	}
	for _, section := range r.Sections {
		fmt.Fprintf(w, "\n%s: score %s, coverage %s\n\n", orText(section.Section, "Controls"), percentText(section.Total.Score.Strict.Percent), percentText(section.Total.Coverage.Percent))
		rows := make([][]string, len(section.Controls))
		for i, c := range section.Controls {
			rows[i] = []string{c.ID, controlStatusText(c), number(c.Counts.Failed), number(c.Counts.Waived), number(c.Counts.Passed), number(c.Counts.Unknown + c.Counts.Errored), c.Title, policiesText(c.Policies)}
		}
		if err := printTable(w, []string{"control", "status", "failed", "waived?", "passed", "unknown", "title?", "policies?"}, rows); err != nil {
			return err
		}
	}
	return nil
}

// unscannedText says that an account was not scanned as a whole, ever or until a moment.
func unscannedText(asOf time.Time) string {
	if asOf.IsZero() {
		return "was never scanned as a whole"
	}
	return "was not scanned as a whole until " + timeText(asOf)
}

func tallyText(t schemas.ControlTally) string {
	var parts []string
	for _, p := range []struct {
		n    uint64
		what string
	}{{t.Passed, "passed"}, {t.Failed, "failed"}, {t.Unknown, "unknown"}, {t.NoData, "without data"}, {t.Manual, "manual"}} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", p.n, p.what))
		}
	}
	return orText(strings.Join(parts, ", "), "no controls")
}

func controlStatusText(c schemas.ControlReport) string {
	text := causeText(schemas.FixCause(c.Status))
	if c.WithWaivers != c.Status {
		text += " (" + causeText(schemas.FixCause(c.WithWaivers)) + " with waivers)"
	}
	return text
}

func policiesText(list []schemas.ControlPolicy) string {
	names := make([]string, len(list))
	for i, p := range list {
		names[i] = p.Policy
	}
	return strings.Join(names, ", ")
}
