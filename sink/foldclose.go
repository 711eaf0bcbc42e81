package sink

import (
	"context"
	"slices"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// closePage is how many resources of a scope are closed at a time.
const closePage = 2000

// close makes tombstones of what left a scope, ends verdicts of what never was
// in it, and writes the close last: until then a repetition starts again and
// finds what is done, done.
func (s *Store) close(ctx context.Context, c *schemas.Close) error {
	closed, err := s.ClosedSeqs(ctx, c.AccountID)
	if err != nil {
		return err
	}
	if c.Seq <= closed[c.Scope] {
		return nil
	}
	leaving := func(after schemas.Key) ([]schemas.Key, error) { return s.leaving(ctx, c, after) }
	if err := s.buryAll(ctx, c, leaving, (*fold).tombstone); err != nil {
		return err
	}
	overtaken := func(after schemas.Key) ([]schemas.Key, error) { return s.overtaken(ctx, c, closed[c.Scope], after) }
	if err := s.buryAll(ctx, c, overtaken, (*fold).ghost); err != nil {
		return err
	}
	return insert(ctx, s, "scope_closes", []scopeCloseRow{{
		AccountID: string(c.AccountID), Type: c.Scope.Type, ScopeRegion: c.Scope.Region, Route: c.Scope.Route,
		Seq: c.Seq, Cause: string(c.Cause), At: stored(c.At),
	}})
}

// ending is how a close ends one resource.
type ending func(*fold, *schemas.Close, resourceKey)

// buryAll ends what find names, page by page in the order of keys.
func (s *Store) buryAll(ctx context.Context, c *schemas.Close, find func(after schemas.Key) ([]schemas.Key, error), end ending) error {
	for after := (schemas.Key{}); ; {
		page, err := find(after)
		if err != nil {
			return err
		}
		if err := s.bury(ctx, c, page, end); err != nil {
			return err
		}
		if len(page) < closePage {
			return nil
		}
		after = page[len(page)-1]
	}
}

// leaving is a page of the keys that a close may bury: those that its attempt
// found gone, or, for a scope that left the plan, all that are older.
func (s *Store) leaving(ctx context.Context, c *schemas.Close, after schemas.Key) ([]schemas.Key, error) {
	from := "FROM @db.gone_marks FINAL WHERE account_id = ? AND seq = ?"
	if c.Cause == schemas.FixOutOfScope {
		from = "FROM @db.resources FINAL WHERE account_id = ? AND seq < ? AND NOT tombstone"
	}
	return s.keysOf(ctx, c, after, from, string(c.AccountID), c.Seq)
}

// overtaken is a page of the keys that were judged by attempts between the close
// before and this one: their snapshots may have come later than the verdicts,
// and from now on come too late. A re-judgement is of what is held, and younger
// than the version it judges.
func (s *Store) overtaken(ctx context.Context, c *schemas.Close, before uint64, after schemas.Key) ([]schemas.Key, error) {
	return s.keysOf(ctx, c, after, "FROM @db.judged FINAL WHERE account_id = ? AND attempt > ? AND attempt < ? AND version = attempt AND NOT tombstone",
		string(c.AccountID), before, c.Seq)
}

// keysOf is a page of a scope's keys in a table.
func (s *Store) keysOf(ctx context.Context, c *schemas.Close, after schemas.Key, from string, args ...any) ([]schemas.Key, error) {
	var page []schemas.Key
	err := s.query(ctx, "read what left a scope", "SELECT region, id "+from+
		" AND type = ? AND scope_region = ? AND route = ? AND (region, id) > (?, ?) ORDER BY region, id LIMIT ?",
		append(args, c.Scope.Type, c.Scope.Region, c.Scope.Route, after.Region, after.ID, closePage),
		func(r driver.Rows) error {
			k := schemas.Key{Type: c.Scope.Type}
			defer func() { page = append(page, k) }()
			return r.Scan(&k.Region, &k.ID)
		})
	return page, err
}

func (s *Store) bury(ctx context.Context, c *schemas.Close, page []schemas.Key, end ending) error {
	if len(page) == 0 {
		return nil
	}
	f, t := newFold(), newTouched()
	for _, k := range page {
		t.all(resourceKey{c.AccountID, k})
	}
	if err := s.load(ctx, f, t); err != nil {
		return err
	}
	for _, k := range page {
		end(f, c, resourceKey{c.AccountID, k})
	}
	return s.flush(ctx, &f.out, f)
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
