package main

import (
	"context"
	"fmt"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"

	"github.com/insights-scanner/insights-scanner/scanner/api"
	"github.com/insights-scanner/insights-scanner/scanner/apply"
	"github.com/insights-scanner/insights-scanner/schemas"
)

func (a *app) exportCmd() *cobra.Command {
	return &cobra.Command{
		Use: "export", Short: "Print accounts, groups and enforced packs as a file to apply", Args: args(cobra.NoArgs),
		Long: `Export prints what there is in the form that 'insights apply' reads; applied where
it came from it changes nothing. Applied to another installation with the same
packs it makes that one the same, with --prune also where that one has more.
Packs, tokens and results are not in it: see 'insights backup'.`,
		Example: `  insights export > accounts.yaml
  insights export -o json`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.with(cmd.Context(), "insights export", nodeOptions{}, func(ctx context.Context, s api.Service) error {
				state, err := apply.Read(ctx, s)
				if err != nil {
					return err
				}
				raw, err := apply.Export(state)
				if err != nil {
					return err
				}
				if a.output != "json" {
					if raw, err = yaml.JSONToYAML(raw); err != nil {
						return schemas.Errorf(schemas.CodeInternal, "write what there is as YAML: %w", err)
					}
				}
				_, err = fmt.Fprintf(a.out, "%s", raw)
				return err
			})
		},
	}
}
