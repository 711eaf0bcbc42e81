package api

import (
	"context"
	"net/http"
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

// limitQuery bounds a list; 0 is no bound.
type limitQuery struct {
	Limit int `query:"limit"`
}

func (s *Server) deadLetterRoutes() {
	svc := s.c.Service
	s.op("ListDeadLetters", "GET /v1/dead-letters", ScopeRead, "The messages that were given up, newest first.",
		func(ctx context.Context, q limitQuery) ([]schemas.DeadLetter, error) {
			return svc.ListDeadLetters(ctx, q.Limit)
		})
	s.op("GetDeadLetter", "GET /v1/dead-letters/{id}", ScopeRead, "A message that was given up, whole.", svc.GetDeadLetter)
	s.op("ReplayDeadLetter", "POST /v1/dead-letters/{id}/replay", ScopeWrite, "Put the message back where it was published.", svc.ReplayDeadLetter)
	s.op("RemoveDeadLetter", "DELETE /v1/dead-letters/{id}", ScopeWrite, "Forget a message that was given up.", svc.RemoveDeadLetter)
}

// ListDeadLetters implements Service.
func (c *Client) ListDeadLetters(ctx context.Context, limit int) ([]schemas.DeadLetter, error) {
	return list[schemas.DeadLetter](ctx, c, values(limitQuery{limit}), "dead-letters")
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
