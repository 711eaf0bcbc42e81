package sink

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// listedRow is a violation with what is computed when it is read.
type listedRow struct {
	violationRow
	Waiver string   `ch:"waiver"`
	Kept   bool     `ch:"kept"`
	Cursor []string `ch:"cursor"`
}

func (r *listedRow) key() findingKey {
	return findingKey{r.AccountID, r.Canonical, r.Region, r.ID, r.Pack, r.Policy}
}

// Violations is one page of violations: filtered, sorted, from the cursor on. What is
// open is read in the order of its table; in other orders keys are found first, and then
// the rows of these alone are read whole.
func (s *Store) Violations(ctx context.Context, q schemas.ViolationQuery, rec schemas.Record) (schemas.ViolationPage, error) {
	out := schemas.ViolationPage{Violations: []schemas.Violation{}}
	q.Sort = cmp.Or(q.Sort, "severity")
	order, ok := violationSorts[q.Sort]
	if !ok {
		return out, schemas.Errorf(schemas.CodeInvalid, "sort: %q must be %s", q.Sort, schemas.OneOf(schemas.ViolationSorts))
	}
	p, err := newPager(q.Limit, q.Cursor, "violations by "+q.Sort, order, q.Desc)
	if err != nil {
		return out, err
	}
	ids, some, err := s.accountIDs(ctx, q.Accounts)
	if err != nil || !some {
		return out, err
	}
	page := s.sortedRows
	switch {
	case inOpenOrder(q):
		page = s.openRows
	case ofRowsAlone(q):
		page = s.soughtRows
	}
	rows, err := page(ctx, q, rec, ids, p)
	if err != nil {
		return out, err
	}
	out.Violations = listed(rows, rec)
	if !q.AsOf.IsZero() {
		for i := range out.Violations {
			v := &out.Violations[i]
			v.State, v.FixedAt, v.FixCause, v.TimeToFixSeconds = schemas.ViolationOpen, time.Time{}, "", 0
		}
	}
	out.Next = p.next()
	return out, s.complete(ctx, out.Violations, rec)
}

// complete fills in what other tables have of violations.
func (s *Store) complete(ctx context.Context, list []schemas.Violation, rec schemas.Record) error {
	return together(ctx, []step{
		func(ctx context.Context) error { return s.sighted(ctx, list, rec) },
		func(ctx context.Context) error { return s.triaged(ctx, list) },
	})
}

// ofRowsAlone tells whether a list is about nothing but what rows of violations have.
func ofRowsAlone(q schemas.ViolationQuery) bool {
	return q.AsOf.IsZero() && q.Waived == "" && !triages(q)
}

// sortedRows are the rows of a page in any order and with any filter.
func (s *Store) sortedRows(ctx context.Context, q schemas.ViolationQuery, rec schemas.Record, ids []string, p *pager) ([]*listedRow, error) {
	keys, err := s.findKeys(ctx, q, rec, ids, p)
	if err != nil {
		return nil, err
	}
	return s.violationRows(ctx, keys, violationFilter(q), p.columns(), rec, !q.AsOf.IsZero())
}

// findingKey is the key of a finding in its tables.
type findingKey struct {
	Account   string `ch:"account_id"`
	Canonical string `ch:"canonical"`
	Region    string `ch:"region"`
	ID        string `ch:"id"`
	Pack      string `ch:"pack"`
	Policy    string `ch:"policy"`
}

// findKeys are the keys of a page in any order and with any filter. Of what is open now
// the table is asked that has nothing else.
func (s *Store) findKeys(ctx context.Context, q schemas.ViolationQuery, rec schemas.Record, ids []string, p *pager) ([]findingKey, error) {
	w, outer, asOf := violationFilter(q), triageFilter(q), !q.AsOf.IsZero()
	table := "violations"
	if inOpenTable(q) {
		table = "open_violations"
		if some, err := s.ofPolicies(ctx, w, q); err != nil || !some {
			return nil, err
		}
	}
	if err := s.ofAccounts(ctx, w, ids); err != nil {
		return nil, err
	}
	if asOf {
		openAsOf(w, q.AsOf, rec.Kept.Events, ids)
	}
	p.resume(w)
	waiver, args, triage := nobody, []any(nil), ""
	if q.Waived != "" {
		waiver, args = waived(rec, ids, asOf)
	}
	args = append(args, w.args...)
	if triages(q) {
		told := &where{}
		if len(ids) > 0 {
			told.add("account_id IN ?", ids)
		}
		triage, args = joinTriage(told), append(args, told.args...)
	}
	statement := "SELECT " + columnsOf(new(findingKey)) + ", " + p.columns() + " FROM (SELECT *, " + waiver + " AS waiver FROM @db." + table + " FINAL WHERE " + w.String() + ") v" +
		triage + " WHERE " + outer.String() + p.tail()
	var keys []findingKey
	err := s.query(ctx, "list violations", statement, append(args, outer.args...), func(r driver.Rows) error {
		var row struct {
			findingKey
			Cursor []string `ch:"cursor"`
		}
		if err := r.ScanStruct(&row); err != nil {
			return err
		}
		if !p.full(row.Cursor) {
			keys = append(keys, row.findingKey)
		}
		return nil
	})
	return keys, err
}

// violationRows are the newest rows of findings, in their order, without those that
// a filter does not keep (any more). place gives their places in a list, as of a pager. To share the little work of a page among threads
// costs more than the work.
func (s *Store) violationRows(ctx context.Context, keys []findingKey, keep *where, place string, rec schemas.Record, asOf bool) ([]*listedRow, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	tuples := make([][]string, len(keys))
	for i, k := range keys {
		tuples[i] = []string{k.Account, k.Canonical, k.Region, k.ID, k.Pack, k.Policy}
	}
	keyed := &where{}
	ids := keyed.near(openKey[1:], tuples)
	waiver, args := waived(rec, ids, asOf)
	statement := "SELECT " + columnsOf(new(violationRow)) + ", " + waiver + " AS waiver, toBool(" + keep.String() + ") AS kept, " + place + " FROM @db.violations WHERE " + keyed.String() + " SETTINGS max_threads = 1"
	newest := make(map[findingKey]*listedRow, len(keys))
	err := s.query(ctx, "read violations", statement, slices.Concat(args, keep.args, keyed.args), func(r driver.Rows) error {
		row := new(listedRow)
		if err := r.ScanStruct(row); err != nil {
			return err
		}
		if old := newest[row.key()]; old == nil || row.order().Newer(old.order()) {
			newest[row.key()] = row
		}
		return nil
	})
	rows := make([]*listedRow, 0, len(keys))
	for _, k := range keys {
		if row := newest[k]; row != nil && row.Kept {
			rows = append(rows, row)
		}
	}
	return rows, err
}

// triageStatus is the status of a row that joinTriage joined to, as schemas.Triage.Of has it.
const triageStatus = "if(told_status = 'resolved' AND opened_at > triage_at, 'new', told_status)"

// joinTriage joins what people said last of findings.
func joinTriage(w *where) string {
	return ` ANY LEFT JOIN (
			SELECT account_id, finding, argMax(status, number) AS told_status, argMax(priority, number) AS triage_priority,
				argMax(assignee, number) AS triage_assignee, argMax(at, number) AS triage_at
			FROM @db.triage WHERE ` + w.String() + ` GROUP BY account_id, finding
		) t USING (account_id, finding)`
}

// triages tells whether a question is about what people said.
func triages(q schemas.ViolationQuery) bool {
	return len(q.Status) > 0 || q.Assignee != "" || len(q.Priority) > 0
}

// triageFilter keeps rows by what is joined to them.
func triageFilter(q schemas.ViolationQuery) *where {
	w := &where{}
	switch q.Waived {
	case schemas.WaivedOnly:
		w.add("waiver != ''")
	case schemas.WaivedNone:
		w.add("waiver = ''")
	}
	if len(q.Status) > 0 {
		w.add("if(told_status = '', 'new', "+triageStatus+") IN ?", texts(q.Status))
	}
	switch q.Assignee {
	case "":
	case schemas.NoAssignee:
		w.add("triage_assignee = ''")
	default:
		w.add("triage_assignee = ?", q.Assignee)
	}
	if len(q.Priority) > 0 {
		w.add("triage_priority IN ?", texts(q.Priority))
	}
	return w
}

// openAsOf keeps the violations that were open at a time. What is open now and was opened
// until then was open. Of what has moved since, those whose newest transition until then,
// by order and not by clock, did not fix them; of which none until then is kept, those
// that were fixed first.
func openAsOf(w *where, at, kept time.Time, ids []string) {
	until := stored(at).UnixMicro()
	later, events := &where{}, &where{}
	later.add("at > fromUnixTimestamp64Micro(?, 'UTC')", until)
	if !kept.IsZero() {
		events.add("at >= fromUnixTimestamp64Micro(?, 'UTC')", stored(kept).UnixMicro())
	}
	if len(ids) > 0 {
		later.add("account_id IN ?", ids)
		events.add("account_id IN ?", ids)
	}
	events.add(findingNumber+" IN (SELECT "+findingNumber+" FROM @db.violation_events WHERE "+later.String()+")", later.args...)
	w.add(`(`+findingNumber+` IN (SELECT `+findingNumber+` AS number FROM @db.violation_events WHERE `+events.String()+` GROUP BY number
			HAVING if(countIf(at <= fromUnixTimestamp64Micro(?, 'UTC')) > 0,
				NOT argMaxIf(transition = 'fixed', `+eventOrder+`, at <= fromUnixTimestamp64Micro(?, 'UTC')), argMin(transition = 'fixed', `+eventOrder+`)))
			OR state = 'open' AND opened_at <= fromUnixTimestamp64Micro(?, 'UTC') AND `+enforcedOnly+")",
		slices.Concat(events.args, []any{until, until, until})...)
}

// findingNumber is the id of a finding, which is of all accounts, in 16 bytes: sets of
// hundreds of thousands take less than half of the time that their hex takes.
const findingNumber = "reinterpretAsUInt128(unhex(finding))"

// eventOrder is which of the events of one finding is newer.
const eventOrder = "(version, revision, attempt)"

// listed are rows as people see them, but for what complete fills in.
func listed(rows []*listedRow, rec schemas.Record) []schemas.Violation {
	out := make([]schemas.Violation, len(rows))
	for i, r := range rows {
		v := r.violation()
		for _, w := range rec.Waivers {
			if w.Name == r.Waiver {
				v.Waiver, v.WaivedUntil = w.Name, w.ExpiresAt
			}
		}
		out[i] = v
	}
	return out
}
