package sink

import (
	"context"
	"encoding/json"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// Violation is one violation with its whole life, by the id of its finding or
// the beginning of it. CodeNotFound when there is none, CodeConflict when several
// begin so. What a local pack found has no events.
func (s *Store) Violation(ctx context.Context, finding string, rec schemas.Record) (schemas.ViolationDetail, error) {
	out := schemas.ViolationDetail{Events: []schemas.ViolationEvent{}}
	row, err := s.findingRow(ctx, finding, rec)
	if err != nil {
		return out, err
	}
	list := listed([]*listedRow{row}, rec)
	if err := s.complete(ctx, list, rec); err != nil {
		return out, err
	}
	out.Violation = list[0]
	w := &where{}
	w.add("account_id = ?", row.AccountID)
	w.add("finding = ?", row.Finding)
	events, err := s.events(ctx, w)
	if err != nil {
		return out, err
	}
	out.Events = append(out.Events, events...)
	about, err := s.policyOf(ctx, row.Pack, row.PackVersion, row.Policy)
	out.Title, out.RemediationSteps, out.Controls = about.DisplayName, about.RemediationSteps, about.Controls
	return out, err
}

// shortFinding is how many letters of a finding its index knows.
const shortFinding = 8

// nowhere is the place of what is in no list.
const nowhere = "CAST([], 'Array(String)') AS cursor"

// findingRow finds the key of a finding by the index on the beginning of its id, and
// then reads the row by its key.
func (s *Store) findingRow(ctx context.Context, finding string, rec schemas.Record) (*listedRow, error) {
	w := &where{}
	if len(finding) >= shortFinding {
		w.add("left(finding, 8) = ?", finding[:shortFinding])
	}
	w.add("startsWith(finding, ?)", finding)
	var keys []findingKey
	var ids []string
	err := s.query(ctx, "find a violation", "SELECT DISTINCT finding, "+columnsOf(new(findingKey))+" FROM @db.violations WHERE "+w.String()+" LIMIT 2", w.args, func(r driver.Rows) error {
		var row struct {
			findingKey
			Finding string `ch:"finding"`
		}
		defer func() { keys, ids = append(keys, row.findingKey), append(ids, row.Finding) }()
		return r.ScanStruct(&row)
	})
	if err != nil {
		return nil, err
	}
	if len(keys) > 1 {
		return nil, schemas.Errorf(schemas.CodeConflict, "several findings begin with %q: %s and %s", finding, ids[0], ids[1]).
			WithHint("Give more of it.")
	}
	keep := &where{}
	keep.add("state != ?", dropped)
	rows, err := s.violationRows(ctx, keys, keep, nowhere, rec, false)
	if err == nil && len(rows) == 0 {
		err = schemas.Errorf(schemas.CodeNotFound, "there is no finding %q", finding).WithHint("See 'insights violations'; its JSON has the ids whole.")
	}
	if err != nil {
		return nil, err
	}
	return rows[0], nil
}

// policyOf is what a version of a pack says of a policy; nothing when it was
// never recorded.
func (s *Store) policyOf(ctx context.Context, pack, version, policy string) (p schemas.Policy, err error) {
	err = s.query(ctx, "read a policy", "SELECT document FROM @db.policies FINAL WHERE pack = ? AND version = ? AND policy = ?", []any{pack, version, policy},
		func(r driver.Rows) error {
			var doc string
			if err := r.Scan(&doc); err != nil {
				return err
			}
			return json.Unmarshal([]byte(doc), &p)
		})
	return p, err
}
