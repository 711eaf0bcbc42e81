package main

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/insights-scanner/insights-scanner/evaluator"
	"github.com/insights-scanner/insights-scanner/evaluator/pulumi"
	"github.com/insights-scanner/insights-scanner/evaluator/pulumi/install"
	"github.com/insights-scanner/insights-scanner/evaluator/pulumi/sandbox"
	"github.com/insights-scanner/insights-scanner/evaluator/rego"
	"github.com/insights-scanner/insights-scanner/scanner/policy"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// runtimes are the pack runtimes of this program.
type runtimes map[schemas.Runtime]evaluator.Loader

// newRuntimes makes the runtimes. The environments of packs are kept below the
// data directory, and nothing is written or tried before the first pack needs it.
func newRuntimes(cfg Config, log zerolog.Logger) runtimes {
	installing := log
	if cfg.Log.Level == defaultConfig().Log.Level {
		installing = log.Level(zerolog.InfoLevel) // it takes a while: commands say what they wait for
	}
	processes := &processPacks{made: sync.OnceValues(func() (*pulumi.Loader, error) {
		root, err := filepath.Abs(cfg.environmentsDir())
		if err != nil {
			return nil, schemas.Errorf(schemas.CodeInvalid, "%s: %w", cfg.DataDir, err)
		}
		box, err := sandbox.New(sandbox.Mode(cfg.Sandbox))
		if err != nil {
			return nil, forGood(err)
		}
		return pulumi.New(pulumi.Options{Sandbox: box, Installer: install.New(root, box, installing), Limits: cfg.packLimits(), Log: log}), nil
	})}
	return runtimes{schemas.RuntimeOPA: rego.Loader{Builtins: cfg.Packs.Builtins}, schemas.RuntimeNodeJS: processes, schemas.RuntimePython: processes}
}

// checkSandbox fails where packs are to run in a sandbox that is required and
// cannot be had.
func (c Config) checkSandbox() error {
	if !c.runsPacks() || sandbox.Mode(c.Sandbox) != sandbox.Required {
		return nil
	}
	_, err := sandbox.New(sandbox.Required)
	return err
}

// forGood makes an error one that does not pass by itself: whoever is to run a
// pack does not try again, and says why it is errored.
func forGood(err error) error {
	if e, ok := errors.AsType[*schemas.Error](err); ok {
		return &schemas.Error{Code: schemas.CodeInvalid, Message: e.Message, Hint: e.Hint}
	}
	return err
}

// String lists the runtimes for people.
func (r runtimes) String() string {
	names := make([]string, 0, len(r))
	for name := range r {
		names = append(names, string(name))
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// sweep removes environments that have not been used for the time given; those of the
// packs in the directories named stay.
func (r runtimes) sweep(ctx context.Context, named []string, unused time.Duration) (removed int, err error) {
	wanted := map[*processPacks][]string{}
	for _, l := range r {
		if p, ok := l.(*processPacks); ok {
			wanted[p] = nil
		}
	}
	for _, dir := range named {
		rt, err := policy.ReadRuntime(dir)
		if err != nil {
			return 0, err
		}
		if p, ok := r[rt].(*processPacks); ok {
			wanted[p] = append(wanted[p], dir)
		}
	}
	for p, dirs := range wanted {
		l, err := p.loader()
		if err != nil {
			return removed, err
		}
		n, err := l.Sweep(ctx, dirs, unused)
		removed += n
		if err != nil {
			return removed, err
		}
	}
	return removed, nil
}

// close ends what loaders keep running between packs.
func (r runtimes) close() {
	for _, l := range r {
		if p, ok := l.(*processPacks); ok {
			p.close()
		}
	}
}

// processPacks loads the packs that are processes. Most commands run none, so
// what contains them is made for the first one.
type processPacks struct {
	made func() (*pulumi.Loader, error)

	mu   sync.Mutex
	used *pulumi.Loader
}

func (p *processPacks) loader() (*pulumi.Loader, error) {
	l, err := p.made()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.used = l
	return l, err
}

// Inspect implements evaluator.Loader.
func (p *processPacks) Inspect(ctx context.Context, dir string) (schemas.PackManifest, error) {
	l, err := p.loader()
	if err != nil {
		return schemas.PackManifest{}, err
	}
	return l.Inspect(ctx, dir)
}

// Load implements evaluator.Loader.
func (p *processPacks) Load(ctx context.Context, dir string, e schemas.EffectivePack) (evaluator.Engine, error) {
	l, err := p.loader()
	if err != nil {
		return nil, err
	}
	return l.Load(ctx, dir, e)
}

// Lock implements policy.Locker.
func (p *processPacks) Lock(ctx context.Context, dir string) (bool, error) {
	l, err := p.loader()
	if err != nil {
		return false, err
	}
	return l.Lock(ctx, dir)
}

// Own implements policy.Owner.
func (p *processPacks) Own(dir string) bool {
	l, err := p.loader()
	return err == nil && l.Own(dir)
}

func (p *processPacks) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.used != nil {
		p.used.Close()
	}
}
