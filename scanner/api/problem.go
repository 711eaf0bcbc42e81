package api

import (
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"

	"github.com/insights-scanner/insights-scanner/schemas"
)

const problemType = "application/problem+json"

// problem is an error on the wire, as RFC 9457 has it.
type problem struct {
	Type   string       `json:"type"`
	Title  string       `json:"title"`
	Status int          `json:"status"`
	Detail string       `json:"detail"`
	Code   schemas.Code `json:"code"`
	Hint   string       `json:"hint,omitempty"`
}

// newProblem describes an error. What has no code, or that of a defect, is for
// the server's log, not for whoever called: nobody chose its text for them.
func newProblem(err error) problem {
	p := problem{Type: "about:blank", Code: schemas.CodeInternal, Detail: "internal error; the server's log has it"}
	var e *schemas.Error
	if errors.As(err, &e) && e.Code != schemas.CodeInternal {
		p.Code, p.Hint = e.Code, e.Hint
		p.Detail = err.Error()
		if e.Hint != "" {
			p.Detail = strings.TrimSuffix(p.Detail, "\n  "+e.Hint)
		}
	}
	p.Status = p.Code.HTTPStatus()
	p.Title = http.StatusText(p.Status)
	return p
}

func writeProblem(w http.ResponseWriter, err error) {
	p := newProblem(err)
	if _, ok := errors.AsType[unauthenticated](err); ok {
		p.Status, p.Title = http.StatusUnauthorized, http.StatusText(http.StatusUnauthorized)
		w.Header().Set("WWW-Authenticate", `Bearer realm="insights"`)
	}
	var e *schemas.Error
	if errors.As(err, &e) && e.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(e.RetryAfter.Seconds()))))
	}
	writeJSON(w, problemType, p.Status, p)
}

func writeJSON(w http.ResponseWriter, contentType string, status int, v any) {
	raw, err := json.Marshal(v)
	if err != nil {
		http.Error(w, "encode the answer", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	_, _ = w.Write(append(raw, '\n'))
}

// unauthenticated marks the one refusal that HTTP tells apart from the others:
// who calls is not known.
type unauthenticated struct{ error }

func (u unauthenticated) Unwrap() error { return u.error }
