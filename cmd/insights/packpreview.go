package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/insights-scanner/insights-scanner/scanner/api"
	"github.com/insights-scanner/insights-scanner/scanner/policy"
	"github.com/insights-scanner/insights-scanner/schemas"
)

func (a *app) packPreviewCmd() *cobra.Command {
	var in gitPlace
	q := schemas.PreviewRequest{Group: schemas.DefaultAccountsGroup}
	var file string
	cmd := &cobra.Command{
		Use: "preview SOURCE|PACK[@VERSION]", Short: "Show what enforcing a pack would change", Args: args(cobra.ExactArgs(1)),
		Long: `Preview judges what is held of the accounts of a group as if the group enforced a
pack, a version or a configuration, and prints which violations would appear and
disappear, per account and policy. It also says what policies cannot tell because it
was not read, and how many calls reading it would take. It reads nothing from the
cloud and records nothing.

SOURCE is what 'insights pack publish' takes; it is tried as if it were published
now. PACK is one that is published, of VERSION or the newest one.`,
		Example: `  insights pack preview ./my-pack
  insights pack preview my_pack@1.1.0 --group production
  insights pack preview my_pack --group production --config config.yaml -o json`,
		RunE: func(cmd *cobra.Command, given []string) error {
			if err := in.preview(cmd.Context(), given[0], file, &q); err != nil {
				return err
			}
			return a.with(cmd.Context(), "insights pack preview", nodeOptions{}, func(ctx context.Context, s api.Service) error {
				p, err := s.PreviewPack(ctx, q)
				if err != nil {
					return err
				}
				if a.output == "json" {
					return printJSON(a.out, p)
				}
				return a.printPreview(p)
			})
		},
	}
	in.add(cmd)
	cmd.Flags().StringVar(&q.Group, "group", q.Group, "`GROUP` that would enforce the pack")
	cmd.Flags().StringVar(&file, "config", "", "YAML or JSON `FILE` with the configuration")
	cmd.Flags().StringVar(&file, "pack-config", "", "the same as --config, as 'group enforce' has it")
	cmd.MarkFlagsMutuallyExclusive("config", "pack-config")
	return cmd
}

// preview fills a request: what is there as a file or directory, or is the URL of a
// repository, is a source; everything else names a published pack.
func (g *gitPlace) preview(ctx context.Context, given, file string, q *schemas.PreviewRequest) error {
	if file != "" {
		raw, err := readInput(file)
		if err != nil {
			return err
		}
		if q.Config, err = policy.ParseConfig(raw); err != nil {
			return err
		}
	}
	if _, err := os.Stat(given); err != nil && !gitURL.MatchString(given) && !strings.ContainsRune(given, os.PathSeparator) {
		q.Pack, q.Version = packAtVersion(given)
		return nil
	}
	var err error
	q.Archive, err = packArchive(ctx, given, *g)
	return err
}

func (a *app) printPreview(p schemas.Preview) error {
	for _, w := range p.Warnings {
		fmt.Fprintf(a.err, "warning: %s\n", w)
	}
	fmt.Fprintf(a.out, "%s %s in group %s\n", p.Name, p.Version, p.Group)
	if len(p.Accounts) == 0 {
		_, err := fmt.Fprintln(a.out, "The group holds no account.")
		return err
	}
	for _, acc := range p.Accounts {
		if err := a.printPreviewAccount(acc); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintln(a.out, "\nNothing was changed.")
	return err
}

func (a *app) printPreviewAccount(acc schemas.PreviewAccount) error {
	fmt.Fprintf(a.out, "\nAccount %s: ", acc.Account)
	if acc.Overruled != "" {
		_, err := fmt.Fprintf(a.out, "nothing would change: %s.\n", acc.Overruled)
		return err
	}
	fmt.Fprintf(a.out, "%s judged\n", countText(acc.Resources, "resource", "resources"))
	if len(acc.Policies) == 0 {
		_, err := fmt.Fprintln(a.out, "  No violations, before or after.")
		return err
	}
	rows := make([][]string, len(acc.Policies))
	for i, p := range acc.Policies {
		rows[i] = []string{p.Policy, number(p.Appear), number(p.Disappear), number(p.Stay), number(p.Unknown), number(p.Errored)}
	}
	if err := printTable(a.out, []string{"policy", "appear", "disappear", "stay", "unknown", "errored"}, rows); err != nil {
		return err
	}
	a.printPreviewFindings(acc)
	return a.printMissing(acc.Missing)
}

// previewShown is how many findings of one policy people are shown.
const previewShown = 10

func (a *app) printPreviewFindings(acc schemas.PreviewAccount) {
	for _, p := range acc.Policies {
		if p.Reason != "" {
			fmt.Fprintf(a.out, "\n%s is errored: %s\n", p.Policy, oneLine(p.Reason))
		}
		if len(p.Findings) > 0 {
			fmt.Fprintf(a.out, "\n%s\n", p.Policy)
		}
		for _, f := range p.Findings[:min(len(p.Findings), previewShown)] {
			sign, text := "-", ""
			if f.Appears {
				sign, text = "+", "  "+oneLine(strings.Join(f.Messages, "; "))
			}
			fmt.Fprintf(a.out, "  %s %s %s%s\n", sign, f.Region, f.ID, text)
		}
		if more := p.Appear + p.Disappear - uint64(min(len(p.Findings), previewShown)); len(p.Findings) > 0 && more > 0 {
			fmt.Fprintf(a.out, "  and %s more; -o json lists up to %d of each kind\n", number(more), schemas.MaxPreviewFindings)
		}
	}
}

func (a *app) printMissing(reads []schemas.PreviewRead) error {
	if len(reads) == 0 {
		return nil
	}
	fmt.Fprintln(a.out, "\nUnknown because it was not read:")
	rows := make([][]string, len(reads))
	for i, r := range reads {
		calls := "?"
		if r.Calls > 0 {
			calls = number(r.Calls)
		}
		rows[i] = []string{r.Type, orText(r.Call, "no call returns it"), orText(oneLine(r.Reason), strings.ReplaceAll(string(r.State), "_", " ")), number(r.Resources), calls}
	}
	return printTable(a.out, []string{"type", "call", "why", "resources", "calls to read it"}, rows)
}
