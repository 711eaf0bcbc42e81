package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/insights-scanner/insights-scanner/scanner/api"
	"github.com/insights-scanner/insights-scanner/schemas"
)

func (a *app) packCmd() *cobra.Command {
	return parent("pack", "Write, test and publish policy packs",
		a.packNewCmd(), a.packTestCmd(), a.packRecordCmd(), a.packPublishCmd(), a.packListCmd(), a.packShowCmd(),
		a.packVersionsCmd(), a.packRemoveCmd(), a.packPullCmd(), a.packValidateConfigCmd(), a.packPreviewCmd())
}

func (a *app) packPublishCmd() *cobra.Command {
	var in gitPlace
	cmd := &cobra.Command{
		Use:   "publish SOURCE",
		Short: "Publish a pack",
		Long: `Publish makes a pack available under its name and version: that of package.json
for Node.js packs, of PulumiPolicy.yaml for others. A version is published once, for
ever, and each publish makes the newest version of its pack, whatever it is called.
Publishing enforces nothing by itself: see 'insights group enforce'.

SOURCE is the directory that holds PulumiPolicy.yaml, a tar.gz as 'npm pack' and
'insights pack pull' make it, or the URL of a git repository, of which --git-ref
names the revision and --git-dir the directory.`,
		Example: `  insights pack publish ./my-pack
  insights pack publish my-pack-1.0.0.tgz
  insights pack publish https://git.example.com/policies.git --git-ref v1.2.0 --git-dir aws`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			archive, err := packArchive(cmd.Context(), given[0], in)
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
	in.add(cmd)
	return cmd
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
				return a.printVersions(list)
			})
		},
	}
}

func (a *app) printVersions(list []schemas.PackManifest) error {
	rows := make([][]string, len(list))
	for i, m := range list {
		version := m.Version
		if m.Removed {
			version += " (removed)"
		}
		rows[i] = []string{m.Name, version, fmt.Sprint(m.Number), string(m.Runtime), fmt.Sprint(len(m.Policies)), m.PublishedAt.UTC().Format(time.DateTime), m.PublishedBy}
	}
	return printTable(a.out, []string{"pack", "version", "number?", "runtime?", "policies", "published (utc)", "by"}, rows)
}

// warnings prints what a pack was published with all the same.
func warnings(w io.Writer, m schemas.PackManifest) {
	for _, text := range m.Warnings {
		fmt.Fprintf(w, "warning: %s\n", text)
	}
}
