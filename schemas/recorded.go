package schemas

import (
	"slices"
	"time"
)

// ConfigUse says whether scans take from AWS Config what its recorder has recorded.
type ConfigUse string

// Uses of AWS Config: where a recorder keeps up with changes, and never.
const (
	ConfigAuto ConfigUse = "auto"
	ConfigOff  ConfigUse = "off"
)

// ReadsConfig says whether scans of the account use AWS Config.
func (a Account) ReadsConfig() ConfigUse {
	switch {
	case a.AWSConfig != "":
		return a.AWSConfig
	case a.Endpoint != "": // few emulators record anything
		return ConfigOff
	default:
		return ConfigAuto
	}
}

// Recorded is what AWS Config answered in place of the calls of a scope.
type Recorded struct {
	Resources uint64 `json:"resources"` // for which it answered a call or more
	Answers   uint64 `json:"answers"`   // calls of the service that it answered
	Calls     uint64 `json:"calls"`     // that it took instead
	// Differed are those of which it said otherwise than is held; they were read directly.
	Differed uint64 `json:"differed,omitempty"`
	// Until is when Config had last recorded anything, as far as is known: what changed
	// after may still be missing.
	Until time.Time `json:"until,omitzero"`
	// Why says why Config was not used, or not in all regions of the scope; empty where it was.
	Why string `json:"why,omitempty"`
}

// ScopesRecorded is Recorded of types of a scan that have it in common: those of which nothing was
// taken from AWS Config for the same reason, or a single one.
type ScopesRecorded struct {
	Region string   `json:"region"`
	Types  []string `json:"types"`
	Recorded
}

// AddRecorded adds what of a scope was taken from AWS Config.
func AddRecorded(list []ScopesRecorded, s ScopeEnd) []ScopesRecorded {
	if s.Recorded == nil {
		return list
	}
	if none := (Recorded{Why: s.Recorded.Why}); *s.Recorded == none {
		for i := range list {
			if l := &list[i]; l.Region == s.Region && l.Recorded == none {
				l.Types = append(l.Types, s.Type)
				return list
			}
		}
	}
	return append(list, ScopesRecorded{Region: s.Region, Types: []string{s.Type}, Recorded: *s.Recorded})
}

// RecordedOf is what the scan took from AWS Config of a type in a region.
func (s Scan) RecordedOf(region, token string) (Recorded, bool) {
	for _, r := range s.Recorded {
		if r.Region == region && slices.Contains(r.Types, token) {
			return r.Recorded, true
		}
	}
	return Recorded{}, false
}
