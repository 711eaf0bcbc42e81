package main

import (
	"context"
	"io"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/insights-scanner/insights-scanner/scanner/api"
	"github.com/insights-scanner/insights-scanner/schemas"
)

func (a *app) resourcesCmd() *cobra.Command {
	var q schemas.ResourceQuery
	var file string
	cmd := &cobra.Command{
		Use:   "resources",
		Short: "List the resources that scans found",
		Long: `Resources lists what is known of the accounts. UNKNOWN names the properties that
could not be read; policies that need them have no result for that resource.

With -o csv or jsonl it writes all of them, however many there are, unless --limit
is given.`,
		Example: `  insights resources --account prod --type aws:s3/bucket:Bucket
  insights resources --violating
  insights resources --id my-bucket --properties -o json`,
		Args:        filled(cobra.NoArgs, "cursor"), // an empty one is that of the first page
		Annotations: map[string]string{alsoRuns: "yes", alsoMakes: "csv jsonl"},
		RunE: func(cmd *cobra.Command, _ []string) error {
			err := a.checkExport(cmd, &q.Limit, q.Cursor, file)
			if err == nil {
				err = checkType(q.Type)
			}
			if err != nil {
				return usageError(cmd, err)
			}
			return a.with(cmd.Context(), "insights resources", nodeOptions{}, func(ctx context.Context, s api.Service) error {
				if a.exports() {
					return a.export(file, func(w io.Writer) error {
						return api.ExportResources(ctx, s, q, api.Format(a.output), w)
					})
				}
				return a.resources(ctx, s, q)
			})
		},
	}
	f := cmd.Flags()
	addListFlags(f, &q.Accounts, &q.Type, &q.Region, &q.Limit, &q.Cursor)
	f.StringVar(&q.ID, "id", "", "only the resource with exactly this `ID`")
	f.StringVar(&q.Match, "match", "", "only resources whose id contains this `TEXT`")
	f.BoolVar(&q.Violating, "violating", false, "only resources out of compliance: with an open violation of an enforced pack")
	f.BoolVar(&q.Properties, "properties", false, "with the properties (in -o json, jsonl and csv); secrets stay sealed")
	addFileFlag(f, &file)
	cmd.AddCommand(a.resourceTypesCmd())
	return cmd
}

// addListFlags makes the flags that both lists have.
func addListFlags(f *pflag.FlagSet, accounts *[]string, token, region *string, limit *int, cursor *string) {
	f.StringSliceVar(accounts, "account", nil, "only this `ACCOUNT` (name or id), repeatable")
	f.StringVar(token, "type", "", "only this resource `TYPE`, for example aws:s3/bucket:Bucket")
	f.StringVar(region, "region", "", "only this `REGION`")
	f.IntVar(limit, "limit", 100, "`HOW-MANY` at most, up to 1000")
	f.StringVar(cursor, "cursor", "", "go on where the page before ended: the `CURSOR` it gave")
}

func (a *app) resources(ctx context.Context, s api.Service, q schemas.ResourceQuery) error {
	page, err := s.Resources(ctx, q)
	if err != nil {
		return err
	}
	if a.output == "json" {
		page.Resources = orEmpty(page.Resources)
		return printJSON(a.out, page)
	}
	if len(page.Resources) == 0 {
		return a.printNothing(ctx, s, "No resources", q.Accounts, time.Time{})
	}
	return printResources(a.out, page)
}
