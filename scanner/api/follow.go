package api

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// stillHere is how long a stream may be silent: proxies close those that are.
const stillHere = 15 * time.Second

// Server-sent events, as the HTML standard has them.
const (
	eventStream     = "text/event-stream"
	lastEventHeader = "Last-Event-ID"
)

// followScan sends the record of a scan as server-sent events ("scan") whenever
// it changed, until it has ended, the caller goes away or the server stops. The
// id of an event is a hash of its data, so whoever comes back with the last one
// gets what has changed since, from any process.
func (s *Server) followScan(w http.ResponseWriter, r *http.Request) {
	if err := query(r).done(); err != nil {
		s.refuse(w, err)
		return
	}
	scan, err := s.c.Service.GetScan(r.Context(), r.PathValue("scan"))
	if err != nil {
		s.refuse(w, err)
		return
	}
	last := r.Header.Get(lastEventHeader)
	if _, id := scanEvent(scan); scan.State.Ended() && id == last {
		w.WriteHeader(http.StatusNoContent) // tells a browser not to ask again
		return
	}
	w.Header().Set("Content-Type", eventStream)
	out := http.NewResponseController(w)
	// The server's limit for reading a request would end the stream. What cannot
	// set it (a test's recorder) has none.
	_ = out.SetReadDeadline(time.Time{})
	tick := time.NewTicker(s.c.Poll)
	defer tick.Stop()
	quiet := time.NewTicker(stillHere)
	defer quiet.Stop()
	send := func(text string) bool {
		_, err := io.WriteString(w, text)
		return err == nil && out.Flush() == nil
	}
	if !send("") { // the header, also when there is nothing new to tell
		return
	}
	for {
		data, id := scanEvent(scan)
		if id != last {
			last = id
			if !send(fmt.Sprintf("id: %s\nevent: scan\ndata: %s\n\n", id, data)) {
				return
			}
		}
		if scan.State.Ended() {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-stopping(r.Context()):
			return
		case <-quiet.C:
			if !send(": still here\n\n") {
				return
			}
		case <-tick.C:
		}
		// The caller sees the stream end, and asks again.
		if scan, err = s.c.Service.GetScan(r.Context(), scan.ID); err != nil {
			return
		}
	}
}

// scanEvent is the data of an event, and its id.
func scanEvent(scan schemas.Scan) (data, id string) {
	raw, _ := json.Marshal(scan) // of texts, numbers and times: it cannot fail
	sum := sha256.Sum256(raw)
	return string(raw), hex.EncodeToString(sum[:8])
}
