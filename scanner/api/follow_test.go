package api_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// states makes a scan go through states, one a look; the last one stays.
func (s *stub) states(list ...schemas.ScanState) {
	n := 0
	s.do = func(context.Context, string) error {
		s.set(func(s *stub) {
			s.out = map[reflect.Type]any{reflect.TypeFor[schemas.Scan](): schemas.Scan{ID: "1", State: list[min(n, len(list)-1)]}}
			n++
		})
		return nil
	}
}

// followed are the states that a stream of events tells.
func followed(t *testing.T, body string) (list []schemas.ScanState) {
	t.Helper()
	for _, event := range strings.Split(strings.TrimSuffix(body, "\n\n"), "\n\n") {
		id, data, isScan := strings.Cut(strings.TrimPrefix(event, "id: "), "\nevent: scan\ndata: ")
		var scan schemas.Scan
		if err := json.Unmarshal([]byte(data), &scan); err != nil || !isScan || id == "" || scan.ID != "1" {
			t.Fatalf("event %q: %v", event, err)
		}
		list = append(list, scan.State)
	}
	return list
}

func TestFollowingEndsWithTheScan(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.service.states(schemas.ScanRunning, schemas.ScanRunning, schemas.ScanCancelling, schemas.ScanCancelling, schemas.ScanCancelled)
	a := s.ask(t, "GET", "/v1/scans/1/events", "")
	if a.status != http.StatusOK || a.header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("%d %v", a.status, a.header)
	}
	// What has not changed is not repeated.
	if got := followed(t, a.body); !slices.Equal(got, []schemas.ScanState{schemas.ScanRunning, schemas.ScanCancelling, schemas.ScanCancelled}) {
		t.Errorf("told %v", got)
	}
	if n := len(s.service.methods()); n != 5 {
		t.Errorf("looked %d times", n)
	}
	for _, ended := range []schemas.ScanState{schemas.ScanSucceeded, schemas.ScanPartial, schemas.ScanFailed} {
		s.service.states(ended)
		if got := followed(t, s.ask(t, "GET", "/v1/scans/1/events", "").body); !slices.Equal(got, []schemas.ScanState{ended}) {
			t.Errorf("told %v of a scan that had ended", got)
		}
	}
}

// Whoever comes back with the last event gets what has changed since; a browser
// that has seen the end is told not to ask again.
func TestFollowingGoesOnBehindTheLastEvent(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.service.states(schemas.ScanRunning, schemas.ScanCancelling, schemas.ScanCancelled)
	events := strings.Split(s.ask(t, "GET", "/v1/scans/1/events", "").body, "\n")
	first, last := "Last-Event-ID: "+events[0][4:], "Last-Event-ID: "+events[8][4:]
	s.service.states(schemas.ScanRunning, schemas.ScanRunning, schemas.ScanCancelled)
	a := s.ask(t, "GET", "/v1/scans/1/events", "", first)
	if got := followed(t, a.body); !slices.Equal(got, []schemas.ScanState{schemas.ScanCancelled}) {
		t.Errorf("told %v", got)
	}
	if a = s.ask(t, "GET", "/v1/scans/1/events", "", last); a.status != http.StatusNoContent || a.body != "" {
		t.Errorf("%d %q", a.status, a.body)
	}
}

func TestFollowingAnUnknownScan(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.service.err = schemas.Errorf(schemas.CodeNotFound, "there is no scan 1")
	if a := s.ask(t, "GET", "/v1/scans/1/events", ""); a.status != http.StatusNotFound || a.problem(t).Detail != "there is no scan 1" {
		t.Errorf("%d %s", a.status, a.body)
	}
}

// follow opens a stream and reads its first event.
func (s *server) follow(t *testing.T, ctx context.Context) *bufio.Reader {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, "GET", s.URL+"/v1/scans/1/events", nil)
	ok(t, err)
	res, err := s.Client().Do(req)
	ok(t, err)
	t.Cleanup(func() { _ = res.Body.Close() })
	r := bufio.NewReader(res.Body)
	for range 4 {
		_, err := r.ReadString('\n')
		ok(t, err)
	}
	return r
}

func TestFollowingEndsWhenTheCallerLeaves(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.service.states(schemas.ScanRunning)
	ctx, leave := context.WithCancel(testContext(t))
	s.follow(t, ctx)
	leave()
	closed := make(chan struct{})
	go func() {
		s.Close() // waits for every request to end
		close(closed)
	}()
	select {
	case <-closed:
	case <-testContext(t).Done():
		t.Fatal("the scan is followed for nobody")
	}
}

func TestFollowingEndsWhenTheScanCannotBeRead(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.service.states(schemas.ScanRunning)
	r := s.follow(t, testContext(t))
	s.service.set(func(s *stub) {
		s.do = func(context.Context, string) error { return schemas.Errorf(schemas.CodeUnavailable, "no answer") }
	})
	if rest, err := io.ReadAll(r); err != nil || len(rest) > 0 {
		t.Errorf("rest %q, %v", rest, err)
	}
}

// Half an answer must not look like a whole one.
func TestPanicInTheMiddleBreaksTheAnswerOff(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.service.states(schemas.ScanRunning)
	r := s.follow(t, testContext(t))
	s.service.set(func(s *stub) { s.do = func(context.Context, string) error { panic("hunter22") } })
	if rest, err := io.ReadAll(r); err == nil || len(rest) > 0 {
		t.Errorf("rest %q, %v", rest, err)
	}
	if !strings.Contains(s.log.String(), "hunter22") {
		t.Error("the log does not have it")
	}
}
