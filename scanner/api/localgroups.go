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

func (l *Local) changed(ctx context.Context, g schemas.Group, err error) (schemas.Group, error) {
	if err != nil {
		return g, err
	}
	l.record(ctx, "group", g.Name, g)
	return g, l.resolve(ctx)
}
