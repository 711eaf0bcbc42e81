package api

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"

	"github.com/insights-scanner/insights-scanner/schemas"
)

const (
	maxBody    = 1 << 20
	maxArchive = 64 << 20
	maxPreview = maxArchive*4/3 + maxBody // an archive in JSON
)

// decode reads exactly one JSON value into a T. Fields that T does not have are
// refused: a misspelt one must not be lost in silence.
func decode[T any](r *http.Request) (T, error) { return decodeUpTo[T](r, maxBody) }

func decodeUpTo[T any](r *http.Request, limit int64) (T, error) {
	var v T
	if t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || t != "application/json" {
		return v, schemas.Errorf(schemas.CodeInvalid, "the body must be application/json")
	}
	d := json.NewDecoder(http.MaxBytesReader(nil, r.Body, limit))
	d.DisallowUnknownFields()
	if err := d.Decode(&v); err != nil {
		return v, errBody(err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return v, schemas.Errorf(schemas.CodeInvalid, "the body must be one JSON value")
	}
	return v, nil
}

func errBody(err error) error {
	if large, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return schemas.Errorf(schemas.CodeInvalid, "the body has more than %d bytes", large.Limit)
	}
	return schemas.Errorf(schemas.CodeInvalid, "read the body: %w", err)
}

// archiveOf reads a pack archive: the body itself, or the part "archive" of a form.
func archiveOf(r *http.Request) ([]byte, error) {
	body := io.Reader(http.MaxBytesReader(nil, r.Body, maxArchive))
	t, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case err == nil && (t == "application/gzip" || t == "application/octet-stream"):
	case err == nil && t == "multipart/form-data" && params["boundary"] != "":
		r.Body = http.MaxBytesReader(nil, r.Body, maxArchive+maxBody)
		form, err := r.MultipartReader()
		if err != nil {
			return nil, errBody(err)
		}
		for {
			part, err := form.NextPart()
			if errors.Is(err, io.EOF) {
				return nil, schemas.Errorf(schemas.CodeInvalid, `the form has no part "archive"`)
			}
			if err != nil {
				return nil, errBody(err)
			}
			if part.FormName() == "archive" {
				body = part
				break
			}
		}
	default:
		return nil, schemas.Errorf(schemas.CodeInvalid, "the body must be application/gzip, or a form with the part \"archive\"")
	}
	raw, err := io.ReadAll(io.LimitReader(body, maxArchive+1))
	if err != nil {
		return nil, errBody(err)
	}
	if len(raw) > maxArchive {
		return nil, schemas.Errorf(schemas.CodeInvalid, "the archive has more than %d bytes", maxArchive)
	}
	return raw, nil
}

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

func (q *params) text(name string) string {
	q.used[name] = true
	q.p.Check(len(q.v[name]) <= 1, name, "is given twice")
	return q.v.Get(name)
}

func (q *params) list(name string) []string {
	q.used[name] = true
	return q.v[name]
}

func (q *params) number(name string) int {
	s := q.text(name)
	if s == "" {
		return 0
	}
	n, err := strconv.Atoi(s)
	q.p.Check(err == nil, name, "%q is no number", s)
	return n
}

func (q *params) truth(name string) bool {
	s := q.text(name)
	q.p.Check(s == "" || s == "true" || s == "false", name, "%q must be true or false", s)
	return s == "true"
}

// unspecified is how the empty severity is written in a query.
const unspecified = "unspecified"

func (q *params) severities(name string) []schemas.Severity {
	var out []schemas.Severity
	for _, s := range q.list(name) {
		// The empty one is written out, so that a filter somebody left empty is refused.
		q.p.Check(s != "", name, "is empty")
		if s == unspecified {
			s = string(schemas.SeverityUnspecified)
		}
		out = append(out, schemas.Severity(s))
	}
	return out
}

// done returns every problem of the query, also parameters that nobody read.
func (q *params) done() error {
	for name := range q.v {
		q.p.Check(q.used[name], name, "is no parameter of this request")
	}
	return q.p.Err()
}
