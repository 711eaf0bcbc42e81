package schemas

import "time"

// MaxBatchBytes bounds the encoded size of a batch message.
const MaxBatchBytes = 512 << 10

// Sighting is a resource that was looked at without being sent whole.
type Sighting struct {
	Key
	Hash string `json:"hash,omitempty"`
}

// SnapshotBatch is one numbered message of a unit attempt.
type SnapshotBatch struct {
	Scan      string    `json:"scan"` // empty when re-judging
	AccountID AccountID `json:"accountId"`
	Account   string    `json:"account"` // name, for URNs
	Unit      UnitKey   `json:"unit"`
	Seq       uint64    `json:"seq"`
	Number    int       `json:"number"` // 1, 2, … within the attempt
	Route     string    `json:"route"`
	// At is the attempt's start in UTC, the same in all its batches: every time
	// that is stored comes from here, never from a clock at the sink.
	At time.Time `json:"at"`

	Resources []Resource `json:"resources,omitempty"` // new, changed, or re-judged: whole
	Unchanged []Sighting `json:"unchanged,omitempty"` // the store's hash is still right
	Gone      []Sighting `json:"gone,omitempty"`      // known, not listed, and a direct read said not found

	// Rejudge marks a batch made from stored resources. It goes to evaluators
	// only; Seq then is the attempt number of the judgement.
	Rejudge bool `json:"rejudge,omitempty"`
}

// ScopeOf is the scope that owns a resource of this batch.
func (b *SnapshotBatch) ScopeOf(k Key) Scope {
	return Scope{Region: b.Unit.Region, Type: k.Type, Route: b.Route}
}

// VerdictBatch answers exactly one SnapshotBatch, also an empty one.
type VerdictBatch struct {
	Scan      string    `json:"scan"`
	AccountID AccountID `json:"accountId"`
	Account   string    `json:"account"`
	Unit      UnitKey   `json:"unit"`
	Seq       uint64    `json:"seq"`
	Number    int       `json:"number"`
	Route     string    `json:"route"`
	At        time.Time `json:"at"`
	Rejudge   bool      `json:"rejudge,omitempty"`
	// Revision of effective.<account> the verdicts were made with.
	Revision uint64       `json:"revision"`
	Packs    []JudgedPack `json:"packs,omitempty"` // sorted by pack
	Verdicts []Verdict    `json:"verdicts,omitempty"`
}

// ScopeOf is the scope that owns a resource judged in this batch. A
// re-judgement belongs to no unit, and so to no scope.
func (b *VerdictBatch) ScopeOf(k Key) Scope {
	return Scope{Region: b.Unit.Region, Type: k.Type, Route: b.Route}
}

// Message is one message for the sink; exactly one field is set.
type Message struct {
	Snapshot *SnapshotBatch
	End      *UnitEnd
	Verdicts *VerdictBatch
	Close    *Close
}

// Account is whose message it is.
func (m Message) Account() AccountID {
	switch {
	case m.Snapshot != nil:
		return m.Snapshot.AccountID
	case m.End != nil:
		return m.End.AccountID
	case m.Verdicts != nil:
		return m.Verdicts.AccountID
	}
	return m.Close.AccountID
}
