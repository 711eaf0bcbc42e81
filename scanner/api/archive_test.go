package api_test

import (
	"bytes"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// form is a multipart form of parts by name, in the order given.
func form(t *testing.T, parts ...string) (body, contentType string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for i := 0; i < len(parts); i += 2 {
		p, err := w.CreateFormFile(parts[i], "pack.tar.gz")
		ok(t, err)
		_, err = io.WriteString(p, parts[i+1])
		ok(t, err)
	}
	ok(t, w.Close())
	return b.String(), w.FormDataContentType()
}

func TestArchiveContentTypes(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	plain, plainType := form(t, "archive", "bytes")
	second, secondType := form(t, "comment", "hello", "archive", "bytes")
	other, otherType := form(t, "file", "bytes")
	for name, c := range map[string]struct{ contentType, body, text string }{
		"gzip":               {"application/gzip", "bytes", ""},
		"octets":             {"application/octet-stream", "bytes", ""},
		"gzip in capitals":   {"Application/GZip", "bytes", ""},
		"form":               {plainType, plain, ""},
		"form with more":     {secondType, second, ""},
		"form without it":    {otherType, other, `no part "archive"`},
		"form cut short":     {plainType, plain[:len(plain)-8], "read the body"},
		"form, no boundary":  {"multipart/form-data", plain, "must be application/gzip"},
		"other boundary":     {"multipart/form-data; boundary=x", plain, `no part "archive"`},
		"JSON":               {"application/json", `"bytes"`, "must be application/gzip"},
		"no content type":    {"", "bytes", "must be application/gzip"},
		"broken type":        {"application/gzip; =", "bytes", "must be application/gzip"},
		"form of a web page": {"application/x-www-form-urlencoded", "archive=bytes", "must be application/gzip"},
	} {
		t.Run(name, func(t *testing.T) {
			before := len(s.service.methods())
			header := ""
			if c.contentType != "" {
				header = "Content-Type: " + c.contentType
			}
			a := s.ask(t, "POST", "/v1/packs", c.body, header)
			if c.text != "" {
				if p := a.problem(t); a.status != http.StatusBadRequest || p.Code != schemas.CodeInvalid || !strings.Contains(p.Detail, c.text) || len(s.service.methods()) > before {
					t.Errorf("%d %s", a.status, a.body)
				}
				return
			}
			if a.status != http.StatusCreated {
				t.Fatalf("%d %s", a.status, a.body)
			}
			if got, _ := s.service.last().args[0].([]byte); string(got) != "bytes" {
				t.Errorf("arrived as %q", got)
			}
		})
	}
}

// zeros is an endless archive.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func TestArchiveLimit(t *testing.T) {
	t.Parallel()
	const limit = 64 << 20
	s := newServer(t)
	body, contentType := form(t, "archive", "|")
	head, tail, _ := strings.Cut(body, "|")
	post := func(contentType string, body io.Reader) answer {
		// Not over the network, which takes seconds for so much.
		req := httptest.NewRequestWithContext(t.Context(), "POST", "http://localhost/v1/packs", body)
		req.Header.Set("Content-Type", contentType)
		w := httptest.NewRecorder()
		s.Config.Handler.ServeHTTP(w, req)
		return answer{w.Code, w.Header(), w.Body.String()}
	}
	for name, send := range map[string]func(n int64) answer{
		"gzip": func(n int64) answer { return post("application/gzip", io.LimitReader(zeros{}, n)) },
		"form": func(n int64) answer {
			return post(contentType, io.MultiReader(strings.NewReader(head), io.LimitReader(zeros{}, n), strings.NewReader(tail)))
		},
	} {
		if a := send(limit); a.status != http.StatusCreated {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		} else if got, _ := s.service.last().args[0].([]byte); len(got) != limit {
			t.Errorf("%s: %d bytes arrived", name, len(got))
		}
		s.service.set(func(s *stub) { s.calls = nil })
		a := send(limit + 1)
		if p := a.problem(t); a.status != http.StatusBadRequest || !strings.Contains(p.Detail, "more than 67108864 bytes") || len(s.service.methods()) > 0 {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
}
