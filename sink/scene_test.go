package sink

import (
	"testing"
	"time"

	"github.com/insights-scanner/insights-scanner/schemas"
)

const (
	bucketType = "aws:s3/bucket:Bucket"
	volumeType = "aws:ebs/volume:Volume"
)

// scene is one account of which a test tells step by step, where a generated
// history would hide what the test is about. Every step is one attempt.
type scene struct {
	t        *testing.T
	s        *Store
	id       schemas.AccountID
	name     string
	scan     string
	seq      uint64
	revision uint64
	start    time.Time
	packs    []schemas.JudgedPack
	content  map[schemas.Key]string
	says     func(k schemas.Key, pack, policy string) schemas.PolicyResult
	absent   func(k schemas.Key, p schemas.JudgedPack) bool // may be nil
}

func newScene(t *testing.T) *scene {
	t.Helper()
	s := newStore(t, "")
	stopMerges(t, s)
	return sceneIn(t, s, "aws-123456789012", "prod")
}

func sceneIn(t *testing.T, s *Store, id schemas.AccountID, name string) *scene {
	return &scene{
		t: t, s: s, id: id, name: name, scan: schemas.ScanID(id, 1), revision: 1,
		start:   time.Now().UTC().Add(-48 * time.Hour).Truncate(time.Second),
		content: map[schemas.Key]string{},
		says: func(schemas.Key, string, string) schemas.PolicyResult {
			return schemas.PolicyResult{Outcome: schemas.Passed}
		},
	}
}

func sceneKey(token, id string) schemas.Key {
	return schemas.Key{Region: "eu-west-1", Type: token, ID: id}
}

func contentOf(k schemas.Key) string { return "content of " + k.ID }

// at is when an attempt began.
func (sc *scene) at(seq uint64) time.Time { return sc.start.Add(time.Duration(seq) * time.Minute) }

func (sc *scene) write(ms ...schemas.Message) {
	sc.t.Helper()
	if err := sc.s.Write(sc.t.Context(), ms); err != nil {
		sc.t.Fatal(err)
	}
}

// batch is an empty one of the present attempt.
func (sc *scene) batch() *schemas.SnapshotBatch {
	return &schemas.SnapshotBatch{
		Scan: sc.scan, AccountID: sc.id, Account: sc.name, Unit: schemas.UnitKey{Region: "global", Service: "s3"},
		Seq: sc.seq, Number: 1, Route: schemas.RouteNative, At: sc.at(sc.seq),
	}
}

func (sc *scene) resource(k schemas.Key) schemas.Resource {
	hash := contentOf(k)
	if c, ok := sc.content[k]; ok {
		hash = c
	}
	return schemas.Resource{Key: k, Name: "name of " + k.ID, Properties: map[string]any{"is": hash}, Hash: hash, Version: sc.seq, Projection: 1}
}

// see is an attempt that publishes resources whole and then dies: no verdict
// and no end is stored.
func (sc *scene) see(keys ...schemas.Key) *schemas.SnapshotBatch {
	sc.t.Helper()
	sc.seq++
	b := sc.batch()
	for _, k := range keys {
		b.Resources = append(b.Resources, sc.resource(k))
	}
	sc.write(schemas.Message{Snapshot: b})
	return b
}

// judge is an attempt whose verdicts are stored too.
func (sc *scene) judge(keys ...schemas.Key) {
	sc.t.Helper()
	b := sc.see(keys...)
	sc.write(schemas.Message{Verdicts: sc.answer(b)})
}

// rejudge answers whatever the store gives out as not judged, and tells how much.
func (sc *scene) rejudge() int {
	sc.t.Helper()
	sc.seq++
	b := sc.batch()
	b.Scan, b.Rejudge, b.Unit = "", true, schemas.UnitKey{Region: "-", Service: "rejudge"}
	err := sc.s.Unjudged(sc.t.Context(), sc.id, sc.revision, 0, 1000, func(rs []schemas.Resource) error {
		b.Resources = append(b.Resources, rs...)
		return nil
	})
	if err != nil {
		sc.t.Fatal(err)
	}
	sc.write(schemas.Message{Verdicts: sc.answer(b)})
	return len(b.Resources)
}

func (sc *scene) answer(b *schemas.SnapshotBatch) *schemas.VerdictBatch {
	out := &schemas.VerdictBatch{
		Scan: b.Scan, AccountID: b.AccountID, Account: b.Account, Unit: b.Unit, Seq: b.Seq, Number: b.Number, Route: b.Route,
		At: b.At, Rejudge: b.Rejudge, Revision: sc.revision, Packs: sc.packs,
	}
	for _, r := range b.Resources {
		v := schemas.Verdict{Key: r.Key, Name: r.Name, Version: r.Version, Hash: r.Hash, Projection: r.Projection}
		for _, p := range sc.packs {
			if sc.absent != nil && sc.absent(r.Key, p) {
				v.Packs = append(v.Packs, schemas.PackVerdict{Absent: true})
				continue
			}
			var results []schemas.PolicyResult
			for _, policy := range p.Policies {
				said := sc.says(r.Key, p.Pack, policy)
				said.Policy = policy
				results = append(results, said)
			}
			v.Packs = append(v.Packs, schemas.NewPackVerdict(p, results))
		}
		out.Verdicts = append(out.Verdicts, v)
	}
	return out
}

// end is an attempt that ends with these scopes and saw nothing.
func (sc *scene) end(scopes ...schemas.ScopeEnd) {
	sc.t.Helper()
	sc.seq++
	b := sc.batch()
	sc.write(schemas.Message{End: &schemas.UnitEnd{
		Scan: sc.scan, AccountID: sc.id, Account: sc.name, Unit: b.Unit, Seq: sc.seq, Scopes: scopes, StartedAt: b.At,
	}})
}

// close is an attempt that closes a scope; what it found gone is a tombstone then.
func (sc *scene) close(scope schemas.Scope, cause schemas.FixCause, gone ...schemas.Key) {
	sc.t.Helper()
	sc.seq++
	b := sc.batch()
	for _, k := range gone {
		b.Gone = append(b.Gone, schemas.Sighting{Key: k})
	}
	sc.write(schemas.Message{Snapshot: b}, schemas.Message{Close: &schemas.Close{
		Scan: sc.scan, AccountID: sc.id, Account: sc.name, Scope: scope, Seq: sc.seq, Cause: cause, At: b.At,
	}})
}

func bucketScope() schemas.Scope {
	return schemas.Scope{Region: "global", Type: bucketType, Route: schemas.RouteNative}
}

func failed(severity schemas.Severity, messages ...string) schemas.PolicyResult {
	return schemas.PolicyResult{Outcome: schemas.Failed, Level: schemas.Mandatory, Severity: severity, Messages: messages}
}
