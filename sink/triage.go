package sink

import (
	"context"
	"slices"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/insights-scanner/insights-scanner/schemas"
)

type triageRow struct {
	AccountID string    `ch:"account_id"`
	Finding   string    `ch:"finding"`
	Number    uint32    `ch:"number"`
	Status    string    `ch:"status"`
	Priority  string    `ch:"priority"`
	Assignee  string    `ch:"assignee"`
	Note      string    `ch:"note"`
	By        string    `ch:"by"`
	At        time.Time `ch:"at"`
}

// MirrorTriage keeps every change of a finding's triage. It may be repeated.
func (s *Store) MirrorTriage(ctx context.Context, r schemas.TriageRecord) error {
	return insert(ctx, s, "triage", triageRows(r))
}

func triageRows(r schemas.TriageRecord) []triageRow {
	rows := make([]triageRow, len(r.Changes))
	for i, c := range r.Changes {
		rows[i] = triageRow{
			AccountID: string(r.AccountID), Finding: r.Finding, Number: uint32(i + 1), Status: string(c.Status), Priority: string(c.Priority),
			Assignee: c.Assignee, Note: c.Note, By: c.By, At: stored(c.At),
		}
	}
	return rows
}

// triageBlock is how many rows are written at once.
const triageBlock = 10000

// RemirrorTriage makes the mirror what the record is, whatever it held: after a
// restore, or a change that could not be mirrored. all gives every record.
func (s *Store) RemirrorTriage(ctx context.Context, all func(context.Context, func(schemas.TriageRecord) error) error) error {
	var want []triageRow
	err := all(ctx, func(r schemas.TriageRecord) error {
		want = append(want, triageRows(r)...)
		return nil
	})
	if err != nil {
		return err
	}
	wrong, missing, err := s.compareTriage(ctx, want)
	if err != nil {
		return err
	}
	// Row by row: who reads meanwhile finds all that was right.
	for some := range slices.Chunk(wrong, 1000) {
		var keys []clickhouse.GroupSet
		for _, r := range some {
			keys = append(keys, clickhouse.GroupSet{Value: []any{r.AccountID, r.Finding, r.Number}})
		}
		if err := s.exec(ctx, "mend the mirror of triage", "DELETE FROM @db.triage WHERE (account_id, finding, number) IN (?)", keys); err != nil {
			return err
		}
	}
	for some := range slices.Chunk(missing, triageBlock) {
		if err := insert(ctx, s, "triage", some); err != nil {
			return err
		}
	}
	return nil
}

// compareTriage tells which rows of the mirror the record does not have, and which
// of the record's the mirror does not.
func (s *Store) compareTriage(ctx context.Context, want []triageRow) (wrong, missing []triageRow, err error) {
	wanted, have := map[triageRow]bool{}, map[triageRow]bool{}
	for _, row := range want {
		wanted[row] = true
	}
	err = s.query(ctx, "read triage", "SELECT "+columnsOf(new(triageRow))+" FROM @db.triage FINAL", nil, func(r driver.Rows) error {
		var row triageRow
		err := r.ScanStruct(&row)
		row.At = row.At.UTC()
		if have[row] = true; !wanted[row] {
			wrong = append(wrong, row)
		}
		return err
	})
	for _, row := range want {
		if !have[row] {
			missing = append(missing, row)
		}
	}
	return wrong, missing, err
}
