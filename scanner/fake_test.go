package scanner_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// memory is a store that keeps counts and the newest attempts, enough to drive
// control. The real store's rules are tested where it lives.
type memory struct {
	mu        sync.Mutex
	attempts  map[string]map[schemas.UnitKey]map[uint64]*attempt // by scan
	closed    map[schemas.Scope]uint64
	causes    map[schemas.Scope]schemas.FixCause
	open      []schemas.Scope
	held      map[schemas.Key]schemas.Resource
	judged    map[schemas.Key]uint64 // revision
	resting   map[schemas.Key]bool   // judged, and not settled
	postures  int                    // of the account
	refreshed int                    // postures, unless nothing changed
	counted   int                    // postures at the last write of something of it
	recorded  []schemas.Scan
	mismatch  map[schemas.UnitKey]int // attempts still to be marked
	fail      error
	asked     int // UnitStatuses
	unread    []schemas.Unread
	unreads   int // Unread
}

type attempt struct {
	end                 *schemas.UnitEnd
	snapshots, verdicts map[int]bool
	mismatch            bool
}

func newMemory() *memory {
	return &memory{
		attempts: map[string]map[schemas.UnitKey]map[uint64]*attempt{}, closed: map[schemas.Scope]uint64{},
		causes: map[schemas.Scope]schemas.FixCause{}, held: map[schemas.Key]schemas.Resource{},
		judged: map[schemas.Key]uint64{}, resting: map[schemas.Key]bool{}, mismatch: map[schemas.UnitKey]int{},
	}
}

func (m *memory) attempt(scan string, u schemas.UnitKey, seq uint64) *attempt {
	if m.attempts[scan] == nil {
		m.attempts[scan] = map[schemas.UnitKey]map[uint64]*attempt{}
	}
	if m.attempts[scan][u] == nil {
		m.attempts[scan][u] = map[uint64]*attempt{}
	}
	a := m.attempts[scan][u][seq]
	if a == nil {
		a = &attempt{snapshots: map[int]bool{}, verdicts: map[int]bool{}}
		if m.mismatch[u] > 0 {
			m.mismatch[u]--
			a.mismatch = true
		}
		m.attempts[scan][u][seq] = a
	}
	return a
}

func (m *memory) write(_ context.Context, _ int, ms []schemas.Message) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, x := range ms {
		if x.Account() == account {
			m.counted = m.postures
		}
		switch {
		case x.Snapshot != nil:
			m.attempt(x.Snapshot.Scan, x.Snapshot.Unit, x.Snapshot.Seq).snapshots[x.Snapshot.Number] = true
			for _, r := range x.Snapshot.Resources {
				m.held[r.Key] = r
			}
		case x.End != nil:
			m.attempt(x.End.Scan, x.End.Unit, x.End.Seq).end = x.End
		case x.Verdicts != nil:
			if !x.Verdicts.Rejudge {
				m.attempt(x.Verdicts.Scan, x.Verdicts.Unit, x.Verdicts.Seq).verdicts[x.Verdicts.Number] = true
			}
			for _, v := range x.Verdicts.Verdicts {
				m.judged[v.Key] = max(m.judged[v.Key], x.Verdicts.Revision)
				m.resting[v.Key] = v.Unsettled
			}
		case x.Close != nil:
			m.closed[x.Close.Scope] = max(m.closed[x.Close.Scope], x.Close.Seq)
			m.causes[x.Close.Scope] = x.Close.Cause
		}
	}
	return nil
}

func (m *memory) UnitStatuses(_ context.Context, _ schemas.AccountID, scan string) ([]schemas.UnitStatus, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.asked++
	var out []schemas.UnitStatus
	for u, attempts := range m.attempts[scan] {
		var newest uint64
		for seq := range attempts {
			newest = max(newest, seq)
		}
		a := attempts[newest]
		out = append(out, schemas.UnitStatus{Unit: u, End: a.end, Snapshots: len(a.snapshots), VerdictBatches: len(a.verdicts), Mismatch: a.mismatch})
	}
	return out, m.fail
}

func (m *memory) ClosedSeqs(context.Context, schemas.AccountID) (map[schemas.Scope]uint64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := map[schemas.Scope]uint64{}
	for s, n := range m.closed {
		out[s] = n
	}
	return out, nil
}

func (m *memory) OpenScopes(context.Context, schemas.AccountID) ([]schemas.Scope, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.open), nil
}

func (m *memory) unjudged(rev uint64) (out, unsettled []schemas.Resource) {
	for k, r := range m.held {
		switch {
		case m.judged[k] < rev:
			out = append(out, r)
		case m.resting[k]:
			unsettled = append(unsettled, r)
		}
	}
	byID := func(a, b schemas.Resource) int { return strings.Compare(a.ID, b.ID) }
	slices.SortFunc(out, byID)
	slices.SortFunc(unsettled, byID)
	return out, unsettled
}

func (m *memory) Unjudged(_ context.Context, _ schemas.AccountID, rev uint64, skip, limit int, fn func([]schemas.Resource) error) error {
	m.mu.Lock()
	rs, unsettled := m.unjudged(rev)
	m.mu.Unlock()
	rs = append(rs, unsettled[min(skip, len(unsettled)):]...)
	return fn(rs[:min(len(rs), limit)])
}

func (m *memory) UnjudgedCount(_ context.Context, _ schemas.AccountID, rev uint64) (n, unsettled uint64, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	rs, left := m.unjudged(rev)
	return uint64(len(rs) + len(left)), uint64(len(left)), nil
}

func (m *memory) RecomputePosture(_ context.Context, a schemas.AccountID, _ time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if a == account {
		m.postures++
	}
	return nil
}

func (m *memory) RefreshPosture(context.Context, schemas.AccountID, time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.refreshed++
	return nil
}

func (m *memory) Changes(context.Context, schemas.AccountID, string) (schemas.Changes, error) {
	return schemas.Changes{Opened: 3, Fixed: 2}, nil
}

func (m *memory) Resources(_ context.Context, q schemas.ResourceQuery) (schemas.ResourcePage, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out schemas.ResourcePage
	for k, r := range m.held {
		if k.ID == q.ID {
			out.Resources = append(out.Resources, schemas.StoredResource{Resource: r})
		}
	}
	return out, nil
}

func (m *memory) Unread(_ context.Context, _ schemas.AccountID, fn func(schemas.Unread) error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.unreads++
	for _, u := range m.unread {
		if err := fn(u); err != nil {
			return err
		}
	}
	return nil
}

func (m *memory) unreadAsked() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.unreads
}

func (m *memory) RecordScan(_ context.Context, s schemas.Scan) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.recorded = append(m.recorded, s)
	return nil
}
