package schemas

// ReadPlan is how a whole scan of an account reads it, and what that takes by what is
// known of it.
type ReadPlan struct {
	Account string         `json:"account"`
	Regions []string       `json:"regions"` // that it is known to have; empty before the first scan
	Share   float64        `json:"share"`   // of the services' rates
	Routes  []PlannedRoute `json:"routes"`
	Types   []PlannedType  `json:"types"`
}

// PlannedRoute sums the types of one route.
type PlannedRoute struct {
	Route     string  `json:"route"`
	When      string  `json:"when"` // "each-scan", "daily", "off"
	Types     int     `json:"types"`
	Resources uint64  `json:"resources"`
	Calls     uint64  `json:"calls"`
	Seconds   float64 `json:"seconds"` // at least: regions and services are read beside each other
}

// PlannedType is how a type is read.
type PlannedType struct {
	Type      string  `json:"type"`
	Service   string  `json:"service"`
	Route     string  `json:"route"`
	Resources uint64  `json:"resources"` // that are held
	Calls     uint64  `json:"calls"`
	Seconds   float64 `json:"seconds"` // at the rates that scans begin with
	Why       string  `json:"why"`
	// Recorded is what the last scan took from AWS Config of it, over all regions; nil where Config
	// answers for none of its calls, or no scan has told yet.
	Recorded *Recorded `json:"recorded,omitempty"`
	// Without is how many calls it would be without AWS Config.
	Without uint64 `json:"without,omitempty"`
}
