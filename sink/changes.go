package sink

import (
	"context"
	"math/rand/v2"
	"slices"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/insights-scanner/insights-scanner/schemas"
)

type changeRow struct {
	AccountID string `ch:"account_id"`
	Mark      uint64 `ch:"mark"`
}

// everyAccount has the marks of what concerns all accounts.
const everyAccount schemas.AccountID = ""

// mark gives accounts other marks than they ever had, once rows that reports are
// counted of are written. Not before: a report that sees rows and not yet their mark
// is at worst counted again, but one that saw the mark and not yet the rows would be
// kept without them.
func (s *Store) mark(ctx context.Context, accounts ...schemas.AccountID) error {
	return s.addMark(ctx, rand.Uint64(), accounts...)
}

// addMark adds one random number to the marks of accounts.
func (s *Store) addMark(ctx context.Context, random uint64, accounts ...schemas.AccountID) error {
	rows := make([]changeRow, len(accounts))
	for i, a := range accounts {
		rows[i] = changeRow{string(a), random}
	}
	return insert(ctx, s, "changes", rows)
}

// marked is err of what was written of accounts, or of adding random to their marks: also
// after a failure, for a part may be written.
func (s *Store) marked(ctx context.Context, err error, random uint64, accounts ...schemas.AccountID) error {
	if failed := s.addMark(ctx, random, accounts...); err == nil {
		err = failed
	}
	return err
}

// marks are the present ones of accounts. An account of which nothing was written
// since there are marks has none.
func (s *Store) marks(ctx context.Context, ids []string) (map[string]uint64, error) {
	marks := map[string]uint64{}
	err := s.query(ctx, "read what changed", "SELECT account_id, sum(mark) FROM @db.changes WHERE account_id IN ? GROUP BY account_id",
		[]any{append(slices.Clone(ids), string(everyAccount))}, func(r driver.Rows) error {
			var id string
			var mark uint64
			err := r.Scan(&id, &mark)
			marks[id] = mark
			return err
		})
	all := marks[string(everyAccount)]
	delete(marks, string(everyAccount))
	for id := range marks {
		marks[id] += all
	}
	return marks, err
}
