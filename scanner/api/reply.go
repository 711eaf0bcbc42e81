package api

import (
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// reply is an answer before it is sent.
type reply struct {
	status int
	header map[string]string
	body   []byte
}

// answer runs an operation.
func (s *Server) answer(o *operation, r *http.Request) (reply, schemas.Code) {
	out, err := o.call(r)
	if err != nil {
		s.noted(err)
		return problemReply(err), schemas.CodeOf(err)
	}
	if o.out == nil {
		return reply{status: o.status}, ""
	}
	if archive, packed := out.([]byte); packed {
		return reply{o.status, map[string]string{"Content-Type": "application/gzip"}, archive}, ""
	}
	raw, err := json.Marshal(out)
	if err != nil {
		s.noted(err)
		return problemReply(err), schemas.CodeOf(err)
	}
	return reply{o.status, map[string]string{"Content-Type": "application/json"}, append(raw, '\n')}, ""
}

func (p reply) write(w http.ResponseWriter) {
	for name, value := range p.header {
		w.Header().Set(name, value)
	}
	if len(p.body) > 0 {
		w.Header().Set("Content-Length", strconv.Itoa(len(p.body)))
	}
	w.WriteHeader(p.status)
	_, _ = w.Write(p.body) // an error is of the caller, who is gone
}
