package api

import (
	"slices"
	"strings"
	"unicode"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// byFramework is a report by the sections and controls of a framework.
func byFramework(f schemas.Framework, r schemas.Report) schemas.FrameworkReport {
	out := schemas.FrameworkReport{Name: f.Name, Version: f.Version, AsOf: r.AsOf, Sections: []schemas.SectionReport{}, Accounts: []schemas.FrameworkAccount{}}
	all := make([]schemas.ControlReport, len(f.Controls))
	total := newTally()
	for i, c := range f.Controls {
		all[i] = controlOf(f, c, r.Accounts)
		total.add(all[i])
	}
	out.Total = total.done()
	for _, acc := range r.Accounts {
		one := newTally()
		for _, c := range f.Controls {
			one.add(controlOf(f, c, []schemas.AccountReport{acc}))
		}
		out.Accounts = append(out.Accounts, schemas.FrameworkAccount{
			AccountID: acc.AccountID, Account: acc.Account, Total: one.done(), Unscanned: acc.LastScan == nil, Scopes: acc.Scopes,
		})
	}
	var sections []string
	for _, c := range f.Controls {
		if !slices.Contains(sections, c.Section) {
			sections = append(sections, c.Section)
		}
	}
	for _, s := range sections {
		section, tally := schemas.SectionReport{Section: s}, newTally()
		for i, c := range f.Controls {
			if c.Section == s {
				section.Controls = append(section.Controls, all[i])
				tally.add(all[i])
			}
		}
		slices.SortStableFunc(section.Controls, func(a, b schemas.ControlReport) int { return compareIDs(a.ID, b.ID) })
		section.Total = tally.done()
		out.Sections = append(out.Sections, section)
	}
	return out
}

// controlOf sums up the policies that check a control. Local packs have no part
// in it.
func controlOf(f schemas.Framework, c schemas.FrameworkControl, accounts []schemas.AccountReport) schemas.ControlReport {
	out := schemas.ControlReport{ID: c.ID, Title: c.Title, Policies: []schemas.ControlPolicy{}}
	for _, acc := range accounts {
		for _, p := range acc.Packs {
			for _, q := range p.Policies {
				if p.Local || !c.Checks(p.Pack, q.Policy) && !names(f, c, q.Controls) {
					continue
				}
				out.Counts = out.Counts.Plus(q.Counts)
				i := slices.IndexFunc(out.Policies, func(o schemas.ControlPolicy) bool { return o.Pack == p.Pack && o.Policy == q.Policy })
				if i < 0 {
					out.Policies = append(out.Policies, schemas.ControlPolicy{Pack: p.Pack, Policy: q.Policy, Counts: q.Counts})
				} else {
					out.Policies[i].Counts = out.Policies[i].Counts.Plus(q.Counts)
				}
			}
		}
	}
	slices.SortFunc(out.Policies, func(a, b schemas.ControlPolicy) int { return strings.Compare(a.Pack+"/"+a.Policy, b.Pack+"/"+b.Policy) })
	out.Status, out.WithWaivers = out.Counts.Decided(), out.Counts.DecidedWithWaivers()
	if slices.ContainsFunc(accounts, func(a schemas.AccountReport) bool { return a.LastScan == nil }) {
		out.Status, out.WithWaivers = unlessFailed(out.Status), unlessFailed(out.WithWaivers)
	}
	if len(c.Policies) == 0 && len(out.Policies) == 0 {
		out.Status, out.WithWaivers = schemas.ControlManual, schemas.ControlManual
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

// tally counts controls by status, as they are and with waivers.
type tally struct {
	strict, waived map[schemas.ControlStatus]uint64
}

func newTally() tally {
	return tally{map[schemas.ControlStatus]uint64{}, map[schemas.ControlStatus]uint64{}}
}

func (t tally) add(c schemas.ControlReport) {
	t.strict[c.Status]++
	t.waived[c.WithWaivers]++
}

func (t tally) done() schemas.ControlTally {
	score := func(m map[schemas.ControlStatus]uint64) schemas.Share {
		passed := m[schemas.ControlPassed]
		return schemas.NewShare(passed, passed+m[schemas.ControlFailed]+m[schemas.ControlUnknown])
	}
	s := t.strict
	out := schemas.ControlTally{
		Passed: s[schemas.ControlPassed], Failed: s[schemas.ControlFailed], Unknown: s[schemas.ControlUnknown],
		NoData: s[schemas.ControlNoData], Manual: s[schemas.ControlManual], Score: schemas.NewScore(score(s), score(t.waived)),
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
