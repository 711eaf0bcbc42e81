package sink

import (
	"context"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// Sort orders of violations: expressions that end in the finding, all texts, so
// that a cursor is a list of texts. The default has the most severe first.
var violationSorts = map[string][]string{
	"severity":  {"toString(transform(severity, ['low', 'medium', 'high', 'critical'], [3, 2, 1, 0], 4))", "account", "type", "region", "id", "finding"},
	"account":   {"account", "type", "region", "id", "finding"},
	"policy":    {"pack", "policy", "account", "region", "id", "finding"},
	"resource":  {"type", "region", "id", "finding"},
	"key":       {"account_id", "canonical", "region", "id", "pack", "policy"}, // as they are stored
	"firstSeen": {"toString(first_seen)", "finding"},
}

// Violations is one page of violations: filtered, sorted, from the cursor on.
func (s *Store) Violations(ctx context.Context, q schemas.ViolationQuery) (schemas.ViolationPage, error) {
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
	if some, err := s.inAccounts(ctx, w, q.Accounts); err != nil || !some {
		return out, err
	}
	p.resume(w)
	err = s.query(ctx, "list violations", "SELECT "+columnsOf(new(violationRow))+", "+p.columns()+" FROM @db.violations FINAL WHERE "+s.sql(w.String())+p.tail(), w.args,
		func(r driver.Rows) error {
			var row struct {
				violationRow
				Cursor []string `ch:"cursor"`
			}
			if err := r.ScanStruct(&row); err != nil {
				return err
			}
			if p.full(row.Cursor) {
				return nil
			}
			out.Violations = append(out.Violations, row.violation())
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

func violationFilter(q schemas.ViolationQuery) *where {
	w := &where{}
	for column, value := range map[string]string{"pack": q.Pack, "policy": q.Policy, "type": q.Type, "region": q.Region} {
		if value != "" {
			w.add(column+" = ?", value)
		}
	}
	if q.Enforced {
		w.add(enforcedOnly)
	}
	if q.Resource != "" {
		w.add("position(id, ?) > 0", q.Resource)
	}
	if len(q.Severity) > 0 {
		list := make([]string, len(q.Severity))
		for i, v := range q.Severity {
			list[i] = string(v)
		}
		w.add("severity IN ?", list)
	}
	switch {
	case len(q.State) > 0:
		list := make([]string, len(q.State))
		for i, v := range q.State {
			list[i] = string(v)
		}
		w.add("state IN ?", list)
	case q.Scan == "":
		w.add("state = 'open'")
	}
	if q.Scan != "" {
		w.add("(account_id, finding) IN (SELECT account_id, finding FROM @db.violation_events WHERE scan = ?)", q.Scan)
	}
	return w
}

// violation is the row as people see it. Its last sight is filled in later.
func (v *violationRow) violation() schemas.Violation {
	k := schemas.Key{Region: v.Region, Type: v.Type, ID: v.ID}
	return schemas.Violation{
		Finding: v.Finding, AccountID: schemas.AccountID(v.AccountID), Account: v.Account, Key: k, URN: k.URN(v.Account), Name: v.Name,
		Pack: v.Pack, Local: schemas.IsLocal(v.Pack), PackVersion: v.PackVersion, Policy: v.Policy, Group: v.GroupName,
		Level: schemas.Level(v.Level), Severity: schemas.Severity(v.Severity), Messages: v.Messages,
		State: schemas.ViolationState(v.State), FirstSeen: read(v.FirstSeen), OpenedAt: read(v.OpenedAt), LastSeen: read(v.JudgedAt),
		FixedAt: read(v.FixedAt), FixCause: schemas.FixCause(v.Cause), Reopened: v.Reopened,
	}
}

// sighted fills in the newest names of the accounts, and when violations were
// last seen: an open one whenever its resource was, a fixed one when it was fixed.
func (s *Store) sighted(ctx context.Context, list []schemas.Violation) error {
	keys := map[resourceKey]bool{}
	for i := range list {
		keys[resourceKey{list[i].AccountID, list[i].Key}] = true
	}
	names, err := s.newestNames(ctx, keys)
	if err != nil {
		return err
	}
	sights, err := s.sights(ctx, keys)
	if err != nil {
		return err
	}
	for i := range list {
		v := &list[i]
		if name := names[v.AccountID]; name != "" {
			v.Account, v.URN = name, v.Key.URN(name)
		}
		if v.State == schemas.ViolationFixed {
			v.LastSeen = v.FixedAt
			continue
		}
		if at := sights[resourceKey{v.AccountID, v.Key}]; at.After(v.LastSeen) {
			v.LastSeen = at
		}
	}
	return nil
}

// Changes counts the transitions that a scan caused.
func (s *Store) Changes(ctx context.Context, a schemas.AccountID, scan string) (out schemas.Changes, err error) {
	count := map[schemas.Transition]*uint64{schemas.Opened: &out.Opened, schemas.Fixed: &out.Fixed, schemas.Reopened: &out.Reopened}
	err = s.query(ctx, "count what a scan changed", "SELECT transition, count() FROM @db.violation_events FINAL WHERE account_id = ? AND scan = ? GROUP BY transition",
		[]any{string(a), scan}, func(r driver.Rows) error {
			var transition string
			var n uint64
			if err := r.Scan(&transition, &n); err != nil {
				return err
			}
			if c := count[schemas.Transition(transition)]; c != nil {
				*c = n
			}
			return nil
		})
	return out, err
}

// Events are the transitions that a scan made, or with an empty scan all of an
// account, oldest first.
func (s *Store) Events(ctx context.Context, a schemas.AccountID, scan string) ([]schemas.ViolationEvent, error) {
	w := &where{}
	if a != "" {
		w.add("account_id = ?", string(a))
	}
	if scan != "" {
		w.add("scan = ?", scan)
	}
	var out []schemas.ViolationEvent
	err := s.query(ctx, "list events", "SELECT "+columnsOf(new(eventRow))+" FROM @db.violation_events FINAL WHERE "+w.String()+
		" ORDER BY at, version, revision, attempt, type, region, id, pack, policy, transition", w.args, func(r driver.Rows) error {
		var e eventRow
		if err := r.ScanStruct(&e); err != nil {
			return err
		}
		out = append(out, e.event())
		return nil
	})
	return out, err
}

// event is the row as people see it.
func (e *eventRow) event() schemas.ViolationEvent {
	return schemas.ViolationEvent{
		EventID: e.EventID, Finding: e.Finding, AccountID: schemas.AccountID(e.AccountID),
		Key: schemas.Key{Region: e.Region, Type: e.Type, ID: e.ID}, Pack: e.Pack, Policy: e.Policy,
		Transition: schemas.Transition(e.Transition), Cause: schemas.FixCause(e.Cause), Scan: e.Scan,
		Order: schemas.Order{Version: e.Version, Revision: e.Revision, Attempt: e.Attempt}, At: read(e.At),
	}
}
