package install

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/insights-scanner/insights-scanner/evaluator"
	"github.com/insights-scanner/insights-scanner/evaluator/pulumi/sandbox"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// Own is the environment that a local pack brings: for Node.js its node_modules.
// For Python the one that virtualenv names (.venv for poetry and uv, when it names
// none); when it names none, also the environment that is activated, and
// else the Python that Pulumi would take. An environment without pulumi_policy
// is none: that is asked in the sandbox, since an interpreter in the pack's
// directory is the pack's code.
func (i *Installer) Own(dir string, p evaluator.Project) (Environment, bool) {
	switch p.Runtime {
	case schemas.RuntimeNodeJS:
		path, err := lookPath("node")
		if err != nil || !exists(filepath.Join(dir, runPolicyPack)) {
			return Environment{}, false
		}
		n := &node{p: p, path: path}
		e := n.environment(dir)
		e.Read = append(e.Read, linked(dir, "node_modules")...)
		return e, true
	case schemas.RuntimePython:
		return i.ownPython(dir, p)
	}
	return Environment{}, false
}

func (i *Installer) ownPython(dir string, p evaluator.Project) (Environment, bool) {
	var paths []string
	switch tool := p.Options.Toolchain; {
	case p.Options.Virtualenv != "":
		paths = []string{filepath.Join(from(dir, p.Options.Virtualenv), "bin", "python")}
	case tool == "poetry" || tool == "uv":
		paths = []string{filepath.Join(dir, ".venv", "bin", "python")}
		fallthrough
	default:
		if active := os.Getenv("VIRTUAL_ENV"); active != "" {
			paths = append(paths, filepath.Join(active, "bin", "python"))
		}
	}
	for _, path := range paths {
		if e, ok := i.contained(dir, path); ok {
			return e, true
		}
	}
	if base, err := basePython(); err == nil && p.Options.Virtualenv == "" {
		if said, ok := plain(base); ok {
			return plainEnvironment(dir, base, said), true
		}
	}
	return Environment{}, false
}

// hasPulumi makes a Python that has pulumi_policy say where it is installed; one
// that has not fails.
var hasPulumi = []string{"-I", "-c", "import importlib.metadata as m, sys; m.version('pulumi_policy'); print(sys.prefix); print(sys.base_prefix)"}

const askTimeout = 30 * time.Second

// from is where a pack in dir says that its virtual environment is, as Pulumi takes
// it (sdk/python/toolchain): absolute, or from the pack's directory.
func from(dir, virtualenv string) string {
	if filepath.IsAbs(virtualenv) {
		return virtualenv
	}
	return filepath.Join(dir, virtualenv)
}

// contained asks the Python of a virtual environment, which may run what lies in
// it, in the sandbox. What it says besides is not believed.
func (i *Installer) contained(dir, path string) (Environment, bool) {
	if !exists(path) {
		return Environment{}, false
	}
	venv := filepath.Dir(filepath.Dir(path))
	e := pythonEnvironment(dir, venv)
	e.Read = append(e.Read, linked(filepath.Dir(venv), filepath.Base(venv))...)
	err := showable(dir, venv)
	if err == nil {
		err = i.ask(path, e.Read)
	}
	if err != nil {
		i.log.Debug().Err(err).Str("python", path).Msg("not used for the pack: it should be a virtual environment with pulumi_policy")
	}
	return e, err == nil
}

func (i *Installer) ask(path string, read []string) error {
	ctx, cancel := context.WithTimeout(context.Background(), askTimeout)
	defer cancel()
	p, err := i.box.Start(ctx, sandbox.Spec{Argv: append([]string{path}, hasPulumi...), Read: read})
	if err != nil {
		return err
	}
	return p.Wait()
}

// showable checks that all of a virtual environment may be shown to a pack that
// names it: it lies in the pack's directory or is marked as what it is, and nothing
// in it that the sandbox shows leads elsewhere.
func showable(dir, venv string) error {
	pack, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return err
	}
	real, err := filepath.EvalSymlinks(venv)
	if err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(real, "pyvenv.cfg")); err != nil && !below(real, pack) {
		return err
	}
	return closed(real)
}

// plain asks the operator's own Python.
func plain(path string) (said string, ok bool) {
	ctx, cancel := context.WithTimeout(context.Background(), askTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, hasPulumi...)
	cmd.Dir = "/"
	out, err := cmd.Output()
	return string(out), err == nil
}

// plainEnvironment is that of the operator's Python, which said where it is
// installed.
func plainEnvironment(dir, path, said string) Environment {
	prefix, base, _ := strings.Cut(strings.TrimSpace(said), "\n")
	e := pythonEnvironment(dir, prefix, base)
	e.Argv[0] = path
	if prefix == base {
		e.Env = []string{"PATH=" + systemPath, "PYTHONDONTWRITEBYTECODE=1"}
	}
	return e
}

// linked are the places outside of a local pack's directory that links in it lead
// to: a node_modules or a virtual environment that several packs share.
func linked(dir string, names ...string) []string {
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	var out []string
	for _, name := range names {
		path := filepath.Join(dir, name)
		if target, err := filepath.EvalSymlinks(path); err == nil && target != path {
			out = append(out, target)
		}
	}
	return out
}

// fits says whether this machine can run a local pack with what is installed in it.
func fits(ctx context.Context, dir string, p evaluator.Project) error {
	if p.Runtime != schemas.RuntimeNodeJS {
		return nil // Own has asked the interpreter
	}
	n, err := newNode(ctx, dir, p)
	if err == nil {
		err = n.engines(dir)
	}
	if err == nil {
		err = n.check(dir)
	}
	return err
}
