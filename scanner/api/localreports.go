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
	var p schemas.Problems
	p.Add("", checkFilters(q.Severity, nil, nil))
	if !q.AsOf.IsZero() {
		p.Add("", hasHistory(q.Pack))
	}
	if err := p.Err(); err != nil {
		return schemas.Report{}, err
	}
	r, err := l.report(ctx, q)
	if err != nil || slices.ContainsFunc(r.Accounts, func(a schemas.AccountReport) bool { return len(a.Packs) > 0 }) {
		return r, err
	}
	return r, l.packExists(ctx, q.Pack)
}

// report is Report without a look at the filters.
func (l *Local) report(ctx context.Context, q schemas.ReportQuery) (r schemas.Report, err error) {
	if q.Accounts, err = l.accountIDs(ctx, q.Accounts); err != nil {
		return schemas.Report{}, err
	}
	rec, err := l.questioned(ctx, q.AsOf)
	if err != nil {
		return schemas.Report{}, err
	}
	accounts, err := l.p.Accounts.List(ctx)
	if err != nil {
		return schemas.Report{}, err
	}
	if rec.Enforced, err = l.p.Resolver.Enforced(ctx, accounts); err != nil {
		return schemas.Report{}, err
	}
	if r, err = l.p.Store.Report(ctx, q, rec); err != nil {
		return schemas.Report{}, err
	}
	return l.withUnscanned(ctx, q.Accounts, r)
}

// withUnscanned adds the registered accounts of which nothing is stored: missing
// is not compliant. The others get the names they have now.
func (l *Local) withUnscanned(ctx context.Context, ids []string, r schemas.Report) (schemas.Report, error) {
	accounts, err := l.p.Accounts.List(ctx)
	if err != nil {
		return schemas.Report{}, err
	}
	names, stored := namesOf(accounts), map[schemas.AccountID]bool{}
	for i, a := range r.Accounts {
		stored[a.AccountID] = true
		r.Accounts[i].Account = cmp.Or(names[a.AccountID], a.Account)
	}
	for _, a := range accounts {
		asked := slices.Contains(ids, string(a.ID))
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
	var p schemas.Problems
	p.Add("", checkFilters(q.Severity, q.State, q.Cause))
	p.Add("", checkTriageFilters(q))
	if !q.AsOf.IsZero() {
		p.Add("", hasHistory(q.Pack))
	}
	p.Check(q.Sort == "" || slices.Contains(schemas.ViolationSorts, q.Sort), "sort", "%q must be %s", q.Sort, schemas.OneOf(schemas.ViolationSorts))
	err := p.Err()
	if err != nil {
		return schemas.ViolationPage{}, err
	}
	named := q.Accounts
	if q.Accounts, err = l.accountIDs(ctx, named); err != nil {
		return schemas.ViolationPage{}, err
	}
	rec, err := l.questioned(ctx, q.AsOf)
	if err != nil {
		return schemas.ViolationPage{}, err
	}
	page, err := l.p.Store.Violations(ctx, q, rec)
	if err != nil || len(page.Violations) > 0 {
		return page, err
	}
	if err := l.filtersExist(ctx, q); err != nil {
		return page, err
	}
	return page, l.scannedUntil(ctx, named, q.AsOf)
}

// Resources implements Service.
func (l *Local) Resources(ctx context.Context, q schemas.ResourceQuery) (schemas.ResourcePage, error) {
	ids, err := l.accountIDs(ctx, q.Accounts)
	if err != nil {
		return schemas.ResourcePage{}, err
	}
	q.Accounts = ids
	page, err := l.p.Store.Resources(ctx, q)
	if err != nil {
		return schemas.ResourcePage{}, err
	}
	if len(page.Resources) == 0 {
		return page, l.regionExists(ctx, q.Region, q.Accounts)
	}
	names, err := l.names(ctx)
	if err != nil {
		return schemas.ResourcePage{}, err
	}
	for i, r := range page.Resources {
		if name := names[r.AccountID]; name != "" {
			page.Resources[i].Account, page.Resources[i].URN = name, r.Key.URN(name)
		}
	}
	return page, nil
}

// Events implements Service.
func (l *Local) Events(ctx context.Context, q schemas.EventQuery) (schemas.EventPage, error) {
	id := schemas.AccountID(q.Account)
	switch {
	case q.Account == "" && q.Scan == "":
		return schemas.EventPage{}, schemas.Errorf(schemas.CodeInvalid, "name an account or a scan")
	case q.Account == "":
		s, err := l.p.GetScan(ctx, q.Scan)
		if err != nil {
			return schemas.EventPage{}, err
		}
		id = s.AccountID
	case !id.Valid():
		a, err := l.p.Accounts.Get(ctx, q.Account)
		if err != nil {
			return schemas.EventPage{}, err
		}
		id = a.ID
	}
	return l.p.Store.EventPage(ctx, id, q)
}

// checkFilters refuses values that nothing has.
func checkFilters(severities []schemas.Severity, states []schemas.ViolationState, causes []schemas.FixCause) error {
	var p schemas.Problems
	for _, s := range severities {
		p.Check(s == schemas.SeverityUnspecified || s.Rank() > 0, "severity", "%q must be critical, high, medium, low or unspecified", s)
	}
	for _, s := range states {
		p.Check(s == schemas.ViolationOpen || s == schemas.ViolationFixed, "state", "%q must be open or fixed", s)
	}
	for _, c := range causes {
		p.Check(slices.Contains(schemas.FixCauses, c), "cause", "%q must be %s", c, schemas.OneOf(schemas.FixCauses))
	}
	return p.Err()
}

// noAccount is what no account can be named.
const noAccount = "-"

// accountIDs are the accounts that a question is about: the named ones, or all
// that are registered. The store must not be asked by name: it knows the name an
// account had when it was scanned last. A name that is not registered is refused:
// a misspelt one must not look like an account without violations. An account that
// was removed is not looked at any more: what was found in it is neither open nor
// fixed today. Whoever gives its id is told what was kept.
func (l *Local) accountIDs(ctx context.Context, named []string) ([]string, error) {
	if len(named) == 0 {
		return l.registeredIDs(ctx)
	}
	var ids []string
	for _, name := range named {
		id := name
		if !schemas.AccountID(name).Valid() {
			a, err := l.p.Accounts.Get(ctx, name)
			if err != nil {
				return nil, err
			}
			id = string(a.ID)
		}
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

func (l *Local) registeredIDs(ctx context.Context) ([]string, error) {
	accounts, err := l.p.Accounts.List(ctx)
	if len(accounts) == 0 {
		return []string{noAccount}, err // an empty list would mean all that are stored
	}
	ids := make([]string, len(accounts))
	for i, a := range accounts {
		ids[i] = string(a.ID)
	}
	return ids, err
}

// names are the names that the registered accounts have now, by id.
func (l *Local) names(ctx context.Context) (map[schemas.AccountID]string, error) {
	accounts, err := l.p.Accounts.List(ctx)
	return namesOf(accounts), err
}

func namesOf(accounts []schemas.Account) map[schemas.AccountID]string {
	names := make(map[schemas.AccountID]string, len(accounts))
	for _, a := range accounts {
		names[a.ID] = a.Name
	}
	return names
}

func checkTriageFilters(q schemas.ViolationQuery) error {
	var p schemas.Problems
	p.Check(q.Waived == "" || q.Waived == schemas.WaivedOnly || q.Waived == schemas.WaivedNone, "waived", "%q must be only or none", q.Waived)
	for _, s := range q.Status {
		p.Check(slices.Contains(schemas.TriageStatuses, s), "status", "%q must be %s", s, schemas.OneOf(schemas.TriageStatuses))
	}
	for _, v := range q.Priority {
		p.Check(slices.Contains(schemas.Priorities, v), "priority", "%q must be %s", v, schemas.OneOf(schemas.Priorities))
	}
	p.Check(q.AsOf.IsZero() || len(q.State) == 0 && len(q.Cause) == 0, "asOf", "lists what was open then; leave out state and cause")
	return p.Err()
}
