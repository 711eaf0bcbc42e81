package sink

import (
	"testing"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// A verdict may be stored before its snapshot. When a later attempt, which does
// not see the resource, completes the scope first, the snapshot is refused: what
// the verdict said must end then, or it would stay for ever.
func TestAVerdictWithoutAResourceEndsWithItsScope(t *testing.T) {
	t.Parallel()
	sc := newScene(t)
	sc.packs = []schemas.JudgedPack{{Pack: "p", Version: "1.0", Policies: []string{"no"}}}
	sc.says = func(schemas.Key, string, string) schemas.PolicyResult { return failed(schemas.SeverityHigh, "bad") }
	k := sceneKey(bucketType, "b")
	sc.seq++
	snapshot := sc.batch()
	snapshot.Resources = []schemas.Resource{sc.resource(k)}
	verdict := schemas.Message{Verdicts: sc.answer(snapshot)}
	late := schemas.Message{Snapshot: snapshot}
	sc.write(verdict)
	now := func(state schemas.ViolationState, cause schemas.FixCause, reopened uint32) {
		t.Helper()
		page, err := sc.s.Violations(t.Context(), schemas.ViolationQuery{State: []schemas.ViolationState{schemas.ViolationOpen, schemas.ViolationFixed}}, schemas.Record{})
		if err != nil || len(page.Violations) != 1 {
			t.Fatalf("violations %+v, %v", page.Violations, err)
		}
		if v := page.Violations[0]; v.State != state || v.FixCause != cause || v.Reopened != reopened {
			t.Errorf("the violation is %s, cause %q, reopened %d times; want %s, %q, %d", v.State, v.FixCause, v.Reopened, state, cause, reopened)
		}
	}
	// Another scope, of the same type, has nothing to say of it.
	sc.close(schemas.Scope{Region: k.Region, Type: bucketType, Route: schemas.RouteNative}, schemas.FixResourceGone)
	now(schemas.ViolationOpen, "", 0)
	sc.close(bucketScope(), schemas.FixResourceGone)
	now(schemas.ViolationFixed, schemas.FixResourceGone, 0)
	before := dumpAll(t, sc.s)
	sc.write(late, verdict)
	after := dumpAll(t, sc.s)
	delete(before, "batches") // which say that the snapshot came, too late
	same(t, "the snapshot came too late", after, before)
	if err := sc.s.RecomputePosture(t.Context(), sc.id, sc.at(sc.seq)); err != nil {
		t.Fatal(err)
	}
	if r, err := sc.s.Report(t.Context(), schemas.ReportQuery{}, schemas.Record{}); err != nil || len(r.Accounts) > 0 {
		t.Errorf("of nothing the report tells %+v, %v", r.Accounts, err)
	}
	// The resource is made again: the finding is the same one.
	sc.judge(k)
	now(schemas.ViolationOpen, "", 1)
	if n := sc.rejudge(); n != 0 {
		t.Errorf("%d resources are not judged", n)
	}
	sc.close(bucketScope(), schemas.FixResourceGone, k)
	now(schemas.ViolationFixed, schemas.FixResourceGone, 1)
	// The close of an older attempt leaves a verdict alone whose snapshot may
	// still come.
	sc.seq += 2
	snapshot = sc.batch()
	snapshot.Resources = []schemas.Resource{sc.resource(k)}
	sc.write(schemas.Message{Verdicts: sc.answer(snapshot)}, schemas.Message{Close: &schemas.Close{
		Scan: sc.scan, AccountID: sc.id, Account: sc.name, Scope: bucketScope(), Seq: sc.seq - 1, Cause: schemas.FixResourceGone, At: sc.at(sc.seq - 1),
	}})
	now(schemas.ViolationOpen, "", 2)
	// A scope that leaves the plan tells so.
	sc.close(bucketScope(), schemas.FixOutOfScope)
	now(schemas.ViolationFixed, schemas.FixOutOfScope, 2)
}
