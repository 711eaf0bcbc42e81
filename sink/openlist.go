package sink

import (
	"context"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// openRow is an open violation, or its end, as the table of the open ones has it.
type openRow struct {
	Rank string `ch:"rank"`
	violationRow
	Gone uint8 `ch:"gone"`
}

// severityRank is the severity of a row of violations as a text that sorts.
const severityRank = "toString(transform(severity, ['low', 'medium', 'high', 'critical'], [3, 2, 1, 0], 4))"

// rankOf is the same of a severity.
func rankOf(s schemas.Severity) string { return string(rune('4' - s.Rank())) }

// ranksOf are the same of several.
func ranksOf(list []schemas.Severity) []string {
	ranks := make([]string, len(list))
	for i, severity := range list {
		ranks[i] = rankOf(severity)
	}
	return ranks
}

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
	return openRow{Rank: rank, violationRow: *v, Gone: gone}
}

// inOpenTable tells whether a list of violations is about what is open now, which
// has a table of its own.
func inOpenTable(q schemas.ViolationQuery) bool {
	open := len(q.State) == 0 || len(q.State) == 1 && q.State[0] == schemas.ViolationOpen
	return open && q.AsOf.IsZero() && q.Scan == "" && len(q.Cause) == 0
}

// inOpenOrder tells whether it is also in the order of that table, and about
// nothing that changes within one of its places but the type.
func inOpenOrder(q schemas.ViolationQuery) bool {
	return inOpenTable(q) && q.Sort == "severity" && q.Waived == "" && !q.Reopened && !triages(q)
}

// openFilter keeps rows of the table of the open ones, old ones among them.
func openFilter(q schemas.ViolationQuery) *where {
	w := placeFilter(q)
	if len(q.Severity) > 0 {
		w.add("rank IN ?", ranksOf(q.Severity))
	}
	if q.Type != "" {
		w.add("canonical = ?", schemas.CanonicalType(q.Type))
	}
	if q.Reopened {
		w.add("reopened > 0")
	}
	return w
}

// openRows are the rows of a page in the order of the table of the open ones.
func (s *Store) openRows(ctx context.Context, q schemas.ViolationQuery, rec schemas.Record, ids []string, p *pager) ([]*listedRow, error) {
	type row struct {
		openRow
		Waiver string `ch:"waiver"`
	}
	w := openFilter(q)
	if _, err := s.nearAccounts(ctx, w, ids); err != nil {
		return nil, err
	}
	mine := those(ids)
	some, err := s.ofPolicies(ctx, w, q)
	if err != nil || !some {
		return nil, err
	}
	p.order = openKey
	p.resume(w)
	waiver, args := waived(rec, ids, false)
	statement := "SELECT " + columnsOf(new(openRow)) + ", " + waiver + " AS waiver FROM @db.open_violations WHERE " + w.String()
	args = append(args, w.args...)
	rows, err := livePage(p, p.limit+p.limit/4+2, func(tail string) (rows []*row, err error) {
		err = s.query(ctx, "list open violations", statement+tail+" SETTINGS max_threads = 1", args, func(r driver.Rows) error {
			row := new(row)
			rows = append(rows, row)
			return r.ScanStruct(row)
		})
		return rows, err
	}, func(r *row) bool { // of alias twins the newest counts, which is known when all rows of the place are
		return r.Gone == 0 && mine(r.AccountID) && (q.Type == "" || r.Type == q.Type)
	})
	list := make([]*listedRow, len(rows))
	for i, r := range rows {
		list[i] = &listedRow{violationRow: r.violationRow, Waiver: r.Waiver}
	}
	return list, err
}

func (r *openRow) place() []string {
	return []string{r.Rank, r.AccountID, r.Canonical, r.Region, r.ID, r.Pack, r.Policy}
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
