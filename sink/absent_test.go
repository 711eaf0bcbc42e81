package sink

import (
	"testing"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// A pack that leaves a resource to nobody is withdrawn from it, as if the batch did
// not name the pack; one that leaves it to another version of itself is not. Other
// resources of the batch notice nothing.
func TestAPackThatDoesNotJudgeAResource(t *testing.T) {
	t.Parallel()
	sc := newScene(t)
	one := schemas.JudgedPack{Pack: "p", Version: "1.0", Policies: []string{"no", "old"}}
	two := schemas.JudgedPack{Pack: "p", Version: "2.0", Policies: []string{"no"}}
	sc.packs = []schemas.JudgedPack{one}
	sc.says = func(schemas.Key, string, string) schemas.PolicyResult { return failed(schemas.SeverityHigh, "bad") }
	here, there := sceneKey(bucketType, "here"), sceneKey(bucketType, "there")
	there.Region = "us-east-1"
	sc.judge(here, there)

	want := func(what string, want map[schemas.Key]string) {
		t.Helper()
		got := map[schemas.Key]string{}
		page, err := sc.s.Violations(t.Context(), schemas.ViolationQuery{State: []schemas.ViolationState{schemas.ViolationOpen, schemas.ViolationFixed}, Sort: "policy"}, schemas.Record{})
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range page.Violations {
			got[v.Key] += v.Policy + " " + v.PackVersion + " " + string(v.State) + " " + string(v.FixCause) + ";"
		}
		for k, w := range want {
			if got[k] != w {
				t.Errorf("%s: of %s %q, want %q", what, k.ID, got[k], w)
			}
		}
	}
	want("judged alike", map[schemas.Key]string{here: "no 1.0 open ;old 1.0 open ;", there: "no 1.0 open ;old 1.0 open ;"})

	sc.revision, sc.packs = 2, []schemas.JudgedPack{one, two}
	sc.absent = func(k schemas.Key, p schemas.JudgedPack) bool { return (k == there) != (p.Version == "2.0") }
	if n := sc.rejudge(); n != 2 {
		t.Fatalf("%d resources judged anew", n)
	}
	want("two versions", map[schemas.Key]string{here: "no 1.0 open ;old 1.0 open ;", there: "no 2.0 open ;old 1.0 fixed policy_changed;"})
	if r := reportOf(t, sc.s, schemas.ReportQuery{}); len(r.Packs) != 1 || r.Packs[0].Version != "1.0, 2.0" || r.Counts.Failed != 3 {
		t.Errorf("report: %+v", r)
	}

	sc.revision, sc.packs = 3, []schemas.JudgedPack{one}
	sc.absent = func(k schemas.Key, _ schemas.JudgedPack) bool { return k == there }
	sc.rejudge()
	want("left alone", map[schemas.Key]string{here: "no 1.0 open ;old 1.0 open ;", there: "no 2.0 fixed pack_withdrawn;old 1.0 fixed policy_changed;"})
	if r := reportOf(t, sc.s, schemas.ReportQuery{}); r.Packs[0].Version != "1.0" || r.Counts != (schemas.Counts{Failed: 2}) {
		t.Errorf("report: %+v", r)
	}
	if n := sc.rejudge(); n != 0 {
		t.Errorf("%d resources are not judged", n)
	}
}

// Two that would judge one resource are a mistake of who wrote the packs: which of
// them counts is not for the sink to guess.
func TestAPackThatJudgesAResourceTwiceIsRefused(t *testing.T) {
	t.Parallel()
	sc := newScene(t)
	sc.packs = []schemas.JudgedPack{{Pack: "p", Version: "1.0", Policies: []string{"no"}}, {Pack: "p", Version: "2.0", Policies: []string{"no"}}}
	sc.seq++
	b := sc.batch()
	b.Resources = []schemas.Resource{sc.resource(sceneKey(bucketType, "b"))}
	err := sc.s.Write(t.Context(), []schemas.Message{{Verdicts: sc.answer(b)}})
	wantCode(t, err, schemas.CodeInvalid)
}
