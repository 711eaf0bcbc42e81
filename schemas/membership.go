package schemas

import "time"

// MemberReason says why a group holds an account.
type MemberReason string

// Reasons of a membership.
const (
	MemberByDefault  MemberReason = "default"  // the default group holds every account
	MemberByName     MemberReason = "name"     // the account is named
	MemberByChild    MemberReason = "child"    // children of it are named
	MemberBySelector MemberReason = "selector" // its labels match
)

// Membership says that a group holds an account, and why.
type Membership struct {
	Group string         `json:"group"`
	Why   []MemberReason `json:"why"`
	// Regions are the children that the group holds; empty when it holds the whole
	// account, whatever children it names beside it.
	Regions []string `json:"regions,omitempty"`
	// Selector of the group, when the account's labels match it.
	Selector string `json:"selector,omitempty"`
}

// Explanation says which packs apply to an account and why these.
type Explanation struct {
	AccountID AccountID       `json:"accountId"`
	Account   string          `json:"account"`
	Packs     []ExplainedPack `json:"packs"` // as in Effective
}

// ExplainedPack is an effective pack and why it is the one.
type ExplainedPack struct {
	PackRef
	Local   bool     `json:"local,omitempty"`
	Regions []string `json:"regions,omitempty"` // as in EffectivePack
	Except  []string `json:"except,omitempty"`
	// Policies are what they are configured to be, sorted; without those of a pack
	// whose configuration is invalid.
	Policies []ExplainedPolicy `json:"policies"`
	// Claims are the enrolments that ask for the pack there, the one that won first.
	Claims []PackClaim `json:"claims"`
	Reason string      `json:"reason"` // why it won, for people
	Error  string      `json:"error,omitempty"`
}

// ExplainedPolicy is one policy as it is configured.
type ExplainedPolicy struct {
	Policy       string         `json:"policy"`
	Level        Level          `json:"level"`
	DefaultLevel Level          `json:"defaultLevel"`         // that the pack declares
	Properties   map[string]any `json:"properties,omitempty"` // that differ from the pack's defaults
}

// Changed tells whether it is configured otherwise than its pack declares.
func (p ExplainedPolicy) Changed() bool { return p.Level != p.DefaultLevel || len(p.Properties) > 0 }

// PackClaim is one enrolment among those that ask for a pack.
type PackClaim struct {
	Group      string    `json:"group"`
	Regions    []string  `json:"regions,omitempty"` // the children that the group holds; empty: the whole account
	Enrolled   string    `json:"enrolled"`          // a version or "latest"
	Version    string    `json:"version"`           // that it stands for
	Number     int       `json:"number"`            // of that version: newest is highest
	ModifiedAt time.Time `json:"modifiedAt"`
	Won        bool      `json:"won"`
}
