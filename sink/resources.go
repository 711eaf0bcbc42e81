package sink

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/insights-scanner/insights-scanner/schemas"
)

var resourceOrder = []string{"account_id", "type", "region", "id"}

// canonicalType is schemas.CanonicalType of the column type: violations are kept by it.
var canonicalType = func() string {
	from := schemas.AliasTypes()
	to := make([]string, len(from))
	for i, t := range from {
		to[i] = schemas.CanonicalType(t)
	}
	return "transform(type, ['" + strings.Join(from, "', '") + "'], ['" + strings.Join(to, "', '") + "'], type)"
}()

// Resources is one page of the live inventory.
func (s *Store) Resources(ctx context.Context, q schemas.ResourceQuery) (schemas.ResourcePage, error) {
	p, err := newPager(q.Limit, q.Cursor, "resources", resourceOrder, false)
	if err != nil {
		return schemas.ResourcePage{}, err
	}
	out := schemas.ResourcePage{Resources: []schemas.StoredResource{}}
	w := &where{}
	w.add("NOT tombstone")
	if q.Violating {
		violating := &where{}
		violating.add("state = 'open'")
		violating.add(enforcedOnly)
		if some, err := s.inAccounts(ctx, violating, q.Accounts); err != nil || !some {
			return out, err
		}
		w.add(s.sql("(account_id, "+canonicalType+", region, id) IN (SELECT account_id, canonical, region, id FROM @db.violations FINAL WHERE "+violating.String()+")"), violating.args...)
	}
	if some, err := s.inAccounts(ctx, w, q.Accounts); err != nil || !some {
		return out, err
	}
	for column, value := range map[string]string{"type": q.Type, "region": q.Region, "id": q.ID} {
		if value != "" {
			w.add(column+" = ?", value)
		}
	}
	if q.Match != "" {
		w.add("position(id, ?) > 0", q.Match)
	}
	p.resume(w)
	columns := resourceColumns
	if q.Properties {
		columns = columnsOf(new(resourceRow))
	} else {
		columns += ", unknown"
	}
	keys := map[resourceKey]bool{}
	err = s.query(ctx, "list resources", "SELECT "+columns+", "+p.columns()+" FROM @db.resources FINAL WHERE "+w.String()+p.tail(), w.args, func(r driver.Rows) error {
		var row struct {
			resourceRow
			Cursor []string `ch:"cursor"`
		}
		if err := r.ScanStruct(&row); err != nil {
			return err
		}
		if p.full(row.Cursor) {
			return nil
		}
		res, err := row.resource()
		if err != nil {
			return err
		}
		out.Resources = append(out.Resources, schemas.StoredResource{
			Resource: res, AccountID: schemas.AccountID(row.AccountID), Account: row.Account, URN: res.URN(row.Account),
			FirstSeen: read(row.FirstSeen), LastSeen: read(row.At), ChangedAt: read(row.ChangedAt),
		})
		keys[row.key()] = true
		return nil
	})
	if err != nil {
		return schemas.ResourcePage{}, err
	}
	names, err := s.newestNames(ctx, keys)
	if err != nil {
		return schemas.ResourcePage{}, err
	}
	sights, err := s.sights(ctx, keys)
	if err != nil {
		return schemas.ResourcePage{}, err
	}
	for i := range out.Resources {
		r := &out.Resources[i]
		if name := names[r.AccountID]; name != "" {
			r.Account, r.URN = name, r.Key.URN(name)
		}
		if at := sights[resourceKey{r.AccountID, r.Key}]; at.After(r.LastSeen) {
			r.LastSeen = at
		}
	}
	out.Next = p.next()
	return out, nil
}

// sights is when live resources were last seen: by their own row or sighting,
// or by the last complete run of their scope, which would have buried them.
func (s *Store) sights(ctx context.Context, keys map[resourceKey]bool) (map[resourceKey]time.Time, error) {
	out := make(map[resourceKey]time.Time, len(keys))
	later := func(k resourceKey, at time.Time) {
		if at = read(at); at.After(out[k]) {
			out[k] = at
		}
	}
	closes, err := s.completeAt(ctx, keys)
	if err != nil {
		return nil, err
	}
	err = lookup(ctx, s, "resources", resourceColumns, "type", keys, (*resourceRow).key, func(k resourceKey, r *resourceRow) {
		later(k, r.At)
		if c, ok := closes[scopeKey{k.account, schemas.Scope{Region: r.ScopeRegion, Type: r.Type, Route: r.Route}}]; ok && !r.Tombstone && c.Seq >= r.Seq {
			later(k, c.At)
		}
	})
	if err != nil {
		return nil, err
	}
	err = lookup(ctx, s, "seen", columnsOf(new(seenRow)), "type", keys, (*seenRow).key, func(k resourceKey, r *seenRow) { later(k, r.At) })
	return out, err
}

// completeAt is the newest close of every scope of the keys' accounts.
func (s *Store) completeAt(ctx context.Context, keys map[resourceKey]bool) (map[scopeKey]scopeCloseRow, error) {
	out := map[scopeKey]scopeCloseRow{}
	accounts := map[string]bool{}
	for k := range keys {
		accounts[string(k.account)] = true
	}
	if len(accounts) == 0 {
		return out, nil
	}
	err := s.query(ctx, "read closes", "SELECT "+columnsOf(new(scopeCloseRow))+" FROM @db.scope_closes FINAL WHERE account_id IN ?", []any{slices.Sorted(maps.Keys(accounts))}, func(r driver.Rows) error {
		var c scopeCloseRow
		if err := r.ScanStruct(&c); err != nil {
			return err
		}
		if c.Cause == string(schemas.FixResourceGone) {
			out[scopeKey{schemas.AccountID(c.AccountID), schemas.Scope{Region: c.ScopeRegion, Type: c.Type, Route: c.Route}}] = c
		}
		return nil
	})
	return out, err
}
