package api

import (
	"context"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// CreateGroup implements Service.
func (l *Local) CreateGroup(ctx context.Context, name string) (schemas.Group, error) {
	g, err := l.p.Groups.Create(ctx, name)
	if err == nil {
		l.record(ctx, "group", name, g)
	}
	return g, err
}

// DeleteGroup implements Service.
func (l *Local) DeleteGroup(ctx context.Context, name string) error {
	if _, err := l.p.Groups.Delete(ctx, name); err != nil {
		return err
	}
	l.record(ctx, "group", name, nil)
	return l.resolve(ctx)
}

// ListGroups implements Service.
func (l *Local) ListGroups(ctx context.Context) ([]schemas.Group, error) {
	return l.p.Groups.List(ctx)
}

// GetGroup implements Service.
func (l *Local) GetGroup(ctx context.Context, name string) (schemas.Group, error) {
	return l.p.Groups.Get(ctx, name)
}

// AddGroupAccount implements Service.
func (l *Local) AddGroupAccount(ctx context.Context, group, account string) (schemas.Group, error) {
	g, err := l.p.Groups.AddAccount(ctx, group, account)
	return l.changed(ctx, g, err)
}

// RemoveGroupAccount implements Service.
func (l *Local) RemoveGroupAccount(ctx context.Context, group, account string) (schemas.Group, error) {
	g, err := l.p.Groups.RemoveAccount(ctx, group, account)
	return l.changed(ctx, g, err)
}

// SelectGroupAccounts implements Service.
func (l *Local) SelectGroupAccounts(ctx context.Context, group, selector string) (schemas.Group, error) {
	g, err := l.p.Groups.Select(ctx, group, selector)
	return l.changed(ctx, g, err)
}

// EnrolPack implements Service.
func (l *Local) EnrolPack(ctx context.Context, group string, e schemas.Enrolment) (schemas.Group, error) {
	g, err := l.p.Groups.Enrol(ctx, group, e)
	return l.changed(ctx, g, err)
}

// WithdrawPack implements Service.
func (l *Local) WithdrawPack(ctx context.Context, group, pack string) (schemas.Group, error) {
	g, err := l.p.Groups.Withdraw(ctx, group, pack)
	return l.changed(ctx, g, err)
}

// ExplainPacks implements Service.
func (l *Local) ExplainPacks(ctx context.Context, account string) (schemas.Explanation, error) {
	a, err := l.p.Accounts.Get(ctx, account)
	if err != nil {
		return schemas.Explanation{}, err
	}
	return l.p.Resolver.Explain(ctx, a)
}

// AccountGroups implements Service.
func (l *Local) AccountGroups(ctx context.Context, account string) ([]schemas.Membership, error) {
	a, err := l.p.Accounts.Get(ctx, account)
	if err != nil {
		return nil, err
	}
	return l.p.Resolver.Memberships(ctx, a)
}

// changed follows up the change of a group and answers with the group as it is
// then, problems of its enrolments included.
func (l *Local) changed(ctx context.Context, g schemas.Group, err error) (schemas.Group, error) {
	if err != nil {
		return g, err
	}
	l.record(ctx, "group", g.Name, g)
	if err := l.resolve(ctx); err != nil {
		return g, err
	}
	return l.p.Groups.Get(ctx, g.Name)
}
