package sink

import (
	"time"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// resourceKey is a resource of any account.
type resourceKey struct {
	account schemas.AccountID
	schemas.Key
}

type scopeKey struct {
	account schemas.AccountID
	schemas.Scope
}

// policyKey is a policy within a resource.
type policyKey struct{ pack, policy string }

// packKey is a pack on a resource.
type packKey struct {
	resourceKey
	pack string
}

// fold is what is known of the resources that some messages touch, and the rows
// that applying the messages to it makes.
type fold struct {
	fences     map[scopeKey]uint64 // seq of the newest close
	resources  map[resourceKey]*resourceRow
	seen       map[resourceKey]*seenRow
	judged     map[resourceKey]*judgedRow
	packs      map[resourceKey]map[string]bool // packs with a verdict
	violations map[resourceKey]map[policyKey]*violationRow
	out        rows
	ending     bool       // it ends resources: closes do
	begun      []flushRow // what the journal has of it
}

// rows are the changed rows, by table. What a message changes again replaces
// its row here, so that only the last state is written.
type rows struct {
	moves      []move // of violations, in their order, for the journal
	events     []eventRow
	changes    []schemas.ViolationChange // the same, with the violation as it then was
	open       []openRow                 // the same, for the table of the open ones
	violations map[*violationRow]bool
	verdicts   map[packKey]verdictRow
	judged     map[resourceKey]bool
	versions   []versionRow
	resources  map[resourceKey]bool
	seen       map[resourceKey]bool
	gone       []goneRow
	unitEnds   []unitEndRow
	scopeEnds  []scopeEndRow
	batches    []batchRow
}

func newFold() *fold {
	return &fold{
		fences: map[scopeKey]uint64{}, resources: map[resourceKey]*resourceRow{}, seen: map[resourceKey]*seenRow{},
		judged: map[resourceKey]*judgedRow{}, packs: map[resourceKey]map[string]bool{},
		violations: map[resourceKey]map[policyKey]*violationRow{},
		out: rows{
			violations: map[*violationRow]bool{}, verdicts: map[packKey]verdictRow{}, judged: map[resourceKey]bool{},
			resources: map[resourceKey]bool{}, seen: map[resourceKey]bool{},
		},
	}
}

// never stands for "no time" in a DateTime64 column.
var never = time.Unix(0, 0).UTC()

// stored is a message's time as the tables keep it: microseconds, UTC.
func stored(t time.Time) time.Time {
	if t.IsZero() {
		return never
	}
	return t.UTC().Truncate(time.Microsecond)
}

// read is the inverse of stored.
func read(t time.Time) time.Time {
	if t.Unix() == 0 {
		return time.Time{}
	}
	return t.UTC()
}

// position is where a row stands among the batches: by seq, then number.
type position struct {
	seq    uint64
	number uint32
}

func (p position) before(q position) bool {
	return p.seq < q.seq || p.seq == q.seq && p.number < q.number
}

// position of what is stored of a resource, also when it was only seen.
func (f *fold) position(k resourceKey) (p position) {
	if r := f.resources[k]; r != nil {
		p = position{r.Seq, r.Number}
	}
	if s := f.seen[k]; s != nil {
		if q := (position{s.Seq, s.Number}); p.before(q) {
			p = q
		}
	}
	return p
}

// apply folds one message. Closes are not folded here; see Store.close.
func (f *fold) apply(m schemas.Message) error {
	switch {
	case m.Snapshot != nil:
		return f.snapshot(m.Snapshot)
	case m.Verdicts != nil:
		return f.verdictBatch(m.Verdicts)
	case m.End != nil:
		return f.unitEnd(m.End)
	}
	return nil
}
