package api

import (
	"context"
	"net/http"
	"time"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// AddAccount implements Service.
func (c *Client) AddAccount(ctx context.Context, a schemas.Account) (schemas.Account, error) {
	return send[schemas.Account](ctx, c, http.MethodPost, a, "accounts")
}

// ListAccounts implements Service.
func (c *Client) ListAccounts(ctx context.Context) ([]schemas.Account, error) {
	return list[schemas.Account](ctx, c, nil, "accounts")
}

// GetAccount implements Service.
func (c *Client) GetAccount(ctx context.Context, account string) (schemas.Account, error) {
	return get[schemas.Account](ctx, c, nil, "accounts", account)
}

// UpdateAccount implements Service.
func (c *Client) UpdateAccount(ctx context.Context, account string, a schemas.Account) (schemas.Account, error) {
	return send[schemas.Account](ctx, c, http.MethodPut, a, "accounts", account)
}

// SyncOrganization implements Service.
func (c *Client) SyncOrganization(ctx context.Context, account string) (schemas.OrganizationChanges, error) {
	return send[schemas.OrganizationChanges](ctx, c, http.MethodPost, struct{}{}, "accounts", account, "organization", "sync")
}

// RemoveAccount implements Service.
func (c *Client) RemoveAccount(ctx context.Context, account string) error {
	return c.remove(ctx, "accounts", account)
}

// CheckAccount implements Service.
func (c *Client) CheckAccount(ctx context.Context, account string, regions []string) ([]schemas.Permission, error) {
	out, err := send[items[schemas.Permission]](ctx, c, http.MethodPost, checkRequest{regions}, "accounts", account, "check")
	return out.Items, err
}

// PurgeAccount implements Service.
func (c *Client) PurgeAccount(ctx context.Context, account schemas.AccountID) error {
	return c.remove(ctx, "accounts", string(account), "results")
}

// Retention implements Service.
func (c *Client) Retention(ctx context.Context) (schemas.Retention, error) {
	return get[schemas.Retention](ctx, c, nil, "retention")
}

// EffectivePacks implements Service.
func (c *Client) EffectivePacks(ctx context.Context, account string) (schemas.Effective, error) {
	out, err := get[effectiveReply](ctx, c, nil, "accounts", account, "packs")
	out.Effective.Revision = out.Revision
	return out.Effective, err
}

// ExplainPacks implements Service.
func (c *Client) ExplainPacks(ctx context.Context, account string) (schemas.Explanation, error) {
	return get[schemas.Explanation](ctx, c, nil, "accounts", account, "packs", "explained")
}

// AccountGroups implements Service.
func (c *Client) AccountGroups(ctx context.Context, account string) ([]schemas.Membership, error) {
	return list[schemas.Membership](ctx, c, nil, "accounts", account, "groups")
}

// StartScan implements Service.
func (c *Client) StartScan(ctx context.Context, account string, limit schemas.ScanLimit) (schemas.Scan, error) {
	return send[schemas.Scan](ctx, c, http.MethodPost, startRequest{account, limit}, "scans")
}

// CancelScan implements Service.
func (c *Client) CancelScan(ctx context.Context, scan string) (schemas.Scan, error) {
	return send[schemas.Scan](ctx, c, http.MethodPost, nil, "scans", scan, "cancel")
}

// GetScan implements Service.
func (c *Client) GetScan(ctx context.Context, scan string) (schemas.Scan, error) {
	return get[schemas.Scan](ctx, c, nil, "scans", scan)
}

// ListScans implements Service.
func (c *Client) ListScans(ctx context.Context, account string, limit int) ([]schemas.Scan, error) {
	return list[schemas.Scan](ctx, c, values(scansQuery{account, limit}), "scans")
}

// CreateGroup implements Service.
func (c *Client) CreateGroup(ctx context.Context, name string) (schemas.Group, error) {
	return send[schemas.Group](ctx, c, http.MethodPost, groupRequest{name}, "groups")
}

// DeleteGroup implements Service.
func (c *Client) DeleteGroup(ctx context.Context, name string) error {
	return c.remove(ctx, "groups", name)
}

// ListGroups implements Service.
func (c *Client) ListGroups(ctx context.Context) ([]schemas.Group, error) {
	return list[schemas.Group](ctx, c, nil, "groups")
}

// GetGroup implements Service.
func (c *Client) GetGroup(ctx context.Context, name string) (schemas.Group, error) {
	return get[schemas.Group](ctx, c, nil, "groups", name)
}

// AddGroupAccount implements Service.
func (c *Client) AddGroupAccount(ctx context.Context, group, account string) (schemas.Group, error) {
	return send[schemas.Group](ctx, c, http.MethodPut, nil, "groups", group, "accounts", account)
}

// RemoveGroupAccount implements Service.
func (c *Client) RemoveGroupAccount(ctx context.Context, group, account string) (schemas.Group, error) {
	return send[schemas.Group](ctx, c, http.MethodDelete, nil, "groups", group, "accounts", account)
}

// SelectGroupAccounts implements Service.
func (c *Client) SelectGroupAccounts(ctx context.Context, group, selector string) (schemas.Group, error) {
	return send[schemas.Group](ctx, c, http.MethodPut, selectRequest{&selector}, "groups", group, "selector")
}

// EnrolPack implements Service.
func (c *Client) EnrolPack(ctx context.Context, group string, e schemas.Enrolment) (schemas.Group, error) {
	return send[schemas.Group](ctx, c, http.MethodPut, enrolRequest{e.Version, e.Config}, "groups", group, "packs", e.Pack)
}

// WithdrawPack implements Service.
func (c *Client) WithdrawPack(ctx context.Context, group, pack string) (schemas.Group, error) {
	return send[schemas.Group](ctx, c, http.MethodDelete, nil, "groups", group, "packs", pack)
}

// CreateToken implements Service. ttl counts in whole seconds, rounded up.
func (c *Client) CreateToken(ctx context.Context, name string, scope TokenScope, ttl time.Duration) (string, Token, error) {
	seconds := int64(ttl / time.Second)
	switch part := ttl % time.Second; {
	case part > 0:
		seconds++
	case part < 0:
		seconds-- // never to 0, which is for ever
	}
	in := tokenRequest{Name: name, Scope: scope, TTLSeconds: seconds}
	out, err := send[tokenReply](ctx, c, http.MethodPost, in, "tokens")
	return out.Secret, out.Token, err
}

// ListTokens implements Service.
func (c *Client) ListTokens(ctx context.Context) ([]Token, error) {
	return list[Token](ctx, c, nil, "tokens")
}

// RevokeToken implements Service.
func (c *Client) RevokeToken(ctx context.Context, name string) error {
	return c.remove(ctx, "tokens", name)
}

// Report implements Service.
func (c *Client) Report(ctx context.Context, q schemas.ReportQuery) (schemas.Report, error) {
	return get[schemas.Report](ctx, c, values(q), "report")
}

// Violations implements Service.
func (c *Client) Violations(ctx context.Context, q schemas.ViolationQuery) (schemas.ViolationPage, error) {
	return get[schemas.ViolationPage](ctx, c, values(q), "violations")
}

// Resources implements Service.
func (c *Client) Resources(ctx context.Context, q schemas.ResourceQuery) (schemas.ResourcePage, error) {
	return get[schemas.ResourcePage](ctx, c, values(q), "resources")
}

// Events implements Service.
func (c *Client) Events(ctx context.Context, q schemas.EventQuery) (schemas.EventPage, error) {
	return get[schemas.EventPage](ctx, c, values(q), "events")
}

// AllEvents calls fn for every transition that a scan, or with an empty scan any of
// an account, made, oldest first; a page is held in memory at a time.
func AllEvents(ctx context.Context, s Service, account, scan string, fn func(schemas.ViolationEvent)) error {
	q := schemas.EventQuery{Account: account, Scan: scan, Limit: exportPage}
	for {
		page, err := s.Events(ctx, q)
		if err != nil {
			return err
		}
		for _, e := range page.Events {
			fn(e)
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			return nil
		}
	}
}
