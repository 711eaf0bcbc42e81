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

// problemReply is the answer that tells of an error.
func problemReply(err error) reply {
	p, header := newProblem(err), map[string]string{"Content-Type": problemType}
	status := func(n int) { p.Status, p.Title = n, http.StatusText(n) }
	if _, ok := errors.AsType[unauthenticated](err); ok {
		status(http.StatusUnauthorized)
		header["WWW-Authenticate"] = `Bearer realm="insights"`
	}
	if e, ok := errors.AsType[notAllowed](err); ok {
		status(http.StatusMethodNotAllowed)
		header["Allow"] = strings.Join(e.methods, ", ")
	}
	if _, ok := errors.AsType[otherRequest](err); ok {
		status(http.StatusUnprocessableEntity)
	}
	var e *schemas.Error
	if errors.As(err, &e) && e.RetryAfter > 0 {
		header["Retry-After"] = strconv.Itoa(int(math.Ceil(e.RetryAfter.Seconds())))
	}
	raw, _ := json.Marshal(p) // of texts and a number: it cannot fail
	return reply{p.Status, header, append(raw, '\n')}
}

func writeProblem(w http.ResponseWriter, err error) { problemReply(err).write(w) }

func writeJSON(w http.ResponseWriter, contentType string, status int, v any) {
	raw, err := json.Marshal(v)
	if err != nil {
		http.Error(w, "encode the answer", http.StatusInternalServerError)
		return
	}
	reply{status, map[string]string{"Content-Type": contentType}, append(raw, '\n')}.write(w)
}

// What HTTP tells apart and codes do not: who calls is not known, a path does not
// take a method, an idempotency key belongs to another request.
type (
	unauthenticated struct{ error }
	notAllowed      struct {
		error
		methods []string
	}
	otherRequest struct{ error }
)

func (e unauthenticated) Unwrap() error { return e.error }
func (e notAllowed) Unwrap() error      { return e.error }
func (e otherRequest) Unwrap() error    { return e.error }
