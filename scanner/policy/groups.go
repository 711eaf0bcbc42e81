package policy

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// GroupsDeps is what Groups needs.
type GroupsDeps struct {
	Groups   Table[schemas.Group]
	Accounts Table[schemas.Account]
	Registry *Registry
	Now      func() time.Time
}

// Groups are the policy groups. schemas.DefaultAccountsGroup is always there,
// holds every account and cannot be deleted. A change is a compare-and-set that
// is repeated on the newest group until it wins. Nothing is resolved here; see
// Resolver.
type Groups struct{ d GroupsDeps }

// NewGroups returns the groups.
func NewGroups(d GroupsDeps) *Groups { return &Groups{d: d} }

// Create makes an empty group; CodeConflict when it exists.
func (g *Groups) Create(ctx context.Context, name string) (schemas.Group, error) {
	grp := schemas.Group{Name: name}
	if err := checkName("group name", name); err != nil {
		return grp, err
	}
	if name == schemas.DefaultAccountsGroup {
		return grp, errGroupExists(name)
	}
	_, err := g.d.Groups.Create(ctx, name, grp)
	if is(err, schemas.CodeConflict) {
		return grp, errGroupExists(name)
	}
	return grp, err
}

func errGroupExists(name string) error {
	return schemas.Errorf(schemas.CodeConflict, "there is a group %q already", name)
}

// Delete removes a group and with it what it enforces; CodeInvalid for the
// default group, CodeNotFound when there is no such group. The group as it was is
// returned, for those who must resolve its accounts.
func (g *Groups) Delete(ctx context.Context, name string) (schemas.Group, error) {
	if name == schemas.DefaultAccountsGroup {
		return schemas.Group{}, schemas.Errorf(schemas.CodeInvalid, "%s holds every account and cannot be deleted", name).
			WithHint("withdraw its packs instead: insights group withdraw %s PACK", name)
	}
	grp, err := g.Get(ctx, name)
	if err != nil {
		return grp, err
	}
	return grp, g.d.Groups.Delete(ctx, name)
}

// List returns every group, sorted by name.
func (g *Groups) List(ctx context.Context) ([]schemas.Group, error) {
	return listGroups(ctx, g.d.Groups)
}

// Get returns a group; CodeNotFound with the names there are.
func (g *Groups) Get(ctx context.Context, name string) (schemas.Group, error) {
	grp, _, err := g.get(ctx, name)
	return grp, err
}

// get returns revision 0 for the default group before it was ever changed.
func (g *Groups) get(ctx context.Context, name string) (schemas.Group, uint64, error) {
	if err := checkName("group name", name); err != nil {
		return schemas.Group{}, 0, err
	}
	grp, rev, err := g.d.Groups.Get(ctx, name)
	if !is(err, schemas.CodeNotFound) {
		return grp, rev, err
	}
	if name == schemas.DefaultAccountsGroup {
		return schemas.Group{Name: name}, 0, nil
	}
	groups, err := g.List(ctx)
	if err != nil {
		return grp, 0, err
	}
	names := make([]string, 0, len(groups))
	for _, o := range groups {
		names = append(names, o.Name)
	}
	return grp, 0, schemas.Errorf(schemas.CodeNotFound, "there is no group %q", name).
		WithHint("groups: %s", strings.Join(names[:min(len(names), 20)], ", "))
}

// AddAccount puts an account, by name or id, into a group. It is no error when
// it is there already. CodeInvalid for the default group.
func (g *Groups) AddAccount(ctx context.Context, group, account string) (schemas.Group, error) {
	a, err := findAccount(ctx, g.d.Accounts, account)
	if err != nil {
		return schemas.Group{}, err
	}
	return g.change(ctx, group, func(grp *schemas.Group) (bool, error) {
		if err := notDefault(grp.Name); err != nil {
			return false, err
		}
		i, found := slices.BinarySearch(grp.Accounts, a.ID)
		if !found {
			grp.Accounts = slices.Insert(slices.Clone(grp.Accounts), i, a.ID)
		}
		return !found, nil
	})
}

// RemoveAccount takes an account, by name or id, out of a group. CodeNotFound
// when it is not in it, CodeInvalid for the default group.
func (g *Groups) RemoveAccount(ctx context.Context, group, account string) (schemas.Group, error) {
	id := schemas.AccountID(account)
	if !id.Valid() {
		// An id may be of an account that was removed; a name cannot.
		a, err := findAccount(ctx, g.d.Accounts, account)
		if err != nil {
			return schemas.Group{}, err
		}
		id = a.ID
	}
	return g.change(ctx, group, func(grp *schemas.Group) (bool, error) {
		if err := notDefault(grp.Name); err != nil {
			return false, err
		}
		i, found := slices.BinarySearch(grp.Accounts, id)
		if !found {
			return false, schemas.Errorf(schemas.CodeNotFound, "account %s is not in group %s", account, group)
		}
		grp.Accounts = slices.Delete(slices.Clone(grp.Accounts), i, i+1)
		return true, nil
	})
}

func notDefault(group string) error {
	if group != schemas.DefaultAccountsGroup {
		return nil
	}
	return schemas.Errorf(schemas.CodeInvalid, "%s holds every account; its accounts cannot be changed", group).
		WithHint("use a group of your own: insights group create NAME")
}

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
	if unknown := UnknownPolicies(m.Policies, config); len(unknown) > 0 {
		known := map[string]bool{}
		for _, p := range m.Policies {
			known[p.Name] = true
		}
		return nil, schemas.Errorf(schemas.CodeInvalid, "pack %s %s has no policy %s", m.Name, m.Version, strings.Join(unknown, ", ")).
			WithHint("policies: %s", strings.Join(slices.Sorted(maps.Keys(known)), ", "))
	}
	_, err = LayerConfig(m.Policies, config)
	return config, err
}

// CheckGroupName refuses names that no group can have.
func CheckGroupName(name string) error { return checkName("group name", name) }

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

// change repeats fn on the newest group until its result is stored. fn tells
// whether it changed anything.
func (g *Groups) change(ctx context.Context, name string, fn func(*schemas.Group) (bool, error)) (schemas.Group, error) {
	for {
		grp, rev, err := g.get(ctx, name)
		if err != nil {
			return grp, err
		}
		changed, err := fn(&grp)
		if err != nil || !changed {
			return grp, err
		}
		if rev == 0 {
			_, err = g.d.Groups.Create(ctx, name, grp)
		} else {
			_, err = g.d.Groups.Update(ctx, name, grp, rev)
		}
		if !is(err, schemas.CodeConflict) || ctx.Err() != nil {
			return grp, err
		}
	}
}

// listGroups lists every group by name, the default group also before it was
// ever changed.
func listGroups(ctx context.Context, t Table[schemas.Group]) ([]schemas.Group, error) {
	var list []schemas.Group
	hasDefault := false
	err := t.List(ctx, "", func(_ string, g schemas.Group, _ uint64) error {
		hasDefault = hasDefault || g.Name == schemas.DefaultAccountsGroup
		list = append(list, g)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if !hasDefault {
		list = append(list, schemas.Group{Name: schemas.DefaultAccountsGroup})
	}
	slices.SortFunc(list, func(a, b schemas.Group) int { return strings.Compare(a.Name, b.Name) })
	return list, nil
}
