// Package api is how people and programs talk to the scanner: the operations
// ([Service]), the same over HTTP ([Server], [Client]), and the tokens that
// guard them.
package api

import (
	"context"
	"time"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// Service is everything the command line and the HTTP API can do. The command
// line uses it directly when it runs in process, and through [Client] when it
// talks to a server. Errors are schemas.Error values.
type Service interface {
	// AddAccount registers an account. Its ID is found from its credentials.
	AddAccount(ctx context.Context, a schemas.Account) (schemas.Account, error)
	ListAccounts(ctx context.Context) ([]schemas.Account, error)
	// GetAccount takes a name or an account id.
	GetAccount(ctx context.Context, account string) (schemas.Account, error)
	// UpdateAccount replaces the settings of an account, its name included, with
	// those of a. Which account it is never changes.
	UpdateAccount(ctx context.Context, account string, a schemas.Account) (schemas.Account, error)
	// SyncOrganization looks at the organization of an account that lists one:
	// accounts are registered, brought up to date, or marked as left.
	SyncOrganization(ctx context.Context, account string) (schemas.OrganizationChanges, error)
	// RemoveAccount ends scans and judging of an account. What was found in it is
	// kept, and reports show it only when they are asked for its id.
	RemoveAccount(ctx context.Context, account string) error
	// PurgeAccount deletes what was found in an account that was removed.
	PurgeAccount(ctx context.Context, account schemas.AccountID) error
	// Retention is how long results are kept.
	Retention(ctx context.Context) (schemas.Retention, error)
	// CheckAccount tries what scans of an account call, in the given regions (none:
	// those that a scan reads), and returns every IAM action with what came of it.
	CheckAccount(ctx context.Context, account string, regions []string) ([]schemas.Permission, error)
	// EffectivePacks are the packs that apply to an account.
	EffectivePacks(ctx context.Context, account string) (schemas.Effective, error)
	// ExplainPacks says why these packs apply to an account, and how they are configured.
	ExplainPacks(ctx context.Context, account string) (schemas.Explanation, error)
	// AccountGroups are the groups that hold an account or children of it, and why.
	AccountGroups(ctx context.Context, account string) ([]schemas.Membership, error)

	// StartScan reads the account, or the part of it that the limit names.
	StartScan(ctx context.Context, account string, limit schemas.ScanLimit) (schemas.Scan, error)
	CancelScan(ctx context.Context, scan string) (schemas.Scan, error)
	GetScan(ctx context.Context, scan string) (schemas.Scan, error)
	// ListScans lists newest first; an empty account lists those of all.
	ListScans(ctx context.Context, account string, limit int) ([]schemas.Scan, error)

	// PublishPack takes a tar.gz rooted at package/.
	PublishPack(ctx context.Context, archive []byte) (schemas.PackManifest, error)
	ListPacks(ctx context.Context) ([]schemas.PackManifest, error) // every version, newest first per pack
	// GetPack takes a published version or "latest".
	GetPack(ctx context.Context, name, version string) (schemas.PackManifest, error)
	// PackVersions are the versions of one pack, newest first, removed ones too.
	PackVersions(ctx context.Context, name string) ([]schemas.PackManifest, error)
	// PullPack returns the tar.gz of a version (or "latest") as it was published.
	PullPack(ctx context.Context, name, version string) ([]byte, error)
	// RemovePack takes a version off the list. It stays used for ever.
	RemovePack(ctx context.Context, name, version string) error
	// PreviewPack says what an enrolment would change of the violations that are
	// open, judged by what is held. Nothing is recorded.
	PreviewPack(ctx context.Context, q schemas.PreviewRequest) (schemas.Preview, error)
	// ValidateConfig returns what each policy would run with, or every problem.
	ValidateConfig(ctx context.Context, name, version string, config map[string]map[string]any) (map[string]schemas.PolicyConfig, error)

	CreateGroup(ctx context.Context, name string) (schemas.Group, error)
	DeleteGroup(ctx context.Context, name string) error
	ListGroups(ctx context.Context) ([]schemas.Group, error)
	GetGroup(ctx context.Context, name string) (schemas.Group, error)
	// AddGroupAccount takes an account by name or id, or a child of one by path
	// ("prod/us-east-1").
	AddGroupAccount(ctx context.Context, group, account string) (schemas.Group, error)
	RemoveGroupAccount(ctx context.Context, group, account string) (schemas.Group, error)
	// SelectGroupAccounts makes a group hold the accounts whose labels a selector
	// matches, beside those that were added; "" holds none by their labels.
	SelectGroupAccounts(ctx context.Context, group, selector string) (schemas.Group, error)
	// EnrolPack enforces a version (or "latest") with a configuration as
	// schemas.Enrolment describes it; it replaces an enrolment of the same pack.
	EnrolPack(ctx context.Context, group string, e schemas.Enrolment) (schemas.Group, error)
	WithdrawPack(ctx context.Context, group, pack string) (schemas.Group, error)

	// CreateToken returns the secret once; only its hash is kept.
	CreateToken(ctx context.Context, name string, scope TokenScope, ttl time.Duration) (secret string, t Token, err error)
	ListTokens(ctx context.Context) ([]Token, error)
	RevokeToken(ctx context.Context, name string) error

	// ListDeadLetters lists the messages that were given up and are still kept,
	// newest first, at most limit (0: all).
	ListDeadLetters(ctx context.Context, limit int) ([]schemas.DeadLetter, error)
	GetDeadLetter(ctx context.Context, id uint64) (schemas.DeadMessage, error)
	// ReplayDeadLetter puts the message back where it was published, to be
	// handled again, and then removes the dead letter.
	ReplayDeadLetter(ctx context.Context, id uint64) (schemas.Replay, error)
	RemoveDeadLetter(ctx context.Context, id uint64) error

	// AddWebhook registers an address that is told of changes of violations. The
	// answer holds the secret that deliveries are signed with, once.
	AddWebhook(ctx context.Context, w schemas.Webhook) (schemas.Webhook, error)
	ListWebhooks(ctx context.Context) ([]schemas.WebhookStatus, error)
	// TestWebhook sends one message and says what came of it.
	TestWebhook(ctx context.Context, name string) (schemas.WebhookTest, error)
	// RemoveWebhook forgets also what was still to be delivered.
	RemoveWebhook(ctx context.Context, name string) error

	Report(ctx context.Context, q schemas.ReportQuery) (schemas.Report, error)
	Violations(ctx context.Context, q schemas.ViolationQuery) (schemas.ViolationPage, error)
	Resources(ctx context.Context, q schemas.ResourceQuery) (schemas.ResourcePage, error)
	// Events is a page of the transitions a scan caused; an empty scan means all of the
	// account. See AllEvents.
	Events(ctx context.Context, q schemas.EventQuery) (schemas.EventPage, error)

	FindingService
	WaiverService
	FrameworkService
	HistoryService
}

// TokenScope is what a token may do; each includes the ones before it.
type TokenScope string

// Token scopes.
const (
	ScopeRead  TokenScope = "read"  // reports and lists
	ScopeWrite TokenScope = "write" // scans, accounts, packs, groups, dead letters
	ScopeAdmin TokenScope = "admin" // tokens, backups, deleting what was found
)

// Token is a named API token without its secret.
type Token struct {
	Name      string     `json:"name"`
	Scope     TokenScope `json:"scope"`
	Hash      string     `json:"hash,omitempty"` // SHA-256 of the secret, hex; never shown
	CreatedAt time.Time  `json:"createdAt"`
	CreatedBy string     `json:"createdBy,omitempty"`
	ExpiresAt time.Time  `json:"expiresAt,omitzero"` // zero: never
}
