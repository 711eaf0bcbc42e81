package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"net/http"
	"time"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// Answers is the table of what requests with an idempotency key were answered
// (schemas.BucketAnswers), which forgets by itself; see bus.Table.
type Answers interface {
	Create(ctx context.Context, key string, v Answered) (rev uint64, err error)
	Get(ctx context.Context, key string) (v Answered, rev uint64, err error)
	Update(ctx context.Context, key string, v Answered, rev uint64) (uint64, error)
}

// Answered is a request with an idempotency key and, once it is done, its answer.
type Answered struct {
	Request string            `json:"request"` // hash of method, path, query and body; "" of a claim that was given back
	Until   time.Time         `json:"until"`   // while it is worked on: when whoever does counts as dead
	Status  int               `json:"status,omitempty"`
	Header  map[string]string `json:"header,omitempty"`
	Body    string            `json:"body,omitempty"` // sealed: it may hold a secret
	Large   bool              `json:"large,omitempty"`
}

const (
	// idempotencyHeader is as draft-ietf-httpapi-idempotency-key-header has it.
	idempotencyHeader = "Idempotency-Key"
	maxKey            = 255
	// workedOn is how long a request with a key may take: publishing a pack is the slowest.
	workedOn = 15 * time.Minute
	// maxKept bounds an answer that is kept: a value must fit into a message.
	maxKept = 256 << 10
)

// once runs an operation, or answers a repeated request with an idempotency key
// as it was answered the first time.
func (s *Server) once(o *operation, r *http.Request) reply {
	key := r.Header.Get(idempotencyHeader)
	if key == "" || !o.write() {
		p, _ := s.answer(o, r)
		return p
	}
	p, err := s.answerOnce(o, r, key)
	if err != nil {
		s.noted(err)
		return problemReply(err)
	}
	return p
}

func (s *Server) answerOnce(o *operation, r *http.Request, key string) (reply, error) {
	if s.c.Answers == nil {
		return reply{}, schemas.Errorf(schemas.CodeInvalid, "%s: this server keeps no answers", idempotencyHeader)
	}
	if len(key) > maxKey {
		return reply{}, schemas.Errorf(schemas.CodeInvalid, "%s: has more than %d bytes", idempotencyHeader, maxKey)
	}
	request, err := hashRequest(r)
	if err != nil {
		return reply{}, err
	}
	// A key is of whoever uses it: nobody gets another's answer.
	id := hash(Actor(r.Context()) + "\x00" + key)
	rev, kept, err := s.claim(r.Context(), id, request)
	if err != nil || kept != nil {
		return s.kept(kept), err
	}
	done := false
	defer func() {
		if !done { // a panic: nobody knows what came of it, so a repetition may try
			s.forget(r.Context(), id, rev)
		}
	}()
	// Whoever goes away ends no work that a key stands for: the repetition asks for it.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), workedOn)
	defer cancel()
	p, code := s.answer(o, r.WithContext(ctx))
	done = true
	if p.status >= http.StatusInternalServerError || p.status == http.StatusTooManyRequests || p.header["Retry-After"] != "" ||
		code == schemas.CodeCancelled || code == schemas.CodeFenced {
		s.forget(r.Context(), id, rev)
		return p, nil
	}
	s.keep(r.Context(), id, rev, request, p)
	return p, nil
}

// hashRequest identifies what is asked for. It reads the body and puts it back.
func hashRequest(r *http.Request) (string, error) {
	raw, err := io.ReadAll(io.LimitReader(r.Body, maxPreview+1))
	if err != nil {
		return "", errBody(err)
	}
	r.Body = io.NopCloser(io.MultiReader(bytes.NewReader(raw), r.Body))
	h := sha256.New()
	_, _ = fmt.Fprintf(h, "%s\x00%s\x00", r.Method, r.URL.RequestURI())
	_, _ = h.Write(raw)
	return hex.EncodeToString(h.Sum(nil)), nil
}

// claim begins the work on a request, or returns what is kept of it.
func (s *Server) claim(ctx context.Context, id, request string) (rev uint64, kept *Answered, err error) {
	mine := Answered{Request: request, Until: s.c.Now().Add(workedOn).UTC()}
	rev, err = s.c.Answers.Create(ctx, id, mine)
	if schemas.CodeOf(err) != schemas.CodeConflict || err == nil {
		return rev, nil, err
	}
	there, rev, err := s.c.Answers.Get(ctx, id)
	switch {
	case err != nil:
		if schemas.CodeOf(err) == schemas.CodeNotFound { // forgotten at this moment
			err = errWorkedOn()
		}
		return 0, nil, err
	case there.Request != request && there.Request != "":
		return 0, nil, otherRequest{schemas.Errorf(schemas.CodeInvalid, "%s: was used for another request", idempotencyHeader).
			WithHint("every request needs a key of its own; only a repetition has the same one")}
	case there.Status != 0:
		return 0, &there, nil
	case s.c.Now().Before(there.Until):
		return 0, nil, errWorkedOn()
	}
	// Whoever worked on it died. Of several that notice, one goes on.
	rev, err = s.c.Answers.Update(ctx, id, mine, rev)
	if schemas.CodeOf(err) == schemas.CodeConflict && err != nil {
		err = errWorkedOn()
	}
	return rev, nil, err
}

func errWorkedOn() error {
	e := schemas.Errorf(schemas.CodeConflict, "%s: the request with this key is being worked on", idempotencyHeader)
	e.RetryAfter = time.Second
	return e
}

// kept is the answer of before.
func (s *Server) kept(a *Answered) reply {
	if a == nil {
		return reply{}
	}
	if a.Large {
		return problemReply(schemas.Errorf(schemas.CodeConflict, "%s: this was done, and its answer was too large to keep", idempotencyHeader))
	}
	body, err := s.c.Open(a.Body)
	if err != nil {
		s.noted(err)
		return problemReply(err)
	}
	p := reply{a.Status, map[string]string{"Idempotency-Replayed": "true"}, []byte(body)}
	maps.Copy(p.header, a.Header)
	return p
}

// keep stores an answer. The work is done: that it cannot be kept does not undo it.
func (s *Server) keep(ctx context.Context, id string, rev uint64, request string, p reply) {
	ctx, cancel := afterChange(ctx)
	defer cancel()
	a := Answered{Request: request, Status: p.status, Header: p.header}
	if a.Large = len(p.body) > maxKept; !a.Large {
		a.Body = s.c.Seal(string(p.body))
	}
	if _, err := s.c.Answers.Update(ctx, id, a, rev); err != nil {
		s.c.Log.Warn().Err(err).Msg("keep the answer to a request with an idempotency key")
	}
}

// forget gives a claim back, unless somebody else has it by now.
func (s *Server) forget(ctx context.Context, id string, rev uint64) {
	ctx, cancel := afterChange(ctx)
	defer cancel()
	if _, err := s.c.Answers.Update(ctx, id, Answered{}, rev); err != nil {
		s.c.Log.Warn().Err(err).Msg("forget a request with an idempotency key")
	}
}
