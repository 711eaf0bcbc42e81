package sink

import (
	"context"
	"time"

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
	have := map[triageRow]bool{}
	err = s.query(ctx, "read triage", "SELECT "+columnsOf(new(triageRow))+" FROM @db.triage FINAL", nil, func(r driver.Rows) error {
		var row triageRow
		err := r.ScanStruct(&row)
		row.At = row.At.UTC()
		have[row] = true
		return err
	})
	if err != nil {
		return err
	}
	missing := want[:0:0]
	for _, row := range want {
		if !have[row] {
			missing = append(missing, row)
		}
	}
	if len(missing) == 0 && len(have) == len(want) {
		return nil
	}
	if len(have)+len(missing) > len(want) { // it holds what the record does not
		if err := s.exec(ctx, "empty the mirror of triage", "TRUNCATE TABLE @db.triage"); err != nil {
			return err
		}
		missing = want
	}
	for len(missing) > 0 {
		n := min(len(missing), triageBlock)
		if err := insert(ctx, s, "triage", missing[:n]); err != nil {
			return err
		}
		missing = missing[n:]
	}
	return nil
}
