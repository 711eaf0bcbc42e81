package api

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"

	"github.com/insights-scanner/insights-scanner/schemas"
)

const (
	maxBody    = 1 << 20
	maxArchive = 64 << 20
	maxPreview = maxArchive*4/3 + maxBody // an archive in JSON
)

// decode reads exactly one JSON value of at most limit bytes into v. Fields that v
// does not have are refused: a misspelt one must not be lost in silence.
func decode(r *http.Request, v any, limit int64) error {
	if t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || t != "application/json" {
		return schemas.Errorf(schemas.CodeInvalid, "the body must be application/json")
	}
	d := json.NewDecoder(http.MaxBytesReader(nil, r.Body, limit))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return errBody(err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return schemas.Errorf(schemas.CodeInvalid, "the body must be one JSON value")
	}
	return nil
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
