package sink

import (
	"cmp"
	"maps"
	"slices"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// share is a score without waivers: both sides are the same.
func share(part, of int) schemas.Score {
	s := schemas.Share{Part: uint64(part), Of: uint64(of), Percent: -1}
	if of > 0 {
		s.Percent = 100 * float64(part) / float64(of)
	}
	return schemas.Score{Strict: s, WithWaivers: &s}
}

// scores counts one policy and one resource at a time.
func (w *world) scores(out *schemas.AccountReport, a schemas.AccountID, asked func(string, schemas.Severity) bool, reasons bool) {
	var compliant, enabled, passed, data int
	for _, p := range out.Packs {
		for _, q := range p.Policies {
			c := q.Counts
			known := c.Failed+c.Unknown+c.Errored == 0
			if c.Passed+c.Failed+c.NotApplicable+c.Unknown+c.Errored > 0 {
				enabled++
				out.Judged.Policies++
				if known {
					compliant++
				}
				if c.Unknown+c.Errored > 0 {
					out.Judged.Unknown++
				} else {
					out.Judged.Judged++
				}
			}
			if c.Passed+c.Failed+c.Unknown+c.Errored > 0 {
				data++
				if known {
					passed++
				}
			}
		}
	}
	good, governed := map[schemas.Key]bool{}, map[schemas.Key]bool{}
	bad := map[schemas.Key]bool{}
	why := map[reasonKey]reasonSets{}
	for k, v := range w.m.verdicts {
		if k.account != a {
			continue
		}
		about := func(policy string) bool { return asked(v.Pack, severityOf(int(policy[len("policy-")]-'0'))) }
		for _, p := range v.Passed {
			if about(p) {
				governed[k.Key], good[k.Key] = true, true
			}
		}
		for _, p := range slices.Concat(v.Failed, v.Unknown, v.Errored) {
			if about(p) {
				governed[k.Key], bad[k.Key] = true, true
			}
		}
		for i, policy := range v.GapPolicy {
			if !asked(v.Pack, severityOf(int(policy[len("policy-")]-'0'))) {
				continue
			}
			r := reasonKey{v.GapOutcome[i], v.GapReason[i], v.GapCall[i]}
			if why[r].policies == nil {
				why[r] = reasonSets{map[[2]string]bool{}, map[schemas.Key]bool{}, map[string]bool{}}
			}
			why[r].policies[[2]string{v.Pack, policy}], why[r].resources[k.Key], why[r].types[k.Type] = true, true, true
		}
	}
	n := 0
	for k := range good {
		if !bad[k] {
			n++
		}
	}
	out.Scores = &schemas.Scores{
		Results:  share(int(out.Counts.Passed), int(out.Counts.Passed+out.Counts.Failed+out.Counts.Unknown+out.Counts.Errored)),
		Policies: share(compliant, enabled), Resources: share(n, len(governed)), SecurityHub: share(passed, data),
	}
	if reasons {
		out.Judged.Reasons = reasonsOf(why)
	}
}

type reasonKey struct{ outcome, reason, call string }

type reasonSets struct {
	policies  map[[2]string]bool
	resources map[schemas.Key]bool
	types     map[string]bool
}

func reasonsOf(why map[reasonKey]reasonSets) (out []schemas.GapReason) {
	for k, s := range why {
		out = append(out, schemas.GapReason{
			Outcome: schemas.Outcome(k.outcome), Reason: k.reason, Call: k.call, Policies: uint64(len(s.policies)), Resources: uint64(len(s.resources)),
			Types: slices.Sorted(maps.Keys(s.types)),
		})
	}
	slices.SortFunc(out, func(a, b schemas.GapReason) int {
		return cmp.Or(cmp.Compare(b.Resources, a.Resources), compareTexts(a.Reason, b.Reason, a.Call, b.Call, string(a.Outcome), string(b.Outcome)))
	})
	return out
}

// fixTimes goes through the lives of findings one by one.
func (w *world) fixTimes(a schemas.AccountID, asked func(string, schemas.Severity) bool) (out []schemas.FixTimes) {
	took := map[schemas.FixCause][]float64{}
	for _, e := range w.m.events {
		if e.AccountID == string(a) && e.Transition == "fixed" && asked(e.Pack, schemas.Severity(e.Severity)) {
			took[schemas.FixCause(e.Cause)] = append(took[schemas.FixCause(e.Cause)], e.At.Sub(e.OpenedAt).Seconds())
		}
	}
	for _, cause := range slices.Sorted(maps.Keys(took)) {
		list := took[cause]
		slices.Sort(list)
		sum := 0.0
		for _, s := range list {
			sum += s
		}
		out = append(out, schemas.FixTimes{Cause: cause, Fixed: uint64(len(list)), MeanSeconds: sum / float64(len(list)), MedianSeconds: list[len(list)/2]})
	}
	return out
}
