package sink

import (
	"context"
	"maps"
	"slices"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// openKind is what open violations have in common. Each has one that is recorded; of
// some kinds that are, nothing is open any more.
type openKind struct {
	Rank      string `ch:"rank"`
	Canonical string `ch:"canonical"`
	Type      string `ch:"type"`
	Pack      string `ch:"pack"`
	Policy    string `ch:"policy"`
}

// openKinds are those that a list may have.
func (s *Store) openKinds(ctx context.Context, q schemas.ViolationQuery) (kinds []openKind, err error) {
	w := &where{}
	for column, value := range map[string]string{"pack": q.Pack, "policy": q.Policy, "type": q.Type} {
		if value != "" {
			w.add(column+" = ?", value)
		}
	}
	err = s.query(ctx, "read kinds of open violations", "SELECT DISTINCT "+columnsOf(new(openKind))+" FROM @db.open_kinds WHERE "+w.String()+" SETTINGS max_threads = 1", w.args, func(r driver.Rows) error {
		var k openKind
		err := r.ScanStruct(&k)
		kinds = append(kinds, k)
		return err
	})
	return kinds, err
}

// ofKinds tells the index of the table of the open ones where rows of kinds may be: it goes
// by severity, account and type.
func (w *where) ofKinds(kinds []openKind) {
	ranks, types := map[string]bool{}, map[string]bool{}
	for _, k := range kinds {
		ranks[k.Rank], types[k.Canonical] = true, true
	}
	w.add("rank IN ?", slices.Sorted(maps.Keys(ranks)))
	w.add("canonical IN ?", slices.Sorted(maps.Keys(types)))
}

// ofPolicies does that for a list of a pack or policy. False when there are none.
func (s *Store) ofPolicies(ctx context.Context, w *where, q schemas.ViolationQuery) (some bool, err error) {
	if q.Pack == "" && q.Policy == "" {
		return true, nil
	}
	kinds, err := s.openKinds(ctx, q)
	w.ofKinds(kinds)
	return len(kinds) > 0, err
}

// openLeads are what lists of open violations are sorted by first that is of their kind.
var openLeads = map[string]struct {
	columns string
	of      func(openKind) []string
}{
	"resource": {"type", func(k openKind) []string { return []string{k.Type} }},
	"policy":   {"pack, policy", func(k openKind) []string { return []string{k.Pack, k.Policy} }},
}

// openParts divide a list of what is open by what it is sorted by first: as the table is in
// another order, all of a part is looked through for a page. The first parts have few kinds,
// for pages of few; each has twice as many as the one before, for pages of many. What the
// engine has for this, use_top_k_dynamic_filtering_for_variable_length_types, is quicker
// and gave wrong rows (26.5.3).
func (s *Store) openParts(ctx context.Context, q schemas.ViolationQuery, p *pager) (parts []soughtPart, err error) {
	lead := openLeads[q.Sort]
	order := func(a, b []string) int {
		if p.desc {
			a, b = b, a
		}
		return slices.Compare(a, b)
	}
	kinds, err := s.openKinds(ctx, q)
	if p.after != nil {
		kinds = slices.DeleteFunc(kinds, func(k openKind) bool { at := lead.of(k); return order(at, p.after[:len(at)]) < 0 })
	}
	slices.SortFunc(kinds, func(a, b openKind) int { return order(lead.of(a), lead.of(b)) })
	for size := 1; len(kinds) > 0; size *= 2 {
		var leads [][]string
		n := 0
		for ; n < len(kinds); n++ {
			if at := lead.of(kinds[n]); len(leads) == 0 || !slices.Equal(at, leads[len(leads)-1]) {
				if len(leads) == size {
					break
				}
				leads = append(leads, at)
			}
		}
		part := soughtPart{pager: p}
		part.among(lead.columns, leads)
		part.ofKinds(kinds[:n])
		parts, kinds = append(parts, part), kinds[n:]
	}
	return parts, err
}
