package sink

import (
	"context"
	"slices"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// eventSort is oldest first, as texts of equal length.
var eventSort = []string{
	"toString(at)", "leftPad(toString(version), 20, '0')", "leftPad(toString(revision), 20, '0')", "leftPad(toString(attempt), 20, '0')", "event_id",
}

// listedEvent is an event with its place in the list.
type listedEvent struct {
	eventRow
	Cursor []string `ch:"cursor"`
}

// EventPage is a page of the transitions of an account, oldest first: those that a
// scan made, or with an empty scan all. Errors: CodeInvalid for a limit or cursor that
// is none.
func (s *Store) EventPage(ctx context.Context, a schemas.AccountID, q schemas.EventQuery) (schemas.EventPage, error) {
	p, err := newPager(q.Limit, q.Cursor, "events", eventSort, false)
	if err != nil {
		return schemas.EventPage{}, err
	}
	w := &where{}
	w.add("account_id = ?", string(a))
	if q.Scan != "" {
		w.add("scan = ?", q.Scan)
	}
	p.resume(w)
	out := schemas.EventPage{Events: []schemas.ViolationEvent{}}
	err = s.query(ctx, "list events", "SELECT "+columnsOf(new(eventRow))+", "+p.columns()+" FROM @db.violation_events FINAL WHERE "+w.String()+p.tail(), w.args,
		func(r driver.Rows) error {
			var e listedEvent
			if err := r.ScanStruct(&e); err != nil {
				return err
			}
			if !p.full(e.Cursor) {
				out.Events = append(out.Events, e.event())
			}
			return nil
		})
	out.Events = slices.Clip(out.Events)
	out.Next = p.next()
	return out, err
}
