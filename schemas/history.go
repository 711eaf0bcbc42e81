package schemas

import "time"

// TrendQuery asks how compliance went, day by day.
type TrendQuery struct {
	Accounts  []string `json:"accounts,omitempty" query:"account"`
	Pack      string   `json:"pack,omitempty" query:"pack"`
	Framework string   `json:"framework,omitempty" query:"framework"` // see FrameworkQuery
	Days      int      `json:"days,omitempty" query:"days"`           // default 30, at most MaxTrendDays
}

// MaxTrendDays is how far back a trend goes.
const MaxTrendDays = 731

// Trend is a series of days in UTC, for each account and for all together.
type Trend struct {
	Total    []TrendPoint   `json:"total"`
	Accounts []AccountTrend `json:"accounts"` // sorted by name
}

// AccountTrend is the series of one account.
type AccountTrend struct {
	AccountID AccountID    `json:"accountId"`
	Account   string       `json:"account"`
	Points    []TrendPoint `json:"points"`
}

// TrendPoint is one day. Without a count on that day it is the last one before.
type TrendPoint struct {
	Day       string    `json:"day"`                // 2026-11-25
	CountedAt time.Time `json:"countedAt,omitzero"` // zero: nothing was ever counted until then
	Counts    Counts    `json:"counts"`
	Results   Share     `json:"results"`  // see Scores; without waivers
	Policies  Share     `json:"policies"` // each once per account
	// Resources is not known (-1) by framework.
	Resources Share   `json:"resources"`
	Coverage  float64 `json:"coverage"`
	Opened    uint64  `json:"opened"` // on this day
	Reopened  uint64  `json:"reopened"`
	Fixed     uint64  `json:"fixed"` // for whatever cause
	// Mended violations ended because their resource changed or went, and were
	// open for so long on average.
	Mended            uint64  `json:"mended"`
	MeanSecondsToMend float64 `json:"meanSecondsToMend,omitempty"`
}

// DiffQuery asks for a page of what changed.
type DiffQuery struct {
	Limit  int    `json:"limit,omitempty" query:"limit"` // of each list: 1 to 1,000, default 1,000
	Cursor string `json:"cursor,omitempty" query:"cursor"`
}

// Diff is what changed between the ends of two scans of one account.
type Diff struct {
	AccountID  AccountID     `json:"accountId"`
	Account    string        `json:"account"`
	From       DiffScan      `json:"from"`
	To         DiffScan      `json:"to"`
	Resources  ResourceDiff  `json:"resources"`
	Violations ViolationDiff `json:"violations"`
	// Next is the cursor of the page that goes on with both lists; empty: both are
	// whole. The counts are of everything on every page.
	Next string `json:"next,omitempty"`
}

// DiffScan is one side.
type DiffScan struct {
	Scan    string    `json:"scan"`
	State   ScanState `json:"state"`
	EndedAt time.Time `json:"endedAt"`
}

// ResourceDiff counts changes and lists a page of them, by type, region and id.
type ResourceDiff struct {
	Added   uint64           `json:"added"`
	Changed uint64           `json:"changed"`
	Removed uint64           `json:"removed"`
	List    []ResourceChange `json:"list"`
}

// ResourceChange is one resource that differs.
type ResourceChange struct {
	Key
	Change     string    `json:"change"`               // "added", "changed" or "removed"
	Properties []string  `json:"properties,omitempty"` // top-level ones that differ
	At         time.Time `json:"at"`
}

// ViolationDiff counts changes and lists a page of them, by resource. What was fixed and came
// back in between is unchanged.
type ViolationDiff struct {
	Opened    uint64          `json:"opened"` // reopened ones too
	Fixed     uint64          `json:"fixed"`
	Unchanged uint64          `json:"unchanged"` // open at both ends
	List      []DiffViolation `json:"list"`
}

// DiffViolation is one violation that is open at one end only.
type DiffViolation struct {
	Finding string `json:"finding"`
	Key
	Pack     string     `json:"pack"`
	Policy   string     `json:"policy"`
	Severity Severity   `json:"severity"`
	Change   Transition `json:"change"`
	Cause    FixCause   `json:"cause,omitempty"`
	At       time.Time  `json:"at"`
}
