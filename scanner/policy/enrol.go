package policy

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// Enrol enforces a version of a pack, or "latest" (also ""), with a
// configuration, replacing the group's enrolment of that pack. ModifiedAt moves
// only when version or configuration really change; the one given has no effect.
// Errors: CodeNotFound (no such group, pack, version), CodeInvalid (the
// configuration, with every problem; policies the pack does not have, with those
// it has).
func (g *Groups) Enrol(ctx context.Context, group string, e schemas.Enrolment) (schemas.Group, error) {
	if e.Version == "" {
		e.Version = schemas.Latest
	}
	e.Problem = ""
	m, err := g.d.Registry.Show(ctx, e.Pack, e.Version)
	if err != nil {
		return schemas.Group{}, err
	}
	if m.Removed {
		return schemas.Group{}, schemas.Errorf(schemas.CodeNotFound, "version %s of pack %s was removed", m.Version, m.Name)
	}
	if e.Config, err = CheckConfig(m, e.Config); err != nil {
		return schemas.Group{}, err
	}
	return g.change(ctx, group, func(grp *schemas.Group) (bool, error) {
		i, found := slices.BinarySearchFunc(grp.Packs, e.Pack, func(o schemas.Enrolment, pack string) int {
			return strings.Compare(o.Pack, pack)
		})
		packs := slices.Clone(grp.Packs)
		if found {
			old := packs[i]
			if old.Version == e.Version && contentOf(old.Config) == contentOf(e.Config) {
				return false, nil
			}
			// Never back in time, whatever this machine's clock says: the order of
			// changes decides which enrolment wins.
			e.ModifiedAt = later(g.d.Now(), old.ModifiedAt)
			packs[i] = e
		} else {
			e.ModifiedAt = g.d.Now().UTC()
			packs = slices.Insert(packs, i, e)
		}
		grp.Packs = packs
		return true, nil
	})
}

func later(now, old time.Time) time.Time {
	if now.After(old) {
		return now.UTC()
	}
	return old.Add(time.Nanosecond).UTC()
}

// CheckConfig gives the canonical form of a configuration for a version of a
// pack. CodeInvalid for one that it does not take, with every problem, and for
// policies that it does not have, with those it has.
func CheckConfig(m schemas.PackManifest, given map[string]map[string]any) (map[string]map[string]any, error) {
	config, err := canonical(given)
	if err != nil {
		return nil, err
	}
	_, err = LayerConfig(m.Policies, config)
	if unknown := UnknownPolicies(m.Policies, config); len(unknown) > 0 {
		also := ""
		if err != nil {
			also = "; " + err.Error()
		}
		known := map[string]bool{}
		for _, p := range m.Policies {
			known[p.Name] = true
		}
		return nil, schemas.Errorf(schemas.CodeInvalid, "pack %s %s has no policy %s%s", m.Name, m.Version, strings.Join(unknown, ", "), also).
			WithHint("policies: %s", strings.Join(slices.Sorted(maps.Keys(known)), ", "))
	}
	return config, err
}

// Withdraw stops enforcing a pack; CodeNotFound when the group does not.
func (g *Groups) Withdraw(ctx context.Context, group, pack string) (schemas.Group, error) {
	return g.change(ctx, group, func(grp *schemas.Group) (bool, error) {
		i := slices.IndexFunc(grp.Packs, func(e schemas.Enrolment) bool { return e.Pack == pack })
		if i < 0 {
			return false, schemas.Errorf(schemas.CodeNotFound, "group %s does not enforce pack %q", group, pack)
		}
		grp.Packs = slices.Delete(slices.Clone(grp.Packs), i, i+1)
		return true, nil
	})
}
