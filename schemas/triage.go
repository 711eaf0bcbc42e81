package schemas

import (
	"slices"
	"time"
)

// TriageStatus is what people say of a violation they work on. Whether it is
// open or fixed is no matter of opinion; see ViolationState.
type TriageStatus string

// Triage statuses. A violation that nobody has looked at is new.
const (
	TriageNew        TriageStatus = "new"
	TriageInProgress TriageStatus = "in_progress"
	// TriageResolved says that it is mended, which the next scan shows. When the
	// violation comes back after that it is new again.
	TriageResolved TriageStatus = "resolved"
	// TriageIgnored is a label: it counts in every score. To accept a violation
	// for a time is what waivers are for.
	TriageIgnored TriageStatus = "ignored"
)

// TriageStatuses are all statuses.
var TriageStatuses = []TriageStatus{TriageNew, TriageInProgress, TriageResolved, TriageIgnored}

// Priority of the work on a violation: "p0" (most urgent) to "p4", or "".
type Priority string

// Priorities are all that can be set, most urgent first.
var Priorities = []Priority{"p0", "p1", "p2", "p3", "p4"}

// Triage is what people say of a violation.
type Triage struct {
	Status   TriageStatus `json:"status"`
	Priority Priority     `json:"priority,omitempty"`
	Assignee string       `json:"assignee,omitempty"`
	Note     string       `json:"note,omitempty"`
	At       time.Time    `json:"at,omitzero"` // of the last change
	By       string       `json:"by,omitempty"`
}

// Of is the triage of a violation whose open period began at a time: what was
// resolved before that is new again.
func (t Triage) Of(openedAt time.Time) Triage {
	if t.Status == TriageResolved && openedAt.After(t.At) {
		t.Status = TriageNew
	}
	return t
}

// TriageChange is what to change; nil leaves a field as it is. The empty text
// takes a priority, assignee or note away.
type TriageChange struct {
	Status   *TriageStatus `json:"status,omitempty"`
	Priority *Priority     `json:"priority,omitempty"`
	Assignee *string       `json:"assignee,omitempty"`
	Note     *string       `json:"note,omitempty"`
}

// Validate returns every problem: CodeInvalid.
func (c TriageChange) Validate() error {
	var p Problems
	p.Check(c != TriageChange{}, "change", "names nothing: give a status, priority, assignee or note")
	if c.Status != nil {
		p.Check(slices.Contains(TriageStatuses, *c.Status), "status", "%q must be %s", *c.Status, OneOf(TriageStatuses))
	}
	if c.Priority != nil {
		p.Check(*c.Priority == "" || slices.Contains(Priorities, *c.Priority), "priority", "%q must be %s", *c.Priority, OneOf(Priorities))
	}
	return p.Err()
}

// Apply changes a triage; false when that changes nothing.
func (c TriageChange) Apply(t *Triage) bool {
	before := *t
	if c.Status != nil {
		t.Status = *c.Status
	}
	if c.Priority != nil {
		t.Priority = *c.Priority
	}
	if c.Assignee != nil {
		t.Assignee = *c.Assignee
	}
	if c.Note != nil {
		t.Note = *c.Note
	}
	return *t != before
}

// TriageRecord is what is kept of a finding: every change that was made, oldest
// first. The n-th has number n; they are ordered by it and by no clock.
type TriageRecord struct {
	Finding   string    `json:"finding"`
	AccountID AccountID `json:"accountId"`
	Changes   []Triage  `json:"changes"`
}

// Now is the newest triage: new, when nothing was ever said.
func (r TriageRecord) Now() Triage {
	if len(r.Changes) == 0 {
		return Triage{Status: TriageNew}
	}
	return r.Changes[len(r.Changes)-1]
}
