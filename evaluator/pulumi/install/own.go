package install

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/insights-scanner/insights-scanner/evaluator"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// Own is the environment that a local pack brings: for Node.js its node_modules.
// For Python the directory that virtualenv names (.venv for poetry and uv, when
// it names none); when it names none, also the environment that is activated, and
// else the Python that Pulumi would take. An environment without pulumi_policy
// is none.
func Own(dir string, p evaluator.Project) (Environment, bool) {
	switch p.Runtime {
	case schemas.RuntimeNodeJS:
		path, err := lookPath("node")
		if err != nil || !exists(filepath.Join(dir, runPolicyPack)) {
			return Environment{}, false
		}
		n := &node{p: p, path: path}
		return n.environment(dir), true
	case schemas.RuntimePython:
		return ownPython(dir, p)
	}
	return Environment{}, false
}

func ownPython(dir string, p evaluator.Project) (Environment, bool) {
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
		if base, err := basePython(); err == nil {
			paths = append(paths, base)
		}
	}
	for _, path := range paths {
		if e, ok := interpreter(dir, path); ok {
			return e, true
		}
	}
	return Environment{}, false
}

// interpreter is the environment of a Python that has pulumi_policy.
func interpreter(dir, path string) (Environment, bool) {
	const question = "import importlib.metadata as m, sys; m.version('pulumi_policy'); print(sys.prefix); print(sys.base_prefix)"
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, "-c", question) //nolint:gosec // an interpreter that the operator names
	cmd.Dir = "/"                                         // not the pack's, whose modules must not be found
	out, err := cmd.Output()
	if err != nil {
		return Environment{}, false
	}
	prefix, base, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	e := pythonEnvironment(dir, prefix, base)
	e.Argv[0] = path
	if prefix == base {
		e.Env = []string{"PATH=" + systemPath, "PYTHONDONTWRITEBYTECODE=1"}
	}
	return e, true
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
