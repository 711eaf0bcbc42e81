package policy

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// Update replaces the settings of an account, named by name or id, with those of
// a; its name too, which must be free. Which account it is never changes: an ID
// that is given must be its own, and credentials that come from elsewhere must
// still be of it. Nothing is written when nothing changes. Errors: CodeInvalid
// (every problem), CodeNotFound, CodeConflict (another account has the name, or
// the credentials belong to another), and what the planner says.
func (s *Accounts) Update(ctx context.Context, nameOrID string, a schemas.Account) (schemas.Account, error) {
	old, err := s.Get(ctx, nameOrID)
	if err != nil {
		return a, err
	}
	if a.Provider == "" {
		a.Provider = old.Provider
	}
	checked := a
	checked.ID = cmp.Or(a.ID, old.ID) // it says which partition regions and role are to be of
	if err := s.check(checked); err != nil {
		return a, err
	}
	if a.ID != "" && a.ID != old.ID {
		return a, schemas.Errorf(schemas.CodeConflict, "account %s is %s and cannot become %s", old.Name, old.ID, a.ID).
			WithHint("register the other one under a name of its own, or remove this one first: insights account remove %s", old.Name)
	}
	if a.Name != old.Name {
		if err := s.nameFree(ctx, a); err != nil {
			return a, err
		}
	}
	a.ID, a.Found, a.OrganizationProblems = old.ID, old.Found, old.OrganizationProblems
	if old.Found != nil {
		by, _, err := s.d.Accounts.Get(ctx, string(old.Found.By))
		if err != nil {
			by.Name = string(old.Found.By)
		}
		if err := checkFollows(old, a, by.Name); err != nil {
			return a, err
		}
	}
	if readsOtherwise(old, a) || !maps.Equal(old.Caps, a.Caps) {
		if err := s.sameAccount(ctx, a); err != nil {
			return a, err
		}
	}
	if err := s.unitsExist(ctx, a, old.Organization); err != nil {
		return a, err
	}
	a, err = s.put(ctx, a.ID, func(old schemas.Account) schemas.Account {
		a.Found, a.OrganizationProblems = old.Found, nil // changed only by looks at the organization
		if a.Organization != nil {
			a.OrganizationProblems = old.OrganizationProblems
		}
		return a
	})
	if err != nil {
		return a, err
	}
	if old.Organization != nil && a.Organization == nil {
		return a, s.letGo(ctx, a.ID)
	}
	return a, nil
}

// readsOtherwise tells whether the cloud is asked with other credentials, at
// another place or for other things.
func readsOtherwise(a, b schemas.Account) bool {
	return a.RoleARN != b.RoleARN || a.ExternalID != b.ExternalID || a.Profile != b.Profile || a.Endpoint != b.Endpoint ||
		!slices.Equal(a.SessionPolicies, b.SessionPolicies) || !slices.Equal(a.Regions, b.Regions) || !slices.Equal(a.Services, b.Services)
}

func (s *Accounts) sameAccount(ctx context.Context, a schemas.Account) error {
	id, _, err := s.d.Planner.Plan(ctx, a)
	if err != nil {
		return err
	}
	if id != a.ID {
		return schemas.Errorf(schemas.CodeConflict, "the credentials belong to %s, not to %s as those of account %s did", id, a.ID, a.Name).
			WithHint("findings of two accounts must not mix: register %s under a name of its own", id)
	}
	return nil
}

// put stores what change makes of the newest account of an id, and returns it.
func (s *Accounts) put(ctx context.Context, id schemas.AccountID, change func(old schemas.Account) schemas.Account) (schemas.Account, error) {
	for {
		old, rev, err := s.d.Accounts.Get(ctx, string(id))
		if err != nil {
			return old, err
		}
		a := change(old)
		a.CreatedAt = old.CreatedAt
		if contentOf(a) == contentOf(old) {
			return old, nil
		}
		rev, err = s.d.Accounts.Update(ctx, string(a.ID), a, rev)
		if is(err, schemas.CodeConflict) && ctx.Err() == nil {
			continue
		}
		if err != nil {
			return a, err
		}
		if a.Name != old.Name {
			if err := s.keepRename(ctx, a, old, rev); err != nil {
				return a, err
			}
		}
		return a, s.d.Resolver.Resolve(ctx, a.ID)
	}
}

// keepRename undoes a change whose name somebody else took at the same moment:
// the later of the two gives way.
func (s *Accounts) keepRename(ctx context.Context, a, old schemas.Account, rev uint64) error {
	taken, err := s.takenBefore(ctx, a, rev)
	if err != nil || taken == nil {
		return err
	}
	if _, err := s.d.Accounts.Update(ctx, string(a.ID), old, rev); err != nil {
		return err
	}
	return taken
}
