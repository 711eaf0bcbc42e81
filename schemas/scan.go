package schemas

import (
	"strconv"
	"time"
)

// ScanState is where a scan stands.
type ScanState string

// Scan states. Running and Cancelling are the only ones that still move.
const (
	ScanRunning    ScanState = "running"
	ScanCancelling ScanState = "cancelling"
	ScanSucceeded  ScanState = "succeeded" // every scope complete
	ScanPartial    ScanState = "partial"   // something denied or failed; what was complete counts
	ScanFailed     ScanState = "failed"    // nothing complete
	ScanCancelled  ScanState = "cancelled"
)

// Ended tells whether the state is final.
func (s ScanState) Ended() bool { return s != ScanRunning && s != ScanCancelling }

// Trigger says why a scan started.
type Trigger string

// Triggers of a scan.
const (
	TriggerManual   Trigger = "manual"
	TriggerSchedule Trigger = "schedule"
	TriggerPack     Trigger = "pack" // an enrolled pack needs what was not read
)

// Scan is one run over an account. Its record lives in the scans bucket under
// "<account id>.<scan id>" and moves by compare-and-set only.
type Scan struct {
	ID          string    `json:"id"`
	AccountID   AccountID `json:"accountId"`
	Account     string    `json:"account"` // the account's name when the scan started
	Trigger     Trigger   `json:"trigger"`
	RequestedBy string    `json:"requestedBy,omitempty"` // token name or "local"
	State       ScanState `json:"state"`
	Limit       ScanLimit `json:"limit,omitzero"` // what it was asked to read; zero: everything
	// AWSConfig is the use of AWS Config that was asked for; empty: the account's.
	AWSConfig ConfigUse `json:"awsConfig,omitempty"`
	// Recorded is what was taken from AWS Config, known at the end.
	Recorded []ScopesRecorded `json:"recorded,omitempty"`
	Units    []UnitKey        `json:"units"`
	// Keys, by UnitKey.String, are the only ones that are read of a unit.
	Keys map[string][]Key `json:"keys,omitempty"`
	// Facets are the IAM actions of facets that are read on demand only, and were
	// asked for by packs.
	Facets []string `json:"facets,omitempty"`
	// Resources are what was read of single resources, known at the end.
	Resources []ResourceRead `json:"resources,omitempty"`
	StartedAt time.Time      `json:"startedAt"`
	EndedAt   time.Time      `json:"endedAt,omitzero"`
	Progress  Progress       `json:"progress"`
	Reading   []UnitKey      `json:"reading,omitempty"` // units that are being read, as far as is known
	Changes   Changes        `json:"changes"`           // what it did to violations, counted at its end
	Reason    string         `json:"reason,omitempty"`  // why it failed, in one line
	// Rereads notes, by UnitKey.String, which units control asked to read again.
	Rereads map[string]Reread `json:"rereads,omitempty"`
}

// Reread is how often a unit was asked for again, and which attempts are void:
// those with a seq up to After.
type Reread struct {
	Count int    `json:"count"`
	After uint64 `json:"after"`
	// Passing is how many of Count were for trouble that passes; the others were for
	// losses and mismatches.
	Passing int `json:"passing,omitempty"`
}

// ActiveScan is the claim on an account: at most one scan at a time. Its key is
// never deleted, so the count only grows and scan ids are never used twice.
type ActiveScan struct {
	Count uint64 `json:"count"`          // scans ever started
	Scan  *Scan  `json:"scan,omitempty"` // the scan that runs, as it started; nil when idle
	// Wanted are the facets that are read on demand, with the packs that need them.
	// Scans read those of packs that still apply.
	Wanted []WantedFacet `json:"wanted,omitempty"`
	// Asked is what was not read when reads were queued last.
	Asked Demand `json:"asked,omitzero"`
	// TailAt is when a scan last began to read the long tail of types.
	TailAt time.Time `json:"tailAt,omitzero"`
}

// WantedFacet is a facet that a pack needs.
type WantedFacet struct {
	Pack string `json:"pack"`
	Call string `json:"call"` // IAM action
}

// Demand is how many reads policies wait for, at an effective revision.
type Demand struct {
	Revision uint64 `json:"revision"`
	Reads    uint64 `json:"reads"` // resources times calls
}

// Unread is a facet of a resource that a pack could not judge without.
type Unread struct {
	Key
	Pack string `json:"pack"`
	Call string `json:"call"` // IAM action
}

// Progress is what people watch; it decides nothing.
type Progress struct {
	UnitsTotal   int    `json:"unitsTotal"`
	UnitsEnded   int    `json:"unitsEnded"`
	ScopesClosed int    `json:"scopesClosed"`
	Resources    uint64 `json:"resources"`
	Calls        uint64 `json:"calls"`
	Throttles    uint64 `json:"throttles"`
	Gaps         int    `json:"gaps"` // scopes denied or failed
}

// Changes counts what happened to violations.
type Changes struct {
	Opened   uint64 `json:"opened"`
	Fixed    uint64 `json:"fixed"`
	Reopened uint64 `json:"reopened"`
}

// UnitKey names a unit within an account.
type UnitKey struct {
	Region  string `json:"region"` // "global" for services without one
	Service string `json:"service"`
}

func (u UnitKey) String() string { return u.Region + "/" + u.Service }

// Unit asks a discovery worker to read one service in one region.
type Unit struct {
	Scan    string  `json:"scan"`
	Account Account `json:"account"`
	Unit    UnitKey `json:"unit"`
	// Keys, if there are any, are read directly, and nothing else of the unit.
	Keys []Key `json:"keys,omitempty"`
	// Facets are the IAM actions of facets to read beside those that always are.
	Facets []string `json:"facets,omitempty"`
	// Retry counts re-reads control asked for (a lost batch, a mismatch).
	Retry int `json:"retry,omitempty"`
}

// ScopeState is the outcome of one scope of a unit attempt.
type ScopeState string

// Scope states. Which of them may tombstone or fix, ScopeEnd.Closes tells.
const (
	ScopeComplete  ScopeState = "complete"
	ScopeDenied    ScopeState = "denied"
	ScopeFailed    ScopeState = "failed"
	ScopeCancelled ScopeState = "cancelled"
	// ScopeUnsupported is a type that the cloud cannot list, as the reason says. It is no
	// gap: nothing was asked that was not answered.
	ScopeUnsupported ScopeState = "unsupported"
)

// Scope is the smallest thing that is complete or not, within an account. Its
// region is the unit's: S3 buckets of all regions are one scope in "global".
type Scope struct {
	Region string `json:"region"`
	Type   string `json:"type"`
	Route  string `json:"route"` // "native", "cloudcontrol"
}

func (s Scope) String() string { return s.Region + "|" + s.Type + "|" + s.Route }

// RouteNative is the route of readers that call the service's own API.
const RouteNative = "native"

// RouteCloudControl is that of AWS's Cloud Control API, which reads the types that no
// reader of a service does.
const RouteCloudControl = "cloudcontrol"

// RouteConfig is what plans call the native route of a type for which AWS Config answers calls.
// Its scopes are native: what there is, the service says.
const RouteConfig = "config"

// ServiceTail is the service of the units that read by it: the long tail of types.
const ServiceTail = "cloudcontrol"

// Route of what a unit reads.
func (u UnitKey) Route() string {
	if u.Service == ServiceTail {
		return RouteCloudControl
	}
	return RouteNative
}

// StandIn is the scope of a unit whose types are not known.
func (u UnitKey) StandIn() Scope {
	return Scope{Region: u.Region, Type: u.Service + ":*", Route: u.Route()}
}

// ScopeEnd is how a scope ended.
type ScopeEnd struct {
	Scope
	State  ScopeState `json:"state"`
	Call   string     `json:"call,omitempty"`   // the API call that was refused or failed
	Reason string     `json:"reason,omitempty"` // error code and text
	Seen   uint64     `json:"seen"`             // resources seen
	// Empty marks a complete scope of which neither anything was seen nor is held.
	Empty bool `json:"empty,omitempty"`
	// Passing marks a failure that time may mend, such as throttling that outlasted all
	// patience: reading again may complete the scope.
	Passing bool `json:"passing,omitempty"`
	// Recorded is what AWS Config answered for it; nil for types that it never answers for,
	// and where it is not used.
	Recorded *Recorded `json:"recorded,omitempty"`
	// Unread is how many resources there may be of which nobody could read whether they exist, in
	// a scope that lacks nothing else: its state is theirs.
	Unread uint64 `json:"unread,omitempty"`
}

// Closes tells whether all that is held of the scope was looked at, so that what the attempt
// verified as gone is gone. What is unread is not: it counts as seen where it is held.
func (e ScopeEnd) Closes() bool { return e.State == ScopeComplete || e.Unread > 0 }

// UnitEnd closes a unit attempt. It is published after its last batch.
type UnitEnd struct {
	Scan      string     `json:"scan"`
	AccountID AccountID  `json:"accountId"`
	Account   string     `json:"account"`
	Unit      UnitKey    `json:"unit"`
	Seq       uint64     `json:"seq"`
	Batches   int        `json:"batches"` // batches 1..Batches belong to this attempt
	Scopes    []ScopeEnd `json:"scopes"`
	// Direct is the end of a unit with keys. It has no scopes: none is complete,
	// and none is any less complete than before.
	Direct    *DirectEnd `json:"direct,omitempty"`
	Calls     uint64     `json:"calls"`
	Throttles uint64     `json:"throttles"`
	StartedAt time.Time  `json:"startedAt"` // when the attempt was minted
	// Passing is true when something of the unit, a scope or a property of a resource, is
	// not known because of trouble that time may mend.
	Passing bool `json:"passing,omitempty"`
}

// Close asks the sink to close one scope (ScopeEnd.Closes): what the attempt verified
// as gone becomes tombstones, their violations fixed.
type Close struct {
	Scan      string    `json:"scan"`
	AccountID AccountID `json:"accountId"`
	Account   string    `json:"account"`
	Scope     Scope     `json:"scope"`
	Seq       uint64    `json:"seq"`
	Cause     FixCause  `json:"cause"` // FixResourceGone, or FixOutOfScope for a scope that left the plan
	At        time.Time `json:"at"`    // the attempt's StartedAt
}

// ScanID makes the id of the n-th scan of an account.
func ScanID(a AccountID, n uint64) string { return a.AWSAccount() + "-" + strconv.FormatUint(n, 10) }
