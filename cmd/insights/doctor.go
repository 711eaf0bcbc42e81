package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/insights-scanner/insights-scanner/scanner/api"
	"github.com/insights-scanner/insights-scanner/scanner/bus"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// checkState is the outcome of a check.
type checkState string

const (
	checkOK      checkState = "ok"
	checkWarning checkState = "warning" // it works, or was not looked at
	checkFailed  checkState = "failed"
)

// finding is what a check found, in one line, and what to do about it.
type finding struct {
	Check  string     `json:"check"`
	State  checkState `json:"state"`
	Detail string     `json:"detail"`
	Do     string     `json:"do,omitempty"`
}

func fine(check, format string, args ...any) finding {
	return finding{Check: check, State: checkOK, Detail: fmt.Sprintf(format, args...)}
}

func warn(check, do, format string, args ...any) finding {
	return finding{Check: check, State: checkWarning, Detail: fmt.Sprintf(format, args...), Do: do}
}

// broken is a failed check; the hint of the error says what to do.
func broken(check string, err error) finding {
	f := finding{Check: check, State: checkFailed, Detail: err.Error()}
	if e, ok := errors.AsType[*schemas.Error](err); ok && e.Hint != "" {
		f.Detail, f.Do = strings.Replace(f.Detail, "\n  "+e.Hint, "", 1), e.Hint
	}
	if f.Do == "" {
		f.Do = "See docs/troubleshooting.md."
	}
	return f
}

// doctor is what checks need and learn from each other: they run in the order
// of their list.
type doctor struct {
	a       *app
	cfg     Config
	node    *node    // what could be opened; close closes it
	only    []string // the checks that were asked for; none stands for all
	minFree uint64
	now     func() time.Time

	looked  bool   // the data directory has been tried
	busy    string // who uses it, when it is not free
	streams bus.Health
	asked   bool        // NATS has been tried
	client  *api.Client // with --server only
}

// check looks at one thing, under a name for --only that several may share. It
// says nothing when that does not concern this process.
type check struct {
	name string
	run  func(ctx context.Context, d *doctor) []finding
}

// localChecks look at this machine and at what the configuration names.
var localChecks = []check{
	{"data-dir", checkDataDir},
	{"disk", checkSpace},
	{"key-ring", checkKeyRing},
	{"limits", checkFiles},
	{"limits", checkMemory},
	{"clickhouse", checkEngine},
	{"clickhouse", checkClickHouse},
	{"nats", checkNATS},
	{"nats", checkStreams},
	{"dead-letters", checkDead},
	{"sandbox", checkSandbox},
	{"packs", checkRuntimes},
	{"waivers", checkWaivers},
	{"accounts", checkCredentials},
	{"process", checkProcess},
}

// serverChecks look at a running server from outside.
var serverChecks = []check{
	{"server", checkServer},
	{"accounts", checkServerAccounts},
	{"dead-letters", checkServerDead},
	{"waivers", checkServerWaivers},
}

// choose keeps the checks that are named; none named keeps all.
func choose(checks []check, only []string) ([]check, error) {
	if len(only) == 0 {
		return checks, nil
	}
	var names []string
	var out []check
	for _, c := range checks {
		if slices.Contains(only, c.name) {
			out = append(out, c)
		}
		if !slices.Contains(names, c.name) {
			names = append(names, c.name)
		}
	}
	for _, name := range only {
		if !slices.Contains(names, name) {
			return nil, fmt.Errorf("--only %q: must be %s", name, strings.Join(names, ", "))
		}
	}
	return out, nil
}

// doctorTimeout bounds one check.
const doctorTimeout = time.Minute

func (a *app) doctorCmd() *cobra.Command {
	var minFree int
	var only []string
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Check what the scanner needs, and say what to do",
		Long: `Doctor tries what a process with this configuration needs: the data directory,
disk, memory, the key ring, the ClickHouse engine or server and its schema, NATS
with its streams, what contains packs and what they need to run, the credentials
of every account (as the account's role), and the clock against AWS's. It changes
nothing and reads no resources.

With --server it asks the running server what can be seen from outside. To see
only what the configuration says, without trying it: insights config check.

It exits 1 when a check failed; warnings alone exit 0. With --only it does for
health checks: they ask for what is quick and calls no cloud.`,
		Example: `  insights doctor
  insights doctor --roles discovery --nats-url nats://nats:4222
  insights doctor --server http://127.0.0.1:8080 -o json
  insights doctor --only process`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if minFree < 0 {
				return usageError(cmd, fmt.Errorf("--min-free %d: must not be negative", minFree))
			}
			checks := localChecks
			if a.server != "" {
				checks = serverChecks
			}
			checks, err := choose(checks, only)
			if err != nil {
				return usageError(cmd, err)
			}
			return a.doctor(cmd.Context(), checks, only, uint64(minFree)<<30)
		},
	}
	addSettingFlags(cmd.Flags())
	cmd.Flags().StringSliceVar(&only, "only", nil, "only this `CHECK`, repeatable: data-dir, disk, key-ring, limits, clickhouse, nats, dead-letters, sandbox, packs, waivers, accounts, process; with --server: server, accounts, dead-letters, waivers")
	cmd.Flags().IntVar(&minFree, "min-free", 5, "warn when less than this many `GIB` are free on the data directory's disk")
	return cmd
}

func (a *app) doctor(ctx context.Context, checks []check, only []string, minFree uint64) error {
	d := &doctor{a: a, only: only, minFree: minFree, now: time.Now}
	if a.server == "" {
		cfg, err := a.config()
		if err != nil {
			return err // as every command says it, also insights config check
		}
		d.cfg, d.node = cfg, newNode(cfg, nodeOptions{log: a.logger(cfg, true)})
		defer d.node.close()
	} else if err := d.connect(); err != nil {
		return err
	}
	var all []finding
	for _, c := range checks {
		all = append(all, d.run(ctx, c)...)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	return a.printFindings(all)
}

func (d *doctor) run(ctx context.Context, c check) []finding {
	ctx, cancel := context.WithTimeout(ctx, doctorTimeout)
	defer cancel()
	return c.run(ctx, d)
}

func (d *doctor) connect() error {
	token, err := d.a.token()
	if err != nil {
		return err
	}
	d.client, err = api.NewClient(d.a.server, token)
	return err
}

func (a *app) printFindings(all []finding) error {
	failed := 0
	for _, f := range all {
		if f.State == checkFailed {
			failed++
		}
	}
	var err error
	if a.output == "json" {
		err = printJSON(a.out, map[string]any{"ok": failed == 0, "checks": orEmpty(all)})
	} else {
		err = printFindings(a.out, all)
	}
	if err == nil && failed > 0 {
		return exitCode(exitError)
	}
	return err
}

func printFindings(w io.Writer, all []finding) error {
	width := 0
	for _, f := range all {
		width = max(width, len(f.Check))
	}
	for _, f := range all {
		if _, err := fmt.Fprintf(w, "%-7s  %-*s  %s\n", f.State, width, f.Check, oneLine(f.Detail)); err != nil {
			return err
		}
		if f.Do != "" {
			if _, err := fmt.Fprintf(w, "%-7s  %-*s  → %s\n", "", width, "", oneLine(f.Do)); err != nil {
				return err
			}
		}
	}
	return nil
}
