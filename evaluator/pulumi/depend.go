package pulumi

import (
	"context"
	"time"

	"github.com/insights-scanner/insights-scanner/evaluator"
)

// Lock writes into the unpacked pack in dir which versions of its dependencies it
// runs with, unless the pack says so; see install.Installer.Lock.
func (l *Loader) Lock(ctx context.Context, dir string) (changed bool, err error) {
	project, err := evaluator.ReadProject(dir)
	if err != nil {
		return false, err
	}
	return l.opt.Installer.Lock(ctx, dir, project)
}

// Sweep removes environments that have not been used for the time given, but those
// of the packs in the directories named; see install.Installer.Sweep.
func (l *Loader) Sweep(ctx context.Context, named []string, unused time.Duration) (removed int, err error) {
	return l.opt.Installer.Sweep(ctx, named, unused)
}

// Own tells whether the pack in dir brings its dependencies installed; if so, it
// runs with them from now on. It is for local packs.
func (l *Loader) Own(dir string) bool {
	project, err := evaluator.ReadProject(dir)
	return err == nil && l.opt.Installer.Adopt(dir, project)
}
