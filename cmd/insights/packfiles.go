package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/rs/zerolog"

	"github.com/insights-scanner/insights-scanner/scanner/bus"
	"github.com/insights-scanner/insights-scanner/scanner/policy"
	"github.com/insights-scanner/insights-scanner/scanner/schedule"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// How often packs' files are looked after, and how long what no account's packs
// name is kept after its last use. Every process looks several times in that time,
// so none takes what another one uses.
const (
	packFilesEvery  = 6 * time.Hour
	packFilesUnused = 24 * time.Hour
)

// packFiles looks after the files of packs: local ones stay within reach of other
// processes, and what is unpacked and installed here goes when nothing names it.
type packFiles struct {
	effective    *bus.Table[schemas.Effective]
	registry     *policy.Registry // nil where packs are not resolved
	archives     *policy.ArchiveCache
	runtimes     runtimes
	environments string
	clock        schedule.Clock
	log          zerolog.Logger
}

func (n *node) packFiles(clock schedule.Clock) *packFiles {
	return &packFiles{
		effective: n.tables.effective, registry: n.parts.registry, archives: n.parts.archives, runtimes: n.parts.runtimes,
		environments: n.cfg.environmentsDir(), clock: clock, log: n.log,
	}
}

// run looks at once and then from time to time, until ctx ends.
func (f *packFiles) run(ctx context.Context) error {
	for ctx.Err() == nil {
		if err := f.round(ctx); err != nil && ctx.Err() == nil {
			f.log.Warn().Err(err).Msg("look after the files of packs; will try again in some hours")
		}
		select {
		case <-ctx.Done():
		case <-f.clock.After(packFilesEvery):
		}
	}
	return nil
}

func (f *packFiles) round(ctx context.Context) error {
	if f.registry != nil {
		if err := f.registry.KeepLocals(ctx); err != nil {
			return err
		}
	}
	named := map[string]bool{}
	err := f.effective.List(ctx, "", func(_ string, e schemas.Effective, _ uint64) error {
		for _, p := range e.Packs {
			named[p.Digest] = true
		}
		return nil
	})
	if err != nil {
		return err // what is wanted is not known, so nothing may go
	}
	kept, packs, err := f.archives.Sweep(func(digest string) bool { return named[digest] }, packFilesUnused)
	environments, otherErr := f.sweepEnvironments(ctx, kept)
	if packs+environments > 0 {
		f.log.Info().Int("packs", packs).Int("environments", environments).Msg("removed what was unpacked and installed of packs that nothing names any more")
	}
	return errors.Join(err, otherErr)
}

// sweepEnvironments leaves everything alone where there is nothing: most
// installations run no packs that need environments.
func (f *packFiles) sweepEnvironments(ctx context.Context, kept []string) (removed int, err error) {
	if entries, err := os.ReadDir(f.environments); err != nil || len(entries) == 0 {
		return 0, nil //nolint:nilerr // it is made when it is needed
	}
	return f.runtimes.sweep(ctx, kept, packFilesUnused)
}

// environmentsDir is where the dependencies of packs are installed.
func (c Config) environmentsDir() string { return filepath.Join(c.DataDir, "environments") }
