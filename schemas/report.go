package schemas

import "time"

// Counts of policy results (resource x policy) by outcome.
type Counts struct {
	Passed        uint64 `json:"passed"`
	Failed        uint64 `json:"failed"`
	NotApplicable uint64 `json:"notApplicable"`
	Unknown       uint64 `json:"unknown"`
	Errored       uint64 `json:"errored"`
	Disabled      uint64 `json:"disabled"`
	Waived        uint64 `json:"waived,omitempty"` // of Failed, those that a waiver covers
}

// Score is passed over everything that should have been judged, in percent, or
// -1 when nothing was. Unknown and errored count against it: they never raise a score.
func (c Counts) Score() float64 { return percent(c.Passed, c.Passed+c.Failed+c.Unknown+c.Errored) }

// Coverage is what was judged over what should have been, in percent, or -1.
func (c Counts) Coverage() float64 {
	return percent(c.Passed+c.Failed, c.Passed+c.Failed+c.Unknown+c.Errored)
}

// Plus is the sum of both.
func (c Counts) Plus(o Counts) Counts {
	c.Passed += o.Passed
	c.Failed += o.Failed
	c.NotApplicable += o.NotApplicable
	c.Unknown += o.Unknown
	c.Errored += o.Errored
	c.Disabled += o.Disabled
	c.Waived += o.Waived
	return c
}

func percent(part, whole uint64) float64 {
	if whole == 0 {
		return -1
	}
	return 100 * float64(part) / float64(whole)
}

// ReportQuery selects what a report covers. Empty fields select everything.
type ReportQuery struct {
	Accounts []string   `json:"accounts,omitempty" query:"account"` // names or account ids
	Pack     string     `json:"pack,omitempty" query:"pack"`
	Severity []Severity `json:"severity,omitempty" query:"severity"`
	// AsOf asks for a time in the past: what was counted last until then. Why
	// something could not be judged is not kept for the past.
	AsOf time.Time `json:"asOf,omitzero" query:"asOf"`
}

// Report is the compliance of accounts, with what could not be judged and why.
type Report struct {
	Accounts []AccountReport `json:"accounts"` // sorted by name
	AsOf     time.Time       `json:"asOf,omitzero"`
	Scores   *Scores         `json:"scores,omitempty"` // of all accounts together; nil without any
}

// AccountReport is one account's part of a report. Its counts, scores and open
// violations are those of enforced packs: local ones have theirs in Packs alone,
// unless the report is asked for a local pack by its name.
type AccountReport struct {
	AccountID AccountID           `json:"accountId"`
	Account   string              `json:"account"`
	Resources uint64              `json:"resources"` // live
	Counts    Counts              `json:"counts"`
	Score     float64             `json:"score"`            // -1: nothing to judge
	Coverage  float64             `json:"coverage"`         // -1: nothing to judge
	Scores    *Scores             `json:"scores,omitempty"` // nil: never scanned
	Judged    JudgedPolicies      `json:"judgedPolicies"`
	Open      map[Severity]uint64 `json:"open"`             // open violations by severity, waived ones too
	Waived    map[Severity]uint64 `json:"waived,omitempty"` // of Open, those that a waiver covers
	Waivers   []WaiverUse         `json:"waivers,omitempty"`
	TimeToFix []FixTimes          `json:"timeToFix,omitempty"` // by cause
	CountedAt time.Time           `json:"countedAt,omitzero"`  // with AsOf: when what is told was counted
	Packs     []PackReport        `json:"packs"`
	Gaps      []Gap               `json:"gaps,omitempty"`   // verdicts that could not be reached
	Scopes    []ScopeGap          `json:"scopes,omitempty"` // scopes whose last run was not complete
	// Unlisted are the types that the cloud cannot list, which are no gaps.
	Unlisted []ScopeGap `json:"unlisted,omitempty"`
	LastScan *Scan      `json:"lastScan,omitempty"`
}

// NeverScanned tells whether nothing at all is known of an account, as of the time of
// the report. Missing is never compliant.
func (a AccountReport) NeverScanned() bool { return a.LastScan == nil && a.Resources == 0 }

// WaiverUse is a waiver with what it covers in an account now.
type WaiverUse struct {
	Name       string    `json:"name"`
	Violations uint64    `json:"violations"`
	ExpiresAt  time.Time `json:"expiresAt"`
}

// FixTimes is how long violations were open that ended for one cause.
type FixTimes struct {
	Cause         FixCause `json:"cause"`
	Fixed         uint64   `json:"fixed"`
	MeanSeconds   float64  `json:"meanSeconds"`
	MedianSeconds float64  `json:"medianSeconds"`
}

// PackReport is one pack on one account.
type PackReport struct {
	Pack     string         `json:"pack"`
	Version  string         `json:"version"`         // several, with commas, when children of the account differ
	Local    bool           `json:"local,omitempty"` // named by --policy-pack, not enforced
	Counts   Counts         `json:"counts"`
	Score    float64        `json:"score"`
	Coverage float64        `json:"coverage"`
	Policies []PolicyReport `json:"policies"` // most failing first
}

// PolicyReport is one policy of a pack on one account.
type PolicyReport struct {
	Policy           string    `json:"policy"`
	Title            string    `json:"title,omitempty"`
	Severity         Severity  `json:"severity"`
	Level            Level     `json:"level"`
	Counts           Counts    `json:"counts"`
	Controls         []Control `json:"controls,omitempty"`
	RemediationSteps string    `json:"remediationSteps,omitempty"`
}

// AccessDenied begins the reason of a gap whose call was refused; who refused it may
// follow a colon.
const AccessDenied = "access denied"

// Gap groups unknown and errored results by their reason.
type Gap struct {
	Pack      string  `json:"pack"`
	Local     bool    `json:"local,omitempty"` // of a local pack
	Policy    string  `json:"policy"`
	Outcome   Outcome `json:"outcome"` // unknown or errored
	Reason    string  `json:"reason"`  // AccessDenied, or "access denied: no identity-based policy allows it"
	Call      string  `json:"call,omitempty"`
	Resources uint64  `json:"resources"`
	Example   Key     `json:"example"`
}

// ScopeGap is a scope whose newest attempt did not complete.
type ScopeGap struct {
	ScopeEnd
	Scan string    `json:"scan"`
	At   time.Time `json:"at"`
}

// Violation is one failed policy on one resource, with its life.
type Violation struct {
	Finding   string    `json:"finding"` // FindingID; the resource's id is in Key
	AccountID AccountID `json:"accountId"`
	Account   string    `json:"account"`
	Key
	URN         string         `json:"urn"`
	Name        string         `json:"name"`
	Pack        string         `json:"pack"`
	Local       bool           `json:"local,omitempty"` // of a local pack: it has no history
	PackVersion string         `json:"packVersion"`
	Policy      string         `json:"policy"`
	Group       string         `json:"group,omitempty"`
	Level       Level          `json:"level"`
	Severity    Severity       `json:"severity"`
	Messages    []string       `json:"messages"`
	State       ViolationState `json:"state"`
	FirstSeen   time.Time      `json:"firstSeen"` // of this finding, ever
	OpenedAt    time.Time      `json:"openedAt"`  // of its present or last open period
	LastSeen    time.Time      `json:"lastSeen"`  // its scope's last complete run, or when it was fixed
	FixedAt     time.Time      `json:"fixedAt,omitzero"`
	FixCause    FixCause       `json:"fixCause,omitempty"`
	Reopened    uint32         `json:"reopened"` // how often
	// TimeToFixSeconds is from the opening to the fix, of a fixed one.
	TimeToFixSeconds float64 `json:"timeToFixSeconds,omitempty"`
	// Waiver names the waiver that covers an open violation now, "" without one.
	Waiver      string    `json:"waiver,omitempty"`
	WaivedUntil time.Time `json:"waivedUntil,omitzero"`
	Triage      *Triage   `json:"triage,omitempty"` // nil: new
}

// WaivedFilter keeps violations by whether a waiver covers them.
type WaivedFilter string

// Filters by waivers; the empty one keeps both.
const (
	WaivedOnly WaivedFilter = "only"
	WaivedNone WaivedFilter = "none"
)

// ViolationSorts are the orders of violations; by key is the quickest.
var ViolationSorts = []string{"severity", "account", "policy", "resource", "firstSeen", "key"}

// NoAssignee in a query stands for violations that nobody was assigned to.
const NoAssignee = "none"

// ViolationQuery filters, sorts and pages violations.
type ViolationQuery struct {
	Accounts []string         `json:"accounts,omitempty" query:"account"`
	Pack     string           `json:"pack,omitempty" query:"pack"`
	Policy   string           `json:"policy,omitempty" query:"policy"`
	Type     string           `json:"type,omitempty" query:"type"`
	Region   string           `json:"region,omitempty" query:"region"`
	Resource string           `json:"resource,omitempty" query:"resource"` // substring of the id
	Severity []Severity       `json:"severity,omitempty" query:"severity"`
	State    []ViolationState `json:"state,omitempty" query:"state"` // default: open
	Cause    []FixCause       `json:"cause,omitempty" query:"cause"` // of fixed ones; implies that state
	// Reopened keeps those that were fixed before and came back.
	Reopened bool `json:"reopened,omitempty" query:"reopened"`
	// AsOf asks for those that were open at a time, with the texts they have now.
	AsOf   time.Time      `json:"asOf,omitzero" query:"asOf"`
	Waived WaivedFilter   `json:"waived,omitempty" query:"waived"` // default: both
	Status []TriageStatus `json:"status,omitempty" query:"status"`
	// Assignee of the triage; "none" is nobody.
	Assignee string     `json:"assignee,omitempty" query:"assignee"`
	Priority []Priority `json:"priority,omitempty" query:"priority"`
	// Enforced leaves out what local packs found.
	Enforced bool `json:"enforced,omitempty" query:"enforced"`
	// Scan keeps those that it opened, reopened or fixed.
	Scan   string `json:"scan,omitempty" query:"scan"`
	Sort   string `json:"sort,omitempty" query:"sort"` // one of ViolationSorts; default severity
	Desc   bool   `json:"desc,omitempty" query:"desc"`
	Limit  int    `json:"limit,omitempty" query:"limit"` // default 100, at most 1,000
	Cursor string `json:"cursor,omitempty" query:"cursor"`
}

// ViolationPage is one page; an empty Next means the end.
type ViolationPage struct {
	Violations []Violation `json:"violations"`
	Next       string      `json:"next,omitempty"`
}

// EventQuery asks for transitions of violations: of an account, of a scan, or both.
type EventQuery struct {
	Account string `json:"account,omitempty" query:"account"` // name or id
	Scan    string `json:"scan,omitempty" query:"scan"`
	Limit   int    `json:"limit,omitempty" query:"limit"` // of a page: 1 to 1,000, default 100
	Cursor  string `json:"cursor,omitempty" query:"cursor"`
}

// EventPage is one page, oldest first; an empty Next means the end.
type EventPage struct {
	Events []ViolationEvent `json:"items"`
	Next   string           `json:"next,omitempty"`
}

// ViolationEvent is one transition in a violation's life.
type ViolationEvent struct {
	EventID   string    `json:"eventId"` // hash of finding, order and transition
	Finding   string    `json:"finding"`
	AccountID AccountID `json:"accountId"`
	Key
	Pack       string     `json:"pack"`
	Policy     string     `json:"policy"`
	Transition Transition `json:"transition"`
	Cause      FixCause   `json:"cause,omitempty"`
	Scan       string     `json:"scan,omitempty"`
	Order      Order      `json:"order"`
	At         time.Time  `json:"at"`
	Severity   Severity   `json:"severity,omitempty"` // at that moment
	// OpenedAt is when the open period began that this opens or ends.
	OpenedAt time.Time `json:"openedAt,omitzero"`
}

// ResourceQuery filters and pages the inventory.
type ResourceQuery struct {
	Accounts []string `json:"accounts,omitempty" query:"account"`
	Type     string   `json:"type,omitempty" query:"type"`
	Region   string   `json:"region,omitempty" query:"region"`
	ID       string   `json:"id,omitempty" query:"id"`       // exact
	Match    string   `json:"match,omitempty" query:"match"` // substring of the id
	Limit    int      `json:"limit,omitempty" query:"limit"`
	Cursor   string   `json:"cursor,omitempty" query:"cursor"`
	// Properties asks for the documents too; secrets stay sealed.
	Properties bool `json:"properties,omitempty" query:"properties"`
	// Violating keeps the resources that are out of compliance: with an open
	// violation of an enforced pack.
	Violating bool `json:"violating,omitempty" query:"violating"`
}

// StoredResource is a resource of the inventory.
type StoredResource struct {
	Resource
	AccountID AccountID `json:"accountId"`
	Account   string    `json:"account"`
	URN       string    `json:"urn"`
	FirstSeen time.Time `json:"firstSeen"`
	LastSeen  time.Time `json:"lastSeen"`
	ChangedAt time.Time `json:"changedAt"`
}

// ResourcePage is one page; an empty Next means the end.
type ResourcePage struct {
	Resources []StoredResource `json:"resources"`
	Next      string           `json:"next,omitempty"`
}

// UnitStatus is what the store knows of the newest attempt of a unit in a scan.
type UnitStatus struct {
	Unit           UnitKey  `json:"unit"`
	End            *UnitEnd `json:"end,omitempty"` // nil: the end has not been stored yet
	Snapshots      int      `json:"snapshots"`     // distinct numbers stored of this attempt
	VerdictBatches int      `json:"verdictBatches"`
	// Mismatch: an "unchanged" sighting contradicted the store; the unit must be read again.
	Mismatch bool `json:"mismatch,omitempty"`
}

// Done tells whether everything the attempt published has been stored.
func (u UnitStatus) Done() bool {
	return u.End != nil && u.Snapshots == u.End.Batches && u.VerdictBatches == u.End.Batches
}
