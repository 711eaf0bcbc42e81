package schemas

import (
	"regexp"
	"slices"
	"strings"
	"time"
)

// Organization makes the accounts of an AWS organization known. It is set on the
// account whose credentials list them: the management account's, or a delegated
// administrator's. How the accounts that are found are read (regions, services,
// schedule, profile, endpoint, session policies, caps, share of rates) is as it is set there.
type Organization struct {
	// Role is the role to assume in each account: a name, or an ARN in which
	// {partition} and {account} are replaced.
	Role       string `json:"role"`
	ExternalID string `json:"externalId,omitempty"` // sent with AssumeRole
	// Name is what accounts are called, with {name}, {account} and {ou} replaced;
	// default {name}. A name that is taken gets the account number behind it.
	Name string `json:"name,omitempty"`
	// OUs limits it to accounts in these organizational units and below: ids
	// ("ou-ab12-cd34ef56"), or paths of names from the root ("Workloads/Prod").
	OUs []string `json:"ous,omitempty"`
	// Tags limits it to accounts that have all of these tags.
	Tags map[string]string `json:"tags,omitempty"`
	// Exclude are account numbers to leave out.
	Exclude []string `json:"exclude,omitempty"`
}

// RoleARN is the role in an account of the organization.
func (o *Organization) RoleARN(partition, awsAccount string) string {
	t := o.Role
	if !strings.HasPrefix(t, "arn:") {
		t = "arn:{partition}:iam::{account}:role/" + t
	}
	return strings.NewReplacer("{partition}", partition, "{account}", awsAccount).Replace(t)
}

var (
	numberPattern = regexp.MustCompile(`^[0-9]{12}$`)
	placeholder   = regexp.MustCompile(`\{[^}]*\}`)
	roleName      = regexp.MustCompile(`^[\w+=,.@/-]{1,512}$`)
)

func (o *Organization) check(p *Problems) {
	role := o.RoleARN("aws", "123456789012")
	p.Check(o.Role != "", "organization.role", "is missing: the name of the role to assume in each account")
	if o.Role != "" {
		fixed := strings.HasPrefix(o.Role, "arn:") && !strings.Contains(o.Role, "{account}")
		p.Check(!fixed, "organization.role", "%q is one role for all accounts: it must have {account}", o.Role)
		p.Check(fixed || roleARN.MatchString(role) && roleName.MatchString(role[strings.Index(role, "/")+1:]), "organization.role", "%q is neither the name nor the ARN of a role", o.Role)
	}
	for _, ph := range placeholder.FindAllString(o.Name, -1) {
		p.Check(slices.Contains([]string{"{name}", "{account}", "{ou}"}, ph), "organization.name", "%s is not known; use {name}, {account} or {ou}", ph)
	}
	p.Check(!slices.Contains(o.OUs, ""), "organization.ous", "has an empty entry")
	for _, e := range o.Exclude {
		p.Check(numberPattern.MatchString(e), "organization.exclude", "%q is not an account number of 12 digits", e)
	}
}

// Found tells of an account that an organization made known.
type Found struct {
	// By is the account whose credentials found it.
	By AccountID `json:"by"`
	// OU is where it is: names from the root, "Workloads/Prod"; empty at the root.
	OU string `json:"ou,omitempty"`
	// Labels are those of the account's labels that its tags and OU gave.
	Labels map[string]string `json:"labels,omitempty"`
	// LeftAt is since when it is not found any more. It is not scanned then, and
	// what was found in it stays until the account is removed.
	LeftAt time.Time `json:"leftAt,omitzero"`
	Why    string    `json:"why,omitempty"` // why it is not
}

// Left tells whether the account is not found any more.
func (f *Found) Left() bool { return f != nil && !f.LeftAt.IsZero() }

// OrganizationAccount is an account as its organization lists it.
type OrganizationAccount struct {
	ID     AccountID         `json:"id"`
	Name   string            `json:"name"`
	Active bool              `json:"active"` // neither suspended nor being closed
	OU     string            `json:"ou"`     // names from the root, joined by slashes
	OUIDs  []string          `json:"ouIds"`  // from the root's down to its own
	Tags   map[string]string `json:"tags,omitempty"`
}

// OrganizationUnit is an organizational unit, also one without accounts.
type OrganizationUnit struct {
	ID   string `json:"id"`
	Path string `json:"path"` // names from the root, joined by slashes
}

// RequestOrganization is served by discovery workers: OrganizationRequest ->
// OrganizationReply, one or more.
const RequestOrganization = "discovery.organization"

// OrganizationRequest asks for the accounts of the organization that an account's
// credentials list.
type OrganizationRequest struct {
	Account Account `json:"account"`
}

// OrganizationReply is a page of accounts, or an error.
type OrganizationReply struct {
	Accounts []OrganizationAccount `json:"accounts"`
	Page     int                   `json:"page"`           // from 1
	More     bool                  `json:"more,omitempty"` // another page follows
	Error    *Error                `json:"error,omitempty"`
}

// RequestUnits is served by discovery workers: OrganizationRequest -> UnitsReply.
const RequestUnits = "discovery.units"

// UnitsReply has all organizational units, which are 2,000 at most, or an error.
type UnitsReply struct {
	Units []OrganizationUnit `json:"units"`
	Error *Error             `json:"error,omitempty"`
}

// OrganizationChanges is what a look at an organization changed, by names of
// accounts.
type OrganizationChanges struct {
	Account string   `json:"account"` // that lists
	Joined  []string `json:"joined"`
	Left    []string `json:"left"`
	Changed []string `json:"changed"` // role, OU, tags or settings; those that came back
	// Others are accounts of the organization that are registered by themselves.
	Others []string `json:"others"`
	Total  int      `json:"total"` // accounts that are found now
	// Problems are accounts that could not be registered, with the reason, and units
	// without accounts.
	Problems []string `json:"problems,omitempty"`
}
