package api

func (s *Server) reportRoutes() {
	svc := s.c.Service
	s.op("Report", "GET /v1/report", ScopeRead, "Scores, coverage, open violations and what could not be judged, per account.", svc.Report)
	s.op("Violations", "GET /v1/violations", ScopeRead, "A page of violations.", svc.Violations)
	s.op("Resources", "GET /v1/resources", ScopeRead, "A page of the inventory.", svc.Resources)
	s.op("Events", "GET /v1/events", ScopeRead, "A page of what a scan, or any scan of an account, opened, fixed and reopened, oldest first.", svc.Events)
}
