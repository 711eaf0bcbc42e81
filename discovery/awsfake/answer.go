package awsfake

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// answer keeps what is written until it is whole, so that it can be sent with its
// length, and broken off.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

var answers = sync.Pool{New: func() any { return new(answer) }}

func newAnswer() *answer {
	a := answers.Get().(*answer)
	a.header, a.status = http.Header{}, http.StatusOK
	a.body.Reset()
	return a
}

func (a *answer) free() { answers.Put(a) }

// Header, WriteHeader and Write implement http.ResponseWriter.
func (a *answer) Header() http.Header         { return a.header }
func (a *answer) WriteHeader(status int)      { a.status = status }
func (a *answer) Write(p []byte) (int, error) { return a.body.Write(p) }

// errNoService is what a service that a region lacks is answered with: its host
// name does not resolve, so there is no answer.
var errNoService = errors.New("awsfake: no such host")

// send writes the answer, or the half of it when the connection is to break off.
func (q *request) send(w http.ResponseWriter) {
	maps.Copy(w.Header(), q.w.header)
	id := fmt.Sprintf("00000000-0000-4000-8000-%012x", q.number)
	switch q.service {
	case "s3", "s3control":
		w.Header().Set("X-Amz-Request-Id", id)
		w.Header().Set("X-Amz-Id-2", id)
	default:
		w.Header().Set("X-Amzn-Requestid", id)
	}
	if w.Header().Get("Date") == "" { // who wraps the endpoint may have one of his own
		w.Header().Set("Date", q.serverTime().UTC().Format(http.TimeFormat))
	}
	body := q.w.body.Bytes()
	if q.r.Method != http.MethodHead {
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	}
	if len(body) > 0 && q.chance(q.faults.Cut, 2) {
		count(&q.gave, "cut")
		body = body[:len(body)/2] // the server closes the connection, as less was written than announced
	}
	w.WriteHeader(q.w.status)
	_, _ = w.Write(body)
}

// Client calls the endpoint without a network; a service that a region lacks has
// no host name.
func (s *Server) Client() aws.HTTPClient { return inProcess{s} }

type inProcess struct{ server *Server }

// Do implements aws.HTTPClient.
func (c inProcess) Do(r *http.Request) (res *http.Response, err error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	if r.Body == nil {
		r.Body = http.NoBody
	}
	defer func() {
		switch p := recover(); p {
		case nil:
		case http.ErrAbortHandler:
			err = &net.DNSError{Err: errNoService.Error(), Name: r.URL.Host, IsNotFound: true}
		default:
			panic(p)
		}
	}()
	w := httptest.NewRecorder()
	c.server.ServeHTTP(w, r)
	res = w.Result()
	res.Request = r
	return res, nil
}
