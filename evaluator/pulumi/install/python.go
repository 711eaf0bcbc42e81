package install

import (
	"context"
	_ "embed"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/insights-scanner/insights-scanner/evaluator"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// The Python versions that packs are run with: those that Pulumi's packages
// support. Tests run 3.11.
const (
	pythonMajor, pythonMinor = 3, 10
	pythonVersions           = "3.10 or newer"
)

// python is the recipe of Python packs.
type python struct {
	p        evaluator.Project
	base     string // the interpreter that environments are made with
	version  string // major.minor
	prefix   string // where it is installed
	packager toolchain
}

// toolchain is pip, poetry or uv: it makes a virtual environment, and resolves and
// installs in it. What recipe has too means the same.
type toolchain interface {
	name() string
	add() string   // how a dependency is added
	renew() string // what to do about a lock that is stale
	locked(dir string) bool
	venv(ctx context.Context, p *python, s *shop) error
	lock(ctx context.Context, p *python, s *shop) (string, error)
	install(ctx context.Context, p *python, s *shop) error
}

func newPython(ctx context.Context, dir string, project evaluator.Project) (*python, error) {
	base, err := basePython()
	if err != nil {
		return nil, err
	}
	p := &python{p: project, base: base, packager: toolchainOf(dir, project)}
	return p, p.ask(ctx)
}

// basePython is the interpreter that Pulumi would take.
func basePython() (string, error) {
	names := []string{"python3", "python"}
	if named := os.Getenv("PULUMI_PYTHON_CMD"); named != "" {
		names = []string{named}
	}
	for _, name := range names {
		if path, err := lookPath(name); err == nil {
			return path, nil
		}
	}
	return "", schemas.Errorf(schemas.CodeInvalid, "there is no %s on this machine", names[0]).WithHint("%s", remedies["python"])
}

// ask asks the interpreter what it is, and which program it really is: what is
// found in PATH may be a script that looks for one, or lie in an environment.
func (p *python) ask(ctx context.Context) error {
	const question = `import os, sys
print(sys.version_info[0], sys.version_info[1], sys.base_prefix, os.path.realpath(getattr(sys, "_base_executable", None) or sys.executable), sep="\n")`
	found := p.base
	out, err := exec.CommandContext(ctx, found, "-I", "-c", question).Output()
	if err != nil {
		return schemas.Errorf(schemas.CodeUnavailable, "ask %s for its version: %w", found, err)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if len(lines) != 4 {
		return schemas.Errorf(schemas.CodeInvalid, "%s is no Python: it says %q", found, out)
	}
	major, _ := strconv.Atoi(lines[0])
	minor, _ := strconv.Atoi(lines[1])
	p.version, p.prefix, p.base = lines[0]+"."+lines[1], lines[2], lines[3]
	if major != pythonMajor || minor < pythonMinor {
		return schemas.Errorf(schemas.CodeInvalid, "packs need Python %s; %s is %s", pythonVersions, found, p.version).
			WithHint("install a newer Python for the control process and the evaluators, or name one in PULUMI_PYTHON_CMD")
	}
	return nil
}

// key has the interpreter, and where it is installed: a virtual environment is
// made of links to both, and is nothing without them.
func (p *python) key() string {
	return strings.Join([]string{"python", p.version, p.base, p.prefix, p.venvName()}, " ")
}

func (p *python) tool() string { return p.packager.name() }

// venvName is the directory of the virtual environment, in the pack's: the one
// that the pack names, unless that lies elsewhere.
func (p *python) venvName() string {
	if v := p.p.Options.Virtualenv; filepath.IsLocal(v) {
		return v
	}
	return "venv"
}

func (p *python) venvDir(pack string) string { return filepath.Join(pack, p.venvName()) }

// inVenv is the environment's own interpreter.
func (p *python) inVenv(pack string) string { return filepath.Join(p.venvDir(pack), "bin", "python") }

//go:embed check.py
var checkScript string

// accepts makes the virtual environment and holds its Python against
// requires-python.
func (p *python) accepts(ctx context.Context, s *shop) error {
	s.read, s.sealed = append(s.read, p.prefix), func() error { return p.sealed(s.pack) }
	s.i.phase("venv")
	if err := p.packager.venv(ctx, p, s); err != nil {
		return err
	}
	complaints, err := p.check(ctx, s, "before")
	if err == nil && complaints != "" {
		err = schemas.Errorf(schemas.CodeInvalid, "%s; this machine has %s", complaints, p.version).
			WithHint("install such a Python for the control process and the evaluators and name it in PULUMI_PYTHON_CMD, or widen requires-python")
	}
	return err
}

func (p *python) locked(dir string) bool { return p.packager.locked(dir) }

func (p *python) lock(ctx context.Context, s *shop) (string, error) {
	return p.packager.lock(ctx, p, s)
}

func (p *python) install(ctx context.Context, s *shop) error {
	if err := p.packager.install(ctx, p, s); err != nil {
		return withHint(err, schemas.CodeInvalid, "%s", p.packager.renew())
	}
	s.i.phase("check")
	complaints, err := p.check(ctx, s, "after")
	switch {
	case err != nil || complaints == "":
		return err
	case strings.HasPrefix(complaints, "stale: "):
		return schemas.Errorf(schemas.CodeInvalid, "%s", strings.ReplaceAll(complaints, "stale: ", "")).
			WithHint("%s", p.packager.renew())
	}
	return schemas.Errorf(schemas.CodeInvalid, "%s", complaints).WithHint("%s", p.packager.add())
}

// check runs check.py in the virtual environment and returns its complaints.
func (p *python) check(ctx context.Context, s *shop, when string) (string, error) {
	out, err := s.run(ctx, p.env(s), p.inVenv(s.pack), "-I", "-c", checkScript, when, s.pack)
	return strings.TrimSpace(out), err
}

// env is the environment of the tools, with the virtual environment activated.
func (p *python) env(s *shop) []string {
	venv := p.venvDir(s.pack)
	return []string{
		"VIRTUAL_ENV=" + venv, "PATH=" + filepath.Join(venv, "bin") + ":" + os.Getenv("PATH"), "PYTHONNOUSERSITE=1", "PYTHONUNBUFFERED=1",
		"PIP_NO_INPUT=1", "PIP_DISABLE_PIP_VERSION_CHECK=1", "PIP_CACHE_DIR=" + filepath.Join(s.cache(), "pip"),
		"UV_CACHE_DIR=" + filepath.Join(s.cache(), "uv"), "UV_PROJECT_ENVIRONMENT=" + venv, "UV_PYTHON=" + p.base, "UV_PYTHON_DOWNLOADS=never",
		"UV_NO_PROGRESS=1", "UV_COMPILE_BYTECODE=1",
		"POETRY_CACHE_DIR=" + filepath.Join(s.cache(), "poetry"), "POETRY_NO_INTERACTION=1", "POETRY_KEYRING_ENABLED=false",
	}
}

func (p *python) environment(dir string) Environment {
	return pythonEnvironment(dir, p.venvDir(dir), p.prefix)
}

func pythonEnvironment(dir, venv string, bases ...string) Environment {
	bin := filepath.Join(venv, "bin")
	return Environment{
		Dir: dir, Argv: []string{filepath.Join(bin, "python"), "-u", "-m", "pulumi.policy"},
		Env:  []string{"VIRTUAL_ENV=" + venv, "PATH=" + bin + ":" + systemPath, "PYTHONDONTWRITEBYTECODE=1", "PYTHONNOUSERSITE=1"},
		Read: append([]string{venv}, bases...),
	}
}
