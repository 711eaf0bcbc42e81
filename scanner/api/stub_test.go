package api_test

import (
	"context"
	"reflect"
	"sync"
	"time"

	"github.com/insights-scanner/insights-scanner/scanner/api"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// call is one call of a Service method, with who made it.
type call struct {
	method string
	args   []any
	actor  string
}

// stub is a Service that notes its calls and answers as it is told: by do, else
// with err, else with what out holds for a type.
type stub struct {
	mu    sync.Mutex
	calls []call
	do    func(ctx context.Context, method string) error
	err   error
	out   map[reflect.Type]any
}

var _ api.Service = (*stub)(nil)

func (s *stub) note(ctx context.Context, method string, args []any) error {
	s.mu.Lock()
	s.calls = append(s.calls, call{method, args, api.Actor(ctx)})
	do, err := s.do, s.err
	s.mu.Unlock()
	if do != nil {
		return do(ctx, method)
	}
	return err
}

// methods are the methods that were called.
func (s *stub) methods() (names []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.calls {
		names = append(names, c.method)
	}
	return names
}

// last is the last call; it panics without one.
func (s *stub) last() call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[len(s.calls)-1]
}

func (s *stub) set(change func(*stub)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s)
}

func reply[T any](ctx context.Context, s *stub, method string, args ...any) (out T, err error) {
	if err := s.note(ctx, method, args); err != nil {
		return out, err
	}
	return output[T](s), nil
}

func output[T any](s *stub) T {
	s.mu.Lock()
	defer s.mu.Unlock()
	out, _ := s.out[reflect.TypeFor[T]()].(T)
	return out
}

type (
	accounts = []schemas.Account
	scans    = []schemas.Scan
	packs    = []schemas.PackManifest
	groups   = []schemas.Group
	letters  = []schemas.DeadLetter
)

func (s *stub) AddAccount(ctx context.Context, a schemas.Account) (schemas.Account, error) {
	return reply[schemas.Account](ctx, s, "AddAccount", a)
}

func (s *stub) ListAccounts(ctx context.Context) ([]schemas.Account, error) {
	return reply[accounts](ctx, s, "ListAccounts")
}

func (s *stub) GetAccount(ctx context.Context, account string) (schemas.Account, error) {
	return reply[schemas.Account](ctx, s, "GetAccount", account)
}

func (s *stub) UpdateAccount(ctx context.Context, account string, a schemas.Account) (schemas.Account, error) {
	return reply[schemas.Account](ctx, s, "UpdateAccount", account, a)
}

func (s *stub) RemoveAccount(ctx context.Context, account string) error {
	return s.note(ctx, "RemoveAccount", []any{account})
}

func (s *stub) SyncOrganization(ctx context.Context, account string) (schemas.OrganizationChanges, error) {
	return reply[schemas.OrganizationChanges](ctx, s, "SyncOrganization", account)
}

func (s *stub) CheckAccount(ctx context.Context, account string, regions []string) ([]schemas.Permission, error) {
	return reply[[]schemas.Permission](ctx, s, "CheckAccount", account, regions)
}

func (s *stub) EffectivePacks(ctx context.Context, account string) (schemas.Effective, error) {
	return reply[schemas.Effective](ctx, s, "EffectivePacks", account)
}

func (s *stub) ExplainPacks(ctx context.Context, account string) (schemas.Explanation, error) {
	return reply[schemas.Explanation](ctx, s, "ExplainPacks", account)
}

func (s *stub) AccountGroups(ctx context.Context, account string) ([]schemas.Membership, error) {
	return reply[[]schemas.Membership](ctx, s, "AccountGroups", account)
}

func (s *stub) StartScan(ctx context.Context, account string, limit schemas.ScanLimit) (schemas.Scan, error) {
	return reply[schemas.Scan](ctx, s, "StartScan", account, limit)
}

func (s *stub) CancelScan(ctx context.Context, scan string) (schemas.Scan, error) {
	return reply[schemas.Scan](ctx, s, "CancelScan", scan)
}

func (s *stub) GetScan(ctx context.Context, scan string) (schemas.Scan, error) {
	return reply[schemas.Scan](ctx, s, "GetScan", scan)
}

func (s *stub) ListScans(ctx context.Context, account string, limit int) ([]schemas.Scan, error) {
	return reply[scans](ctx, s, "ListScans", account, limit)
}

func (s *stub) PublishPack(ctx context.Context, archive []byte) (schemas.PackManifest, error) {
	return reply[schemas.PackManifest](ctx, s, "PublishPack", archive)
}

func (s *stub) ListPacks(ctx context.Context) ([]schemas.PackManifest, error) {
	return reply[packs](ctx, s, "ListPacks")
}

func (s *stub) PackVersions(ctx context.Context, name string) ([]schemas.PackManifest, error) {
	return reply[packs](ctx, s, "PackVersions", name)
}

func (s *stub) PullPack(ctx context.Context, name, version string) ([]byte, error) {
	return reply[[]byte](ctx, s, "PullPack", name, version)
}

func (s *stub) RemovePack(ctx context.Context, name, version string) error {
	return s.note(ctx, "RemovePack", []any{name, version})
}

func (s *stub) ValidateConfig(ctx context.Context, name, version string, config map[string]map[string]any) (map[string]schemas.PolicyConfig, error) {
	return reply[map[string]schemas.PolicyConfig](ctx, s, "ValidateConfig", name, version, config)
}

func (s *stub) PreviewPack(ctx context.Context, q schemas.PreviewRequest) (schemas.Preview, error) {
	return reply[schemas.Preview](ctx, s, "PreviewPack", q)
}

func (s *stub) GetPack(ctx context.Context, name, version string) (schemas.PackManifest, error) {
	return reply[schemas.PackManifest](ctx, s, "GetPack", name, version)
}

func (s *stub) CreateGroup(ctx context.Context, name string) (schemas.Group, error) {
	return reply[schemas.Group](ctx, s, "CreateGroup", name)
}

func (s *stub) DeleteGroup(ctx context.Context, name string) error {
	return s.note(ctx, "DeleteGroup", []any{name})
}

func (s *stub) ListGroups(ctx context.Context) ([]schemas.Group, error) {
	return reply[groups](ctx, s, "ListGroups")
}

func (s *stub) GetGroup(ctx context.Context, name string) (schemas.Group, error) {
	return reply[schemas.Group](ctx, s, "GetGroup", name)
}

func (s *stub) AddGroupAccount(ctx context.Context, group, account string) (schemas.Group, error) {
	return reply[schemas.Group](ctx, s, "AddGroupAccount", group, account)
}

func (s *stub) RemoveGroupAccount(ctx context.Context, group, account string) (schemas.Group, error) {
	return reply[schemas.Group](ctx, s, "RemoveGroupAccount", group, account)
}

func (s *stub) SelectGroupAccounts(ctx context.Context, group, selector string) (schemas.Group, error) {
	return reply[schemas.Group](ctx, s, "SelectGroupAccounts", group, selector)
}

func (s *stub) EnrolPack(ctx context.Context, group string, e schemas.Enrolment) (schemas.Group, error) {
	return reply[schemas.Group](ctx, s, "EnrolPack", group, e)
}

func (s *stub) WithdrawPack(ctx context.Context, group, pack string) (schemas.Group, error) {
	return reply[schemas.Group](ctx, s, "WithdrawPack", group, pack)
}

func (s *stub) CreateToken(ctx context.Context, name string, scope api.TokenScope, ttl time.Duration) (string, api.Token, error) {
	t, err := reply[api.Token](ctx, s, "CreateToken", name, scope, ttl)
	if err != nil {
		return "", t, err
	}
	return output[string](s), t, nil
}

func (s *stub) ListTokens(ctx context.Context) ([]api.Token, error) {
	return reply[[]api.Token](ctx, s, "ListTokens")
}

func (s *stub) RevokeToken(ctx context.Context, name string) error {
	return s.note(ctx, "RevokeToken", []any{name})
}

func (s *stub) Report(ctx context.Context, q schemas.ReportQuery) (schemas.Report, error) {
	return reply[schemas.Report](ctx, s, "Report", q)
}

func (s *stub) Violations(ctx context.Context, q schemas.ViolationQuery) (schemas.ViolationPage, error) {
	return reply[schemas.ViolationPage](ctx, s, "Violations", q)
}

func (s *stub) Resources(ctx context.Context, q schemas.ResourceQuery) (schemas.ResourcePage, error) {
	return reply[schemas.ResourcePage](ctx, s, "Resources", q)
}

func (s *stub) Events(ctx context.Context, q schemas.EventQuery) (schemas.EventPage, error) {
	return reply[schemas.EventPage](ctx, s, "Events", q)
}

func (s *stub) ListDeadLetters(ctx context.Context, limit int) ([]schemas.DeadLetter, error) {
	return reply[letters](ctx, s, "ListDeadLetters", limit)
}

func (s *stub) GetDeadLetter(ctx context.Context, id uint64) (schemas.DeadMessage, error) {
	return reply[schemas.DeadMessage](ctx, s, "GetDeadLetter", id)
}

func (s *stub) ReplayDeadLetter(ctx context.Context, id uint64) (schemas.Replay, error) {
	return reply[schemas.Replay](ctx, s, "ReplayDeadLetter", id)
}

func (s *stub) RemoveDeadLetter(ctx context.Context, id uint64) error {
	return s.note(ctx, "RemoveDeadLetter", []any{id})
}

func (s *stub) PurgeAccount(ctx context.Context, account schemas.AccountID) error {
	return s.note(ctx, "PurgeAccount", []any{account})
}

func (s *stub) Retention(ctx context.Context) (schemas.Retention, error) {
	return reply[schemas.Retention](ctx, s, "Retention")
}

func (s *stub) GetViolation(ctx context.Context, finding string) (schemas.ViolationDetail, error) {
	return reply[schemas.ViolationDetail](ctx, s, "GetViolation", finding)
}

func (s *stub) UpdateViolation(ctx context.Context, finding string, c schemas.TriageChange) (schemas.ViolationDetail, error) {
	return reply[schemas.ViolationDetail](ctx, s, "UpdateViolation", finding, c)
}

func (s *stub) AddWaiver(ctx context.Context, name string, t schemas.WaiverTerms) (schemas.Waiver, error) {
	return reply[schemas.Waiver](ctx, s, "AddWaiver", name, t)
}

func (s *stub) ListWaivers(ctx context.Context, all bool) ([]schemas.Waiver, error) {
	return reply[[]schemas.Waiver](ctx, s, "ListWaivers", all)
}

func (s *stub) GetWaiver(ctx context.Context, name string) (schemas.Waiver, error) {
	return reply[schemas.Waiver](ctx, s, "GetWaiver", name)
}

func (s *stub) UpdateWaiver(ctx context.Context, name string, t schemas.WaiverTerms) (schemas.Waiver, error) {
	return reply[schemas.Waiver](ctx, s, "UpdateWaiver", name, t)
}

func (s *stub) RemoveWaiver(ctx context.Context, name string) error {
	return s.note(ctx, "RemoveWaiver", []any{name})
}

func (s *stub) PutFramework(ctx context.Context, f schemas.Framework) (schemas.Framework, error) {
	return reply[schemas.Framework](ctx, s, "PutFramework", f)
}

func (s *stub) ListFrameworks(ctx context.Context) ([]schemas.Framework, error) {
	return reply[[]schemas.Framework](ctx, s, "ListFrameworks")
}

func (s *stub) FrameworkFiles(ctx context.Context) ([]schemas.Framework, error) {
	return reply[[]schemas.Framework](ctx, s, "FrameworkFiles")
}

func (s *stub) GetFramework(ctx context.Context, name string) (schemas.Framework, error) {
	return reply[schemas.Framework](ctx, s, "GetFramework", name)
}

func (s *stub) RemoveFramework(ctx context.Context, name string) error {
	return s.note(ctx, "RemoveFramework", []any{name})
}

func (s *stub) FrameworkReport(ctx context.Context, q schemas.FrameworkQuery) (schemas.FrameworkReport, error) {
	return reply[schemas.FrameworkReport](ctx, s, "FrameworkReport", q)
}

func (s *stub) Trend(ctx context.Context, q schemas.TrendQuery) (schemas.Trend, error) {
	return reply[schemas.Trend](ctx, s, "Trend", q)
}

func (s *stub) Diff(ctx context.Context, from, to string, q schemas.DiffQuery) (schemas.Diff, error) {
	return reply[schemas.Diff](ctx, s, "Diff", from, to, q)
}

func (s *stub) AddWebhook(ctx context.Context, w schemas.Webhook) (schemas.Webhook, error) {
	return reply[schemas.Webhook](ctx, s, "AddWebhook", w)
}

func (s *stub) ListWebhooks(ctx context.Context) ([]schemas.WebhookStatus, error) {
	return reply[[]schemas.WebhookStatus](ctx, s, "ListWebhooks")
}

func (s *stub) TestWebhook(ctx context.Context, name string) (schemas.WebhookTest, error) {
	return reply[schemas.WebhookTest](ctx, s, "TestWebhook", name)
}

func (s *stub) RemoveWebhook(ctx context.Context, name string) error {
	return s.note(ctx, "RemoveWebhook", []any{name})
}
