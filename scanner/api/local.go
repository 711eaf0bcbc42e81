package api

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// Accounts is what Local needs of policy.Accounts.
type Accounts interface {
	Add(ctx context.Context, a schemas.Account) (schemas.Account, error)
	List(ctx context.Context) ([]schemas.Account, error)
	Get(ctx context.Context, nameOrID string) (schemas.Account, error)
	Update(ctx context.Context, nameOrID string, a schemas.Account) (schemas.Account, error)
	Remove(ctx context.Context, nameOrID string) error
	Sync(ctx context.Context, nameOrID string) (schemas.OrganizationChanges, error)
}

// Packs is what Local needs of policy.Registry.
type Packs interface {
	Publish(ctx context.Context, archive []byte, by string) (schemas.PackManifest, error)
	List(ctx context.Context) ([]schemas.PackManifest, error)
	Show(ctx context.Context, name, version string) (schemas.PackManifest, error)
	Versions(ctx context.Context, name string) ([]schemas.PackManifest, error)
	Pull(ctx context.Context, name, version string) (schemas.PackManifest, []byte, error)
	Remove(ctx context.Context, name, version string) error
	ValidateConfig(ctx context.Context, name, version string, given map[string]map[string]any) (map[string]schemas.PolicyConfig, error)
}

// Groups is what Local needs of policy.Groups.
type Groups interface {
	Create(ctx context.Context, name string) (schemas.Group, error)
	Delete(ctx context.Context, name string) (schemas.Group, error)
	List(ctx context.Context) ([]schemas.Group, error)
	Get(ctx context.Context, name string) (schemas.Group, error)
	AddAccount(ctx context.Context, group, account string) (schemas.Group, error)
	RemoveAccount(ctx context.Context, group, account string) (schemas.Group, error)
	Select(ctx context.Context, group, selector string) (schemas.Group, error)
	Enrol(ctx context.Context, group string, e schemas.Enrolment) (schemas.Group, error)
	Withdraw(ctx context.Context, group, pack string) (schemas.Group, error)
}

// Resolver is what Local needs of policy.Resolver.
type Resolver interface {
	// All brings the effective packs of every account up to date.
	All(ctx context.Context) error
	Explain(ctx context.Context, a schemas.Account) (schemas.Explanation, error)
	Memberships(ctx context.Context, a schemas.Account) ([]schemas.Membership, error)
	// Enforced is how many groups enforce each pack on each account.
	Enforced(ctx context.Context, accounts []schemas.Account) (map[schemas.AccountID]map[string]int, error)
}

// Store answers reports; see sink.Store.
type Store interface {
	Report(ctx context.Context, q schemas.ReportQuery, rec schemas.Record) (schemas.Report, error)
	Violations(ctx context.Context, q schemas.ViolationQuery, rec schemas.Record) (schemas.ViolationPage, error)
	Resources(ctx context.Context, q schemas.ResourceQuery) (schemas.ResourcePage, error)
	// Regions are those that scans of accounts have looked at or found something in.
	Regions(ctx context.Context, accounts []string) ([]string, error)
	Kept(ctx context.Context) (schemas.Kept, error)
	EventPage(ctx context.Context, a schemas.AccountID, q schemas.EventQuery) (schemas.EventPage, error)
	PurgeAccount(ctx context.Context, a schemas.AccountID) error
	Violation(ctx context.Context, finding string, rec schemas.Record) (schemas.ViolationDetail, error)
	Trend(ctx context.Context, q schemas.TrendQuery, policies []string, now time.Time) (schemas.Trend, error)
	Diff(ctx context.Context, from, to schemas.Scan, q schemas.DiffQuery) (schemas.Diff, error)
}

// Recorder keeps the log of configuration changes; see sink.Store. rev grows
// with every change that one process records.
type Recorder interface {
	LogConfig(ctx context.Context, kind, key string, rev uint64, by string, at time.Time, doc []byte) error
}

// Parts are what Local is made of. Recorder may be nil.
type Parts struct {
	Accounts  Accounts
	Packs     Packs
	Groups    Groups
	Resolver  Resolver
	Waivers   Waivers
	Triage    Triage
	Mappings  Mappings
	Tokens    *Tokens
	Store     Store
	Recorder  Recorder
	Dead      DeadLetters
	Webhooks  Webhooks
	Replayed  func(a schemas.AccountID) // is told of replayed dead letters; see scanner.Control
	Effective func(ctx context.Context, a schemas.AccountID) (schemas.Effective, error)

	// Probe tries what an account's credentials may do; see aws.Provider.
	Probe func(ctx context.Context, a schemas.Account, regions []string) ([]schemas.Permission, error)

	// Preview judges what is held as if a group enforced a pack otherwise.
	Preview func(ctx context.Context, q schemas.PreviewRequest) (schemas.Preview, error)

	StartScan  func(ctx context.Context, account, by string, limit schemas.ScanLimit) (schemas.Scan, error)
	CancelScan func(ctx context.Context, scan string) error
	GetScan    func(ctx context.Context, scan string) (schemas.Scan, error)
	ListScans  func(ctx context.Context, account string, limit int) ([]schemas.Scan, error)

	Retention schemas.Retention

	Log zerolog.Logger
	Now func() time.Time
}

// Local is the Service of this process. Who acts is taken from the context; see
// WithActor.
type Local struct {
	p Parts

	mu  sync.Mutex
	rev uint64 // last given to the recorder
}

var _ Service = (*Local)(nil)

// NewLocal puts a service together.
func NewLocal(p Parts) *Local { return &Local{p: p} }

// followUp bounds what has to be done after a change.
const followUp = 30 * time.Second

// afterChange is the context for what follows a change that has happened: whoever
// made it may be gone, and must not get away without a record.
func afterChange(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), followUp)
}

// record writes a change that has happened into the log. The change stands when
// the log cannot be written; the program's own log then is the record.
func (l *Local) record(ctx context.Context, kind, key string, doc any) {
	l.recordAt(ctx, kind, key, l.p.Now().UTC(), doc)
}

func (l *Local) recordAt(ctx context.Context, kind, key string, at time.Time, doc any) {
	ctx, cancel := afterChange(ctx)
	defer cancel()
	by := Actor(ctx)
	l.p.Log.Info().Str("by", by).Str("kind", kind).Str("key", key).Msg("configuration changed")
	if l.p.Recorder == nil {
		return
	}
	raw, err := json.Marshal(doc)
	if err == nil {
		err = l.p.Recorder.LogConfig(ctx, kind, key, l.nextRev(at), by, at, raw)
	}
	if err != nil {
		l.p.Log.Error().Err(err).Str("by", by).Str("kind", kind).Str("key", key).Msg("record a change of configuration")
	}
}

// nextRev grows with every change, also across restarts.
func (l *Local) nextRev(at time.Time) uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rev = max(l.rev+1, uint64(max(at.UnixNano(), 0)))
	return l.rev
}

// resolve follows up a change that has been stored. Repeating the change is
// harmless and resolves again.
func (l *Local) resolve(ctx context.Context) error {
	ctx, cancel := afterChange(ctx)
	defer cancel()
	if err := l.p.Resolver.All(ctx); err != nil {
		return schemas.Errorf(schemas.CodeOf(err), "the change is stored, but not in effect yet: %w", err)
	}
	return nil
}

// AddAccount implements Service.
func (l *Local) AddAccount(ctx context.Context, a schemas.Account) (schemas.Account, error) {
	a, err := l.p.Accounts.Add(ctx, a)
	if err == nil {
		l.record(ctx, "account", string(a.ID), a)
	}
	return a, err
}

// ListAccounts implements Service.
func (l *Local) ListAccounts(ctx context.Context) ([]schemas.Account, error) {
	return l.p.Accounts.List(ctx)
}

// GetAccount implements Service.
func (l *Local) GetAccount(ctx context.Context, account string) (schemas.Account, error) {
	return l.p.Accounts.Get(ctx, account)
}

// UpdateAccount implements Service.
func (l *Local) UpdateAccount(ctx context.Context, account string, a schemas.Account) (schemas.Account, error) {
	a, err := l.p.Accounts.Update(ctx, account, a)
	if err == nil {
		l.record(ctx, "account", string(a.ID), a)
	}
	return a, err
}

// RemoveAccount implements Service.
func (l *Local) RemoveAccount(ctx context.Context, account string) error {
	a, err := l.p.Accounts.Get(ctx, account)
	if err != nil {
		return err
	}
	if err := l.p.Accounts.Remove(ctx, account); err != nil {
		return err
	}
	l.record(ctx, "account", string(a.ID), nil)
	return nil
}

// SyncOrganization implements Service.
func (l *Local) SyncOrganization(ctx context.Context, account string) (schemas.OrganizationChanges, error) {
	c, err := l.p.Accounts.Sync(ctx, account)
	if err == nil && len(c.Joined)+len(c.Changed)+len(c.Left) > 0 {
		l.record(ctx, "organization", c.Account, c)
	}
	return c, err
}

// RecordAccount writes into the log that an account was registered or changed by a
// look at its organization.
func (l *Local) RecordAccount(ctx context.Context, a schemas.Account) {
	l.record(ctx, "account", string(a.ID), a)
}

// CheckAccount implements Service.
func (l *Local) CheckAccount(ctx context.Context, account string, regions []string) ([]schemas.Permission, error) {
	a, err := l.p.Accounts.Get(ctx, account)
	if err != nil {
		return nil, err
	}
	asked := a
	asked.Regions = regions
	if err := asked.Validate(); err != nil {
		return nil, err
	}
	return l.p.Probe(ctx, a, regions)
}

// PurgeAccount implements Service.
func (l *Local) PurgeAccount(ctx context.Context, account schemas.AccountID) error {
	if !account.Valid() {
		return schemas.Errorf(schemas.CodeInvalid, "%q is no account id such as aws-123456789012", account)
	}
	registered, err := l.p.Accounts.List(ctx)
	if err != nil {
		return err
	}
	for _, a := range registered {
		if a.ID == account {
			return schemas.Errorf(schemas.CodeConflict, "account %s is registered, as %q", account, a.Name).
				WithHint("remove it first: insights account remove %s --purge", a.Name)
		}
	}
	if err := l.p.Triage.Forget(ctx, account); err != nil {
		return err
	}
	if err := l.p.Store.PurgeAccount(ctx, account); err != nil {
		return err
	}
	l.record(ctx, "account", string(account), map[string]string{"change": "purged"})
	return nil
}

// Retention implements Service.
func (l *Local) Retention(context.Context) (schemas.Retention, error) { return l.p.Retention, nil }

// EffectivePacks implements Service.
func (l *Local) EffectivePacks(ctx context.Context, account string) (schemas.Effective, error) {
	a, err := l.p.Accounts.Get(ctx, account)
	if err != nil {
		return schemas.Effective{}, err
	}
	return l.p.Effective(ctx, a.ID)
}

// StartScan implements Service.
func (l *Local) StartScan(ctx context.Context, account string, limit schemas.ScanLimit) (schemas.Scan, error) {
	s, err := l.p.StartScan(ctx, account, Actor(ctx), limit)
	if err == nil {
		change := map[string]string{"change": "started", "account": string(s.AccountID)}
		if !s.Limit.Whole() {
			change["limit"] = s.Limit.String()
		}
		l.record(ctx, "scan", s.ID, change)
	}
	return s, err
}

// CancelScan implements Service.
func (l *Local) CancelScan(ctx context.Context, scan string) (schemas.Scan, error) {
	if err := l.p.CancelScan(ctx, scan); err != nil {
		return schemas.Scan{}, err
	}
	s, err := l.p.GetScan(ctx, scan)
	l.record(ctx, "scan", scan, map[string]string{"change": "cancelled"})
	return s, err
}

// GetScan implements Service.
func (l *Local) GetScan(ctx context.Context, scan string) (schemas.Scan, error) {
	return l.p.GetScan(ctx, scan)
}

// ListScans implements Service.
func (l *Local) ListScans(ctx context.Context, account string, limit int) ([]schemas.Scan, error) {
	return l.p.ListScans(ctx, account, limit)
}

// CreateToken implements Service.
func (l *Local) CreateToken(ctx context.Context, name string, scope TokenScope, ttl time.Duration) (string, Token, error) {
	secret, t, err := l.p.Tokens.Create(ctx, name, scope, ttl, Actor(ctx))
	if err == nil {
		l.record(ctx, "token", name, t)
	}
	return secret, t, err
}

// ListTokens implements Service.
func (l *Local) ListTokens(ctx context.Context) ([]Token, error) { return l.p.Tokens.List(ctx) }

// RevokeToken implements Service.
func (l *Local) RevokeToken(ctx context.Context, name string) error {
	err := l.p.Tokens.Revoke(ctx, name)
	if err == nil {
		l.record(ctx, "token", name, nil)
	}
	return err
}
