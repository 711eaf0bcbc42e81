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
	list := []schemas.Violation{row.listed(rec)}
	if err := s.sighted(ctx, list); err != nil {
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

// findingRow finds the key of a finding by the index on its id, and then reads
// the row by its key.
func (s *Store) findingRow(ctx context.Context, finding string, rec schemas.Record) (*listedRow, error) {
	condition := "finding = ?"
	if len(finding) < len(schemas.FindingID("", schemas.Key{}, "", "")) {
		condition = "startsWith(finding, ?)"
	}
	type key struct{ account, canonical, region, id, pack, policy, finding string }
	var keys []key
	err := s.query(ctx, "find a violation", "SELECT DISTINCT account_id, canonical, region, id, pack, policy, finding FROM @db.violations WHERE "+condition+" LIMIT 2",
		[]any{finding}, func(r driver.Rows) error {
			var k key
			defer func() { keys = append(keys, k) }()
			return r.Scan(&k.account, &k.canonical, &k.region, &k.id, &k.pack, &k.policy, &k.finding)
		})
	if err != nil {
		return nil, err
	}
	if len(keys) > 1 {
		return nil, schemas.Errorf(schemas.CodeConflict, "several findings begin with %q: %s and %s", finding, keys[0].finding, keys[1].finding).
			WithHint("Give more of it.")
	}
	var row *listedRow
	if len(keys) == 1 {
		k, w := keys[0], &where{}
		w.add("account_id = ? AND canonical = ? AND region = ? AND id = ? AND pack = ? AND policy = ? AND state != ''", k.account, k.canonical, k.region, k.id, k.pack, k.policy)
		l := listing{w: w, outer: &where{}, rec: rec, ids: []string{k.account}}
		err = s.query(ctx, "read a violation", s.sql(l.statement()), l.args(), func(r driver.Rows) error {
			row = new(listedRow)
			return r.ScanStruct(row)
		})
	}
	if err == nil && row == nil {
		err = schemas.Errorf(schemas.CodeNotFound, "there is no finding %q", finding).WithHint("See 'insights violations'; its JSON has the ids whole.")
	}
	return row, err
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
