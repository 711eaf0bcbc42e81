package sink

import (
	"context"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// listedRow is a violation with what is computed when it is read.
type listedRow struct {
	violationRow
	Waiver         string    `ch:"waiver"`
	TriageStatus   string    `ch:"triage_status"`
	TriagePriority string    `ch:"triage_priority"`
	TriageAssignee string    `ch:"triage_assignee"`
	TriageNote     string    `ch:"triage_note"`
	TriageBy       string    `ch:"triage_by"`
	TriageAt       time.Time `ch:"triage_at"`
}

// Violations is one page of violations: filtered, sorted, from the cursor on. It
// is one query: what waivers and people say is joined to the rows that the
// filters keep.
func (s *Store) Violations(ctx context.Context, q schemas.ViolationQuery, rec schemas.Record) (schemas.ViolationPage, error) {
	if q.Sort == "" {
		q.Sort = "severity"
	}
	order, ok := violationSorts[q.Sort]
	if !ok {
		return schemas.ViolationPage{}, schemas.Errorf(schemas.CodeInvalid, "sort: %q is not severity, account, policy, resource, firstSeen or key", q.Sort)
	}
	out := schemas.ViolationPage{Violations: []schemas.Violation{}}
	w := violationFilter(q)
	p, err := newPager(q.Limit, q.Cursor, "violations by "+q.Sort, order, q.Desc)
	if err != nil {
		return schemas.ViolationPage{}, err
	}
	ids, some, err := s.accountIDs(ctx, q.Accounts)
	if err != nil || !some {
		return out, err
	}
	open := asksOpen(q)
	l := listing{w: w, rec: rec, ids: ids, outer: triageFilter(q), asOf: !q.AsOf.IsZero(), columns: ", " + p.columns(), tail: p.tail()}
	if open {
		if l.w, some, err = s.openPage(ctx, q, ids, p); err != nil || !some {
			return out, err
		}
	} else {
		if len(ids) > 0 {
			w.add("account_id IN ?", ids)
		}
		if l.asOf {
			openAsOf(w, q.AsOf, rec.Kept.Events, ids)
		}
		p.resume(w)
	}
	err = s.query(ctx, "list violations", s.sql(l.statement()), l.args(), func(r driver.Rows) error {
		var row struct {
			listedRow
			Cursor []string `ch:"cursor"`
		}
		if err := r.ScanStruct(&row); err != nil {
			return err
		}
		if !open && p.full(row.Cursor) {
			return nil
		}
		v := row.listed(rec)
		if !q.AsOf.IsZero() {
			v.State, v.FixedAt, v.FixCause, v.TimeToFixSeconds = schemas.ViolationOpen, time.Time{}, "", 0
		}
		out.Violations = append(out.Violations, v)
		return nil
	})
	if err != nil {
		return schemas.ViolationPage{}, err
	}
	out.Next = p.next()
	if err := s.sighted(ctx, out.Violations); err != nil {
		return schemas.ViolationPage{}, err
	}
	return out, nil
}

// listing is the query of a list of violations.
type listing struct {
	w       *where // over rows of violations
	outer   *where // over what is joined to them
	rec     schemas.Record
	ids     []string // of the accounts, none for all
	asOf    bool
	columns string
	tail    string
}

func (l *listing) statement() string {
	waiver, _ := waived(l.rec, l.ids, l.asOf)
	triage := ""
	if len(l.ids) > 0 {
		triage = "WHERE account_id IN ?"
	}
	return "SELECT " + columnsOf(new(violationRow)) + `, waiver,
			if(told_status = 'resolved' AND opened_at > triage_at, 'new', told_status) AS triage_status,
			triage_priority, triage_assignee, triage_note, triage_by, triage_at` + l.columns + `
		FROM (SELECT *, ` + waiver + " AS waiver FROM @db.violations FINAL WHERE " + l.w.String() + `) v
		ANY LEFT JOIN (
			SELECT account_id, finding, argMax(status, number) AS told_status, argMax(priority, number) AS triage_priority,
				argMax(assignee, number) AS triage_assignee, argMax(note, number) AS triage_note, argMax(by, number) AS triage_by, argMax(at, number) AS triage_at
			FROM @db.triage ` + triage + ` GROUP BY account_id, finding
		) t USING (account_id, finding)
		WHERE ` + l.outer.String() + l.tail
}

// args are the values of the statement, in its order.
func (l *listing) args() []any {
	_, args := waived(l.rec, l.ids, l.asOf)
	args = append(args, l.w.args...)
	if len(l.ids) > 0 {
		args = append(args, l.ids)
	}
	return append(args, l.outer.args...)
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
		w.add("if(triage_status = '', 'new', triage_status) IN ?", texts(q.Status))
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

// openAsOf keeps the violations that were open at a time: those whose newest
// transition until then, by order and not by clock, did not fix them. Events are kept
// since a time: what is fixed without a transition before it was open until then, and
// what is open now without any has been since it was opened.
func openAsOf(w *where, at, kept time.Time, ids []string) {
	until := stored(at).UnixMicro()
	events := &where{}
	if !kept.IsZero() {
		events.add("at >= fromUnixTimestamp64Micro(?, 'UTC')", stored(kept).UnixMicro())
	} else {
		events.add("at <= fromUnixTimestamp64Micro(?, 'UTC')", until)
	}
	if len(ids) > 0 {
		events.add("account_id IN ?", ids)
	}
	const of = "(account_id, finding) IN (SELECT account_id, finding FROM @db.violation_events WHERE "
	if kept.IsZero() {
		w.add(of+events.String()+" GROUP BY account_id, finding HAVING argMax(transition, "+eventOrder+") != 'fixed')", events.args...)
		return
	}
	w.add("("+of+events.String()+` GROUP BY account_id, finding
			HAVING if(countIf(at <= fromUnixTimestamp64Micro(?, 'UTC')) > 0,
				argMaxIf(transition, `+eventOrder+`, at <= fromUnixTimestamp64Micro(?, 'UTC')) != 'fixed', argMin(transition, `+eventOrder+`) = 'fixed'))
			OR state = 'open' AND opened_at <= fromUnixTimestamp64Micro(?, 'UTC') AND `+enforcedOnly+")",
		append(events.args, until, until, until)...)
}

// eventOrder is which of the events of one finding is newer.
const eventOrder = "(version, revision, attempt)"

// listed is the row as people see it.
func (r *listedRow) listed(rec schemas.Record) schemas.Violation {
	v := r.violation()
	for _, w := range rec.Waivers {
		if w.Name == r.Waiver {
			v.Waiver, v.WaivedUntil = w.Name, w.ExpiresAt
		}
	}
	if r.TriageStatus != "" {
		v.Triage = &schemas.Triage{
			Status: schemas.TriageStatus(r.TriageStatus), Priority: schemas.Priority(r.TriagePriority), Assignee: r.TriageAssignee, Note: r.TriageNote,
			By: r.TriageBy, At: read(r.TriageAt),
		}
	}
	return v
}
