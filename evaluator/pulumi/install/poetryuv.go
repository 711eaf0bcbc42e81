package install

import (
	"context"
	"path/filepath"

	"github.com/insights-scanner/insights-scanner/evaluator"
)

const pyproject = "pyproject.toml"

// toolchainOf is the toolchain that the pack's options name. poetry and uv read
// pyproject.toml; a pack that has requirements.txt only is pip's, whoever it names.
func toolchainOf(dir string, p evaluator.Project) toolchain {
	if exists(filepath.Join(dir, pyproject)) {
		switch p.Options.Toolchain {
		case "poetry":
			return poetry{}
		case "uv":
			return uv{}
		}
	}
	return pip{}
}

// poetry installs poetry.lock.
type poetry struct{}

func (poetry) name() string { return "poetry" }

func (poetry) add() string { return "add it: poetry add pulumi_policy" }

func (poetry) renew() string {
	return "when it is the lock that is stale: run poetry lock in the pack's directory, and publish again"
}

func (poetry) locked(dir string) bool { return exists(filepath.Join(dir, "poetry.lock")) }

// venv makes the environment that poetry finds activated. Poetry needs no pip in it.
func (poetry) venv(ctx context.Context, p *python, s *shop) error {
	if _, err := lookPath("poetry"); err != nil {
		return err
	}
	_, err := s.run(ctx, p.env(s), p.base, "-m", "venv", "--without-pip", p.venvDir(s.pack))
	return err
}

func (poetry) lock(ctx context.Context, p *python, s *shop) (string, error) {
	_, err := s.run(ctx, p.env(s), "poetry", "lock", "--no-ansi", "--no-interaction")
	return "poetry.lock", err
}

func (poetry) install(ctx context.Context, p *python, s *shop) error {
	_, err := s.run(ctx, p.env(s), "poetry", "install", "--no-ansi", "--no-interaction", "--compile")
	return err
}

// uv installs uv.lock.
type uv struct{}

func (uv) name() string { return "uv" }

func (uv) add() string { return "add it: uv add pulumi_policy" }

func (uv) renew() string {
	return "when it is the lock that is stale: run uv lock in the pack's directory, and publish again"
}

func (uv) locked(dir string) bool { return exists(filepath.Join(dir, "uv.lock")) }

func (uv) venv(ctx context.Context, p *python, s *shop) error {
	_, err := s.run(ctx, p.env(s), "uv", "venv", "--allow-existing", p.venvDir(s.pack))
	return err
}

func (uv) lock(ctx context.Context, p *python, s *shop) (string, error) {
	_, err := s.run(ctx, p.env(s), "uv", "lock")
	return "uv.lock", err
}

func (uv) install(ctx context.Context, p *python, s *shop) error {
	_, err := s.run(ctx, p.env(s), "uv", "sync", "--locked")
	return err
}
