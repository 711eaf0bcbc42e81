package awsfake

import (
	"encoding/json"
	"net/http"
)

// controlPath is no bucket name; a test whose endpoint runs in its own process
// steers it here.
const controlPath = "/_awsfake/"

// Counts is what GET /_awsfake/calls answers.
type Counts struct {
	Total       uint64            `json:"total"`
	ByOperation map[string]uint64 `json:"byOperation"`
	Faulted     map[string]uint64 `json:"faulted"` // by error code
}

// control serves PUT faults (a Faults document) and GET calls.
func (s *Server) control(w http.ResponseWriter, r *http.Request) {
	switch r.Method + " " + r.URL.Path {
	case "PUT " + controlPath + "faults":
		var f Faults
		if err := json.NewDecoder(r.Body).Decode(&f); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		s.SetFaults(f)
	case "GET " + controlPath + "calls":
		total, by := s.Calls()
		_ = json.NewEncoder(w).Encode(Counts{Total: total, ByOperation: by, Faulted: s.Faulted()})
	default:
		http.NotFound(w, r)
	}
}
