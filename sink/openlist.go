package sink

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// openRow is an open violation, or its end, as the table of the open ones has it.
type openRow struct {
	Rank      string `ch:"rank"`
	AccountID string `ch:"account_id"`
	Canonical string `ch:"canonical"`
	Region    string `ch:"region"`
	ID        string `ch:"id"`
	Pack      string `ch:"pack"`
	Policy    string `ch:"policy"`
	Account   string `ch:"account"`
	Type      string `ch:"type"`
	Version   uint64 `ch:"version"`
	Revision  uint64 `ch:"revision"`
	Attempt   uint64 `ch:"attempt"`
	Gone      uint8  `ch:"gone"`
}

// severityRank is the severity of a row of violations as a text that sorts.
const severityRank = "toString(transform(severity, ['low', 'medium', 'high', 'critical'], [3, 2, 1, 0], 4))"

// rankOf is the same of a severity.
func rankOf(s schemas.Severity) string { return string(rune('4' - s.Rank())) }

// openKey is the order of the table of the open ones.
var openKey = []string{"rank", "account_id", "canonical", "region", "id", "pack", "policy"}

// listOpen tells the table of the open ones that a finding became row. Its key has
// the severity: with another one, the row of the old must end.
func (f *fold) listOpen(old, row *violationRow) {
	rank := rankOf(schemas.Severity(row.Severity))
	if old != nil && rankOf(schemas.Severity(old.Severity)) != rank {
		f.out.open = append(f.out.open, row.asOpen(rankOf(schemas.Severity(old.Severity)), 1))
	}
	gone := uint8(0)
	if row.State != string(schemas.ViolationOpen) {
		gone = 1
	}
	f.out.open = append(f.out.open, row.asOpen(rank, gone))
}

func (v *violationRow) asOpen(rank string, gone uint8) openRow {
	return openRow{
		Rank: rank, AccountID: v.AccountID, Canonical: v.Canonical, Region: v.Region, ID: v.ID, Pack: v.Pack, Policy: v.Policy,
		Account: v.Account, Type: v.Type, Version: v.Version, Revision: v.Revision, Attempt: v.Attempt, Gone: gone,
	}
}

// asksOpen tells whether a list is of open violations in the order of their table.
func asksOpen(q schemas.ViolationQuery) bool {
	open := len(q.State) == 0 || len(q.State) == 1 && q.State[0] == schemas.ViolationOpen
	return open && q.Sort == "severity" && !q.Desc && q.AsOf.IsZero() && q.Scan == "" && len(q.Cause) == 0 && !q.Reopened && len(triageFilter(q).parts) == 0
}

// openPage finds a page by the table of the open ones and leaves conditions on w
// that keep just its rows; false when there are none.
func (s *Store) openPage(ctx context.Context, q schemas.ViolationQuery, ids []string, p *pager) (w *where, some bool, err error) {
	keys := violationFilter(q)
	if len(q.Severity) > 0 {
		ranks := make([]string, len(q.Severity))
		for i, severity := range q.Severity {
			ranks[i] = rankOf(severity)
		}
		keys.add("rank IN ?", ranks)
	}
	if q.Type != "" {
		keys.add("canonical = ?", schemas.CanonicalType(q.Type))
	}
	if len(ids) > 0 {
		keys.add("account_id IN ?", ids)
	}
	p.order = openKey
	p.resume(keys)
	accounts, tuples, args := map[string]bool{}, []string{}, []any{}
	err = s.query(ctx, "list open violations", "SELECT "+p.columns()+" FROM @db.open_violations FINAL WHERE "+keys.String()+p.tail(), keys.args, func(r driver.Rows) error {
		var key []string
		if err := r.Scan(&key); err != nil || p.full(key) {
			return err
		}
		accounts[key[1]] = true
		tuples = append(tuples, "(?, ?, ?, ?, ?, ?)")
		for _, v := range key[1:] {
			args = append(args, v)
		}
		return nil
	})
	if err != nil || len(tuples) == 0 {
		return nil, false, err
	}
	w = &where{}
	w.add("account_id IN ?", slices.Sorted(maps.Keys(accounts)))
	w.add("(account_id, canonical, region, id, pack, policy) IN ("+strings.Join(tuples, ", ")+")", args...)
	w.add("state = 'open'") // what ended between the two questions is left out
	return w, true, nil
}

// tidyOpen takes away what has ended from the table of the open ones, when that is
// a fifth of it.
func (s *Store) tidyOpen(ctx context.Context) error {
	var ended, all uint64
	err := s.query(ctx, "count ended violations", "SELECT countIf(gone = 1), count() FROM @db.open_violations", nil, func(r driver.Rows) error { return r.Scan(&ended, &all) })
	if err != nil || ended*5 < all || ended == 0 {
		return err
	}
	return s.exec(ctx, "drop ended violations", "OPTIMIZE TABLE @db.open_violations FINAL CLEANUP")
}
