package schemas

import (
	"strings"
	"time"
)

// WaiverSoon is how long before its end a waiver is warned of.
const WaiverSoon = 14 * 24 * time.Hour

// WaiverSelector says which violations a waiver covers: those for which every
// part that is set holds. Of a list, one entry has to match. Packs, policies,
// types and URNs may have the wildcards * and ?.
type WaiverSelector struct {
	// Accounts are names or ids when given, ids when stored; children of accounts
	// by path ("prod/us-east-1").
	Accounts []Member `json:"accounts,omitempty"`
	Packs    []string `json:"packs,omitempty"`
	Policies []string `json:"policies,omitempty"`
	Types    []string `json:"types,omitempty"`
	URNs     []string `json:"urns,omitempty"`
	// Tags the resource has to have, all of them; the value "*" is any.
	Tags map[string]string `json:"tags,omitempty"`
}

// Empty tells whether a selector would cover every violation there is.
func (s WaiverSelector) Empty() bool {
	return len(s.Accounts)+len(s.Packs)+len(s.Policies)+len(s.Types)+len(s.URNs)+len(s.Tags) == 0
}

// WaiverTerms are what people decide of a waiver.
type WaiverTerms struct {
	Selector  WaiverSelector `json:"selector" api:"required"`
	Reason    string         `json:"reason" api:"required"`
	Requester string         `json:"requester,omitempty"` // default: who adds it
	Approver  string         `json:"approver,omitempty"`
	Ticket    string         `json:"ticket,omitempty"`
	StartsAt  time.Time      `json:"startsAt,omitzero"` // default: when it is added
	ExpiresAt time.Time      `json:"expiresAt,omitzero" api:"required"`
}

// InForce tells whether the terms cover anything at a time.
func (t WaiverTerms) InForce(at time.Time) bool {
	return !at.Before(t.StartsAt) && at.Before(t.ExpiresAt)
}

// Waiver accepts violations for a time. They stay open and are shown as waived;
// whether one is in force is computed when something is read, so its end needs
// nothing to happen.
type Waiver struct {
	Name string `json:"name"`
	WaiverTerms
	// Removed ones are kept for the record.
	Removed bool           `json:"removed,omitempty"`
	Changes []WaiverChange `json:"changes"` // oldest first
}

// WaiverChange is one thing that somebody did to a waiver.
type WaiverChange struct {
	At     time.Time    `json:"at"`
	By     string       `json:"by"`              // the name of a token, or "local"
	Action string       `json:"action"`          // "added", "changed" or "removed"
	Terms  *WaiverTerms `json:"terms,omitempty"` // as they were from then on
}

// What is done to waivers.
const (
	WaiverAdded   = "added"
	WaiverChanged = "changed"
	WaiverRemoved = "removed"
)

// WaiverState is how a waiver stands at a time.
type WaiverState string

// States of waivers.
const (
	WaiverPending  WaiverState = "pending" // not yet in force
	WaiverActive   WaiverState = "active"
	WaiverExpiring WaiverState = "expiring" // in force, and ends within WaiverSoon
	WaiverExpired  WaiverState = "expired"
	WaiverGone     WaiverState = "removed"
)

// State is how the waiver stands at a time.
func (w Waiver) State(at time.Time) WaiverState {
	switch {
	case w.Removed:
		return WaiverGone
	case at.Before(w.StartsAt):
		return WaiverPending
	case !at.Before(w.ExpiresAt):
		return WaiverExpired
	case w.ExpiresAt.Sub(at) <= WaiverSoon:
		return WaiverExpiring
	default:
		return WaiverActive
	}
}

// AsOf is the waiver as it was at a time; false when it was not there.
func (w Waiver) AsOf(at time.Time) (Waiver, bool) {
	var terms *WaiverTerms
	for _, c := range w.Changes {
		if !c.At.After(at) {
			terms = c.Terms // of a removal none
		}
	}
	if terms == nil {
		return Waiver{}, false
	}
	return Waiver{Name: w.Name, WaiverTerms: *terms}, true
}

// WaiversInForce are the waivers that cover something at a time, as they were
// then.
func WaiversInForce(list []Waiver, at time.Time) []Waiver {
	var out []Waiver
	for _, w := range list {
		if then, ok := w.AsOf(at); ok && then.InForce(at) {
			out = append(out, then)
		}
	}
	return out
}

// Validate checks what can be checked without asking for accounts: CodeInvalid
// with every problem.
func (t WaiverTerms) Validate() error {
	var p Problems
	p.Check(!t.Selector.Empty(), "selector", "is empty: it would waive every violation there is")
	p.Check(strings.TrimSpace(t.Reason) != "", "reason", "is missing: whoever reads a report wants to know why")
	p.Check(!t.ExpiresAt.IsZero(), "expiresAt", "is missing: every waiver ends")
	p.Check(t.ExpiresAt.IsZero() || t.ExpiresAt.After(t.StartsAt), "expiresAt", "is not after startsAt")
	for name, list := range map[string][]string{
		"packs": t.Selector.Packs, "policies": t.Selector.Policies, "types": t.Selector.Types, "urns": t.Selector.URNs,
	} {
		for _, v := range list {
			p.Check(v != "", "selector."+name, "holds an empty text")
		}
	}
	for _, v := range t.Selector.URNs {
		p.Check(v == "" || strings.HasPrefix(v, "urn:") || strings.HasPrefix(v, "*"), "selector.urns", "%q matches no URN: they begin with urn:insights:", v)
	}
	for _, v := range t.Selector.Types {
		p.Check(v == "" || strings.Count(v, ":") == 2 || strings.ContainsAny(v, "*?"), "selector.types", "%q is no type token such as aws:s3/bucket:Bucket", v)
	}
	for key := range t.Selector.Tags {
		p.Check(key != "", "selector.tags", "holds an empty key")
	}
	return p.Err()
}

// Record is what a question about results takes along of the configuration,
// which the store does not hold.
type Record struct {
	Waivers []Waiver             // those in force at the time that is asked about
	Names   map[AccountID]string // of the registered accounts
	// Enforced is how many groups enforce each pack on an account.
	Enforced map[AccountID]map[string]int
	Kept     Kept
}
