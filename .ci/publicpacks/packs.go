package main

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/insights-scanner/insights-scanner/evaluator"
	"github.com/insights-scanner/insights-scanner/evaluator/pulumi/install"
	"github.com/insights-scanner/insights-scanner/scanner/policy"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// pack is a directory with a PulumiPolicy.yaml, named by its path below the root.
type pack struct{ dir, name, commit string }

// find lists the packs below a directory.
func find(dir, root string) (out []pack, err error) {
	err = filepath.WalkDir(dir, func(file string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if e.IsDir() && slices.Contains([]string{"node_modules", "venv", ".venv", ".git"}, e.Name()) {
			return fs.SkipDir
		}
		if e.Name() != evaluator.ProjectFile {
			return nil
		}
		name, err := filepath.Rel(root, filepath.Dir(file))
		out = append(out, pack{dir: filepath.Dir(file), name: filepath.ToSlash(name)})
		return err
	})
	return out, err
}

// runner runs packs.
type runner struct {
	scene     *scene
	installer *install.Installer
	loaders   map[schemas.Runtime]evaluator.Loader
	work      string
}

// row is what became of a pack.
type row struct {
	Pack, Commit string
	Manifest     schemas.PackManifest
	Runtime      schemas.Runtime
	Why          string // it does not run
	// Activated: it ran in the virtual environment that was activated.
	Activated bool
	Policies  map[string]map[schemas.Outcome]int
	Reasons   map[string]string // of errored policies
}

// try runs a pack on every resource.
func (r *runner) try(ctx context.Context, p pack) row {
	out := row{Pack: p.name, Policies: map[string]map[schemas.Outcome]int{}, Reasons: map[string]string{}}
	if err := r.judge(ctx, p, &out); err != nil {
		out.Why = err.Error()
	}
	return out
}

func (r *runner) judge(ctx context.Context, p pack, out *row) error {
	dir, err := r.copy(p)
	if err != nil {
		return err
	}
	project, err := evaluator.ReadProject(dir)
	if err != nil {
		return err
	}
	out.Runtime = project.Runtime
	loader := r.loaders[project.Runtime]
	if loader == nil {
		return fmt.Errorf("runtime %s is not supported", project.Runtime)
	}
	switch {
	case project.Runtime == schemas.RuntimeOPA:
	case ownEnvironment(dir, project) && r.bring(dir, project):
		out.Activated = true
	default:
		if _, err := r.installer.Lock(ctx, dir, project); err != nil {
			return err
		}
	}
	if out.Manifest, err = loader.Inspect(ctx, dir); err != nil {
		return err
	}
	config, err := policy.LayerConfig(out.Manifest.Policies, r.scene.config(p.name))
	if err != nil {
		return err
	}
	engine, err := loader.Load(ctx, dir, schemas.EffectivePack{PackRef: out.Manifest.PackRef, Policies: out.Manifest.Policies, Config: config})
	if err != nil {
		return err
	}
	defer engine.Close()
	for _, in := range r.scene.resources {
		results, err := engine.Evaluate(ctx, in)
		if err != nil {
			return fmt.Errorf("%s: %w", in.Type, err)
		}
		for _, res := range results {
			out.add(res)
		}
	}
	return nil
}

func (r *row) add(res schemas.PolicyResult) {
	if r.Policies[res.Policy] == nil {
		r.Policies[res.Policy] = map[schemas.Outcome]int{}
	}
	r.Policies[res.Policy][res.Outcome]++
	if res.Outcome == schemas.Errored && r.Reasons[res.Policy] == "" {
		r.Reasons[res.Policy] = res.Reason
	}
}

// ownEnvironment tells whether a pack expects its user to have installed the
// policy SDK: it does not ask for it.
func ownEnvironment(dir string, p evaluator.Project) bool {
	text, err := os.ReadFile(filepath.Join(dir, "requirements.txt"))
	return p.Runtime == schemas.RuntimePython && p.Options.Toolchain == "" && os.Getenv("VIRTUAL_ENV") != "" &&
		(err != nil || !strings.Contains(strings.ReplaceAll(string(text), "_", "-"), "pulumi-policy"))
}

// bring gives a pack the environment with the policy SDK that its user would have
// made: the activated one, also where the pack names one.
func (r *runner) bring(dir string, p evaluator.Project) bool {
	if v := p.Options.Virtualenv; v != "" {
		at := filepath.Join(dir, v)
		if !strings.HasPrefix(at, r.work) || os.Symlink(os.Getenv("VIRTUAL_ENV"), at) != nil {
			return false
		}
	}
	return r.installer.Adopt(dir, p)
}

// copy copies a pack as publishing does: without what it ignores.
func (r *runner) copy(p pack) (string, error) {
	archive, err := policy.Archive(p.dir)
	if err != nil {
		return "", err
	}
	dir := filepath.Join(r.work, "packs", strings.ReplaceAll(p.name, "/", "_"))
	if err := os.RemoveAll(dir); err != nil {
		return "", err
	}
	return dir, policy.Unpack(archive, dir)
}
