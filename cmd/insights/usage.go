package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// usageError is a wrong flag or argument, with where to read on.
func usageError(cmd *cobra.Command, err error) error {
	return schemas.Errorf(schemas.CodeInvalid, "%w", err).WithHint("See '%s --help'.", cmd.CommandPath())
}

// flagError is what parsing flags complains about.
func flagError(cmd *cobra.Command, err error) error {
	// "insights acount --x" is about the command, not about the flag.
	if cmd.HasSubCommands() && cmd.Flags().NArg() > 0 {
		return unknownCommand(cmd, cmd.Flags().Arg(0))
	}
	if bad, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		err = fmt.Errorf("--%s %q: must be %s", bad.GetFlag().Name, bad.GetValue(), kindOf(bad.GetFlag()))
	}
	return usageError(cmd, err)
}

func kindOf(f *pflag.Flag) string {
	switch f.Value.Type() {
	case "int":
		return "a whole number"
	case "share":
		return "a number"
	case "caps":
		return "TYPE=N, for example aws:ebs/snapshot:Snapshot=10000"
	case "duration":
		return "a duration such as 720h"
	case "bool":
		return "true or false"
	default:
		return "a " + f.Value.Type()
	}
}

// args turns cobra's argument check into a usage error that names the argument.
func args(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, given []string) error {
		err := check(cmd, given)
		if err == nil {
			return nil
		}
		return schemas.Errorf(schemas.CodeInvalid, "%w", wrongArgs(cmd.Use, given, err)).
			WithHint("Usage: %s. See '%s --help'.", cmd.UseLine(), cmd.CommandPath())
	}
}

// filled is args for a command of which all flags but some have a value when they are
// given.
func filled(check cobra.PositionalArgs, except ...string) cobra.PositionalArgs {
	check = args(check)
	return func(cmd *cobra.Command, given []string) error {
		err := check(cmd, given)
		cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if err == nil && !slices.Contains(except, f.Name) {
				err = notEmpty(cmd, f.Name)
			}
		})
		return err
	}
}

// notEmpty refuses flags that were given without a value, as by a script whose
// variable is not set: taken for none, they would widen what a command is about.
func notEmpty(cmd *cobra.Command, flags ...string) error {
	for _, name := range flags {
		f := cmd.Flags().Lookup(name)
		if f.Changed && (f.Value.String() == "" || f.Value.String() == "[]") {
			return usageError(cmd, fmt.Errorf("--%s is empty", name))
		}
	}
	return nil
}

// wrongArgs says which argument is missing or too many: use is "start ACCOUNT"
// or "show PACK [VERSION]".
func wrongArgs(use string, given []string, err error) error {
	names := strings.Fields(use)[1:]
	required := names
	for i, n := range names {
		if strings.HasPrefix(n, "[") {
			required = names[:i]
			break
		}
	}
	switch {
	case len(given) == len(required)-1:
		return fmt.Errorf("%s is missing", required[len(given)])
	case len(given) < len(required):
		return fmt.Errorf("%s are missing", strings.Join(required[len(given):], " and "))
	case len(given) > len(names):
		return fmt.Errorf("unexpected argument %q", given[len(names)])
	default:
		return err
	}
}

// parent is a command that only groups others: without a known one it is an error.
func parent(use, short string, children ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{Use: use, Short: short, RunE: helpOrUnknown}
	cmd.AddCommand(children...)
	var examples []string
	for _, c := range children {
		first, _, _ := strings.Cut(c.Example, "\n")
		examples = append(examples, first)
	}
	cmd.Example = strings.Join(examples, "\n")
	return cmd
}

// helpOrUnknown runs a command that only groups others.
func helpOrUnknown(cmd *cobra.Command, given []string) error {
	if len(given) > 0 {
		return unknownCommand(cmd, given[0])
	}
	return cmd.Help()
}

func unknownCommand(cmd *cobra.Command, name string) error {
	err := schemas.Errorf(schemas.CodeInvalid, "unknown command %q for %q", name, cmd.CommandPath())
	cmd.SuggestionsMinimumDistance = 2
	if like := cmd.SuggestionsFor(name); len(like) > 0 {
		return err.WithHint("Did you mean '%s %s'?", cmd.CommandPath(), like[0])
	}
	return err.WithHint("See '%s --help'.", cmd.CommandPath())
}

// onlyDirs makes a shell complete a flag with directories.
func onlyDirs(cmd *cobra.Command, flag string) {
	if err := cmd.MarkFlagDirname(flag); err != nil {
		panic(err) // as oneOf
	}
}

// completeDirs makes a shell complete an argument with directories.
func completeDirs(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveFilterDirs
}

// oneOf makes a shell complete a flag's values.
func oneOf(cmd *cobra.Command, flag string, values ...string) {
	err := cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
	if err != nil {
		panic(err) // the flag's name is a constant beside this call
	}
}
