package scanner

import (
	"slices"
	"strings"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// limited keeps the units of an account's plan that a scan is limited to.
// CodeInvalid when a name of the limit stands for nothing in the plan: a scan
// that reads less than was asked for must not look like a success.
func limited(account string, plan []schemas.UnitKey, l schemas.ScanLimit) ([]schemas.UnitKey, error) {
	regions, services := namesIn(plan)
	if err := known(account, "service", l.Services, services); err != nil {
		return nil, err
	}
	if err := known(account, "region", l.Regions, regions); err != nil {
		return nil, err
	}
	var out []schemas.UnitKey
	for _, u := range plan {
		if (len(l.Services) == 0 || slices.Contains(l.Services, u.Service)) && (len(l.Regions) == 0 || slices.Contains(l.Regions, u.Region)) {
			out = append(out, u)
		}
	}
	reached, read := namesIn(out)
	for _, s := range l.Services {
		if !slices.Contains(read, s) {
			where, _ := namesIn(slices.DeleteFunc(slices.Clone(plan), func(u schemas.UnitKey) bool { return u.Service != s }))
			return nil, schemas.Errorf(schemas.CodeInvalid, "%s is not read in %s", s, strings.Join(l.Regions, ", ")).
				WithHint("%s is read in: %s. Name such a region too, or no region.", s, strings.Join(where, ", "))
		}
	}
	for _, r := range l.Regions {
		if !slices.Contains(reached, r) {
			return nil, schemas.Errorf(schemas.CodeInvalid, "nothing of %s is read in %s", strings.Join(l.Services, ", "), r).
				WithHint("Leave the region out, or name a service that is read there.")
		}
	}
	return out, nil
}

// known refuses names that are not in the plan.
func known(account, what string, asked, have []string) error {
	for _, n := range asked {
		if !slices.Contains(have, n) {
			return schemas.Errorf(schemas.CodeInvalid, "no %s %q is read in account %s", what, n, account).
				WithHint("Its %ss: %s.", what, strings.Join(have, ", "))
		}
	}
	return nil
}

// namesIn are the regions and services of units, sorted.
func namesIn(units []schemas.UnitKey) (regions, services []string) {
	for _, u := range units {
		regions, services = append(regions, u.Region), append(services, u.Service)
	}
	return distinct(regions), distinct(services)
}

// distinct is the list sorted, each entry once.
func distinct(list []string) []string { return slices.Compact(slices.Sorted(slices.Values(list))) }
