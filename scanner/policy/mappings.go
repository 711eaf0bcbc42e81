package policy

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// Mappings are the mapping files of frameworks, by schemas.Framework.Key.
type Mappings struct {
	table Table[schemas.Framework]
	now   func() time.Time
}

// NewMappings keeps mapping files in a table (schemas.BucketMappings).
func NewMappings(t Table[schemas.Framework], now func() time.Time) *Mappings {
	return &Mappings{t, now}
}

// Put adds a mapping file, or replaces that of the same name and version.
func (m *Mappings) Put(ctx context.Context, f schemas.Framework, by string) (schemas.Framework, error) {
	f.Packs, f.AddedBy, f.AddedAt = nil, by, m.now().UTC().Truncate(time.Millisecond)
	if err := f.Validate(); err != nil {
		return f, err
	}
	for {
		_, rev, err := m.table.Get(ctx, f.Key())
		switch {
		case is(err, schemas.CodeNotFound):
			_, err = m.table.Create(ctx, f.Key(), f)
		case err == nil:
			_, err = m.table.Update(ctx, f.Key(), f, rev)
		}
		if !is(err, schemas.CodeConflict) || ctx.Err() != nil {
			return f, err
		}
	}
}

// List returns every mapping file by name and version.
func (m *Mappings) List(ctx context.Context) ([]schemas.Framework, error) {
	var list []schemas.Framework
	err := m.table.List(ctx, "", func(_ string, f schemas.Framework, _ uint64) error {
		list = append(list, f)
		return nil
	})
	slices.SortFunc(list, func(a, b schemas.Framework) int {
		if c := strings.Compare(a.Name, b.Name); c != 0 {
			return c
		}
		return strings.Compare(a.Version, b.Version)
	})
	return list, err
}

// Remove takes a mapping file away.
func (m *Mappings) Remove(ctx context.Context, f schemas.Framework) error {
	return m.table.Delete(ctx, f.Key())
}
