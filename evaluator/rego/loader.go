package rego

import (
	"context"
	"time"

	"github.com/insights-scanner/insights-scanner/evaluator"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// Loader loads OPA packs. It implements evaluator.Loader.
type Loader struct {
	// Limit bounds one policy on one resource. Default 5 s.
	Limit time.Duration
	// Builtins are those of the function Builtins that packs may use all the same.
	Builtins []string
}

const defaultLimit = 5 * time.Second

// Inspect reads what the pack in dir declares: its name from the package of its
// modules, its version from PulumiPolicy.yaml, its policies from the rules.
func (l Loader) Inspect(_ context.Context, dir string) (schemas.PackManifest, error) {
	project, err := evaluator.ReadProject(dir)
	if err != nil {
		return schemas.PackManifest{}, err
	}
	p, err := l.open(dir)
	if err != nil {
		return schemas.PackManifest{}, err
	}
	p.warnProject(project)
	m := schemas.PackManifest{
		PackRef:     schemas.PackRef{Name: p.name, Version: project.Version, Runtime: schemas.RuntimeOPA},
		DisplayName: p.title, Description: project.Description, InputFormat: project.InputFormat,
		Warnings: append(project.Warnings, p.warnings...),
	}
	for _, r := range p.rules {
		m.Policies = append(m.Policies, r.policy)
	}
	return m, nil
}

// Load compiles the pack in dir for one configuration.
func (l Loader) Load(ctx context.Context, dir string, e schemas.EffectivePack) (evaluator.Engine, error) {
	project, err := evaluator.ReadProject(dir)
	if err != nil {
		return nil, err
	}
	p, err := l.open(dir)
	if err != nil {
		return nil, err
	}
	if l.Limit <= 0 {
		l.Limit = defaultLimit
	}
	return newEngine(ctx, p, e, project, l.Limit)
}
