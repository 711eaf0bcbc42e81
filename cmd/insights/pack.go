package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/insights-scanner/insights-scanner/scanner/api"
	"github.com/insights-scanner/insights-scanner/scanner/policy"
	"github.com/insights-scanner/insights-scanner/schemas"
)

func (a *app) packCmd() *cobra.Command {
	return parent("pack", "Publish policy packs", a.packPublishCmd(), a.packListCmd(), a.packShowCmd())
}

func (a *app) packPublishCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "publish DIRECTORY",
		Short: "Publish a pack",
		Long: `Publish archives DIRECTORY, the one that holds PulumiPolicy.yaml, and makes it
available under the pack's name and version. A version is published once, for
ever. Publishing enforces nothing by itself: see 'insights group enforce'.`,
		Example: "  insights pack publish ./my-pack",
		Args:    args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			archive, err := policy.Archive(given[0])
			if err != nil {
				return err
			}
			return a.with(cmd.Context(), "insights pack publish", nodeOptions{work: judging}, func(ctx context.Context, s api.Service) error {
				m, err := s.PublishPack(ctx, archive)
				if err != nil {
					return err
				}
				if a.output == "json" {
					return printJSON(a.out, m)
				}
				warnings(a.err, m)
				fmt.Fprintf(a.out, "Published %s %s with %s.\nEnforce it with 'insights group enforce %s %s'.\n",
					m.Name, m.Version, countText(uint64(len(m.Policies)), "policy", "policies"), schemas.DefaultAccountsGroup, m.Name)
				return nil
			})
		},
	}
}

func (a *app) packListCmd() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List published packs, every version", Args: args(cobra.NoArgs),
		Example: "  insights pack list",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.with(cmd.Context(), "insights pack list", nodeOptions{}, func(ctx context.Context, s api.Service) error {
				list, err := s.ListPacks(ctx)
				if err != nil {
					return err
				}
				if a.output == "json" {
					return printJSON(a.out, orEmpty(list))
				}
				if len(list) == 0 {
					_, err := fmt.Fprintln(a.out, "No packs. Publish one with 'insights pack publish DIRECTORY'.")
					return err
				}
				rows := make([][]string, len(list))
				for i, m := range list {
					rows[i] = []string{m.Name, m.Version, fmt.Sprint(m.Number), string(m.Runtime), fmt.Sprint(len(m.Policies)), m.PublishedAt.UTC().Format(time.DateTime), m.PublishedBy}
				}
				return printTable(a.out, []string{"pack", "version", "number?", "runtime?", "policies", "published (utc)", "by"}, rows)
			})
		},
	}
}

func (a *app) packShowCmd() *cobra.Command {
	return &cobra.Command{
		Use: "show PACK [VERSION]", Short: "Show a pack's policies", Args: args(cobra.RangeArgs(1, 2)),
		Long: "Show lists the policies of PACK: of VERSION, or of the newest one.",
		Example: `  insights pack show aws_foundations
  insights pack show aws_foundations 1.0.0 -o json`,
		RunE: func(cmd *cobra.Command, given []string) error {
			version := schemas.Latest
			if len(given) == 2 {
				version = given[1]
			}
			return a.with(cmd.Context(), "insights pack show", nodeOptions{}, func(ctx context.Context, s api.Service) error {
				m, err := s.GetPack(ctx, given[0], version)
				if err != nil {
					return err
				}
				if a.output == "json" {
					return printJSON(a.out, m)
				}
				fmt.Fprintf(a.out, "%s %s (%s), published %s by %s\n", m.Name, m.Version, m.Runtime, timeText(m.PublishedAt), m.PublishedBy)
				for _, line := range append(wrap(oneLine(m.Description), 80), "") {
					fmt.Fprintln(a.out, line)
				}
				if warnings(a.out, m); len(m.Warnings) > 0 {
					fmt.Fprintln(a.out)
				}
				rows := make([][]string, len(m.Policies))
				for i, p := range m.Policies {
					rows[i] = []string{p.Name, severityText(p.Severity), string(p.Level), controlText(p.Controls), p.DisplayName}
				}
				return printTable(a.out, []string{"policy", "severity", "level?", "controls?", "title"}, rows)
			})
		},
	}
}

// warnings prints what a pack was published with all the same.
func warnings(w io.Writer, m schemas.PackManifest) {
	for _, text := range m.Warnings {
		fmt.Fprintf(w, "warning: %s\n", text)
	}
}
