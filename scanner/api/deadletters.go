package api

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// DeadLetters is what Local needs of bus.Bus.
type DeadLetters interface {
	ListDead(ctx context.Context, limit int) ([]schemas.DeadLetter, error)
	GetDead(ctx context.Context, id uint64) (schemas.DeadMessage, error)
	ReplayDead(ctx context.Context, id uint64) (schemas.DeadLetter, error)
	RemoveDead(ctx context.Context, id uint64) error
}

// ListDeadLetters implements Service.
func (l *Local) ListDeadLetters(ctx context.Context, limit int) ([]schemas.DeadLetter, error) {
	return l.p.Dead.ListDead(ctx, limit)
}

// GetDeadLetter implements Service.
func (l *Local) GetDeadLetter(ctx context.Context, id uint64) (schemas.DeadMessage, error) {
	return l.p.Dead.GetDead(ctx, id)
}

// ReplayDeadLetter implements Service.
func (l *Local) ReplayDeadLetter(ctx context.Context, id uint64) (schemas.Replay, error) {
	letter, err := l.p.Dead.ReplayDead(ctx, id)
	if err != nil {
		return schemas.Replay{}, err
	}
	l.record(ctx, "dead-letter", strconv.FormatUint(id, 10), map[string]string{"change": "replayed", "subject": letter.Subject})
	if letter.AccountID != "" {
		l.p.Replayed(letter.AccountID)
	}
	out := schemas.Replay{DeadLetter: letter}
	if letter.Scan == "" {
		return out, nil
	}
	scan, err := l.p.GetScan(ctx, letter.Scan)
	if err != nil && schemas.CodeOf(err) != schemas.CodeNotFound {
		// It is replayed: what cannot be told of its scan does not undo that.
		l.p.Log.Warn().Err(err).Str("scan", letter.Scan).Msg("ask for the scan of a replayed dead letter")
	}
	out.ScanState = scan.State
	return out, nil
}

// RemoveDeadLetter implements Service.
func (l *Local) RemoveDeadLetter(ctx context.Context, id uint64) error {
	err := l.p.Dead.RemoveDead(ctx, id)
	if err == nil {
		l.record(ctx, "dead-letter", strconv.FormatUint(id, 10), nil)
	}
	return err
}

func (s *Server) deadLetterRoutes() {
	svc := s.c.Service
	s.search("GET /v1/dead-letters", ScopeRead, func(r *http.Request) (int, any, error) {
		q := query(r)
		limit := q.number("limit")
		if err := q.done(); err != nil {
			return 0, nil, err
		}
		return listed(svc.ListDeadLetters(r.Context(), limit))
	})
	s.route("GET /v1/dead-letters/{id}", ScopeRead, func(r *http.Request) (int, any, error) {
		id, err := deadLetterID(r)
		if err != nil {
			return 0, nil, err
		}
		return found(svc.GetDeadLetter(r.Context(), id))
	})
	s.route("POST /v1/dead-letters/{id}/replay", ScopeWrite, func(r *http.Request) (int, any, error) {
		id, err := deadLetterID(r)
		if err != nil {
			return 0, nil, err
		}
		return found(svc.ReplayDeadLetter(r.Context(), id))
	})
	s.route("DELETE /v1/dead-letters/{id}", ScopeWrite, func(r *http.Request) (int, any, error) {
		id, err := deadLetterID(r)
		if err != nil {
			return 0, nil, err
		}
		return none(svc.RemoveDeadLetter(r.Context(), id))
	})
}

func deadLetterID(r *http.Request) (uint64, error) {
	text := r.PathValue("id")
	id, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, schemas.Errorf(schemas.CodeInvalid, "%q is no number of a dead letter", text)
	}
	return id, nil
}

// ListDeadLetters implements Service.
func (c *Client) ListDeadLetters(ctx context.Context, limit int) ([]schemas.DeadLetter, error) {
	q := url.Values{}
	addInt(q, "limit", limit)
	return list[schemas.DeadLetter](ctx, c, q, "dead-letters")
}

// GetDeadLetter implements Service.
func (c *Client) GetDeadLetter(ctx context.Context, id uint64) (schemas.DeadMessage, error) {
	return get[schemas.DeadMessage](ctx, c, nil, "dead-letters", strconv.FormatUint(id, 10))
}

// ReplayDeadLetter implements Service.
func (c *Client) ReplayDeadLetter(ctx context.Context, id uint64) (schemas.Replay, error) {
	return send[schemas.Replay](ctx, c, http.MethodPost, nil, "dead-letters", strconv.FormatUint(id, 10), "replay")
}

// RemoveDeadLetter implements Service.
func (c *Client) RemoveDeadLetter(ctx context.Context, id uint64) error {
	return c.remove(ctx, "dead-letters", strconv.FormatUint(id, 10))
}
