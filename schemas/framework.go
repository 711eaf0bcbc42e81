package schemas

import (
	"crypto/sha256"
	"encoding/hex"
	"path"
	"strings"
	"time"
)

// Framework maps the controls of a compliance framework to policies. Packs map
// their policies themselves; a mapping file does it for packs that do not, and
// names controls that no policy checks.
type Framework struct {
	Name        string             `json:"name"` // "CIS AWS Foundations Benchmark"
	Version     string             `json:"version,omitempty"`
	Description string             `json:"description,omitempty"`
	Controls    []FrameworkControl `json:"controls"`
	AddedAt     time.Time          `json:"addedAt,omitzero"` // set by us, of mapping files
	AddedBy     string             `json:"addedBy,omitempty"`
	// Packs map policies to it by themselves; filled in for who reads it.
	Packs []string `json:"packs,omitempty"`
}

// FrameworkControl is one control.
type FrameworkControl struct {
	ID      string `json:"id"`
	Title   string `json:"title,omitempty"`
	Section string `json:"section,omitempty"`
	// Policies check it: "PACK/POLICY", where * is any text without a slash.
	Policies []string `json:"policies,omitempty"`
	// Manual controls are for people to look at: no policy can check them.
	Manual bool `json:"manual,omitempty"`
}

// Key is what a framework is stored under: names hold spaces.
func (f Framework) Key() string {
	sum := sha256.Sum256([]byte(strings.ToLower(f.Name) + "\x00" + f.Version))
	return hex.EncodeToString(sum[:16])
}

// Label is how people name a framework: NAME, or NAME@VERSION.
func (f Framework) Label() string {
	if f.Version == "" {
		return f.Name
	}
	return f.Name + "@" + f.Version
}

// ShortFramework is the name of a framework as tables have it: "NIST SP 800-53" is
// NIST, "AWS Foundational Security Best Practices" is FSBP.
func ShortFramework(name string) string {
	name = strings.TrimPrefix(name, "AWS ")
	first, _, _ := strings.Cut(name, " ")
	if len(first) > 1 && first == strings.ToUpper(first) {
		return first
	}
	var initials strings.Builder
	for word := range strings.FieldsSeq(name) {
		if c := word[0]; c >= 'A' && c <= 'Z' {
			initials.WriteByte(c)
		}
	}
	if initials.Len() == 0 {
		return name
	}
	return initials.String()
}

// Is tells whether a control that a pack names is of the framework: the names are
// the same but for case, and so is the version where both have one.
func (f Framework) Is(c Control) bool {
	return strings.EqualFold(f.Name, c.Framework) && (f.Version == "" || c.Version == "" || f.Version == c.Version)
}

// Checks tells whether a policy checks the control, by its mapping.
func (c FrameworkControl) Checks(pack, policy string) bool {
	for _, pattern := range c.Policies {
		if ok, err := path.Match(pattern, pack+"/"+policy); ok && err == nil {
			return true
		}
	}
	return false
}

// Validate returns every problem: CodeInvalid.
func (f Framework) Validate() error {
	var p Problems
	p.Check(strings.TrimSpace(f.Name) != "", "name", "is missing")
	p.Check(len(f.Controls) > 0, "controls", "are missing")
	seen := map[string]bool{}
	for _, c := range f.Controls {
		at := "control " + c.ID
		p.Check(c.ID != "", "controls", "one has no id")
		p.Check(c.ID == "" || !seen[c.ID], at, "is there twice")
		p.Check(!c.Manual || len(c.Policies) == 0, at, "is manual and names policies that check it")
		for _, pattern := range c.Policies {
			_, err := path.Match(pattern, "")
			p.Check(err == nil && strings.Count(pattern, "/") == 1 && !strings.ContainsAny(pattern, `[]\\`), at, "%q is not PACK/POLICY", pattern)
		}
		seen[c.ID] = true
	}
	return p.Err()
}

// FrameworkQuery asks for a report by framework.
type FrameworkQuery struct {
	// Framework is a name, a part of one that no other has, or NAME@VERSION.
	Framework string    `json:"framework"`
	Accounts  []string  `json:"accounts,omitempty"`
	AsOf      time.Time `json:"asOf,omitzero"`
}

// ControlStatus is what the policies of a control come to.
type ControlStatus string

// Control statuses. Failed beats unknown, which beats passed.
const (
	ControlPassed  ControlStatus = "passed"
	ControlFailed  ControlStatus = "failed"  // a policy failed somewhere
	ControlUnknown ControlStatus = "unknown" // one could not be judged somewhere, none failed, or an account was never scanned whole
	ControlNoData  ControlStatus = "no_data" // nothing that its policies apply to, or no policy was enforced
	ControlManual  ControlStatus = "manual"  // no policy checks it
)

// ControlTally counts controls by status.
type ControlTally struct {
	Passed  uint64 `json:"passed"`
	Failed  uint64 `json:"failed"`
	Unknown uint64 `json:"unknown"`
	NoData  uint64 `json:"noData"`
	Manual  uint64 `json:"manual"`
	// Score is the share of controls with data that passed, strict and with waivers.
	Score Score `json:"score"`
	// Coverage is the share of all controls that were decided: passed or failed.
	Coverage Share `json:"coverage"`
}

// FrameworkReport is compliance with one framework.
type FrameworkReport struct {
	Name     string             `json:"name"`
	Version  string             `json:"version,omitempty"`
	AsOf     time.Time          `json:"asOf,omitzero"`
	Total    ControlTally       `json:"total"`
	Sections []SectionReport    `json:"sections"`
	Accounts []FrameworkAccount `json:"accounts"` // sorted by name
}

// SectionReport is one section with its controls.
type SectionReport struct {
	Section  string          `json:"section"` // "" for controls without one
	Total    ControlTally    `json:"total"`
	Controls []ControlReport `json:"controls"`
}

// ControlReport is one control over all accounts.
type ControlReport struct {
	ID     string        `json:"id"`
	Title  string        `json:"title,omitempty"`
	Status ControlStatus `json:"status"`
	// WithWaivers is the status when waived violations are left out.
	WithWaivers ControlStatus   `json:"withWaivers"`
	Counts      Counts          `json:"counts"`
	Policies    []ControlPolicy `json:"policies"`
}

// ControlPolicy is a policy that checks a control, with its results.
type ControlPolicy struct {
	Pack   string `json:"pack"`
	Policy string `json:"policy"`
	Counts Counts `json:"counts"`
}

// FrameworkAccount is how one account stands.
type FrameworkAccount struct {
	AccountID AccountID    `json:"accountId"`
	Account   string       `json:"account"`
	Total     ControlTally `json:"total"`
	// Unscanned: no scan has read the whole account, so what did not fail is unknown.
	Unscanned bool `json:"unscanned,omitempty"`
	// Scopes could not be listed whole: what is in them is in no count.
	Scopes []ScopeGap `json:"scopes,omitempty"`
}
