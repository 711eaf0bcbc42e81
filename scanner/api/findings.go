package api

import (
	"context"
	"net/http"
	"time"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// FindingService are the operations on single violations.
type FindingService interface {
	// GetViolation is one violation with its whole life, by the id of its finding
	// or the beginning of it (8 characters or more).
	GetViolation(ctx context.Context, finding string) (schemas.ViolationDetail, error)
	// UpdateViolation changes what people say of a violation: nothing that it is
	// counted by.
	UpdateViolation(ctx context.Context, finding string, c schemas.TriageChange) (schemas.ViolationDetail, error)
}

// Triage is what Local needs of policy.Triage.
type Triage interface {
	Get(ctx context.Context, a schemas.AccountID, finding string) (schemas.TriageRecord, error)
	Change(ctx context.Context, a schemas.AccountID, finding string, c schemas.TriageChange, by string) (r schemas.TriageRecord, changed bool, err error)
	Forget(ctx context.Context, a schemas.AccountID) error
}

func (s *Server) findingRoutes() {
	svc := s.c.Service
	s.op("GetViolation", "GET /v1/violations/{finding}", ScopeRead, "One violation with its whole life, by the id of its finding or the beginning of it.", svc.GetViolation)
	s.op("UpdateViolation", "PATCH /v1/violations/{finding}", ScopeWrite, "Change what people say of a violation: status, priority, assignee, note.", svc.UpdateViolation)
}

// GetViolation implements Service.
func (c *Client) GetViolation(ctx context.Context, finding string) (schemas.ViolationDetail, error) {
	return get[schemas.ViolationDetail](ctx, c, nil, "violations", finding)
}

// UpdateViolation implements Service.
func (c *Client) UpdateViolation(ctx context.Context, finding string, change schemas.TriageChange) (schemas.ViolationDetail, error) {
	return send[schemas.ViolationDetail](ctx, c, http.MethodPatch, change, "violations", finding)
}

// GetViolation implements Service.
func (l *Local) GetViolation(ctx context.Context, finding string) (schemas.ViolationDetail, error) {
	if err := schemas.CheckFinding(finding); err != nil {
		return schemas.ViolationDetail{}, err
	}
	rec, err := l.questioned(ctx, time.Time{})
	if err != nil {
		return schemas.ViolationDetail{}, err
	}
	d, err := l.p.Store.Violation(ctx, finding, rec)
	if err != nil {
		return d, err
	}
	said, err := l.p.Triage.Get(ctx, d.AccountID, d.Finding)
	d.TriageHistory = said.Changes
	return d, err
}

// UpdateViolation implements Service.
func (l *Local) UpdateViolation(ctx context.Context, finding string, c schemas.TriageChange) (schemas.ViolationDetail, error) {
	if err := c.Validate(); err != nil {
		return schemas.ViolationDetail{}, err
	}
	d, err := l.GetViolation(ctx, finding)
	if err != nil {
		return d, err
	}
	r, changed, err := l.p.Triage.Change(ctx, d.AccountID, d.Finding, c, Actor(ctx))
	if changed {
		l.record(ctx, "triage", d.Finding, r.Now())
	}
	now := r.Now().Of(d.OpenedAt)
	d.Triage, d.TriageHistory = &now, r.Changes
	return d, err
}

// questioned is what a question about results takes along of the configuration,
// as of a time; the zero time is now.
func (l *Local) questioned(ctx context.Context, at time.Time) (schemas.Record, error) {
	var kept schemas.Kept
	now := l.p.Now()
	switch {
	case at.IsZero():
		at = now
	case at.After(now.Add(clocksDiffer)):
		return schemas.Record{}, schemas.Errorf(schemas.CodeInvalid, "asOf: %s is yet to come", moment(at))
	default:
		var err error
		if kept, err = l.p.Store.Kept(ctx); err != nil {
			return schemas.Record{}, err
		}
		if at.Before(kept.Events) {
			return schemas.Record{}, schemas.Errorf(schemas.CodeInvalid, "asOf: %s is before %s: what happened then is not kept any more", moment(at), moment(kept.Events)).
				WithHint("Ask for a later time. How long history is kept is the setting retention.history.")
		}
	}
	waivers, err := l.p.Waivers.List(ctx, true)
	if err != nil {
		return schemas.Record{}, err
	}
	names, err := l.names(ctx)
	return schemas.Record{Waivers: schemas.WaiversInForce(waivers, at), Names: names, Kept: kept}, err
}

// clocksDiffer is how much later than here the "now" of somebody who asks may be.
const clocksDiffer = time.Minute

func moment(t time.Time) string { return t.UTC().Format(time.RFC3339) }
