package sink

import (
	"context"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// Unread streams which facets that were not read policies of published packs need of
// which resources, ordered by resource.
func (s *Store) Unread(ctx context.Context, a schemas.AccountID, fn func(schemas.Unread) error) error {
	return s.query(ctx, "list what was not read", `SELECT DISTINCT type, region, id, pack, call FROM @db.verdicts FINAL
		ARRAY JOIN gap_outcome AS outcome, gap_call AS call, gap_reason AS reason
		WHERE account_id = ? AND notEmpty(unknown) AND outcome = ? AND reason = ? AND call != ''
		ORDER BY type, region, id, pack, call`,
		[]any{string(a), string(schemas.Unknown), reasonOf(schemas.UnknownPath{State: schemas.FacetNotRead})}, func(r driver.Rows) error {
			var u schemas.Unread
			if err := r.Scan(&u.Type, &u.Region, &u.ID, &u.Pack, &u.Call); err != nil || schemas.IsLocal(u.Pack) {
				return err
			}
			return fn(u)
		})
}
