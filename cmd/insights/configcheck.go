package main

import (
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"github.com/insights-scanner/insights-scanner/evaluator/pulumi/sandbox"
	"github.com/insights-scanner/insights-scanner/scanner/seal"
)

func (a *app) configCmd() *cobra.Command {
	check := &cobra.Command{
		Use:   "check",
		Short: "Check the configuration and print what holds",
		Long: `Check reads insights.yaml (or --config), INSIGHTS_* and flags as every command
does, and prints each setting with its value, or every problem at once. It opens
nothing that the configuration names; whether that is there and works says
'insights doctor'. Where packs run it tries one thing, on this machine alone: which
protections of the sandbox hold (docs/trust.md).`,
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
	return parent("config", "Check the configuration, make key rings", check, a.keyringCmd())
}

func (a *app) keyringCmd() *cobra.Command {
	var rotate bool
	cmd := &cobra.Command{
		Use:   "keyring FILE",
		Short: "Make the key ring that seals secret values",
		Long: `Keyring makes a key ring file. The embedded system makes its own; processes over
one NATS share one, named as secrets.keyFile. Whoever loses it cannot open the
secret values that were stored; an existing file is never overwritten.

With --rotate it adds a key to an existing ring: new values are sealed with it,
older ones can still be opened. Give the file to every process and restart them.`,
		Example: `  insights config keyring keyring.json
  insights config keyring keyring.json --rotate`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(_ *cobra.Command, given []string) error {
			do, done := seal.Create, "made"
			if rotate {
				do, done = seal.Rotate, "rotated"
			}
			if _, err := do(given[0]); err != nil {
				return err
			}
			if a.output == "json" {
				return printJSON(a.out, map[string]string{done: given[0]})
			}
			_, err := fmt.Fprintf(a.out, "Key ring %s %s. Keep a copy of it in a safe place.\n", given[0], done)
			return err
		},
	}
	cmd.Flags().BoolVar(&rotate, "rotate", false, "add a key to an existing ring")
	return cmd
}

// printConfig prints every setting; of a secret only whether it is set. Where packs
// run, also what contains them.
func (a *app) printConfig(c Config) error {
	values := map[string]any{}
	rows := make([][]string, 0, len(settings))
	for _, s := range settings {
		v := s.value(&c)
		values[s.path] = v
		rows = append(rows, []string{s.path, fmt.Sprint(v), s.env()})
	}
	var protections []sandbox.Protection
	if c.runsPacks() {
		protections = sandbox.Report(sandbox.Mode(c.Sandbox), c.packLimits())
	}
	if a.output == "json" {
		if protections != nil {
			values["protections"] = protections
		}
		return printJSON(a.out, values)
	}
	if err := printTable(a.out, []string{"setting", "value", "environment"}, rows); err != nil {
		return err
	}
	return printProtections(a.out, protections)
}

// printProtections prints what a sandbox takes from packs here, and what would
// make the rest hold.
func printProtections(w io.Writer, all []sandbox.Protection) error {
	if len(all) == 0 {
		return nil
	}
	var rows [][]string
	var remedies []string
	for _, p := range all {
		holds := "yes"
		if !p.Holds {
			holds = "no"
		}
		rows = append(rows, []string{p.Name, holds, p.Why})
		if p.Do != "" && !slices.Contains(remedies, p.Do) {
			remedies = append(remedies, p.Do)
		}
	}
	if _, err := fmt.Fprintln(w); err != nil {
		return err
	}
	if err := printTable(w, []string{"sandbox", "holds", "what that means"}, rows); err != nil {
		return err
	}
	for _, do := range remedies {
		if _, err := fmt.Fprintln(w, "→ "+do); err != nil {
			return err
		}
	}
	return nil
}
