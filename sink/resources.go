package sink

import (
	"cmp"
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
	ids, some, err := s.accountIDs(ctx, q.Accounts)
	if err != nil || !some {
		return out, err
	}
	w, err := s.resourceFilter(ctx, q, ids)
	if err != nil {
		return out, err
	}
	mine := those(ids)
	p.resume(w)
	columns := resourceColumns + ", unknown"
	if q.Properties {
		columns = columnsOf(new(resourceRow))
	}
	rows, err := livePage(p, 2*(p.limit+1), func(tail string) (rows []*resourceRow, err error) {
		err = s.query(ctx, "list resources", "SELECT "+columns+" FROM @db.resources WHERE "+w.String()+tail+" SETTINGS max_threads = 1", w.args, func(r driver.Rows) error {
			row := new(resourceRow)
			rows = append(rows, row)
			return r.ScanStruct(row)
		})
		return rows, err
	}, func(r *resourceRow) bool { return !r.Tombstone && mine(r.AccountID) })
	if err != nil {
		return out, err
	}
	held := make(map[resourceKey]*resourceRow, len(rows))
	for _, r := range rows {
		held[r.key()] = r
	}
	sights, err := s.sights(ctx, held, nil)
	if err != nil {
		return out, err
	}
	for _, r := range rows {
		res, err := r.resource()
		if err != nil {
			return schemas.ResourcePage{}, err
		}
		account := cmp.Or(sights.names[schemas.AccountID(r.AccountID)], r.Account)
		out.Resources = append(out.Resources, schemas.StoredResource{
			Resource: res, AccountID: schemas.AccountID(r.AccountID), Account: account, URN: res.URN(account),
			FirstSeen: read(r.FirstSeen), LastSeen: sights.at[r.key()], ChangedAt: read(r.ChangedAt),
		})
	}
	out.Next = p.next()
	return out, nil
}

// resourceFilter keeps the rows that a list of resources is of, by nothing but their
// keys, which all rows of a resource have, and perhaps rows of other accounts.
func (s *Store) resourceFilter(ctx context.Context, q schemas.ResourceQuery, ids []string) (*where, error) {
	w := &where{}
	if _, err := s.nearAccounts(ctx, w, ids); err != nil {
		return nil, err
	}
	for column, value := range map[string]string{"type": q.Type, "region": q.Region, "id": q.ID} {
		if value != "" {
			w.add(column+" = ?", value)
		}
	}
	if q.Match != "" {
		w.add("position(id, ?) > 0", q.Match)
	}
	if q.Violating {
		violating := &where{}
		violating.add(enforcedOnly)
		if len(ids) > 0 {
			violating.add("account_id IN ?", ids)
		}
		w.add("(account_id, "+canonicalType+", region, id) IN (SELECT account_id, canonical, region, id FROM @db.open_violations FINAL WHERE "+violating.String()+")", violating.args...)
	}
	return w, nil
}

// sights are what lists tell of resources beyond their own rows.
type sights struct {
	names map[schemas.AccountID]string // of the accounts: the newest
	// at is when a live resource was last seen: by its own row or sighting, or by the
	// last complete run of its scope, which would have buried it.
	at map[resourceKey]time.Time
}

// sights of resources by key; those without a row are looked up, and so are the
// names of accounts that are not registered, which have theirs from the last scan.
func (s *Store) sights(ctx context.Context, held map[resourceKey]*resourceRow, registered map[schemas.AccountID]string) (sights, error) {
	out := sights{names: map[schemas.AccountID]string{}, at: make(map[resourceKey]time.Time, len(held))}
	if len(held) == 0 {
		return out, nil
	}
	keys, missing, accounts := map[resourceKey]bool{}, map[resourceKey]bool{}, map[string]bool{}
	for k, r := range held {
		keys[k], accounts[string(k.account)] = true, true
		if r == nil {
			missing[k] = true
		}
	}
	ids := slices.Sorted(maps.Keys(accounts))
	var unnamed []string
	for _, id := range ids {
		if name := registered[schemas.AccountID(id)]; name != "" {
			out.names[schemas.AccountID(id)] = name
		} else {
			unnamed = append(unnamed, id)
		}
	}
	seen := map[resourceKey]time.Time{}
	var closes map[scopeKey]scopeCloseRow
	err := together(ctx, []step{
		func(ctx context.Context) error {
			if len(unnamed) == 0 {
				return nil
			}
			names, err := s.accountNames(ctx, unnamed)
			for id, name := range names {
				out.names[schemas.AccountID(id)] = name
			}
			return err
		},
		func(ctx context.Context) (err error) { closes, err = s.completeAt(ctx, ids); return err },
		func(ctx context.Context) error {
			const columns = "account_id, type, region, id, scope_region, route, seq, number, tombstone, at"
			return lookup(ctx, s, "resources", columns, "type", missing, func(k resourceKey, r *resourceRow) { held[k] = r })
		},
		func(ctx context.Context) error {
			return lookup(ctx, s, "seen", columnsOf(new(seenRow)), "type", keys, func(k resourceKey, r *seenRow) { seen[k] = r.At })
		},
	})
	if err != nil {
		return out, err
	}
	for k, r := range held {
		at := read(seen[k])
		if r != nil {
			at = later(at, read(r.At))
			c, ok := closes[scopeKey{k.account, schemas.Scope{Region: r.ScopeRegion, Type: r.Type, Route: r.Route}}]
			if ok && !r.Tombstone && c.Seq >= r.Seq {
				at = later(at, read(c.At))
			}
		}
		out.at[k] = at
	}
	return out, nil
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// completeAt is the newest close of every scope of accounts, where it was one of a
// complete run.
func (s *Store) completeAt(ctx context.Context, ids []string) (map[scopeKey]scopeCloseRow, error) {
	out := map[scopeKey]scopeCloseRow{}
	err := s.query(ctx, "read closes", "SELECT "+columnsOf(new(scopeCloseRow))+" FROM @db.scope_closes FINAL WHERE account_id IN ?", []any{ids}, func(r driver.Rows) error {
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

// Regions are those that scans of accounts have looked at or found something in: a
// bucket may be where nothing else is read.
func (s *Store) Regions(ctx context.Context, accounts []string) ([]string, error) {
	ids, some, err := s.accountIDs(ctx, accounts)
	if err != nil || !some {
		return nil, err
	}
	w := &where{}
	if err := s.ofAccounts(ctx, w, ids); err != nil {
		return nil, err
	}
	var out []string
	err = s.query(ctx, "list regions", "SELECT DISTINCT scope_region FROM @db.scope_ends WHERE "+w.String()+
		" UNION DISTINCT SELECT DISTINCT region FROM @db.resources WHERE "+w.String(), slices.Concat(w.args, w.args), func(r driver.Rows) error {
		out = append(out, "")
		return r.Scan(&out[len(out)-1])
	})
	return out, err
}
