package pulumi

import (
	"context"

	"github.com/insights-scanner/insights-scanner/evaluator"
)

// Lock writes into the pack in dir which versions of its dependencies it runs
// with, unless it has a lock file. It implements policy.Locker.
func (l *Loader) Lock(ctx context.Context, dir string) (changed bool, err error) {
	project, err := evaluator.ReadProject(dir)
	if err != nil {
		return false, err
	}
	return l.opt.Installer.Lock(ctx, dir, project)
}

// Own tells whether the pack in dir brings its dependencies installed, and has it
// run in place from then on. It implements policy.Owner.
func (l *Loader) Own(dir string) bool {
	project, err := evaluator.ReadProject(dir)
	return err == nil && l.opt.Installer.Adopt(dir, project)
}
