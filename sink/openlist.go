package sink

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strconv"
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
	keys, err := s.openKeys(ctx, q, ids, p)
	if err != nil || len(keys) == 0 {
		return nil, false, err
	}
	accounts, tuples, args := map[string]bool{}, []string{}, []any{}
	for _, key := range keys {
		accounts[key[1]] = true
		tuples = append(tuples, "(?, ?, ?, ?, ?, ?)")
		for _, v := range key[1:] {
			args = append(args, v)
		}
	}
	w = &where{}
	w.add("account_id IN ?", slices.Sorted(maps.Keys(accounts)))
	w.add("(account_id, canonical, region, id, pack, policy) IN ("+strings.Join(tuples, ", ")+")", args...)
	w.add("state = 'open'") // what ended between the two questions is left out
	return w, true, nil
}

// openKeys are the keys of a page. FINAL would read all that the conditions keep;
// without it, and in the order of the table, reading ends with the page. Of the
// rows of a key, which stand side by side, the newest counts. When too many have
// ended it is read again, twice as far.
func (s *Store) openKeys(ctx context.Context, q schemas.ViolationQuery, ids []string, p *pager) ([][]string, error) {
	token := q.Type
	q.Type = "" // of alias twins the newest counts, which is known when all rows of the key are
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
	for read := 2 * (p.limit + 1); ; read *= 2 {
		rows, err := s.openRows(ctx, w, read)
		if err != nil {
			return nil, err
		}
		whole := len(rows) < read
		var live [][]string
		for len(rows) > 0 {
			key := rows[0].key()
			n := slices.IndexFunc(rows, func(r openRow) bool { return !slices.Equal(r.key(), key) })
			if n < 0 {
				n = len(rows)
				if !whole {
					break // there may be more of this key
				}
			}
			newest := slices.MaxFunc(rows[:n], func(a, b openRow) int {
				return cmp.Or(cmp.Compare(a.Version, b.Version), cmp.Compare(a.Revision, b.Revision), cmp.Compare(a.Attempt, b.Attempt))
			})
			if newest.Gone == 0 && (token == "" || newest.Type == token) {
				live = append(live, key)
			}
			rows = rows[n:]
		}
		if whole || len(live) > p.limit {
			return slices.DeleteFunc(live, p.full), nil
		}
	}
}

func (s *Store) openRows(ctx context.Context, w *where, limit int) (out []openRow, err error) {
	statement := "SELECT " + columnsOf(new(openRow)) + " FROM @db.open_violations WHERE " + w.String() + " ORDER BY " + strings.Join(openKey, ", ") + " LIMIT " + strconv.Itoa(limit)
	err = s.query(ctx, "list open violations", statement, w.args, func(r driver.Rows) error {
		var row openRow
		defer func() { out = append(out, row) }()
		return r.ScanStruct(&row)
	})
	return out, err
}

// key is the row's place in the order of the table.
func (r *openRow) key() []string {
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
