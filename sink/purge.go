package sink

import (
	"context"
	"slices"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// PurgeAccount deletes every row of an account from every table. It may be
// repeated. What is still on its way to the sink is stored afterwards.
func (s *Store) PurgeAccount(ctx context.Context, a schemas.AccountID) error {
	tables, err := s.accountTables(ctx)
	if err != nil {
		return err
	}
	// Marks go first and last: without them nothing that is counted of a part is kept,
	// and what was kept for marks that came meanwhile is of no use.
	tables = slices.Concat([]string{"changes"}, tables, []string{"changes", "kept_reports"})
	for _, t := range tables {
		if err := s.exec(ctx, "delete from "+t, "DELETE FROM @db."+t+" WHERE account_id = ?", string(a)); err != nil {
			return err
		}
	}
	return nil
}

// accountTables are the tables that hold rows of accounts, by name.
func (s *Store) accountTables(ctx context.Context) (tables []string, err error) {
	err = s.query(ctx, "list tables", `SELECT table FROM system.columns WHERE database = ? AND name = 'account_id'
		AND table IN (SELECT name FROM system.tables WHERE database = ? AND engine LIKE '%MergeTree') ORDER BY table`, []any{s.db, s.db},
		func(r driver.Rows) error {
			var name string
			defer func() { tables = append(tables, name) }()
			return r.Scan(&name)
		})
	return tables, err
}
