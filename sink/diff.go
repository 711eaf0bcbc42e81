package sink

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"reflect"
	"slices"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// diffPage is which part of the changes is listed: those behind a place in each list,
// which only depends on the two ends and so stays where it is.
type diffPage struct {
	limit      int
	resources  []string // type, region and id of the last one of the page before
	violations []string
	more       bool
}

func newDiffPage(from, to string, q schemas.DiffQuery) (*diffPage, error) {
	p := &diffPage{limit: q.Limit}
	if q.Cursor == "" {
		return p, nil
	}
	var at diffPlace
	raw, err := base64.RawURLEncoding.DecodeString(q.Cursor)
	if err == nil {
		err = json.Unmarshal(raw, &at)
	}
	if err != nil || at.From != from || at.To != to {
		return nil, schemas.Errorf(schemas.CodeInvalid, "cursor: %q is not one of these two scans", q.Cursor).
			WithHint("Pass the cursor of the page before, or none.")
	}
	p.resources, p.violations = at.Resources, at.Violations
	return p, nil
}

// diffPlace is a cursor.
type diffPlace struct {
	From       string   `json:"f"`
	To         string   `json:"t"`
	Resources  []string `json:"r,omitempty"`
	Violations []string `json:"v,omitempty"`
}

// lists tells whether a row is on the page, and then takes its place.
func (p *diffPage) lists(last *[]string, listed int, at ...string) bool {
	if slices.Compare(at, *last) <= 0 {
		return false
	}
	if listed == p.limit {
		p.more = true
		return false
	}
	*last = at
	return true
}

func (p *diffPage) next(from, to string) string {
	if !p.more {
		return ""
	}
	raw, _ := json.Marshal(diffPlace{from, to, p.resources, p.violations})
	return base64.RawURLEncoding.EncodeToString(raw)
}

// Diff compares how an account was when two scans of it had ended, and lists a page
// of the changes, q.Limit of each kind. CodeInvalid for a cursor of other scans.
func (s *Store) Diff(ctx context.Context, from, to schemas.Scan, q schemas.DiffQuery) (schemas.Diff, error) {
	side := func(sc schemas.Scan) schemas.DiffScan {
		return schemas.DiffScan{Scan: sc.ID, State: sc.State, EndedAt: sc.EndedAt}
	}
	out := schemas.Diff{AccountID: to.AccountID, Account: to.Account, From: side(from), To: side(to)}
	out.Resources.List, out.Violations.List = []schemas.ResourceChange{}, []schemas.DiffViolation{}
	page, err := newDiffPage(from.ID, to.ID, q)
	if err != nil {
		return out, err
	}
	a, err := s.endOf(ctx, from)
	if err != nil {
		return out, err
	}
	b, err := s.endOf(ctx, to)
	if err != nil {
		return out, err
	}
	kept, err := s.Kept(ctx)
	if err != nil {
		return out, err
	}
	if err := s.diffResources(ctx, &out, a, b, stored(kept.Versions), page); err != nil {
		return out, err
	}
	err = s.diffViolations(ctx, &out, a, b, stored(kept.Events), page)
	out.Next = page.next(from.ID, to.ID)
	return out, err
}

// cut separates what a scan had stored when it ended from what came later: by the
// seqs of its attempts, and by its end for what was judged again and closed in it,
// which takes seqs of its own.
type cut struct {
	seq uint64
	at  time.Time
}

func (s *Store) endOf(ctx context.Context, sc schemas.Scan) (cut, error) {
	c := cut{at: stored(sc.EndedAt)}
	err := s.query(ctx, "read the attempts of a scan", "SELECT max(seq) FROM @db.unit_ends WHERE account_id = ? AND scan = ?", []any{string(sc.AccountID), sc.ID},
		func(r driver.Rows) error { return r.Scan(&c.seq) })
	return c, err
}

// before is true of rows up to the cut, of which seq is a column.
func (c cut) before(seq string) (string, []any) {
	return "(" + seq + " <= ? OR at <= fromUnixTimestamp64Micro(?, 'UTC'))", []any{c.seq, c.at.UnixMicro()}
}

// span is what lies between two cuts and after them, of a table's rows that are kept.
type span struct {
	account      string
	a, b         cut
	kept         time.Time
	table        string
	seq          string // the column that is compared with cut.seq
	identifiedBy string // the columns of what the rows are about
}

// moved is a query of what has a row behind one of the cuts. All else is at both as it
// is now, and need not be looked at.
func (p span) moved() (string, []any) {
	before, args := p.a.before(p.seq)
	after, more := p.b.before(p.seq)
	return "SELECT " + p.identifiedBy + " FROM @db." + p.table + " WHERE account_id = ? AND at >= fromUnixTimestamp64Micro(?, 'UTC') AND NOT (" + before + " AND " + after + ")",
		slices.Concat([]any{p.account, p.kept.UnixMicro()}, args, more)
}

// rows is a query of all rows of what moved, with whether they are up to the cuts.
func (p span) rows(columns string) (string, []any) {
	before, args := p.a.before(p.seq)
	after, more := p.b.before(p.seq)
	moved, which := p.moved()
	return "SELECT " + columns + ", " + before + " AS in_a, " + after + " AS in_b FROM @db." + p.table +
			" WHERE account_id = ? AND at >= fromUnixTimestamp64Micro(?, 'UTC') AND (" + p.identifiedBy + ") IN (" + moved + ")",
		slices.Concat(args, more, []any{p.account, p.kept.UnixMicro()}, which)
}

// diffResources goes by the versions that are kept. What was there before the first
// of a resource is known by that one, when it is a tombstone, and by when the resource
// was first seen.
func (s *Store) diffResources(ctx context.Context, out *schemas.Diff, a, b cut, kept time.Time, page *diffPage) error {
	versions := span{string(out.AccountID), a, b, kept, "resource_versions", "version", "type, region, id"}
	rows, args := versions.rows("type, region, id, version, hash, tombstone, at")
	moved, which := versions.moved()
	var changed []schemas.Key
	err := s.query(ctx, "compare resources", `SELECT type, region, id, live_a, live_b, last FROM (
			SELECT type, region, id,
				CAST(argMin(tombstone, version) OR (type, region, id) IN (
					SELECT type, region, id FROM @db.resources FINAL WHERE account_id = ? AND first_seen < fromUnixTimestamp64Micro(?, 'UTC')
						AND (type, region, id) IN (`+moved+`)), 'Bool') AS was,
				if(countIf(in_a) > 0, argMaxIf(NOT tombstone, version, in_a), was) AS live_a, argMaxIf(hash, version, in_a) AS hash_a,
				if(countIf(in_b) > 0, argMaxIf(NOT tombstone, version, in_b), was) AS live_b, argMaxIf(hash, version, in_b) AS hash_b, maxIf(at, in_a OR in_b) AS last
			FROM (`+rows+`) GROUP BY type, region, id
		) WHERE live_a != live_b OR live_a AND hash_a != hash_b
		ORDER BY type, region, id`, slices.Concat([]any{versions.account, kept.UnixMicro()}, which, args), func(r driver.Rows) error {
		var c schemas.ResourceChange
		var had, has bool
		if err := r.Scan(&c.Type, &c.Region, &c.ID, &had, &has, &c.At); err != nil {
			return err
		}
		count := &out.Resources.Changed
		switch {
		case had && has:
			c.Change = "changed"
		case has:
			c.Change, count = "added", &out.Resources.Added
		default:
			c.Change, count = "removed", &out.Resources.Removed
		}
		*count++
		c.At = read(c.At)
		if page.lists(&page.resources, len(out.Resources.List), c.Type, c.Region, c.ID) {
			out.Resources.List = append(out.Resources.List, c)
			if had && has {
				changed = append(changed, c.Key)
			}
		}
		return nil
	})
	if err != nil || len(changed) == 0 {
		return err
	}
	return s.diffProperties(ctx, out, a, b, changed)
}

// diffProperties names the properties that differ. A sealed value shows as changed
// when it was sealed anew, which only happens together with another change.
func (s *Store) diffProperties(ctx context.Context, out *schemas.Diff, a, b cut, keys []schemas.Key) error {
	before, args := a.before("version")
	after, more := b.before("version")
	var types, regions, ids []string
	wanted := map[schemas.Key]bool{} // the condition also lets other combinations through
	for _, k := range keys {
		wanted[k] = true
		types, regions, ids = append(types, k.Type), append(regions, k.Region), append(ids, k.ID)
	}
	differ := map[schemas.Key][]string{}
	err := s.query(ctx, "compare properties", `SELECT type, region, id, argMaxIf(properties, version, `+before+`), argMaxIf(properties, version, `+after+`)
		FROM @db.resource_versions WHERE account_id = ? AND type IN ? AND region IN ? AND id IN ? GROUP BY type, region, id`,
		append(append(args, more...), string(out.AccountID), types, regions, ids), func(r driver.Rows) error {
			var k schemas.Key
			var was, is string
			if err := r.Scan(&k.Type, &k.Region, &k.ID, &was, &is); err != nil || !wanted[k] {
				return err
			}
			if was == "" || is == "" {
				return nil // one of them is not kept
			}
			var err error
			differ[k], err = differingProperties(was, is)
			return err
		})
	for i, c := range out.Resources.List {
		if c.Change == "changed" {
			out.Resources.List[i].Properties = differ[c.Key]
		}
	}
	return err
}

func differingProperties(was, is string) ([]string, error) {
	var a, b map[string]any
	if err := json.Unmarshal([]byte(was), &a); err != nil {
		return nil, err
	}
	if err := json.Unmarshal([]byte(is), &b); err != nil {
		return nil, err
	}
	var out []string
	for name, v := range a {
		if w, ok := b[name]; !ok || !reflect.DeepEqual(v, w) {
			out = append(out, name)
		}
	}
	for name := range b {
		if _, ok := a[name]; !ok {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out, nil
}

// diffViolations goes by the events that are kept. A life that begins with its end was
// open before. What has no event behind the earlier of the two ends is open at both if
// it is open now.
func (s *Store) diffViolations(ctx context.Context, out *schemas.Diff, a, b cut, kept time.Time, page *diffPage) error {
	events := span{string(out.AccountID), a, b, kept, "violation_events", "attempt", "finding"}
	moved, which := events.moved()
	err := s.query(ctx, "count what stays open", "SELECT count() FROM @db.open_violations FINAL WHERE account_id = ? AND "+enforcedOnly+" AND finding NOT IN ("+moved+")",
		slices.Concat([]any{events.account}, which), func(r driver.Rows) error { return r.Scan(&out.Violations.Unchanged) })
	if err != nil {
		return err
	}
	rows, args := events.rows("finding, type, region, id, pack, policy, transition, cause, severity, opened_at, at, (version, revision, attempt) AS ord")
	return s.query(ctx, "compare violations", `SELECT finding, key.1, key.2, key.3, key.4, key.5, was, told.1, told.2, told.3, told.4, back.1, back.2 FROM (
			SELECT finding, any((toString(type), toString(region), id, toString(pack), toString(policy))) AS key,
				if(argMin(toString(transition), ord) = 'fixed', 'opened', '') AS first,
				if(countIf(in_a) > 0, argMaxIf(toString(transition), ord, in_a), first) AS was,
				if(countIf(in_b) > 0, argMaxIf((toString(transition), toString(cause), toString(severity), at), ord, in_b),
					(first, '', argMin(toString(severity), ord), argMin(opened_at, ord))) AS told,
				argMaxIf((toString(severity), at), ord, in_a) AS back
			FROM (`+rows+`) GROUP BY finding
		) WHERE was IN ('opened', 'reopened') OR told.1 IN ('opened', 'reopened')
		ORDER BY key, finding`, args, func(r driver.Rows) error {
		var c schemas.DiffViolation
		var was, told, cause, severity, back string
		var backAt time.Time
		if err := r.Scan(&c.Finding, &c.Type, &c.Region, &c.ID, &c.Pack, &c.Policy, &was, &told, &cause, &severity, &c.At, &back, &backAt); err != nil {
			return err
		}
		opened, open := was == "opened" || was == "reopened", told == "opened" || told == "reopened"
		c.Severity, c.At = schemas.Severity(severity), read(c.At)
		switch {
		case opened && open:
			out.Violations.Unchanged++
			return nil
		case open:
			out.Violations.Opened++
			c.Change = schemas.Transition(told)
		case told == "": // it came after the end that is compared with: the scans are named in reverse
			out.Violations.Fixed++
			c.Change, c.Severity, c.At = schemas.Fixed, schemas.Severity(back), read(backAt)
		default:
			out.Violations.Fixed++
			c.Change, c.Cause = schemas.Fixed, schemas.FixCause(cause)
		}
		if page.lists(&page.violations, len(out.Violations.List), c.Type, c.Region, c.ID, c.Pack, c.Policy, c.Finding) {
			out.Violations.List = append(out.Violations.List, c)
		}
		return nil
	})
}
