package api

import (
	"cmp"
	"context"
	"net/http"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// Findings are the operations on single violations.
type Findings interface {
	// GetViolation is one violation with its whole life, by the id of its finding
	// or the beginning of it (8 characters or more).
	GetViolation(ctx context.Context, finding string) (schemas.ViolationDetail, error)
}

func (s *Server) findingRoutes() {
	svc := s.c.Service
	s.route("GET /v1/violations/{finding}", ScopeRead, func(r *http.Request) (int, any, error) {
		return found(svc.GetViolation(r.Context(), r.PathValue("finding")))
	})
}

// GetViolation implements Service.
func (c *Client) GetViolation(ctx context.Context, finding string) (schemas.ViolationDetail, error) {
	return get[schemas.ViolationDetail](ctx, c, nil, "violations", finding)
}

// GetViolation implements Service.
func (l *Local) GetViolation(ctx context.Context, finding string) (schemas.ViolationDetail, error) {
	if err := schemas.CheckFinding(finding); err != nil {
		return schemas.ViolationDetail{}, err
	}
	d, err := l.p.Store.Violation(ctx, finding)
	if err != nil {
		return d, err
	}
	names, err := l.names(ctx)
	if name := cmp.Or(names[d.AccountID], d.Account); name != d.Account {
		d.Account, d.URN = name, d.Key.URN(name)
	}
	return d, err
}
