package sink

import (
	"slices"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// placed is a row at its place in the order of its table, with which newer ones
// may share it.
type placed interface {
	place() []string
	order() schemas.Order
}

// livePage finds a page of rows in the order of their table. FINAL would read all
// that the conditions keep; without it, reading ends with the page. Of the rows
// at a place, which stand side by side, the newest counts, so conditions are on
// places alone. At first limit rows are read; when too many of them are not live,
// it is read again, twice as far.
func livePage[R placed](p *pager, limit int, rows func(tail string) ([]R, error), live func(R) bool) ([]R, error) {
	for ; ; limit *= 2 {
		all, err := rows(p.upTo(limit))
		if err != nil {
			return nil, err
		}
		whole := len(all) < limit
		found := newestOf(all, whole, live)
		if whole || len(found) > p.limit {
			return slices.DeleteFunc(found, func(r R) bool { return p.full(r.place()) }), nil
		}
	}
}

// newestOf are the newest rows of each place that are live. There may be more rows
// of the last place when these are not the whole.
func newestOf[R placed](rows []R, whole bool, live func(R) bool) (out []R) {
	for len(rows) > 0 {
		at := rows[0].place()
		n := slices.IndexFunc(rows, func(r R) bool { return !slices.Equal(r.place(), at) })
		if n < 0 {
			if !whole {
				break
			}
			n = len(rows)
		}
		newest := rows[0]
		for _, r := range rows[1:n] {
			if r.order().Newer(newest.order()) {
				newest = r
			}
		}
		if live(newest) {
			out = append(out, newest)
		}
		rows = rows[n:]
	}
	return out
}
