package scanner

import (
	"fmt"
	"slices"
	"time"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// How often a unit is read again before its scopes are given up as failed.
const (
	maxRereads     = 3 // after a mismatch or a loss
	maxDeadRereads = 2 // after a dead letter: the message itself is the problem
)

// passingDelays are how long after its end a unit is read again that has met with trouble
// which time may mend, the first time and later. After that what it could not read stays
// unknown until the next scan.
var passingDelays = []time.Duration{5 * time.Second, 30 * time.Second, 90 * time.Second}

type action int

const (
	actWait action = iota
	actDone
	actReread
	actFail
)

// unitView is everything that is known of a unit of a running scan. drained says that all
// that was published while it was not queued has been stored. The queue must have been asked
// before the mark was set (see mark), and the status after it was passed: only then does "not
// queued, drained, not stored" prove a loss.
type unitView struct {
	status  schemas.UnitStatus
	reread  schemas.Reread
	queued  bool
	drained bool
	dead    *schemas.DeadLetter
	waited  time.Duration // since the newest attempt was seen to be stored whole
}

// current tells whether the newest stored attempt counts.
func (v unitView) current() bool {
	return v.status.End != nil && v.status.End.Seq > v.reread.After
}

// whole tells whether the newest attempt counts and all of it is stored.
func (v unitView) whole() bool { return v.current() && v.status.Done() && !v.status.Mismatch }

// newest is the seq up to which attempts are void once this one is.
func (v unitView) newest() uint64 {
	if v.status.End == nil {
		return v.reread.After
	}
	return max(v.reread.After, v.status.End.Seq)
}

// decision is what to do with a unit; after and reason serve a reread or failure.
type decision struct {
	action action
	after  uint64
	reason string
	// passing marks a reread for trouble that time may mend: such rereads and those for
	// losses are counted by themselves.
	passing bool
}

// decide is a pure function of what is known.
func decide(v unitView) decision {
	if v.whole() {
		switch {
		case !v.status.End.Passing || v.status.End.Direct != nil || v.reread.Passing >= len(passingDelays):
			return decision{action: actDone}
		case v.waited < passingDelays[v.reread.Passing]:
			return decision{}
		}
		return decision{action: actReread, after: v.newest(), reason: "a call failed that may succeed now", passing: true}
	}
	if d := v.dead; d != nil {
		switch {
		case d.Kind == schemas.KindUnit:
			// The request was given up after many deliveries: asking again would
			// only repeat them.
			if !v.queued && !v.current() {
				return decision{action: actFail, reason: d.Reason}
			}
		case d.Seq > v.reread.After && d.Seq >= v.newest():
			return again(v, d.Seq, maxDeadRereads, d.Reason)
		}
	}
	if v.current() && v.status.Mismatch {
		return again(v, v.newest(), maxRereads, "the store changed while the unit was read")
	}
	if !v.queued && v.drained {
		return again(v, v.newest(), maxRereads, "messages of the unit were lost")
	}
	return decision{}
}

func again(v unitView, after uint64, limit int, reason string) decision {
	if v.reread.Count-v.reread.Passing < limit {
		return decision{action: actReread, after: after, reason: reason}
	}
	return decision{action: actFail, reason: fmt.Sprintf("given up after %d attempts: %s", v.reread.Count+1, reason)}
}

// failedScopes is what the end of a unit says that was given up: what its last
// attempt listed, or, when no attempt ever ended, one stand-in for the unit.
func failedScopes(u schemas.UnitKey, last *schemas.UnitEnd, reason string) []schemas.ScopeEnd {
	var out []schemas.ScopeEnd
	if last != nil {
		for _, s := range last.Scopes {
			out = append(out, schemas.ScopeEnd{Scope: s.Scope, State: schemas.ScopeFailed, Reason: reason})
		}
	}
	if len(out) == 0 {
		out = append(out, schemas.ScopeEnd{Scope: u.StandIn(), State: schemas.ScopeFailed, Reason: reason})
	}
	return out
}

// standInsFor are those of the scopes that stood in for units that have ended: what
// these cover is known now.
func standInsFor(scopes []schemas.Scope, ends []*schemas.UnitEnd) []schemas.Scope {
	return slices.DeleteFunc(scopes, func(s schemas.Scope) bool {
		return !slices.ContainsFunc(ends, func(e *schemas.UnitEnd) bool { return s == e.Unit.StandIn() })
	})
}

// tally sums what people watch and what decides the end state.
type tally struct {
	progress         schemas.Progress
	reading          []schemas.UnitKey
	read             []schemas.ResourceRead
	problems         []string // of resources that were read directly
	complete, scopes int
	gap              *schemas.ScopeEnd // the first one
	// troubled are the units all of whose resources are known, but not all that there is to
	// say of them: calls went on failing.
	troubled []schemas.UnitKey
	recorded []schemas.ScopesRecorded
}

func (t *tally) add(e *schemas.UnitEnd) {
	t.progress.UnitsEnded++
	t.progress.Calls += e.Calls
	t.progress.Throttles += e.Throttles
	gaps := t.progress.Gaps
	for _, s := range e.Scopes {
		if s.State == schemas.ScopeUnsupported {
			continue
		}
		t.recorded = schemas.AddRecorded(t.recorded, s)
		t.scopes++
		t.progress.Resources += s.Seen
		if s.State == schemas.ScopeComplete {
			t.complete++
		} else {
			t.progress.Gaps++
			if t.gap == nil {
				t.gap = &s
			}
		}
	}
	if e.Passing && e.Direct == nil && t.progress.Gaps == gaps {
		t.troubled = append(t.troubled, e.Unit)
	}
}

// reason says in one line what is missing, empty when nothing is.
func (t *tally) reason() string {
	if t.gap == nil && len(t.troubled) > 0 {
		u := t.troubled[0]
		return fmt.Sprintf("calls went on failing in %d of %d units, for example %s in %s: some properties are unknown until the next scan",
			len(t.troubled), t.progress.UnitsEnded, u.Service, u.Region)
	}
	if t.gap == nil {
		return problemsText(t.problems)
	}
	why := string(t.gap.State)
	for _, part := range []string{t.gap.Call, t.gap.Reason} {
		if part != "" {
			why += " " + part
		}
	}
	return fmt.Sprintf("%d of %d scopes could not be read completely, for example %s in %s: %s",
		t.progress.Gaps, t.scopes, t.gap.Type, t.gap.Region, why)
}

// endState of a scan whose units have all ended.
func (t *tally) endState() schemas.ScanState {
	switch {
	case len(t.problems) > 0 && t.progress.Resources > 0:
		return schemas.ScanPartial
	case len(t.problems) > 0:
		return schemas.ScanFailed
	case t.complete == t.scopes && len(t.troubled) > 0:
		return schemas.ScanPartial
	case t.complete == t.scopes:
		return schemas.ScanSucceeded
	case t.complete == 0:
		return schemas.ScanFailed
	default:
		return schemas.ScanPartial
	}
}

// outOfScope are the stored scopes that no unit of the plan covers any more. A
// region in which a unit could not say what it covers keeps all its scopes:
// not looked at is not gone.
func outOfScope(open []schemas.Scope, ends []*schemas.UnitEnd) []schemas.Scope {
	covered := map[schemas.Scope]bool{}
	unsure := map[string]bool{}
	for _, e := range ends {
		for _, s := range e.Scopes {
			covered[s.Scope] = true
			if s.Scope == e.Unit.StandIn() {
				unsure[e.Unit.Region] = true
			}
		}
		if len(e.Scopes) == 0 {
			unsure[e.Unit.Region] = true
		}
	}
	var out []schemas.Scope
	for _, s := range open {
		if !covered[s] && !unsure[s.Region] {
			out = append(out, s)
		}
	}
	return out
}
