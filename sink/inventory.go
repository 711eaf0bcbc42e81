package sink

import (
	"context"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// maxKeys is what one question may name, and one answer page.
const maxKeys = 1000

// Known is which of at most 1,000 keys are held live, with their hashes.
func (s *Store) Known(ctx context.Context, q schemas.KnownRequest) (schemas.KnownReply, error) {
	if len(q.Keys) > maxKeys {
		return schemas.KnownReply{}, schemas.Errorf(schemas.CodeInvalid, "%d keys asked for, at most %d", len(q.Keys), maxKeys)
	}
	keys := make(map[resourceKey]bool, len(q.Keys))
	for _, k := range q.Keys {
		keys[resourceKey{q.AccountID, k}] = true
	}
	var out schemas.KnownReply
	err := lookup(ctx, s, "resources", "account_id, type, region, id, seq, number, hash, tombstone", "type", keys, func(k resourceKey, r *resourceRow) {
		if !r.Tombstone {
			out.Known = append(out.Known, schemas.Sighting{Key: k.Key, Hash: r.Hash})
		}
	})
	return out, err
}

// Keys pages through the live keys of a scope, by region and id.
func (s *Store) Keys(ctx context.Context, q schemas.KeysRequest) (schemas.KeysReply, error) {
	if q.Limit <= 0 || q.Limit > maxKeys {
		q.Limit = maxKeys
	}
	after := schemas.Key{}
	if q.After != "" {
		var ok bool
		if after, ok = schemas.ParseKey(q.After); !ok {
			return schemas.KeysReply{}, schemas.Errorf(schemas.CodeInvalid, "after: %q is not a key", q.After)
		}
	}
	var out schemas.KeysReply
	err := s.query(ctx, "page through keys", `SELECT region, id FROM @db.resources FINAL
		WHERE account_id = ? AND type = ? AND region >= ? AND scope_region = ? AND route = ? AND NOT tombstone AND (region, id) > (?, ?)
		ORDER BY region, id LIMIT ?`,
		[]any{string(q.AccountID), q.Scope.Type, after.Region, q.Scope.Region, q.Scope.Route, after.Region, after.ID, q.Limit},
		func(r driver.Rows) error {
			k := schemas.Key{Type: q.Scope.Type}
			if err := r.Scan(&k.Region, &k.ID); err != nil {
				return err
			}
			out.Keys = append(out.Keys, k)
			return nil
		})
	return out, err
}

// Counts is how many live resources of each type scopes own that attempts
// before a seq wrote.
func (s *Store) Counts(ctx context.Context, q schemas.CountsRequest) (schemas.CountsReply, error) {
	out := schemas.CountsReply{Counts: map[string]uint64{}}
	err := s.query(ctx, "count resources", `SELECT type, count() FROM @db.resources FINAL
		WHERE account_id = ? AND type IN ? AND scope_region = ? AND route = ? AND seq < ? AND NOT tombstone GROUP BY type`,
		[]any{string(q.AccountID), q.Types, q.Region, q.Route, q.Before}, func(r driver.Rows) error {
			var token string
			var n uint64
			if err := r.Scan(&token, &n); err != nil {
				return err
			}
			out.Counts[token] = n
			return nil
		})
	return out, err
}
