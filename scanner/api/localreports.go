package api

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// Report implements Service.
func (l *Local) Report(ctx context.Context, q schemas.ReportQuery) (schemas.Report, error) {
	if err := l.checkFilters(ctx, q.Accounts, q.Severity, nil); err != nil {
		return schemas.Report{}, err
	}
	r, err := l.p.Store.Report(ctx, q)
	if err != nil {
		return schemas.Report{}, err
	}
	return l.withUnscanned(ctx, q.Accounts, r)
}

// withUnscanned adds the registered accounts of which nothing is stored: missing
// is not compliant.
func (l *Local) withUnscanned(ctx context.Context, named []string, r schemas.Report) (schemas.Report, error) {
	accounts, err := l.p.Accounts.List(ctx)
	if err != nil {
		return schemas.Report{}, err
	}
	stored := map[schemas.AccountID]bool{}
	for _, a := range r.Accounts {
		stored[a.AccountID] = true
	}
	for _, a := range accounts {
		asked := len(named) == 0 || slices.Contains(named, a.Name) || slices.Contains(named, string(a.ID))
		if stored[a.ID] || !asked {
			continue
		}
		r.Accounts = append(r.Accounts, schemas.AccountReport{
			AccountID: a.ID, Account: a.Name, Score: -1, Coverage: -1,
			Open: map[schemas.Severity]uint64{}, Packs: []schemas.PackReport{},
		})
	}
	slices.SortFunc(r.Accounts, func(x, y schemas.AccountReport) int {
		return cmp.Or(strings.Compare(x.Account, y.Account), strings.Compare(string(x.AccountID), string(y.AccountID)))
	})
	return r, nil
}

// Violations implements Service.
func (l *Local) Violations(ctx context.Context, q schemas.ViolationQuery) (schemas.ViolationPage, error) {
	if err := l.checkFilters(ctx, q.Accounts, q.Severity, q.State); err != nil {
		return schemas.ViolationPage{}, err
	}
	return l.p.Store.Violations(ctx, q)
}

// Resources implements Service.
func (l *Local) Resources(ctx context.Context, q schemas.ResourceQuery) (schemas.ResourcePage, error) {
	if err := l.checkFilters(ctx, q.Accounts, nil, nil); err != nil {
		return schemas.ResourcePage{}, err
	}
	return l.p.Store.Resources(ctx, q)
}

// Events implements Service.
func (l *Local) Events(ctx context.Context, account, scan string) ([]schemas.ViolationEvent, error) {
	id := schemas.AccountID(account)
	switch {
	case account == "" && scan == "":
		return nil, schemas.Errorf(schemas.CodeInvalid, "name an account or a scan")
	case account == "":
		s, err := l.p.GetScan(ctx, scan)
		if err != nil {
			return nil, err
		}
		id = s.AccountID
	case !id.Valid():
		a, err := l.p.Accounts.Get(ctx, account)
		if err != nil {
			return nil, err
		}
		id = a.ID
	}
	return l.p.Store.Events(ctx, id, scan)
}

// checkFilters refuses values that nothing has, and names of accounts that are
// not registered: a misspelt one must not look like an account without
// violations. The id of an account that was removed still finds what was kept of it.
func (l *Local) checkFilters(ctx context.Context, accounts []string, severities []schemas.Severity, states []schemas.ViolationState) error {
	var p schemas.Problems
	for _, s := range severities {
		p.Check(s == schemas.SeverityUnspecified || s.Rank() > 0, "severity", "%q must be critical, high, medium, low or unspecified", s)
	}
	for _, s := range states {
		p.Check(s == schemas.ViolationOpen || s == schemas.ViolationFixed, "state", "%q must be open or fixed", s)
	}
	if err := p.Err(); err != nil {
		return err
	}
	for _, a := range accounts {
		if schemas.AccountID(a).Valid() {
			continue
		}
		if _, err := l.p.Accounts.Get(ctx, a); err != nil {
			return err
		}
	}
	return nil
}
