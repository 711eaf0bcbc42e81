package api

import (
	"context"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// eventsQuery names a scan, or an account for all of its events.
type eventsQuery struct {
	Account string `query:"account"`
	Scan    string `query:"scan"`
}

func (s *Server) reportRoutes() {
	svc := s.c.Service
	s.op("Report", "GET /v1/report", ScopeRead, "Scores, coverage, open violations and what could not be judged, per account.", svc.Report)
	s.op("Violations", "GET /v1/violations", ScopeRead, "A page of violations.", svc.Violations)
	s.op("Resources", "GET /v1/resources", ScopeRead, "A page of the inventory.", svc.Resources)
	s.op("Events", "GET /v1/events", ScopeRead, "What a scan, or any scan of an account, opened, fixed and reopened.",
		func(ctx context.Context, q eventsQuery) ([]schemas.ViolationEvent, error) {
			return svc.Events(ctx, q.Account, q.Scan)
		})
}
