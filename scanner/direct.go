package scanner

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// located are the units in which the resources of a limit are, and the keys to
// read in each, by UnitKey.String. CodeNotFound when nothing is known of one of
// them, CodeInvalid when the account does not read its region or service.
func (c *Control) located(ctx context.Context, a schemas.Account, plan []schemas.UnitKey, resources []string) ([]schemas.UnitKey, map[string][]schemas.Key, error) {
	var units []schemas.UnitKey
	keys := map[string][]schemas.Key{}
	for _, r := range resources {
		places, err := c.locate(ctx, a, r)
		if err != nil {
			return nil, nil, err
		}
		for u, list := range places {
			if !slices.Contains(plan, u) {
				return nil, nil, schemas.Errorf(schemas.CodeInvalid, "%s belongs to %s in %s, which is not read in account %s", r, u.Service, u.Region, a.Name).
					WithHint("See 'insights account show %s' for what is read.", a.Name)
			}
			units, keys[u.String()] = append(units, u), append(keys[u.String()], list...)
		}
	}
	for u, list := range keys {
		slices.SortFunc(list, func(x, y schemas.Key) int { return strings.Compare(x.String(), y.String()) })
		keys[u] = slices.Compact(list)
	}
	slices.SortFunc(units, compareUnits)
	return slices.Compact(units), keys, nil
}

// locate asks the provider for an ARN, a URN or a key, and looks for anything else, and for
// what the provider has no rule for, in the inventory.
func (c *Control) locate(ctx context.Context, a schemas.Account, resource string) (map[schemas.UnitKey][]schemas.Key, error) {
	if k, ok, err := named(a, resource); ok || err != nil {
		if err != nil {
			return nil, err
		}
		u, keys, err := c.d.Planner.Locate(ctx, a, k.String())
		return map[schemas.UnitKey][]schemas.Key{u: keys}, err
	}
	why := schemas.Errorf(schemas.CodeNotFound, "no resource %s is known in account %s", resource, a.Name)
	ids, service, region := []string{resource}, "", ""
	if p := strings.SplitN(resource, ":", 6); len(p) == 6 && p[0] == "arn" {
		u, keys, err := c.d.Planner.Locate(ctx, a, resource)
		if err == nil {
			return map[schemas.UnitKey][]schemas.Key{u: keys}, nil
		}
		if schemas.CodeOf(err) != schemas.CodeNotFound {
			return nil, err
		}
		why = schemas.Errorf(schemas.CodeNotFound, "no resource %s is known in account %s: %w", resource, a.Name, err)
		ids, service, region = append(ids, p[5][strings.LastIndexAny(p[5], "/:")+1:]), p[2], p[3]
	}
	out := map[schemas.UnitKey][]schemas.Key{}
	for _, id := range ids {
		held, err := c.d.Store.Resources(ctx, schemas.ResourceQuery{Accounts: []string{string(a.ID)}, ID: id})
		if err != nil {
			return nil, err
		}
		for _, r := range held.Resources {
			u, keys, err := c.d.Planner.Locate(ctx, a, r.String())
			if err != nil {
				return nil, err
			}
			// The last part of an ARN may be an id of something else, or elsewhere.
			if id == resource || u.Service == service && (region == "" || region == r.Region) {
				out[u] = append(out[u], keys...)
			}
		}
	}
	if len(out) == 0 {
		return nil, why.WithHint("Name it by its ARN, or by its id as 'insights resources --match TEXT' shows it, or scan its service with --service.")
	}
	return out, nil
}

// named is the key that a URN or a key of the inventory stands for. Ids may hold "|", too,
// but no type between.
func named(a schemas.Account, resource string) (k schemas.Key, ok bool, err error) {
	if account, k, ok := schemas.ParseURN(resource); ok {
		if account != a.Name {
			return k, false, schemas.Errorf(schemas.CodeInvalid, "%s is of account %s, not of %s", resource, account, a.Name)
		}
		return k, true, nil
	}
	k, ok = schemas.ParseKey(resource)
	return k, ok && schemas.IsChild(k.Region) && strings.Count(k.Type, ":") == 2, nil
}

// addDirect adds what was read of single resources. What was asked for and is not
// there is told: silence would look like a success.
func (t *tally) addDirect(u schemas.UnitKey, e *schemas.DirectEnd, asked []schemas.Key) {
	t.read = append(t.read, e.Read...)
	there, gone := map[string]bool{}, map[string][]string{} // by id; of what is gone the types
	for _, r := range e.Read {
		if r.State == schemas.ResourceGone {
			gone[r.ID] = append(gone[r.ID], r.Type)
			continue
		}
		there[r.ID] = true
		t.progress.Resources++
	}
	if e.Failure != "" {
		t.progress.Gaps++
		t.problems = append(t.problems, e.Failure)
	}
	told := map[string]bool{}
	for _, k := range asked {
		if told[k.ID] {
			continue // resources that are split off another share its id
		}
		told[k.ID] = true
		switch lost := gone[k.ID]; {
		case len(lost) > 0 && there[k.ID]:
			t.problems = append(t.problems, fmt.Sprintf("%s has no %s any more; the next scan of %s removes what is known of it", k.ID, strings.Join(lost, ", "), u.Service))
		case len(lost) > 0:
			t.problems = append(t.problems, fmt.Sprintf("%s does not exist any more; the next scan of %s removes it", k.ID, u.Service))
		case !there[k.ID] && e.Failure == "": // else it may be there
			t.problems = append(t.problems, fmt.Sprintf("%s does not exist (%s in %s)", k.ID, u.Service, k.Region))
		}
	}
}

// maxProblems bounds what the reason of a scan lists.
const maxProblems = 3

func problemsText(list []string) string {
	text := strings.Join(list[:min(len(list), maxProblems)], "; ")
	if left := len(list) - maxProblems; left > 0 {
		text += fmt.Sprintf("; and %d more", left)
	}
	return text
}
