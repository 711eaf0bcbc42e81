package api

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"io"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// Format is how an export is written.
type Format string

// Formats of exports.
const (
	CSV   Format = "csv"   // RFC 4180, with a header
	JSONL Format = "jsonl" // a JSON object a line
	OCSF  Format = "ocsf"  // a Compliance Finding (class 2003) of OCSF a line
	HTML  Format = "html"  // a page, of reports
)

// byKey is the order in which violations are stored, the cheapest to read all in.
const byKey = "key"

// exportPage is how many rows of an export are held at once.
const exportPage = 1000

// ExportViolations writes all violations that a query selects, a page in memory
// at a time. What changes meanwhile may be written as it was or as it is; what
// does not is written exactly once. Limit 0 is no limit. CodeInvalid for a format
// that there is not.
func ExportViolations(ctx context.Context, s Service, q schemas.ViolationQuery, f Format, version string, w io.Writer) error {
	var rows rowWriter
	switch f {
	case CSV, JSONL:
		rows = newRows(f, reflect.TypeFor[schemas.Violation](), w)
	case OCSF:
		rows = &findings{service: s, version: version, lines: lines{json.NewEncoder(w)}, packs: map[schemas.PackRef]map[string]schemas.Policy{}}
	default:
		return errFormat(f, "csv, jsonl or ocsf")
	}
	if q.Sort == "" {
		q.Sort = byKey
	}
	return export(ctx, q.Limit, rows, func(limit int, cursor string) ([]schemas.Violation, string, error) {
		q.Limit, q.Cursor = limit, cursor
		page, err := s.Violations(ctx, q)
		return page.Violations, page.Next, err
	})
}

// ExportResources is the same for the inventory.
func ExportResources(ctx context.Context, s Service, q schemas.ResourceQuery, f Format, w io.Writer) error {
	if f != CSV && f != JSONL {
		return errFormat(f, "csv or jsonl")
	}
	return export(ctx, q.Limit, newRows(f, reflect.TypeFor[schemas.StoredResource](), w), func(limit int, cursor string) ([]schemas.StoredResource, string, error) {
		q.Limit, q.Cursor = limit, cursor
		page, err := s.Resources(ctx, q)
		return page.Resources, page.Next, err
	})
}

// policyRow is a policy of a pack on an account, as reports are exported.
type policyRow struct {
	AccountID schemas.AccountID `json:"accountId"`
	Account   string            `json:"account"`
	Pack      string            `json:"pack"`
	Version   string            `json:"version"`
	schemas.PolicyReport
}

// ExportReport writes a report, a row for every policy of every pack on every account,
// and one without a pack for an account of which no pack says anything.
func ExportReport(ctx context.Context, s Service, q schemas.ReportQuery, f Format, w io.Writer) error {
	if f != CSV && f != JSONL {
		return errFormat(f, "csv, jsonl or html")
	}
	r, err := s.Report(ctx, q)
	if err != nil {
		return err
	}
	return WriteReport(r, f, w)
}

// WriteReport writes a report that is there, as CSV or JSONL.
func WriteReport(r schemas.Report, f Format, w io.Writer) error {
	var list []policyRow
	for _, a := range r.Accounts {
		if len(a.Packs) == 0 { // never scanned, or not judged by anything: missing is not compliant
			list = append(list, policyRow{AccountID: a.AccountID, Account: a.Account})
		}
		for _, p := range a.Packs {
			for _, q := range p.Policies {
				list = append(list, policyRow{a.AccountID, a.Account, p.Pack, p.Version, q})
			}
		}
	}
	return export(context.Background(), 0, newRows(f, reflect.TypeFor[policyRow](), w), func(int, string) ([]policyRow, string, error) {
		return list, "", nil
	})
}

func errFormat(f Format, known string) error {
	return schemas.Errorf(schemas.CodeInvalid, "format: %q is not %s", f, known)
}

// rowWriter writes values in a format.
type rowWriter interface {
	row(ctx context.Context, v any) error
	end() error
}

// export writes page after page, at most limit rows (0: all).
func export[T any](ctx context.Context, limit int, rows rowWriter, page func(limit int, cursor string) ([]T, string, error)) error {
	if limit < 0 {
		return schemas.Errorf(schemas.CodeInvalid, "limit: %d is negative", limit)
	}
	left, cursor := limit, ""
	for {
		size := exportPage
		if limit > 0 {
			size = min(size, left)
		}
		list, next, err := page(size, cursor)
		if err != nil {
			return err
		}
		for i := range list {
			if err := rows.row(ctx, &list[i]); err != nil {
				return err
			}
		}
		if next != "" && next == cursor {
			return schemas.Errorf(schemas.CodeInternal, "a page ends where the one before it did")
		}
		left -= len(list)
		if cursor = next; cursor == "" || limit > 0 && left <= 0 {
			return rows.end()
		}
	}
}

func newRows(f Format, t reflect.Type, w io.Writer) rowWriter {
	if f == JSONL {
		return lines{json.NewEncoder(w)}
	}
	b := bufio.NewWriter(w)
	return &table{columns: columnsOf(t, nil), csv: csv.NewWriter(b), buffer: b}
}

// lines are JSON objects.
type lines struct{ *json.Encoder }

func (l lines) row(_ context.Context, v any) error { return l.Encode(v) }
func (l lines) end() error                         { return nil }

// column is a field of what is exported, named as in JSON.
type column struct {
	name  string
	index []int
	none  bool // a zero is none, as in JSON
}

// columnsOf are the fields of a struct, those of structs in it by path.
func columnsOf(t reflect.Type, at []int) (out []column) {
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		index := append(slices.Clone(at), i)
		switch {
		case name == "-":
		case f.Type.Kind() == reflect.Struct && f.Type != reflect.TypeFor[time.Time]():
			out = append(out, columnsOf(f.Type, index)...)
		default:
			// Numbers that are counted have a zero, those that are measured have none.
			out = append(out, column{name, index, options == "omitempty" && f.Type.Kind() == reflect.Float64})
		}
	}
	return out
}

// table writes CSV.
type table struct {
	columns []column
	csv     *csv.Writer
	buffer  *bufio.Writer
	begun   bool
}

func (t *table) row(_ context.Context, v any) error {
	if err := t.header(); err != nil {
		return err
	}
	r, cells := reflect.ValueOf(v).Elem(), make([]string, len(t.columns))
	for i, c := range t.columns {
		if v := r.FieldByIndex(c.index); !c.none || !v.IsZero() {
			cells[i] = cell(v.Interface())
		}
	}
	return t.csv.Write(cells)
}

func (t *table) header() error {
	if t.begun {
		return nil
	}
	t.begun = true
	names := make([]string, len(t.columns))
	for i, c := range t.columns {
		names[i] = c.name
	}
	return t.csv.Write(names)
}

func (t *table) end() error {
	if err := t.header(); err != nil {
		return err
	}
	if t.csv.Flush(); t.csv.Error() != nil {
		return t.csv.Error()
	}
	return t.buffer.Flush()
}

// cell is a value as text: lists of texts a line each, what has parts as JSON. A
// spreadsheet takes what begins like a formula for one, whoever wrote it: a
// quotation mark before it stops that (OWASP, CSV injection).
func cell(v any) string {
	text := ""
	switch v := v.(type) {
	case time.Time:
		if !v.IsZero() {
			text = v.UTC().Format(time.RFC3339Nano)
		}
		return text
	case []string:
		text = strings.Join(v, "\n")
	default:
		switch r := reflect.ValueOf(v); r.Kind() {
		case reflect.String:
			text = r.String()
		case reflect.Slice, reflect.Map, reflect.Pointer:
			if r.IsZero() || r.Kind() != reflect.Pointer && r.Len() == 0 {
				return ""
			}
			fallthrough
		default:
			raw, _ := json.Marshal(v) // read from JSON: it cannot fail
			return string(raw)
		}
	}
	if text != "" && strings.ContainsRune("=+-@\t\r", rune(text[0])) {
		text = "'" + text
	}
	return text
}
