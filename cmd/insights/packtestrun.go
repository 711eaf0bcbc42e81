package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"time"

	"github.com/insights-scanner/insights-scanner/evaluator"
	"github.com/insights-scanner/insights-scanner/evaluator/fixture"
	"github.com/insights-scanner/insights-scanner/scanner/policy"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// testPack is a pack that runs on fixtures, in this process alone.
type testPack struct {
	runtimes runtimes
	loader   evaluator.Loader
	dir      string // to load it from
	tmp      string // "" when dir is the author's
	manifest schemas.PackManifest
	configs  map[*fixture.Case]map[string]schemas.PolicyConfig
	engines  map[string]evaluator.Engine // by configuration
}

func openTestPack(ctx context.Context, dir string, all runtimes) (*testPack, error) {
	project, err := evaluator.ReadProject(dir)
	if err != nil {
		return nil, err
	}
	loader, ok := all[project.Runtime]
	if !ok {
		return nil, schemas.Errorf(schemas.CodeInvalid, "%s: runtime %q is not supported", evaluator.ProjectFile, project.Runtime).
			WithHint("supported: %s", all)
	}
	p := &testPack{runtimes: all, loader: loader, configs: map[*fixture.Case]map[string]schemas.PolicyConfig{}, engines: map[string]evaluator.Engine{}}
	if err = p.place(ctx, dir); err == nil {
		p.manifest, err = loader.Inspect(ctx, p.dir)
	}
	if err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

// place finds the directory to run the pack in: its own, unless dependencies have
// to be installed. Those are locked in a copy, as publishing would.
func (p *testPack) place(ctx context.Context, dir string) (err error) {
	if p.dir, err = filepath.Abs(dir); err != nil {
		return schemas.Errorf(schemas.CodeInvalid, "%s: %w", dir, err)
	}
	if owner, ok := p.loader.(policy.Owner); ok && owner.Own(p.dir) {
		return nil
	}
	locker, ok := p.loader.(policy.Locker)
	if !ok {
		return nil
	}
	archive, err := policy.Archive(p.dir)
	if err != nil {
		return err
	}
	if p.tmp, err = os.MkdirTemp("", "insights-pack-"); err != nil {
		return schemas.Errorf(schemas.CodeInternal, "make a temporary directory: %w", err)
	}
	p.dir = filepath.Join(p.tmp, "pack")
	if err := policy.Unpack(archive, p.dir); err != nil {
		return err
	}
	_, err = locker.Lock(ctx, p.dir)
	return err
}

// prepare makes sure that every case can be run: the pack has the policies that
// it names, and its configuration is valid.
func (p *testPack) prepare(files []string, cases map[string][]fixture.Case) error {
	var problems schemas.Problems
	for _, file := range files {
		for i := range cases[file] {
			c := &cases[file][i]
			problems.Add("", c.Check(p.manifest.Policies))
			config, err := policy.LayerConfig(p.manifest.Policies, c.Config)
			problems.Add(c.Where()+": ", err)
			p.configs[c] = config
		}
	}
	return problems.Err()
}

// caseTimeout bounds one case, as it bounds a resource in a scan.
const caseTimeout = 30 * time.Second

// run asks the pack about a case. A pack that cannot run as a whole has every
// policy errored, as in a scan.
func (p *testPack) run(ctx context.Context, c *fixture.Case) ([]schemas.PolicyResult, error) {
	e, err := p.engine(ctx, p.configs[c])
	if err != nil {
		return nil, err
	}
	within, cancel := context.WithTimeout(ctx, caseTimeout)
	defer cancel()
	results, err := e.Evaluate(within, c.Input())
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err == nil {
		return results, nil
	}
	results = nil
	for _, pol := range p.manifest.Policies {
		if pol.Scope != schemas.PolicyStack {
			results = append(results, schemas.PolicyResult{Policy: pol.Name, Outcome: schemas.Errored, Reason: err.Error()})
		}
	}
	return results, nil
}

func (p *testPack) engine(ctx context.Context, config map[string]schemas.PolicyConfig) (evaluator.Engine, error) {
	key, err := json.Marshal(config) // map keys come sorted
	if err != nil {
		return nil, schemas.Errorf(schemas.CodeInvalid, "configuration: %w", err)
	}
	if e, ok := p.engines[string(key)]; ok {
		return e, nil
	}
	e, err := p.loader.Load(ctx, p.dir, schemas.EffectivePack{PackRef: p.manifest.PackRef, Local: true, Policies: p.manifest.Policies, Config: config})
	if err == nil {
		p.engines[string(key)] = e
	}
	return e, err
}

func (p *testPack) close() {
	for _, e := range p.engines {
		_ = e.Close() // the results are there
	}
	p.runtimes.close()
	if p.tmp != "" {
		_ = os.RemoveAll(p.tmp)
	}
}
