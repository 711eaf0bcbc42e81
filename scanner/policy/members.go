package policy

import (
	"slices"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// Membership is a group that holds an entity, with what it enforces. It is all
// that resolution knows of an entity, so that whatever groups may hold later (a
// stack, which has no children) is resolved by the same rules.
type Membership struct {
	schemas.Membership
	Packs []schemas.Enrolment
}

// Memberships are the groups that hold an account or children of it, in the
// order of groups. CodeInvalid when a stored selector cannot be read: whom such a
// group holds is not known, and not nobody.
func Memberships(a schemas.Account, groups []schemas.Group) ([]Membership, error) {
	var out []Membership
	for _, g := range groups {
		m := Membership{Membership: schemas.Membership{Group: g.Name}, Packs: g.Packs}
		if g.Name == schemas.DefaultAccountsGroup {
			m.Why = []schemas.MemberReason{schemas.MemberByDefault}
		} else if err := m.join(a, g); err != nil {
			return nil, err
		}
		if len(m.Why) > 0 {
			out = append(out, m)
		}
	}
	return out, nil
}

// join finds every reason for which a group holds an account.
func (m *Membership) join(a schemas.Account, g schemas.Group) error {
	whole := slices.Contains(g.Accounts, schemas.NewMember(a.ID, ""))
	if whole {
		m.Why = append(m.Why, schemas.MemberByName)
	}
	for _, member := range g.Accounts {
		if member.Account() == a.ID && member.Region() != "" {
			m.Regions = append(m.Regions, member.Region())
		}
	}
	if len(m.Regions) > 0 {
		m.Why = append(m.Why, schemas.MemberByChild)
	}
	matches, err := selects(g.Selector, a.Labels)
	if err != nil {
		return schemas.Errorf(schemas.CodeInvalid, "group %s: %w", g.Name, err)
	}
	if matches {
		m.Why, m.Selector = append(m.Why, schemas.MemberBySelector), g.Selector
	}
	if whole || matches {
		m.Regions = nil
	}
	return nil
}

// holds tells whether the group holds a child of the account.
func (m *Membership) holds(region string) bool {
	return m.whole() || slices.Contains(m.Regions, region)
}

// whole tells whether the group holds all of the entity.
func (m *Membership) whole() bool { return len(m.Regions) == 0 }
