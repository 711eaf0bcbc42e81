package sink

import (
	"context"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/insights-scanner/insights-scanner/schemas"
)

type keptRow struct {
	Name  string    `ch:"name"`
	Since time.Time `ch:"since"`
}

// Kept is from when on the past is known whole; before that, single rows may still
// be there, and prove nothing.
func (s *Store) Kept(ctx context.Context) (schemas.Kept, error) {
	days, err := s.keptHistory(ctx)
	if err != nil {
		return schemas.Kept{}, err
	}
	since := map[string]time.Time{}
	err = s.query(ctx, "read since when tables are kept", "SELECT name, since FROM @db.kept_since FINAL", nil, func(r driver.Rows) error {
		var row keptRow
		defer func() { since[row.Name] = row.Since.UTC() }()
		return r.ScanStruct(&row)
	})
	if err != nil {
		return schemas.Kept{}, err
	}
	of := func(table string) time.Time {
		if at := leftBefore(time.Now(), days[table]); at.After(since[table]) {
			return at
		}
		return since[table]
	}
	return schemas.Kept{Events: of("violation_events"), Versions: of("resource_versions")}, err
}

// leftBefore is what rows may have left at now that are kept for days; zero: none.
func leftBefore(now time.Time, days schemas.Days) time.Time {
	if days <= 0 {
		return time.Time{}
	}
	return now.UTC().AddDate(0, 0, -int(days))
}

// remember notes what has left a table that is kept for days until now, before it
// is kept for longer.
func (s *Store) remember(ctx context.Context, table string, days schemas.Days) error {
	if at := leftBefore(time.Now(), days); !at.IsZero() {
		return insert(ctx, s, "kept_since", []keptRow{{Name: table, Since: stored(at)}})
	}
	return nil
}
