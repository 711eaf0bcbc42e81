package sink

import (
	"encoding/json"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// covered is the obvious statement of what a selector covers. Names that the
// history gives have no brackets, so the wildcards of path.Match are ours, but for
// the slash.
func (m *model) covered(s schemas.WaiverSelector, v violationRow) bool {
	match := func(patterns []string, text string) bool {
		return len(patterns) == 0 || slices.ContainsFunc(patterns, func(p string) bool {
			ok, err := path.Match(strings.NewReplacer("/", "\x01", `\`, `\\`, "[", `\[`).Replace(p), strings.ReplaceAll(text, "/", "\x01"))
			return ok && err == nil
		})
	}
	inAccount := len(s.Accounts) == 0 || slices.ContainsFunc(s.Accounts, func(m schemas.Member) bool {
		return string(m.Account()) == v.AccountID && (m.Region() == "" || m.Region() == v.Region)
	})
	key := schemas.Key{Region: v.Region, Type: v.Type, ID: v.ID}
	tags := m.tags(resourceKey{schemas.AccountID(v.AccountID), key})
	for name, value := range s.Tags {
		if has, ok := tags[name]; !ok || value != "*" && value != has {
			return false
		}
	}
	return inAccount && match(s.Packs, v.Pack) && match(s.Policies, v.Policy) && match(s.Types, v.Type) && match(s.URNs, key.URN(nowCalled(schemas.AccountID(v.AccountID))))
}

// tags are those of a live resource.
func (m *model) tags(k resourceKey) map[string]string {
	var properties struct{ Tags map[string]string }
	if r := m.resources[k]; !r.Tombstone {
		_ = json.Unmarshal([]byte(r.Properties), &properties)
	}
	return properties.Tags
}

// waiverOf is the waiver that covers a violation: of several the one that ends last.
func (m *model) waiverOf(list []schemas.Waiver, v violationRow) (found schemas.Waiver) {
	for _, w := range list {
		later := w.ExpiresAt.Compare(found.ExpiresAt)
		if m.covered(w.Selector, v) && (found.Name == "" || later > 0 || later == 0 && w.Name < found.Name) {
			found = w
		}
	}
	return found
}

// results are what is said of a policy or a resource.
type results struct {
	passed, failed, waived, gaps int
	applies                      bool // or might: it is not disabled everywhere
}

// waive leaves what waivers cover out of a report, result by result.
func (w *world) waive(r *schemas.AccountReport, list []schemas.Waiver, asked func(string, schemas.Severity) bool) {
	covering, uses := map[string]bool{}, map[string]schemas.WaiverUse{}
	for finding, v := range w.m.violations {
		by := w.m.waiverOf(list, v)
		if v.AccountID != string(r.AccountID) || v.State != "open" || by.Name == "" || !asked(v.Pack, schemas.Severity(v.Severity)) {
			continue
		}
		if r.Waived == nil {
			r.Waived = map[schemas.Severity]uint64{}
		}
		r.Waived[schemas.Severity(v.Severity)]++
		uses[by.Name] = schemas.WaiverUse{Name: by.Name, Violations: uses[by.Name].Violations + 1, ExpiresAt: by.ExpiresAt}
		covering[finding] = true
	}
	for _, name := range slices.Sorted(maps.Keys(uses)) {
		r.Waivers = append(r.Waivers, uses[name])
	}
	policies, resources := w.resultsOf(r.AccountID, covering, asked)
	for i := range r.Packs {
		p := &r.Packs[i]
		for j := range p.Policies {
			q := &p.Policies[j]
			q.Counts.Waived = uint64(policies[[2]string{p.Pack, q.Policy}].waived)
			p.Counts.Waived += q.Counts.Waived
		}
		r.Counts.Waived += p.Counts.Waived
	}
	whole := func(s *schemas.Score, part, of int) { s.WithWaivers = share(part, of).WithWaivers }
	var all results
	var compliant, enabled, passed, data int
	for _, p := range policies {
		all.passed, all.failed, all.gaps = all.passed+p.passed, all.failed+p.failed, all.gaps+p.gaps
		judged := p.passed+p.failed+p.gaps > 0
		if p.applies && (judged || p.waived == 0) { // of nothing but waived failures nothing is said
			enabled++
			if p.failed+p.gaps == 0 {
				compliant++
			}
		}
		if judged {
			data++
			if p.failed+p.gaps == 0 {
				passed++
			}
		}
	}
	governed, good := 0, 0
	for _, p := range resources {
		if p.passed+p.failed+p.gaps > 0 {
			governed++
		}
		if p.passed > 0 && p.failed+p.gaps == 0 {
			good++
		}
	}
	whole(&r.Scores.Results, all.passed, all.passed+all.failed+all.gaps)
	whole(&r.Scores.Policies, compliant, enabled)
	whole(&r.Scores.SecurityHub, passed, data)
	whole(&r.Scores.Resources, good, governed)
}

// resultsOf are the results of an account by policy and by resource. A failure whose
// violation is covered is waived.
func (w *world) resultsOf(a schemas.AccountID, covering map[string]bool, asked func(string, schemas.Severity) bool) (policies map[[2]string]results, resources map[schemas.Key]results) {
	policies, resources = map[[2]string]results{}, map[schemas.Key]results{}
	for k, v := range w.m.verdicts {
		if k.account != a {
			continue
		}
		count := func(list []string, add func(*results, string)) {
			for _, policy := range list {
				if asked(v.Pack, severityOf(int(policy[len("policy-")]-'0'))) {
					p, r := policies[[2]string{v.Pack, policy}], resources[k.Key]
					add(&p, policy)
					add(&r, policy)
					policies[[2]string{v.Pack, policy}], resources[k.Key] = p, r
				}
			}
		}
		count(v.Passed, func(r *results, _ string) { r.passed, r.applies = r.passed+1, true })
		count(v.NotApplicable, func(r *results, _ string) { r.applies = true })
		count(slices.Concat(v.Unknown, v.Errored), func(r *results, _ string) { r.gaps, r.applies = r.gaps+1, true })
		count(v.Failed, func(r *results, policy string) {
			r.applies = true
			if covering[schemas.FindingID(a, k.Key, v.Pack, policy)] {
				r.waived++
			} else {
				r.failed++
			}
		})
	}
	return policies, resources
}
