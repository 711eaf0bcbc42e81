package schemas

import (
	"fmt"
	"slices"
	"strings"
)

// ScanLimit narrows a scan to a part of the account's plan: to the units of
// these services, in these regions, or to single resources. The zero value is
// the whole plan.
type ScanLimit struct {
	Regions  []string `json:"regions,omitempty"` // GlobalRegion for services without one
	Services []string `json:"services,omitempty"`
	// Resources are ARNs, or ids of the inventory. They exclude the other two.
	Resources []string `json:"resources,omitempty"`
	// AWSConfig is no part of the account: it sets the account's use of AWS Config for this scan.
	// It is kept in the scan, not in its limit.
	AWSConfig ConfigUse `json:"awsConfig,omitempty"`
}

// MaxScanResources is how many resources a limit may name.
const MaxScanResources = 50

// Validate returns every problem with the limit, joined.
func (l ScanLimit) Validate() error {
	var p Problems
	p.Check(len(l.Resources) == 0 || len(l.Regions)+len(l.Services) == 0, "limit", "names resources, or services and regions, not both")
	p.Check(len(l.Resources) <= MaxScanResources, "limit.resources", "has more than %d entries", MaxScanResources)
	p.Check(slices.Contains([]ConfigUse{"", ConfigAuto, ConfigOff}, l.AWSConfig), "limit.awsConfig", "%q must be %s or %s", l.AWSConfig, ConfigAuto, ConfigOff)
	for what, list := range map[string][]string{"regions": l.Regions, "services": l.Services, "resources": l.Resources} {
		p.Check(!slices.Contains(list, ""), "limit."+what, "has an empty entry")
	}
	return p.Err()
}

// Whole tells whether nothing is left out.
func (l ScanLimit) Whole() bool {
	return len(l.Regions) == 0 && len(l.Services) == 0 && len(l.Resources) == 0
}

// maxNamed is how many resources String names.
const maxNamed = 10

// String says in words what is read: "ec2, rds in us-east-1"; empty when all is.
func (l ScanLimit) String() string {
	parts := []string{}
	if len(l.Resources) > 0 {
		text := strings.Join(l.Resources[:min(len(l.Resources), maxNamed)], ", ")
		if left := len(l.Resources) - maxNamed; left > 0 {
			text += fmt.Sprintf(" and %d more", left)
		}
		parts = append(parts, text)
	}
	if len(l.Services) > 0 {
		parts = append(parts, strings.Join(l.Services, ", "))
	}
	if len(l.Regions) > 0 {
		parts = append(parts, "in "+strings.Join(l.Regions, ", "))
	}
	return strings.Join(parts, " ")
}

// ResourceState is what a direct read found of a resource.
type ResourceState string

// States of a resource that was read directly.
const (
	ResourceNew       ResourceState = "new"
	ResourceChanged   ResourceState = "changed"
	ResourceUnchanged ResourceState = "unchanged"
	ResourceGone      ResourceState = "gone" // held, and does not exist any more
)

// ResourceRead is a resource that was read directly. Resources that do not exist
// and are not held have none.
type ResourceRead struct {
	Key
	State ResourceState `json:"state"`
}

// DirectEnd is how a unit ended of which only some keys were read.
type DirectEnd struct {
	Read    []ResourceRead `json:"read"`
	Failure string         `json:"failure,omitempty"` // why some could not be read
}
