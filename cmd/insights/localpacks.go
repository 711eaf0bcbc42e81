package main

import (
	"context"
	"errors"
	"os"

	"github.com/spf13/cobra"

	"github.com/insights-scanner/insights-scanner/scanner/api"
	"github.com/insights-scanner/insights-scanner/scanner/policy"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// localPack is a directory of --policy-pack with its configuration.
type localPack struct {
	dir    string
	config map[string]map[string]any
}

// localFlags are the flags that name local packs.
type localFlags struct{ dirs, configs []string }

func (f *localFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&f.dirs, "policy-pack", nil, "`DIRECTORY` of a pack to apply in addition to the enforced ones, repeatable")
	cmd.Flags().StringArrayVar(&f.configs, "policy-pack-config", nil, "YAML or JSON `FILE` with the configuration of a --policy-pack: the first is for the first, and so on; \"\" is none")
	onlyDirs(cmd, "policy-pack")
}

// packs reads the configurations. Whatever is wrong is a usage error: nothing
// has run yet.
func (f *localFlags) packs(cmd *cobra.Command) ([]localPack, error) {
	if len(f.configs) > len(f.dirs) {
		return nil, usageError(cmd, errors.New("there are more --policy-pack-config than --policy-pack: each belongs to the pack in its place"))
	}
	packs := make([]localPack, len(f.dirs))
	var errs []error
	for i, dir := range f.dirs {
		packs[i].dir = dir
		if i >= len(f.configs) || f.configs[i] == "" {
			continue
		}
		var err error
		if packs[i].config, err = readPackConfig(f.configs[i]); err != nil {
			errs = append(errs, err)
		}
	}
	return packs, errors.Join(errs...)
}

// readPackConfig reads a pack's configuration, as 'insights group enforce' and
// --policy-pack-config take it.
func readPackConfig(file string) (map[string]map[string]any, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, schemas.Errorf(schemas.CodeInvalid, "read pack configuration: %w", err)
	}
	config, err := policy.ParseConfig(raw)
	var p schemas.Problems
	p.Add(file+": ", err)
	return config, p.Err()
}

// localPacks prepares the packs of --policy-pack. The set is written where
// packs are resolved: at the start of a scan or an evaluation, and by serve at
// once.
func (n *node) localPacks(ctx context.Context) error {
	if len(n.opts.local) == 0 {
		return nil
	}
	packs := make([]policy.LocalPack, len(n.opts.local))
	for i, p := range n.opts.local {
		packs[i] = policy.LocalPack{Dir: p.dir, Config: p.config}
	}
	effective, warnings, err := n.parts.registry.Locals(ctx, packs)
	if err != nil {
		return err
	}
	for _, w := range warnings {
		n.log.Warn().Msg(w)
	}
	n.parts.resolver.SetLocal(effective)
	return nil
}

// failOnFound gives the exit code for --fail-on of what was judged just now:
// whoever names local packs asks about them too.
func failOnFound(ctx context.Context, s api.Service, r schemas.Report, wait waitOptions) error {
	if err := failOnOpen(r, wait.failOn); err != nil || wait.failOn == "" || !wait.local {
		return err
	}
	for _, acc := range r.Accounts {
		for _, p := range acc.Packs {
			if !p.Local {
				continue
			}
			of, err := s.Report(ctx, schemas.ReportQuery{Accounts: []string{string(acc.AccountID)}, Pack: p.Pack})
			if err == nil {
				err = failOnOpen(of, wait.failOn)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}
