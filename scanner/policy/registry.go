package policy

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// RegistryDeps is what a Registry needs. Manifests and Heads are two views of
// schemas.BucketPacks.
type RegistryDeps struct {
	Manifests  Table[schemas.PackManifest]
	Heads      Table[Head]
	Groups     Table[schemas.Group]
	Objects    Objects // schemas.ObjectsPacks
	Tried      Objects // schemas.ObjectsTried
	Inspectors map[schemas.Runtime]Inspector
	// Record writes what reports show of a pack (titles, controls); may be nil.
	Record func(ctx context.Context, m schemas.PackManifest) error
	// InPlace is told the directory of a local pack that runs in place, with the
	// digest that it is asked for by; nil when packs are not run by this process.
	InPlace func(digest, dir string)
	// Phase is told what publishing does next; may be nil.
	Phase func(name string)
	Log   zerolog.Logger
	Now   func() time.Time
}

// Registry publishes packs and finds them.
type Registry struct {
	d      RegistryDeps
	taking sync.Mutex // of this process one takes a number at a time

	mu    sync.Mutex
	local map[string][]byte // archives of local packs, by digest
}

// NewRegistry returns a registry. Nothing runs in it by itself.
func NewRegistry(d RegistryDeps) *Registry {
	if d.Phase == nil {
		d.Phase = func(string) {}
	}
	return &Registry{d: d}
}

// PublishDir archives a directory and publishes it; see Publish.
func (r *Registry) PublishDir(ctx context.Context, dir, by string) (schemas.PackManifest, error) {
	archive, err := Archive(dir)
	if err != nil {
		return schemas.PackManifest{}, err
	}
	return r.Publish(ctx, archive, by)
}

// Publish makes a version of a pack available. archive is a tar.gz rooted at
// package/; by is recorded. A version is used once for ever: CodeConflict when
// it was ever published, also when it was removed since, whatever the archive
// holds, and also against others that publish it at the same moment. CodeInvalid
// lists what is wrong with the pack.
func (r *Registry) Publish(ctx context.Context, archive []byte, by string) (schemas.PackManifest, error) {
	r.d.Phase("inspect")
	archive, m, err := r.inspectArchive(ctx, archive)
	if err != nil {
		return m, err
	}
	if m.Version == "" {
		return m, schemas.Errorf(schemas.CodeInvalid, "pack %s has no version", m.Name).WithHint("%s", versionHint(m.Runtime))
	}
	if m.Version == schemas.Latest {
		return m, schemas.Errorf(schemas.CodeInvalid, "a version may not be called %q", schemas.Latest)
	}
	if err := r.unused(ctx, m); err != nil {
		return m, err
	}
	// The archive comes first: a manifest never names one that is not there.
	r.d.Phase("archive")
	if err := r.d.Objects.Put(ctx, m.Digest, archive); err != nil {
		return m, err
	}
	m.PublishedBy = by
	if m, err = r.take(ctx, m); err != nil {
		return m, err
	}
	r.d.Phase("record")
	r.d.Log.Info().Str("pack", m.Name).Str("version", m.Version).Int("number", m.Number).Str("by", by).Msg("pack published")
	r.record(ctx, m)
	return m, nil
}

func versionHint(rt schemas.Runtime) string {
	if rt == schemas.RuntimeNodeJS {
		return `add "version" to package.json`
	}
	return "add version: to PulumiPolicy.yaml"
}

// versionFile is where a pack says its version.
func versionFile(rt schemas.Runtime) string {
	if rt == schemas.RuntimeNodeJS {
		return "package.json"
	}
	return projectFile
}

func errUsed(m schemas.PackManifest) error {
	return schemas.Errorf(schemas.CodeConflict, "version %s of pack %s has been used: a version is published once, for ever", m.Version, m.Name).
		WithHint("choose another version in %s", versionFile(m.Runtime))
}

func (r *Registry) unused(ctx context.Context, m schemas.PackManifest) error {
	_, _, err := r.d.Manifests.Get(ctx, manifestKey(m.Name, m.Version))
	if err == nil {
		return errUsed(m)
	}
	if is(err, schemas.CodeNotFound) {
		return nil
	}
	return err
}

// record writes what reports show. A store that is away must not undo a
// publication that has happened; Sync repairs it.
func (r *Registry) record(ctx context.Context, m schemas.PackManifest) {
	if r.d.Record == nil {
		return
	}
	if err := r.d.Record(ctx, m); err != nil {
		r.d.Log.Warn().Err(err).Str("pack", m.Name).Str("version", m.Version).Msg("record the policies of a pack; repeated at the next start")
	}
}

// Sync completes what was begun and records every published version for reports
// again, for stores that were away or are new.
func (r *Registry) Sync(ctx context.Context) error {
	if err := r.Complete(ctx); err != nil || r.d.Record == nil {
		return err
	}
	list, err := r.List(ctx)
	if err != nil {
		return err
	}
	for _, m := range list {
		if err := r.d.Record(ctx, m); err != nil {
			return err
		}
	}
	return nil
}

// List returns every version ever published, also removed ones: packs by name,
// the newest version first.
func (r *Registry) List(ctx context.Context) ([]schemas.PackManifest, error) {
	return listManifests(ctx, r.d.Manifests, "")
}

// Versions returns every version of one pack, newest first; CodeNotFound when
// it has none.
func (r *Registry) Versions(ctx context.Context, name string) ([]schemas.PackManifest, error) {
	if err := checkName("pack name", name); err != nil {
		return nil, err
	}
	list, err := listManifests(ctx, r.d.Manifests, name+"/")
	if err == nil && len(list) == 0 {
		err = r.errNoPack(ctx, name)
	}
	return list, err
}

func (r *Registry) errNoPack(ctx context.Context, name string) error {
	e := schemas.Errorf(schemas.CodeNotFound, "there is no pack %q", name)
	list, err := r.List(ctx)
	if err != nil {
		return err
	}
	var names []string
	for _, m := range list {
		names = append(names, m.Name)
	}
	if names = slices.Compact(names); len(names) > 0 {
		return e.WithHint("packs: %s", strings.Join(names[:min(len(names), 20)], ", "))
	}
	return e.WithHint("publish one: insights pack publish DIR")
}

// Show returns a version of a pack, or the newest one for "latest" or "".
// Errors: CodeNotFound with the versions there are.
func (r *Registry) Show(ctx context.Context, name, version string) (schemas.PackManifest, error) {
	list, err := r.Versions(ctx, name)
	if err != nil {
		return schemas.PackManifest{}, err
	}
	if version == "" {
		version = schemas.Latest
	}
	var names []string
	for _, m := range list {
		if m.Version == version || version == schemas.Latest && !m.Removed {
			return m, nil
		}
		if !m.Removed {
			names = append(names, m.Version)
		}
	}
	if len(names) == 0 && version == schemas.Latest {
		return schemas.PackManifest{}, schemas.Errorf(schemas.CodeNotFound, "every version of pack %s was removed", name).
			WithHint("see insights pack versions %s", name)
	}
	return schemas.PackManifest{}, schemas.Errorf(schemas.CodeNotFound, "pack %s has no version %q", name, version).
		WithHint("versions: %s", strings.Join(names, ", "))
}

// Remove takes a version off the list; it stays used for ever and what refers
// to it stays readable. CodeConflict while a group enrols it, by its version or
// as the latest.
func (r *Registry) Remove(ctx context.Context, name, version string) error {
	for {
		m, rev, err := r.d.Manifests.Get(ctx, manifestKey(name, version))
		if err != nil || m.Removed {
			return err
		}
		latest, err := r.Show(ctx, name, schemas.Latest)
		if err != nil {
			return err
		}
		groups, err := listGroups(ctx, r.d.Groups)
		if err != nil {
			return err
		}
		for _, g := range groups {
			for _, e := range g.Packs {
				if e.Pack == name && (e.Version == version || e.Version == schemas.Latest && latest.Version == version) {
					return schemas.Errorf(schemas.CodeConflict, "version %s of pack %s is enforced by group %s", version, name, g.Name).
						WithHint("withdraw it first: insights group withdraw %s %s", g.Name, name)
				}
			}
		}
		m.Removed = true
		_, err = r.d.Manifests.Update(ctx, manifestKey(name, version), m, rev)
		if !is(err, schemas.CodeConflict) || ctx.Err() != nil {
			return err
		}
	}
}

func manifestKey(pack, version string) string { return pack + "/" + version }

// listManifests lists the manifests under a key prefix, packs by name, highest
// number first. Heads lie in the same bucket and are left out.
func listManifests(ctx context.Context, t Table[schemas.PackManifest], prefix string) ([]schemas.PackManifest, error) {
	var list []schemas.PackManifest
	err := t.List(ctx, prefix, func(key string, m schemas.PackManifest, _ uint64) error {
		if strings.Contains(key, "/") {
			list = append(list, m)
		}
		return nil
	})
	slices.SortFunc(list, func(a, b schemas.PackManifest) int {
		if c := strings.Compare(a.Name, b.Name); c != 0 {
			return c
		}
		return b.Number - a.Number
	})
	return list, err
}
