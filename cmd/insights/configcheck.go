package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

func (a *app) configCmd() *cobra.Command {
	check := &cobra.Command{
		Use:   "check",
		Short: "Check the configuration and print what holds",
		Long: `Check reads insights.yaml (or --config), INSIGHTS_* and flags as every command
does, and prints each setting with its value, or every problem at once.`,
		Example: "  insights config check --config insights.yaml",
		Args:    args(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			c, err := a.config()
			if err != nil {
				return err
			}
			return a.printConfig(c)
		},
	}
	addSettingFlags(check.Flags())
	return parent("config", "Check the configuration", check)
}

// printConfig prints every setting; of a secret only whether it is set.
func (a *app) printConfig(c Config) error {
	values := map[string]any{}
	rows := make([][]string, 0, len(settings))
	for _, s := range settings {
		v := s.value(&c)
		values[s.path] = v
		rows = append(rows, []string{s.path, fmt.Sprint(v), s.env()})
	}
	if a.output == "json" {
		return printJSON(a.out, values)
	}
	return printTable(a.out, []string{"setting", "value", "environment"}, rows)
}
