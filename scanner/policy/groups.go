package policy

import (
	"context"
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

// List returns every group, sorted by name, with the problems of enrolments.
func (g *Groups) List(ctx context.Context) ([]schemas.Group, error) {
	list, err := listGroups(ctx, g.d.Groups)
	if err != nil {
		return nil, err
	}
	return list, g.diagnose(ctx, list)
}

// Get returns a group, with the problems of its enrolments; CodeNotFound with the
// names there are.
func (g *Groups) Get(ctx context.Context, name string) (schemas.Group, error) {
	grp, _, err := g.get(ctx, name)
	if err != nil {
		return grp, err
	}
	return grp, g.diagnose(ctx, []schemas.Group{grp})
}

// diagnose fills in the problems of enrolments.
func (g *Groups) diagnose(ctx context.Context, groups []schemas.Group) error {
	manifests, err := g.d.Registry.List(ctx)
	if err != nil {
		return err
	}
	x := newIndex(manifests)
	for _, grp := range groups {
		for i, e := range grp.Packs {
			grp.Packs[i].Problem = x.problem(e)
		}
	}
	return nil
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
	groups, err := listGroups(ctx, g.d.Groups)
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

// CheckGroupName refuses names that no group can have.
func CheckGroupName(name string) error { return checkName("group name", name) }

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
