package sink

import (
	"encoding/json"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// snapshot folds what an attempt saw. Whatever is older than what is stored, or
// than the last close of its scope, changes nothing but is marked as stored.
func (f *fold) snapshot(b *schemas.SnapshotBatch) error {
	if b.Rejudge {
		return schemas.Errorf(schemas.CodeInvalid, "a re-judgement of %s was sent to the sink", b.AccountID)
	}
	for i := range b.Resources {
		if err := f.resource(b, &b.Resources[i]); err != nil {
			return err
		}
	}
	row := batchRow{
		AccountID: string(b.AccountID), Scan: b.Scan, UnitRegion: b.Unit.Region, Service: b.Unit.Service,
		Seq: b.Seq, Kind: "snapshot", Number: uint32(b.Number), At: stored(b.At),
	}
	for _, u := range b.Unchanged {
		if !f.unchanged(b, u) {
			row.Mismatch = 1
		}
	}
	for _, g := range b.Gone {
		f.gone(b, g.Key)
	}
	f.out.batches = append(f.out.batches, row)
	return nil
}

// fenced tells whether a scope was closed by an attempt newer than seq.
func (f *fold) fenced(a schemas.AccountID, s schemas.Scope, seq uint64) bool {
	return seq < f.fences[scopeKey{a, s}]
}

func (f *fold) resource(b *schemas.SnapshotBatch, r *schemas.Resource) error {
	k, scope := resourceKey{b.AccountID, r.Key}, b.ScopeOf(r.Key)
	here := position{b.Seq, uint32(b.Number)}
	if f.fenced(b.AccountID, scope, b.Seq) || here.before(f.position(k)) {
		return nil
	}
	properties, unknown, err := encodeContent(r)
	if err != nil {
		return err
	}
	at := stored(b.At)
	row := &resourceRow{
		AccountID: string(b.AccountID), Account: b.Account, Type: r.Type, Region: r.Region, ID: r.ID, Name: r.Name,
		ScopeRegion: scope.Region, Route: scope.Route, Seq: b.Seq, Number: uint32(b.Number), Version: b.Seq,
		Hash: r.Hash, Projection: uint32(r.Projection), Properties: properties, Unknown: unknown,
		FirstSeen: at, ChangedAt: at, At: at,
	}
	old := f.resources[k]
	if old != nil {
		row.FirstSeen = old.FirstSeen // also over a tombstone: first seen ever
	}
	if old != nil && !old.Tombstone && old.Hash == r.Hash {
		row.Version, row.ChangedAt = old.Version, old.ChangedAt
	} else {
		f.version(row)
	}
	f.resources[k] = row
	f.out.resources[k] = true
	return nil
}

// version keeps what the resource looks like from here on.
func (f *fold) version(r *resourceRow) {
	f.out.versions = append(f.out.versions, versionRow{
		AccountID: r.AccountID, Type: r.Type, Region: r.Region, ID: r.ID, Version: r.Version, Hash: r.Hash,
		Tombstone: r.Tombstone, Properties: r.Properties, Unknown: r.Unknown, At: r.At,
	})
}

func encodeContent(r *schemas.Resource) (properties, unknown string, err error) {
	p, err := json.Marshal(r.Properties)
	if err != nil {
		return "", "", schemas.Errorf(schemas.CodeInvalid, "encode %s: %w", r.Key, err)
	}
	if len(r.Unknown) == 0 {
		return string(p), "", nil
	}
	u, err := json.Marshal(r.Unknown)
	if err != nil {
		return "", "", schemas.Errorf(schemas.CodeInvalid, "encode %s: %w", r.Key, err)
	}
	return string(p), string(u), nil
}

// unchanged notes that a resource is still as stored; false when it is not.
func (f *fold) unchanged(b *schemas.SnapshotBatch, u schemas.Sighting) bool {
	k := resourceKey{b.AccountID, u.Key}
	here := position{b.Seq, uint32(b.Number)}
	if f.fenced(b.AccountID, b.ScopeOf(u.Key), b.Seq) || here.before(f.position(k)) {
		return true
	}
	r := f.resources[k]
	if r == nil || r.Tombstone || r.Hash != u.Hash {
		return false
	}
	f.seen[k] = &seenRow{
		AccountID: string(b.AccountID), Type: u.Type, Region: u.Region, ID: u.ID,
		Seq: b.Seq, Number: uint32(b.Number), At: stored(b.At),
	}
	f.out.seen[k] = true
	return true
}

func (f *fold) gone(b *schemas.SnapshotBatch, k schemas.Key) {
	scope := b.ScopeOf(k)
	if f.fenced(b.AccountID, scope, b.Seq) {
		return
	}
	f.out.gone = append(f.out.gone, goneRow{
		AccountID: string(b.AccountID), Seq: b.Seq, Type: k.Type, ScopeRegion: scope.Region, Route: scope.Route,
		Region: k.Region, ID: k.ID, At: stored(b.At),
	})
}

// unitEnd keeps how an attempt ended, whole and per scope.
func (f *fold) unitEnd(e *schemas.UnitEnd) error {
	doc, err := json.Marshal(e)
	if err != nil {
		return schemas.Errorf(schemas.CodeInvalid, "encode unit end: %w", err)
	}
	at := stored(e.StartedAt)
	f.out.unitEnds = append(f.out.unitEnds, unitEndRow{
		AccountID: string(e.AccountID), Scan: e.Scan, UnitRegion: e.Unit.Region, Service: e.Unit.Service,
		Seq: e.Seq, Document: string(doc), At: at,
	})
	for _, s := range e.Scopes {
		f.out.scopeEnds = append(f.out.scopeEnds, scopeEndRow{
			AccountID: string(e.AccountID), Type: s.Type, ScopeRegion: s.Region, Route: s.Route, Seq: e.Seq, Scan: e.Scan,
			State: string(s.State), Call: s.Call, Reason: s.Reason, Seen: s.Seen, At: at,
		})
	}
	return nil
}
