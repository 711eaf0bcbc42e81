package policy

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// Inspector reads what a pack declares from its unpacked directory; it is the
// part of evaluator.Loader that publishing needs.
type Inspector interface {
	Inspect(ctx context.Context, dir string) (schemas.PackManifest, error)
}

// Locker is what an Inspector may implement beside: Lock writes into an unpacked
// pack which versions of its dependencies it runs with, unless the pack says so.
// changed tells whether it wrote; what it wrote is published with the pack.
type Locker interface {
	Lock(ctx context.Context, dir string) (changed bool, err error)
}

// Owner is what an Inspector may implement beside: Own tells whether the pack in a
// directory brings its dependencies installed. As a local pack it runs in place.
type Owner interface {
	Own(dir string) bool
}

// inspectLocal reads what the pack in a directory declares, and returns it with
// the archive to keep. One that brings its dependencies installed runs in place in
// this process.
func (r *Registry) inspectLocal(ctx context.Context, dir string) ([]byte, schemas.PackManifest, error) {
	archive, err := Archive(dir)
	if err != nil {
		return nil, schemas.PackManifest{}, err
	}
	inspector, rt, err := r.inspector(dir)
	if err != nil {
		return nil, schemas.PackManifest{}, err
	}
	path, err := filepath.Abs(dir)
	if err != nil {
		return nil, schemas.PackManifest{}, schemas.Errorf(schemas.CodeInvalid, "%s: %w", dir, err)
	}
	if owner, ok := inspector.(Owner); !ok || r.d.InPlace == nil || !owner.Own(path) {
		return r.inspectArchive(ctx, archive)
	}
	// A published pack of the same files must not run in this directory: the digest is another.
	archive, err = archiver{fsys: os.DirFS(path), name: dir, comment: "in place " + Digest([]byte(path))}.archive()
	if err != nil {
		return nil, schemas.PackManifest{}, err
	}
	m, err := inspect(ctx, inspector, rt, path, archive)
	if err != nil {
		return nil, m, err
	}
	r.d.InPlace(m.Digest, path)
	return archive, m, nil
}

// inspectArchive reads what an archive declares, and returns it with the archive
// to keep, which has the dependencies locked. What is inspected is what was
// unpacked from it, never the directory it was made from.
func (r *Registry) inspectArchive(ctx context.Context, archive []byte) ([]byte, schemas.PackManifest, error) {
	tmp, err := os.MkdirTemp("", "insights-pack-")
	if err != nil {
		return nil, schemas.PackManifest{}, schemas.Errorf(schemas.CodeInternal, "make a temporary directory: %w", err)
	}
	defer func() { _ = os.RemoveAll(tmp) }()
	dir := tmp + "/pack"
	if err := Unpack(archive, dir); err != nil {
		return nil, schemas.PackManifest{}, err
	}
	inspector, rt, err := r.inspector(dir)
	if err != nil {
		return nil, schemas.PackManifest{}, err
	}
	if archive, err = locked(ctx, inspector, dir, archive); err != nil {
		return nil, schemas.PackManifest{}, err
	}
	m, err := inspect(ctx, inspector, rt, dir, archive)
	return archive, m, err
}

// locked is the archive of an unpacked pack with its dependencies locked. What
// .gitignore names is not left out once more: it may name the lock.
func locked(ctx context.Context, inspector Inspector, dir string, archive []byte) ([]byte, error) {
	locker, ok := inspector.(Locker)
	if !ok {
		return archive, nil
	}
	changed, err := locker.Lock(ctx, dir)
	if err != nil || !changed {
		return archive, err
	}
	return archiver{fsys: os.DirFS(dir), name: "the pack", all: true}.archive()
}

// inspector is that of the runtime of the pack in dir.
func (r *Registry) inspector(dir string) (Inspector, schemas.Runtime, error) {
	rt, err := ReadRuntime(dir)
	if err != nil {
		return nil, "", err
	}
	inspector, ok := r.d.Inspectors[rt]
	if !ok {
		return nil, "", schemas.Errorf(schemas.CodeInvalid, "PulumiPolicy.yaml: runtime %q is not supported", rt).
			WithHint("supported: %s", r.runtimes())
	}
	return inspector, rt, nil
}

func inspect(ctx context.Context, inspector Inspector, rt schemas.Runtime, dir string, archive []byte) (schemas.PackManifest, error) {
	m, err := inspector.Inspect(ctx, dir)
	if err != nil {
		return m, err
	}
	m.Runtime, m.Digest, m.Number, m.Removed = rt, Digest(archive), 0, false
	slices.SortFunc(m.Policies, func(a, b schemas.Policy) int { return strings.Compare(a.Name, b.Name) })
	return m, check(m)
}

func (r *Registry) runtimes() string {
	var names []string
	for rt := range r.d.Inspectors {
		names = append(names, string(rt))
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

func check(m schemas.PackManifest) error {
	if err := checkName("pack name", m.Name); err != nil {
		return err
	}
	if m.Version != "" {
		if err := checkName("version", m.Version); err != nil {
			return err
		}
	}
	return checkPolicies(m.Policies)
}
