package scanner

import (
	"testing"

	"github.com/insights-scanner/insights-scanner/schemas"
)

func TestDecide(t *testing.T) {
	t.Parallel()
	end := func(seq uint64) *schemas.UnitEnd { return &schemas.UnitEnd{Seq: seq, Batches: 2} }
	stored := func(seq uint64, snapshots, verdicts int) schemas.UnitStatus {
		return schemas.UnitStatus{End: end(seq), Snapshots: snapshots, VerdictBatches: verdicts}
	}
	passing := stored(5, 2, 2)
	passing.End = &schemas.UnitEnd{Seq: 5, Batches: 2, Passing: true}
	direct := passing
	direct.End = &schemas.UnitEnd{Seq: 5, Batches: 2, Passing: true, Direct: &schemas.DirectEnd{}}
	mismatch := stored(5, 2, 2)
	mismatch.Mismatch = true
	dead := func(kind string, seq uint64) *schemas.DeadLetter {
		return &schemas.DeadLetter{Kind: kind, Seq: seq, Reason: "poison"}
	}
	re := func(count int, after uint64) schemas.Reread { return schemas.Reread{Count: count, After: after} }
	reP := func(passing int, after uint64) schemas.Reread {
		return schemas.Reread{Count: passing, Passing: passing, After: after}
	}
	for name, c := range map[string]struct {
		view  unitView
		want  action
		after uint64
	}{
		"stored whole":                         {unitView{status: stored(5, 2, 2)}, actDone, 0},
		"a batch on its way":                   {unitView{status: stored(5, 1, 2)}, actWait, 0},
		"a verdict on its way":                 {unitView{status: stored(5, 2, 1)}, actWait, 0},
		"being read":                           {unitView{queued: true, drained: true}, actWait, 0},
		"end on its way":                       {unitView{}, actWait, 0},
		"never read, queue lost":               {unitView{drained: true}, actReread, 0},
		"a batch was lost":                     {unitView{status: stored(5, 1, 2), drained: true}, actReread, 5},
		"a lost batch, but read again already": {unitView{status: stored(5, 1, 2), drained: true, queued: true, reread: re(1, 5)}, actWait, 0},
		"a void attempt is not done":           {unitView{status: stored(5, 2, 2), queued: true, reread: re(1, 5)}, actWait, 0},
		"the attempt after a void one is done": {unitView{status: stored(6, 2, 2), reread: re(1, 5)}, actDone, 0},
		"trouble that may pass, just now":      {unitView{status: passing, waited: passingDelays[0] - 1}, actWait, 0},
		"trouble that may pass, a while ago":   {unitView{status: passing, waited: passingDelays[0]}, actReread, 5},
		"the second time it is given longer":   {unitView{status: passing, waited: passingDelays[0], reread: reP(1, 4)}, actWait, 0},
		"trouble that did not pass":            {unitView{status: passing, reread: reP(len(passingDelays), 4)}, actDone, 0},
		"a loss after trouble that passed":     {unitView{drained: true, reread: reP(len(passingDelays), 4)}, actReread, 4},
		"trouble that may pass after losses":   {unitView{status: passing, waited: passingDelays[0], reread: re(maxRereads, 4)}, actReread, 5},
		"trouble of a void attempt":            {unitView{status: passing, queued: true, waited: passingDelays[2], reread: re(1, 5)}, actWait, 0},
		"somebody waits":                       {unitView{status: direct}, actDone, 0},
		"mismatch":                             {unitView{status: mismatch}, actReread, 5},
		"mismatch to the end":                  {unitView{status: mismatch, reread: re(3, 4)}, actFail, 0},
		"lost to the end":                      {unitView{drained: true, reread: re(3, 4)}, actFail, 0},
		"dead batch":                           {unitView{dead: dead(schemas.KindBatch, 5), queued: true}, actReread, 5},
		"dead batch of a stored end":           {unitView{status: stored(5, 1, 1), dead: dead(schemas.KindBatch, 5)}, actReread, 5},
		"dead verdicts, twice read again":      {unitView{status: stored(7, 2, 1), reread: re(2, 6), dead: dead(schemas.KindVerdicts, 7)}, actFail, 0},
		"dead letter of a void attempt":        {unitView{queued: true, reread: re(1, 5), dead: dead(schemas.KindBatch, 5)}, actWait, 0},
		"dead letter of an older attempt":      {unitView{status: stored(7, 1, 1), dead: dead(schemas.KindBatch, 5)}, actWait, 0},
		"done in spite of an old dead letter":  {unitView{status: stored(7, 2, 2), dead: dead(schemas.KindBatch, 5)}, actDone, 0},
		"dead request":                         {unitView{dead: dead(schemas.KindUnit, 0)}, actFail, 0},
		"dead request, but in the queue":       {unitView{dead: dead(schemas.KindUnit, 0), queued: true}, actWait, 0},
		"dead request, ended all the same":     {unitView{dead: dead(schemas.KindUnit, 0), status: stored(5, 1, 2)}, actWait, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := decide(c.view)
			if got.action != c.want || got.after != c.after {
				t.Errorf("got action %d after %d (%s), want %d after %d", got.action, got.after, got.reason, c.want, c.after)
			}
			if got.action == actFail && got.reason == "" {
				t.Error("a failure without a reason")
			}
		})
	}
}

func TestOutOfScope(t *testing.T) {
	t.Parallel()
	scope := func(region, typ string) schemas.Scope {
		return schemas.Scope{Region: region, Type: typ, Route: schemas.RouteNative}
	}
	end := func(region, service string, types ...string) *schemas.UnitEnd {
		e := &schemas.UnitEnd{Unit: schemas.UnitKey{Region: region, Service: service}}
		for _, t := range types {
			e.Scopes = append(e.Scopes, schemas.ScopeEnd{Scope: scope(region, t), State: schemas.ScopeDenied})
		}
		return e
	}
	open := []schemas.Scope{scope("a", "kept"), scope("a", "left"), scope("b", "any"), scope("c", "any"), scope("d", "any")}
	ends := []*schemas.UnitEnd{
		end("a", "x", "kept", "new"),
		end("c", "x", schemas.UnitKey{Region: "c", Service: "x"}.StandIn().Type), // given up: what it covers is not known
		end("d", "x"), // said nothing at all
	}
	got := outOfScope(open, ends)
	if len(got) != 2 || got[0] != scope("a", "left") || got[1] != scope("b", "any") {
		t.Errorf("got %v", got)
	}
}

func TestEndStates(t *testing.T) {
	t.Parallel()
	for want, states := range map[schemas.ScanState][]schemas.ScopeState{
		schemas.ScanSucceeded: {schemas.ScopeComplete, schemas.ScopeComplete},
		schemas.ScanPartial:   {schemas.ScopeComplete, schemas.ScopeDenied},
		schemas.ScanFailed:    {schemas.ScopeFailed, schemas.ScopeCancelled},
	} {
		var tl tally
		e := &schemas.UnitEnd{}
		for _, s := range states {
			e.Scopes = append(e.Scopes, schemas.ScopeEnd{State: s})
		}
		tl.add(e)
		if got := tl.endState(); got != want {
			t.Errorf("%v: got %s, want %s", states, got, want)
		}
	}
}

// A scan whose calls went on failing has not succeeded, also when every resource was seen.
func TestTroubleThatStaysIsTold(t *testing.T) {
	t.Parallel()
	var tl tally
	whole := []schemas.ScopeEnd{{State: schemas.ScopeComplete, Seen: 3}}
	tl.add(&schemas.UnitEnd{Unit: schemas.UnitKey{Region: "us-east-1", Service: "ec2"}, Scopes: whole})
	tl.add(&schemas.UnitEnd{Unit: schemas.UnitKey{Region: "global", Service: "s3"}, Scopes: whole, Passing: true})
	want := "calls went on failing in 1 of 2 units, for example s3 in global: some properties are unknown until the next scan"
	if tl.endState() != schemas.ScanPartial || tl.reason() != want {
		t.Errorf("%s: %q", tl.endState(), tl.reason())
	}
}

// What was asked for by itself and is not there is told, each thing once.
func TestWhatIsNotThereIsTold(t *testing.T) {
	t.Parallel()
	u := schemas.UnitKey{Region: "global", Service: "s3"}
	key := func(token, id string) schemas.Key { return schemas.Key{Region: "eu-west-1", Type: token, ID: id} }
	asked := []schemas.Key{key("B", "a"), key("P", "a"), key("B", "b"), key("P", "b"), key("B", "c"), key("P", "c"), key("B", "d"), key("P", "d")}
	read := []schemas.ResourceRead{
		{Key: key("B", "a"), State: schemas.ResourceUnchanged},
		{Key: key("B", "b"), State: schemas.ResourceChanged},
		{Key: key("P", "b"), State: schemas.ResourceGone},
		{Key: key("B", "c"), State: schemas.ResourceGone},
		{Key: key("P", "c"), State: schemas.ResourceGone},
	}
	var all tally
	all.addDirect(u, &schemas.DirectEnd{Read: read}, asked)
	want := "b has no P any more; the next scan of s3 removes what is known of it; " +
		"c does not exist any more; the next scan of s3 removes it; d does not exist (s3 in eu-west-1)"
	if all.reason() != want || all.endState() != schemas.ScanPartial || all.progress.Resources != 2 || all.progress.Gaps != 0 {
		t.Errorf("%s: %q, %+v", all.endState(), all.reason(), all.progress)
	}
	// What could not be read may be there.
	var some tally
	some.addDirect(u, &schemas.DirectEnd{Read: read[:1], Failure: "denied"}, asked)
	if some.reason() != "denied" || some.endState() != schemas.ScanPartial || some.progress.Gaps != 1 {
		t.Errorf("%s: %q, %+v", some.endState(), some.reason(), some.progress)
	}
	if got := problemsText([]string{"1", "2", "3", "4", "5"}); got != "1; 2; 3; and 2 more" {
		t.Errorf("got %q", got)
	}
}
