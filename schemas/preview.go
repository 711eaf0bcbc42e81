package schemas

// PreviewRequest is an enrolment that a group might have: of a published version
// of a pack, or of a pack in an archive that is not published.
type PreviewRequest struct {
	Group   string                    `json:"group"`
	Pack    string                    `json:"pack,omitempty"`
	Version string                    `json:"version,omitempty"` // "latest" when empty
	Archive []byte                    `json:"archive,omitempty"`
	Config  map[string]map[string]any `json:"config,omitempty"`
}

// Preview says what an enrolment would change, judged by what is held now.
type Preview struct {
	PackRef
	Group    string           `json:"group"`
	Warnings []string         `json:"warnings,omitempty"` // of the pack
	Accounts []PreviewAccount `json:"accounts"`           // that the group holds, by name
}

// PreviewAccount is the change in one account.
type PreviewAccount struct {
	AccountID AccountID `json:"accountId"`
	Account   string    `json:"account"`
	// Overruled says why the enrolment would change nothing: another group's wins.
	Overruled string          `json:"overruled,omitempty"`
	Resources uint64          `json:"resources"` // judged
	Policies  []PreviewPolicy `json:"policies"`  // with something to say, by name
	Missing   []PreviewRead   `json:"missing"`   // what policies need and nobody has read
}

// PreviewPolicy is the change of one policy in one account.
type PreviewPolicy struct {
	Policy    string `json:"policy"`
	Appear    uint64 `json:"appear"`    // violations that would be opened
	Disappear uint64 `json:"disappear"` // open ones that would be fixed
	Stay      uint64 `json:"stay"`      // open ones that stay
	Unknown   uint64 `json:"unknown"`   // resources that it could not tell of
	Errored   uint64 `json:"errored"`
	// Findings are the first that would appear or disappear, MaxPreviewFindings of
	// each at most.
	Findings []PreviewFinding `json:"findings,omitempty"`
	Reason   string           `json:"reason,omitempty"` // of the first error
}

// MaxPreviewFindings bounds the findings of one policy that are listed of each kind.
const MaxPreviewFindings = 100

// PreviewFinding is a violation that would come or go.
type PreviewFinding struct {
	Key
	Name     string   `json:"name"`
	Severity Severity `json:"severity,omitempty"`
	Messages []string `json:"messages,omitempty"`
	Appears  bool     `json:"appears"` // else it disappears
}

// PreviewRead is an API call whose answer policies need.
type PreviewRead struct {
	Type      string     `json:"type"`
	Call      string     `json:"call,omitempty"` // IAM action
	State     FacetState `json:"state"`
	Reason    string     `json:"reason,omitempty"`
	Resources uint64     `json:"resources"`
	// Calls is how many calls reading it takes; 0 where that is not known, as for
	// what no call returns.
	Calls uint64 `json:"calls"`
}
