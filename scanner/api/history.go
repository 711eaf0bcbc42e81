package api

import (
	"context"
	"time"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// HistoryService are the questions about how things went.
type HistoryService interface {
	// Trend is how compliance went, day by day.
	Trend(ctx context.Context, q schemas.TrendQuery) (schemas.Trend, error)
	// Diff is what changed between the ends of two scans of one account: counts,
	// and a page of the changes of each kind.
	Diff(ctx context.Context, from, to string, q schemas.DiffQuery) (schemas.Diff, error)
}

func (s *Server) historyRoutes() {
	svc := s.c.Service
	s.op("Trend", "GET /v1/trend", ScopeRead, "How compliance went, day by day.", svc.Trend)
	s.op("Diff", "GET /v1/scans/{scan}/diff/{other}", ScopeRead, "What changed between the ends of two scans of one account.",
		svc.Diff)
}

// Trend implements Service.
func (c *Client) Trend(ctx context.Context, q schemas.TrendQuery) (schemas.Trend, error) {
	return get[schemas.Trend](ctx, c, values(q), "trend")
}

// Diff implements Service.
func (c *Client) Diff(ctx context.Context, from, to string, q schemas.DiffQuery) (schemas.Diff, error) {
	return get[schemas.Diff](ctx, c, values(q), "scans", from, "diff", to)
}

// Trend implements Service.
func (l *Local) Trend(ctx context.Context, q schemas.TrendQuery) (schemas.Trend, error) {
	if q.Days < 0 || q.Days > schemas.MaxTrendDays {
		return schemas.Trend{}, schemas.Errorf(schemas.CodeInvalid, "days: %d is not 1 to %d", q.Days, schemas.MaxTrendDays)
	}
	if err := hasHistory(q.Pack); err != nil {
		return schemas.Trend{}, err
	}
	if err := l.packExists(ctx, q.Pack); err != nil {
		return schemas.Trend{}, err
	}
	var policies []string
	if q.Framework != "" {
		f, err := l.GetFramework(ctx, q.Framework)
		if err != nil {
			return schemas.Trend{}, err
		}
		policies = []string{}
		for _, c := range f.Controls {
			policies = append(policies, c.Policies...)
		}
	}
	var err error
	if q.Accounts, err = l.accountIDs(ctx, q.Accounts); err != nil {
		return schemas.Trend{}, err
	}
	t, err := l.p.Store.Trend(ctx, q, policies, l.p.Now())
	if err != nil {
		return t, err
	}
	names, err := l.names(ctx)
	for i, a := range t.Accounts {
		if name := names[a.AccountID]; name != "" {
			t.Accounts[i].Account = name
		}
	}
	return t, err
}

// maxDiff bounds the lists of an answer.
const maxDiff = 1000

// Diff implements Service.
func (l *Local) Diff(ctx context.Context, from, to string, q schemas.DiffQuery) (schemas.Diff, error) {
	if q.Limit == 0 {
		q.Limit = maxDiff
	}
	if q.Limit < 0 || q.Limit > maxDiff {
		return schemas.Diff{}, schemas.Errorf(schemas.CodeInvalid, "limit: %d is not 1 to %d", q.Limit, maxDiff)
	}
	a, err := l.endedScan(ctx, from)
	if err != nil {
		return schemas.Diff{}, err
	}
	b, err := l.endedScan(ctx, to)
	if err != nil {
		return schemas.Diff{}, err
	}
	if a.AccountID != b.AccountID {
		return schemas.Diff{}, schemas.Errorf(schemas.CodeInvalid, "scan %s is of account %s, scan %s of %s", a.ID, a.Account, b.ID, b.Account).
			WithHint("Compare two scans of one account; see 'insights scan list --account %s'.", a.Account)
	}
	if err := l.isKept(ctx, a, b); err != nil {
		return schemas.Diff{}, err
	}
	return l.p.Store.Diff(ctx, a, b, q)
}

// isKept is nil when it is known how everything was when scans ended.
func (l *Local) isKept(ctx context.Context, scans ...schemas.Scan) error {
	kept, err := l.p.Store.Kept(ctx)
	if err != nil {
		return err
	}
	for _, s := range scans {
		for _, since := range []time.Time{kept.Versions, kept.Events} {
			if s.EndedAt.Before(since) {
				return schemas.Errorf(schemas.CodeInvalid, "scan %s ended at %s: what was before %s is not kept any more", s.ID, moment(s.EndedAt), moment(since)).
					WithHint("Compare later scans; see 'insights scan list --account %s'. How long history is kept is the setting retention.history.", s.Account)
			}
		}
	}
	return nil
}

func (l *Local) endedScan(ctx context.Context, id string) (schemas.Scan, error) {
	s, err := l.p.GetScan(ctx, id)
	if err == nil && !s.State.Ended() {
		err = schemas.Errorf(schemas.CodeConflict, "scan %s has not ended", id).WithHint("Watch it: insights scan watch %s", id)
	}
	return s, err
}
