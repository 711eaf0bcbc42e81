package main

import (
	"github.com/spf13/cobra"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// usageError is a wrong flag or argument, with where to read on.
func usageError(cmd *cobra.Command, err error) error {
	return schemas.Errorf(schemas.CodeInvalid, "%w", err).WithHint("See '%s --help'.", cmd.CommandPath())
}

// args turns cobra's argument check into a usage error.
func args(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, given []string) error {
		if err := check(cmd, given); err != nil {
			return usageError(cmd, err)
		}
		return nil
	}
}

// parent is a command that only groups others: without a known one it is an error.
func parent(use, short string, children ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{
		Use:   use,
		Short: short,
		RunE: func(cmd *cobra.Command, given []string) error {
			if len(given) > 0 {
				return usageError(cmd, schemas.Errorf(schemas.CodeInvalid, "unknown command %q for %q", given[0], cmd.CommandPath()))
			}
			return cmd.Help()
		},
	}
	cmd.AddCommand(children...)
	return cmd
}
