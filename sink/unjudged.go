package sink

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// judgedPage is how many resources are compared with their verdicts at a time,
// documentPage how many whole documents are held at a time.
const (
	judgedPage   = 20000
	documentPage = 500
)

// errEnough ends a walk early.
var errEnough = errors.New("enough")

// Unjudged streams live resources whose verdict lacks their content, their
// projection or this effective revision, whole, at most limit: first those that
// were never judged so, then those whose verdict is not settled, of which the
// first skip are left out. Both are ordered by key.
// Their version is at least that of the newest verdict, so that a new verdict is
// newer. A verdict of a newer version may be of other content: its snapshot is
// on its way, or came after its scope was closed by a later attempt.
func (s *Store) Unjudged(ctx context.Context, a schemas.AccountID, revision uint64, skip, limit int, fn func([]schemas.Resource) error) error {
	var page []unjudged
	send := func() error {
		if len(page) == 0 {
			return nil
		}
		rs, err := s.documents(ctx, a, page)
		page = page[:0]
		if err != nil {
			return err
		}
		return fn(rs)
	}
	taken, left := 0, uint64(0) // left: unsettled ones
	take := func(u unjudged) error {
		if taken >= limit {
			return errEnough
		}
		taken++
		page = append(page, u)
		if len(page) >= documentPage {
			return send()
		}
		return nil
	}
	err := s.walkUnjudged(ctx, a, revision, func(u unjudged) error {
		if u.unsettled {
			left++
			return nil
		}
		return take(u)
	})
	if err == nil && left > uint64(max(skip, 0)) {
		err = s.walkUnjudged(ctx, a, revision, func(u unjudged) error {
			if !u.unsettled {
				return nil
			}
			if skip--; skip >= 0 {
				return nil
			}
			return take(u)
		})
	}
	if err != nil && !errors.Is(err, errEnough) {
		return err
	}
	return send()
}

// UnjudgedCount is how many resources Unjudged would stream without a limit, and
// how many of them have a verdict that is not settled.
func (s *Store) UnjudgedCount(ctx context.Context, a schemas.AccountID, revision uint64) (n, unsettled uint64, err error) {
	err = s.walkUnjudged(ctx, a, revision, func(u unjudged) error {
		n++
		if u.unsettled {
			unsettled++
		}
		return nil
	})
	return n, unsettled, err
}

// unjudged is a resource to judge and the version to judge it as.
type unjudged struct {
	key     schemas.Key
	version uint64
	// unsettled: it was judged as it is, without a result that stays; see judgedProjection.
	unsettled bool
}

// beyond are the rows after a key in the order of the primary key, spelt out so that
// the index is used.
const beyond = "(type > ? OR type = ? AND (region > ? OR region = ? AND id > ?))"

func beyondArgs(k schemas.Key) []any { return []any{k.Type, k.Type, k.Region, k.Region, k.ID} }

// walkUnjudged compares resources with verdicts page by page along the primary
// key: memory does not grow with the account, as it would with a join.
func (s *Store) walkUnjudged(ctx context.Context, a schemas.AccountID, revision uint64, fn func(unjudged) error) error {
	for after := (schemas.Key{}); ; {
		from := append([]any{string(a)}, beyondArgs(after)...)
		held, err := s.contents(ctx, "SELECT type, region, id, version, toUInt64(0) AS revision, hash, projection_revision FROM @db.resources FINAL WHERE account_id = ? AND "+
			beyond+" AND NOT tombstone ORDER BY type, region, id LIMIT ?", append(from, judgedPage)...)
		if err != nil || len(held) == 0 {
			return err
		}
		last := held[len(held)-1].key()
		verdicts, err := s.contents(ctx, "SELECT type, region, id, version, revision, hash, projection_revision FROM @db.judged FINAL WHERE account_id = ? AND "+
			beyond+" AND NOT "+beyond+" AND NOT tombstone ORDER BY type, region, id", append(from, beyondArgs(last)...)...)
		if err != nil {
			return err
		}
		if err := compare(held, verdicts, revision, fn); err != nil {
			return err
		}
		if len(held) < judgedPage {
			return nil
		}
		after = last
	}
}

type content struct {
	Type       string `ch:"type"`
	Region     string `ch:"region"`
	ID         string `ch:"id"`
	Version    uint64 `ch:"version"`
	Revision   uint64 `ch:"revision"`
	Hash       string `ch:"hash"`
	Projection uint32 `ch:"projection_revision"`
}

func (c *content) key() schemas.Key { return schemas.Key{Type: c.Type, Region: c.Region, ID: c.ID} }

// before is the order of the primary key.
func (c *content) before(d *content) bool {
	return cmp.Or(cmp.Compare(c.Type, d.Type), cmp.Compare(c.Region, d.Region), cmp.Compare(c.ID, d.ID)) < 0
}

// compare walks both lists, sorted by key, side by side.
func compare(held, verdicts []content, revision uint64, fn func(unjudged) error) error {
	i := 0
	for _, r := range held {
		for i < len(verdicts) && verdicts[i].before(&r) {
			i++
		}
		u := unjudged{key: r.key(), version: r.Version}
		if i < len(verdicts) && verdicts[i].key() == u.key {
			v := verdicts[i]
			same := v.Hash == r.Hash && v.Revision == revision
			if same && v.Projection >= r.Projection {
				continue
			}
			u.unsettled = same && v.Projection == 0
			u.version = max(u.version, v.Version)
		}
		if err := fn(u); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) contents(ctx context.Context, statement string, args ...any) ([]content, error) {
	var out []content
	err := s.query(ctx, "compare resources with verdicts", statement, args, func(r driver.Rows) error {
		var c content
		defer func() { out = append(out, c) }()
		return r.ScanStruct(&c)
	})
	return out, err
}

// documents reads resources whole, in the order of the page.
func (s *Store) documents(ctx context.Context, a schemas.AccountID, page []unjudged) ([]schemas.Resource, error) {
	keys := make(map[resourceKey]bool, len(page))
	for _, u := range page {
		keys[resourceKey{a, u.key}] = true
	}
	found := make(map[schemas.Key]schemas.Resource, len(page))
	var bad error
	err := lookup(ctx, s, "resources", columnsOf(new(resourceRow)), "type", keys, func(k resourceKey, r *resourceRow) {
		res, err := r.resource()
		if err != nil {
			bad = err
		}
		if !r.Tombstone {
			found[k.Key] = res
		}
	})
	if err = errors.Join(err, bad); err != nil {
		return nil, err
	}
	out := make([]schemas.Resource, 0, len(page))
	for _, u := range page {
		if r, ok := found[u.key]; ok {
			r.Version = max(u.version, r.Version)
			out = append(out, r)
		}
	}
	return out, nil
}

// resource is the row as discovery published it.
func (r *resourceRow) resource() (schemas.Resource, error) {
	out := schemas.Resource{
		Key: r.key().Key, Name: r.Name, Hash: r.Hash, Version: r.Version, Projection: int(r.Projection),
	}
	if r.Properties != "" {
		if err := json.Unmarshal([]byte(r.Properties), &out.Properties); err != nil {
			return out, schemas.Errorf(schemas.CodeInternal, "stored properties of %s: %w", out.Key, err)
		}
	}
	if r.Unknown != "" {
		if err := json.Unmarshal([]byte(r.Unknown), &out.Unknown); err != nil {
			return out, schemas.Errorf(schemas.CodeInternal, "stored gaps of %s: %w", out.Key, err)
		}
	}
	return out, nil
}
