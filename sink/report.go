package sink

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// where collects conditions and their bound values.
type where struct {
	parts []string
	args  []any
}

func (w *where) add(condition string, args ...any) {
	w.parts = append(w.parts, condition)
	w.args = append(w.args, args...)
}

func (w *where) String() string {
	if len(w.parts) == 0 {
		return "1"
	}
	return strings.Join(w.parts, " AND ")
}

// reporter builds a report account by account.
type reporter struct {
	s        *Store
	q        schemas.ReportQuery
	ids      []string
	accounts map[string]*schemas.AccountReport
	packs    map[[2]string]*schemas.PackReport   // account, pack
	policies map[[3]string]*schemas.PolicyReport // account, pack, policy
	about    map[[3]string]schemas.Policy        // pack, version, policy
	versions map[[3]string]judgedBy              // account, pack, policy or "" for the newest of all
}

// judgedBy is the version of a pack that gave the newest verdict. While an
// account is judged anew, some verdicts are still of an older one.
type judgedBy struct {
	version  string
	revision uint64
}

// Report counts verdicts of live resources: scores with coverage, open
// violations, what could not be judged and why, scopes that are not complete.
func (s *Store) Report(ctx context.Context, q schemas.ReportQuery) (schemas.Report, error) {
	names, err := s.accountNames(ctx, q.Accounts)
	if err != nil {
		return schemas.Report{}, err
	}
	r := &reporter{
		s: s, q: q, accounts: map[string]*schemas.AccountReport{}, packs: map[[2]string]*schemas.PackReport{},
		policies: map[[3]string]*schemas.PolicyReport{}, about: map[[3]string]schemas.Policy{}, versions: map[[3]string]judgedBy{},
	}
	for id, name := range names {
		r.ids = append(r.ids, id)
		r.accounts[id] = &schemas.AccountReport{
			AccountID: schemas.AccountID(id), Account: name, Open: map[schemas.Severity]uint64{}, Packs: []schemas.PackReport{},
		}
	}
	if len(names) == 0 {
		return r.finish(), nil
	}
	for _, step := range []func(context.Context) error{r.resources, r.metadata, r.counts, r.open, r.gaps, r.scopes, r.scans} {
		if err := step(ctx); err != nil {
			return schemas.Report{}, err
		}
	}
	return r.finish(), nil
}

func (r *reporter) resources(ctx context.Context) error {
	return r.s.query(ctx, "count resources", "SELECT account_id, count() FROM @db.resources FINAL WHERE account_id IN ? AND NOT tombstone GROUP BY account_id",
		[]any{r.ids}, func(rows driver.Rows) error {
			var id string
			var n uint64
			if err := rows.Scan(&id, &n); err != nil {
				return err
			}
			r.accounts[id].Resources = n
			return nil
		})
}

// metadata reads what packs say of their policies.
func (r *reporter) metadata(ctx context.Context) error {
	return r.s.query(ctx, "read policies", "SELECT pack, version, policy, document FROM @db.policies FINAL", nil, func(rows driver.Rows) error {
		var k [3]string
		var doc string
		if err := rows.Scan(&k[0], &k[1], &k[2], &doc); err != nil {
			return err
		}
		var p schemas.Policy
		if err := json.Unmarshal([]byte(doc), &p); err != nil {
			return err
		}
		r.about[k] = p
		return nil
	})
}

// counted is how many resources a policy says one thing of.
type counted struct {
	account, pack, policy string
	outcome               schemas.Outcome
	n                     uint64
}

func (r *reporter) counts(ctx context.Context) error {
	w := r.judging()
	var all []counted
	err := r.s.query(ctx, "count verdicts", "SELECT account_id, pack, argMax(pack_version, revision), max(revision), policy, toString(outcome), count() FROM ("+
		outcomes+" WHERE "+w.String()+") GROUP BY account_id, pack, policy, outcome", w.args, func(rows driver.Rows) error {
		var c counted
		var by judgedBy
		var outcome string
		if err := rows.Scan(&c.account, &c.pack, &by.version, &by.revision, &c.policy, &outcome, &c.n); err != nil {
			return err
		}
		c.outcome = schemas.Outcome(outcome)
		all = append(all, c)
		for _, policy := range []string{"", c.policy} {
			k := [3]string{c.account, c.pack, policy}
			if have, ok := r.versions[k]; !ok || by.revision > have.revision {
				r.versions[k] = by
			}
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

// judging are the verdicts and violations that the report is about.
func (r *reporter) judging() *where {
	w := &where{}
	w.add("account_id IN ?", r.ids)
	if r.q.Pack != "" {
		w.add("pack = ?", r.q.Pack)
	}
	return w
}

// policyOf is what the pack says of a policy, as of its newest verdict.
func (r *reporter) policyOf(account, pack, policy string) schemas.Policy {
	return r.about[[3]string{pack, r.versions[[3]string{account, pack, policy}].version, policy}]
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
		r.packs[pk] = &schemas.PackReport{Pack: pack, Version: r.versions[[3]string{account, pack, ""}].version}
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

func (r *reporter) open(ctx context.Context) error {
	w := r.judging()
	w.add("state = 'open'")
	return r.s.query(ctx, "count violations", "SELECT account_id, severity, count() FROM @db.violations FINAL WHERE "+w.String()+" GROUP BY account_id, severity", w.args,
		func(rows driver.Rows) error {
			var account, severity string
			var n uint64
			if err := rows.Scan(&account, &severity, &n); err != nil {
				return err
			}
			if wanted(r.q.Severity, schemas.Severity(severity)) {
				r.accounts[account].Open[schemas.Severity(severity)] = n
			}
			return nil
		})
}

func (r *reporter) gaps(ctx context.Context) error {
	w := r.judging()
	return r.s.query(ctx, "group gaps", `SELECT account_id, pack, policy, outcome, reason, call, count(), min((region, type, id))
		FROM (SELECT account_id, pack, region, type, id, policy, outcome, call, reason FROM @db.verdicts FINAL
			ARRAY JOIN gap_policy AS policy, gap_outcome AS outcome, gap_call AS call, gap_reason AS reason WHERE `+w.String()+`)
		GROUP BY account_id, pack, policy, outcome, reason, call
		ORDER BY count() DESC, pack, policy, outcome, reason, call`, w.args, func(rows driver.Rows) error {
		var account, outcome string
		var example []any
		var g schemas.Gap
		if err := rows.Scan(&account, &g.Pack, &g.Policy, &outcome, &g.Reason, &g.Call, &g.Resources, &example); err != nil {
			return err
		}
		g.Outcome = schemas.Outcome(outcome)
		g.Example = schemas.Key{Region: text(example, 0), Type: text(example, 1), ID: text(example, 2)}
		if wanted(r.q.Severity, r.policyOf(account, g.Pack, g.Policy).Severity) {
			r.accounts[account].Gaps = append(r.accounts[account].Gaps, g)
		}
		return nil
	})
}

func text(tuple []any, i int) string {
	if i < len(tuple) {
		if s, ok := tuple[i].(string); ok {
			return s
		}
	}
	return ""
}

// scopes lists those whose newest attempt is not complete and that are in scope.
func (r *reporter) scopes(ctx context.Context) error {
	return r.s.query(ctx, "read scopes", `SELECT e.account_id, e.scope_region, e.type, e.route, e.state, e.call, e.reason, e.seen, e.scan, e.at
		FROM (SELECT * FROM @db.scope_ends FINAL WHERE account_id IN ?) e
		LEFT JOIN (SELECT * FROM @db.scope_closes FINAL WHERE account_id IN ?) c USING (account_id, type, scope_region, route)
		WHERE e.state != 'complete' AND NOT (c.cause = ? AND c.seq > e.seq)
		ORDER BY e.scope_region, e.type, e.route`, []any{r.ids, r.ids, string(schemas.FixOutOfScope)}, func(rows driver.Rows) error {
		var account, state string
		var g schemas.ScopeGap
		if err := rows.Scan(&account, &g.Region, &g.Type, &g.Route, &state, &g.Call, &g.Reason, &g.Seen, &g.Scan, &g.At); err != nil {
			return err
		}
		g.State, g.At = schemas.ScopeState(state), read(g.At)
		r.accounts[account].Scopes = append(r.accounts[account].Scopes, g)
		return nil
	})
}

func (r *reporter) scans(ctx context.Context) error {
	return r.s.query(ctx, "read scans", "SELECT account_id, argMax(document, started_at) FROM @db.scans FINAL WHERE account_id IN ? GROUP BY account_id", []any{r.ids},
		func(rows driver.Rows) error {
			var account, doc string
			if err := rows.Scan(&account, &doc); err != nil {
				return err
			}
			return json.Unmarshal([]byte(doc), &r.accounts[account].LastScan)
		})
}

// finish sums up and sorts.
func (r *reporter) finish() schemas.Report {
	for k, p := range r.policies {
		pack, account := r.packs[[2]string{k[0], k[1]}], r.accounts[k[0]]
		pack.Policies = append(pack.Policies, *p)
		for _, total := range []*schemas.Counts{&pack.Counts, &account.Counts} {
			sum(total, p.Counts)
		}
	}
	for k, p := range r.packs {
		p.Score, p.Coverage = p.Counts.Score(), p.Counts.Coverage()
		slices.SortFunc(p.Policies, func(a, b schemas.PolicyReport) int {
			return cmp.Or(cmp.Compare(b.Counts.Failed, a.Counts.Failed), cmp.Compare(b.Severity.Rank(), a.Severity.Rank()), strings.Compare(a.Policy, b.Policy))
		})
		r.accounts[k[0]].Packs = append(r.accounts[k[0]].Packs, *p)
	}
	out := schemas.Report{Accounts: []schemas.AccountReport{}}
	for _, a := range r.accounts {
		a.Score, a.Coverage = a.Counts.Score(), a.Counts.Coverage()
		slices.SortFunc(a.Packs, func(x, y schemas.PackReport) int { return strings.Compare(x.Pack, y.Pack) })
		out.Accounts = append(out.Accounts, *a)
	}
	slices.SortFunc(out.Accounts, func(a, b schemas.AccountReport) int {
		return cmp.Or(strings.Compare(a.Account, b.Account), strings.Compare(string(a.AccountID), string(b.AccountID)))
	})
	return out
}

func sum(total *schemas.Counts, c schemas.Counts) {
	total.Passed += c.Passed
	total.Failed += c.Failed
	total.NotApplicable += c.NotApplicable
	total.Unknown += c.Unknown
	total.Errored += c.Errored
	total.Disabled += c.Disabled
}
