package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/insights-scanner/insights-scanner/scanner/api"
	"github.com/insights-scanner/insights-scanner/scanner/apply"
	"github.com/insights-scanner/insights-scanner/scanner/policy"
	"github.com/insights-scanner/insights-scanner/scanner/schedule"
	"github.com/insights-scanner/insights-scanner/schemas"
)

const applyLong = `Apply makes accounts, groups and the packs they enforce what FILE says, and says
what it changed. Applied again it changes nothing. A file is YAML or JSON:

  accounts:
    - name: prod
      id: aws-123456789012        # optional: refuse credentials of any other
      roleArn: arn:aws:iam::123456789012:role/insights-reader
      externalId: 7f3a
      regions: [eu-west-1, us-east-1]   # without: every enabled one
      services: [s3, iam]               # without: all that are known
      schedule: {cron: "CRON_TZ=Europe/Berlin 0 3 * * *", jitterSeconds: 600}
      sessionPolicies: [SecurityAudit]  # narrows the role's session
      labels: {team: platform}
    - name: dev
      profile: dev                # of the AWS configuration files
  groups:
    - name: default-accounts-policy-group   # every account is in it
      packs:
        - pack: aws_foundations   # version: latest
    - name: production
      accounts: [prod, dev/eu-west-1]   # names, ids, or children
      selector: env=prod,team in (a,b)  # and what has such labels
      packs:
        - pack: my_pack
          version: 1.2.0
          config:
            all: {enforcementLevel: advisory}
            deny_access_key_age: {maxDays: 60}

Waivers and frameworks are kept the same way, in lists of their own: see
docs/waivers.md and docs/frameworks.md.

What an account's entry leaves out is not set. An account that is registered is
found by its id, else by its name; with its id it can be renamed. Which AWS
account it is never changes. Packs are published before: insights pack publish.

Everything is checked before anything is written, and every problem is told with
its line. Only what the cloud must be asked shows later, when the account is added
or changed: whose credentials they are, and names of services. Accounts come first;
when one of them fails, no group is changed.

Nothing is deleted unless --prune is given. It deletes what the file's lists
leave out: accounts of 'accounts', groups of 'groups', and of each group in the
file its accounts and packs, and its selector where the file says "". A list that
is not in the file is not touched, nor is the default group unless it is named, and
it is never deleted itself.`

// dryRunExits tells of the exit code of a difference.
var dryRunExits = map[string]string{alsoExits: "5 --dry-run found\nsomething to change"}

func (a *app) applyCmd() *cobra.Command {
	var files []string
	var dryRun, prune bool
	cmd := &cobra.Command{
		Use:   "apply",
		Short: "Make accounts, groups and enforced packs what a file says",
		Long:  applyLong,
		Example: `  insights apply -f accounts.yaml --dry-run   # say what would change
  insights apply -f accounts.yaml
  insights apply -f accounts.yaml -f groups/ --prune
  generate-accounts | insights apply -f - --server https://insights.example.org`,
		Annotations: dryRunExits,
		Args:        args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if len(files) == 0 {
				return usageError(cmd, errors.New("-f FILE is missing"))
			}
			doc, err := a.readDocument(files)
			if err != nil {
				return err
			}
			opts := nodeOptions{work: judging}
			if dryRun {
				opts.work = answering
			}
			return a.with(cmd.Context(), "insights apply", opts, func(ctx context.Context, s api.Service) error {
				state, err := apply.Read(ctx, s)
				if err != nil {
					return err
				}
				plan, err := apply.Compare(doc, state, applyRules(), prune)
				if err != nil {
					return err
				}
				if dryRun {
					return a.printPlan(plan)
				}
				return a.runPlan(ctx, s, plan)
			})
		},
	}
	cmd.Flags().StringArrayVarP(&files, "filename", "f", nil, "`FILE` to apply, a directory of such files, or - for standard input; repeatable")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "only say what would change; exit 5 when anything would")
	cmd.Flags().BoolVar(&prune, "prune", false, "delete what the lists of the file leave out")
	return cmd
}

func applyRules() apply.Rules {
	return apply.Rules{
		Account: func(a schemas.Account) error { return policy.CheckAccount(a, schedule.Validate) },
		Group:   policy.CheckGroupName, Selector: policy.CheckSelector,
		Config:    policy.CheckConfig,
		NewWaiver: func(t schemas.WaiverTerms) error { return policy.CheckNewWaiver(t, time.Now()) },
	}
}

// readDocument reads files, directories and standard input. Settings of the
// program may stand beside accounts and groups: insights.yaml can hold both.
func (a *app) readDocument(names []string) (*apply.Document, error) {
	var files []apply.File
	for _, name := range names {
		list, err := a.readFiles(name)
		if err != nil {
			return nil, schemas.Errorf(schemas.CodeInvalid, "read %s: %w", name, err)
		}
		files = append(files, list...)
	}
	return apply.Parse(files, isSettingsKey)
}

func (a *app) readFiles(name string) ([]apply.File, error) {
	if name == "-" {
		raw, err := io.ReadAll(a.in)
		return []apply.File{{Name: "standard input", Data: raw}}, err
	}
	names := []string{name}
	info, err := os.Stat(name)
	if err != nil {
		return nil, errors.Unwrap(err)
	}
	if info.IsDir() {
		if names, err = filesOf(name); err != nil {
			return nil, err
		}
	}
	var files []apply.File
	for _, n := range names {
		raw, err := os.ReadFile(n)
		if err != nil {
			return nil, err
		}
		files = append(files, apply.File{Name: n, Data: raw})
	}
	return files, nil
}

// filesOf are the files of a directory that can be applied, by name.
func filesOf(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if !e.IsDir() && slices.Contains([]string{".yaml", ".yml", ".json"}, filepath.Ext(e.Name())) {
			names = append(names, filepath.Join(dir, e.Name()))
		}
	}
	if len(names) == 0 {
		return nil, errors.New("the directory holds no .yaml, .yml or .json")
	}
	return names, nil
}

// isSettingsKey tells whether a top-level key is of the program's own settings.
func isSettingsKey(key string) bool {
	return slices.ContainsFunc(settings, func(s setting) bool {
		first, _, _ := strings.Cut(s.path, ".")
		return first == key
	})
}

// appliedKeys are the top-level keys that 'insights apply' reads.
var appliedKeys = []string{"accounts", "frameworks", "groups", "waivers"}

// applied is what a plan came to, for programs.
type applied struct {
	DryRun bool `json:"dryRun"`
	*apply.Plan
}

func (a *app) printPlan(p *apply.Plan) error {
	if a.output == "json" {
		if err := printJSON(a.out, applied{true, p}); err != nil {
			return err
		}
	} else {
		for _, c := range p.Changes {
			fmt.Fprint(a.out, changeText(c))
		}
		fmt.Fprint(a.out, keptText(p))
		fmt.Fprintln(a.out, planText(p, "to create", "to change", "to delete"))
	}
	if p.Empty() {
		return nil
	}
	return exitCode(exitDifference)
}

func (a *app) runPlan(ctx context.Context, s api.Service, p *apply.Plan) error {
	table := a.output != "json"
	err := p.Run(ctx, s, func(c *apply.Change) {
		if table {
			fmt.Fprint(a.out, changeText(c))
		}
	})
	if !table {
		return errors.Join(printJSON(a.out, applied{false, p}), err, a.lookAtOrganizations(ctx, s, p))
	}
	if err == nil {
		fmt.Fprint(a.out, keptText(p))
		_, err = fmt.Fprintln(a.out, planText(p, "created", "changed", "deleted"))
	}
	return errors.Join(err, a.lookAtOrganizations(ctx, s, p))
}

// lookAtOrganizations registers the accounts of organizations that are new or are listed in
// another way, as 'account add' and 'account update' do. One that cannot be listed does not keep
// the others from it.
func (a *app) lookAtOrganizations(ctx context.Context, s api.Service, p *apply.Plan) error {
	var errs []error
	for _, c := range p.Changes {
		if !c.Done || c.Lists == "" {
			continue
		}
		if err := a.syncOrganization(ctx, s, c.Lists, a.output != "json"); err != nil {
			errs = append(errs, fmt.Errorf("account %s: %w", c.Lists, err))
		}
	}
	return errors.Join(errs...)
}
