package policy

import (
	"context"
	"slices"
	"strings"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// AddAccount puts an account, by name or id, or a child of one, by path, into a
// group. It is no error when it is there already. CodeInvalid for the default
// group.
func (g *Groups) AddAccount(ctx context.Context, group, account string) (schemas.Group, error) {
	m, err := findMember(ctx, g.d.Accounts, account)
	if err != nil {
		return schemas.Group{}, err
	}
	return g.change(ctx, group, func(grp *schemas.Group) (bool, error) {
		if err := notDefault(grp.Name); err != nil {
			return false, err
		}
		i, found := slices.BinarySearch(grp.Accounts, m)
		if !found {
			grp.Accounts = slices.Insert(slices.Clone(grp.Accounts), i, m)
		}
		return !found, nil
	})
}

// RemoveAccount takes an account, by name or id, or a child, by path, out of a
// group. An account that is taken out leaves the children that are in it by
// themselves. CodeNotFound when it is not in it, CodeInvalid for the default group.
func (g *Groups) RemoveAccount(ctx context.Context, group, account string) (schemas.Group, error) {
	m := schemas.Member(account)
	if !m.Account().Valid() {
		// An id may be of an account that was removed; a name cannot.
		var err error
		if m, err = findMember(ctx, g.d.Accounts, account); err != nil {
			return schemas.Group{}, err
		}
	}
	return g.change(ctx, group, func(grp *schemas.Group) (bool, error) {
		if err := notDefault(grp.Name); err != nil {
			return false, err
		}
		i, found := slices.BinarySearch(grp.Accounts, m)
		if !found {
			return false, schemas.Errorf(schemas.CodeNotFound, "account %s is not in group %s", account, group)
		}
		grp.Accounts = slices.Delete(slices.Clone(grp.Accounts), i, i+1)
		return true, nil
	})
}

// Select makes a group hold the accounts whose labels a selector matches, beside
// those that are named; "" holds none by their labels. CodeInvalid for a selector
// that cannot be read, and for the default group.
func (g *Groups) Select(ctx context.Context, group, selector string) (schemas.Group, error) {
	if selector != "" {
		var err error
		if selector, err = CheckSelector(selector); err != nil {
			return schemas.Group{}, err
		}
	}
	return g.change(ctx, group, func(grp *schemas.Group) (bool, error) {
		if err := notDefault(grp.Name); err != nil {
			return false, err
		}
		changed := grp.Selector != selector
		grp.Selector = selector
		return changed, nil
	})
}

func notDefault(group string) error {
	if group != schemas.DefaultAccountsGroup {
		return nil
	}
	return schemas.Errorf(schemas.CodeInvalid, "%s holds every account; its accounts cannot be changed", group).
		WithHint("use a group of your own: insights group create NAME")
}

// findMember is what a name or id stands for, or a path to a child such as
// prod/us-east-1. CodeNotFound when there is no such account, CodeInvalid when it
// cannot have such a child.
func findMember(ctx context.Context, t Table[schemas.Account], path string) (schemas.Member, error) {
	account, region, child := strings.Cut(path, "/")
	if child && !schemas.IsChild(region) {
		return "", schemas.Errorf(schemas.CodeInvalid, "%q: an account has no child %q", path, region).
			WithHint("a child is a region or %q: %s/us-east-1", schemas.GlobalRegion, account)
	}
	a, err := findAccount(ctx, t, account)
	return schemas.NewMember(a.ID, region), err
}
