package schemas

import "strings"

// ScanLimit narrows a scan to a part of the account's plan: to the units of
// these services, in these regions. The zero value is the whole plan.
type ScanLimit struct {
	Regions  []string `json:"regions,omitempty"` // GlobalRegion for services without one
	Services []string `json:"services,omitempty"`
}

// Whole tells whether nothing is left out.
func (l ScanLimit) Whole() bool { return len(l.Regions) == 0 && len(l.Services) == 0 }

// String says in words what is read: "ec2, rds in us-east-1"; empty when all is.
func (l ScanLimit) String() string {
	var parts []string
	if len(l.Services) > 0 {
		parts = append(parts, strings.Join(l.Services, ", "))
	}
	if len(l.Regions) > 0 {
		parts = append(parts, "in "+strings.Join(l.Regions, ", "))
	}
	return strings.Join(parts, " ")
}
