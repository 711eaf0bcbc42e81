package sink

import (
	"context"
	"maps"
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

// triaged fills in what people said last of violations.
func (s *Store) triaged(ctx context.Context, list []schemas.Violation) error {
	if len(list) == 0 {
		return nil
	}
	keys := make([][]string, len(list))
	for i := range list { // not the whole of one: other fields are filled in meanwhile
		keys[i] = []string{string(list[i].AccountID), list[i].Finding}
	}
	w := &where{}
	w.near([]string{"account_id", "finding"}, keys)
	newest := map[string]triageRow{} // by finding
	err := s.query(ctx, "read triage", "SELECT "+columnsOf(new(triageRow))+" FROM @db.triage WHERE "+w.String()+" SETTINGS max_threads = 1", w.args, func(r driver.Rows) error {
		var row triageRow
		err := r.ScanStruct(&row)
		if row.Number >= newest[row.Finding].Number {
			newest[row.Finding] = row
		}
		return err
	})
	for i := range list {
		if row, said := newest[list[i].Finding]; said {
			now := row.triage().Of(list[i].OpenedAt)
			list[i].Triage = &now
		}
	}
	return err
}

func (row triageRow) triage() schemas.Triage {
	return schemas.Triage{
		Status: schemas.TriageStatus(row.Status), Priority: schemas.Priority(row.Priority), Assignee: row.Assignee, Note: row.Note, By: row.By, At: read(row.At),
	}
}

// triageBlock is how many rows are written at once.
const triageBlock = 10000

// RemirrorTriage makes the mirror what the record is, whatever it held: after a
// restore, or a change that could not be mirrored. all gives every record; it is asked
// after the mirror was read, so that what is said meanwhile is not taken for wrong.
func (s *Store) RemirrorTriage(ctx context.Context, all func(context.Context, func(schemas.TriageRecord) error) error) error {
	wrong := map[triageRow]bool{} // until the record has it
	err := s.query(ctx, "read triage", "SELECT "+columnsOf(new(triageRow))+" FROM @db.triage FINAL", nil, func(r driver.Rows) error {
		var row triageRow
		err := r.ScanStruct(&row)
		row.At = row.At.UTC()
		wrong[row] = true
		return err
	})
	if err != nil {
		return err
	}
	var missing []triageRow
	err = all(ctx, func(r schemas.TriageRecord) error {
		for _, row := range triageRows(r) {
			if !wrong[row] {
				missing = append(missing, row)
			}
			delete(wrong, row)
		}
		return nil
	})
	if err != nil {
		return err
	}
	// Row by row: who reads meanwhile finds all that was right.
	for some := range slices.Chunk(slices.Collect(maps.Keys(wrong)), 1000) {
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
