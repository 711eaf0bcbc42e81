package sink

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// counted is how many resources a policy says one thing of.
type counted struct {
	account, pack, policy string
	outcome               schemas.Outcome
	n                     uint64
}

func (r *reporter) counts(ctx context.Context) error {
	w := r.judging(r.ids)
	var all []counted
	// Most resources of a type have one of few verdicts: those are counted first, and
	// the policies of each then once.
	const lists = "passed, failed, not_applicable, disabled, unknown, errored"
	err := r.s.query(ctx, "count verdicts", "SELECT account_id, pack, pack_version, max(newest), policy, outcome, sum(n) FROM ("+
		"SELECT account_id, pack, pack_version, "+lists+", max(revision) AS newest, count() AS n FROM @db.verdicts FINAL WHERE "+w.String()+
		" GROUP BY account_id, pack, pack_version, "+lists+") "+eachOutcome+" GROUP BY account_id, pack, pack_version, policy, outcome", w.args, func(rows driver.Rows) error {
		var c counted
		var version, outcome string
		var revision uint64
		if err := rows.Scan(&c.account, &c.pack, &version, &revision, &c.policy, &outcome, &c.n); err != nil {
			return err
		}
		c.outcome = schemas.Outcome(outcome)
		all = append(all, c)
		for _, policy := range []string{"", c.policy} {
			k := [3]string{c.account, c.pack, policy}
			r.versions[k] = r.versions[k].with(version, revision)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, c := range all {
		if about := r.policyOf(c.account, c.pack, c.policy); wanted(r.q.Severity, about.Severity) {
			add(&r.policy(c.account, c.pack, c.policy, about).Counts, c.outcome, c.n)
		}
	}
	return nil
}

// with adds a version to those of the newest revision, or begins anew.
func (j judgedBy) with(version string, revision uint64) judgedBy {
	if revision > j.revision {
		j = judgedBy{revision: revision}
	}
	if i, found := slices.BinarySearch(j.versions, version); revision == j.revision && !found {
		j.versions = slices.Insert(j.versions, i, version)
	}
	return j
}

// last is the version whose texts are shown, "" without one.
func (j judgedBy) last() string {
	if len(j.versions) == 0 {
		return ""
	}
	return j.versions[len(j.versions)-1]
}

// policyOf is what the pack says of a policy, as of its newest verdict.
func (r *reporter) policyOf(account, pack, policy string) schemas.Policy {
	return r.about[[3]string{pack, r.versions[[3]string{account, pack, policy}].last(), policy}]
}

func wanted(filter []schemas.Severity, s schemas.Severity) bool {
	return len(filter) == 0 || slices.Contains(filter, s)
}

func add(c *schemas.Counts, o schemas.Outcome, n uint64) {
	switch o {
	case schemas.Passed:
		c.Passed += n
	case schemas.Failed:
		c.Failed += n
	case schemas.NotApplicable:
		c.NotApplicable += n
	case schemas.Disabled:
		c.Disabled += n
	case schemas.Unknown:
		c.Unknown += n
	default:
		c.Errored += n
	}
}

func (r *reporter) policy(account, pack, policy string, about schemas.Policy) *schemas.PolicyReport {
	pk := [2]string{account, pack}
	if r.packs[pk] == nil {
		r.packs[pk] = &schemas.PackReport{Pack: pack, Version: strings.Join(r.versions[[3]string{account, pack, ""}].versions, ", "), Local: schemas.IsLocal(pack)}
	}
	k := [3]string{account, pack, policy}
	if r.policies[k] == nil {
		r.policies[k] = &schemas.PolicyReport{
			Policy: policy, Title: about.DisplayName, Severity: about.Severity, Level: about.Level,
			Controls: about.Controls, RemediationSteps: about.RemediationSteps,
		}
	}
	return r.policies[k]
}

// finish sums up and sorts the reports of accounts.
func (r *reporter) finish() map[string]schemas.AccountReport {
	for k, p := range r.policies {
		pack, account := r.packs[[2]string{k[0], k[1]}], r.accounts[k[0]]
		pack.Policies = append(pack.Policies, *p)
		pack.Counts = pack.Counts.Plus(p.Counts)
		if !pack.Local || pack.Pack == r.q.Pack {
			account.Counts = account.Counts.Plus(p.Counts)
			r.score(account, k, p.Counts)
		}
	}
	for k, p := range r.packs {
		p.Score, p.Coverage = p.Counts.Score(), p.Counts.Coverage()
		slices.SortFunc(p.Policies, func(a, b schemas.PolicyReport) int {
			return cmp.Or(cmp.Compare(b.Counts.Failed, a.Counts.Failed), cmp.Compare(b.Severity.Rank(), a.Severity.Rank()), strings.Compare(a.Policy, b.Policy))
		})
		r.accounts[k[0]].Packs = append(r.accounts[k[0]].Packs, *p)
	}
	out := make(map[string]schemas.AccountReport, len(r.accounts))
	for id, a := range r.accounts {
		a.Score, a.Coverage = a.Counts.Score(), a.Counts.Coverage()
		a.Scores.Results = a.Counts.ResultScore()
		slices.SortFunc(a.Packs, func(x, y schemas.PackReport) int { return strings.Compare(x.Pack, y.Pack) })
		out[id] = *a
	}
	return out
}

// reportOfAll names and sorts accounts, and adds up their scores.
func reportOfAll(names map[string]string, accounts map[string]schemas.AccountReport, asOf time.Time) schemas.Report {
	out := schemas.Report{AsOf: asOf, Accounts: make([]schemas.AccountReport, 0, len(accounts))}
	total := schemas.NoScores()
	for id, a := range accounts {
		a.Account = names[id]
		total = total.Plus(*a.Scores)
		out.Accounts = append(out.Accounts, a)
	}
	slices.SortFunc(out.Accounts, func(a, b schemas.AccountReport) int {
		return cmp.Or(strings.Compare(a.Account, b.Account), strings.Compare(string(a.AccountID), string(b.AccountID)))
	})
	if len(out.Accounts) > 0 {
		out.Scores = &total
	}
	return out
}

// score counts one enforced policy in the scores of its account.
func (r *reporter) score(a *schemas.AccountReport, k [3]string, c schemas.Counts) {
	groups := max(1, r.rec.Enforced[schemas.AccountID(k[0])][k[1]])
	policies, hub := c.PolicyScores(uint64(groups))
	a.Scores.Policies, a.Scores.SecurityHub = a.Scores.Policies.Plus(policies), a.Scores.SecurityHub.Plus(hub)
	if !c.Enabled() {
		return
	}
	a.Judged.Policies++
	if c.Unknown+c.Errored > 0 {
		a.Judged.Unknown++
	} else {
		a.Judged.Judged++
	}
}
