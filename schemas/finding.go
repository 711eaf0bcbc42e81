package schemas

import "regexp"

// ViolationDetail is a violation with its whole life.
type ViolationDetail struct {
	Violation
	Title            string           `json:"title,omitempty"` // of the policy
	RemediationSteps string           `json:"remediationSteps,omitempty"`
	Controls         []Control        `json:"controls,omitempty"`
	Events           []ViolationEvent `json:"events"`                  // oldest first
	TriageHistory    []Triage         `json:"triageHistory,omitempty"` // oldest first, each as it was from then on
}

// ShortFinding is how many characters of a finding's id people see and type.
const ShortFinding = 12

var findingPattern = regexp.MustCompile(`^[0-9a-f]{8,32}$`)

// CheckFinding refuses what is neither the id of a finding nor the beginning of
// one, 8 characters or more.
func CheckFinding(id string) error {
	if !findingPattern.MatchString(id) {
		return Errorf(CodeInvalid, "%q is no id of a finding: 8 to 32 characters 0-9 and a-f", id).WithHint("See 'insights violations'.")
	}
	return nil
}
