package sink

import (
	"context"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// Sort orders of violations: expressions that end in the finding or hold its key. As
// texts they sort alike, so that a cursor is a list of texts. The default has the most severe first.
var violationSorts = map[string][]string{
	"severity":  {severityRank, "account_id", "canonical", "region", "id", "pack", "policy"},
	"account":   {"account", "type", "region", "id", "pack", "policy", "account_id"},
	"policy":    {"pack", "policy", "account", "region", "id", "type", "account_id"},
	"resource":  {"type", "region", "id", "account_id", "pack", "policy"},
	"key":       {"account_id", "canonical", "region", "id", "pack", "policy"}, // as they are stored
	"firstSeen": {"first_seen", "finding"},
}

// placeFilter keeps rows by what is in the key of a finding: all of its rows alike.
func placeFilter(q schemas.ViolationQuery) *where {
	w := &where{}
	for column, value := range map[string]string{"pack": q.Pack, "policy": q.Policy, "region": q.Region} {
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
	return w
}

// violationFilter keeps rows by all that is stored of a finding.
func violationFilter(q schemas.ViolationQuery) *where {
	w := placeFilter(q)
	if q.Type != "" {
		w.add("type = ?", q.Type)
	}
	if len(q.Severity) > 0 {
		w.add("severity IN ?", texts(q.Severity))
	}
	if q.Reopened {
		w.add("reopened > 0")
	}
	if len(q.Cause) > 0 {
		w.add("cause IN ?", texts(q.Cause))
	}
	switch {
	case !q.AsOf.IsZero(): // by its events; those of local packs have none
	case len(q.Cause) > 0 && len(q.State) == 0:
		w.add("state = 'fixed'")
	case len(q.State) > 0:
		w.add("state IN ?", texts(q.State))
	case q.Scan == "":
		w.add("state = 'open'")
	}
	if q.Scan != "" {
		w.add("(account_id, finding) IN (SELECT account_id, finding FROM @db.violation_events WHERE scan = ?)", q.Scan)
	}
	return w
}

// texts are values as the driver takes them.
func texts[T ~string](list []T) []string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = string(v)
	}
	return out
}

// violation is the row as people see it. Its last sight is filled in later.
func (v *violationRow) violation() schemas.Violation {
	k := schemas.Key{Region: v.Region, Type: v.Type, ID: v.ID}
	out := schemas.Violation{
		Finding: v.Finding, AccountID: schemas.AccountID(v.AccountID), Account: v.Account, Key: k, URN: k.URN(v.Account), Name: v.Name,
		Pack: v.Pack, Local: schemas.IsLocal(v.Pack), PackVersion: v.PackVersion, Policy: v.Policy, Group: v.GroupName,
		Level: schemas.Level(v.Level), Severity: schemas.Severity(v.Severity), Messages: v.Messages,
		State: schemas.ViolationState(v.State), FirstSeen: read(v.FirstSeen), OpenedAt: read(v.OpenedAt), LastSeen: read(v.JudgedAt),
		FixedAt: read(v.FixedAt), FixCause: schemas.FixCause(v.Cause), Reopened: v.Reopened,
	}
	if out.State == schemas.ViolationFixed {
		out.TimeToFixSeconds = out.FixedAt.Sub(out.OpenedAt).Seconds()
	}
	return out
}

// sighted fills in the newest names of the accounts, and when violations were
// last seen: an open one whenever its resource was, a fixed one when it was fixed.
func (s *Store) sighted(ctx context.Context, list []schemas.Violation, rec schemas.Record) error {
	held := map[resourceKey]*resourceRow{}
	for i := range list {
		held[resourceKey{list[i].AccountID, list[i].Key}] = nil
	}
	sights, err := s.sights(ctx, held, rec.Names)
	if err != nil {
		return err
	}
	for i := range list {
		v := &list[i]
		if name := sights.names[v.AccountID]; name != "" {
			v.Account, v.URN = name, v.Key.URN(name)
		}
		if v.State == schemas.ViolationFixed {
			v.LastSeen = v.FixedAt
			continue
		}
		if at := sights.at[resourceKey{v.AccountID, v.Key}]; at.After(v.LastSeen) {
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
	return s.events(ctx, w)
}

// events are the transitions that conditions keep, oldest first. Copies of one that
// a repeated write left stand side by side.
func (s *Store) events(ctx context.Context, w *where) ([]schemas.ViolationEvent, error) {
	var out []schemas.ViolationEvent
	err := s.query(ctx, "list events", "SELECT "+columnsOf(new(eventRow))+" FROM @db.violation_events WHERE "+w.String()+
		" ORDER BY at, version, revision, attempt, type, region, id, pack, policy, transition, event_id", w.args, func(r driver.Rows) error {
		var e eventRow
		if err := r.ScanStruct(&e); err != nil {
			return err
		}
		if n := len(out); n == 0 || out[n-1].EventID != e.EventID {
			out = append(out, e.event())
		}
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
		Severity: schemas.Severity(e.Severity), OpenedAt: read(e.OpenedAt),
	}
}

// EachOpen streams the open violations of a pack on an account, of one type or with
// "" of all, in one reading: a caller compares all of them. LastSeen is when they
// were judged.
func (s *Store) EachOpen(ctx context.Context, a schemas.AccountID, pack, token string, fn func(schemas.Violation)) error {
	w := &where{}
	w.add("account_id = ? AND pack = ?", string(a), pack)
	if token != "" {
		w.add("canonical = ? AND type = ?", schemas.CanonicalType(token), token)
	}
	return s.query(ctx, "read open violations", "SELECT "+columnsOf(new(violationRow))+" FROM @db.open_violations FINAL WHERE "+w.String(), w.args, func(r driver.Rows) error {
		row := new(violationRow)
		if err := r.ScanStruct(row); err != nil {
			return err
		}
		fn(row.violation())
		return nil
	})
}
