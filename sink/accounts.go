package sink

import (
	"context"
	"maps"
	"slices"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// An account is known by its id. Rows hold the name it had when they were
// written, and names are edited and even taken over by other accounts: only the
// newest name of an account means it.

// accountNames resolves names and ids to the accounts the store knows, with
// their newest names by id. Nothing named means every account.
func (s *Store) accountNames(ctx context.Context, named []string) (map[string]string, error) {
	var w where
	if len(named) > 0 && !slices.ContainsFunc(named, isName) {
		w.add("account_id IN ?", named)
	}
	names, asked := map[string]string{}, setOf(named)
	err := s.query(ctx, "list accounts", "SELECT account_id, argMax(account, at) FROM @db.account_names WHERE "+w.String()+" GROUP BY account_id", w.args, func(r driver.Rows) error {
		var id, name string
		if err := r.Scan(&id, &name); err != nil {
			return err
		}
		if len(named) == 0 || asked[id] || asked[name] {
			names[id] = name
		}
		return nil
	})
	return names, err
}

func isName(s string) bool { return !schemas.AccountID(s).Valid() }

// accountIDs are the ids of the accounts named: none without names, and some is
// false when nothing has such a name.
func (s *Store) accountIDs(ctx context.Context, named []string) (ids []string, some bool, err error) {
	ids = named
	if slices.ContainsFunc(named, isName) {
		names, err := s.accountNames(ctx, named)
		if err != nil {
			return nil, false, err
		}
		ids = slices.Sorted(maps.Keys(names))
	}
	return ids, len(ids) > 0 || len(named) == 0, nil
}

// fewAccounts are so many that an index compares them with every mark at no cost to speak of.
const fewAccounts = 32

// ofAccounts keeps the rows of accounts; of none named, all.
func (s *Store) ofAccounts(ctx context.Context, w *where, ids []string) error {
	exact, err := s.nearAccounts(ctx, w, ids)
	if err == nil && !exact {
		w.add("concat(account_id, '') IN ?", ids) // of which the index knows nothing
	}
	return err
}

// nearAccounts keeps the rows of accounts, and unless it is exact perhaps those of others,
// which who asks skips; see those. Where nearly all are named, as when a question names
// none, the index skips nothing by them and compares each of its marks with each: it is
// told the few others instead. New ones may come meanwhile.
func (s *Store) nearAccounts(ctx context.Context, w *where, ids []string) (exact bool, err error) {
	if len(ids) <= fewAccounts {
		if len(ids) > 0 {
			w.add("account_id IN ?", ids)
		}
		return true, nil
	}
	others, err := s.accountNames(ctx, nil)
	if err != nil {
		return false, err
	}
	for _, id := range ids {
		delete(others, id)
	}
	if len(others) > fewAccounts {
		w.add("account_id IN ?", ids)
		return true, nil
	}
	if len(others) > 0 {
		w.add("account_id NOT IN ?", slices.Sorted(maps.Keys(others)))
	}
	return false, nil
}

// those tells whether an account is one of ids; of none named, all are.
func those(ids []string) func(id string) bool {
	named := setOf(ids)
	return func(id string) bool { return len(ids) == 0 || named[id] }
}

func setOf(list []string) map[string]bool {
	set := make(map[string]bool, len(list))
	for _, v := range list {
		set[v] = true
	}
	return set
}
