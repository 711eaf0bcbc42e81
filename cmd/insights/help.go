package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

// Groups of commands in the help of the root command.
const (
	groupScan   = "scan"
	groupPolicy = "policy"
	groupRun    = "run"
)

var commandGroups = []*cobra.Group{
	{ID: groupScan, Title: "Scan and report:"},
	{ID: groupPolicy, Title: "Choose policies:"},
	{ID: groupRun, Title: "Run and look after:"},
}

// alsoExits annotates a command with the exit codes that only some have.
const alsoExits = "exit"

// alsoRuns annotates a command that does something without a subcommand.
const alsoRuns = "alsoRuns"

// usageTemplate is cobra's with the examples first, the exit codes last, and
// long flags wrapped.
const usageTemplate = `Usage:
{{- if or (not .HasAvailableSubCommands) .Annotations.alsoRuns}}
  {{.UseLine}}{{end}}
{{- if .HasAvailableSubCommands}}
  {{.CommandPath}} COMMAND{{end}}
{{- if .HasExample}}

Examples:
{{.Example}}{{end}}
{{- $commands := .Commands}}{{if and .HasAvailableSubCommands (not .Groups)}}

Commands:{{range $commands}}{{if .IsAvailableCommand}}
  {{rpad .Name .NamePadding}} {{.Short}}{{end}}{{end}}{{end}}
{{- range $g := .Groups}}

{{$g.Title}}{{range $commands}}{{if and .IsAvailableCommand (eq .GroupID $g.ID)}}
  {{rpad .Name .NamePadding}} {{.Short}}{{end}}{{end}}{{end}}
{{- if .HasAvailableLocalFlags}}

Flags:
{{.LocalFlags.FlagUsagesWrapped 100 | trimTrailingWhitespaces}}{{end}}
{{- if .HasAvailableInheritedFlags}}

Flags of every command:
{{.InheritedFlags.FlagUsagesWrapped 100 | trimTrailingWhitespaces}}{{end}}
{{- if .HasAvailableSubCommands}}

More about a command: {{.CommandPath}} COMMAND --help
{{- else}}

Exit codes: 0 success, 1 error, 2 wrong usage or configuration,
{{- with .Annotations.exit}} {{.}},{{end}} 130 interrupted.{{end}}
`

// helpCmd replaces cobra's, which answers an unknown command with success.
func helpCmd(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:     "help [COMMAND...]",
		Short:   "Explain a command",
		Example: "  insights help scan start",
		RunE: func(_ *cobra.Command, given []string) error {
			cmd, rest, err := root.Find(given)
			if err != nil {
				return usageError(root, err)
			}
			if len(rest) > 0 && cmd.HasSubCommands() {
				return unknownCommand(cmd, rest[0])
			}
			cmd.InitDefaultHelpFlag()
			return cmd.Help()
		},
	}
}

// completionCmd replaces cobra's, whose help speaks of the shells only.
func (a *app) completionCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "completion SHELL",
		Short: "Print a script that completes commands in a shell",
		Long: `Completion prints a script for SHELL: bash, zsh, fish or powershell. Load it in
the shell's start file, and commands and flags complete with the Tab key.`,
		Example: `  source <(insights completion bash)
  insights completion zsh > "${fpath[1]}/_insights"
  insights completion fish > ~/.config/fish/completions/insights.fish`,
		Args:              args(cobra.ExactArgs(1)),
		ValidArgs:         []string{"bash", "zsh", "fish", "powershell"},
		DisableAutoGenTag: true,
		RunE: func(cmd *cobra.Command, given []string) error {
			root := cmd.Root()
			switch given[0] {
			case "bash":
				return root.GenBashCompletionV2(a.out, true)
			case "zsh":
				return root.GenZshCompletion(a.out)
			case "fish":
				return root.GenFishCompletion(a.out, true)
			case "powershell":
				return root.GenPowerShellCompletionWithDesc(a.out)
			default:
				return usageError(cmd, fmt.Errorf("SHELL %q: must be bash, zsh, fish or powershell", given[0]))
			}
		},
	}
}
