package policy

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// LocalPack is a pack that --policy-pack names.
type LocalPack struct {
	Dir    string
	Config map[string]map[string]any // as ParseConfig gives it; nil without one
}

// Locals prepares packs for Resolver.SetLocal, in the order given. Nothing is
// published, but their archives are stored so that any evaluator can load them, for
// schemas.TriedAge: KeepLocals has them stay.
// Each has a local name of its own: schemas.LocalName, numbered where packs have
// the same name. A missing version is the beginning of the digest. warnings are
// for people. The error lists what is wrong with every pack and configuration;
// nothing is stored then.
func (r *Registry) Locals(ctx context.Context, packs []LocalPack) (out []schemas.EffectivePack, warnings []string, err error) {
	manifests, archives := make([]schemas.PackManifest, len(packs)), make([][]byte, len(packs))
	seen := map[string]int{}
	var errs []error
	for i, p := range packs {
		archive, m, err := r.inspectLocal(ctx, p.Dir)
		var config map[string]schemas.PolicyConfig
		if err == nil {
			config, err = LayerConfig(m.Policies, p.Config)
		}
		if err != nil {
			if !strings.HasPrefix(err.Error(), p.Dir) {
				err = schemas.Errorf(schemas.CodeOf(err), "%s: %w", p.Dir, err)
			}
			errs = append(errs, err)
			continue
		}
		if m.Version == "" {
			m.Version = m.Digest[:12]
		}
		warnings = append(warnings, localWarnings(p, m)...)
		seen[m.Name]++
		m.Name = schemas.LocalName(m.Name, seen[m.Name])
		manifests[i], archives[i] = m, archive
		out = append(out, schemas.EffectivePack{PackRef: m.PackRef, Local: true, Policies: m.Policies, Config: config})
	}
	if len(errs) > 0 {
		return nil, nil, errors.Join(errs...)
	}
	local := map[string][]byte{}
	for i, m := range manifests {
		local[m.Digest] = archives[i]
	}
	r.mu.Lock()
	r.local = local
	r.mu.Unlock()
	if err := r.KeepLocals(ctx); err != nil {
		return nil, nil, err
	}
	for _, m := range manifests {
		m.PublishedAt = r.d.Now().UTC() // of recordings the newest counts
		r.record(ctx, m)
	}
	return out, warnings, nil
}

// KeepLocals stores the archives of the local packs again: others may be asked to
// run them as long as this process has them apply.
func (r *Registry) KeepLocals(ctx context.Context) error {
	r.mu.Lock()
	local := r.local
	r.mu.Unlock()
	for digest, archive := range local {
		if err := r.d.Tried.Put(ctx, digest, archive); err != nil {
			return err
		}
	}
	return nil
}

func localWarnings(p LocalPack, m schemas.PackManifest) (out []string) {
	for _, w := range m.Warnings {
		out = append(out, p.Dir+": "+w)
	}
	for _, name := range UnknownPolicies(m.Policies, p.Config) {
		out = append(out, fmt.Sprintf("%s: pack %s has no policy %q: what is configured for it has no effect", p.Dir, m.Name, name))
	}
	return out
}
