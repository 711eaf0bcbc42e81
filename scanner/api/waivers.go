package api

import (
	"context"
	"net/http"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// WaiverService are the operations on waivers.
type WaiverService interface {
	// AddWaiver accepts violations for a time; see schemas.WaiverTerms. The name of
	// a removed waiver may be taken again.
	AddWaiver(ctx context.Context, name string, t schemas.WaiverTerms) (schemas.Waiver, error)
	// ListWaivers lists by name, with all also removed ones.
	ListWaivers(ctx context.Context, all bool) ([]schemas.Waiver, error)
	// GetWaiver returns a waiver with everything that was done to it, also a removed one.
	GetWaiver(ctx context.Context, name string) (schemas.Waiver, error)
	// UpdateWaiver replaces the terms. An empty requester and start stay as they are.
	UpdateWaiver(ctx context.Context, name string, t schemas.WaiverTerms) (schemas.Waiver, error)
	// RemoveWaiver ends a waiver at once. It stays on record.
	RemoveWaiver(ctx context.Context, name string) error
}

// Waivers is what Local needs of policy.Waivers.
type Waivers interface {
	Add(ctx context.Context, name string, t schemas.WaiverTerms, by string) (schemas.Waiver, error)
	List(ctx context.Context, all bool) ([]schemas.Waiver, error)
	Get(ctx context.Context, name string) (schemas.Waiver, error)
	Update(ctx context.Context, name string, t schemas.WaiverTerms, by string) (w schemas.Waiver, changed bool, err error)
	Remove(ctx context.Context, name, by string) (schemas.Waiver, error)
}

// waiverRequest asks for a new waiver.
type waiverRequest struct {
	Name string `json:"name" api:"required"`
	schemas.WaiverTerms
}

// waiversQuery asks for removed waivers too.
type waiversQuery struct {
	All bool `query:"all"`
}

func (s *Server) waiverRoutes() {
	svc := s.c.Service
	s.op("ListWaivers", "GET /v1/waivers", ScopeRead, "Waivers by name, with all also removed ones.",
		func(ctx context.Context, q waiversQuery) ([]schemas.Waiver, error) {
			return svc.ListWaivers(ctx, q.All)
		})
	s.op("AddWaiver", "POST /v1/waivers", ScopeWrite, "Accept violations for a time.",
		func(ctx context.Context, in waiverRequest) (schemas.Waiver, error) {
			return svc.AddWaiver(ctx, in.Name, in.WaiverTerms)
		}).creates()
	s.op("GetWaiver", "GET /v1/waivers/{waiver}", ScopeRead, "A waiver with everything that was done to it.", svc.GetWaiver)
	s.op("UpdateWaiver", "PUT /v1/waivers/{waiver}", ScopeWrite, "Replace the terms of a waiver.", svc.UpdateWaiver)
	s.op("RemoveWaiver", "DELETE /v1/waivers/{waiver}", ScopeWrite, "End a waiver at once; it stays on record.", svc.RemoveWaiver)
}

// AddWaiver implements Service.
func (c *Client) AddWaiver(ctx context.Context, name string, t schemas.WaiverTerms) (schemas.Waiver, error) {
	return send[schemas.Waiver](ctx, c, http.MethodPost, waiverRequest{name, t}, "waivers")
}

// ListWaivers implements Service.
func (c *Client) ListWaivers(ctx context.Context, all bool) ([]schemas.Waiver, error) {
	return list[schemas.Waiver](ctx, c, values(waiversQuery{all}), "waivers")
}

// GetWaiver implements Service.
func (c *Client) GetWaiver(ctx context.Context, name string) (schemas.Waiver, error) {
	return get[schemas.Waiver](ctx, c, nil, "waivers", name)
}

// UpdateWaiver implements Service.
func (c *Client) UpdateWaiver(ctx context.Context, name string, t schemas.WaiverTerms) (schemas.Waiver, error) {
	return send[schemas.Waiver](ctx, c, http.MethodPut, t, "waivers", name)
}

// RemoveWaiver implements Service.
func (c *Client) RemoveWaiver(ctx context.Context, name string) error {
	return c.remove(ctx, "waivers", name)
}

// AddWaiver implements Service.
func (l *Local) AddWaiver(ctx context.Context, name string, t schemas.WaiverTerms) (schemas.Waiver, error) {
	w, err := l.p.Waivers.Add(ctx, name, t, Actor(ctx))
	if err == nil {
		l.recordWaiver(ctx, w)
	}
	return w, err
}

// ListWaivers implements Service.
func (l *Local) ListWaivers(ctx context.Context, all bool) ([]schemas.Waiver, error) {
	return l.p.Waivers.List(ctx, all)
}

// GetWaiver implements Service.
func (l *Local) GetWaiver(ctx context.Context, name string) (schemas.Waiver, error) {
	return l.p.Waivers.Get(ctx, name)
}

// UpdateWaiver implements Service.
func (l *Local) UpdateWaiver(ctx context.Context, name string, t schemas.WaiverTerms) (schemas.Waiver, error) {
	w, changed, err := l.p.Waivers.Update(ctx, name, t, Actor(ctx))
	if err == nil && changed {
		l.recordWaiver(ctx, w)
	}
	return w, err
}

// RemoveWaiver implements Service.
func (l *Local) RemoveWaiver(ctx context.Context, name string) error {
	w, err := l.p.Waivers.Remove(ctx, name, Actor(ctx))
	if err == nil {
		l.recordWaiver(ctx, w)
	}
	return err
}

// recordWaiver logs a change of a waiver at the time that it has on record: of changes
// that are made at once, the newest is then the newest in the log, too.
func (l *Local) recordWaiver(ctx context.Context, w schemas.Waiver) {
	l.recordAt(ctx, "waiver", w.Name, w.Changes[len(w.Changes)-1].At, w)
}
