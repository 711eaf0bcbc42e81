package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/insights-scanner/insights-scanner/schemas"
)

func (s *Server) reportRoutes() {
	svc := s.c.Service
	s.search("GET /v1/report", ScopeRead, func(r *http.Request) (int, any, error) {
		q := query(r)
		in := schemas.ReportQuery{Accounts: q.list("account"), Pack: q.text("pack"), Severity: q.severities("severity"), AsOf: q.time("asOf")}
		if err := q.done(); err != nil {
			return 0, nil, err
		}
		return found(svc.Report(r.Context(), in))
	})
	s.search("GET /v1/violations", ScopeRead, func(r *http.Request) (int, any, error) {
		q := query(r)
		in := violationQuery(q)
		if err := q.done(); err != nil {
			return 0, nil, err
		}
		return found(svc.Violations(r.Context(), in))
	})
	s.search("GET /v1/resources", ScopeRead, func(r *http.Request) (int, any, error) {
		q := query(r)
		in := schemas.ResourceQuery{
			Accounts: q.list("account"), Type: q.text("type"), Region: q.text("region"), ID: q.text("id"), Match: q.text("match"),
			Limit: q.number("limit"), Cursor: q.text("cursor"), Properties: q.truth("properties"),
		}
		if err := q.done(); err != nil {
			return 0, nil, err
		}
		return found(svc.Resources(r.Context(), in))
	})
	s.search("GET /v1/events", ScopeRead, func(r *http.Request) (int, any, error) {
		q := query(r)
		account, scan := q.text("account"), q.text("scan")
		if err := q.done(); err != nil {
			return 0, nil, err
		}
		return listed(svc.Events(r.Context(), account, scan))
	})
}

func violationQuery(q *params) schemas.ViolationQuery {
	in := schemas.ViolationQuery{
		Accounts: q.list("account"), Pack: q.text("pack"), Policy: q.text("policy"), Type: q.text("type"),
		Region: q.text("region"), Resource: q.text("resource"), Severity: q.severities("severity"), Enforced: q.truth("enforced"), Reopened: q.truth("reopened"),
		Scan: q.text("scan"), Sort: q.text("sort"), Desc: q.truth("desc"), Limit: q.number("limit"), Cursor: q.text("cursor"),
	}
	for _, state := range q.list("state") {
		in.State = append(in.State, schemas.ViolationState(state))
	}
	in.AsOf, in.Waived, in.Assignee = q.time("asOf"), schemas.WaivedFilter(q.text("waived")), q.text("assignee")
	for _, status := range q.list("status") {
		in.Status = append(in.Status, schemas.TriageStatus(status))
	}
	for _, priority := range q.list("priority") {
		in.Priority = append(in.Priority, schemas.Priority(priority))
	}
	for _, cause := range q.list("cause") {
		in.Cause = append(in.Cause, schemas.FixCause(cause))
	}
	return in
}

// The same in the other direction, for Client.

func reportValues(q schemas.ReportQuery) url.Values {
	v := url.Values{}
	addAll(v, "account", q.Accounts)
	add(v, "pack", q.Pack)
	addSeverities(v, q.Severity)
	addTime(v, "asOf", q.AsOf)
	return v
}

func violationValues(q schemas.ViolationQuery) url.Values {
	v := url.Values{}
	addAll(v, "account", q.Accounts)
	add(v, "pack", q.Pack)
	add(v, "policy", q.Policy)
	add(v, "type", q.Type)
	add(v, "region", q.Region)
	add(v, "resource", q.Resource)
	addSeverities(v, q.Severity)
	addAll(v, "state", q.State)
	addAll(v, "cause", q.Cause)
	addTime(v, "asOf", q.AsOf)
	add(v, "waived", string(q.Waived))
	addAll(v, "status", q.Status)
	add(v, "assignee", q.Assignee)
	addAll(v, "priority", q.Priority)
	addBool(v, "reopened", q.Reopened)
	addBool(v, "enforced", q.Enforced)
	add(v, "scan", q.Scan)
	add(v, "sort", q.Sort)
	addBool(v, "desc", q.Desc)
	addInt(v, "limit", q.Limit)
	add(v, "cursor", q.Cursor)
	return v
}

func resourceValues(q schemas.ResourceQuery) url.Values {
	v := url.Values{}
	addAll(v, "account", q.Accounts)
	add(v, "type", q.Type)
	add(v, "region", q.Region)
	add(v, "id", q.ID)
	add(v, "match", q.Match)
	addInt(v, "limit", q.Limit)
	add(v, "cursor", q.Cursor)
	addBool(v, "properties", q.Properties)
	return v
}

func add(v url.Values, name, text string) {
	if text != "" {
		v.Add(name, text)
	}
}

// addAll sends empty elements too: left out, they would make a filter vanish.
func addAll[T ~string](v url.Values, name string, list []T) {
	for _, t := range list {
		v.Add(name, string(t))
	}
}

func addInt(v url.Values, name string, n int) {
	if n != 0 {
		v.Set(name, strconv.Itoa(n))
	}
}

func addBool(v url.Values, name string, b bool) {
	if b {
		v.Set(name, "true")
	}
}

func addSeverities(v url.Values, list []schemas.Severity) {
	for _, s := range list {
		if s == schemas.SeverityUnspecified {
			s = unspecified
		}
		v.Add("severity", string(s))
	}
}

// followScan sends the record of a scan as server-sent events ("scan") whenever
// it changed, until it has ended, the caller goes away or the server stops.
func (s *Server) followScan(w http.ResponseWriter, r *http.Request) {
	r, err := s.authorized(r, ScopeRead)
	if err != nil {
		s.refuse(w, err)
		return
	}
	if err := query(r).done(); err != nil {
		s.refuse(w, err)
		return
	}
	scan, err := s.c.Service.GetScan(r.Context(), r.PathValue("scan"))
	if err != nil {
		s.refuse(w, err)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	out := http.NewResponseController(w)
	// The server's limit for reading a request would end the stream. What cannot
	// set it (a test's recorder) has none.
	_ = out.SetReadDeadline(time.Time{})
	tick := time.NewTicker(s.c.Poll)
	defer tick.Stop()
	last := ""
	for {
		raw, err := json.Marshal(scan)
		if err != nil {
			return
		}
		if string(raw) != last {
			last = string(raw)
			if _, err := fmt.Fprintf(w, "event: scan\ndata: %s\n\n", raw); err != nil || out.Flush() != nil {
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
		case <-tick.C:
		}
		// The caller sees the stream end, and asks again.
		if scan, err = s.c.Service.GetScan(r.Context(), scan.ID); err != nil {
			return
		}
	}
}
