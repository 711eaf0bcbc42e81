package api

import (
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"time"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// params reads a query string. Parameters that nobody asked for are refused: a
// misspelt filter must not widen an answer.
type params struct {
	v    url.Values
	used map[string]bool
	p    schemas.Problems
}

func query(r *http.Request) *params {
	q := &params{used: map[string]bool{}}
	var err error
	if q.v, err = url.ParseQuery(r.URL.RawQuery); err != nil {
		q.p.Check(false, "query", "%v", err)
	}
	return q
}

// field is a parameter and the field of a struct that it fills.
type field struct {
	name  string
	index []int
	t     reflect.Type
}

// fields are the parameters that a struct holds: texts, lists of texts, whole
// numbers, truth values and times, named by the tag "query".
func fields(t reflect.Type) []field {
	out := make([]field, 0, t.NumField())
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Anonymous && f.Type.Kind() == reflect.Struct {
			for _, inner := range fields(f.Type) {
				inner.index = append([]int{i}, inner.index...)
				out = append(out, inner)
			}
			continue
		}
		name := f.Tag.Get("query")
		kind := f.Type.Kind()
		if kind == reflect.Slice {
			kind = f.Type.Elem().Kind()
		}
		if name == "" || kind != reflect.String && f.Type.Kind() != reflect.Int && f.Type.Kind() != reflect.Bool && f.Type != timeType {
			panic(fmt.Sprintf("%s.%s is no parameter", t, f.Name))
		}
		out = append(out, field{name, []int{i}, f.Type})
	}
	return out
}

// fill reads every parameter of a struct. Problems are told by done.
func (q *params) fill(v reflect.Value) {
	for _, f := range fields(v.Type()) {
		to := v.FieldByIndex(f.index)
		switch f.t.Kind() {
		case reflect.Struct:
			to.Set(reflect.ValueOf(q.time(f.name)))
		case reflect.Slice:
			to.Set(q.list(f))
		case reflect.Int:
			to.SetInt(q.number(f.name))
		case reflect.Bool:
			to.SetBool(q.truth(f.name))
		default:
			to.SetString(q.text(f.name))
		}
	}
}

// path takes a parameter of the path: a text or a whole number.
func (q *params) path(v reflect.Value, name, text string) {
	if v.Kind() == reflect.String {
		v.SetString(text)
		return
	}
	n, err := strconv.ParseUint(text, 10, 64)
	q.p.Check(err == nil, name, "%q is no number", text)
	v.SetUint(n)
}

func (q *params) text(name string) string {
	q.used[name] = true
	q.p.Check(len(q.v[name]) <= 1, name, "is given twice")
	return q.v.Get(name)
}

func (q *params) list(f field) reflect.Value {
	q.used[f.name] = true
	out := reflect.Zero(f.t)
	for _, s := range q.v[f.name] {
		if f.t.Elem() == severityType {
			// The empty one is written out, so that a filter somebody left empty is refused.
			q.p.Check(s != "", f.name, "is empty")
			if s == unspecified {
				s = string(schemas.SeverityUnspecified)
			}
		}
		out = reflect.Append(out, reflect.ValueOf(s).Convert(f.t.Elem()))
	}
	return out
}

func (q *params) number(name string) int64 {
	s := q.text(name)
	if s == "" {
		return 0
	}
	n, err := strconv.Atoi(s)
	q.p.Check(err == nil, name, "%q is no number", s)
	return int64(n)
}

// time takes a moment as RFC 3339 has it.
func (q *params) time(name string) (at time.Time) {
	s := q.text(name)
	if s == "" {
		return at
	}
	at, err := time.Parse(time.RFC3339Nano, s)
	q.p.Check(err == nil, name, "%q is no time such as 2026-11-25T12:00:00Z", s)
	return at
}

func (q *params) truth(name string) bool {
	s := q.text(name)
	q.p.Check(s == "" || s == "true" || s == "false", name, "%q must be true or false", s)
	return s == "true"
}

// unspecified is how the empty severity is written in a query.
const unspecified = "unspecified"

var timeType = reflect.TypeFor[time.Time]()

var severityType = reflect.TypeFor[schemas.Severity]()

// done returns every problem of the query, also parameters that nobody read.
func (q *params) done() error {
	for name := range q.v {
		q.p.Check(q.used[name], name, "is no parameter of this request")
	}
	return q.p.Err()
}

// parametersOf reads the parameters of a stream.
func parametersOf[T any](r *http.Request) (in T, err error) {
	q := query(r)
	q.fill(reflect.ValueOf(&in).Elem())
	return in, q.done()
}

// values is the same in the other direction, for Client. Empty elements of lists
// are sent too: left out, they would make a filter vanish.
func values(in any) url.Values {
	out, v := url.Values{}, reflect.ValueOf(in)
	for _, f := range fields(v.Type()) {
		x := v.FieldByIndex(f.index)
		switch {
		case x.Kind() == reflect.Slice:
			for i := range x.Len() {
				s := x.Index(i).String()
				if f.t.Elem() == severityType && s == "" {
					s = unspecified
				}
				out.Add(f.name, s)
			}
		case x.IsZero():
		case f.t == timeType:
			out.Set(f.name, x.Interface().(time.Time).UTC().Format(time.RFC3339Nano))
		case x.Kind() == reflect.Int:
			out.Set(f.name, strconv.FormatInt(x.Int(), 10))
		case x.Kind() == reflect.Bool:
			out.Set(f.name, "true")
		default:
			out.Set(f.name, x.String())
		}
	}
	return out
}
