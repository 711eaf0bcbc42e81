package api

import (
	"context"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// HistoryService are the questions about how things went.
type HistoryService interface {
	// Trend is how compliance went, day by day.
	Trend(ctx context.Context, q schemas.TrendQuery) (schemas.Trend, error)
	// Diff is what changed between the ends of two scans of one account: counts,
	// and the first changes of each kind (0: 1,000).
	Diff(ctx context.Context, from, to string, limit int) (schemas.Diff, error)
}

func (s *Server) historyRoutes() {
	svc := s.c.Service
	s.op("Trend", "GET /v1/trend", ScopeRead, "How compliance went, day by day.", svc.Trend)
	s.op("Diff", "GET /v1/scans/{scan}/diff/{other}", ScopeRead, "What changed between the ends of two scans of one account.",
		func(ctx context.Context, from, to string, q diffQuery) (schemas.Diff, error) {
			return svc.Diff(ctx, from, to, q.Limit)
		})
}

// diffQuery bounds the lists of a diff.
type diffQuery struct {
	Limit int `query:"limit"`
}

// Trend implements Service.
func (c *Client) Trend(ctx context.Context, q schemas.TrendQuery) (schemas.Trend, error) {
	return get[schemas.Trend](ctx, c, values(q), "trend")
}

// Diff implements Service.
func (c *Client) Diff(ctx context.Context, from, to string, limit int) (schemas.Diff, error) {
	return get[schemas.Diff](ctx, c, values(diffQuery{limit}), "scans", from, "diff", to)
}

// Trend implements Service.
func (l *Local) Trend(ctx context.Context, q schemas.TrendQuery) (schemas.Trend, error) {
	if q.Days < 0 || q.Days > schemas.MaxTrendDays {
		return schemas.Trend{}, schemas.Errorf(schemas.CodeInvalid, "days: %d is not 1 to %d", q.Days, schemas.MaxTrendDays)
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
func (l *Local) Diff(ctx context.Context, from, to string, limit int) (schemas.Diff, error) {
	if limit == 0 {
		limit = maxDiff
	}
	if limit < 0 || limit > maxDiff {
		return schemas.Diff{}, schemas.Errorf(schemas.CodeInvalid, "limit: %d is not 1 to %d", limit, maxDiff)
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
	return l.p.Store.Diff(ctx, a, b, limit)
}

func (l *Local) endedScan(ctx context.Context, id string) (schemas.Scan, error) {
	s, err := l.p.GetScan(ctx, id)
	if err == nil && !s.State.Ended() {
		err = schemas.Errorf(schemas.CodeConflict, "scan %s has not ended", id).WithHint("Watch it: insights scan watch %s", id)
	}
	return s, err
}
