package main

import (
	"errors"
	"slices"
	"strings"
	"unicode"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// app is what every command shares: the streams of the process and the flags
// that belong to no single command.
type app struct {
	stdio
	configFile string
	server     string
	tokenFile  string
	output     string
	flags      *pflag.FlagSet // configuration flags of the running command
}

const rootLong = `Insights reads cloud accounts, judges every resource by the policy packs that
your policy groups enforce, and reports violations. It never changes anything in
an account and never blocks anything.

A first scan needs an account's credentials and nothing else: a starter pack is
enforced on every account until you choose packs yourself.

With --server (or INSIGHTS_SERVER) a command talks to a running 'insights
serve'. Without, it runs everything in its own process on the data directory.

Exit codes: 0 success (also with violations), 1 error, 2 wrong usage or
configuration, 3 --fail-on found violations or 'pack test' a difference, 4 there
is no complete scan to go by (partial, failed, cancelled; with --fail-on also
never scanned, or judged by no policy), 5 'apply --dry-run' found something
to change, 130 interrupted.`

const rootExample = `  insights account add prod --profile prod   # register an account; credentials that only read will do
  insights scan start prod                   # read it and judge what is there
  insights report                            # scores, violations, and what could not be judged`

func newRoot(io stdio) *cobra.Command {
	a := &app{stdio: io, output: "table"}
	root := &cobra.Command{
		Use:               "insights",
		Short:             "Compliance scanner for cloud accounts",
		Long:              rootLong,
		Example:           rootExample,
		Version:           thisBuild().String(),
		SilenceUsage:      true,
		SilenceErrors:     true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
		Args:              cobra.ArbitraryArgs, // else cobra words the error
		RunE:              helpOrUnknown,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			a.flags = cmd.Flags()
			return checkOutput(cmd, a.output)
		},
	}
	root.SetIn(io.in)
	root.SetOut(io.out)
	root.SetErr(io.err)
	root.SetFlagErrorFunc(flagError)
	root.SetUsageTemplate(usageTemplate)
	root.SetVersionTemplate("{{.Version}}\n")

	pf := root.PersistentFlags()
	pf.StringVar(&a.configFile, "config", "", "configuration `FILE` (default insights.yaml if it exists)")
	pf.StringVar(&a.server, "server", io.env("INSIGHTS_SERVER"), "`URL` of a running 'insights serve' (INSIGHTS_SERVER)")
	pf.StringVar(&a.tokenFile, "token-file", "", "`FILE` with the API token for --server (or the token in INSIGHTS_TOKEN)")
	pf.StringVarP(&a.output, "output", "o", "table", "`FORMAT`: table or json; for 'report' also csv, jsonl and html, for lists csv and jsonl, for 'violations' also ocsf")
	addSettingFlags(pf, "dataDir", "log.level", "log.format")
	oneOf(root, "output", "table", "json", "csv", "jsonl", "ocsf", "html")
	a.addCommands(root)
	return root
}

func (a *app) addCommands(root *cobra.Command) {
	group := func(id string, commands ...*cobra.Command) {
		for _, c := range commands {
			c.GroupID = id
		}
		root.AddCommand(commands...)
	}
	root.AddGroup(commandGroups...)
	root.SetHelpCommand(helpCmd(root))
	root.SetHelpCommandGroupID(groupRun)
	group(groupScan, a.accountCmd(), a.scanCmd(), a.evaluateCmd(), a.reportCmd(), a.violationsCmd(), a.violationCmd(), a.resourcesCmd(), a.diffCmd())
	group(groupPolicy, a.packCmd(), a.groupCmd(), a.waiverCmd(), a.frameworkCmd(), a.applyCmd(), a.exportCmd())
	group(groupRun, a.serveCmd(), a.doctorCmd(), a.deadLettersCmd(), a.webhookCmd(), a.tokenCmd(), a.configCmd(), a.backupCmd(), a.restoreCmd(), a.migrateCmd(),
		a.completionCmd(), a.versionCmd())
}

// addSettingFlags makes flags of settings; without paths, of all that have none
// yet and are no secret.
func addSettingFlags(fs *pflag.FlagSet, paths ...string) {
	for _, s := range settings {
		if s.secret || len(paths) > 0 && !slices.Contains(paths, s.path) {
			continue
		}
		if len(paths) == 0 && slices.Contains([]string{"dataDir", "log.level", "log.format"}, s.path) {
			continue
		}
		fs.String(flagName(s.path), "", s.usage+" ("+s.env()+")")
	}
}

// flagName is the flag of a setting: nats.credsFile is --nats-creds-file.
func flagName(path string) string {
	var b strings.Builder
	for _, r := range path {
		switch {
		case r == '.':
			b.WriteByte('-')
		case unicode.IsUpper(r):
			b.WriteByte('-')
			b.WriteRune(unicode.ToLower(r))
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// config is the whole configuration of this invocation.
func (a *app) config() (Config, error) {
	given := map[string]string{}
	for _, s := range settings {
		if f := a.flags.Lookup(flagName(s.path)); f != nil && f.Changed {
			given[s.path] = f.Value.String()
		}
	}
	c, err := loadConfig(a.configFile, a.env, given)
	if e, ok := errors.AsType[*schemas.Error](err); ok && a.configFile != "" && a.flags.Lookup("pack-config") != nil {
		err = e.WithHint("--config is the program's own configuration; that of a pack is given with --pack-config.")
	}
	return c, err
}
