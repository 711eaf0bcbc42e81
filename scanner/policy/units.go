package policy

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// unitsExist refuses organizational units that the organization of a does not have:
// their names are mistyped. Those of old, which may be nil, are not asked about: a
// unit may be removed later. Where the organization cannot be listed nothing is known;
// looks at it say so.
func (s *Accounts) unitsExist(ctx context.Context, a schemas.Account, old *schemas.Organization) error {
	if a.Organization == nil || s.d.Organizer == nil {
		return nil
	}
	named := slices.DeleteFunc(slices.Clone(a.Organization.OUs), func(ou string) bool {
		return old != nil && slices.Contains(old.OUs, ou)
	})
	if len(named) == 0 {
		return nil
	}
	units, err := s.d.Organizer.OrganizationalUnits(ctx, a)
	if err != nil {
		return ctx.Err()
	}
	for _, ou := range named {
		if !slices.ContainsFunc(units, func(u schemas.OrganizationUnit) bool { return u.ID == ou || u.Path == strings.Trim(ou, "/") }) {
			return errNoUnit(ou, units)
		}
	}
	return nil
}

// errNoUnit names the units that are nearest to what was asked for.
func errNoUnit(ou string, units []schemas.OrganizationUnit) error {
	e := schemas.Errorf(schemas.CodeInvalid, "organization.ous: the organization has no organizational unit %q", ou)
	paths := make([]string, 0, len(units))
	for _, u := range units {
		if u.Path != "" { // not a root
			paths = append(paths, u.Path+" ("+u.ID+")")
		}
	}
	if len(paths) == 0 {
		return e.WithHint("it has none at all")
	}
	far := func(path string) int {
		name, id, _ := strings.Cut(strings.TrimSuffix(path, ")"), " (")
		text := strings.ToLower(strings.Trim(ou, "/"))
		return min(levenshtein.ComputeDistance(text, strings.ToLower(name)), levenshtein.ComputeDistance(text, id),
			levenshtein.ComputeDistance(text, strings.ToLower(name[strings.LastIndexByte(name, '/')+1:])))
	}
	slices.SortFunc(paths, func(a, b string) int { return cmp.Or(cmp.Compare(far(a), far(b)), strings.Compare(a, b)) })
	const most = 10
	if more := len(paths) - most; more > 0 {
		return e.WithHint("the nearest of its %d: %s", len(paths), strings.Join(paths[:most], ", "))
	}
	return e.WithHint("it has: %s", strings.Join(paths, ", "))
}
