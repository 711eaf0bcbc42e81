package sink

import (
	"reflect"
	"strings"
	"sync"
	"time"
)

// The rows of the tables, as the driver takes and gives them. The tables and
// the meaning of every column are in schemas/ddl.

type resourceRow struct {
	AccountID   string    `ch:"account_id"`
	Account     string    `ch:"account"`
	Type        string    `ch:"type"`
	Region      string    `ch:"region"`
	ID          string    `ch:"id"`
	Name        string    `ch:"name"`
	ScopeRegion string    `ch:"scope_region"`
	Route       string    `ch:"route"`
	Seq         uint64    `ch:"seq"`
	Number      uint32    `ch:"number"`
	Version     uint64    `ch:"version"`
	Hash        string    `ch:"hash"`
	Projection  uint32    `ch:"projection_revision"`
	Tombstone   bool      `ch:"tombstone"`
	Properties  string    `ch:"properties"`
	Unknown     string    `ch:"unknown"`
	FirstSeen   time.Time `ch:"first_seen"`
	ChangedAt   time.Time `ch:"changed_at"`
	At          time.Time `ch:"at"`
}

type versionRow struct {
	AccountID  string    `ch:"account_id"`
	Type       string    `ch:"type"`
	Region     string    `ch:"region"`
	ID         string    `ch:"id"`
	Version    uint64    `ch:"version"`
	Hash       string    `ch:"hash"`
	Tombstone  bool      `ch:"tombstone"`
	Properties string    `ch:"properties"`
	Unknown    string    `ch:"unknown"`
	At         time.Time `ch:"at"`
}

type seenRow struct {
	AccountID string    `ch:"account_id"`
	Type      string    `ch:"type"`
	Region    string    `ch:"region"`
	ID        string    `ch:"id"`
	Seq       uint64    `ch:"seq"`
	Number    uint32    `ch:"number"`
	At        time.Time `ch:"at"`
}

type judgedRow struct {
	AccountID   string `ch:"account_id"`
	Type        string `ch:"type"`
	Region      string `ch:"region"`
	ID          string `ch:"id"`
	ScopeRegion string `ch:"scope_region"`
	Route       string `ch:"route"`
	Version     uint64 `ch:"version"`
	Revision    uint64 `ch:"revision"`
	Attempt     uint64 `ch:"attempt"`
	Hash        string `ch:"hash"`
	Projection  uint32 `ch:"projection_revision"`
	Tombstone   bool   `ch:"tombstone"`
}

type verdictRow struct {
	AccountID     string   `ch:"account_id"`
	Type          string   `ch:"type"`
	Region        string   `ch:"region"`
	ID            string   `ch:"id"`
	Pack          string   `ch:"pack"`
	PackVersion   string   `ch:"pack_version"`
	Version       uint64   `ch:"version"`
	Revision      uint64   `ch:"revision"`
	Attempt       uint64   `ch:"attempt"`
	Passed        []string `ch:"passed"`
	Failed        []string `ch:"failed"`
	NotApplicable []string `ch:"not_applicable"`
	Disabled      []string `ch:"disabled"`
	Unknown       []string `ch:"unknown"`
	Errored       []string `ch:"errored"`
	GapPolicy     []string `ch:"gap_policy"`
	GapOutcome    []string `ch:"gap_outcome"`
	GapCall       []string `ch:"gap_call"`
	GapReason     []string `ch:"gap_reason"`
}

type violationRow struct {
	AccountID   string    `ch:"account_id"`
	Canonical   string    `ch:"canonical"`
	Region      string    `ch:"region"`
	ID          string    `ch:"id"`
	Pack        string    `ch:"pack"`
	Policy      string    `ch:"policy"`
	Finding     string    `ch:"finding"`
	Account     string    `ch:"account"`
	Type        string    `ch:"type"`
	Name        string    `ch:"name"`
	PackVersion string    `ch:"pack_version"`
	GroupName   string    `ch:"group_name"`
	Level       string    `ch:"level"`
	Severity    string    `ch:"severity"`
	Messages    []string  `ch:"messages"`
	State       string    `ch:"state"`
	FirstSeen   time.Time `ch:"first_seen"`
	OpenedAt    time.Time `ch:"opened_at"`
	JudgedAt    time.Time `ch:"judged_at"`
	FixedAt     time.Time `ch:"fixed_at"`
	Cause       string    `ch:"cause"`
	Reopened    uint32    `ch:"reopened"`
	Version     uint64    `ch:"version"`
	Revision    uint64    `ch:"revision"`
	Attempt     uint64    `ch:"attempt"`
}

type eventRow struct {
	AccountID  string    `ch:"account_id"`
	Scan       string    `ch:"scan"`
	EventID    string    `ch:"event_id"`
	Finding    string    `ch:"finding"`
	Type       string    `ch:"type"`
	Region     string    `ch:"region"`
	ID         string    `ch:"id"`
	Pack       string    `ch:"pack"`
	Policy     string    `ch:"policy"`
	Transition string    `ch:"transition"`
	Cause      string    `ch:"cause"`
	Version    uint64    `ch:"version"`
	Revision   uint64    `ch:"revision"`
	Attempt    uint64    `ch:"attempt"`
	At         time.Time `ch:"at"`
	Severity   string    `ch:"severity"`
	OpenedAt   time.Time `ch:"opened_at"`
}

type goneRow struct {
	AccountID   string    `ch:"account_id"`
	Seq         uint64    `ch:"seq"`
	Type        string    `ch:"type"`
	ScopeRegion string    `ch:"scope_region"`
	Route       string    `ch:"route"`
	Region      string    `ch:"region"`
	ID          string    `ch:"id"`
	At          time.Time `ch:"at"`
}

type batchRow struct {
	AccountID  string    `ch:"account_id"`
	Scan       string    `ch:"scan"`
	UnitRegion string    `ch:"unit_region"`
	Service    string    `ch:"service"`
	Seq        uint64    `ch:"seq"`
	Kind       string    `ch:"kind"`
	Number     uint32    `ch:"number"`
	Mismatch   uint8     `ch:"mismatch"`
	At         time.Time `ch:"at"`
}

type unitEndRow struct {
	AccountID  string    `ch:"account_id"`
	Scan       string    `ch:"scan"`
	UnitRegion string    `ch:"unit_region"`
	Service    string    `ch:"service"`
	Seq        uint64    `ch:"seq"`
	Document   string    `ch:"document"`
	At         time.Time `ch:"at"`
}

type scopeEndRow struct {
	AccountID   string    `ch:"account_id"`
	Type        string    `ch:"type"`
	ScopeRegion string    `ch:"scope_region"`
	Route       string    `ch:"route"`
	Seq         uint64    `ch:"seq"`
	Scan        string    `ch:"scan"`
	State       string    `ch:"state"`
	Call        string    `ch:"call"`
	Reason      string    `ch:"reason"`
	Seen        uint64    `ch:"seen"`
	At          time.Time `ch:"at"`
}

type scopeCloseRow struct {
	AccountID   string    `ch:"account_id"`
	Type        string    `ch:"type"`
	ScopeRegion string    `ch:"scope_region"`
	Route       string    `ch:"route"`
	Seq         uint64    `ch:"seq"`
	Cause       string    `ch:"cause"`
	At          time.Time `ch:"at"`
}

// columns caches the column list of a row type.
var columns sync.Map // reflect.Type -> string

func columnsOf(row any) string {
	t := reflect.TypeOf(row).Elem()
	if c, ok := columns.Load(t); ok {
		return c.(string)
	}
	var names []string
	for _, f := range reflect.VisibleFields(t) {
		if !f.Anonymous {
			names = append(names, f.Tag.Get("ch"))
		}
	}
	list := strings.Join(names, ", ")
	columns.Store(t, list)
	return list
}
