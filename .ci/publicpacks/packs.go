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

// pack is a directory with a PulumiPolicy.yaml, named from its checkout on.
type pack struct{ dir, name string }

// find lists the packs below checkouts.
func find(dirs []string) (out []pack, err error) {
	for _, dir := range dirs {
		err := filepath.WalkDir(dir, func(file string, e fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if e.IsDir() && slices.Contains([]string{"node_modules", "venv", ".venv", ".git"}, e.Name()) {
				return fs.SkipDir
			}
			if e.Name() == evaluator.ProjectFile {
				name, err := filepath.Rel(filepath.Dir(filepath.Clean(dir)), filepath.Dir(file))
				out = append(out, pack{filepath.Dir(file), filepath.ToSlash(name)})
				return err
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
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
	pack     string
	manifest schemas.PackManifest
	runtime  schemas.Runtime
	why      string // it does not run
	// activated: it ran in the virtual environment that was activated.
	activated bool
	policies  map[string]map[schemas.Outcome]int
	reasons   map[string]string // of errored policies
	note      string            // of resources.yaml
}

// try runs a pack on every resource.
func (r *runner) try(ctx context.Context, p pack) row {
	out := row{pack: p.name, note: r.scene.note(p.name), policies: map[string]map[schemas.Outcome]int{}, reasons: map[string]string{}}
	if err := r.judge(ctx, p, &out); err != nil {
		out.why = err.Error()
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
	out.runtime = project.Runtime
	loader := r.loaders[project.Runtime]
	if loader == nil {
		return fmt.Errorf("runtime %s is not supported", project.Runtime)
	}
	switch {
	case project.Runtime == schemas.RuntimeOPA:
	case ownEnvironment(dir, project) && r.installer.Adopt(dir, project):
		out.activated = true
	default:
		if _, err := r.installer.Lock(ctx, dir, project); err != nil {
			return err
		}
	}
	if out.manifest, err = loader.Inspect(ctx, dir); err != nil {
		return err
	}
	config, err := policy.LayerConfig(out.manifest.Policies, r.scene.config(p.name))
	if err != nil {
		return err
	}
	engine, err := loader.Load(ctx, dir, schemas.EffectivePack{PackRef: out.manifest.PackRef, Policies: out.manifest.Policies, Config: config})
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
	if r.policies[res.Policy] == nil {
		r.policies[res.Policy] = map[schemas.Outcome]int{}
	}
	r.policies[res.Policy][res.Outcome]++
	if res.Outcome == schemas.Errored && r.reasons[res.Policy] == "" {
		r.reasons[res.Policy] = res.Reason
	}
}

// ownEnvironment tells whether a pack expects its user to have installed the
// policy SDK: it does not ask for it.
func ownEnvironment(dir string, p evaluator.Project) bool {
	text, err := os.ReadFile(filepath.Join(dir, "requirements.txt"))
	return p.Runtime == schemas.RuntimePython && p.Options.Toolchain == "" && os.Getenv("VIRTUAL_ENV") != "" &&
		(err != nil || !strings.Contains(strings.ReplaceAll(string(text), "_", "-"), "pulumi-policy"))
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
