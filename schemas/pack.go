package schemas

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Runtime names the engine of a pack, as PulumiPolicy.yaml does.
type Runtime string

// Runtimes.
const (
	RuntimeOPA    Runtime = "opa"
	RuntimeNodeJS Runtime = "nodejs"
	RuntimePython Runtime = "python"
)

// PackRef is one published version of a pack. Number is the publish order per
// pack (1, 2, …): "newest" means the highest number, as in Pulumi's API.
type PackRef struct {
	Name    string  `json:"name"`
	Version string  `json:"version"`
	Number  int     `json:"number"`
	Digest  string  `json:"digest"` // SHA-256, hex, of the archive
	Runtime Runtime `json:"runtime"`
}

// PackManifest describes a published version. It never changes.
type PackManifest struct {
	PackRef
	DisplayName string    `json:"displayName,omitempty"`
	Description string    `json:"description,omitempty"`
	InputFormat string    `json:"inputFormat,omitempty"`
	Policies    []Policy  `json:"policies"` // sorted by name
	Warnings    []string  `json:"warnings,omitempty"`
	PublishedAt time.Time `json:"publishedAt"`
	PublishedBy string    `json:"publishedBy"`
	Removed     bool      `json:"removed,omitempty"` // the version stays used for ever
}

// PolicyScope tells resource policies from stack policies.
type PolicyScope string

// Policy scopes. Stack policies are not evaluated for accounts.
const (
	PolicyResource PolicyScope = "resource"
	PolicyStack    PolicyScope = "stack"
)

// Policy is what a pack declares of one policy.
type Policy struct {
	Name             string         `json:"name"`
	DisplayName      string         `json:"displayName,omitempty"`
	Description      string         `json:"description,omitempty"`
	Message          string         `json:"message,omitempty"`
	Level            Level          `json:"level"`
	Severity         Severity       `json:"severity,omitempty"`
	Scope            PolicyScope    `json:"scope"`
	RemediationSteps string         `json:"remediationSteps,omitempty"`
	URL              string         `json:"url,omitempty"`
	Controls         []Control      `json:"controls,omitempty"`
	Tags             []string       `json:"tags,omitempty"`
	ConfigSchema     map[string]any `json:"configSchema,omitempty"` // {properties, required}
}

// Control is a control of a compliance framework that a policy checks.
type Control struct {
	Framework string `json:"framework"` // "CIS AWS Foundations Benchmark"
	Version   string `json:"version,omitempty"`
	ID        string `json:"id"` // "2.1.4"
	// Specification is where the text of the framework is, as the pack says it.
	Specification string `json:"specification,omitempty"`
}

// PackNamePattern is Pulumi's pattern for pack and policy names and versions.
var PackNamePattern = regexp.MustCompile(`^[a-zA-Z0-9-_.]{1,100}$`)

// localMark is in the name of every local pack and, by PackNamePattern, in that
// of no published one: what local packs say mixes with nothing that is enforced.
const localMark = "@local"

// LocalName is the name of a local pack, one that --policy-pack names: my-pack
// is my-pack@local, a second one of the same name in one run my-pack@local2.
func LocalName(pack string, n int) string {
	if n <= 1 {
		return pack + localMark
	}
	return pack + localMark + strconv.Itoa(n)
}

// IsLocal tells whether a pack name is that of a local pack.
func IsLocal(pack string) bool { return strings.Contains(pack, localMark) }

// PolicyConfig is the configuration of one policy: a level override and
// properties merged over the policy's defaults.
type PolicyConfig struct {
	Level      Level          `json:"enforcementLevel,omitempty"`
	Properties map[string]any `json:"properties,omitempty"`
}

// DefaultAccountsGroup holds every account and cannot be deleted.
const DefaultAccountsGroup = "default-accounts-policy-group"

// Latest is the enrolment version that follows the newest published one.
const Latest = "latest"

// Group enforces packs on accounts and on children of accounts. Accounts and
// Selector have no effect in DefaultAccountsGroup.
type Group struct {
	Name     string   `json:"name"`
	Accounts []Member `json:"accounts,omitempty"` // sorted
	// Selector also holds the accounts whose labels it matches, in the syntax of
	// Kubernetes; the empty one holds none.
	Selector string      `json:"selector,omitempty"`
	Packs    []Enrolment `json:"packs,omitempty"` // sorted by pack
}

// Enrolment is a pack in a group.
type Enrolment struct {
	Pack    string `json:"pack"`
	Version string `json:"version"` // a published version or "latest"
	// Config as given: per policy (or "all") an object with enforcementLevel and
	// properties directly in it, as Pulumi's API takes it.
	Config map[string]map[string]any `json:"config,omitempty"`
	// ModifiedAt moves only when version or configuration really change.
	ModifiedAt time.Time `json:"modifiedAt"`
	// Problem says why the pack cannot judge anything: see EffectivePack.Error. It
	// is filled in for who reads the group, and never stored.
	Problem string `json:"problem,omitempty"`
}

// EffectivePack is one pack as it applies to one account. Where groups hold
// children of the account, a pack may be there several times, with other
// versions or configurations; at most one of them covers a region.
type EffectivePack struct {
	PackRef
	Group string `json:"group,omitempty"` // whose enrolment won
	Local bool   `json:"local,omitempty"` // named by --policy-pack
	// Regions are the only ones it covers, Except those that it does not; one of
	// them is empty, or both, and then it covers the whole account.
	Regions  []string                `json:"regions,omitempty"`
	Except   []string                `json:"except,omitempty"`
	Policies []Policy                `json:"policies"`
	Config   map[string]PolicyConfig `json:"config,omitempty"` // layered, per policy
	// Error makes every policy of the pack errored: its configuration became
	// invalid, or its version cannot be had any more.
	Error string `json:"error,omitempty"`
}

// Covers tells whether the pack judges resources of a region.
func (p *EffectivePack) Covers(region string) bool {
	if len(p.Regions) > 0 {
		return slices.Contains(p.Regions, region)
	}
	return !slices.Contains(p.Except, region)
}

// Effective is the set of packs of an account, the value of its key in the
// effective bucket; the key's revision is the effective revision. An account
// without packs has an empty set, not a missing key.
type Effective struct {
	AccountID AccountID       `json:"accountId"`
	Account   string          `json:"account"`
	Packs     []EffectivePack `json:"packs"` // sorted by name; of one name that without Regions first
	Revision  uint64          `json:"-"`     // the KV revision, filled in by the reader
}
