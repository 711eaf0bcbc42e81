// Package install brings packs the dependencies that they declare.
package install

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/rs/zerolog"

	"github.com/insights-scanner/insights-scanner/evaluator"
	"github.com/insights-scanner/insights-scanner/evaluator/pulumi/sandbox"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// Environment is a pack with its dependencies and how it is run.
type Environment struct {
	Dir  string   // the pack, its dependencies in it or beside it
	Argv []string // interpreter and arguments; the engine's address and the program's directory follow
	Env  []string // beside the sandbox's
	Read []string // what the interpreter reads beside Dir
}

// Installer installs dependencies below a directory, each pack content once.
type Installer struct {
	root string
	box  *sandbox.Sandbox
	log  zerolog.Logger
}

// New makes an installer that keeps environments below root.
func New(root string, box *sandbox.Sandbox, log zerolog.Logger) *Installer {
	return &Installer{root: root, box: box, log: log}
}

// Lock resolves the dependencies of the pack in dir, and writes what was chosen
// into it, unless the pack has a lock file. changed tells whether it wrote.
func (i *Installer) Lock(ctx context.Context, dir string, p evaluator.Project) (changed bool, err error) {
	return false, nil
}

// Environment returns the environment of the pack in dir: its own, if it brings
// one, else one that is made from its lock.
func (i *Installer) Environment(ctx context.Context, dir string, p evaluator.Project) (Environment, error) {
	if e, ok := Own(dir, p); ok {
		return e, nil
	}
	return Environment{}, schemas.Errorf(schemas.CodeInvalid, "%s has no dependencies installed", dir)
}

// Own is the environment that the pack in dir brings.
func Own(dir string, p evaluator.Project) (Environment, bool) {
	switch p.Runtime {
	case schemas.RuntimeNodeJS:
		node, err := exec.LookPath("node")
		run := filepath.Join(dir, "node_modules/@pulumi/pulumi/cmd/run-policy-pack")
		if _, there := os.Stat(run); err != nil || there != nil {
			return Environment{}, false
		}
		return Environment{Dir: dir, Argv: []string{node, run}}, true
	case schemas.RuntimePython:
		python := filepath.Join(dir, p.Options.Virtualenv, "bin/python")
		if _, err := os.Stat(python); err != nil {
			return Environment{}, false
		}
		return Environment{Dir: dir, Argv: []string{python, "-u", "-m", "pulumi.policy"}}, true
	}
	return Environment{}, false
}
