package sink

import (
	"context"
	"slices"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// closePage is how many resources of closed scopes are ended at a time.
const closePage = 2000

// closing is a run of closes that are stored together: of one account and one
// cause, each scope once.
type closing struct {
	closes map[schemas.Scope]*schemas.Close
	before map[schemas.Scope]uint64 // the closes before them
}

// runOfCloses is how many closes stand at the beginning that can be stored together.
func runOfCloses(ms []schemas.Message) int {
	scopes := map[schemas.Scope]bool{}
	for i, m := range ms {
		c := m.Close
		if c == nil || c.AccountID != ms[0].Close.AccountID || c.Cause != ms[0].Close.Cause || scopes[c.Scope] {
			return i
		}
		scopes[c.Scope] = true
	}
	return len(ms)
}

// close makes tombstones of what left scopes, ends verdicts of what never was
// in them, and writes the closes last: until then a repetition starts again and
// finds what is done, done. Most scopes are small or empty, and a scan closes
// hundreds of them: what is asked is asked of all at once.
func (s *Store) close(ctx context.Context, j journal, ms []schemas.Message) error {
	account, cause := ms[0].Close.AccountID, ms[0].Close.Cause
	before, err := s.ClosedSeqs(ctx, account)
	if err != nil {
		return err
	}
	run := closing{closes: map[schemas.Scope]*schemas.Close{}, before: before}
	var rows []scopeCloseRow
	for _, m := range ms {
		c := m.Close
		if c.Seq <= before[c.Scope] {
			continue
		}
		run.closes[c.Scope] = c
		rows = append(rows, scopeCloseRow{
			AccountID: string(c.AccountID), Type: c.Scope.Type, ScopeRegion: c.Scope.Region, Route: c.Scope.Route,
			Seq: c.Seq, Cause: string(c.Cause), At: stored(c.At),
		})
	}
	if len(rows) == 0 {
		return nil
	}
	leaving := gone
	if cause == schemas.FixOutOfScope {
		leaving = left
	}
	if err := s.buryAll(ctx, j, account, run, leaving, (*fold).tombstone); err != nil {
		return err
	}
	if err := s.buryAll(ctx, j, account, run, overtaken, (*fold).ghost); err != nil {
		return err
	}
	return insert(ctx, s, "scope_closes", rows)
}

// What closes may end: the table (t) and the condition, with the close (c) of the
// row's scope and the seq of the one before it.
const (
	// gone is what the attempt of the close found gone.
	gone = "@db.gone_marks AS t FINAL WHERE t.seq = c.seq"
	// left is, of a scope that left the plan, all that is older.
	left = "@db.resources AS t FINAL WHERE t.seq < c.seq AND NOT t.tombstone"
	// overtaken is what was judged by attempts between the close before and this
	// one: their snapshots may have come later than the verdicts, and from now on
	// come too late. A re-judgement is of what is held, and younger than the version
	// it judges.
	overtaken = "@db.judged AS t FINAL WHERE t.attempt > c.before AND t.attempt < c.seq AND t.version = t.attempt AND NOT t.tombstone"
)

// scopedKey is a key with the scope that it is ended in.
type scopedKey struct {
	scope schemas.Scope
	key   schemas.Key
}

// ending is how a close ends one resource.
type ending func(*fold, *schemas.Close, resourceKey)

// buryAll ends what is found, page by page in the order of scopes and keys.
func (s *Store) buryAll(ctx context.Context, j journal, a schemas.AccountID, run closing, what string, end ending) error {
	for after := (scopedKey{}); ; {
		page, err := s.keysOf(ctx, a, run, what, after)
		if err != nil {
			return err
		}
		if err := s.bury(ctx, j, a, run, page, end); err != nil {
			return err
		}
		if len(page) < closePage {
			return nil
		}
		after = page[len(page)-1]
	}
}

// keysOf is a page of the keys that closes may end.
func (s *Store) keysOf(ctx context.Context, a schemas.AccountID, run closing, what string, after scopedKey) ([]scopedKey, error) {
	var types, regions, routes []string
	var befores, seqs []uint64
	for scope, c := range run.closes {
		types, regions, routes = append(types, scope.Type), append(regions, scope.Region), append(routes, scope.Route)
		befores, seqs = append(befores, run.before[scope]), append(seqs, c.Seq)
	}
	table, where, _ := strings.Cut(what, " WHERE ")
	var page []scopedKey
	err := s.query(ctx, "read what left scopes", "SELECT t.type, t.scope_region, t.route, t.region, t.id FROM "+table+`
		INNER JOIN (SELECT e.1 AS type, e.2 AS scope_region, e.3 AS route, e.4 AS before, e.5 AS seq
			FROM (SELECT arrayJoin(arrayZip(?, ?, ?, ?, ?)) AS e)) AS c
		ON t.type = c.type AND t.scope_region = c.scope_region AND t.route = c.route
		WHERE t.account_id = ? AND t.type IN ? AND `+where+`
			AND (t.type, t.scope_region, t.route, t.region, t.id) > (?, ?, ?, ?, ?)
		ORDER BY t.type, t.scope_region, t.route, t.region, t.id LIMIT ?`,
		[]any{
			types, regions, routes, befores, seqs, string(a), types,
			after.scope.Type, after.scope.Region, after.scope.Route, after.key.Region, after.key.ID, closePage,
		},
		func(r driver.Rows) error {
			var k scopedKey
			if err := r.Scan(&k.scope.Type, &k.scope.Region, &k.scope.Route, &k.key.Region, &k.key.ID); err != nil {
				return err
			}
			k.key.Type = k.scope.Type
			page = append(page, k)
			return nil
		})
	return page, err
}

func (s *Store) bury(ctx context.Context, j journal, a schemas.AccountID, run closing, page []scopedKey, end ending) error {
	if len(page) == 0 {
		return nil
	}
	f, t := newFold(), newTouched()
	for _, k := range page {
		t.all(resourceKey{a, k.key})
	}
	if err := s.load(ctx, f, t); err != nil {
		return err
	}
	for _, k := range page {
		end(f, run.closes[k.scope], resourceKey{a, k.key})
	}
	f.ending = true
	return s.flush(ctx, j, f)
}

// tombstone ends one resource, unless a newer attempt saw it or it belongs to
// another scope.
func (f *fold) tombstone(c *schemas.Close, k resourceKey) {
	r := f.resources[k]
	scope := schemas.Scope{Region: c.Scope.Region, Type: c.Scope.Type, Route: c.Scope.Route}
	if r == nil || r.Tombstone || f.position(k).seq >= c.Seq || r.ScopeRegion != scope.Region || r.Route != scope.Route {
		return
	}
	at := stored(c.At)
	row := &resourceRow{
		AccountID: r.AccountID, Account: c.Account, Type: r.Type, Region: r.Region, ID: r.ID, Name: r.Name,
		ScopeRegion: r.ScopeRegion, Route: r.Route, Seq: c.Seq, Version: c.Seq, Projection: r.Projection, Tombstone: true,
		FirstSeen: r.FirstSeen, ChangedAt: at, At: at,
	}
	f.version(row)
	f.resources[k] = row
	f.out.resources[k] = true
	f.unjudge(c, k)
}

// ghost ends the judgement of what is not held: its verdict was stored, and its
// snapshot had not come when an attempt that did not see it completed the scope.
func (f *fold) ghost(c *schemas.Close, k resourceKey) {
	if r := f.resources[k]; r == nil || r.Tombstone {
		f.unjudge(c, k)
	}
}

// unjudge takes back what was said of a resource that a close ends.
func (f *fold) unjudge(c *schemas.Close, k resourceKey) {
	o := schemas.Order{Version: c.Seq, Attempt: c.Seq}
	for pack := range f.packs[k] {
		f.emptyVerdict(k, pack, o)
	}
	for _, v := range f.violations[canonical(k)] {
		f.fix(v, o, c.Cause, c.Scan, stored(c.At))
	}
	f.judged[k] = &judgedRow{
		AccountID: string(k.account), Type: k.Type, Region: k.Region, ID: k.ID, ScopeRegion: c.Scope.Region, Route: c.Scope.Route,
		Version: o.Version, Attempt: o.Attempt, Tombstone: true,
	}
	f.out.judged[k] = true
}

// ClosedSeqs is the seq of the newest close of every scope of an account.
func (s *Store) ClosedSeqs(ctx context.Context, a schemas.AccountID) (map[schemas.Scope]uint64, error) {
	out := map[schemas.Scope]uint64{}
	err := s.query(ctx, "read closes", "SELECT scope_region, type, route, seq FROM @db.scope_closes FINAL WHERE account_id = ?", []any{string(a)},
		func(r driver.Rows) error {
			var sc schemas.Scope
			var seq uint64
			defer func() { out[sc] = seq }()
			return r.Scan(&sc.Region, &sc.Type, &sc.Route, &seq)
		})
	return out, err
}

// OpenScopes are the scopes of an account that own live resources or had an
// attempt, without those that left the plan and were closed for it. Control
// compares them with its plan.
func (s *Store) OpenScopes(ctx context.Context, a schemas.AccountID) ([]schemas.Scope, error) {
	open := map[schemas.Scope]bool{}
	err := s.query(ctx, "read scopes", `SELECT e.scope_region, e.type, e.route
		FROM (SELECT * FROM @db.scope_ends FINAL WHERE account_id = ?) e
		LEFT JOIN (SELECT * FROM @db.scope_closes FINAL WHERE account_id = ?) c USING (type, scope_region, route)
		WHERE NOT (c.cause = ? AND c.seq > e.seq)`, []any{string(a), string(a), string(schemas.FixOutOfScope)},
		func(r driver.Rows) error {
			sc, err := scanScope(r)
			open[sc] = true
			return err
		})
	if err != nil {
		return nil, err
	}
	// Without FINAL: cheap, and at worst too many, which the second look tells.
	var others []schemas.Scope
	err = s.query(ctx, "read scopes", "SELECT DISTINCT scope_region, type, route FROM @db.resources WHERE account_id = ? AND NOT tombstone", []any{string(a)},
		func(r driver.Rows) error {
			sc, err := scanScope(r)
			if !open[sc] {
				others = append(others, sc)
			}
			return err
		})
	if err != nil {
		return nil, err
	}
	for _, sc := range others {
		owns, err := s.owns(ctx, a, sc)
		if err != nil {
			return nil, err
		}
		if owns {
			open[sc] = true
		}
	}
	out := make([]schemas.Scope, 0, len(open))
	for sc := range open {
		out = append(out, sc)
	}
	slices.SortFunc(out, func(a, b schemas.Scope) int { return strings.Compare(a.String(), b.String()) })
	return out, nil
}

func scanScope(r driver.Rows) (sc schemas.Scope, err error) {
	err = r.Scan(&sc.Region, &sc.Type, &sc.Route)
	return sc, err
}

func (s *Store) owns(ctx context.Context, a schemas.AccountID, sc schemas.Scope) (bool, error) {
	found := false
	err := s.query(ctx, "read a scope", `SELECT 1 FROM @db.resources FINAL
		WHERE account_id = ? AND type = ? AND scope_region = ? AND route = ? AND NOT tombstone LIMIT 1`,
		[]any{string(a), sc.Type, sc.Region, sc.Route}, func(driver.Rows) error { found = true; return nil })
	return found, err
}
