package schemas

import (
	"net/url"
	"regexp"
	"slices"
	"time"
)

// Webhook is an address that is told of violations that were opened, fixed or
// reopened, as Standard Webhooks has it (standardwebhooks.com).
type Webhook struct {
	Name string `json:"name" api:"required"`
	URL  string `json:"url" api:"required"`
	// Secret is what deliveries are signed with, "whsec_" and base64. It is given or
	// made when the webhook is added, and shown then alone.
	Secret string `json:"secret,omitempty"`
	// Transitions and MinSeverity narrow what is told; empty: everything.
	Transitions []Transition `json:"transitions,omitempty"`
	MinSeverity Severity     `json:"minSeverity,omitempty"`
	CreatedAt   time.Time    `json:"createdAt"`
	CreatedBy   string       `json:"createdBy,omitempty"`
}

var webhookNamePattern = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_-]{0,62}$`)

// Validate checks all but the secret.
func (w Webhook) Validate() error {
	var p Problems
	p.Check(webhookNamePattern.MatchString(w.Name), "name", "%q must match %s", w.Name, webhookNamePattern)
	u, err := url.Parse(w.URL)
	ok := err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.Fragment == ""
	p.Check(ok, "url", "must be an address such as https://example.com/hook")
	p.Check(!ok || u.User == nil, "url", "holds no user or password: deliveries are signed instead")
	p.Check(w.MinSeverity == "" || w.MinSeverity.Rank() > 0, "minSeverity", "%q must be low, medium, high or critical", w.MinSeverity)
	for _, t := range w.Transitions {
		p.Check(slices.Contains([]Transition{Opened, Fixed, Reopened}, t), "transitions", "%q must be opened, fixed or reopened", t)
	}
	return p.Err()
}

// Wants tells whether the webhook is told of a change.
func (w Webhook) Wants(c *ViolationChange) bool {
	return (len(w.Transitions) == 0 || slices.Contains(w.Transitions, c.Transition)) && c.Violation.Severity.Rank() >= w.MinSeverity.Rank()
}

// WebhookStatus is a webhook and what is still to be delivered to it.
type WebhookStatus struct {
	Webhook
	Pending uint64 `json:"pending"`
}

// WebhookTest says what came of a test delivery.
type WebhookTest struct {
	Delivered bool   `json:"delivered"`
	Status    int    `json:"status,omitempty"` // HTTP status; 0 without an answer
	Reason    string `json:"reason,omitempty"`
}

// ViolationChange is a transition and the violation as it then was.
type ViolationChange struct {
	ViolationEvent
	Violation Violation `json:"violation"`
}
