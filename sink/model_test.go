package sink

import (
	"github.com/insights-scanner/insights-scanner/schemas"
)

// model is the slow and obvious statement of what the tables must hold: one
// message at a time, one map per table, no batches, no lookups.
type model struct {
	resources  map[resourceKey]resourceRow
	versions   map[[2]any]versionRow
	seen       map[resourceKey]seenRow
	judged     map[resourceKey]judgedRow
	verdicts   map[packKey]verdictRow
	violations map[string]violationRow
	events     map[string]eventRow
	gone       map[goneRow]bool
	batches    map[batchRow]bool
	ends       map[unitEndRow]bool
	scopeEnds  map[scopeKey]scopeEndRow
	closes     map[scopeKey]scopeCloseRow
	said       map[string]schemas.TriageRecord // by finding; see people
	ghosts     int                             // verdicts that a close ended without a resource
	absent     int                             // times that a pack did not judge a resource of its batch
}

func newModel() *model {
	return &model{
		resources: map[resourceKey]resourceRow{}, versions: map[[2]any]versionRow{}, seen: map[resourceKey]seenRow{},
		judged: map[resourceKey]judgedRow{}, verdicts: map[packKey]verdictRow{}, violations: map[string]violationRow{},
		events: map[string]eventRow{}, gone: map[goneRow]bool{}, batches: map[batchRow]bool{}, ends: map[unitEndRow]bool{},
		scopeEnds: map[scopeKey]scopeEndRow{}, closes: map[scopeKey]scopeCloseRow{},
	}
}

func (m *model) write(msg schemas.Message) {
	switch {
	case msg.Snapshot != nil:
		m.snapshot(msg.Snapshot)
	case msg.Verdicts != nil:
		m.verdictBatch(msg.Verdicts)
	case msg.End != nil:
		m.end(msg.End)
	case msg.Close != nil:
		m.close(msg.Close)
	}
}

// latest is the newest (seq, number) at which a resource was looked at.
func (m *model) latest(k resourceKey) (uint64, uint32) {
	r, s := m.resources[k], m.seen[k]
	if s.Seq > r.Seq || s.Seq == r.Seq && s.Number > r.Number {
		return s.Seq, s.Number
	}
	return r.Seq, r.Number
}

func (m *model) tooOld(k resourceKey, scope schemas.Scope, seq uint64, number uint32) bool {
	s, n := m.latest(k)
	return seq < m.closes[scopeKey{k.account, scope}].Seq || seq < s || seq == s && number < n
}

func (m *model) snapshot(b *schemas.SnapshotBatch) {
	at, number := stored(b.At), uint32(b.Number)
	for _, r := range b.Resources {
		k, scope := resourceKey{b.AccountID, r.Key}, schemas.Scope{Region: b.Unit.Region, Type: r.Type, Route: b.Route}
		if m.tooOld(k, scope, b.Seq, number) {
			continue
		}
		p, u, _ := encodeContent(&r)
		row := resourceRow{
			AccountID: string(b.AccountID), Account: b.Account, Type: r.Type, Region: r.Region, ID: r.ID, Name: r.Name,
			ScopeRegion: scope.Region, Route: scope.Route, Seq: b.Seq, Number: number, Version: b.Seq, Hash: r.Hash,
			Projection: uint32(r.Projection), Properties: p, Unknown: u, FirstSeen: at, ChangedAt: at, At: at,
		}
		old, have := m.resources[k]
		if have {
			row.FirstSeen = old.FirstSeen
		}
		if have && !old.Tombstone && old.Hash == r.Hash {
			row.Version, row.ChangedAt = old.Version, old.ChangedAt
		} else {
			m.versions[[2]any{k, b.Seq}] = versionRow{AccountID: string(k.account), Type: k.Type, Region: k.Region, ID: k.ID, Version: b.Seq, Hash: r.Hash, Properties: p, Unknown: u, At: at}
		}
		m.resources[k] = row
	}
	mismatch := uint8(0)
	for _, u := range b.Unchanged {
		k := resourceKey{b.AccountID, u.Key}
		if m.tooOld(k, b.ScopeOf(u.Key), b.Seq, number) {
			continue
		}
		if r, have := m.resources[k]; !have || r.Tombstone || r.Hash != u.Hash {
			mismatch = 1
			continue
		}
		m.seen[k] = seenRow{AccountID: string(k.account), Type: k.Type, Region: k.Region, ID: k.ID, Seq: b.Seq, Number: number, At: at}
	}
	for _, g := range b.Gone {
		scope := b.ScopeOf(g.Key)
		if b.Seq >= m.closes[scopeKey{b.AccountID, scope}].Seq {
			m.gone[goneRow{AccountID: string(b.AccountID), Seq: b.Seq, Type: g.Type, ScopeRegion: scope.Region, Route: scope.Route, Region: g.Region, ID: g.ID, At: at}] = true
		}
	}
	row := batchRow{AccountID: string(b.AccountID), Scan: b.Scan, UnitRegion: b.Unit.Region, Service: b.Unit.Service, Seq: b.Seq, Kind: "snapshot", Number: number, At: at}
	with := row
	with.Mismatch = 1
	if mismatch == 1 {
		row = with
	}
	if !m.batches[with] {
		m.batches[row] = true
	}
}

func (m *model) verdictBatch(b *schemas.VerdictBatch) {
	for _, v := range b.Verdicts {
		k := resourceKey{b.AccountID, v.Key}
		if !b.Rejudge && b.Seq < m.closes[scopeKey{b.AccountID, b.ScopeOf(v.Key)}].Seq {
			continue
		}
		order := schemas.Order{Version: v.Version, Revision: b.Revision, Attempt: b.Seq}
		old, have := m.judged[k]
		if have && !order.Newer(schemas.Order{Version: old.Version, Revision: old.Revision, Attempt: old.Attempt}) {
			continue
		}
		cause := schemas.FixResourceChanged
		if have && old.Hash == v.Hash {
			cause = schemas.FixPolicyChanged
		}
		m.judge(b, v, order, cause)
		scope := b.ScopeOf(v.Key)
		if b.Rejudge {
			scope.Region, scope.Route = old.ScopeRegion, old.Route
		}
		projection := uint32(v.Projection)
		if v.Unsettled {
			projection = 0
		}
		m.judged[k] = judgedRow{AccountID: string(k.account), Type: k.Type, Region: k.Region, ID: k.ID, ScopeRegion: scope.Region, Route: scope.Route, Version: order.Version, Revision: order.Revision, Attempt: order.Attempt, Hash: v.Hash, Projection: projection}
	}
	if !b.Rejudge {
		m.batches[batchRow{AccountID: string(b.AccountID), Scan: b.Scan, UnitRegion: b.Unit.Region, Service: b.Unit.Service, Seq: b.Seq, Kind: "verdict", Number: uint32(b.Number), At: stored(b.At)}] = true
	}
}

func (m *model) judge(b *schemas.VerdictBatch, v schemas.Verdict, order schemas.Order, cause schemas.FixCause) {
	k, at := resourceKey{b.AccountID, v.Key}, stored(b.At)
	said := map[[2]string]schemas.Outcome{}
	packs := map[string]bool{}
	for i, p := range b.Packs {
		if v.Packs[i].Absent {
			m.absent++
			continue
		}
		packs[p.Pack] = true
		row := verdictRow{AccountID: string(k.account), Type: k.Type, Region: k.Region, ID: k.ID, Pack: p.Pack, PackVersion: p.Version, Version: order.Version, Revision: order.Revision, Attempt: order.Attempt}
		_ = v.Packs[i].Each(&p, func(r *schemas.PolicyResult) {
			said[[2]string{p.Pack, r.Policy}] = r.Outcome
			row.add(r)
			if r.Outcome == schemas.Failed {
				m.failed(b, v, p, *r, order)
			}
		})
		m.verdicts[packKey{k, p.Pack}] = row
	}
	for pk, row := range m.verdicts {
		if pk.resourceKey == k && !packs[pk.pack] && row.PackVersion != "" {
			m.verdicts[pk] = verdictRow{AccountID: string(k.account), Type: k.Type, Region: k.Region, ID: k.ID, Pack: pk.pack, Version: order.Version, Revision: order.Revision, Attempt: order.Attempt}
		}
	}
	for _, w := range m.of(k) {
		outcome, judged := said[[2]string{w.Pack, w.Policy}]
		switch {
		case !packs[w.Pack]:
			m.fix(w, order, schemas.FixPackWithdrawn, b.Scan, at)
		case !judged:
			m.fix(w, order, schemas.FixPolicyChanged, b.Scan, at)
		case outcome == schemas.Passed, outcome == schemas.NotApplicable, outcome == schemas.Disabled:
			m.fix(w, order, cause, b.Scan, at)
		}
	}
}

// of are the violations of a resource.
func (m *model) of(k resourceKey) (out []violationRow) {
	for _, v := range m.violations {
		if v.AccountID == string(k.account) && v.Region == k.Region && v.Type == k.Type && v.ID == k.ID {
			out = append(out, v)
		}
	}
	return out
}

func (m *model) failed(b *schemas.VerdictBatch, v schemas.Verdict, p schemas.JudgedPack, r schemas.PolicyResult, order schemas.Order) {
	id, at := schemas.FindingID(b.AccountID, v.Key, p.Pack, r.Policy), stored(b.At)
	row := violationRow{
		AccountID: string(b.AccountID), Canonical: v.Type, Region: v.Region, ID: v.ID, Pack: p.Pack, Policy: r.Policy, Finding: id,
		Account: b.Account, Type: v.Type, Name: v.Name, PackVersion: p.Version, GroupName: p.Group, Level: string(r.Level), Severity: string(r.Severity),
		Messages: r.Messages, State: "open", FirstSeen: at, OpenedAt: at, JudgedAt: at, FixedAt: never,
		Version: order.Version, Revision: order.Revision, Attempt: order.Attempt,
	}
	old, have := m.violations[id]
	transition := schemas.Opened
	if have {
		row.FirstSeen, row.Reopened = old.FirstSeen, old.Reopened
		if old.State == "open" {
			row.OpenedAt = old.OpenedAt
			if old.PackVersion == row.PackVersion && old.Messages[0] == row.Messages[0] {
				return
			}
			m.violations[id] = row
			return
		}
		row.Reopened++
		transition = schemas.Reopened
	}
	m.violations[id] = row
	m.event(row, order, transition, "", b.Scan, row.OpenedAt)
}

func (m *model) fix(v violationRow, order schemas.Order, cause schemas.FixCause, scan string, at timeT) {
	if v.State != "open" {
		return
	}
	v.State, v.FixedAt, v.Cause = "fixed", at, string(cause)
	v.Version, v.Revision, v.Attempt = order.Version, order.Revision, order.Attempt
	m.violations[v.Finding] = v
	m.event(v, order, schemas.Fixed, cause, scan, at)
}

func (m *model) event(v violationRow, o schemas.Order, t schemas.Transition, cause schemas.FixCause, scan string, at timeT) {
	id := eventID(v.Finding, o, t)
	m.events[id] = eventRow{
		AccountID: v.AccountID, Scan: scan, EventID: id, Finding: v.Finding, Type: v.Type, Region: v.Region, ID: v.ID, Pack: v.Pack, Policy: v.Policy,
		Transition: string(t), Cause: string(cause), Version: o.Version, Revision: o.Revision, Attempt: o.Attempt, At: at,
		Severity: v.Severity, OpenedAt: v.OpenedAt,
	}
}

func (m *model) end(e *schemas.UnitEnd) {
	f := newFold()
	_ = f.unitEnd(e)
	m.ends[f.out.unitEnds[0]] = true
	for _, s := range f.out.scopeEnds {
		k := scopeKey{e.AccountID, schemas.Scope{Region: s.ScopeRegion, Type: s.Type, Route: s.Route}}
		if s.Seq >= m.scopeEnds[k].Seq {
			m.scopeEnds[k] = s
		}
	}
}

func (m *model) close(c *schemas.Close) {
	sk := scopeKey{c.AccountID, c.Scope}
	if c.Seq <= m.closes[sk].Seq {
		return
	}
	at := stored(c.At)
	for k, r := range m.resources {
		mark := goneRow{AccountID: string(k.account), Seq: c.Seq, Type: k.Type, ScopeRegion: r.ScopeRegion, Route: r.Route, Region: k.Region, ID: k.ID, At: at}
		seq, _ := m.latest(k)
		mine := k.account == c.AccountID && k.Type == c.Scope.Type && r.ScopeRegion == c.Scope.Region && r.Route == c.Scope.Route
		if !mine || r.Tombstone || seq >= c.Seq || c.Cause == schemas.FixResourceGone && !m.gone[mark] {
			continue
		}
		m.resources[k] = resourceRow{
			AccountID: r.AccountID, Account: c.Account, Type: r.Type, Region: r.Region, ID: r.ID, Name: r.Name, ScopeRegion: r.ScopeRegion, Route: r.Route,
			Seq: c.Seq, Version: c.Seq, Projection: r.Projection, Tombstone: true, FirstSeen: r.FirstSeen, ChangedAt: at, At: at,
		}
		m.versions[[2]any{k, c.Seq}] = versionRow{AccountID: r.AccountID, Type: r.Type, Region: r.Region, ID: r.ID, Version: c.Seq, Tombstone: true, At: at}
		m.unjudge(c, k)
	}
	for k, j := range m.judged {
		mine := k.account == c.AccountID && c.Scope == schemas.Scope{Region: j.ScopeRegion, Type: k.Type, Route: j.Route}
		if r, held := m.resources[k]; mine && !j.Tombstone && j.Attempt < c.Seq && (!held || r.Tombstone) {
			m.unjudge(c, k)
			m.ghosts++
		}
	}
	m.closes[sk] = scopeCloseRow{AccountID: string(c.AccountID), Type: c.Scope.Type, ScopeRegion: c.Scope.Region, Route: c.Scope.Route, Seq: c.Seq, Cause: string(c.Cause), At: at}
}

// unjudge ends every verdict and violation of a resource that a close ends.
func (m *model) unjudge(c *schemas.Close, k resourceKey) {
	for pk, v := range m.verdicts {
		if pk.resourceKey == k && v.PackVersion != "" {
			m.verdicts[pk] = verdictRow{AccountID: string(k.account), Type: k.Type, Region: k.Region, ID: k.ID, Pack: pk.pack, Version: c.Seq, Attempt: c.Seq}
		}
	}
	for _, v := range m.of(k) {
		m.fix(v, schemas.Order{Version: c.Seq, Attempt: c.Seq}, c.Cause, c.Scan, stored(c.At))
	}
	m.judged[k] = judgedRow{
		AccountID: string(k.account), Type: k.Type, Region: k.Region, ID: k.ID, ScopeRegion: c.Scope.Region, Route: c.Scope.Route,
		Version: c.Seq, Attempt: c.Seq, Tombstone: true,
	}
}
