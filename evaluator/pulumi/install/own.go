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
// For Python the directory that virtualenv names (.venv for poetry and uv, when
// it names none); when it names none, also the environment that is activated, and
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
		paths = []string{filepath.Join(dir, p.Options.Virtualenv, "bin", "python")}
	case tool == "poetry" || tool == "uv":
		paths = []string{filepath.Join(dir, ".venv", "bin", "python")}
		fallthrough
	default:
		if active := os.Getenv("VIRTUAL_ENV"); active != "" {
			paths = append(paths, filepath.Join(active, "bin", "python"))
		}
	}
	for _, path := range paths {
		if said, ok := i.contained(path); ok {
			return ownEnvironment(dir, path, said), true
		}
	}
	if base, err := basePython(); err == nil && p.Options.Virtualenv == "" {
		if said, ok := plain(base); ok {
			return ownEnvironment(dir, base, said), true
		}
	}
	return Environment{}, false
}

// hasPulumi makes a Python that has pulumi_policy say where it is installed; one
// that has not fails.
var hasPulumi = []string{"-I", "-c", "import importlib.metadata as m, sys; m.version('pulumi_policy'); print(sys.prefix); print(sys.base_prefix)"}

const askTimeout = 30 * time.Second

// contained asks the Python of a virtual environment, which may run what lies in
// it, in the sandbox.
func (i *Installer) contained(path string) (said string, ok bool) {
	if !exists(path) {
		return "", false
	}
	ctx, cancel := context.WithTimeout(context.Background(), askTimeout)
	defer cancel()
	venv := filepath.Dir(filepath.Dir(path))
	out := &tail{}
	p, err := i.box.Start(ctx, sandbox.Spec{
		Argv: append([]string{path}, hasPulumi...), Read: append([]string{venv}, linked(filepath.Dir(venv), filepath.Base(venv))...), Stdout: out,
	})
	if err != nil {
		i.log.Warn().Err(err).Str("python", path).Msg("ask a virtual environment whether it has pulumi_policy")
		return "", false
	}
	err = p.Wait()
	return out.String(), err == nil
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

// ownEnvironment is that of a Python that said where it is installed.
func ownEnvironment(dir, path, said string) Environment {
	prefix, base, _ := strings.Cut(strings.TrimSpace(said), "\n")
	e := pythonEnvironment(dir, prefix, base)
	e.Argv[0] = path
	if prefix == base {
		e.Env = []string{"PATH=" + systemPath, "PYTHONDONTWRITEBYTECODE=1"}
	}
	if venv, err := filepath.Rel(dir, filepath.Dir(filepath.Dir(path))); err == nil && filepath.IsLocal(venv) {
		e.Read = append(e.Read, linked(dir, venv)...)
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
