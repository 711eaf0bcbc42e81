package api

import (
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// byFramework is a report by the sections and controls of a framework. Local packs
// have no part in it.
func byFramework(f schemas.Framework, r schemas.Report) schemas.FrameworkReport {
	out := schemas.FrameworkReport{Name: f.Name, Version: f.Version, AsOf: r.AsOf, Accounts: []schemas.FrameworkAccount{}}
	found, anyUnscanned := checkers{}, false
	for _, acc := range r.Accounts {
		var policies []checker
		for _, p := range acc.Packs {
			for _, q := range p.Policies {
				if !p.Local {
					policies = append(policies, found.add(f, p.Pack, q))
				}
			}
		}
		unscanned := acc.LastScan == nil
		anyUnscanned = anyUnscanned || unscanned
		out.Accounts = append(out.Accounts, schemas.FrameworkAccount{
			AccountID: acc.AccountID, Account: acc.Account, Total: tallyOf(controlsOf(f, policies, unscanned)), Unscanned: unscanned, Scopes: acc.Scopes,
		})
	}
	every := slices.Concat(slices.Collect(maps.Values(found))...)
	slices.SortFunc(every, func(a, b checker) int { return strings.Compare(a.Pack+"/"+a.Policy, b.Pack+"/"+b.Policy) })
	all := controlsOf(f, every, anyUnscanned)
	out.Total, out.Sections = tallyOf(all), sectionsOf(f, all)
	return out
}

// sectionsOf are the controls of a framework by section, as they are first named in it.
func sectionsOf(f schemas.Framework, all []schemas.ControlReport) []schemas.SectionReport {
	out := []schemas.SectionReport{}
	for i, c := range f.Controls {
		n := slices.IndexFunc(out, func(s schemas.SectionReport) bool { return s.Section == c.Section })
		if n < 0 {
			n, out = len(out), append(out, schemas.SectionReport{Section: c.Section})
		}
		out[n].Controls = append(out[n].Controls, all[i])
	}
	for i := range out {
		slices.SortStableFunc(out[i].Controls, func(a, b schemas.ControlReport) int { return compareIDs(a.ID, b.ID) })
		out[i].Total = tallyOf(out[i].Controls)
	}
	return out
}

// checker is a policy with the controls of a framework that it checks, by their place.
type checker struct {
	schemas.ControlPolicy
	names    []schemas.Control // those that it names itself
	controls []int
}

// checkers are the policies of all accounts, by pack and name: several where versions
// of a pack name other controls.
type checkers map[[2]string][]checker

// add counts a policy of one account, and gives it without its name. What it checks is
// looked up once, not for every account.
func (m checkers) add(f schemas.Framework, pack string, p schemas.PolicyReport) checker {
	key := [2]string{pack, p.Policy}
	list := m[key]
	i := slices.IndexFunc(list, func(k checker) bool { return slices.Equal(k.names, p.Controls) })
	if i < 0 {
		k := checker{ControlPolicy: schemas.ControlPolicy{Pack: pack, Policy: p.Policy}, names: p.Controls}
		for n, c := range f.Controls {
			if c.Checks(pack, p.Policy) || names(f, c, p.Controls) {
				k.controls = append(k.controls, n)
			}
		}
		i, list = len(list), append(list, k)
		m[key] = list
	}
	list[i].Counts = list[i].Counts.Plus(p.Counts)
	return checker{ControlPolicy: schemas.ControlPolicy{Counts: p.Counts}, controls: list[i].controls}
}

// controlsOf sums up policies by the controls that they check. Those of one name,
// next to each other, are one.
func controlsOf(f schemas.Framework, policies []checker, unscanned bool) []schemas.ControlReport {
	out := make([]schemas.ControlReport, len(f.Controls))
	for i, c := range f.Controls {
		out[i] = schemas.ControlReport{ID: c.ID, Title: c.Title, Policies: []schemas.ControlPolicy{}}
	}
	for _, p := range policies {
		for _, i := range p.controls {
			c := &out[i]
			c.Counts = c.Counts.Plus(p.Counts)
			if last := len(c.Policies) - 1; last >= 0 && c.Policies[last].Pack == p.Pack && c.Policies[last].Policy == p.Policy {
				c.Policies[last].Counts = c.Policies[last].Counts.Plus(p.Counts)
			} else {
				c.Policies = append(c.Policies, p.ControlPolicy)
			}
		}
	}
	for i := range out {
		c := &out[i]
		c.Status, c.WithWaivers = c.Counts.Decided(), c.Counts.DecidedWithWaivers()
		if unscanned {
			c.Status, c.WithWaivers = unlessFailed(c.Status), unlessFailed(c.WithWaivers)
		}
		if len(f.Controls[i].Policies) == 0 && len(c.Policies) == 0 {
			c.Status, c.WithWaivers = schemas.ControlManual, schemas.ControlManual
		}
	}
	return out
}

// unlessFailed is a status where an account was never scanned whole: what it would
// have shown is unknown.
func unlessFailed(s schemas.ControlStatus) schemas.ControlStatus {
	if s == schemas.ControlFailed {
		return s
	}
	return schemas.ControlUnknown
}

// names tells whether a policy itself says that it checks a control.
func names(f schemas.Framework, c schemas.FrameworkControl, of []schemas.Control) bool {
	return slices.ContainsFunc(of, func(o schemas.Control) bool { return o.ID == c.ID && f.Is(o) })
}

// tallyOf counts controls by status, as they are and with waivers.
func tallyOf(list []schemas.ControlReport) schemas.ControlTally {
	s, waived := map[schemas.ControlStatus]uint64{}, map[schemas.ControlStatus]uint64{}
	for _, c := range list {
		s[c.Status]++
		waived[c.WithWaivers]++
	}
	score := func(m map[schemas.ControlStatus]uint64) schemas.Share {
		passed := m[schemas.ControlPassed]
		return schemas.NewShare(passed, passed+m[schemas.ControlFailed]+m[schemas.ControlUnknown])
	}
	out := schemas.ControlTally{
		Passed: s[schemas.ControlPassed], Failed: s[schemas.ControlFailed], Unknown: s[schemas.ControlUnknown],
		NoData: s[schemas.ControlNoData], Manual: s[schemas.ControlManual], Score: schemas.NewScore(score(s), score(waived)),
	}
	decided := out.Passed + out.Failed
	out.Coverage = schemas.NewShare(decided, decided+out.Unknown+out.NoData+out.Manual)
	return out
}

// compareIDs orders ids of controls as people do: 2.9 before 2.10.
func compareIDs(a, b string) int {
	for a != "" && b != "" {
		x, restA := piece(a)
		y, restB := piece(b)
		if x != y {
			if digits(x) && digits(y) && len(strings.TrimLeft(x, "0")) != len(strings.TrimLeft(y, "0")) {
				return len(strings.TrimLeft(x, "0")) - len(strings.TrimLeft(y, "0"))
			}
			return strings.Compare(x, y)
		}
		a, b = restA, restB
	}
	return len(a) - len(b)
}

func digits(s string) bool { return s != "" && unicode.IsDigit(rune(s[0])) }

// piece is the leading run of digits, or of other characters.
func piece(s string) (head, rest string) {
	i := strings.IndexFunc(s, func(r rune) bool { return unicode.IsDigit(r) != digits(s) })
	if i < 0 {
		return s, ""
	}
	return s[:i], s[i:]
}
