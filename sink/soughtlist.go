package sink

import (
	"context"
	"slices"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// sought is a row of a finding, not always the newest one, that may be on a page.
type sought struct {
	findingKey
	Cursor []string `ch:"cursor"`
	newest *listedRow
}

func (r *sought) place() []string      { return r.Cursor }
func (r *sought) order() schemas.Order { return schemas.Order{} } // those of a place have the same newest row

// soughtRows are the rows of a page in any order. FINAL would read and merge all that the
// conditions keep. Without it the first rows in that order are found, old ones among
// them, and then the newest of their findings, which are on the page where they are kept
// and have the same place.
func (s *Store) soughtRows(ctx context.Context, q schemas.ViolationQuery, rec schemas.Record, ids []string, p *pager) (page []*listedRow, err error) {
	w, table, live := violationFilter(q), "violations", ""
	if inOpenTable(q) {
		w, table, live = openFilter(q), "open_violations", " AND gone = 0"
		if some, err := s.ofPolicies(ctx, w, q); err != nil || !some {
			return nil, err
		}
	}
	if _, err := s.nearAccounts(ctx, w, ids); err != nil {
		return nil, err
	}
	parts, err := s.soughtParts(ctx, q, p)
	if err != nil {
		return nil, err
	}
	mine, keep := those(ids), violationFilter(q)
	for _, part := range parts {
		of := &where{slices.Concat(w.parts, part.parts), slices.Concat(w.args, part.args)}
		part.resume(of)
		part.rows, part.last = p.rows, p.last
		statement := "SELECT " + columnsOf(new(findingKey)) + ", " + p.columns() + " FROM @db." + table + " WHERE " + of.String()
		found, err := livePage(part.pager, p.limit+p.limit/4+2, func(tail string) ([]*sought, error) {
			rows, err := s.seek(ctx, statement+tail, of.args)
			statement += live // few have ended mostly, and to ask for it costs more than a few rows
			if err != nil {
				return nil, err
			}
			return rows, s.newest(ctx, rows, keep, p, rec)
		}, func(r *sought) bool {
			return mine(r.Account) && r.newest != nil && slices.Equal(r.newest.Cursor, r.Cursor)
		})
		if err != nil {
			return nil, err
		}
		for _, r := range found {
			page = append(page, r.newest)
		}
		p.rows, p.last, p.more = part.rows, part.last, part.more
		if p.more {
			break
		}
	}
	return page, nil
}

func (s *Store) seek(ctx context.Context, statement string, args []any) (rows []*sought, err error) {
	err = s.query(ctx, "list violations", statement, args, func(r driver.Rows) error {
		row := new(sought)
		rows = append(rows, row)
		return r.ScanStruct(row)
	})
	return rows, err
}

// newest looks up the newest rows of findings that a filter keeps.
func (s *Store) newest(ctx context.Context, rows []*sought, keep *where, p *pager, rec schemas.Record) error {
	var keys []findingKey
	for _, r := range rows {
		keys = append(keys, r.findingKey)
	}
	kept, err := s.violationRows(ctx, keys, keep, p.columns(), rec, false)
	byKey := make(map[findingKey]*listedRow, len(kept))
	for _, row := range kept {
		byKey[row.key()] = row
	}
	for _, r := range rows {
		r.newest = byKey[r.findingKey]
	}
	return err
}

// soughtPart is a part of a list, read by itself.
type soughtPart struct {
	*pager
	where
}

// soughtParts divide a list into parts of which what is before a page is not read.
func (s *Store) soughtParts(ctx context.Context, q schemas.ViolationQuery, p *pager) ([]soughtPart, error) {
	_, led := openLeads[q.Sort]
	switch {
	case q.Sort == "severity":
		return severityParts(q, p), nil
	case led && inOpenTable(q):
		return s.openParts(ctx, q, p)
	}
	return []soughtPart{{pager: p}}, nil
}

// severityParts divide a list by severity: in the rest of its order is the table of all
// violations.
func severityParts(q schemas.ViolationQuery, p *pager) (parts []soughtPart) {
	ranks := []string{"0", "1", "2", "3", "4"}
	if len(q.Severity) > 0 {
		ranks = ranksOf(q.Severity)
	}
	slices.Sort(ranks)
	if p.desc {
		slices.Reverse(ranks)
	}
	for _, rank := range slices.Compact(ranks) {
		of := *p
		of.order, of.after = p.order[1:], nil
		if p.after != nil {
			if rank == p.after[0] {
				of.after = p.after[1:]
			} else if rank > p.after[0] == p.desc {
				continue
			}
		}
		part := soughtPart{pager: &of}
		part.add(severityRank+" = ?", rank)
		parts = append(parts, part)
	}
	return parts
}
