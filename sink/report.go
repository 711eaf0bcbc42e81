package sink

import (
	"context"
	"encoding/json"
	"maps"
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

// among keeps the rows whose columns have the values of one of the tuples.
func (w *where) among(columns string, tuples [][]string) {
	list, args := make([]string, len(tuples)), make([]any, 0, len(tuples))
	for i, t := range tuples {
		list[i] = "(?" + strings.Repeat(", ?", len(t)-1) + ")"
		for _, v := range t {
			args = append(args, v)
		}
	}
	w.add("("+columns+") IN ("+strings.Join(list, ", ")+")", args...)
}

// near keeps the rows of keys, and perhaps a few of other ones that are made of their parts:
// who asks skips these. Each key begins with its account; the accounts are returned. Column by
// column the index understands it, and rows are quickly compared. That leaves granules of other
// combinations; of a page of keys of several accounts the tuples spare them.
func (w *where) near(columns []string, keys [][]string) (accounts []string) {
	for n, column := range columns {
		parts := make([]string, len(keys))
		for i, k := range keys {
			parts[i] = k[n]
		}
		slices.Sort(parts)
		parts = slices.Compact(parts)
		w.add(column+" IN ?", parts)
		if n == 0 {
			accounts = parts
		}
	}
	if len(accounts) > 1 && len(keys) <= maxKeys {
		w.among(strings.Join(columns, ", "), keys)
	}
	return accounts
}

// enforcedOnly leaves out local packs, whose names alone have this mark.
const enforcedOnly = "position(pack, '@local') = 0"

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
	rec      schemas.Record
	ids      []string
	accounts map[string]*schemas.AccountReport
	packs    map[[2]string]*schemas.PackReport   // account, pack
	policies map[[3]string]*schemas.PolicyReport // account, pack, policy
	about    map[[3]string]schemas.Policy        // pack, version, policy
	versions map[[3]string]judgedBy              // account, pack, policy or "" for the newest of all
	newest   map[[2]string]schemas.Policy        // pack, policy: as recorded last
}

// judgedBy are the versions of a pack that gave the newest verdicts, sorted:
// several when other ones apply to children of the account. While an account is
// judged anew, some verdicts are still of an older one.
type judgedBy struct {
	versions []string
	revision uint64
}

// Report counts verdicts of live resources: scores with coverage, open
// violations, what could not be judged and why, scopes that are not complete.
// Of the present it is kept by account until something changes.
func (s *Store) Report(ctx context.Context, q schemas.ReportQuery, rec schemas.Record) (schemas.Report, error) {
	names, err := s.accountNames(ctx, q.Accounts)
	if err != nil || len(names) == 0 {
		return reportOfAll(names, nil, q.AsOf), err
	}
	count := func(ctx context.Context, ids []string) (map[string]schemas.AccountReport, error) {
		return s.countReports(ctx, q, rec, ids)
	}
	ids := slices.Collect(maps.Keys(names))
	var accounts map[string]schemas.AccountReport
	if q.AsOf.IsZero() {
		accounts, err = answers(ctx, s, ids, reportQuestion(q, rec, today()), count)
	} else {
		accounts, err = inParts(ctx, ids, count)
	}
	if err != nil {
		return schemas.Report{}, err
	}
	return reportOfAll(names, accounts, q.AsOf), nil
}

// countReports counts the reports of accounts anew.
func (s *Store) countReports(ctx context.Context, q schemas.ReportQuery, rec schemas.Record, ids []string) (map[string]schemas.AccountReport, error) {
	r := &reporter{
		s: s, q: q, rec: rec, ids: ids, accounts: map[string]*schemas.AccountReport{}, packs: map[[2]string]*schemas.PackReport{},
		policies: map[[3]string]*schemas.PolicyReport{}, about: map[[3]string]schemas.Policy{}, versions: map[[3]string]judgedBy{}, newest: map[[2]string]schemas.Policy{},
	}
	for _, id := range ids {
		r.accounts[id] = &schemas.AccountReport{AccountID: schemas.AccountID(id), Open: map[schemas.Severity]uint64{}, Packs: []schemas.PackReport{}, Scores: new(schemas.NoScores())}
	}
	steps := []func(context.Context) error{r.resources, r.metadata, r.counts, r.open, r.compliant, r.gaps, r.reasons, r.scopes, r.fixTimes, r.scans}
	if !q.AsOf.IsZero() {
		steps = []func(context.Context) error{r.metadata, r.countsThen, r.resourcesThen, r.open, r.fixTimes, r.scans}
	}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return nil, err
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
	return r.s.query(ctx, "read policies", "SELECT pack, version, policy, document FROM @db.policies FINAL ORDER BY at, version", nil, func(rows driver.Rows) error {
		var k [3]string
		var doc string
		if err := rows.Scan(&k[0], &k[1], &k[2], &doc); err != nil {
			return err
		}
		var p schemas.Policy
		if err := json.Unmarshal([]byte(doc), &p); err != nil {
			return err
		}
		r.about[k], r.newest[[2]string{k[0], k[2]}] = p, p
		return nil
	})
}

// judging are the verdicts and violations of accounts that the report is about.
func (r *reporter) judging(ids []string) *where {
	w := &where{}
	w.add("account_id IN ?", ids)
	if r.q.Pack != "" {
		w.add("pack = ?", r.q.Pack)
	}
	return w
}

func (r *reporter) gaps(ctx context.Context) error {
	w := r.judging(r.ids)
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
		g.Outcome, g.Local = schemas.Outcome(outcome), schemas.IsLocal(g.Pack)
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
		acc := r.accounts[account]
		if g.State == schemas.ScopeUnsupported {
			acc.Unlisted = append(acc.Unlisted, g)
		} else {
			acc.Scopes = append(acc.Scopes, g)
		}
		return nil
	})
}

// scans finds the last scan of everything: one that was limited or cancelled says
// nothing of the rest of its account.
func (r *reporter) scans(ctx context.Context) error {
	return r.s.query(ctx, "read scans", `SELECT account_id, argMax(document, started_at) FROM @db.scans FINAL
		WHERE account_id IN ? AND NOT JSONHas(document, 'limit') AND state != ? AND ended_at <= fromUnixTimestamp64Micro(?, 'UTC')
		GROUP BY account_id`, []any{r.ids, string(schemas.ScanCancelled), r.until()},
		func(rows driver.Rows) error {
			var account, doc string
			if err := rows.Scan(&account, &doc); err != nil {
				return err
			}
			return json.Unmarshal([]byte(doc), &r.accounts[account].LastScan)
		})
}
