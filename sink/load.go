package sink

import (
	"context"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// touched are the keys that messages need to know of.
type touched struct {
	accounts map[schemas.AccountID]bool // of whatever a close may fence
	seen     map[resourceKey]bool       // by snapshots
	judged   map[resourceKey]bool       // by verdicts
}

func newTouched() *touched {
	return &touched{accounts: map[schemas.AccountID]bool{}, seen: map[resourceKey]bool{}, judged: map[resourceKey]bool{}}
}

func (t *touched) all(k resourceKey) {
	t.accounts[k.account] = true
	t.seen[k], t.judged[k] = true, true
}

func (t *touched) message(m schemas.Message) {
	if b := m.Snapshot; b != nil && len(b.Resources)+len(b.Unchanged)+len(b.Gone) > 0 {
		t.accounts[b.AccountID] = true
		for i := range b.Resources {
			t.seen[resourceKey{b.AccountID, b.Resources[i].Key}] = true
		}
		for _, u := range b.Unchanged {
			t.seen[resourceKey{b.AccountID, u.Key}] = true
		}
	}
	if b := m.Verdicts; b != nil && len(b.Verdicts) > 0 {
		t.accounts[b.AccountID] = true
		for i := range b.Verdicts {
			t.judged[resourceKey{b.AccountID, b.Verdicts[i].Key}] = true
		}
	}
}

func (t *touched) size() int { return len(t.seen) + len(t.judged) }

// load fills the fold with what is stored of the touched keys: one query per
// table, each into a map of its own.
func (s *Store) load(ctx context.Context, f *fold, t *touched) error {
	var steps []step
	for _, load := range []func(context.Context, *fold, *touched) error{
		s.loadFences, s.loadResources, s.loadSeen, s.loadJudged, s.loadPacks, s.loadViolations,
	} {
		steps = append(steps, func(ctx context.Context) error { return load(ctx, f, t) })
	}
	return together(ctx, steps)
}

func (s *Store) loadFences(ctx context.Context, f *fold, t *touched) error {
	accounts := make([]string, 0, len(t.accounts))
	for a := range t.accounts {
		accounts = append(accounts, string(a))
	}
	if len(accounts) == 0 {
		return nil // nothing but ends and empty batches
	}
	return s.query(ctx, "read closes", "SELECT account_id, scope_region, type, route, seq FROM @db.scope_closes FINAL WHERE account_id IN ?", []any{accounts},
		func(r driver.Rows) error {
			var k scopeKey
			var a string
			var seq uint64
			if err := r.Scan(&a, &k.Region, &k.Type, &k.Route, &seq); err != nil {
				return err
			}
			k.account = schemas.AccountID(a)
			f.fences[k] = seq
			return nil
		})
}

// replaced is a row whose place in its table newer ones take.
type replaced[T any] interface {
	*T
	key() resourceKey
	part() policyKey      // of a resource that has several rows, whose this is
	order() schemas.Order // that the newest has the greatest of
}

// lookup finds the newest rows of keys in a table. FINAL would read every column of
// all rows that share a granule with one of these, and merge them.
func lookup[T any, P replaced[T]](ctx context.Context, s *Store, table, columns, typeColumn string, keys map[resourceKey]bool, found func(resourceKey, *T)) error {
	if len(keys) == 0 {
		return nil
	}
	w, list := &where{}, make([][]string, 0, len(keys))
	for k := range keys {
		list = append(list, []string{string(k.account), k.Type, k.Region, k.ID})
	}
	w.near([]string{"account_id", typeColumn, "region", "id"}, list)
	type place struct {
		resourceKey
		policyKey
	}
	statement := "SELECT " + columns + " FROM @db." + table + " WHERE " + w.String()
	if len(keys) <= maxLimit {
		statement += " SETTINGS max_threads = 1" // to share the little work of a page costs more than the work
	}
	newest := make(map[place]P, len(keys))
	err := s.query(ctx, "look up "+table, statement, w.args, func(r driver.Rows) error {
		row := P(new(T))
		if err := r.ScanStruct(row); err != nil {
			return err
		}
		if k := row.key(); keys[k] {
			if p := (place{k, row.part()}); newest[p] == nil || row.order().Newer(newest[p].order()) {
				newest[p] = row
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for p, row := range newest {
		found(p.resourceKey, row)
	}
	return nil
}

func keyOf(account, region, token, id string) resourceKey {
	return resourceKey{schemas.AccountID(account), schemas.Key{Region: region, Type: token, ID: id}}
}

func (r *resourceRow) key() resourceKey  { return keyOf(r.AccountID, r.Region, r.Type, r.ID) }
func (r *seenRow) key() resourceKey      { return keyOf(r.AccountID, r.Region, r.Type, r.ID) }
func (r *judgedRow) key() resourceKey    { return keyOf(r.AccountID, r.Region, r.Type, r.ID) }
func (r *verdictRow) key() resourceKey   { return keyOf(r.AccountID, r.Region, r.Type, r.ID) }
func (r *violationRow) key() resourceKey { return keyOf(r.AccountID, r.Region, r.Canonical, r.ID) }

func (r *resourceRow) place() []string { return []string{r.AccountID, r.Type, r.Region, r.ID} }

func (r *resourceRow) part() policyKey  { return policyKey{} }
func (r *seenRow) part() policyKey      { return policyKey{} }
func (r *judgedRow) part() policyKey    { return policyKey{} }
func (r *verdictRow) part() policyKey   { return policyKey{pack: r.Pack} }
func (r *violationRow) part() policyKey { return policyKey{r.Pack, r.Policy} }

// Batches are ordered by seq and number.
func (r *resourceRow) order() schemas.Order {
	return schemas.Order{Version: r.Seq, Revision: uint64(r.Number)}
}

func (r *seenRow) order() schemas.Order {
	return schemas.Order{Version: r.Seq, Revision: uint64(r.Number)}
}

func (r *judgedRow) order() schemas.Order {
	return schemas.Order{Version: r.Version, Revision: r.Revision, Attempt: r.Attempt}
}

func (r *verdictRow) order() schemas.Order {
	return schemas.Order{Version: r.Version, Revision: r.Revision, Attempt: r.Attempt}
}

// Everything but the documents, which folding never needs.
const resourceColumns = "account_id, account, type, region, id, name, scope_region, route, seq, number, version, hash, projection_revision, tombstone, first_seen, changed_at, at"

func (s *Store) loadResources(ctx context.Context, f *fold, t *touched) error {
	return lookup(ctx, s, "resources", resourceColumns, "type", t.seen, func(k resourceKey, r *resourceRow) { f.resources[k] = r })
}

func (s *Store) loadSeen(ctx context.Context, f *fold, t *touched) error {
	return lookup(ctx, s, "seen", columnsOf(new(seenRow)), "type", t.seen, func(k resourceKey, r *seenRow) { f.seen[k] = r })
}

func (s *Store) loadJudged(ctx context.Context, f *fold, t *touched) error {
	return lookup(ctx, s, "judged", columnsOf(new(judgedRow)), "type", t.judged, func(k resourceKey, r *judgedRow) { f.judged[k] = r })
}

// loadPacks reads which packs said something of the resources.
func (s *Store) loadPacks(ctx context.Context, f *fold, t *touched) error {
	return lookup(ctx, s, "verdicts", "account_id, type, region, id, pack, pack_version, version, revision, attempt", "type", t.judged, func(k resourceKey, r *verdictRow) {
		if r.PackVersion == "" {
			return // emptied
		}
		if f.packs[k] == nil {
			f.packs[k] = map[string]bool{}
		}
		f.packs[k][r.Pack] = true
	})
}

func (s *Store) loadViolations(ctx context.Context, f *fold, t *touched) error {
	keys := make(map[resourceKey]bool, len(t.judged))
	for k := range t.judged {
		keys[canonical(k)] = true
	}
	return lookup(ctx, s, "violations", columnsOf(new(violationRow)), "canonical", keys, func(k resourceKey, r *violationRow) {
		if f.violations[k] == nil {
			f.violations[k] = map[policyKey]*violationRow{}
		}
		f.violations[k][policyKey{r.Pack, r.Policy}] = r
	})
}
