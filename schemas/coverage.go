package schemas

// ResourceType is a type that scans read, and what reading it takes.
type ResourceType struct {
	Type    string     `json:"type"`
	Service string     `json:"service"` // as units and --service name it
	Global  bool       `json:"global"`  // read once per account, not per region
	Route   string     `json:"route"`
	Calls   []TypeCall `json:"calls"` // the list call first
	// OnDemand are calls that are made only where an enrolled pack needs their answer.
	OnDemand []TypeCall `json:"onDemand,omitempty"`
	// With is the type whose calls bring this one along.
	With string `json:"with,omitempty"`
	// Verify are IAM actions that only the direct read of a resource takes, which
	// tells one that is gone from one that a list left out.
	Verify []string `json:"verify,omitempty"`
	// CallsPer1000 is how many API calls a unit with 1,000 of them takes, beside
	// those that With takes anyway.
	CallsPer1000 int `json:"callsPer1000"`
	// Recorded is its type in AWS Config, which may answer the calls named by RecordedCalls, IAM
	// actions; empty where Config answers none.
	Recorded      string   `json:"recorded,omitempty"`
	RecordedCalls []string `json:"recordedCalls,omitempty"`
}

// TypeCall is the API call behind a facet of a type.
type TypeCall struct {
	Facet  string `json:"facet"`
	Action string `json:"action"` // IAM action
	// PerCall is how many resources one call answers for; 0 for one call per unit.
	PerCall int `json:"perCall"`
}

// PermissionState is what a probe found of an IAM action.
type PermissionState string

// Permission states.
const (
	PermissionAllowed  PermissionState = "allowed"
	PermissionDenied   PermissionState = "denied"
	PermissionFailed   PermissionState = "failed"    // the call failed in another way
	PermissionNotTried PermissionState = "not tried" // there is no resource to try it on
)

// Permission is an IAM action that scans of an account need in a region.
type Permission struct {
	Action string          `json:"action"`
	Region string          `json:"region"`
	State  PermissionState `json:"state"`
	Reason string          `json:"reason,omitempty"`
	Types  []string        `json:"types"` // what needs it
}
