package sink

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/insights-scanner/insights-scanner/schemas"
)

const (
	defaultLimit = 100
	maxLimit     = 1000
)

// pager pages by the values of the last row (a keyset), so that a page stays
// where it is while rows come and go before it.
type pager struct {
	limit int
	list  string   // what is listed and by what: a cursor holds for it alone
	order []string // expressions, unique together, that sort as their texts do
	desc  bool
	after []string // values of the last row of the page before
	last  []string
	rows  int
	more  bool
}

// place is a cursor: the list it is of, and the values of its last row.
type place struct {
	List  string   `json:"l"`
	After []string `json:"a"`
}

func newPager(limit int, cursor, list string, order []string, desc bool) (*pager, error) {
	p := &pager{limit: limit, list: list, order: order, desc: desc}
	if desc {
		p.list += " descending"
	}
	if limit < 0 || limit > maxLimit {
		return nil, schemas.Errorf(schemas.CodeInvalid, "limit: %d is not between 1 and %d", limit, maxLimit)
	}
	if limit == 0 {
		p.limit = defaultLimit
	}
	if cursor == "" {
		return p, nil
	}
	var from place
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	if err == nil {
		err = json.Unmarshal(raw, &from)
	}
	if err != nil || from.List != p.list || len(from.After) != len(order) {
		return nil, schemas.Errorf(schemas.CodeInvalid, "cursor: %q is not one of this list and order", cursor).
			WithHint("Pass the cursor of the page before with the same sort and direction, or none.")
	}
	p.after = from.After
	return p, nil
}

// resume keeps the rows behind the cursor.
func (p *pager) resume(w *where) {
	if p.after == nil {
		return
	}
	op := ">"
	if p.desc {
		op = "<"
	}
	// Column by column, which together says the same as comparing tuples: of these the
	// index of a table knows nothing.
	for i := range p.order {
		terms, args := make([]string, 0, i+1), make([]any, 0, i+1)
		for j := range i {
			terms, args = append(terms, p.order[j]+" "+op+" "+valueOf(p.order[j])), append(args, p.after[j])
		}
		last := op
		if i < len(p.order)-1 {
			last += "="
		}
		w.add("("+strings.Join(append(terms, p.order[i]+" "+last+" "+valueOf(p.order[i])), " OR ")+")", append(args, p.after[i])...)
	}
}

// valueOf is what a text of a cursor is compared as, which anybody may have made.
func valueOf(expression string) string {
	if expression == "first_seen" {
		return "toDateTime64OrZero(?, 6, 'UTC')"
	}
	return "?"
}

// columns gives each row's place in the order.
func (p *pager) columns() string {
	texts := make([]string, len(p.order))
	for i, e := range p.order {
		texts[i] = "toString(" + e + ")"
	}
	return "[" + strings.Join(texts, ", ") + "] AS cursor"
}

// tail is the end of a statement; one row more than asked for tells whether there
// is a next page.
func (p *pager) tail() string { return p.upTo(p.limit + 1) }

// upTo is the tail of a statement that reads so many rows.
func (p *pager) upTo(limit int) string {
	direction := ""
	if p.desc {
		direction = " DESC"
	}
	return " ORDER BY " + strings.Join(p.order, direction+", ") + direction + " LIMIT " + strconv.Itoa(limit)
}

// full takes the place of a row; true when the row is beyond the page.
func (p *pager) full(at []string) bool {
	if p.rows == p.limit {
		p.more = true
		return true
	}
	p.rows++
	p.last = slices.Clone(at)
	return false
}

func (p *pager) next() string {
	if !p.more {
		return ""
	}
	raw, _ := json.Marshal(place{p.list, p.last})
	return base64.RawURLEncoding.EncodeToString(raw)
}
