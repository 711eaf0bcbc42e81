package sink

import (
	"context"

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

// inOpenTable tells whether all that a list of violations is about is in the table
// of the open ones.
func inOpenTable(q schemas.ViolationQuery) bool {
	open := len(q.State) == 0 || len(q.State) == 1 && q.State[0] == schemas.ViolationOpen
	return open && q.Sort != "firstSeen" && q.AsOf.IsZero() && q.Scan == "" && len(q.Cause) == 0 && !q.Reopened && !triages(q)
}

// inOpenOrder tells whether it is also in the order of that table, and about
// nothing that changes within one of its places but the type.
func inOpenOrder(q schemas.ViolationQuery) bool {
	return inOpenTable(q) && q.Sort == "severity" && !q.Desc && q.Waived == ""
}

// openKeys are the keys of a page in the order of the table of the open ones.
func (s *Store) openKeys(ctx context.Context, q schemas.ViolationQuery, _ schemas.Record, ids []string, p *pager) ([]findingKey, error) {
	token := q.Type
	q.Type = "" // of alias twins the newest counts, which is known when all rows of the place are
	w := violationFilter(q)
	if len(q.Severity) > 0 {
		ranks := make([]string, len(q.Severity))
		for i, severity := range q.Severity {
			ranks[i] = rankOf(severity)
		}
		w.add("rank IN ?", ranks)
	}
	if token != "" {
		w.add("canonical = ?", schemas.CanonicalType(token))
	}
	if len(ids) > 0 {
		w.add("account_id IN ?", ids)
	}
	p.order = openKey
	p.resume(w)
	rows, err := livePage(p, func(tail string) (rows []*openRow, err error) {
		err = s.query(ctx, "list open violations", "SELECT "+columnsOf(new(openRow))+" FROM @db.open_violations WHERE "+w.String()+tail, w.args, func(r driver.Rows) error {
			row := new(openRow)
			rows = append(rows, row)
			return r.ScanStruct(row)
		})
		return rows, err
	}, func(r *openRow) bool { return r.Gone == 0 && (token == "" || r.Type == token) })
	keys := make([]findingKey, len(rows))
	for i, r := range rows {
		keys[i] = findingKey{r.AccountID, r.Canonical, r.Region, r.ID, r.Pack, r.Policy}
	}
	return keys, err
}

func (r *openRow) place() []string {
	return []string{r.Rank, r.AccountID, r.Canonical, r.Region, r.ID, r.Pack, r.Policy}
}

func (r *openRow) order() schemas.Order {
	return schemas.Order{Version: r.Version, Revision: r.Revision, Attempt: r.Attempt}
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
