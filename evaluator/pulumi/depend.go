package pulumi

import (
	"context"

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

// Own tells whether the pack in dir brings its dependencies installed; if so, it
// runs with them from now on. It is for local packs.
func (l *Loader) Own(dir string) bool {
	project, err := evaluator.ReadProject(dir)
	return err == nil && l.opt.Installer.Adopt(dir, project)
}
